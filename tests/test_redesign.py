"""Every site of the corpus is redesigned between two polls: ids stay, and only news is posted."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from contextlib import AsyncExitStack
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote, urljoin, urlsplit
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from lxml import html

from feedbot.clock import SimulatedClock
from feedbot.fetch import Fetcher
from feedbot.identity import link_key
from feedbot.model import Source
from feedbot.owing import Follower
from feedbot.poll import Audience, Poller
from feedbot.store import sources
from feedbot.store.engine import Store
from feedbot.store.schema import causes, deliveries, entries, subscribers
from feedbot.store.schema import sources as stored
from tests.corpus import CorpusPage, CorpusRow, redesigns
from tests.web import Web, reply


@dataclass
class Outcome:
    """What became of one site.

    known:       old items that the first poll found, of those labelled
    kept:        those of them that have their id in the redesign, and no other one's
    posted:      newer items that were posted once after the redesign, of those labelled
    then_posted: whether the row that came then was posted once, and nothing else
    wrong:       links that were posted and are no newer item's, or twice
    """

    name: str
    old: int
    known: int
    kept: int
    newer: int
    posted: int
    wrong: list[str]
    then_posted: bool
    problems: list[str]

    @property
    def is_missed(self) -> bool:
        """Whether the list is not found on one of the pages: no memory can help there."""
        return self.known * 2 < self.old or bool(self.problems)


class Sites:
    """One store, one server: each site in its turn."""

    def __init__(self, web: Web, store: Store, fetcher: Fetcher) -> None:
        self.web, self.store, self.fetcher = web, store, fetcher
        self.configured: list[Source] = []

    def moved(self, text: str, page: CorpusPage) -> str:
        """The text with the site's address become the server's."""
        host = urlsplit(page.base_url).netloc
        for scheme in ("https:", "http:", ""):
            text = text.replace(f"{scheme}//{host}", self.web.url("").rstrip("/"))
        return text

    def key(self, page: CorpusPage, row: CorpusRow) -> str:
        base = next(iter(html.document_fromstring(page.raw).xpath("//base/@href")), "")
        url = urljoin(urljoin(page.base_url, base), row.href)
        return link_key(self.moved(url, page))

    def serve(self, page: CorpusPage, text: str, source: Source) -> None:
        body = self.moved(text, page).encode(page.encoding, "xmlcharrefreplace")
        if page.raw.startswith(b"\xef\xbb\xbf"):
            body = b"\xef\xbb\xbf" + body
        self.web.routes = {urlsplit(source.url).path: reply(body, Content_Type=page.content_type)}

    async def poll(self, source: Source, now: datetime) -> str | None:
        async def followers(_: Any) -> list[Follower]:
            return [Follower(1)]

        async def operator(_: Any) -> int | None:
            return None

        poller = Poller(
            self.store,
            self.fetcher,
            SimulatedClock(now),
            Audience(followers, operator),
            authority="a.example",
            random=Random(1),
        )
        return (await poller.poll(source)).error

    async def entries(self, source: Source) -> dict[int, str]:
        """Entry → key of its link, of what stands in the list."""
        query = sa.select(entries.c.id, entries.c.link).join_from(entries, stored)
        async with self.store.reading() as connection:
            state = await sources.load(connection, source.name)
            shown = {place.key for place in state.places if place.absent_since is None}
            query = query.where(stored.c.name == source.name)
            rows = await connection.execute(query)
            return {row.id: link_key(row.link) for row in rows if row.id in shown}

    async def posted(self, source: Source) -> Counter[str]:
        query = (
            sa.select(entries.c.link)
            .join_from(causes, entries)
            .join(deliveries)
            .join(stored, stored.c.id == entries.c.source_id)
            .where(stored.c.name == source.name, deliveries.c.kind == "news")
        )
        async with self.store.reading() as connection:
            return Counter(link_key(link) for link in (await connection.scalars(query)))

    async def run(self, before: CorpusPage, after: CorpusPage) -> Outcome:
        zone = ZoneInfo(before.timezone or "UTC")
        noons = [
            datetime.combine(page.today, time(12), zone).astimezone(UTC) for page in (before, after)
        ]
        address = urlsplit(before.base_url)
        path = quote(address.path, "/%+,;:=@!~") + (f"?{address.query}" if address.query else "")
        source = Source(
            name=before.name,
            url=self.web.url(path),
            title=before.name,
            timezone=zone,
            language=before.language,
        )
        self.configured.append(source)
        async with self.store.transaction() as connection:
            await sources.sync(connection, self.configured, "a.example", noons[0])
        became = _became(before, after)
        self.serve(before, before.text, source)
        errors = [await self.poll(source, noons[0])]
        numbers = {key: number for number, key in (await self.entries(source)).items()}
        known = {
            numbers[key]: self.key(after, new)
            for old, new in became
            if (key := self.key(before, old)) in numbers
        }

        self.serve(after, after.text, source)
        errors.append(await self.poll(source, noons[1] + timedelta(minutes=5)))
        shown, posted = await self.entries(source), await self.posted(source)
        labelled = {self.key(after, row) for row in after.items}
        newer = labelled - {self.key(after, new) for _, new in became}
        kept = [
            shown.get(number, "") in {key} | _others(shown, labelled)
            for number, key in known.items()
        ]

        more, another = _with_another(after)
        self.serve(after, more, source)
        for minutes in (10, 15, 20):
            errors.append(await self.poll(source, noons[1] + timedelta(minutes=minutes)))
        then = await self.posted(source) - posted
        return Outcome(
            name=before.name,
            old=len(became),
            known=len(known),
            kept=sum(kept),
            newer=len(newer),
            posted=sum(posted[key] == 1 for key in newer),
            wrong=[key for key, times in posted.items() if key not in newer or times > 1],
            then_posted=then == {self.key(after, another): 1},
            problems=[error for error in errors if error],
        )


def _others(shown: Mapping[int, str], labelled: set[str]) -> set[str]:
    """Links of rows that are none of the labels: where another of a row's links was taken."""
    return set(shown.values()) - labelled


