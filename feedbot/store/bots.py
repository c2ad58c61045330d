"""What is remembered of each bot: which updates are done, and how long Telegram wants it quiet."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from feedbot.store.dialect import insert_missing
from feedbot.store.schema import bots


async def update_offset(connection: AsyncConnection, bot_id: int) -> int | None:
    """The next `update_id` to ask getUpdates for; None before the first."""
    query = sa.select(bots.c.update_offset).where(bots.c.id == bot_id)
    return (await connection.execute(query)).scalar()


async def set_update_offset(connection: AsyncConnection, bot_id: int, offset: int) -> None:
    """Remember that all updates before `offset` are done."""
    await _set(connection, bot_id, update_offset=offset)


async def hold_until(connection: AsyncConnection, bot_id: int) -> datetime | None:
    """Until when this bot may send nothing (a retry_after); None: it may."""
    query = sa.select(bots.c.hold_until).where(bots.c.id == bot_id)
    moment: datetime | None = (await connection.execute(query)).scalar()
    return moment


async def hold(connection: AsyncConnection, bot_id: int, until: datetime) -> None:
    """Let this bot send nothing until then; restarts do not shorten it."""
    await _set(connection, bot_id, hold_until=until)


async def _set(connection: AsyncConnection, bot_id: int, **values: object) -> None:
    await insert_missing(connection, bots, [{"id": bot_id}], ["id"])
    await connection.execute(sa.update(bots).where(bots.c.id == bot_id).values(**values))
