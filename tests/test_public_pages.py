"""The public pages: the archive, entries, counters, and how all of them are sent."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from feedbot.model import Counter, Item
from feedbot.store import catalogue, retract
from feedbot.web.site import server
from feedbot.web.site.pages import PAGES
from feedbot.web.site.plan import Asset, Contact, SiteClock
from tests.public import PLAN, Visitor, show, text
from tests.test_publish import NOW, SOURCE

OTHER = replace(SOURCE, name="court", title="Court", url="https://court.example.org/")
BOTH = replace(PLAN, sources={"embassy": SOURCE, "court": OTHER})


@pytest.fixture
async def visitor(tmp_path: Path) -> AsyncIterator[Visitor]:
    async with Visitor.of(tmp_path, BOTH) as visitor:
        yield visitor


def item(number: int, day: date | datetime | None = None, **fields: Any) -> Item:
    link = f"https://press.example.org/{number}"
    when = day or date(2020, 5, 1) + timedelta(days=number)
    return Item(f"Event {number}", link, date=when, **{"summary": f"Told {number}.", **fields})


def titles(page: Any) -> list[str]:
    return [text(one) for one in page.cssselect(".entries .title")]


async def test_the_archive_is_paged_by_date_and_its_pages_stay(visitor: Visitor) -> None:
    days = [date(2019, 1, 1) + timedelta(days=n) for n in range(70)]
    await show(visitor.store, SOURCE, *(item(n, days[n]) for n in reversed(range(70))))
    first = await visitor.read("/all")
    assert titles(first) == [f"Event {n}" for n in range(69, 39, -1)]
    (older,) = first.cssselect("a[rel=next]")
    second = older.get("href").removeprefix("./")
    before = titles(await visitor.read(f"/{second}"))
    assert before == [f"Event {n}" for n in range(39, 9, -1)]
    await show(visitor.store, OTHER, *(item(n, date(2020, 1, 1)) for n in range(100, 140)))
    again = await visitor.read(f"/{second}")
    assert titles(again) == before
    (newer,) = again.cssselect("a[rel=prev]")
    above = await visitor.read("/" + newer.get("href").removeprefix("./"))
    assert titles(above) == [f"Event {n}" for n in range(69, 39, -1)]


async def test_the_archive_by_source_year_month_and_category(visitor: Visitor) -> None:
    await show(
        visitor.store,
        SOURCE,
        item(4, date(2020, 5, 1), categories=("Visas & more",)),
        item(3, date(2020, 4, 30)),
        item(2, date(2019, 12, 31), categories=("Visas & more",)),
    )
    await show(visitor.store, OTHER, item(9, date(2020, 5, 2)))
    whole = await visitor.read("/all")
    assert titles(whole) == ["Event 9", "Event 4", "Event 3", "Event 2"]
    assert [text(one) for one in whole.cssselect(".periods a")] == ["2020", "2019"]
    assert titles(await visitor.read("/all?source=embassy")) == ["Event 4", "Event 3", "Event 2"]
    assert titles(await visitor.read("/all?year=2019")) == ["Event 2"]
    year = await visitor.read("/all?year=2020")
    assert [text(one) for one in year.cssselect(".periods a")] == ["May", "April"]
    assert titles(await visitor.read("/all?year=2020&month=4")) == ["Event 3"]
    (link,) = {
        one.get("href")
        for one in (await visitor.read("/entries/3")).cssselect("dd a")
        if "category" in one.get("href")
    }
    assert titles(await visitor.read(link.replace("..", ""))) == ["Event 4", "Event 2"]
    for wrong in ("year=x", "year=2020&month=13", "month=5", "before=1e9", f"before={1 << 70}"):
        await visitor.read(f"/all?{wrong}", 404)


async def test_a_month_begins_where_the_site_is(visitor: Visitor) -> None:
    visitor.plan = replace(BOTH, timezone=ZoneInfo("Pacific/Auckland"))
    utc = ZoneInfo("UTC")
    await show(
        visitor.store,
        SOURCE,
        item(2, datetime(2020, 4, 30, 12, 30, tzinfo=utc)),
        item(1, datetime(2020, 4, 30, 11, 30, tzinfo=utc)),
    )
    assert titles(await visitor.read("/all?year=2020&month=5")) == ["Event 2"]
    assert titles(await visitor.read("/all?year=2020&month=4")) == ["Event 1"]


async def test_an_entry_with_its_origin_and_revisions(visitor: Visitor) -> None:
    whole = '<p>The <b>whole</b> text.</p><img src="https://press.example.org/a.png" alt="A door">'
    await show(visitor.store, SOURCE, item(1, author="A. Clerk", content=whole))
    later = NOW + timedelta(hours=1)
    changed = replace(item(1, author="A. Clerk"), content="<p>The whole new text.</p>")
    await show(visitor.store, SOURCE, changed, now=later)
    page = await visitor.read("/entries/1")
    assert text(page.cssselect("h1")[0]) == "Event 1"
    assert text(page.cssselect(".text")[0]) == "The whole new text."
    (original,) = page.xpath("//dt[.='Original']/following-sibling::dd[1]/a")
    assert (original.get("href"), text(original)) == (
        "https://press.example.org/1",
        "press.example.org",
    )
    (seen,) = page.xpath("//dt[.='First seen']/following-sibling::dd[1]/time")
    assert seen.get("datetime") == "2020-05-27T20:55:00+00:00"
    (revision,) = page.cssselect(".revisions > section")
    assert revision.cssselect("h3 time")[0].get("datetime") == "2020-05-27T21:55:00+00:00"
    assert [text(one) for one in revision.cssselect("ins")] == ["new"]
    assert text(page.cssselect("a[href^='https://t.me/share/url?']")[0]) == "Share in Telegram"


async def test_an_entry_tells_machines_what_it_is(visitor: Visitor) -> None:
    await show(visitor.store, SOURCE, replace(item(1), title="Ends </script> & <b>so"))
    visitor.base = "https://news.example/press"
    page = await visitor.read("/entries/1")
    (said,) = page.cssselect("script")
    assert "<" not in said.text
    article = json.loads(said.text)
    assert article["@type"] == "NewsArticle"
    assert article["headline"] == "Ends & <b>so"
    assert article["mainEntityOfPage"] == "https://news.example/press/entries/1"
    assert article["isBasedOn"] == "https://press.example.org/1"
    assert page.cssselect("link[rel=canonical]")[0].get("href") == article["mainEntityOfPage"]
    graph = {one.get("property"): one.get("content") for one in page.cssselect("meta[property]")}
    assert (graph["og:title"], graph["og:description"]) == ("Ends & <b>so", "Told 1.")


async def test_images_are_links_and_nothing_comes_from_elsewhere(visitor: Visitor) -> None:
    content = (
        '<p onclick="x()">Text<script>alert(1)</script><iframe src="https://evil.example/"></iframe>'
        '<a href="https://a.example/"><img src="https://b.example/1.png" alt="Linked"></a>'
        '<img src="https://b.example/2.png" alt=\'"><img src=x>\'><img src="javascript:alert(1)">'
        '<a href="javascript:alert(2)">go</a></p><h1>Heading</h1>'
    )
    await show(visitor.store, SOURCE, item(1, content=content, image="https://b.example/3.png"))
    for path in ("/", "/entries/1"):
        page = await visitor.read(path)
        assert not page.xpath("//iframe | //img | //*[@onclick] | //a//a")
        hrefs = [one.get("href") for one in page.cssselect(".text a")]
        assert hrefs == ["https://a.example/", "https://b.example/2.png", None]
        fetched = page.xpath("//@src | //link[@rel='stylesheet' or @rel='icon']/@href")
        assert all(one.startswith(("./", "../", "data:,")) for one in fetched)
        assert len(page.xpath("//h1")) == 1
    assert page.cssselect(".more .picture")[0].get("href") == "https://b.example/3.png"


async def test_what_was_taken_back_says_so_and_nothing_else(visitor: Visitor) -> None:
    await show(visitor.store, SOURCE, item(2), item(1))
    async with visitor.store.transaction() as connection:
        await retract.retract(connection, [1], NOW)
        assert (await catalogue.find(connection, 1)) is not None
    page = await visitor.read("/entries/1", 410)
    assert "taken back" in text(page.cssselect(".notice")[0])
    assert "Event 1" not in text(page)
    assert page.cssselect("meta[name=robots]")[0].get("content") == "noindex"
    assert titles(await visitor.read("/all")) == ["Event 2"]
    assert titles(await visitor.read("/")) == ["Event 2"]


async def test_what_left_its_page_stays_in_the_archive_and_says_so(visitor: Visitor) -> None:
    await show(visitor.store, SOURCE, item(3), item(2), item(1))
    await show(visitor.store, SOURCE, item(3), item(1))
    assert titles(await visitor.read("/")) == ["Event 3", "Event 1"]
    page = await visitor.read("/all")
    assert titles(page) == ["Event 3", "Event 2", "Event 1"]
    assert "no longer on its page" in text(page.cssselect(".entries")[1])
    assert "no longer on the page" in text((await visitor.read("/entries/2")).cssselect("main")[0])


async def test_counters_have_milestones_past_and_next(visitor: Visitor) -> None:
    counter = Counter(
        "since", "{days} days since {date}", since=date(2018, 3, 4), timezone=ZoneInfo("UTC")
    )
    visitor.plan = replace(BOTH, counters=(counter,))
    page = await visitor.read("/counters")
    (section,) = page.cssselect(".counting")
    assert text(section.cssselect(".counter")[0]) == "815 days since 4 March 2018"
    assert section.cssselect(".counter .number")[0].text == "815"
    (coming,) = section.xpath(".//dt[.='Next milestone']/following-sibling::dd[1]")
    assert text(coming) == "900 days – 20 August 2020, in 85 days"
    past = section.xpath(".//dt[.='Milestones reached']/following-sibling::dd")
    assert [text(one) for one in past][:2] == [
        "800 days – 12 May 2020",
        "731 days (2 years) – 4 March 2020",
    ]


async def test_clocks_are_right_through_the_change_of_time(visitor: Visitor) -> None:
    visitor.plan = replace(BOTH, clocks=(SiteClock("London", ZoneInfo("Europe/London")),))
    shown = []
    before = datetime(2020, 10, 25, 0, 59, tzinfo=ZoneInfo("UTC"))
    for moment in (before, before + timedelta(minutes=1)):
        visitor.clock.set(moment)
        (clock,) = (await visitor.read("/")).cssselect(".clocks li")
        shown.append(text(clock))
    assert shown == ["London: 01:59 UTC+01:00", "London: 01:00 UTC+00:00"]


async def test_ways_to_follow_stand_above_everything_else(visitor: Visitor) -> None:
    visitor.plan = replace(BOTH, channels=("@press",), hub="https://hub.example/")
    page = await visitor.read("/")
    (follow,) = page.cssselect(".follow")
    assert [one.get("href") for one in follow.cssselect("a")] == [
        "https://t.me/press",
        "https://t.me/press_bot?start=site",
        "./feeds/all.atom",
        "./feeds/all.rss",
        "./feeds/all.opml",
    ]
    assert "WebSub" in text(follow)
    assert follow.xpath("following::main")
    visitor.plan = replace(BOTH, whole=False, sources={"court": OTHER})
    some = (await visitor.read("/")).cssselect(".follow a")
    assert [one.get("href") for one in some][1:] == ["./feeds/court.atom", "./feeds/court.rss"]


async def test_sources_that_are_not_shown_are_nowhere(visitor: Visitor) -> None:
    await show(visitor.store, SOURCE, item(1))
    await show(visitor.store, OTHER, item(2))
    visitor.plan = replace(BOTH, sources={"court": OTHER})
    assert titles(await visitor.read("/")) == ["Event 2"]
    assert titles(await visitor.read("/all?source=embassy")) == []
    await visitor.read("/entries/1", 404)


@pytest.mark.parametrize("path", ["/", "/all", "/entries/1", "/counters"])
async def test_who_has_a_page_gets_304_until_it_changes(visitor: Visitor, path: str) -> None:
    await show(visitor.store, SOURCE, item(1))
    first = await visitor.client.get(path)
    assert first.headers["content-type"] == "text/html; charset=utf-8"
    assert "set-cookie" not in first.headers
    for known in (
        {"if-none-match": first.headers["etag"]},
        {"if-modified-since": first.headers["last-modified"]},
    ):
        again = await visitor.client.get(path, headers=known)
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]
    head = await visitor.client.head(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(first.content))
    packed = await visitor.client.get(path, headers={"accept-encoding": "gzip"})
    assert packed.text == first.text
    assert packed.headers["etag"] != first.headers["etag"]
    visitor.clock.advance(timedelta(seconds=90))
    changed = replace(item(1), summary="Another.")
    await show(visitor.store, SOURCE, changed, now=visitor.clock.now())
    known = {"if-modified-since": first.headers["last-modified"]}
    now = await visitor.client.get(path, headers=known)
    assert now.status_code == 200
    assert now.headers["last-modified"] != first.headers["last-modified"]


async def test_every_answer_is_safe_to_open(visitor: Visitor) -> None:
    for path in ("/", "/all", "/nothing"):
        headers = (await visitor.client.get(path)).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "http" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["strict-transport-security"] == "max-age=31536000"
    visitor.base = "http://127.0.0.1:8080"
    assert "strict-transport-security" not in (await visitor.client.get("/")).headers


async def test_style_and_logo_are_kept_for_ever_under_names_of_their_own(visitor: Visitor) -> None:
    logo = Asset.of("logo.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>")
    visitor.plan = replace(BOTH, logo=logo, own_css=":root { --link: #700 }")
    page = await visitor.read("/")
    (style,) = page.cssselect("link[rel=stylesheet]")
    answer = await visitor.client.get("/" + style.get("href").removeprefix("./"))
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.text.endswith(":root { --link: #700 }")
    (picture,) = page.cssselect(".brand img")
    shown = await visitor.client.get("/" + picture.get("src").removeprefix("./"))
    assert (shown.headers["content-type"], shown.content) == ("image/svg+xml", logo.body)
    assert (await visitor.client.get("/static/style-000000000000.css")).status_code == 404


async def test_what_is_no_page_is_404_and_writes_are_refused(visitor: Visitor) -> None:
    for path in ("/nothing", "/entries/7", "/entries/x", "/ru", "/all/", "/en/"):
        await visitor.read(path, 404)
    refused = await visitor.client.post("/")
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD")


async def test_pages_that_are_not_public_are_not_there(visitor: Visitor) -> None:
    visitor.plan = replace(BOTH, public=False)
    for path in ("/", "/all", "/static/x.css"):
        assert (await visitor.client.get(path)).status_code == 404


async def test_the_front_page_is_small(visitor: Visitor) -> None:
    words = "A sentence of some length that says what happened on that day. " * 60
    visitor.plan = replace(BOTH, contacts=(Contact("Press", phone="+44 20 7946 0000"),))
    await show(
        visitor.store, SOURCE, *(item(n, summary=words, content=f"<p>{words}") for n in range(30))
    )
    page = await visitor.client.get("/")
    assert len(page.content) <= 50_000
    assert len(gzip.compress(page.content)) <= 15_000
    assert page.text.count("Event") >= 20


async def test_a_burst_of_visitors_leaves_room_for_others(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of pages nobody has asked for yet a few are made at once, whoever asks for how many."""
    await show(visitor.store, SOURCE, item(1))
    under_way, most = 0, 0

    async def counted(making: Any) -> Any:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0)
        found = await archive.read(making)
        under_way -= 1
        return found

    (archive,) = (page for page in PAGES if page.path == "all")
    monkeypatch.setattr(server, "PAGES", (replace(archive, read=counted),))
    asked = (visitor.client.get(f"/all?before={n}") for n in range(1, 60))
    answers = await asyncio.gather(*asked)
    assert {one.status_code for one in answers} == {200}
    assert 1 <= most <= 2


async def test_of_many_who_ask_for_one_page_one_has_it_made(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    await show(visitor.store, SOURCE, item(1))
    visitor.server._recheck = 60
    (archive,) = (page for page in PAGES if page.path == "all")
    made = 0

    async def counted(making: Any) -> Any:
        nonlocal made
        made += 1
        return await archive.read(making)

    monkeypatch.setattr(server, "PAGES", (replace(archive, read=counted),))
    answers = await asyncio.gather(*(visitor.client.get("/all") for _ in range(30)))
    assert len({one.headers["etag"] for one in answers}) == 1
    assert made == 1
