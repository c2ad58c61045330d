"""A page laid out anew, or another one in its place: found again, doubted, in the end believed."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from lxml import etree, html

from feedbot.deciding import DOUBTS
from feedbot.diff import Place, Rules, diff, on_top
from feedbot.failing import TELL_AFTER
from feedbot.identity import identify
from feedbot.matching import Known
from feedbot.model import Item, Source, Take
from feedbot.source.auto import find
from feedbot.source.fit import NOTHING_KNOWN, Past
from feedbot.store.schema import entries
from tests.corpus import CorpusPage, listings
from tests.test_reading import Desk, day, desk, title
from tests.web import reply

__all__ = ["desk"]  # a fixture


def page(rows: Iterable[str], before: str = "", after: str = "") -> bytes:
    body = f"<html><head><title>News</title></head><body>{before}{''.join(rows)}{after}</body>"
    return reply(body.encode(), Content_Type="text/html")


def cards(numbers: Iterable[int], link: str = "/news/{}") -> list[str]:
    return [
        f'<div class="card"><h3><a href="{link.format(n)}">{title(n)}</a></h3>'
        f'<span class="when">{day(n)}</span><p>{title(n)} was said at length.</p></div>'
        for n in numbers
    ]


def table(numbers: Iterable[int], link: str = "/item?id=70{}") -> list[str]:
    rows = [
        f'<tr><td>{day(n)}</td><td><a href="{link.format(n)}">{title(n)}</a></td></tr>'
        for n in numbers
    ]
    return ["<table>", *rows, "</table>"]


def menu(count: int) -> str:
    names = ["Visas", "Passports", "Contacts", "Opening hours", "Culture", "Trade", "Science"]
    links = [f'<li><a href="/about/{n}">{names[n % 7]} {n}</a></li>' for n in range(count)]
    return f"<ul>{''.join(links)}</ul>"


async def test_the_layout_is_remembered_and_found_again_when_it_changes(desk: Desk) -> None:
    desk.web.routes["/news"] = page(cards(range(12, 2, -1)))
    await desk.poll()
    first = await desk.extractor()
    assert first.take is Take.LISTING
    desk.web.routes["/news"] = page(cards(range(13, 3, -1)))
    assert (await desk.poll()).new == 1
    assert await desk.extractor() == first
    assert await desk.notices() == []

    before = await published(desk)
    desk.web.routes["/news"] = page(table(range(15, 5, -1)))
    assert (await desk.poll()).new == 2
    found = await desk.extractor()
    assert found.rule != first.rule
    assert any("were known before" in why for why in found.why)
    (notice,) = await desk.notices()
    assert "is laid out anew; its list was found again (item: tr" in notice

    after = await published(desk)
    links = {row.title: row.link for row in after}
    assert links[title(10)] == desk.web.url("/item?id=7010")
    ids = {row.title: (row.atom_id, row.updated, row.revision, row.summary) for row in before}
    kept = {row.title: (row.atom_id, row.updated, row.revision, row.summary) for row in after}
    assert ids.items() <= kept.items()
    for _ in range(3):  # nothing waits to be confirmed
        assert (await desk.poll()).new == 0
    assert {row.revision for row in await published(desk)} == {1}


async def test_new_links_alone_are_no_edit(desk: Desk) -> None:
    desk.web.routes["/news"] = page(cards(range(12, 2, -1)))
    await desk.poll()
    before = await published(desk)
    desk.web.routes["/news"] = page(cards(range(12, 2, -1), "/archive/{}.html"))
    for _ in range(2):
        assert (await desk.poll()).new == 0
    after = await published(desk)
    assert {row.link for row in after} == {desk.web.url(f"/archive/{n}.html") for n in range(3, 13)}
    assert [(row.atom_id, row.updated, row.revision) for row in after] == [
        (row.atom_id, row.updated, row.revision) for row in before
    ]


async def test_a_known_list_wins_over_one_that_looks_better(desk: Desk) -> None:
    desk.web.routes["/news"] = page(cards(range(9, 4, -1)))
    await desk.poll()
    louder = "".join(
        f'<article><h2><a href="/blog/{n}">A day in the life of visitor number {n}</a></h2>'
        f"<time>2020-05-{n:02}</time><p>Some impressions of that day, told at length.</p></article>"
        for n in range(26, 2, -1)
    )
    desk.web.routes["/news"] = page(table(range(10, 5, -1)), before=louder)
    assert (await desk.poll()).error is None
    assert title(10) in await desk.titles()
    assert not any("visitor" in one for one in await desk.titles())


async def test_another_list_is_doubted_until_it_has_lasted(desk: Desk) -> None:
    desk.web.routes["/news"] = page(cards(range(20, 10, -1)))
    await desk.poll()
    desk.web.routes["/news"] = page(
        f'<p><b>2020-04-{n:02}</b> <a href="/blog/{n}">Impressions of visitor {n}</a></p>'
        for n in range(26, 2, -1)
    )
    for _ in range(DOUBTS + 3):
        polled = await desk.poll()
        assert "its list is not there any more: nothing is known of what is" in (polled.error or "")
    (notice,) = await desk.notices()
    assert "fails since" in notice
    assert not any("visitor" in one for one in await desk.titles())
    desk.clock.advance(timedelta(days=1))
    assert (await desk.poll()).error is None
    assert "shows another list since 2020-05-27, which is read now" in (await desk.notices())[1]
    assert len(await desk.titles()) == 34
    assert await desk.owed("news") == []
    assert (await desk.state()).doubtful == 0


async def test_a_doubt_ends_when_the_list_is_back(desk: Desk) -> None:
    desk.web.routes["/news"] = page(cards(range(20, 10, -1)))
    await desk.poll()
    listed = desk.web.routes["/news"]
    desk.web.routes["/news"] = page(cards(range(8, 1, -1), "/blog/{}"))
    for _ in range(TELL_AFTER - 1):
        assert (await desk.poll()).error
    desk.web.routes["/news"] = listed
    assert (await desk.poll()).error is None
    state = await desk.state()
    assert (state.doubtful, state.doubtful_since, state.failures) == (0, None, 0)
    assert await desk.owed("news") == []


async def test_all_new_under_the_old_layout_is_news(desk: Desk) -> None:
    desk.web.routes["/news"] = page(cards(range(9, 4, -1)))
    await desk.poll()
    desk.web.routes["/news"] = page(cards(range(26, 20, -1)))
    assert (await desk.poll()).new == 6


ITEMS = [Item(title(n), f"https://press.example.org/news/{n}", date=None) for n in range(9)]
PAGE = "https://press.example.org/news"


def past(items: Iterable[Item]) -> Past:
    rows = identify(list(items), PAGE)
    return Past(
        tuple(
            Known(
                n, None, row.link_key, row.title_key, row.fingerprint, row.item.date,
                title=row.item.title, link=row.item.link,
            )
            for n, row in enumerate(rows)
        )
    )  # fmt: skip


def dated(items: Iterable[Item], first: str = "2020-05-01") -> list[Item]:
    start = date.fromisoformat(first)
    return [replace(item, date=start + timedelta(days=n)) for n, item in enumerate(items)]


@pytest.mark.parametrize(
    ("items", "why"),
    [
        (ITEMS, None),
        (ITEMS[:3], None),
        (ITEMS[:2], "2 rows where there were 9"),
        (ITEMS * 5, "45 rows where there were only 9"),
        ([replace(item, title="Read more") for item in ITEMS], "its rows have no titles any more"),
        ([replace(item, title=(new := item.link + "9"), link=new) for item in ITEMS],
         "its rows have no titles any more"),
        ([Item(f"About {n}", f"{PAGE}/about/{n}") for n in range(9)], NOTHING_KNOWN),
    ],
)  # fmt: skip
def test_when_a_list_is_not_what_it_was(items: list[Item], why: str | None) -> None:
    assert past(ITEMS).misfit(items, PAGE) == why
    assert Past().misfit(items, PAGE) is None


def test_rows_that_have_lost_their_dates_are_not_what_they_were() -> None:
    assert past(dated(ITEMS)).misfit(ITEMS, PAGE) == "its rows have no dates any more"
    assert past(dated(ITEMS)).misfit(dated(ITEMS), PAGE) is None


def test_what_can_have_come_after_all_that_was() -> None:
    new = [Item(f"Later {n}", f"https://press.example.org/news/9{n}") for n in range(6)]
    other = [replace(item, link=item.link.replace("news", "about")) for item in new]
    assert past(ITEMS).follows(new)
    assert not past(ITEMS).follows(other)
    assert past(dated(ITEMS)).follows(dated(other, "2020-05-09"))
    assert not past(dated(ITEMS)).follows(dated(new, "2020-05-08"))


async def published(desk: Desk) -> list[sa.Row[tuple[object, ...]]]:
    async with desk.store.reading() as connection:
        return list(await connection.execute(sa.select(entries).order_by(entries.c.id)))


def disguised(page: CorpusPage) -> str:
    """The page with its attributes in another order, white space added, its classes renamed."""
    dice = random.Random(page.name)
    names: dict[str, str] = {}
    tree = html.document_fromstring(page.text.encode(), parser=html.HTMLParser(encoding="utf-8"))
    for element in tree.iter(etree.Element):
        attributes = list(element.attrib.items())
        dice.shuffle(attributes)
        element.attrib.clear()
        for name, value in attributes:
            if name == "class":
                new = (names.setdefault(c, f"c{dice.getrandbits(30):x}") for c in value.split())
                value = "  ".join(new)
            element.set(name, value)
        if element.tag in ("div", "ul", "table", "tr", "section") and len(element):
            element.text = f"{element.text or ''}\n  "
    return str(html.tostring(tree, encoding="unicode", doctype="<!doctype html>"))


#: Without usable class names, what stands beside these lists (a menu, the pager) is taken too.
MORE = {"forum-phpbb", "region-lenta"}


#: Every third page: all of them take a while.
@pytest.mark.parametrize("corpus_page", listings()[::3], ids=lambda page: page.name)
def test_a_page_in_disguise_shows_the_same_rows(corpus_page: CorpusPage) -> None:
    zone = ZoneInfo(corpus_page.timezone or "UTC")
    url = corpus_page.base_url
    source = Source("site", url, "Site", timezone=zone, language=corpus_page.language)
    now = datetime.combine(corpus_page.today, time(12), UTC)
    shown = find(corpus_page.text, source, url, now).listing
    if shown is None:
        pytest.skip("no list is found on it")
    before = past(shown.items)
    again = find(disguised(corpus_page), source, url, now, before)
    assert again.listing is not None
    assert again.doubt is None
    rows = identify(again.listing.items, url)
    assert before.carried(again.listing.items, url, relaid=True) == len(shown.items)
    assert len(rows) == len(shown.items) or corpus_page.name in MORE


def test_what_has_no_date_beside_rows_that_all_have_one_is_not_news_of_a_new_layout() -> None:
    shown = dated(ITEMS)
    rows = identify([Item("About us", f"{PAGE}/about"), *reversed(shown)], PAGE)
    known = [
        Known(n, None, row.link_key, row.title_key, row.fingerprint, row.item.date)
        for n, row in enumerate(rows[2:])
    ]
    decided = diff(rows, known, [Place(entry.key) for entry in known], 2, Rules(), relaid=True)
    assert [row.item.title for row in on_top(rows, decided)] == [shown[-1].title]
