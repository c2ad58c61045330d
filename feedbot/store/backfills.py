"""Older entries: how far the way back has come, and writing what it brings below all that is there.

Numbers of older entries run downwards from the lowest there is (ids below all others, positions
from 0 down, `updated` a second earlier each), so whatever is ordered by one of them stays in the
order of events while newer entries come in above. A row without a date was published a second
before the one above it. When the way is at its end the positions are
moved up once, so that archives can count from 1.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from feedbot.identity import Row
from feedbot.model import Source
from feedbot.owing import FIRST, Announced
from feedbot.source.dates import published
from feedbot.source.trail import Trail, as_json, from_json
from feedbot.store import catalogue
from feedbot.store.articles import article_ids
from feedbot.store.documents import mint
from feedbot.store.entries import columns
from feedbot.store.retract import mute
from feedbot.store.schema import archives, backfills, editions, entries, restated, sources
from feedbot.store.sources import SourceState

_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Backfill:
    """How far the way back through a source's pages has come; see schema.py for the columns."""

    source_id: int
    name: str
    goal: str
    trail: Trail
    extractor: str | None
    entries: int
    due_at: datetime
    attempts: int = 0
    done_at: datetime | None = None


def goal_of(source: Source) -> str:
    """What is configured, as `Backfill.goal`."""
    goal = source.backfill
    return goal.isoformat() if isinstance(goal, date) else str(goal)


async def due(
    connection: AsyncConnection, goals: Mapping[str, str], now: datetime
) -> list[Backfill]:
    """The next page of each source whose way back is not at its end; those not begun are fresh.

    goals: what is wanted, by the source's name; a source without a first poll has to wait
    """
    found = []
    for row in await connection.execute(_known(goals)):
        if row.goal != goals[row.name]:
            found.append(Backfill(row.id, row.name, goals[row.name], Trail(), row.reads, 0, now))
        elif row.done_at is None and row.due_at <= now:
            found.append(_backfill(row))
    return found


async def soonest(
    connection: AsyncConnection, goals: Mapping[str, str], now: datetime
) -> datetime | None:
    """When the next page of any of them is due; None where all are at their end."""
    rows = await connection.execute(_known(goals))
    times = [
        now if row.goal != goals[row.name] else row.due_at
        for row in rows
        if row.goal != goals[row.name] or row.done_at is None
    ]
    return min(times, default=None)


def _known(goals: Collection[str]) -> sa.Select[Any]:
    """The sources that want it and had their first poll, and how far each has come."""
    return (
        sa.select(sources.c.id, sources.c.name, sources.c.extractor.label("reads"), backfills)
        .outerjoin(backfills, backfills.c.source_id == sources.c.id)
        .where(sources.c.name.in_(goals), sources.c.active, sources.c.baseline_at.is_not(None))
        .order_by(sources.c.name)
    )


def _backfill(row: Any) -> Backfill:
    return Backfill(
        row.id,
        row.name,
        row.goal,
        from_json(row.trail),
        row.extractor,
        row.entries,
        row.due_at,
        row.attempts,
        row.done_at,
    )


async def record(connection: AsyncConnection, backfill: Backfill) -> None:
    """Write how far it has come."""
    values = {
        "goal": backfill.goal,
        "trail": as_json(backfill.trail),
        "extractor": backfill.extractor,
        "entries": backfill.entries,
        "due_at": backfill.due_at,
        "attempts": backfill.attempts,
        "done_at": backfill.done_at,
    }
    of = backfills.c.source_id == backfill.source_id
    changed = await connection.execute(sa.update(backfills).where(of).values(values))
    if not changed.rowcount:
        insert = sa.insert(backfills)
        await connection.execute(insert.values(source_id=backfill.source_id, **values))


async def insert_older(
    connection: AsyncConnection,
    state: SourceState,
    rows: Sequence[Row],
    shown: set[str],
    *,
    source: Source,
    authority: str,
    now: datetime,
) -> list[Announced]:
    """Store `rows`, newest first, as older than all entries of the source; nobody is told.

    shown: article keys of the page's rows that are known already

    Returns them in the order of events.
    """
    if not rows:
        return []
    ids_of = await article_ids(connection, state.id, {row.article_key for row in rows}, shown)
    lowest = await _lowest(connection, state.id)
    updated = lowest.updated if lowest else now.replace(microsecond=0)
    position = lowest.position if lowest else 1
    least = (await connection.execute(sa.select(sa.func.min(entries.c.id)))).scalar() or 1
    least = min(least, 1)
    before = lowest.published if lowest else updated
    values = []
    for number, row in enumerate(rows, start=1):
        stamp = updated - number * _SECOND
        undated = min(stamp, before - _SECOND)
        when = (
            undated if row.item.date is None else published(row.item.date, stamp, source.timezone)
        )
        before = when
        values.append(
            columns(row)
            | {
                "id": least - number,
                "atom_id": mint(authority, now, state.name),
                "source_id": state.id,
                "article_id": ids_of[row.article_key],
                "baseline": True,
                "published": when,
                "updated": stamp,
                "position": position - number,
                "first_seen": now,
                "revision": FIRST,
            }
        )
    await connection.execute(sa.insert(entries), values)
    await connection.execute(
        sa.update(sources)
        .where(sources.c.id == state.id)
        .values(entries=sources.c.entries + len(rows))
    )
    brought = [
        Announced(least - number, ids_of[row.article_key], FIRST, row)
        for number, row in enumerate(rows, start=1)
    ]
    await mute(connection, {one.article_id for one in brought}, now)
    await catalogue.enter(connection, [one.entry_id for one in brought], now)
    return brought[::-1]


async def _lowest(connection: AsyncConnection, source_id: int) -> Any:
    query = (
        sa.select(entries.c.position, entries.c.updated, entries.c.published)
        .where(entries.c.source_id == source_id)
        .order_by(entries.c.position)
        .limit(1)
    )
    return (await connection.execute(query)).first()


async def settle(connection: AsyncConnection, source_id: int) -> None:
    """Let the positions of a source begin at 1; its archives are written anew then."""
    lowest = await _lowest(connection, source_id)
    if lowest is None or lowest.position > 0:
        return
    up = 1 - lowest.position
    for table in (entries, editions):
        of = table.c.source_id == source_id
        moved = sa.update(table).where(of).values(position=table.c.position + up)
        await connection.execute(moved)
    moved = sa.update(sources).where(sources.c.id == source_id)
    await connection.execute(moved.values(positions=sources.c.positions + up))
    for table in (archives, restated):
        await connection.execute(sa.delete(table).where(table.c.source_id == source_id))


def again(backfill: Backfill, due_at: datetime) -> Backfill:
    """The same page once more, later."""
    return replace(backfill, attempts=backfill.attempts + 1, due_at=due_at)
