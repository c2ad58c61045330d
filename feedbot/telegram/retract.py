"""Taking one message out of a chat: deleted, or struck through where Telegram does not delete it.

https://core.telegram.org/bots/api#deletemessage: for 48 hours, and longer where the bot has the
right to delete messages. A text can be edited for ever, https://core.telegram.org/bots/api#editmessagetext.
Each way is a call of its own, through the outbox; doing one twice does no harm.
"""

from __future__ import annotations

from dataclasses import replace

from telegram import Bot, LinkPreviewOptions
from telegram.constants import ParseMode
from telegram.error import BadRequest, TelegramError

from feedbot.store.claim import Claimed
from feedbot.store.retract import MESSAGE
from feedbot.telegram.answers import Answer, Verdict, understand

#: It is not there any more, or struck through already.
_DONE = ("message to delete not found", "message to edit not found", "message_id_invalid",
         "message is not modified")  # fmt: skip


async def take_back(bot: Bot, claimed: Claimed, struck: str) -> Answer | None:
    """Take the message of a retraction back; None where that is done, else what is in the way.

    struck: its text, struck through
    """
    chat_id, message_id = claimed.payload[MESSAGE]
    try:
        if claimed.payload.get(Verdict.CAPTION):
            await bot.edit_message_caption(
                chat_id, message_id, caption=struck, parse_mode=ParseMode.HTML
            )
        elif claimed.payload.get(Verdict.STRIKE):
            await bot.edit_message_text(
                struck,
                chat_id,
                message_id,
                parse_mode=ParseMode.HTML,
                link_preview_options=LinkPreviewOptions(is_disabled=True),
            )
        else:
            await bot.delete_message(chat_id, message_id)
    except TelegramError as error:
        return _understand(error, claimed)
    return None


def _understand(error: TelegramError, claimed: Claimed) -> Answer | None:
    answer = understand(error)
    said = answer.error.lower()
    if isinstance(error, BadRequest) and any(sign in said for sign in _DONE):
        return None
    if answer.verdict == Verdict.DOUBT:  # whether it was heard or not: again
        return replace(answer, verdict=Verdict.UNSENT)
    if answer.verdict == Verdict.MIGRATED:  # the old group's messages are nobody's to delete
        return replace(answer, verdict=Verdict.REFUSED)
    patient = answer.verdict == Verdict.LATER or "chat not found" in said
    if not isinstance(error, BadRequest) or patient:
        return answer
    if not claimed.payload.get(Verdict.STRIKE):
        return replace(answer, verdict=Verdict.STRIKE)
    if "no text in the message" in said:
        return replace(answer, verdict=Verdict.CAPTION)
    return replace(answer, verdict=Verdict.REFUSED)
