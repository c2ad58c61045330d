"""The history of a source: what its entries say, and said before they were changed.

Every new or changed entry takes the next position of its source, and stays there for good: when it
changes, what stood there is kept as an edition. So a stretch of positions always reads the same,
save for entries that are gone or were taken back: these leave a tombstone.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from feedbot.model import Entry
from feedbot.store.dialect import chunks, insert_missing
from feedbot.store.feeds import ENTRIES, Stored, entry_of
from feedbot.store.schema import NOT_HELD, archives, editions, entries, held, restated

_SAID = ("title", "link", "updated", "summary", "content", "author", "image")


@dataclass(frozen=True, slots=True)
class Stretch:
    """What stands at some positions: entries as they were there, and who left when."""

    shown: tuple[Stored, ...]
    gone: tuple[tuple[str, datetime], ...]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a source's archives are written.

    recipe:    hash of what all of them were made with
    positions: how many there were then
    """

    recipe: str
    positions: int


async def keep(connection: AsyncConnection, entry_id: int) -> None:
    """Keep what an entry says, its article's text included, before it is changed."""
    row = (await connection.execute(ENTRIES.where(entries.c.id == entry_id))).one()
    entry = entry_of(row)
    said = {name: getattr(entry, name) for name in _SAID} | {"categories": list(entry.categories)}
    where = {name: getattr(row, name) for name in ("source_id", "position", "revision")}
    await connection.execute(sa.insert(editions).values(entry_id=entry_id, **said, **where))


async def restate(connection: AsyncConnection, entry_ids: Sequence[int]) -> None:
    """Let the archives be written anew that have these entries, in whatever edition."""
    for some in chunks(entry_ids):
        for table, key in ((entries, entries.c.id), (editions, editions.c.entry_id)):
            query = sa.select(table.c.source_id, table.c.position).where(key.in_(some))
            rows = [dict(row._mapping) for row in await connection.execute(query)]
            await insert_missing(connection, restated, rows, ["source_id", "position"])


async def stretch(connection: AsyncConnection, source_id: int, first: int, last: int) -> Stretch:
    """What stands at these positions, newest publication first; of an entry the newest edition."""
    now = ENTRIES.where(
        entries.c.source_id == source_id, entries.c.position.between(first, last), NOT_HELD
    )
    found = {row.id: (row.position, row, entry_of(row)) for row in await connection.execute(now)}
    before = sa.select(editions).where(
        editions.c.source_id == source_id,
        editions.c.position.between(first, last),
        editions.c.entry_id.not_in(sa.select(held.c.entry_id)),
    )
    for old, row in await _with_entries(connection, before):
        if row.id not in found or found[row.id][0] < old.position:
            found[row.id] = (old.position, row, _as_it_was(old, row))
    shown, gone = [], []
    for position, row, entry in found.values():
        if when := _left(row):
            gone.append((row.atom_id, when))
        else:
            shown.append(Stored(row.id, row.source_id, entry, position, row.revision > 1))
    shown.sort(key=lambda one: (one.entry.published, one.key), reverse=True)
    return Stretch(tuple(shown), tuple(sorted(gone, key=lambda one: (one[1], one[0]))))


async def _with_entries(
    connection: AsyncConnection, query: sa.Select[Any]
) -> list[tuple[Any, Any]]:
    """(edition, its entry's row) of each, oldest first."""
    olds = list(await connection.execute(query.order_by(editions.c.position)))
    rows: dict[int, Any] = {}
    for some in chunks(sorted({old.entry_id for old in olds})):
        of = ENTRIES.where(entries.c.id.in_(some))
        rows |= {row.id: row for row in await connection.execute(of)}
    return [(old, rows[old.entry_id]) for old in olds]


async def history(
    connection: AsyncConnection, entry_ids: Collection[int]
) -> dict[int, list[Stored]]:
    """What entries said before, each as it was, oldest first; those never changed are left out."""
    found: dict[int, list[Stored]] = {}
    for some in chunks(sorted(entry_ids)):
        query = sa.select(editions).where(editions.c.entry_id.in_(some))
        for old, row in await _with_entries(connection, query):
            was = Stored(row.id, row.source_id, _as_it_was(old, row), old.position)
            found.setdefault(row.id, []).append(was)
    return found


def _as_it_was(old: Any, row: Any) -> Entry:
    now = entry_of(row)
    same = old.image == now.image
    return replace(
        now,
        title=old.title,
        link=old.link,
        updated=old.updated,
        summary=old.summary,
        content=old.content,
        author=old.author,
        image=old.image,
        image_type=now.image_type if same else None,
        image_length=now.image_length if same else None,
        categories=tuple(old.categories),
    )


def _left(row: Any) -> datetime | None:
    times = [when for when in (row.gone_at, row.retracted_at) if when]
    return max(times, default=None)


async def progress(connection: AsyncConnection, source_id: int) -> Progress | None:
    """How far a source's archives are written; None: not at all."""
    query = sa.select(archives).where(archives.c.source_id == source_id)
    row = (await connection.execute(query)).first()
    return Progress(row.recipe, row.positions) if row else None


async def to_restate(connection: AsyncConnection, source_id: int) -> list[int]:
    """The positions of a source whose archive has to be written anew."""
    query = sa.select(restated.c.position).where(restated.c.source_id == source_id)
    return list((await connection.execute(query)).scalars())


async def record_progress(
    connection: AsyncConnection, source_id: int, made: Progress, done: Sequence[int]
) -> None:
    """Archives are written so far; `done`: positions that are restated."""
    of = archives.c.source_id == source_id
    await connection.execute(sa.delete(archives).where(of))
    await connection.execute(
        sa.insert(archives).values(
            source_id=source_id, recipe=made.recipe, positions=made.positions
        )
    )
    for some in chunks(done):
        await connection.execute(
            sa.delete(restated).where(
                restated.c.source_id == source_id, restated.c.position.in_(some)
            )
        )
