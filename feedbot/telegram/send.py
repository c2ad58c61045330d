"""One call to Telegram: the message of a claimed delivery, and what became of it."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

from telegram import Bot, InputMediaPhoto, Message
from telegram.constants import ParseMode
from telegram.error import TelegramError

from feedbot.clock import Clock
from feedbot.model import Chat, DeliveryKind
from feedbot.store import doubts
from feedbot.store.outbox import Claimed
from feedbot.telegram.answers import Answer, Verdict, understand
from feedbot.telegram.buttons import below
from feedbot.telegram.client import send
from feedbot.telegram.compose import ALBUM, BEGUN, Part, Post, compose
from feedbot.telegram.probe import digest_of
from feedbot.telegram.retract import take_back
from feedbot.telegram.settings import Posting
from feedbot.telegram.settle import Ended

log = logging.getLogger(__name__)

#: Whatever is wrong, it may be the photo.
_WITHOUT_PHOTO = (Verdict.REFUSED, Verdict.UNKNOWN, Verdict.SPLIT)


def write(claimed: Claimed, posting: Posting, chat: Chat | None) -> Post | None:
    """The message; None where it cannot be written: it must not stop the others."""
    try:
        post = compose(claimed, posting, chat)
        return post if post.parts[claimed.part] else None
    except Exception:
        log.exception("delivery %d cannot be written", claimed.id)
        return None


def beginning(claimed: Claimed, post: Post | None) -> doubts.Beginning:
    """What is to be known of a call if its answer is lost: of several messages, the others too.

    Of an album, how many messages it is: their ids follow one another.
    """
    if post is None:
        return doubts.Beginning(claimed)
    payload = {key: value for key, value in claimed.payload.items() if key != ALBUM}
    if len(post.parts) > 1:
        payload[BEGUN] = post.html
    if len(post.parts[claimed.part].photos) > 1:
        payload[ALBUM] = len(post.parts[claimed.part].photos)
    return doubts.Beginning(claimed, digest_of(post, claimed.part), payload)


def size_of(claimed: Claimed, post: Post | None) -> int:
    """How many messages its next call makes: of an album several."""
    return max(1, len(post.parts[claimed.part].photos)) if post else 1


Sent = tuple[tuple[int, int], ...]  #: (chat id, message id) of messages


class Sender:
    """Makes the calls of one bot."""

    def __init__(self, bot: Bot, clock: Clock) -> None:
        self._bot = bot
        self._clock = clock

    async def call(self, claimed: Claimed, post: Post | None) -> Ended:
        """One call, to its end; it never raises but when cancelled."""
        if post is None:
            answer = Answer(Verdict.REFUSED, "it cannot be written; the log says why")
            return Ended(claimed, self._clock.now(), answer)
        photo = bool(post.parts[claimed.part].photos)
        try:
            if claimed.kind == DeliveryKind.RETRACT:
                stays = await take_back(self._bot, claimed, post.parts[0].text)
                return Ended(claimed, self._clock.now(), stays)
            sent = await self._send(claimed, post, post.parts[claimed.part])
        except TelegramError as error:
            answer = _here(understand(error), claimed, photo=photo)
            return Ended(claimed, self._clock.now(), answer)
        except Exception as error:  # a message that breaks us must not stop the others
            log.exception("delivery %d cannot be sent", claimed.id)
            answer = Answer(Verdict.REFUSED, f"{type(error).__name__}: {error}")
            return Ended(claimed, self._clock.now(), answer)
        at = self._clock.now()
        more = claimed.part + 1 < len(post.parts)
        begun = post.html if more else ()
        return Ended(claimed, at, messages=sent, begun=begun, failed=post.failed)

    async def _send(self, claimed: Claimed, post: Post, part: Part) -> Sent:
        """One message to Telegram, or an album. Raises TelegramError."""
        mode = ParseMode.HTML if post.markup else None
        common: dict[str, Any] = {
            "chat_id": claimed.to,
            "message_thread_id": _thread(claimed),
            "disable_notification": post.silent,
        }
        first, *more = part.photos or ("",)
        if more:
            captioned = InputMediaPhoto(first, caption=part.text, parse_mode=mode)
            album = [captioned, *map(InputMediaPhoto, more)]
            return _places(*await self._bot.send_media_group(media=album, **common))
        common["parse_mode"] = mode
        if first:
            return _places(await self._bot.send_photo(photo=first, caption=part.text, **common))
        text = {"text": part.text, "link_preview_options": part.preview, **below(claimed)}
        return (await send(self._bot, "sendMessage", common | text),)


def _places(*messages: Message) -> Sent:
    return tuple((message.chat_id, message.message_id) for message in messages)


def _here(answer: Answer, claimed: Claimed, *, photo: bool) -> Answer:
    """What an answer means for this very call."""
    if photo and answer.verdict in _WITHOUT_PHOTO:
        return replace(answer, verdict=Verdict.BARE)
    if answer.verdict == Verdict.GENERAL and _thread(claimed) is None:
        return replace(answer, verdict=Verdict.CLOSED_TOPIC)
    return answer


def _thread(claimed: Claimed) -> int | None:
    """The topic to post to; None for the general one."""
    return None if claimed.payload.get(Verdict.GENERAL) else claimed.topic or None
