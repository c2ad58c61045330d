"""What is remembered of each bot: the updates done, the newest message id, how long to be quiet."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

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


async def refuse(connection: AsyncConnection, bot_id: int, why: str) -> None:
    """Remember that Telegram refuses this bot."""
    await _set(connection, bot_id, refused=why)


async def accept(connection: AsyncConnection) -> None:
    """Remember that the bot is refused no more: this one, or another in its place."""
    await connection.execute(sa.update(bots).values(refused=None))


async def refused(connection: AsyncConnection) -> str | None:
    """Why Telegram refuses the bot, as far as the last process knew; None: it does not."""
    query = sa.select(bots.c.refused).where(bots.c.refused.is_not(None))
    return (await connection.execute(query.limit(1))).scalar()


async def last_id(connection: AsyncConnection, bot_id: int) -> int | None:
    """The newest message id known in the bot's chats with people and basic groups."""
    query = sa.select(bots.c.last_id).where(bots.c.id == bot_id)
    return (await connection.execute(query)).scalar()


async def learn_id(connection: AsyncConnection, bot_id: int, id: int) -> None:
    """Remember a message id of these chats, if it is the newest."""
    if id > (await last_id(connection, bot_id) or 0):
        await _set(connection, bot_id, last_id=id)


async def _set(connection: AsyncConnection, bot_id: int, **values: object) -> None:
    update = sa.update(bots).where(bots.c.id == bot_id).values(**values)
    if not (await connection.execute(update)).rowcount:
        await connection.execute(sa.insert(bots).values(id=bot_id, **values))
