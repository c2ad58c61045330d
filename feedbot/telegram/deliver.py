"""The deliverer: the one that sends, in order, within the limits, each delivery once.

    turn:  calls that ended ─→ one transaction: settle them, claim what may go ─→ begin the calls
    then wait: for a call to end, for a wake-up, for the moment the next one may go

A delivery is marked `sending` in a committed transaction before its call begins, and what became
of it is written after. Nothing is claimed before limits let it go, so what is `sending` is being
sent. One coroutine does all of it; the calls of different chats run beside each other. A delivery
of several messages takes a call and a turn for each: what was accepted is written before the next
one goes, so that nothing is sent again but a message whose own answer was lost.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection
from telegram import Bot, Message
from telegram.constants import ParseMode
from telegram.error import TelegramError

from feedbot.clock import Clock
from feedbot.errors import StoreError
from feedbot.model import Chat
from feedbot.store import bots, outbox, subscribers
from feedbot.store.engine import Store
from feedbot.store.outbox import Claimed
from feedbot.store.subscribers import Key
from feedbot.telegram.answers import Answer, Verdict, understand
from feedbot.telegram.client import CONNECTIONS, bot_id
from feedbot.telegram.compose import Part, Post, compose
from feedbot.telegram.limits import MINUTE, Limits, Windows
from feedbot.telegram.settings import Posting
from feedbot.telegram.settle import Ended, Settler, backoff

log = logging.getLogger(__name__)

#: How long calls under way may take when no more begin.
GRACE = timedelta(seconds=8)
_BATCH = 30  # claimed in one transaction: thirty at a time cost little more than one


class Deliverer:
    """Sends what the outbox of one store owes, by one bot.

    trouble: why nothing can be sent at all, in one line; None while all is well
    """

    def __init__(
        self,
        store: Store,
        bot: Bot,
        clock: Clock,
        posting: Posting,
        random: Random,
        limits: Limits | None = None,
    ) -> None:
        self._store = store
        self._bot = bot
        self._clock = clock
        self._posting = posting
        self._random = random
        self._windows = Windows(limits or Limits())
        self._settler = Settler(bot_id(bot.token), random, posting.language)
        self._chats: Mapping[Key, Chat] | None = None  # None: to be read again
        self._calls: dict[asyncio.Task[Ended], Claimed] = {}
        self._ended: list[Ended] = []  # not written down yet
        self._woken: asyncio.Future[None] | None = None
        self._turning = asyncio.Lock()
        self._stopping = False
        self._prepared = False
        self._refusals = 0  # of the token, in a row
        self._failures = 0  # of the store, in a row
        self._quiet_until: datetime | None = None
        self.trouble: str | None = None

    def configure(self, posting: Posting) -> None:
        """Use another configuration from the next message on."""
        self._posting = posting
        self._settler.language = posting.language
        self._chats = None

    def wake(self) -> None:
        """Something is owed: look now."""
        if self._woken and not self._woken.done():
            self._woken.set_result(None)

    async def run(self) -> None:
        """Deliver until `stop`."""
        while not self._stopping:
            self._woken = asyncio.get_running_loop().create_future()
            until = await self._safe_turn()
            await self._clock.wait([*self._calls, self._woken], until)

    async def drain(self, deadline: datetime) -> bool:
        """Deliver what is owed, waiting for limits until `deadline`; whether all of it is out."""
        self._stopping = False
        while True:
            until = await self._safe_turn()
            if not self._calls and (until is None or until > deadline):
                return await self._owed() == 0
            if self._refusals or self._clock.now() >= deadline:
                await self.stop(self._clock.now() + GRACE)
                return await self._owed() == 0
            await self._clock.wait(list(self._calls), min(until or deadline, deadline))

    async def stop(self, deadline: datetime) -> None:
        """Begin no more calls; those under way may end until `deadline`, then they are in doubt.

        Raises StoreError if that cannot be written down; the next start finds them all the same.
        """
        self._stopping = True
        self.wake()
        async with self._turning:  # a turn under way may still begin calls
            pass
        while self._calls and self._clock.now() < deadline:
            await self._clock.wait(list(self._calls), deadline)
            self._collect()
        for call, claimed in self._calls.items():
            call.cancel()
            answer = Answer(Verdict.DOUBT, "stopped before the answer")
            self._ended.append(Ended(claimed, self._clock.now(), answer))
        await asyncio.gather(*self._calls, return_exceptions=True)
        self._calls.clear()
        async with self._turning:
            await self._turn()

    async def _owed(self) -> int:
        async with self._store.reading() as connection:
            return (await outbox.counts(connection)).owed

    async def _safe_turn(self) -> datetime | None:
        """A turn that outlives trouble with the store: nothing is lost, it is tried again."""
        try:
            async with self._turning:
                until = await self._turn()
        except StoreError as error:
            self._failures += 1
            self.trouble = str(error)
            pause = backoff(min(self._failures, 6), self._random)
            log.error("deliveries wait %.0f s: %s", pause.total_seconds(), error)
            return self._clock.now() + pause
        if self._failures:
            self._failures, self.trouble = 0, None
            log.info("deliveries go on")
        return until

    async def _turn(self) -> datetime | None:
        """Settle, claim, begin. Returns when to look again; None: when a call ends."""
        self._collect()
        settled = list(self._ended)
        async with self._store.transaction() as connection:
            await self._prepare(connection)
            await self._settler.settle(connection, settled)
            if any(one.answer and one.answer.verdict == Verdict.MIGRATED for one in settled):
                self._chats = None
            if self._chats is None:
                self._chats = await subscribers.configured(connection, self._posting.chats)
            claimed, until = await self._claim(connection)
        del self._ended[: len(settled)]
        for one in claimed:
            self._windows.begin(one.address)
            self._calls[asyncio.create_task(self._call(one))] = one
        return until

    async def _prepare(self, connection: AsyncConnection) -> None:
        """Once: what the last process sent counts against the limits of this one."""
        if self._prepared:
            return
        now = self._clock.now()
        self._settler.hold = await bots.hold_until(connection, bot_id(self._bot.token))
        self._windows.restore(await outbox.recent_sends(connection, now - MINUTE, now))
        self._prepared = True

    async def _claim(self, connection: AsyncConnection) -> tuple[list[Claimed], datetime | None]:
        """What may go now, and when to look for more."""
        now = self._clock.now()
        quiet = max(filter(None, (self._settler.hold, self._quiet_until)), default=now)
        if self._stopping:
            return [], None
        if quiet > now:
            return [], quiet
        room = min(_BATCH, self._windows.room(now), CONNECTIONS - len(self._calls))
        if room <= 0:
            return [], self._windows.next_room(now) if len(self._calls) < CONNECTIONS else None
        closed = self._windows.closed(now)
        claimed = await outbox.claim(connection, now, limit=room, busy=closed)
        if len(claimed) == room:
            return claimed, now if room == _BATCH else None
        busy = self._windows.busy.union(one.address for one in claimed)
        waiting = await outbox.waiting(connection, busy)
        opens = (max(due, self._windows.opens(address) or due) for address, due in waiting)
        return claimed, min(opens, default=None)

    def _collect(self) -> None:
        """Take up the calls that are over."""
        for call in [call for call in self._calls if call.done()]:
            ended = call.result()
            del self._calls[call]
            self._windows.end(ended.claimed.address, ended.at)
            self._note_token(ended)
            self._ended.append(ended)

    def _note_token(self, ended: Ended) -> None:
        """A refused token stops everything; it is said once, and tried again ever more rarely."""
        if ended.answer is None or ended.answer.verdict != Verdict.TOKEN:
            if ended.answer is None and self._refusals:
                self._refusals, self._quiet_until, self.trouble = 0, None, None
            return
        self._refusals += 1
        self._quiet_until = ended.at + backoff(self._refusals + 3, self._random)
        if self.trouble is None:
            self.trouble = (
                f"Telegram refuses the bot's token ({ended.answer.error}): nothing is posted;"
                " check telegram.token and telegram.api_url"
            )
            log.error("%s", self.trouble)

    async def _call(self, claimed: Claimed) -> Ended:
        """One call, to its end; it never raises but when cancelled."""
        photo = None
        try:
            chat = (self._chats or {}).get((claimed.address, claimed.topic))
            post = compose(claimed, self._posting, chat)
            photo = post.parts[claimed.part].photo
            message = await self._send(claimed, post, post.parts[claimed.part])
        except TelegramError as error:
            answer = understand(error)
            if photo and answer.verdict == Verdict.REFUSED:  # whatever is wrong with it
                answer = replace(answer, verdict=Verdict.BARE)
            return Ended(claimed, self._clock.now(), answer)
        except Exception as error:  # a message that breaks us must not stop the others
            log.exception("delivery %d cannot be written", claimed.id)
            answer = Answer(Verdict.REFUSED, f"{type(error).__name__}: {error}")
            return Ended(claimed, self._clock.now(), answer)
        at = self._clock.now()
        sent = ((message.chat_id, message.message_id),)
        more = claimed.part + 1 < len(post.parts)
        return Ended(claimed, at, messages=sent, begun=post.html if more else ())

    async def _send(self, claimed: Claimed, post: Post, part: Part) -> Message:
        """One message to Telegram. Raises TelegramError."""
        common: dict[str, Any] = {
            "chat_id": claimed.address,
            "parse_mode": ParseMode.HTML if post.markup else None,
            "message_thread_id": _thread(claimed),
            "disable_notification": post.silent,
        }
        if part.photo is None:
            return await self._bot.send_message(
                text=part.text, link_preview_options=part.preview, **common
            )
        return await self._bot.send_photo(photo=part.photo, caption=part.text, **common)


def _thread(claimed: Claimed) -> int | None:
    """The topic to post to; None for the general one."""
    return None if claimed.payload.get(Verdict.GENERAL) else claimed.topic or None
