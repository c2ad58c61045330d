"""What a source is used to: how many rows its list has, how many new entries a day brings.

One row for each source and day on which a list was read or a poll failed; after 90 days it goes.
A poll that brings nothing new writes none.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from math import ceil

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from feedbot.expectation import Day
from feedbot.judge import History
from feedbot.store.schema import days
from feedbot.store.sources import SourceState

#: How long the days of a source are kept.
KEPT = timedelta(days=90)
#: How far back the shortest list is looked for.
_OF_LATE = timedelta(days=30)
_DAY = timedelta(days=1)


def known(state: SourceState, now: datetime) -> History:
    """What the source's own row says of its past.

    While it is doubtful it is read all the same: that time explains no more new rows.
    """
    until = state.doubtful_since or now
    away = ceil((until - state.last_ok_at) / _DAY) if state.last_ok_at else 1
    return History(usual=state.usual, away=max(1, away), replaced=state.replaced)


async def read(connection: AsyncConnection, state: SourceState, now: datetime) -> History:
    """All that is known of the source's past."""
    today = now.date()
    of_late = sa.case((days.c.day >= today - _OF_LATE, days.c.rows))
    query = sa.select(sa.func.max(days.c.new), sa.func.min(of_late)).where(
        days.c.source_id == state.id, days.c.day >= today - KEPT
    )
    busiest, fewest = (await connection.execute(query)).one()
    so_far = known(state, now)
    return History(so_far.usual, fewest, busiest or 0, so_far.away, so_far.replaced)


async def days_of(
    connection: AsyncConnection, source_ids: Sequence[int], now: datetime
) -> dict[int, list[Day]]:
    """The days of each of these sources, oldest first."""
    found: dict[int, list[Day]] = {id: [] for id in source_ids}
    query = (
        sa.select(days.c.source_id, days.c.day, days.c.new, days.c.rows, days.c.dated)
        .where(days.c.source_id.in_(source_ids), days.c.day >= now.date() - KEPT)
        .order_by(days.c.day)
    )
    for row in await connection.execute(query):
        found[row.source_id].append(Day(row.day, row.new, row.rows, row.dated))
    return found


async def note(
    connection: AsyncConnection,
    source_id: int,
    now: datetime,
    *,
    new: int = 0,
    failed: int = 0,
    rows: int | None = None,
    dated: int | None = None,
) -> None:
    """Add what a poll brought to its day.

    rows:  of the list, where it was believed
    dated: those of them with a date
    """
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    today = {"source_id": source_id, "day": now.date()}
    values = {"new": new, "failed": failed, "rows": rows, "dated": dated}
    of = days.c
    more: dict[str, object] = {"new": of.new + new, "failed": of.failed + failed}
    if rows is not None:
        more["rows"] = sa.case((of.rows < rows, of.rows), else_=rows)
    if dated is not None:
        more["dated"] = dated
    statement = insert(days).values(**today, **values)
    await connection.execute(statement.on_conflict_do_update(index_elements=list(today), set_=more))


async def totals(connection: AsyncConnection, since: date) -> tuple[int, int]:
    """Of all sources from this day on: entries announced, polls that failed."""
    query = sa.select(sa.func.sum(days.c.new), sa.func.sum(days.c.failed))
    row = (await connection.execute(query.where(days.c.day >= since))).one()
    return row[0] or 0, row[1] or 0


async def forget(connection: AsyncConnection, now: datetime, limit: int = 500) -> bool:
    """Delete about `limit` of the days that are too long ago; whether there are more."""
    old = sa.select(days.c.day).where(days.c.day < now.date() - KEPT).order_by(days.c.day)
    some = list((await connection.execute(old.limit(limit))).scalars())
    if some:
        await connection.execute(sa.delete(days).where(days.c.day <= some[-1]))
    return len(some) == limit
