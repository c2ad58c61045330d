"""The front page beside the seed: every element of that page is on ours.

The seed's page is served by the sample site, read by feedbot as the demo does, and shown; what must
be there is parsed from the seed's text by `tests.seed`.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from babel.dates import format_date
from lxml import html

from feedbot import config
from feedbot.app import App
from feedbot.clock import SimulatedClock
from feedbot.demo.show import _CONFIG
from feedbot.demo.site import LISTING, PressSite, SampleSite
from feedbot.publish.site import Pages
from tests import seed
from tests.public import text


def configuration(folder: Path, site_url: str) -> config.Settings:
    """The demo's, with nobody to post to."""
    listing = "\n".join(
        f"{name} = '{value}'"
        for name in LISTING.__dataclass_fields__
        if (value := getattr(LISTING, name)) is not None
    )
    whole = _CONFIG.format(
        listen="127.0.0.1:8080", token="1:x", api_url=site_url, channel="@press",
        site_url=site_url, listing=listing,
    )  # fmt: skip
    start, _, rest = whole.partition("[telegram]")
    path = folder / "config.toml"
    path.write_text(start + "[[sources]]" + rest.partition("[[sources]]")[2], encoding="utf-8")
    return config.load(path, {})


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The front page at the seed's moment."""
    return html.fromstring(asyncio.run(_shown(tmp_path_factory.mktemp("seed"))))


async def _shown(folder: Path) -> str:
    clock = SimulatedClock(seed.NOW)
    async with SampleSite(PressSite()) as site:
        settings = configuration(folder, site.url)
        async with App.open(settings, clock) as app:
            await app.once(timedelta(minutes=5))
            await app.reader.drain(seed.NOW + timedelta(hours=1), held=False)  # the whole texts
            clock.set(seed.NOW)
            pages = Pages(app.store, clock, lambda: settings, lambda: "")
            transport = httpx.ASGITransport(pages.serve)
            async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
                return (await client.get("/")).text


def test_the_date(page: Any) -> None:
    (today,) = page.cssselect(".today time")
    assert today.get("datetime") == seed.DAY.isoformat()
    assert format_date(seed.DAY, "d MMMM y", "en_GB") in text(today)


def test_the_clocks_of_both_cities(page: Any) -> None:
    clocks = {
        text(one.cssselect(".city")[0]).rstrip(":"): one for one in page.cssselect(".clocks li")
    }
    assert clocks.keys() == seed.CLOCKS.keys()
    for city, shown in seed.CLOCKS.items():
        assert text(clocks[city].cssselect("time")[0]) == shown


@pytest.mark.parametrize("line", seed.CONTACTS)
def test_the_contact_lines(page: Any, line: str) -> None:
    assert line in text(page.cssselect(".contacts-bar")[0])


@pytest.mark.parametrize("counter", seed.COUNTERS, ids=lambda one: str(one.days))
def test_the_counters_with_their_wording(page: Any, counter: seed.SeedCounter) -> None:
    shown = [text(one) for one in page.cssselect(".counters .counter")]
    assert counter.text.format(days=counter.days) in shown
    assert str(counter.days) in [text(one) for one in page.cssselect(".counters .number")]


def test_the_leading_article_with_its_section_and_date(page: Any) -> None:
    (lead,) = page.cssselect("article.lead")
    assert text(lead.cssselect(".section")[0]).upper() == seed.ARTICLE.section
    assert lead.cssselect(".date time")[0].get("datetime") == seed.ARTICLE.date.isoformat()
    assert text(lead.cssselect("h2")[0]) == " ".join(seed.ARTICLE.title.split())


@pytest.mark.parametrize("number", range(len(seed.ARTICLE.paragraphs)))
def test_every_paragraph_of_the_leading_article(page: Any, number: int) -> None:
    shown = [text(one) for one in page.cssselect("article.lead .text p")]
    assert shown[number] == " ".join(seed.ARTICLE.paragraphs[number].split())


@pytest.mark.parametrize("number", range(len(seed.ROWS)))
def test_every_row_of_latest_events(page: Any, number: int) -> None:
    """In the seed's order: day, title, summary (a long one begins as it does)."""
    row = page.cssselect("#latest .entries > li")[number]
    wanted = seed.ROWS[number]
    (day,) = row.xpath("ancestor::section[1]/*/time")
    assert day.get("datetime") == wanted.date.isoformat()
    assert text(row.cssselect(".title")[0]) == " ".join(wanted.title.split())
    summary = " ".join(text(one) for one in row.cssselect(".summary"))
    assert " ".join(wanted.summary.split()).startswith(summary.rstrip("…"))
    assert bool(summary) == bool(wanted.summary)


def test_the_headings_and_the_way_to_all_messages(page: Any) -> None:
    assert text(page.cssselect("#latest h2")[0]).upper() == "LATEST EVENTS"
    (more,) = page.cssselect("#latest .more a")
    assert (text(more).lower(), more.get("href")) == ("all messages", "./all")
