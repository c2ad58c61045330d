"""Writing down what became of calls: the delivery's outcome, and what it means for its chat.

All in the transaction that also claims what goes next.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from sqlalchemy.ext.asyncio import AsyncConnection

from feedbot.model import DeliveryKind, DeliveryState
from feedbot.owing import owe_notice
from feedbot.render.text import clip, one_line
from feedbot.store import bots, doubts, membership, outbox, retract, subscribers
from feedbot.store.outbox import Claimed, Outcome
from feedbot.telegram.answers import Answer, Verdict
from feedbot.telegram.compose import BEGUN
from feedbot.telegram.limits import Slow, Windows
from feedbot.telegram.settings import Posting
from feedbot.telegram.texts import notice

log = logging.getLogger(__name__)

_FIRST_RETRY = timedelta(seconds=1)
_LONGEST_RETRY = timedelta(minutes=5)
#: Sent once more in another way; the payload remembers which.
_CURES = (Verdict.PLAIN, Verdict.BARE, Verdict.SPLIT, Verdict.GENERAL, Verdict.STRIKE,
          Verdict.CAPTION)  # fmt: skip
#: How often a message is tried that is refused for a reason we do not know: about half an hour. It
#: may be about the message, and others wait behind it.
_UNKNOWN_ATTEMPTS = 15
_FEW_ATTEMPTS = 10  # some minutes
_NAMED = 100  # of a message, to say which one it is
#: What is about no chat in particular.
_OUTAGE = (Verdict.UNSENT, Verdict.DOUBT, Verdict.TOKEN)


@dataclass(frozen=True, slots=True)
class Ended:
    """A call that is over: `answer` None means accepted, as these (chat id, message id).

    begun: where the delivery has further messages to come: the HTML of all of them
    seen: (address, message id) of other messages that were met
    failed: a template that could not be used, and why (see compose.Post)
    """

    claimed: Claimed
    at: datetime
    answer: Answer | None = None
    messages: tuple[tuple[int, int], ...] = ()
    begun: tuple[str, ...] = ()
    seen: tuple[tuple[str, int], ...] = ()
    failed: tuple[str, str] | None = None


def _seen(ended: Sequence[Ended]) -> list[tuple[str, int]]:
    own = [(one.claimed.address, id) for one in ended for _, id in one.messages]
    return own + [seen for one in ended for seen in one.seen]


def _named(claimed: Claimed) -> str:
    """A message, for people to know which one is meant."""
    what = claimed.causes[0].title if claimed.causes else str(claimed.payload.get("text"))
    return clip(one_line(what), _NAMED)


def backoff(attempts: int, random: Random) -> timedelta:
    """The pause after so many attempts: from a second, doubling to five minutes, with jitter."""
    pause = min(_LONGEST_RETRY, _FIRST_RETRY * (1 << min(attempts - 1, 10)))
    return pause * random.uniform(0.5, 1.0)


def outcome(ended: Ended, random: Random, posting: Posting) -> Outcome:
    """What the delivery's row is to say."""
    claimed, at, answer = ended.claimed, ended.at, ended.answer
    if answer is None:
        return _accepted(ended)
    if _too_old(ended, answer, posting):
        return Outcome(claimed.id, DeliveryState.FAILED, at, error=answer.error)
    waiting = DeliveryState.PENDING
    match answer.verdict:
        case Verdict.DOUBT | Verdict.UNSENT:
            doubt = answer.verdict == Verdict.DOUBT and claimed.kind != DeliveryKind.RETRACT
            state = DeliveryState.IN_DOUBT if doubt else waiting
            due = at + backoff(claimed.attempts, random)
            return Outcome(claimed.id, state, at, due, answer.error, failing=True)
        case Verdict.UNSURE if posting.when_unsure == "resend":
            return Outcome(claimed.id, waiting, at, at, answer.error, resent=True)
        case Verdict.LATER:
            due = at + answer.retry_after
            return Outcome(claimed.id, waiting, at, due, answer.error, attempted=False)
        case Verdict.GONE | Verdict.CLOSED_TOPIC | Verdict.MIGRATED | Verdict.TOKEN:
            return Outcome(claimed.id, waiting, at, at, answer.error, attempted=False)
        case Verdict.UNKNOWN if claimed.attempts < _UNKNOWN_ATTEMPTS:
            due = at + backoff(claimed.attempts, random)
            return Outcome(claimed.id, waiting, at, due, answer.error)
        case cure if cure in _CURES and not claimed.payload.get(cure):
            payload = {**claimed.payload, str(cure): True}
            return Outcome(claimed.id, waiting, at, at, answer.error, payload=payload)
    return Outcome(claimed.id, DeliveryState.FAILED, at, error=answer.error)


