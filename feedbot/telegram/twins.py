"""One chat under two addresses: its number, and the "@name" it also has. It is to get all once.

Only where both kinds of address are known can there be two rows for a chat; then Telegram is asked
which number a name stands for, before anything is sent.
"""

from __future__ import annotations

import logging

from sqlalchemy.ext.asyncio import AsyncConnection
from telegram import Bot
from telegram.error import BadRequest, ChatMigrated, Forbidden

from feedbot.clock import Clock
from feedbot.owing import owe_notice
from feedbot.store import membership, outbox, subscribers
from feedbot.store.engine import Store
from feedbot.store.schema import subscribers as rows
from feedbot.store.subscribers import Subscriber
from feedbot.telegram.texts import notice

log = logging.getLogger(__name__)


async def unite(store: Store, bot: Bot, clock: Clock, language: str) -> None:
    """Make one of each chat that has two rows, and tell the operator.

    The number's row stays, with its settings. Raises TelegramError where that cannot be asked,
    StoreError.
    """
    async with store.reading() as connection:
        there = await subscribers.select(connection, rows.c.state != "removed")
    if not any(row.address.startswith("-") for row in there):
        return
    for name in dict.fromkeys(row.address for row in there if row.address.startswith("@")):
        number = await _number(bot, [row for row in there if row.address == name])
        if number is None:
            continue
        async with store.transaction() as connection:
            await membership.resolve(connection, name, number)
            if any(row.address == str(number) for row in there):
                await membership.migrate(connection, name, str(number))
                await _tell(connection, clock, language, name, number)


async def _number(bot: Bot, named: list[Subscriber]) -> int | None:
    """The number of the chat that a name stands for; None where Telegram knows none."""
    if named[0].chat_id is not None:
        return named[0].chat_id
    try:
        return (await bot.get_chat(named[0].address)).id
    except (BadRequest, ChatMigrated, Forbidden):
        return None


async def _tell(
    connection: AsyncConnection, clock: Clock, language: str, name: str, number: int
) -> None:
    log.warning("%s", notice("twins", "en", called=name, number=number))
    admin = await subscribers.admin_id(connection)
    if admin is not None:
        text = notice("twins", language, called=name, number=number)
        told = owe_notice(admin, f"twins:{name}:{number}", text)
        await outbox.owe(connection, [told], clock.now())
