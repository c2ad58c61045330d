"""Buttons below our notices: who may press them, and what is answered.

Only the admin chat decides. What a button says is done in the transaction that marks its update as
done, so pressing twice, or a crash between, does nothing twice.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection
from telegram import Bot, CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup
from telegram.error import TelegramError

from feedbot.model import DeliveryKind
from feedbot.owing import BUTTONS, Owed
from feedbot.store import subscribers
from feedbot.store.claim import Claimed

log = logging.getLogger(__name__)

#: Does what a button's data says; the answer for the operator, None where it says nothing to us.
Decide = Callable[[AsyncConnection, str], Awaitable[str | None]]

_SHOWN = 200  # signs of the answer to a query, by the Bot API
_EVERY_CHAT = "This is not for you to decide."


def below(claimed: Claimed) -> dict[str, Any]:
    """The buttons of a delivery, as an argument of sendMessage."""
    buttons = claimed.payload.get(BUTTONS)
    if not buttons:
        return {}
    row = [InlineKeyboardButton(label, callback_data=data) for label, data in buttons]
    return {"reply_markup": InlineKeyboardMarkup([row])}


async def press(
    connection: AsyncConnection, query: CallbackQuery, decide: Decide | None
) -> tuple[str, Owed | None]:
    """Do what was pressed; what to show, and what to write into the chat."""
    message = query.message
    chat = message.chat if message else None
    admin = await subscribers.admin_id(connection)
    row = await subscribers.get(connection, admin) if admin is not None else None
    names = {str(chat.id), f"@{chat.username}".lower() if chat.username else ""} if chat else set()
    if row is None or row.address not in names:
        return _EVERY_CHAT, None
    said = await decide(connection, query.data or "") if decide else None
    if said is None:
        return "", None
    key = f"reply:{row.id}:{query.id}:pressed"
    return said, Owed(row.id, DeliveryKind.REPLY, key, payload={"text": said})


async def answer(bot: Bot, query: CallbackQuery, text: str) -> None:
    """End the waiting of who has pressed; the answer stands in the chat as well."""
    try:
        await bot.answer_callback_query(query.id, text=text[:_SHOWN] or None)
    except TelegramError as error:
        log.debug("a pressed button was not answered: %s", error)
