"""The sample press site: what it holds, shows, and answers."""

from __future__ import annotations

import asyncio
import gzip
import signal
import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from itertools import pairwise

import feedparser
import httpx
import lxml.html
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedbot.demo.site import (
    LISTING,
    LISTINGS,
    SEED,
    Drip,
    Event,
    Fault,
    Language,
    Links,
    PressSite,
    SampleSite,
    Theme,
    correction,
    demo_events,
    render_page,
)
from feedbot.demo.site.answer import answer
from feedbot.demo.site.model import MOSCOW
from feedbot.demo.site.seed import SEED_NOW, parse_page
from feedbot.errors import ListenError
from feedbot.model import ListingRule
from tests import seed

ENCODINGS = ["utf-8", "windows-1251", "koi8-r"]
Row = tuple[str, str, str, str]


def html(site: PressSite, target: str = "/") -> str:
    return render_page(site, target).body.decode(site.encoding)


def rows(site: PressSite, target: str = "/") -> list[Row]:
    """Date, title, link and summary of each row, found by the theme's rule."""
    tree = lxml.html.fromstring(html(site, target))
    rule = LISTINGS[site.theme]
    return [row(item, rule) for item in tree.cssselect(rule.item)]


def row(item: lxml.html.HtmlElement, rule: ListingRule) -> Row:
    link, _, attribute = str(rule.link).partition("@")
    [anchor] = item.cssselect(link)
    summary = "".join(node.text_content() for node in item.cssselect(str(rule.summary)))
    [day] = item.cssselect(str(rule.date))
    [title] = item.cssselect(str(rule.title))
    return day.text_content(), title.text_content(), anchor.get(attribute), summary


def dotted(day: date) -> str:
    return day.strftime("%d.%m.%Y")


def expected(events: tuple[Event, ...]) -> list[Row]:
    return [(dotted(event.day), event.title, event.path, event.summary) for event in events]


# The seed


def test_both_copies_of_the_seed_are_the_same_bytes() -> None:
    bundled = files("feedbot.demo.site").joinpath("data", seed.PAGE.name).read_bytes()
    assert bundled == seed.PAGE.read_bytes()


def test_the_seed_has_ten_events() -> None:
    assert len(seed.ROWS) == 10
    found = [
        seed.SeedRow(event.day, event.title, event.summary * (event.summary != event.title))
        for event in SEED.events
    ]
    assert found == list(seed.ROWS)
    assert len({event.path for event in SEED.events}) == 10


def test_the_seeds_article_is_whole() -> None:
    assert len(seed.ARTICLE.paragraphs) == 12
    assert SEED.article.section == seed.ARTICLE.section == "SPEECHES, INTERVIEWS, ARTICLES"
    assert (SEED.article.day, SEED.article.title) == (date(2014, 9, 10), seed.ARTICLE.title)
    assert SEED.article.paragraphs == seed.ARTICLE.paragraphs


def test_the_seeds_header() -> None:
    assert SEED.header.day == seed.DAY == date(2020, 5, 27)
    assert {city: f"{at:%H:%M}" for city, at in SEED.header.clocks.items()} == seed.CLOCKS
    assert SEED.header.contacts == seed.CONTACTS
    assert SEED_NOW == seed.NOW == datetime(2020, 5, 27, 20, 55, tzinfo=UTC)


def test_the_seeds_counters() -> None:
    assert [counter.days for counter in seed.COUNTERS] == [815, 807]
    assert [counter.text for counter in SEED.counters] == [c.text for c in seed.COUNTERS]
    assert tuple(counter.since for counter in SEED.counters) == seed.SINCE


@pytest.mark.parametrize("capture", seed.CAPTURES, ids=lambda capture: str(capture.london.date()))
def test_page_shows_what_was_captured_on_other_days(capture: seed.Capture) -> None:
    site = PressSite()
    site.move_to(capture.at)
    assert capture.at.astimezone(MOSCOW).time() == capture.moscow
    page = html(site)
    assert f"Moscow: <b>{capture.moscow:%H:%M}</b>" in page
    assert f"London: <b>{capture.london:%H:%M}</b>" in page
    for counter, days in zip(seed.COUNTERS, capture.counts, strict=True):
        assert counter.text.format(days=days) in page


