"""Sources looked at together: those that struggle, and all of them by turns."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from feedbot.store.schema import sources
from feedbot.store.sources import SourceState, state_of


async def struggling(
    connection: AsyncConnection, polls: int, long_ago: datetime
) -> list[SourceState]:
    """Active sources that failed in so many polls or since then, or whose list is short."""
    fails = sa.or_(sources.c.failures >= polls, sources.c.failed_since <= long_ago)
    query = sa.select(sources).where(
        sources.c.active, sa.or_(fails, sources.c.short_since.is_not(None))
    )
    return [state_of(row) for row in await connection.execute(query.order_by(sources.c.name))]


async def number(connection: AsyncConnection) -> int:
    """How many sources there ever were."""
    query = sa.select(sa.func.count()).select_from(sources)
    count: int = (await connection.execute(query)).scalar_one()
    return count


async def after(connection: AsyncConnection, id: int, limit: int) -> list[SourceState]:
    """The next sources by number; from the first on where there is none."""
    query = sa.select(sources).order_by(sources.c.id).limit(limit)
    rows = list(await connection.execute(query.where(sources.c.id > id)))
    return [state_of(row) for row in rows or await connection.execute(query)]
