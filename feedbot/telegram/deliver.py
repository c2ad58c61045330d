"""The deliverer: the one that sends, in order, within the limits, each delivery once.

    turn:  calls that ended ─→ one transaction: settle them, claim what may go ─→ begin the calls
    then wait: for a call to end, for a wake-up, for the moment the next one may go

A delivery is marked `sending` in a committed transaction before its call begins, and what became
of it is written after. Nothing is claimed before limits let it go, so what is `sending` is being
sent. One coroutine does all of it; the calls of different chats run beside each other. A delivery
of several messages takes a call and a turn for each: what was accepted is written before the next
one goes. What is in doubt is looked for (`probe`) before anything else goes to its chat.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection
from telegram import Bot

from feedbot.clock import Clock
from feedbot.errors import StoreError
from feedbot.model import Chat
from feedbot.store import bots, doubts, membership, outbox, setback, subscribers
from feedbot.store.doubts import Places
from feedbot.store.engine import Store
from feedbot.store.lanes import Lane, lane_of
from feedbot.store.outbox import Claimed
from feedbot.store.subscribers import Key, Subscriber
from feedbot.telegram.answers import Answer, Verdict
from feedbot.telegram.client import CALL_SECONDS, CONNECTIONS, bot_id
from feedbot.telegram.compose import Post
from feedbot.telegram.limits import MINUTE, SECOND, Limits, Windows
from feedbot.telegram.probe import Prober
from feedbot.telegram.send import Sender, beginning, size_of, write
from feedbot.telegram.settings import Posting
from feedbot.telegram.settle import Ended, Settler, backoff
from feedbot.telegram.texts import notice
from feedbot.telegram.turns import Turns

log = logging.getLogger(__name__)

#: So many calls a turn begins: more, and all would be called at once, then all be written at once.
BATCH = 64
#: How long calls under way may take when no more begin.
GRACE = timedelta(seconds=8)
#: How long after its call began a message may still be accepted, whoever has hung up or died.
PATIENCE = timedelta(seconds=CALL_SECONDS)
_NONE = timedelta(0)
_SET_BACK = timedelta(minutes=1)  # less is a correction

Searches = list[tuple[Claimed, Places | None]]
Posts = list[tuple[Claimed, Post | None]]


class Deliverer:
    """Sends what the outbox of one store owes, by one bot.

    patience: how long after its call began a message without an answer is looked for
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
        patience: timedelta = PATIENCE,
    ) -> None:
        self._store = store
        self._bot_id = bot_id(bot.token)
        self._clock = clock
        self._posting = posting
        self._random = random
        self._windows = Windows(limits or Limits())
        self._patience = patience
        self._settler = Settler(self._bot_id, random, posting, self._windows)
        self._sender = Sender(bot, clock)
        self._prober = Prober(bot, clock, self._windows, random)
        self._chats: Mapping[Key, Chat] | None = None  # None: to be read again
        self._turns = Turns(self._windows)
        self._recheck = True  # whether anything may be owed to chats that are not in line
        self._lanes: dict[str, Lane] = {}  # that chats were served from last
        self._calls: dict[asyncio.Task[Ended], tuple[Claimed, int]] = {}  # and how many messages
        self._ended: list[Ended] = []  # not written down yet
        self._woken: asyncio.Future[None] | None = None
        self._turning = asyncio.Lock()
        self._stopping = False
        self._prepared = False
        self._latest: datetime | None = None
        self._refusals = 0  # of the token, in a row
        self._failures = 0  # of the store, in a row
        self._quiet_until: datetime | None = None
        self._reserved: datetime | None = None  # until then room is left for an album
        self.trouble: str | None = None

    def configure(self, posting: Posting, limits: Limits) -> None:
        """Use another configuration from the next message on."""
        self._posting = posting
        self._windows.limits = limits
        self._settler.posting = posting
        self._chats = None

    def wake(self) -> None:
        """Something is owed, or has changed: look now."""
        self._recheck = True
        if self._woken and not self._woken.done():
            self._woken.set_result(None)

    async def run(self) -> None:
        """Deliver until `stop`."""
        while not self._stopping:
            self._woken = asyncio.get_running_loop().create_future()
            until = await self._safe_turn()
            await self._clock.wait([*self._under_way, self._woken], until)

    async def drain(self, deadline: datetime) -> bool:
        """Deliver what is owed, waiting for limits until `deadline`; whether all of it is out."""
        self._stopping, self._recheck = False, True
        while True:
            until = await self._safe_turn()
            if not self._under_way and (until is None or until > deadline):
                return await self._owed() == 0
            if self._refusals or self._clock.now() >= deadline:
                await self.stop(self._clock.now() + GRACE)
                return await self._owed() == 0
            await self._clock.wait(self._under_way, min(until or deadline, deadline))

    async def stop(self, deadline: datetime) -> None:
        """Begin no more calls; those under way may end until `deadline`, then they are in doubt.

        Raises StoreError if that cannot be written down; the next start finds them all the same.
        """
        self._stopping = True
        self._prober.stop()
        self.wake()
        async with self._turning:  # a turn under way may still begin calls
            pass
        while self._under_way and self._clock.now() < deadline:
            await self._clock.wait(self._under_way, deadline)
            self._collect()
        await self._prober.abandon()
        for call, (claimed, _) in self._calls.items():
            call.cancel()
            answer = Answer(Verdict.DOUBT, "stopped before the answer")
            self._ended.append(Ended(claimed, self._clock.now(), answer))
        await asyncio.gather(*self._calls, return_exceptions=True)
        self._calls.clear()
        async with self._turning:
            await self._turn()

    @property
    def _under_way(self) -> list[asyncio.Task[Any]]:
        return [*self._calls, *self._prober.task]

    async def _owed(self) -> int:
        async with self._store.reading() as connection:
            return (await outbox.counts(connection)).owed

    async def _safe_turn(self) -> datetime | None:
        """A turn that outlives trouble with the store: nothing is lost, it is tried again."""
        try:
            async with self._turning:
                until = await self._turn()
        except StoreError as error:
            self._recheck = True
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
            await self._mind_the_clock(connection)
            await self._prepare(connection)
            await self._settler.settle(connection, settled)
            if any(one.answer and one.answer.verdict == Verdict.MIGRATED for one in settled):
                self._chats, self._recheck = None, True
            admin = await self._admin(connection)
            if self._chats is None:
                self._chats = await subscribers.configured(connection, self._posting.chats)
            if self._recheck:
                self._recheck = False
                self._turns.restart(await outbox.owed_chats(connection), self._clock.now())
            looked = {one.claimed.address for one in settled}
            if admin and (settled or self._prober.busy):  # it may have been owed notices
                looked.add(admin.address)
            claimed = await self._claim(connection, looked, self._patience if admin else _NONE)
            posts = [
                (one, write(one, self._posting, self._chats.get((one.address, one.topic))))
                for one in claimed
                if not one.doubtful
            ]
            posts = await self._fitting(connection, posts)
            await doubts.begin(connection, self._bot_id, [beginning(*one) for one in posts])
            searches = [
                (one, await doubts.places(connection, one, self._patience))
                for one in claimed
                if one.doubtful
            ]
            waits = admin is not None and await self._in_doubt(connection, admin, searches)
        del self._ended[: len(settled)]
        for one, post in posts:
            messages = size_of(one, post)
            self._windows.begin(one.address, messages)
            self._calls[asyncio.create_task(self._sender.call(one, post))] = one, messages
        return self._search(searches, admin, waits=waits)

    async def _admin(self, connection: AsyncConnection) -> Subscriber | None:
        """The admin chat; first of all, what Telegram said of it by a forward is kept."""
        admin = await subscribers.admin_chat(connection)
        if admin and (hold := self._prober.hold):
            await membership.hold(connection, admin.address, hold)
            self._windows.refused(admin.address, self._clock.now())
            admin = replace(admin, hold_until=hold)
        if admin and (moved := self._prober.moved):
            log.warning("%s", notice("migrated", "en", old=admin.address, new=moved))
            await membership.migrate(connection, admin.address, moved)
            admin, self._chats = await subscribers.admin_chat(connection), None
            self._recheck = True
        self._prober.hold = self._prober.moved = None
        return admin

    async def _in_doubt(
        self, connection: AsyncConnection, admin: Subscriber, searches: Searches
    ) -> bool:
        if not searches and not self._prober.busy:
            return False
        return await doubts.any_at(connection, admin.address)

    def _search(
        self, searches: Searches, admin: Subscriber | None, *, waits: bool
    ) -> datetime | None:
        """Look for what is in doubt. Returns when to look again."""
        now = self._clock.now()
        for claimed, places in searches:
            if ended := self._prober.add(claimed, admin, places):
                self._ended.append(ended)
        if self._ended:
            return now
        if self._stopping:
            return None
        if (quiet := self._quiet(now)) > now:
            return quiet
        next_step = self._prober.go_on(admin, now, waits=waits)
        return min(filter(None, (self._next_turn(now), next_step)), default=None)

    async def _mind_the_clock(self, connection: AsyncConnection) -> None:
        """Where the clock was set back, let nothing wait for a time that comes twice."""
        now = self._clock.now()
        last = self._latest if self._prepared else await setback.latest(connection)
        self._latest = now
        if last is None or last - now < _SET_BACK:
            return
        log.warning("the clock was set back by %s", last - now)
        await setback.set_back(connection, now, last - now)
        self._settler.hold = await bots.hold_until(connection, self._bot_id)
        self._quiet_until = self._reserved = None
        self._prober.hurry()
        self._recheck = True

    async def _prepare(self, connection: AsyncConnection) -> None:
        """Once: what the last process sent counts against the limits of this one."""
        if self._prepared:
            return
        now = self._clock.now()
        self._settler.hold = await bots.hold_until(connection, self._bot_id)
        self._settler.refused = await bots.refused(connection)
        recent = await outbox.recent_sends(connection, now - MINUTE, now)
        self._windows.restore((address, min(at, now)) for address, at in recent)
        self._prepared = True

    def _quiet(self, now: datetime) -> datetime:
        """Until when nothing may be sent at all."""
        return max(filter(None, (self._settler.hold, self._quiet_until)), default=now)

    async def _claim(
        self, connection: AsyncConnection, looked: AbstractSet[str], patience: timedelta
    ) -> Sequence[Claimed]:
        """What may go now; `looked`: chats to look at even where they may not be written to yet."""
        now = self._clock.now()
        shut = looked - self._windows.busy - self._prober.busy
        for address in [a for a in shut if (self._windows.opens(a, now) or now) <= now]:
            self._turns.expect(address, now)
            shut -= {address}
        picked = self._turns.pick(now, self._room(now), self._prober.busy)
        claims = await outbox.claim(
            connection, now, picked, shut=shut, patience=patience, last=self._lanes
        )
        for address, due in claims.waiting.items():
            self._turns.expect(address, due)
        for one in claims.claimed:
            self._lanes[one.address] = lane_of(one.kind)
        return claims.claimed

    async def _fitting(self, connection: AsyncConnection, posts: Posts) -> Posts:
        """Those that there is room for: an album waits until there is for all of it.

        The others go back. The whole bot waits for an album, or it would never have its turn.
        """
        now, fit = self._clock.now(), []
        left, whole = self._windows.room(now), self._windows.whole(now)
        for claimed, post in sorted(posts, key=lambda one: -size_of(*one)):
            taken = min(size_of(claimed, post), whole)
            opens = max(now, self._windows.opens(claimed.address, now, taken) or now)
            if opens == now and taken > 1 and left < taken:
                opens = self._reserved = self._windows.next_room(now, taken) or now + SECOND
            if opens == now and taken <= left:
                fit.append((claimed, post))
                left -= taken
            else:
                await outbox.put_back(connection, claimed.id, opens)
                self._turns.expect(claimed.address, opens)
        return fit

    def _room(self, now: datetime) -> int:
        """How many calls may begin now."""
        if self._stopping or max(self._quiet(now), self._reserved or now) > now:
            return 0
        return max(0, min(self._windows.room(now), CONNECTIONS - len(self._calls), BATCH))

    def _next_turn(self, now: datetime) -> datetime | None:
        """When another call may begin; None: when one under way has ended."""
        turn = self._turns.next(now)
        if turn is None or len(self._calls) >= CONNECTIONS:
            return None
        room = self._windows.next_room(now)
        return room and max(turn, room, self._reserved or room)

    def _collect(self) -> None:
        """Take up the calls that are over."""
        for call in [call for call in self._calls if call.done()]:
            ended = call.result()
            _, messages = self._calls.pop(call)
            self._windows.end(ended.claimed.address, ended.at, messages)
            self._note_token(ended)
            self._ended.append(ended)
        self._ended += self._prober.collect()

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