def test_a_damaged_row_of_the_seed_is_named() -> None:
    with pytest.raises(ValueError, match=r"not a row of the list: '2705\.2020"):
        parse_page(seed.TEXT.replace("27.05.2020 - ", "2705.2020 - "))


# Pages


def test_front_page_shows_the_seed_in_order() -> None:
    site = PressSite()
    found = rows(site)
    assert [(day, title) for day, title, _, _ in found] == [
        (dotted(event.date), event.title) for event in seed.ROWS
    ]
    assert found == expected(SEED.events)
    page = html(site)
    for text in ["27 May 2020", *seed.CONTACTS, "LATEST EVENTS", "all messages"]:
        assert text in page
    shown = [p.text_content() for p in lxml.html.fromstring(page).cssselect("#lead > p")]
    assert shown == [dotted(seed.ARTICLE.date), *seed.ARTICLE.paragraphs]


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("theme", Theme)
@pytest.mark.parametrize("target", ["/", "/all", "/all?page=3", "/about", "/article/433", "/none"])
def test_pages_are_well_formed(language: Language, theme: Theme, target: str) -> None:
    site = PressSite(language=language, theme=theme)
    site.next_day(demo_events(date(2020, 5, 28), language))
    ET.fromstring(html(site, target))


def test_every_link_of_the_site_leads_somewhere() -> None:
    site = PressSite()
    site.next_day()
    seen, queue = set[str](), ["/"]
    while queue:
        target = queue.pop()
        if target in seen or not target.startswith("/"):
            continue
        seen.add(target)
        page = render_page(site, target)
        assert page.status == 200, target
        if page.media_type.startswith("text/html"):
            tree = lxml.html.fromstring(page.body.decode())
            queue += [link.get("href") for link in tree.cssselect("a, link")]
    assert {event.path for event in site.events} < seen
    assert {"/all?page=3", "/consular", "/static/press.css", "/article/433"} < seen


def test_all_messages_lists_every_event_once_newest_first() -> None:
    site = PressSite()
    found = [row for page in (1, 2, 3) for row in rows(site, f"/all?page={page}")]
    assert found == expected(site.events)
    assert len(found) > 40
    days = [event.day for event in site.events]
    assert days == sorted(days, reverse=True)
    assert len({event.title for event in site.events}) == len(found)


@pytest.mark.parametrize("page", ["0", "4", "x", "-1", "²", "9" * 5000])
def test_all_messages_beyond_its_pages_is_not_found(page: str) -> None:
    assert render_page(PressSite(), f"/all?page={page}").status == 404


@pytest.mark.parametrize("target", ["/press/1", "/article/6521", "/nothing", "/all/"])
def test_unknown_addresses_are_not_found(target: str) -> None:
    page = render_page(PressSite(), target)
    assert page.status == 404
    assert b"There is no such page" in page.body


def test_article_page_has_the_summary_and_more() -> None:
    site = PressSite()
    event = site.publish(demo_events(site.today)[1])
    tree = lxml.html.fromstring(html(site, event.path))
    [title] = tree.cssselect("h1")
    assert title.text_content() == event.title
    paragraphs = [p.text_content() for p in tree.cssselect(".article p")]
    assert paragraphs[:2] == [dotted(event.day), event.summary]
    assert len(event.body) == 2
    assert tuple(paragraphs[2:4]) == event.body


def test_russian_host_speaks_russian() -> None:
    site = PressSite(language=Language.RU)
    new = site.next_day()
    page = html(site)
    for text in ["28 мая 2020", "Москва: <b>23:55</b>", "ПОСЛЕДНИЕ СОБЫТИЯ", "все сообщения"]:
        assert text in page
    assert "Дней с инцидента в Солсбери: 816 " in page
    assert new[2].title == "Часы работы консульского отдела с 4 июня 2020 года"