def _too_old(ended: Ended, answer: Answer, posting: Posting) -> bool:
    """Whether a message that cannot be delivered is to be given up.

    Not at the first failures, however old it is: the machine may have slept for a week and woken up
    before its network.
    """
    since, attempts = ended.claimed.fresh_from, ended.claimed.attempts
    if answer.verdict not in (Verdict.UNSENT, Verdict.UNSURE) or attempts < _FEW_ATTEMPTS:
        return False
    return since is not None and ended.at - since > posting.keep_trying


def _accepted(ended: Ended) -> Outcome:
    """The delivery is sent, or its next message is to go."""
    claimed, at = ended.claimed, ended.at
    messages, part = ended.messages, claimed.part
    payload = {key: value for key, value in claimed.payload.items() if key != BEGUN}
    if not ended.begun:
        return Outcome(claimed.id, DeliveryState.SENT, at, None, None, messages, part,
                       payload=payload if part else None)  # fmt: skip
    # Attempts are those of the message that is next.
    return Outcome(claimed.id, DeliveryState.PENDING, at, at, None, messages, part,
                   attempted=False, payload=payload | {BEGUN: ended.begun})  # fmt: skip


class Settler:
    """Settles ended calls.

    hold:    how long the whole bot is to be quiet, as far as known
    refused: what Telegram says where it refuses the bot
    """

    def __init__(self, bot_id: int, random: Random, posting: Posting, windows: Windows) -> None:
        self._bot_id = bot_id
        self._windows = windows
        self._random = random
        self._last_error = ""
        self._slow = Slow()
        self._templates: set[str] = set()  # those said to fail
        self.posting = posting
        self.hold: datetime | None = None
        self.refused: str | None = None

    async def settle(self, connection: AsyncConnection, ended: Sequence[Ended]) -> None:
        """Record every outcome, then what it means for the chat, the bot and the operator."""
        outcomes = [outcome(one, self._random, self.posting) for one in ended]
        await outbox.record(connection, outcomes)
        await doubts.learn(connection, self._bot_id, _seen(ended))
        await self._take_back(connection, ended)
        for one, result in zip(ended, outcomes, strict=True):
            if one.failed:
                await self._tell_template(connection, one, *one.failed)
            if one.answer is None:
                await self._note_accepted(connection, one)
            else:
                await self._consequences(connection, one, one.answer, result)
        if any(one.claimed.kind == DeliveryKind.REPLY for one in ended):
            await membership.purge_left(connection)

    async def _note_accepted(self, connection: AsyncConnection, ended: Ended) -> None:
        claimed = ended.claimed
        if ended.messages and claimed.address.startswith("@") and claimed.chat_id is None:
            await membership.resolve(connection, claimed.address, ended.messages[0][0])
        self._slow.accepted()
        self._last_error = ""
        if self.refused:
            self.refused = None
            await bots.accept(connection)

    async def _note_refused(self, connection: AsyncConnection, why: str) -> None:
        """The bot is refused: time does not count until it no longer is."""
        self.refused = why
        await bots.refuse(connection, self._bot_id, why)
        await subscribers.refresh(connection)

    async def _take_back(self, connection: AsyncConnection, ended: Sequence[Ended]) -> None:
        """What was retracted while it was being sent, and what was meant to pass."""
        if ended:
            news = [one.claimed.id for one in ended if one.claimed.kind == DeliveryKind.NEWS]
            passing = [
                one.claimed.id
                for one in ended
                if one.answer is None and one.claimed.payload.get(retract.PASSING)
            ]
            await retract.settled(connection, news, passing, ended[-1].at)

    async def _consequences(
        self, connection: AsyncConnection, ended: Ended, answer: Answer, result: Outcome
    ) -> None:
        claimed = ended.claimed
        if _too_old(ended, answer, self.posting):
            values = {"chat": claimed.address, "error": answer.error}
            await self._tell(connection, ended, "too old", **values)
            return
        if answer.verdict == Verdict.UNSURE:
            await self._tell_unsure(connection, ended, answer)
            return
        line = f"chat {claimed.address}: {answer.verdict}: {answer.error}"
        # One line an outage: with the network gone every chat fails, again and again.
        same = answer.error == self._last_error and answer.verdict in _OUTAGE
        usual = answer.verdict in (Verdict.STRIKE, Verdict.CAPTION)
        log.log(logging.DEBUG if same or usual else logging.WARNING, "%s", line)
        self._last_error = answer.error
        match answer.verdict:
            case Verdict.TOKEN:
                await self._note_refused(connection, answer.error)
            case Verdict.LATER:
                await self._hold(connection, ended, ended.at + answer.retry_after)
            case Verdict.GONE | Verdict.CLOSED_TOPIC:
                await self._lose(connection, ended, answer)
            case Verdict.MIGRATED:
                await self._migrate(connection, ended, answer.new_address)
            case _:
                await self._report(connection, ended, answer, result)

    async def _report(
        self, connection: AsyncConnection, ended: Ended, answer: Answer, result: Outcome
    ) -> None:
        """What the operator should know of a message that goes another way, or not at all."""
        values = {"chat": ended.claimed.address, "error": answer.error}
        if answer.verdict == Verdict.UNKNOWN:  # said when it is first met, with what comes of it
            await self._tell(connection, ended, "unknown", **values)
        elif result.state == DeliveryState.FAILED:
            taken = ended.claimed.kind == DeliveryKind.RETRACT
            name = "not retracted" if taken else "refused"
            await self._tell(connection, ended, name, message=_named(ended.claimed), **values)
        elif answer.verdict == Verdict.GENERAL:
            await self._tell(connection, ended, "topic", topic=ended.claimed.topic, **values)
        elif answer.verdict in (Verdict.PLAIN, Verdict.SPLIT):
            await self._tell(connection, ended, f"defect, {answer.verdict}", **values)

    async def _hold(self, connection: AsyncConnection, ended: Ended, until: datetime) -> None:
        address, at = ended.claimed.address, ended.at
        await membership.hold(connection, address, until)
        self._windows.refused(address, at)
        if self._slow.refused(address, at):
            self._windows.excuse(self._slow.chats)
            self._windows.refused(None, at)
        if self._slow.all_of_them:
            self.hold = max(until, self.hold or until)
            await bots.hold(connection, self._bot_id, self.hold)
            await subscribers.refresh(connection)

    async def _lose(self, connection: AsyncConnection, ended: Ended, answer: Answer) -> None:
        claimed = ended.claimed
        topic = claimed.topic if answer.verdict == Verdict.CLOSED_TOPIC else None
        paused = await membership.lose(connection, claimed.address, answer.error, topic=topic)
        for row in paused:
            values = {"chat": row.name, "address": row.address, "error": answer.error}
            await self._tell(connection, ended, "paused", **values)

    async def _migrate(self, connection: AsyncConnection, ended: Ended, new: str) -> None:
        old = ended.claimed.address
        if await membership.migrate(connection, old, new):
            await self._tell(connection, ended, "migrated", old=old, new=new)

    async def _tell_unsure(self, connection: AsyncConnection, ended: Ended, answer: Answer) -> None:
        await self._tell(
            connection,
            ended,
            f"unsure, {self.posting.when_unsure}",
            chat=ended.claimed.address,
            message=_named(ended.claimed),
            error=answer.error,
        )

    async def _tell_template(
        self, connection: AsyncConnection, ended: Ended, template: str, error: str
    ) -> None:
        """A template gave way to the default one: said once for each chat and template."""
        address, topic = ended.claimed.address, ended.claimed.topic
        named = f"{address}, topic {topic}" if topic else address
        key = f"template:{address}:{topic}:{hashlib.sha256(template.encode()).hexdigest()[:16]}"
        if key in self._templates:
            return
        self._templates.add(key)
        values = {"chat": named, "message": _named(ended.claimed), "error": error}
        log.warning("%s", notice("template", "en", **values))
        if admin := await subscribers.admin_id(connection):
            text = notice("template", self.posting.language, **values)
            await outbox.owe(connection, [owe_notice(admin, key, text)], ended.at)

    async def _tell(
        self, connection: AsyncConnection, ended: Ended, name: str, **values: object
    ) -> None:
        """Tell the log, and the admin chat once a day for the same thing; nothing about itself."""
        log.warning("%s", notice(name, "en", **values))
        admin = await subscribers.admin_id(connection)
        if admin is None or admin == ended.claimed.subscriber_id:
            return
        text = notice(name, self.posting.language, **values)
        digest = hashlib.sha256(text.encode()).hexdigest()[:16]
        key = f"{name}:{digest}:{ended.at:%Y-%m-%d}"
        await outbox.owe(connection, [owe_notice(admin, key, text)], ended.at)
