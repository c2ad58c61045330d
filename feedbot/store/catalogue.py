"""What readers can look through: every entry that is to be seen, in the order of its date.

    enter ─→ catalogue (by date, by source and date), labels (by category and date), fulltext

Whoever stores, changes or takes back entries enters them here in the same transaction. An entry's
place is its date in seconds with its number in the lowest bits: one whole number that orders all
entries, so a page that begins at one shows the same for ever, whatever comes above it.
"""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import unescape
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from feedbot.model import Entry
from feedbot.search import Query, stems
from feedbot.store import fulltext
from feedbot.store.dialect import chunks, insert_missing
from feedbot.store.feeds import ENTRIES, entry_of
from feedbot.store.fulltext import TOP, Indexed
from feedbot.store.schema import NOT_HELD, catalogue, entries, labels, meta

_BITS = 24  # of an entry's number in a place: so many entries of one second can be told apart
_VERSION = "catalogue"  # key in `meta`: which state of the catalogue this is, and since when
_TAG = re.compile(r"<[^<>]*>")
#: Up to so many sources are looked into one by one, each by its own index.
_FEW = 20
#: A date that was misread makes no endless list.
_MOST_PERIODS = 60


@dataclass(frozen=True, slots=True)
class Listed:
    """An entry as the pages show it.

    number:       of the entry, for good
    place:        in the order of dates
    changed:      whether it once said something else
    gone_at:      when it left its page; None: it is there
    retracted_at: when it was taken back by the operator
    """

    number: int
    place: int
    source_id: int
    entry: Entry
    first_seen: datetime
    changed: bool = False
    gone_at: datetime | None = None
    retracted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Range:
    """Which part of the catalogue is meant.

    sources:      numbers of those that are shown
    category:     entries of this one alone
    since, until: places: from the first on, below the second
    """

    sources: Sequence[int]
    category: str | None = None
    since: int | None = None
    until: int | None = None


@dataclass(frozen=True, slots=True)
class Version:
    """A state of the catalogue: two that are equal show the same; `since` when it is so."""

    key: str
    since: datetime


def place_of(published: datetime, number: int = 0) -> int:
    """The place of an entry; with no number, the first place of that second."""
    return (int(published.timestamp()) << _BITS) | (number & ((1 << _BITS) - 1))


async def enter(connection: AsyncConnection, numbers: Collection[int], now: datetime) -> None:
    """Have the catalogue say what these entries say now; those taken back, or held, leave it."""
    if not numbers:
        return
    for some in chunks(sorted(set(numbers))):
        query = ENTRIES.where(entries.c.id.in_(some), NOT_HELD)
        rows = list(await connection.execute(query))
        await _take_out(connection, some)
        shown = [(row, entry_of(row)) for row in rows if row.retracted_at is None]
        await _insert(connection, shown)
    await _move_on(connection, now)


async def _move_on(connection: AsyncConnection, now: datetime) -> None:
    value = f"{uuid.uuid4().hex} {now.isoformat()}"
    await insert_missing(connection, meta, [{"key": _VERSION, "value": value}], ["key"])
    await connection.execute(sa.update(meta).where(meta.c.key == _VERSION).values(value=value))


async def leave(connection: AsyncConnection, numbers: Sequence[int], now: datetime) -> None:
    """Take these entries out of the catalogue; they are about to be no more."""
    await _take_out(connection, numbers)
    await _move_on(connection, now)


async def _take_out(connection: AsyncConnection, numbers: Sequence[int]) -> None:
    before = sa.select(catalogue.c.place).where(catalogue.c.entry_id.in_(numbers))
    await fulltext.erase(connection, (await connection.execute(before)).scalars().all())
    for table in (catalogue, labels):
        await connection.execute(sa.delete(table).where(table.c.entry_id.in_(numbers)))


async def _insert(connection: AsyncConnection, shown: Sequence[tuple[Any, Entry]]) -> None:
    places = [
        {
            "entry_id": row.id,
            "source_id": row.source_id,
            "place": place_of(entry.published, row.id),
        }
        for row, entry in shown
    ]
    if places:
        await connection.execute(sa.insert(catalogue), places)
    said = [(place, entry) for place, (_, entry) in zip(places, shown, strict=True)]
    await fulltext.write(connection, await asyncio.to_thread(_indexed, said))
    terms = [
        place | {"category": category} for place, entry in said for category in entry.categories
    ]
    if terms:
        await connection.execute(sa.insert(labels), terms)


def _indexed(said: Sequence[tuple[dict[str, int], Entry]]) -> list[Indexed]:
    """What is indexed of entries; a baseline's takes a while, so it is not for the event loop."""
    return [
        Indexed(place["place"], place["source_id"], stems(_text(entry))) for place, entry in said
    ]


def _text(entry: Entry) -> str:
    text = _TAG.sub(" ", entry.content) if entry.content else entry.summary
    said = (entry.title, text, entry.author or "", *entry.categories)
    return "\n".join(unescape(one) for one in said)


async def version(connection: AsyncConnection) -> Version:
    """Which state this is; cheap enough to be asked for often."""
    query = sa.select(meta.c.value).where(meta.c.key == _VERSION)
    value = (await connection.execute(query)).scalar()
    if value is None:
        return Version("", datetime.fromtimestamp(0, UTC))
    key, _, since = value.partition(" ")
    return Version(key, datetime.fromisoformat(since))