@pytest.mark.parametrize("language", Language)
def test_redesign_shows_the_same_rows_in_other_markup(language: Language) -> None:
    site = PressSite(language=language)
    before = rows(site)
    site.redesign(Theme.TABLE)
    after = rows(site)
    assert [row[1:] for row in after] == [row[1:] for row in before]
    assert after[0][0] == {"en": "27 May 2020", "ru": "27 мая 2020"}[language]
    assert not lxml.html.fromstring(html(site)).cssselect(LISTING.item)


@pytest.mark.parametrize(
    ("links", "start"),
    [
        (Links.RELATIVE, "/"),
        (Links.BARE, "http://embassy.example/"),
        (Links.WWW, "http://www.embassy.example/"),
    ],
)
def test_articles_are_linked_on_either_host(links: Links, start: str) -> None:
    site = PressSite()
    site.link_as(links, "embassy.example")
    assert [row[2] for row in rows(site)] == [start + e.path[1:] for e in SEED.events]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_encodings_round_trip(encoding: str) -> None:
    site = PressSite(language=Language.RU)
    site.next_day(demo_events(date(2020, 5, 28), Language.RU))
    before = rows(site)
    site.encode(encoding)
    assert rows(site) == before
    page = render_page(site)
    assert page.media_type == f"text/html; charset={encoding}"
    assert f'content="text/html; charset={encoding}"'.encode() in page.body
    assert "ПОСЛЕДНИЕ СОБЫТИЯ".encode(encoding) in page.body


def test_declared_encoding_may_be_wrong_or_missing() -> None:
    site = PressSite(language=Language.RU)
    site.encode("koi8-r", declared="utf-8")
    page = render_page(site)
    assert page.media_type == "text/html; charset=utf-8"
    assert "Москва" in page.body.decode("koi8-r")
    site.encode("koi8-r", declared="")
    page = render_page(site)
    assert page.media_type == "text/html"
    assert b"charset" not in page.body


@given(
    title=st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1),
    encoding=st.sampled_from(ENCODINGS),
    theme=st.sampled_from(list(Theme)),
)
def test_any_title_comes_through(title: str, encoding: str, theme: Theme) -> None:
    site = PressSite(encoding=encoding, theme=theme)
    event = site.publish(Event(date(2020, 5, 28), title, title[::-1]))
    assert rows(site)[0][1:] == (title, event.path, title[::-1])


# What happens on the site


def test_next_day_has_exactly_the_new_rows_on_top() -> None:
    site = PressSite()
    before = rows(site)
    new = site.next_day()
    after = rows(site)
    assert len(new) == 3
    assert after == expected(new) + before[:7]
    assert {event.day for event in new} == {date(2020, 5, 28)}
    page = html(site)
    assert "28 May 2020" in page
    assert [f"{days} days have passed" in page for days in (816, 808, 815)] == [True, True, False]


def test_the_day_after_has_other_rows() -> None:
    site = PressSite()
    first, second = site.next_day(), site.next_day()
    assert site.today == date(2020, 5, 29)
    assert rows(site)[:6] == expected(second + first)
    assert not {event.title for event in first} & {event.title for event in second}


def test_next_day_keeps_the_hour_when_the_clocks_change() -> None:
    site = PressSite(now=datetime(2020, 10, 24, 20, 55, tzinfo=UTC))
    site.next_day()
    assert site.now == datetime(2020, 10, 25, 21, 55, tzinfo=UTC)
    assert "London: <b>21:55</b>" in html(site)


def test_change_keeps_address_and_place() -> None:
    site = PressSite()
    event = site.latest[4]
    changed = site.change(event, title="Concert moved")
    assert (changed.path, changed.summary) == (event.path, event.summary)
    assert site.latest[4] == changed
    assert rows(site)[4][1] == "Concert moved"
    assert "Concert moved" in html(site, event.path)
    assert site.change(event, summary="").title == "Concert moved"
    assert rows(site)[4] == (dotted(event.day), "Concert moved", event.path, "")


def test_removed_event_is_gone_and_comes_back_where_it_stood() -> None:
    site = PressSite()
    before = rows(site)
    event = site.latest[3]
    site.remove(event)
    tenth = site.latest[9]
    assert rows(site) == before[:3] + before[4:] + expected((tenth,))
    assert tenth.day < SEED.events[-1].day
    assert render_page(site, event.path).status == 404
    site.restore(event)
    assert rows(site) == before
    assert render_page(site, event.path).status == 200


