"""The public pages in each language, and the pages about the site itself."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from urllib.parse import urljoin, urlsplit
from zoneinfo import ZoneInfo

import pytest
from lxml import etree

from feedbot.model import Counter
from feedbot.web.site.languages import language
from feedbot.web.site.plan import SiteClock
from tests.public import PLAN, Visitor, show, text
from tests.test_public_pages import item
from tests.test_publish import SOURCE

ROOT = Path(__file__).resolve().parent.parent
COUNTER = Counter("since", "{days}", since=date(2018, 3, 4), timezone=ZoneInfo("UTC"))
PATHS = ("", "all", "all?year=2020", "entries/1", "counters", "search?q=told", "about", "privacy")
SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


@pytest.fixture
async def visitor(tmp_path: Path) -> AsyncIterator[Visitor]:
    clocks = (SiteClock("London", ZoneInfo("Europe/London")),)
    async with Visitor.of(tmp_path, replace(PLAN, counters=(COUNTER,), clocks=clocks)) as visitor:
        await show(visitor.store, SOURCE, item(2), item(1))
        yield visitor


def test_the_catalogues_are_whole_and_compiled() -> None:
    """Written by `.ci/catalogues`; run it after a text of the pages has changed."""
    done = subprocess.run([sys.executable, ROOT / ".ci/catalogues", "--check"], check=False)
    assert done.returncode == 0


@pytest.mark.parametrize("path", PATHS)
async def test_a_language_is_part_of_the_address(visitor: Visitor, path: str) -> None:
    asked = {"accept-language": "ru"}
    english = await visitor.client.get(f"/{path}", headers=asked)
    assert '<html lang="en">' in english.text  # what the reader's browser prefers is not asked
    assert not re.search("[а-яё]", english.text.replace("Русский", ""), re.IGNORECASE)
    visitor.base = "https://site.example"
    page = await visitor.read(f"/ru/{path}")
    assert page.get("lang") == "ru"
    here = f"{visitor.base}/ru/{path}"
    for link in page.xpath("//a/@href | //form/@action"):
        target = urljoin(here, link)
        inside = target.startswith(visitor.base)
        if inside and "/feeds/" not in target and not link.startswith("#"):
            other = page.xpath("//a[@href=$link]/@hreflang", link=link)
            assert urlsplit(target).path.startswith("/ru/") or other == ["en"], link
            answer = await visitor.client.get(target.removeprefix(visitor.base))
            assert answer.status_code == 200, target


async def test_pages_name_the_other_language(visitor: Visitor) -> None:
    for path in ("", "all", "entries/1"):
        named = []
        for prefix in ("", "ru/"):
            page = await visitor.read(f"/{prefix}{path}")
            links = page.cssselect("link[hreflang]")
            named.append({one.get("hreflang"): one.get("href") for one in links})
        assert (
            named[0]
            == named[1]
            == {
                "en": f"https://press.example.org/{path}",
                "ru": f"https://press.example.org/ru/{path}",
            }
        )


async def test_dates_and_plurals_are_the_languages(visitor: Visitor) -> None:
    page = await visitor.read("/ru/counters")
    assert text(page.cssselect(".today")[0]) == "среда, 27 мая 2020 г."
    (coming,) = page.xpath("//dt[.='Следующий рубеж']/following-sibling::dd[1]")
    assert text(coming) == "900 дней – 20 августа 2020 г., через 85 дней"
    assert language("ru").words.ngettext("%(n)s day", "%(n)s days", 22) == "%(n)s дня"
    found = await visitor.read("/ru/search?q=told")
    assert text(found.cssselect("[role=status]")[0]) == "Найдено 2 сообщения"


async def test_where_russian_is_configured_english_has_the_prefix(visitor: Visitor) -> None:
    visitor.plan = replace(visitor.plan, language="ru")
    assert (await visitor.read("/")).get("lang") == "ru"
    assert (await visitor.read("/en/all")).get("lang") == "en"
    await visitor.read("/ru/all", 404)


async def test_the_sitemap_lists_pages_and_entries(visitor: Visitor) -> None:
    async def read(path: str) -> list[str | None]:
        answer = await visitor.client.get(path)
        assert answer.headers["content-type"] == "application/xml; charset=utf-8"
        return [one.text for one in etree.fromstring(answer.content).iter(f"{SITEMAP}loc")]

    base = "https://press.example.org"
    parts = await read("/sitemap.xml")
    assert parts == [f"{base}/sitemaps/pages.xml", f"{base}/sitemaps/0.xml"]
    assert await read("/sitemaps/0.xml") == [f"{base}/entries/1", f"{base}/entries/2"]
    for page in await read("/sitemaps/pages.xml"):
        assert (await visitor.client.get(str(page))).status_code == 200


async def test_robots_are_told_where_the_sitemap_is(visitor: Visitor) -> None:
    visitor.base = "https://news.example/press"
    answer = await visitor.client.get("/robots.txt")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.text.splitlines() == [
        "User-agent: *",
        "Disallow: /press/search",
        "Disallow: /press/ru/search",
        "Sitemap: https://news.example/press/sitemap.xml",
    ]
    visitor.plan = replace(visitor.plan, public=False)
    assert "Disallow: /\n" in (await visitor.client.get("/robots.txt")).text


async def test_about_names_the_sources_and_their_feeds(visitor: Visitor) -> None:
    page = await visitor.read("/about")
    (source,) = page.cssselect(".sources li")
    assert [one.get("href") for one in source.cssselect("a")] == [
        "https://press.example.org/",
        "./feeds/embassy.atom",
        "./feeds/embassy.rss",
        "./feeds/embassy.json",
    ]
