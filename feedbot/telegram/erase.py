"""Taking a message out of a chat again."""

from __future__ import annotations

from collections.abc import Iterable

from telegram.error import TelegramError

from feedbot.telegram.answers import understand
from feedbot.telegram.client import close_bot, create_bot
from feedbot.telegram.settings import ConfiguredBot


async def erase(telegram: ConfiguredBot, messages: Iterable[tuple[int, int]]) -> str | None:
    """Delete these (chat id, message id); why the first that stays does, None where none does.

    https://core.telegram.org/bots/api#deletemessage: a bot may delete what it sent for 48 hours.
    """
    if telegram.token is None:
        return "telegram.token is not set"
    proxy = telegram.proxy.get_secret_value() if telegram.proxy else None
    bot = create_bot(telegram.token.get_secret_value(), telegram.api_url, proxy)
    try:
        for chat_id, message_id in messages:
            await bot.delete_message(chat_id, message_id)
    except TelegramError as error:
        return understand(error).error
    finally:
        await close_bot(bot)
    return None