def test_only_what_was_published_can_be_changed() -> None:
    with pytest.raises(KeyError, match=r"/press/0 was never published here"):
        PressSite().change(demo_events(date(2020, 5, 28))[0], title="x")


def test_each_published_event_has_an_address_of_its_own() -> None:
    site = PressSite()
    event = demo_events(site.today)[0]
    first, second = site.publish(event), site.publish(event)
    assert first.path != second.path
    assert site.latest[:2] == (second, first)


def test_every_change_moves_last_modified_by_a_second() -> None:
    site = PressSite()
    moments = [site.modified]
    event = site.publish(demo_events(site.today)[0])
    for act in (
        lambda: site.change(event, title="x"),
        lambda: site.remove(event),
        lambda: site.restore(event),
        lambda: site.redesign(Theme.TABLE),
        lambda: site.encode("koi8-r"),
        lambda: site.link_as(Links.WWW),
        lambda: site.move_to(site.now),
    ):
        moments.append(site.modified)
        act()
    moments.append(site.modified)
    assert all(b - a >= timedelta(seconds=1) for a, b in pairwise(moments))


@pytest.mark.parametrize("language", Language)
def test_demo_events_are_many_and_varied(language: Language) -> None:
    day = date(2021, 12, 31)
    events = demo_events(day, language)
    assert len(events) >= 12
    assert len({event.title for event in events}) == len(events)
    assert {event.day for event in events} == {day}
    assert any(event.summary == event.title for event in events)
    assert any(not event.summary for event in events)
    assert any({"&", "<"} <= set(event.title) for event in events)
    assert not any("{" in text for e in events for text in (e.title, e.summary, *e.body))
    corrected = correction(events[1], language)
    assert corrected.startswith(events[1].title)
    assert corrected != events[1].title


# Feeds


@pytest.mark.parametrize("path", ["/rss.xml", "/atom.xml"])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_feeds_show_the_same_list(path: str, encoding: str) -> None:
    site = PressSite(language=Language.RU)
    new = site.next_day(demo_events(date(2020, 5, 28), Language.RU))
    site.encode(encoding)
    page = render_page(site, path, "http://127.0.0.1:8000")
    feed = feedparser.parse(page.body, response_headers={"content-type": page.media_type})
    assert not feed.bozo
    assert [entry.title for entry in feed.entries] == [event.title for event in new[:10]]
    assert [entry.link for entry in feed.entries] == [
        "http://127.0.0.1:8000" + event.path for event in new[:10]
    ]
    assert len({entry.id for entry in feed.entries}) == 10
    assert {entry.published_parsed[:4] for entry in feed.entries} == {(2020, 5, 28, 11)}
    [quoted] = [entry for entry in feed.entries if "1700" in entry.title]
    assert "&" in quoted.summary


def test_feed_ids_outlast_changes() -> None:
    site = PressSite()

    def ids() -> list[list[str]]:
        feeds = [feedparser.parse(render_page(site, p).body) for p in ("/rss.xml", "/atom.xml")]
        return [[entry.id for entry in feed.entries] for feed in feeds]

    before = ids()
    site.change(site.latest[0], title="Other")
    site.link_as(Links.WWW, "other.example")
    assert ids() == before


# HTTP, without a server


def get(site: PressSite, **asked: str) -> tuple[int, dict[str, str], bytes]:
    headers = {name.replace("_", "-"): value for name, value in asked.items()}
    given = answer(site, "/", headers, "http://127.0.0.1")
    return given.status, given.headers, given.body


def test_both_validators_give_304_until_something_changes() -> None:
    site = PressSite()
    _, headers, _ = get(site)
    etag, modified = headers["etag"], headers["last-modified"]
    for asked in ({"if_none_match": f'"x", W/{etag}'}, {"if_modified_since": modified}):
        status, _, body = get(site, **asked)
        assert (status, body) == (304, b"")
    assert get(site, if_none_match="*")[0] == 304
    site.publish(demo_events(site.today)[0])
    for asked in ({"if_none_match": etag}, {"if_modified_since": modified}):
        assert get(site, **asked)[0] == 200
    # An entity tag that differs outranks a date that does not.
    assert get(site, if_none_match=etag, if_modified_since=get(site)[1]["last-modified"])[0] == 200


