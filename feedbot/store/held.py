"""Entries that are kept back: stored, in no feed, owed to nobody, until the operator decides.

    hold ─→ waiting ─→ released: in the feed, as if it had come now; owed where it is to be posted
                  └──→ dropped: known for good, and shown nowhere

They are written with the poll that brought them. `schema.NOT_HELD` keeps them out of every query
for what is to be shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from feedbot.identity import Row
from feedbot.model import Item, PageDate
from feedbot.owing import FIRST, Announced
from feedbot.store import catalogue
from feedbot.store.dialect import chunks, insert_missing
from feedbot.store.entries import Stamps
from feedbot.store.schema import articles, entries, held, meta, sources
from feedbot.store.sources import SourceState, counted

_WAITING = held.c.dropped_at.is_(None)
_RELEASED = "released:"  # keys in `meta`: how often something of a source was let go


@dataclass(frozen=True, slots=True)
class Held:
    """An entry that waits. `batch`: the number of all that came with it."""

    entry_id: int
    source: str
    batch: int
    held_at: datetime
    title: str
    link: str
    page_date: PageDate


async def hold(
    connection: AsyncConnection, source_id: int, entry_ids: Sequence[int], now: datetime
) -> int:
    """Keep these new entries back; the number of the batch."""
    batch = min(entry_ids)
    rows = [
        {"entry_id": id, "source_id": source_id, "batch": batch, "held_at": now} for id in entry_ids
    ]
    await connection.execute(sa.insert(held), rows)
    await catalogue.enter(connection, entry_ids, now)
    return batch


async def batches_since(connection: AsyncConnection, source_id: int, since: datetime) -> int:
    """How many batches of a source that wait still have come since then."""
    query = sa.select(sa.func.count(held.c.batch.distinct())).where(
        held.c.source_id == source_id, _WAITING, held.c.held_at > since
    )
    number: int = (await connection.execute(query)).scalar_one()
    return number


async def of(connection: AsyncConnection, source_id: int) -> set[int]:
    """The entries of a source that wait, or were dropped."""
    query = sa.select(held.c.entry_id).where(held.c.source_id == source_id)
    return set((await connection.execute(query)).scalars())


async def waiting(
    connection: AsyncConnection, *, source: str | None = None, batch: int | None = None
) -> list[Held]:
    """What waits (of a source, of a batch), in the order of events."""
    query = (
        sa.select(
            held.c.entry_id,
            sources.c.name.label("source"),
            held.c.batch,
            held.c.held_at,
            entries.c.title,
            entries.c.link,
            entries.c.page_date,
        )
        .join_from(held, entries, entries.c.id == held.c.entry_id)
        .join(sources, sources.c.id == held.c.source_id)
        .where(_WAITING, entries.c.gone_at.is_(None), entries.c.retracted_at.is_(None))
        .order_by(held.c.entry_id)
    )
    if source is not None:
        query = query.where(sources.c.name == source)
    if batch is not None:
        query = query.where(held.c.batch == batch)
    return [Held(**row) for row in (await connection.execute(query)).mappings()]


async def numbers(connection: AsyncConnection) -> dict[str, int]:
    """How many entries wait of each source, by its name."""
    query = (
        sa.select(sources.c.name, sa.func.count())
        .join_from(held, sources, sources.c.id == held.c.source_id)
        .where(_WAITING)
        .group_by(sources.c.name)
    )
    return {row[0]: row[1] for row in await connection.execute(query)}


async def drop(connection: AsyncConnection, entry_ids: Sequence[int], now: datetime) -> None:
    """Show these to nobody, ever. They stay known, so that no poll brings them again."""
    for some in chunks(entry_ids):
        await connection.execute(
            sa.update(held).where(held.c.entry_id.in_(some)).values(dropped_at=now)
        )


async def release(
    connection: AsyncConnection, state: SourceState, entry_ids: Sequence[int], now: datetime
) -> list[Announced]:
    """Let these entries of a source into its feed, as if they had come now; what to say of them."""
    state = await counted(connection, state)
    stamps = Stamps(len(entry_ids), now, state.last_updated)
    places = zip(sorted(entry_ids), stamps, count(state.positions + 1), strict=False)
    for id, updated, position in places:
        await connection.execute(
            sa.update(entries).where(entries.c.id == id).values(updated=updated, position=position)
        )
    await connection.execute(
        sa.update(sources)
        .where(sources.c.id == state.id)
        .values(positions=state.positions + len(entry_ids), last_updated=stamps.last)
    )
    for some in chunks(entry_ids):
        await connection.execute(sa.delete(held).where(held.c.entry_id.in_(some)))
    await catalogue.enter(connection, entry_ids, now)
    await _count(connection, state.name)
    return await _announced(connection, entry_ids)


async def _announced(connection: AsyncConnection, entry_ids: Sequence[int]) -> list[Announced]:
    found = []
    for some in chunks(sorted(entry_ids)):
        query = (
            sa.select(entries, articles.c.key.label("article_key"))
            .join(articles, articles.c.id == entries.c.article_id)
            .where(entries.c.id.in_(some))
            .order_by(entries.c.id)
        )
        for row in await connection.execute(query):
            item = Item(
                title=row.title,
                link=row.link,
                own_link=row.link_key is not None,
                guid=row.guid,
                date=row.page_date,
                summary=row.summary,
                content=row.content,
                author=row.author,
                image=row.image,
                categories=tuple(row.categories),
            )
            keys = (row.guid, row.link_key, row.title_key, row.fingerprint, row.article_key)
            found.append(Announced(row.id, row.article_id, FIRST, Row(item, *keys)))
    return found


async def _count(connection: AsyncConnection, source: str) -> None:
    key = f"{_RELEASED}{source}"
    await insert_missing(connection, meta, [{"key": key, "value": "0"}], ["key"])
    more = sa.cast(meta.c.value, sa.BigInteger) + 1
    await connection.execute(
        sa.update(meta).where(meta.c.key == key).values(value=sa.cast(more, sa.String))
    )


async def releases(connection: AsyncConnection) -> dict[str, int]:
    """How often something of each source was let go, by its name; those without are left out."""
    query = sa.select(meta.c.key, meta.c.value).where(meta.c.key.startswith(_RELEASED))
    rows = await connection.execute(query)
    return {key.removeprefix(_RELEASED): int(value) for key, value in rows}
