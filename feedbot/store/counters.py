"""Which local dates of each counter have been owed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from feedbot.store.dialect import insert_missing
from feedbot.store.schema import counters, counts


@dataclass(frozen=True, slots=True)
class CounterState:
    """One row of `counters`. `last_owed`: local date in the counter's zone."""

    name: str
    first_seen: datetime
    last_owed: date | None


@dataclass(frozen=True, slots=True)
class Count:
    """What a counter said on a local date, and when."""

    day: date
    text: str
    at: datetime


async def sync(connection: AsyncConnection, names: list[str], now: datetime) -> None:
    """Remember when each configured counter was first seen."""
    rows = [{"name": name, "first_seen": now} for name in names]
    await insert_missing(connection, counters, rows, ["name"])


async def load_all(connection: AsyncConnection) -> dict[str, CounterState]:
    """Every counter ever configured."""
    rows = await connection.execute(sa.select(counters))
    return {row.name: CounterState(row.name, row.first_seen, row.last_owed) for row in rows}


async def mark_owed(connection: AsyncConnection, name: str, day: date) -> None:
    """A day is owed: never again, and no earlier one either."""
    await connection.execute(
        sa.update(counters).where(counters.c.name == name).values(last_owed=day)
    )


async def record(connection: AsyncConnection, name: str, count: Count, *, milestone: bool) -> None:
    """Keep what a counter said on a day."""
    row = {
        "counter": name,
        "day": count.day,
        "text": count.text,
        "milestone": milestone,
        "at": count.at,
    }
    await insert_missing(connection, counts, [row], ["counter", "day"])


async def said(
    connection: AsyncConnection, name: str, limit: int, *, milestones: bool
) -> list[Count]:
    """The last `limit` days of a counter, or of its milestones alone, newest first."""
    query = sa.select(counts).where(counts.c.counter == name)
    if milestones:
        query = query.where(counts.c.milestone)
    rows = await connection.execute(query.order_by(counts.c.day.desc()).limit(limit))
    return [Count(row.day, row.text, row.at) for row in rows]