def test_validators_can_be_left_out() -> None:
    site = PressSite()
    _, headers, _ = get(site)
    site.etag = site.last_modified = False
    status, plain, _ = get(
        site, if_none_match=headers["etag"], if_modified_since=headers["last-modified"]
    )
    assert status == 200
    assert not {"etag", "last-modified"} & plain.keys()
    assert get(site, if_none_match="*")[0] == 200


@pytest.mark.parametrize("since", ["yesterday", "", "Wed, 27 May 2020 20:55:00 -0000"])
def test_a_date_that_cannot_be_compared_is_not_asked_for(since: str) -> None:
    assert get(PressSite(), if_modified_since=since)[0] == 200


def test_gzip_for_those_who_take_it() -> None:
    site = PressSite()
    _, plain, body = get(site)
    _, packed, small = get(site, accept_encoding="gzip, deflate")
    assert packed["content-encoding"] == "gzip"
    assert gzip.decompress(small) == body
    assert packed["etag"] != plain["etag"]
    site.gzip = False
    assert get(site, accept_encoding="gzip")[2] == body


def test_missing_pages_carry_no_validator() -> None:
    given = answer(PressSite(), "/none", {"if-none-match": "*"}, "")
    assert given.status == 404
    assert "etag" not in given.headers


# Served


@pytest.fixture
async def server() -> AsyncIterator[SampleSite]:
    async with SampleSite(PressSite()) as running:
        yield running


@pytest.fixture
async def client(server: SampleSite) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=server.url, trust_env=False) as running:
        yield running


async def test_served_pages_are_the_sites(server: SampleSite, client: httpx.AsyncClient) -> None:
    assert server.url.startswith("http://127.0.0.1:")
    for target in ["/", "/all?page=2", "/static/press.css", "/none", SEED.events[2].path]:
        response = await client.get(target)
        page = render_page(server.site, target)
        assert (response.status_code, response.content) == (page.status, page.body)
        assert response.headers["content-type"] == page.media_type
        assert response.headers["content-encoding"] == "gzip"
    feed = feedparser.parse((await client.get("/atom.xml")).content)
    assert feed.entries[0].link == server.url + SEED.events[0].path
    assert [hit.path for hit in server.hits[:2]] == ["/", "/all"]


async def test_served_conditionally(server: SampleSite, client: httpx.AsyncClient) -> None:
    first = await client.get("/")
    known = {"if-none-match": first.headers["etag"]}
    again = await client.get("/", headers=known)
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert server.hits[-1].headers["if-none-match"] == first.headers["etag"]
    event = server.site.publish(demo_events(server.site.today)[0])
    changed = await client.get("/", headers=known)
    assert changed.status_code == 200
    assert event.title in changed.text


async def test_head_has_the_headers_alone(client: httpx.AsyncClient) -> None:
    head, full = await client.head("/"), await client.get("/")
    assert head.content == b""
    assert head.headers["etag"] == full.headers["etag"]
    assert head.headers["content-length"] == full.headers["content-length"]


async def test_a_taken_port_is_named(server: SampleSite) -> None:
    port = int(server.url.rpartition(":")[2])
    with pytest.raises(ListenError, match=rf"127\.0\.0\.1:{port}: cannot listen here: "):
        await SampleSite(PressSite(), port=port).__aenter__()


async def test_serving_leaves_the_signals_alone() -> None:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    async with (
        SampleSite(PressSite()) as running,
        httpx.AsyncClient(base_url=running.url, trust_env=False) as reader,
    ):
        await reader.get("/")
        assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before


# Faults


async def read(client: httpx.AsyncClient, into: bytearray) -> None:
    plain = {"accept-encoding": "identity"}
    async with client.stream("GET", "/", headers=plain) as response:
        async for chunk in response.aiter_raw():
            into += chunk


