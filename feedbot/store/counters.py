"""Which local dates of each counter have been owed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from feedbot.store.dialect import insert_missing
from feedbot.store.schema import counters


@dataclass(frozen=True, slots=True)
class CounterState:
    """One row of `counters`. `last_owed`: local date in the counter's zone."""

    name: str
    first_seen: datetime
    last_owed: date | None


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
