"""Finding out whether a message arrived of which Telegram never told us.

Telegram has no key by which a call could be repeated safely, and a bot cannot read a chat. But it
can forward: what stands at an id shows in the copy, with its text and where it comes from
(https://core.telegram.org/bots/api#forwardmessage). So the ids the message could have been given
are forwarded to the admin chat, silently, one by one, and every copy is deleted at once.

    search:  candidates ─→ forward ─→ nothing there: the next, at once
                                      another message: the next, within the admin chat's limits
                                      ours: sent, with this id
             no more candidates: unsure; or never sent, where there can be no more

A search lives in memory; the row stays in doubt until it is over, so a crash begins it anew.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from telegram import (
    Bot,
    Chat,
    Message,
    MessageOriginChannel,
    MessageOriginChat,
    MessageOriginUser,
)
from telegram.error import TelegramError

from feedbot.clock import Clock
from feedbot.render.telegram_html import MarkupError, visible_text
from feedbot.store.claim import Claimed
from feedbot.store.doubts import Places, shares_ids
from feedbot.store.subscribers import Subscriber
from feedbot.telegram.answers import Answer, Verdict, understand
from feedbot.telegram.client import bot_id
from feedbot.telegram.compose import ALBUM, BEGUN, Post
from feedbot.telegram.limits import Windows
from feedbot.telegram.settle import Ended, backoff

log = logging.getLogger(__name__)

#: What Telegram takes out of a text, or replaces; white space, which it trims, aside.
_UNSTABLE = re.compile("[\x00-\x08\x0e-\x1f\u200b-\u200f\u2028-\u202e\u0333\u033f\u030a\ufeff]")
_NOTHING_THERE = ("not found", "message_id_invalid", "identifier is not specified")
_TRY_AGAIN = (Verdict.LATER, Verdict.UNSENT, Verdict.DOUBT, Verdict.TOKEN)
_NOT_THERE = "it is not where it would have been put"
_NO_START = "no message before it is known there"
_NO_DIGEST = "what it would look like there is not known"
_NO_ADMIN = "there is no admin chat to look for it by"
_SKEW = timedelta(minutes=1)  # between our clock and Telegram's


def digest(text: str) -> str:
    """What stays the same of a text when Telegram has cleaned and trimmed it, as a hash."""
    essence = "".join(_UNSTABLE.sub("", text).split())
    return hashlib.sha256(essence.encode("utf-8", "replace")).hexdigest()[:32]


def digest_of(post: Post, number: int) -> str | None:
    """The digest of a post's message as a reader sees it; None where Telegram will refuse it."""
    try:
        text = post.parts[number].text
        return digest(visible_text(text) if post.markup else text)
    except MarkupError:
        return None


@dataclass
class Search:
    """One delivery that is looked for.

    bounded:    whether it was never accepted if it is at none of the candidates
    why:        what to say if it is not found
    not_before: when to go on, after Telegram or the network failed
    seen:       (address, message id) of copies
    """

    claimed: Claimed
    candidates: deque[int]
    bounded: bool
    why: str = _NOT_THERE
    not_before: datetime | None = None
    failures: int = 0
    found: tuple[int, int] | None = None
    seen: list[tuple[str, int]] = field(default_factory=list)

    def give_up(self, why: str) -> None:
        """Look no more."""
        self.candidates.clear()
        self.bounded, self.why = False, why

    def ended(self, now: datetime) -> Ended:
        """What came of it."""
        if self.found:
            begun = tuple(self.claimed.payload.get(BEGUN, ()))
            more = begun if self.claimed.part + 1 < len(begun) else ()
            chat, first = self.found
            album = int(self.claimed.payload.get(ALBUM, 1))
            messages = tuple((chat, first + number) for number in range(album))
            return Ended(self.claimed, now, messages=messages, begun=more, seen=tuple(self.seen))
        if self.bounded:
            answer = Answer(Verdict.UNSENT, "never accepted, as was found out")
        else:
            answer = Answer(Verdict.UNSURE, self.why)
        return Ended(self.claimed, now, answer, seen=tuple(self.seen))