async def newest(
    connection: AsyncConnection, within: Range, limit: int, *, before: int | None = None
) -> list[Listed]:
    """The last `limit` entries of a range, newest first; only those below the place `before`."""
    tops = [top for top in (within.until, before) if top is not None]
    places = await _places(connection, within, min(tops, default=None), limit, newer=False)
    return await _listed(connection, places)


async def next_newer(
    connection: AsyncConnection, within: Range, limit: int, *, after: int
) -> list[Listed]:
    """The first `limit` entries of a range above the place `after`, newest first."""
    places = await _places(connection, within, after, limit, newer=True)
    return await _listed(connection, places)


async def search(
    connection: AsyncConnection,
    query: Query,
    source_ids: Sequence[int],
    limit: int,
    before: int | None = None,
) -> list[Listed]:
    """The last `limit` entries that a query finds, newest first."""
    bound = TOP if before is None else before
    places = await fulltext.find(connection, query, source_ids, limit, bound)
    numbers = sa.select(catalogue.c.entry_id).where(catalogue.c.place.in_(places))
    return await _listed(connection, (await connection.execute(numbers)).scalars().all())


async def _places(
    connection: AsyncConnection, within: Range, bound: int | None, limit: int, *, newer: bool
) -> list[int]:
    """Numbers of entries from a bound on, the nearest first."""
    table = labels if within.category is not None else catalogue
    place = table.c.place
    where: list[sa.ColumnElement[bool]] = []
    if within.category is not None:
        where.append(labels.c.category == within.category)
    if within.since is not None:
        where.append(place >= within.since)
    if newer and within.until is not None:
        where.append(place < within.until)
    if bound is not None:
        where.append(place > bound if newer else place < bound)
    query = (
        sa.select(table.c.entry_id, place)
        .where(*where)
        .order_by(place.asc() if newer else place.desc())
        .limit(limit)
    )
    found: list[Any] = []
    for sources in _sources(table, within):
        found += list(await connection.execute(query.where(sources)))
    found.sort(key=lambda row: row.place, reverse=not newer)
    return [row.entry_id for row in found[:limit]]


def _sources(table: sa.Table, within: Range) -> Iterable[sa.ColumnElement[bool]]:
    """Conditions whose results together are those of the sources, each by an index.

    `+ 0` keeps the database from gathering whole sources first.
    """
    if table is catalogue and len(within.sources) <= _FEW:
        return [catalogue.c.source_id == id for id in within.sources]
    return [(table.c.source_id + 0).in_(within.sources)]


async def _listed(connection: AsyncConnection, numbers: Sequence[int]) -> list[Listed]:
    if not numbers:
        return []
    query = ENTRIES.where(entries.c.id.in_(numbers))
    found = [listed(row) for row in await connection.execute(query)]
    return sorted(found, key=lambda one: one.place, reverse=True)


async def find(connection: AsyncConnection, number: int) -> Listed | None:
    """The entry of this number, also one that was taken back."""
    row = (await connection.execute(ENTRIES.where(entries.c.id == number))).first()
    return listed(row) if row else None


async def parts(connection: AsyncConnection, size: int) -> list[int]:
    """Which stretches of `size` entry numbers have any: the n-th begins at `n * size`."""
    found: list[int] = []
    first = sa.select(sa.func.min(catalogue.c.entry_id))
    number = (await connection.execute(first)).scalar()
    while number is not None:
        found.append(number // size)
        beyond = first.where(catalogue.c.entry_id >= (found[-1] + 1) * size)
        number = (await connection.execute(beyond)).scalar()
    return found


async def numbers(
    connection: AsyncConnection, source_ids: Sequence[int], first: int, end: int
) -> list[tuple[int, datetime]]:
    """The entries numbered from `first` on, below `end`, and when each was last changed."""
    query = (
        sa.select(entries.c.id, entries.c.updated)
        .join_from(catalogue, entries, entries.c.id == catalogue.c.entry_id)
        .where(
            catalogue.c.entry_id >= first,
            catalogue.c.entry_id < end,
            (catalogue.c.source_id + 0).in_(source_ids),
        )
        .order_by(catalogue.c.entry_id)
    )
    return [(row.id, row.updated) for row in await connection.execute(query)]


def listed(row: Any) -> Listed:
    """A row of `feeds.ENTRIES` as the pages show it."""
    entry = entry_of(row)
    return Listed(
        row.id,
        place_of(entry.published, row.id),
        row.source_id,
        entry,
        row.first_seen,
        row.revision > 1,
        row.gone_at,
        row.retracted_at,
    )


async def periods(
    connection: AsyncConnection, within: Range, start_of: Callable[[datetime], datetime]
) -> list[datetime]:
    """The beginnings of the periods (years, months) that have entries, newest first.

    start_of: when the period of a moment (UTC) began
    Each costs one look into an index for each source, however many entries there are.
    """
    found: list[datetime] = []
    below = within.until
    while len(found) < _MOST_PERIODS:
        top = await _top(connection, within, below)
        if top is None or (within.since is not None and top < within.since):
            break
        found.append(start_of(datetime.fromtimestamp(top >> _BITS, UTC)))
        below = place_of(found[-1])
    return found


async def _top(connection: AsyncConnection, within: Range, below: int | None) -> int | None:
    """The newest place of a range below another."""
    tops = []
    for source in _sources(catalogue, within):
        query = sa.select(catalogue.c.place).where(source).order_by(catalogue.c.place.desc())
        if below is not None:
            query = query.where(catalogue.c.place < below)
        tops.append((await connection.execute(query.limit(1))).scalar())
    return max((top for top in tops if top is not None), default=None)