def _became(before: CorpusPage, after: CorpusPage) -> list[tuple[CorpusRow, CorpusRow]]:
    """Each old row, and what it is in the redesign."""
    dated = all(row.date for page in (before, after) for row in page.items)
    waiting: dict[Any, list[CorpusRow]] = defaultdict(list)
    for row in after.items:
        waiting[row.title, row.date if dated else None].append(row)
    return [(row, waiting[row.title, row.date if dated else None].pop(0)) for row in before.items]


def _with_another(page: CorpusPage) -> tuple[str, CorpusRow]:
    """The page with one row more, made of its newest and put before it; and that row."""
    days = [row.date for row in page.items if row.date]
    rising = bool(days) and days[0] < days[-1]
    rows = list(reversed(page.items)) if rising else list(page.items)
    tree = html.document_fromstring(page.text.encode(), parser=html.HTMLParser(encoding="utf-8"))
    for script in tree.xpath("//script[@type='application/ld+json']"):
        script.drop_tree()  # rows alone: data in the page would have to be made too
    first, second = (_place(tree, row) for row in rows[:2])
    above = next(one for one in first.iterancestors() if one in set(second.iterancestors()))
    start, end = (
        next(c for c in above if c is x or c in set(x.iterancestors())) for x in (first, second)
    )
    children = list(above)
    low, high = sorted((children.index(start), children.index(end)))
    parts = children[low + rising : high + rising]
    another = CorpusRow(_NEW_TITLE, _other(rows[0].href), rows[0].date, None, None, None)
    at = high + 1 if rising else low
    for part in reversed([_changed(deepcopy(part), rows[0], another) for part in parts]):
        above.insert(at, part)
    return html.tostring(
        tree, encoding="unicode", doctype=tree.getroottree().docinfo.doctype
    ), another


_NEW_TITLE = "Something else altogether has happened"


def _place(tree: Any, row: CorpusRow) -> Any:
    return next(
        one
        for one in tree.iter()
        if one.get("href") == row.href or (row.href[:1] == "#" and one.get("id") == row.href[1:])
    )


def _other(href: str) -> str:
    return f"{href}-another"


def _changed(part: Any, row: CorpusRow, another: CorpusRow) -> Any:
    """A copied part of a row as that of another one."""
    wanted = " ".join(row.title.split())
    for one in part.iter():
        for name in ("text", "tail"):
            text = " ".join((getattr(one, name, None) or "").split())
            if wanted in text:
                setattr(one, name, text.replace(wanted, another.title))
        if one.get("href") == row.href:
            one.set("href", another.href)
        if row.href == f"#{one.get('id')}":
            one.set("id", another.href[1:])
    return part


async def _run(folder: Path) -> list[Outcome]:
    async with AsyncExitStack() as stack:
        web = await stack.enter_async_context(Web())
        store = await Store.open(f"sqlite:///{folder}/feedbot.db")
        stack.push_async_callback(store.close)
        fetcher = await stack.enter_async_context(Fetcher(timeout=9, allow_private_networks=True))
        async with store.transaction() as connection:
            row = {"address": "@channel", "topic": 0, "origin": "config", "state": "active"}
            now = datetime(2020, 1, 1, tzinfo=UTC)
            await connection.execute(sa.insert(subscribers).values(**row, created_at=now))
        sites = Sites(web, store, fetcher)
        return [await sites.run(before, after) for before, after in redesigns()]


async def test_a_redesign_posts_what_is_new_and_nothing_that_is_old(tmp_path: Path) -> None:
    """One test: all sites share a store, and each takes a while.

    In chronik-kalender no list is found before the redesign, which so becomes its baseline. The
    news of the calendar stand above later days, and are taken for older ones.
    """
    outcomes = await _run(tmp_path)
    found = [one for one in outcomes if not one.is_missed]
    assert {one.name for one in outcomes if one.is_missed} <= {"chronik-kalender"}
    assert not any(one.wrong for one in found)
    known = sum(one.known for one in found)
    assert known >= 0.95 * sum(one.old for one in outcomes)
    assert sum(one.kept for one in found) >= 0.99 * known
    assert {one.name for one in found if one.posted < one.newer} <= {"campus-calendar"}
    assert all(one.then_posted for one in outcomes)