class Prober:
    """Looks for deliveries in doubt, one forward at a time, inside the admin chat's limits.

    hold:  until when Telegram wants nothing more in the admin chat, where it just said so
    moved: the address the admin chat has now, where it just said so
    """

    def __init__(self, bot: Bot, clock: Clock, windows: Windows, random: Random) -> None:
        self._bot = bot
        self._bot_id = bot_id(bot.token)
        self._clock = clock
        self._windows = windows
        self._random = random
        self._searches: dict[str, Search] = {}
        self._looking: tuple[Search, asyncio.Task[None]] | None = None
        self._stopping = False
        self._asked = 0  # calls of the step under way
        self.hold: datetime | None = None
        self.moved: str | None = None

    @property
    def busy(self) -> set[str]:
        """Chats in which something is looked for."""
        return set(self._searches)

    @property
    def task(self) -> list[asyncio.Task[None]]:
        """The step under way, if there is one."""
        return [self._looking[1]] if self._looking else []

    def add(
        self, claimed: Claimed, admin: Subscriber | None, places: Places | None
    ) -> Ended | None:
        """Look for a delivery from now on; its end where that is known at once."""
        if admin is None or places is None or claimed.digest is None:
            why = _NO_ADMIN if admin is None else _NO_START if places is None else _NO_DIGEST
            return Search(claimed, deque(), bounded=False, why=why).ended(self._clock.now())
        search = Search(claimed, deque(places.ids), places.bounded)
        if not search.candidates:
            return search.ended(self._clock.now())
        self._searches[claimed.address] = search
        return None

    def go_on(self, admin: Subscriber | None, now: datetime, *, waits: bool) -> datetime | None:
        """Begin the next step if it may; when to look again, None: when the step ends.

        waits: something is in doubt in the admin chat itself. That is found before copies of other
        messages are put beside it, which might be the same text.
        """
        self._stopping = False
        if self._looking or not self._searches:
            return None
        if admin is None:
            for search in self._searches.values():
                search.give_up(_NO_ADMIN)
            return now
        ready = [s for at, s in self._searches.items() if at == admin.address or not waits]
        if not ready:
            return None
        search = min(ready, key=lambda s: (s.claimed.address != admin.address, _go(s, now)))
        opens = (_go(search, now), self._windows.opens(admin.address, now), admin.hold_until)
        start = max(filter(None, opens))
        if start > now:
            return start
        if admin.address in self._windows.busy:
            return None
        if not self._windows.room(now):
            return self._windows.next_room(now)
        self._windows.begin(admin.address)
        step = asyncio.create_task(self._look(search, admin.address))
        self._looking = (search, step)
        return None

    def collect(self) -> list[Ended]:
        """The searches that are over."""
        if self._looking and self._looking[1].done():
            search, step = self._looking
            self._looking = None
            if error := step.exception():  # what breaks us here must not stop the others
                log.error("delivery %d cannot be looked for", search.claimed.id, exc_info=error)
                search.give_up(type(error).__name__)
        running = self._looking[0] if self._looking else None
        over = [
            search
            for search in self._searches.values()
            if search is not running and (search.found or not search.candidates)
        ]
        for search in over:
            del self._searches[search.claimed.address]
        return [search.ended(self._clock.now()) for search in over]

    def hurry(self) -> None:
        """Wait for nothing any more: the clock was set back."""
        for search in self._searches.values():
            search.not_before = None

    def stop(self) -> None:
        """Begin no more forwards."""
        self._stopping = True

    async def abandon(self) -> None:
        """Forget everything, as a crash would: the rows are in doubt still."""
        steps = self.task
        self._looking = None
        self._searches.clear()
        for step in steps:
            step.cancel()
        await asyncio.gather(*steps, return_exceptions=True)

    async def _look(self, search: Search, admin: str) -> None:
        """One step; if it may have left a copy it takes a place in the admin chat's windows."""
        copied, self._asked = True, 0
        try:
            copied = await self._forward(search, admin)
        finally:
            further = self._asked - copied  # forwards of nothing, and the deletion
            self._windows.end(admin, self._clock.now(), counts=copied, further=max(0, further))

    async def _forward(self, search: Search, admin: str) -> bool:
        """Forward candidates until one is there, or something fails; whether a copy was made."""
        copied, failed = None, False
        while search.candidates and copied is None and not failed and not self._stopping:
            self._asked += 1
            try:
                copied = await self._bot.forward_message(
                    chat_id=admin,
                    from_chat_id=search.claimed.sent_to,
                    message_id=search.candidates[0],
                    disable_notification=True,
                )
            except TelegramError as error:
                if self._goes_on(search, understand(error)):
                    search.candidates.popleft()
                else:
                    failed = True
        if copied is not None:
            await self._compare(search, copied, admin)
        return failed or copied is not None

    def _goes_on(self, search: Search, answer: Answer) -> bool:
        """Whether the next candidate is to be looked at now: this one is not there."""
        now = self._clock.now()
        if answer.verdict in _TRY_AGAIN:
            search.failures += 1
            search.not_before = now + max(
                backoff(search.failures, self._random), answer.retry_after
            )
            if answer.verdict == Verdict.LATER:
                self.hold = now + answer.retry_after
            log.debug("looking waits: %s", answer.error)
            return False
        if answer.verdict in (Verdict.REFUSED, Verdict.UNKNOWN):
            if not any(sign in answer.error.lower() for sign in _NOTHING_THERE):
                # A chat whose content is protected; or this is but a note that somebody joined.
                search.bounded, search.why = False, answer.error
            return True
        if (
            answer.verdict == Verdict.MIGRATED
        ):  # the admin chat: what is read from may be an old one
            self.moved = answer.new_address
            return False
        search.give_up(answer.error)
        return False

    async def _compare(self, search: Search, copied: Message, admin: str) -> None:
        """Whether this is it; and away with the copy."""
        id = search.candidates[0]
        search.seen.append((admin, copied.message_id))
        try:
            if self._is_it(search.claimed, copied, id, admin):
                search.found = (await self._number(search.claimed.sent_to), id)
            search.candidates.popleft()
        except TelegramError as error:  # the chat's number could not be asked
            self._goes_on(search, understand(error))
        if shares_ids(admin) and shares_ids(search.claimed.sent_to):
            # Copied when it could no longer be accepted: ids only grow, so it stands before.
            below = [i for i in search.candidates if i < copied.message_id]
            search.bounded |= len(below) < len(search.candidates) and search.why == _NOT_THERE
            search.candidates = deque(below)
        self._asked += 1
        try:
            await self._bot.delete_message(admin, copied.message_id)
        except TelegramError as error:
            log.warning("a copy stays in the admin chat: %s", understand(error).error)

    def _is_it(self, claimed: Claimed, copied: Message, id: int, admin: str) -> bool:
        if digest(copied.text or copied.caption or "") != claimed.digest:
            return False
        match copied.forward_origin:
            case MessageOriginChannel(chat=chat, message_id=at):
                return at == id and _is_at(chat, claimed.sent_to)
            case MessageOriginChat(sender_chat=chat):  # the bot is an anonymous administrator
                return _is_at(chat, claimed.sent_to)
            case MessageOriginUser(sender_user=user, date=date):
                # In the admin chat a copy that a crash left behind looks like the message itself.
                old = claimed.started_at is None or date < claimed.started_at - _SKEW
                return user.id == self._bot_id and not (old and claimed.address == admin)
        return False

    async def _number(self, address: str) -> int:
        if not address.startswith("@"):
            return int(address)
        return (await self._bot.get_chat(address)).id


def _go(search: Search, now: datetime) -> datetime:
    return search.not_before or now


def _is_at(chat: Chat, address: str) -> bool:
    return address in (str(chat.id), f"@{chat.username}".lower())
