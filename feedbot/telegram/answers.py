"""What Telegram's answers mean for a delivery: one table, and the network's failures.

The Bot API documents codes, not texts (https://core.telegram.org/bots/api#making-requests); the
texts are those its server has answered with for years. A failure on the way is only harmless if
the request cannot have left; whatever else it was, the message may have been accepted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum

import aiohttp
import httpx
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
)

from feedbot.telegram.client import mask


class Verdict(StrEnum):
    """What to do about it."""

    LATER = "later"  # 420, 429: wait as long as it says; no attempt
    UNSENT = "unsent"  # never reached Telegram, or not accepted this time: try again
    DOUBT = "doubt"  # may have been accepted: find out
    UNSURE = "unsure"  # could not be found out: what `when_unsure` says
    GONE = "gone"  # this chat is closed to the bot
    PLAIN = "plain"  # markup refused: once more as plain text, and our defect
    BARE = "bare"  # picture or preview refused: once more without
    SPLIT = "split"  # too long after all: once more in smaller parts
    STRIKE = "strike"  # a message that cannot be deleted: struck through
    CAPTION = "caption"  # what is to be struck through is a photo's caption
    GENERAL = "general"  # this topic is gone or closed: to the general one
    CLOSED_TOPIC = "closed topic"  # and that one is closed too
    MIGRATED = "migrated"  # the group has another number now
    TOKEN = "token"  # noqa: S105 - 401, 404: the bot itself is refused: nothing can be sent
    REFUSED = "refused"  # this message is refused for good
    UNKNOWN = "unknown"  # refused for a reason that is not in the table: try again, for a while


@dataclass(frozen=True, slots=True)
class Answer:
    """A verdict, with what Telegram or the network said in one line.

    retry_after: for LATER
    new_address: for MIGRATED
    """

    verdict: Verdict
    error: str
    retry_after: timedelta = timedelta(0)
    new_address: str = ""


#: Signs in the text of a refusal, in lower case, the more particular first.
_REFUSALS = {
    "too many requests": Verdict.LATER,
    "flood_wait": Verdict.LATER,
    "slowmode_wait": Verdict.LATER,
    "can't parse entities": Verdict.PLAIN,
    "entity_bounds_invalid": Verdict.PLAIN,
    "caption is too long": Verdict.SPLIT,
    "media_caption_too_long": Verdict.SPLIT,
    "message is too long": Verdict.SPLIT,
    "message_too_long": Verdict.SPLIT,
    "request entity too large": Verdict.SPLIT,
    "not enough rights to send photos": Verdict.BARE,
    "chat_send_photos_forbidden": Verdict.BARE,
    "wrong file identifier": Verdict.BARE,
    "http url content": Verdict.BARE,
    "wrong type of the web page": Verdict.BARE,
    "photo_": Verdict.BARE,
    "image_process_failed": Verdict.BARE,
    "webpage_": Verdict.BARE,
    "message thread not found": Verdict.GENERAL,
    "topic_closed": Verdict.GENERAL,
    "topic_deleted": Verdict.GENERAL,
    "topic_id_invalid": Verdict.GENERAL,
    "chat not found": Verdict.GONE,
    "user not found": Verdict.GONE,
    "peer_id_invalid": Verdict.GONE,
    "not enough rights": Verdict.GONE,
    "have no rights": Verdict.GONE,
    "need administrator rights": Verdict.GONE,
    "chat_admin_required": Verdict.GONE,
    "chat_write_forbidden": Verdict.GONE,
    "chat_send_plain_forbidden": Verdict.GONE,
    "chat_restricted": Verdict.GONE,
    "channel_private": Verdict.GONE,
    "group chat was deactivated": Verdict.GONE,
    "message text is empty": Verdict.REFUSED,
    "text must be non-empty": Verdict.REFUSED,
    "must be encoded in utf-8": Verdict.REFUSED,
}
_WAIT = re.compile(r"(?:retry after |_wait_)(\d{1,6})")
_USUAL_WAIT = 30  # seconds, where none is said

#: Failures before the request left. aiohttp's names decide where it is the transport: httpx-aiohttp
#: calls a connection that broke after the request ConnectTimeout too.
_UNSENT_AIOHTTP = (
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.ClientHttpProxyError,
    aiohttp.InvalidURL,
)
_UNSENT_HTTPX = (
    httpx.PoolTimeout,
    httpx.ConnectTimeout,
    httpx.ConnectError,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)


def understand(error: TelegramError) -> Answer:
    """What a failed call means."""
    text = _text(error)
    if isinstance(error, RetryAfter):
        wait = error.retry_after
        after = wait if isinstance(wait, timedelta) else timedelta(seconds=wait)
        return Answer(Verdict.LATER, text, retry_after=after)
    if isinstance(error, ChatMigrated):
        return Answer(Verdict.MIGRATED, text, new_address=str(error.new_chat_id))
    if isinstance(error, Forbidden):
        return Answer(Verdict.GONE, text)
    if isinstance(error, InvalidToken):
        return Answer(Verdict.TOKEN, text)
    if isinstance(error, BadRequest):
        return _refusal(text)
    if isinstance(error, Conflict):
        return Answer(Verdict.UNSENT, text)
    if isinstance(error, NetworkError) and _never_sent(error):
        return Answer(Verdict.UNSENT, text)
    return Answer(Verdict.DOUBT, text)


def _refusal(text: str) -> Answer:
    lower = text.lower()
    found = (verdict for sign, verdict in _REFUSALS.items() if sign in lower)
    answer = Answer(next(found, Verdict.UNKNOWN), text)
    if answer.verdict != Verdict.LATER:
        return answer
    wait = _WAIT.search(lower)
    return replace(answer, retry_after=timedelta(seconds=int(wait[1]) if wait else _USUAL_WAIT))


def _never_sent(error: TelegramError) -> bool:
    chain = list(_causes(error))
    for cause in chain:
        if isinstance(cause, aiohttp.ClientError):
            return isinstance(cause, _UNSENT_AIOHTTP)
    return any(isinstance(cause, _UNSENT_HTTPX) for cause in chain)


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause = error.__cause__
    while cause is not None:
        yield cause
        cause = cause.__cause__


def _text(error: TelegramError) -> str:
    """One line of it, with the reason behind it, without the token."""
    text = str(error)
    root = next(_causes(error), None)
    if isinstance(error, NetworkError) and root is not None and str(root) not in text:
        text = f"{text} ({type(root).__name__}: {root})"
    return mask(" ".join(text.split()))[:500]
