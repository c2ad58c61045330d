"""Whether a configured "@name" is still the chat it was: names are given up and taken by others.

From the first message on a chat is written to by its number, so that a changed name sends nothing
astray; but the operator should know that the configuration names another chat, or none.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from telegram import Bot
from telegram.error import BadRequest, ChatMigrated, Forbidden

from feedbot.store.subscribers import Subscriber


@dataclass(frozen=True, slots=True)
class Strayed:
    """A chat whose name is no longer its own: `taken` by another, or nobody's."""

    row: Subscriber
    taken: bool


async def strayed(bot: Bot, rows: Iterable[Subscriber]) -> list[Strayed]:
    """Those of `rows` whose name has strayed. Raises TelegramError where that cannot be asked."""
    found = []
    for row in rows:
        if row.chat_id is None or not row.address.startswith("@"):
            continue
        try:
            chat = await bot.get_chat(row.address)
        except (BadRequest, ChatMigrated, Forbidden) as error:
            if "not found" in str(error).lower():
                found.append(Strayed(row, taken=False))
            continue
        if chat.id != row.chat_id:
            found.append(Strayed(row, taken=True))
    return found