async def test_fault_answers_instead(server: SampleSite, client: httpx.AsyncClient) -> None:
    server.faults.set("/", Fault(status=503, headers={"Retry-After": "120"}))
    struck = await client.get("/")
    assert (struck.status_code, struck.text) == (503, "503\n")
    assert struck.headers["retry-after"] == "120"
    assert (await client.get("/all")).status_code == 200
    server.faults.set("/all", Fault(body=b"", headers={"content-type": "text/html"}))
    empty = await client.get("/all")
    assert (empty.status_code, empty.content) == (200, b"")
    assert empty.headers["content-type"] == "text/html"
    server.faults.clear("/")
    assert (await client.get("/")).content == render_page(server.site).body
    server.faults.clear()
    assert (await client.get("/all")).content == render_page(server.site, "/all").body


async def test_fault_strikes_so_many_times(server: SampleSite, client: httpx.AsyncClient) -> None:
    server.faults.set("/", Fault(status=500, times=2))
    assert [(await client.get("/")).status_code for _ in range(3)] == [500, 500, 200]


async def test_fault_adds_headers_to_the_page(
    server: SampleSite, client: httpx.AsyncClient
) -> None:
    server.faults.set("/", Fault(headers={"Content-Type": "application/pdf"}))
    response = await client.get("/")
    assert response.headers["content-type"] == "application/pdf"
    assert response.content == render_page(server.site).body


async def test_fault_redirects_in_a_loop(server: SampleSite, client: httpx.AsyncClient) -> None:
    server.faults.set("/", Fault(status=301, headers={"Location": "/"}))
    with pytest.raises(httpx.TooManyRedirects):
        await client.get("/", follow_redirects=True)


async def test_fault_delays_and_stopping_does_not_wait_for_it() -> None:
    async with SampleSite(PressSite()) as running:
        running.faults.set("/", Fault(delay=3600))
        async with httpx.AsyncClient(base_url=running.url, trust_env=False) as reader:
            with pytest.raises(httpx.ReadTimeout):
                await reader.get("/", timeout=httpx.Timeout(60, read=0.1))
            task = asyncio.create_task(reader.get("/", timeout=60))
            await running.wait_hits(2)
            running.faults.close()
            assert (await task).status_code == 200


async def test_fault_holds_until_told(server: SampleSite, client: httpx.AsyncClient) -> None:
    gate = asyncio.Event()
    server.faults.set("/", Fault(hold=gate))
    held = asyncio.create_task(client.get("/"))
    await server.wait_hits(1)
    assert (await client.get("/all")).status_code == 200
    assert not held.done()
    gate.set()
    assert (await held).content == render_page(server.site).body


@pytest.mark.parametrize("length", [True, False])
async def test_fault_drops_the_connection_in_the_body(
    server: SampleSite, client: httpx.AsyncClient, length: bool
) -> None:
    server.faults.set("/", Fault(drop_after=500, length=length))
    received = bytearray()
    with pytest.raises(httpx.RemoteProtocolError):
        await read(client, received)
    assert received == render_page(server.site).body[:500]


async def test_fault_drips(server: SampleSite, client: httpx.AsyncClient) -> None:
    server.faults.set("/", Fault(body=b"0123456789", drip=Drip(4, 3600)))
    async with client.stream("GET", "/") as response:
        chunks = response.aiter_raw()
        assert await anext(chunks) == b"0123"
        server.faults.set("/", Fault(body=b"0123456789", drip=Drip(4, 0)))
        assert (await client.get("/")).content == b"0123456789"
        server.faults.close()
        with pytest.raises(httpx.RemoteProtocolError):
            await anext(chunks)


@pytest.mark.parametrize("length", [True, False])
async def test_fault_repeats_a_body(
    server: SampleSite, client: httpx.AsyncClient, length: bool
) -> None:
    server.faults.set("/", Fault(body=bytes(1_000_000), repeat=20, length=length))
    total = 0
    async with client.stream("GET", "/") as response:
        assert response.headers.get("content-length") == ("20000000" if length else None)
        async for chunk in response.aiter_raw():
            total += len(chunk)
    assert total == 20_000_000
