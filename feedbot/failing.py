"""What a poll that failed leaves behind: when to try again, and what the operator is told.

410 → the source rests until its configuration is read anew; said at once
404 → tried ever more rarely, down to once a day
what robots.txt forbids → said at once
anything else → tried ever more rarely; said when it lasts
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

from sqlalchemy.ext.asyncio import AsyncConnection

from feedbot.errors import FetchError, OtherListError, ParseError
from feedbot.model import Source
from feedbot.owing import Owed, owe_notice
from feedbot.pace import JITTER, Pace, backoff
from feedbot.store import history, outbox, sources
from feedbot.store.engine import Store
from feedbot.store.sources import SourceState

log = logging.getLogger(__name__)

#: The longest pause between two tries of a source that fails, unless its own interval is longer.
LONGEST_BACKOFF = timedelta(hours=6)
#: The same where its server says that there is no such page.
LONGEST_ABSENT = timedelta(days=1)
#: When a source is tried again that is gone for good.
NEVER = datetime(9999, 1, 1, tzinfo=UTC)
#: Failures in a row before the operator is told: one or two are the web's usual weather.
TELL_AFTER = 3

Operator = Callable[[AsyncConnection], Awaitable[int | None]]


@dataclass(frozen=True, slots=True)
class Failed:
    """A failure that is recorded. line: for people; owes: the deliverer has something to do."""

    line: str
    owes: bool


async def record(
    store: Store,
    operator: Operator,
    source: Source,
    state: SourceState,
    error: FetchError | ParseError,
    *,
    now: datetime,
    jitter: float,
) -> Failed:
    """Write a poll that failed. jitter: from -1 to 1. Raises StoreError."""
    state, moved_back = _at_its_own_address(state, error)
    gone = _status(error) == HTTPStatus.GONE and not moved_back
    retry_after = error.retry_after if isinstance(error, FetchError) else None
    cause = cause_of(error)
    due_at = NEVER if gone else _again(source, state, error, now, jitter)
    async with store.transaction() as connection:
        failed = await sources.record_failure(
            connection,
            state,
            cause,
            now=now,
            due_at=due_at,
            retry_after=retry_after,
            doubtful=isinstance(error, OtherListError),
        )
        await history.note(connection, state.id, now, failed=1)
        owed: list[Owed] = []
        forbidden = isinstance(error, FetchError) and error.forbidden
        if (gone or forbidden or failed.failures >= TELL_AFTER) and not state.told_at:
            text = f"fails since {failed.failed_since:%Y-%m-%d %H:%M} UTC: {cause}"
            if gone:
                text = f"is gone for good ({cause}) and is not polled any more; take it out"
            owed = await notice(connection, operator, source, "fails", text, now)
            await sources.mark_told(connection, state.id, now)
        await outbox.owe(connection, owed, now)
    line = f"{source.name}: {source.url}: {cause}"
    then = "not polled any more" if gone else f"next try {due_at:%Y-%m-%d %H:%M:%S} UTC"
    log.warning("%s; %s", line, then)
    return Failed(line, bool(owed))


def _again(
    source: Source, state: SourceState, error: FetchError | ParseError, now: datetime, jitter: float
) -> datetime:
    absent = _status(error) == HTTPStatus.NOT_FOUND
    longest = LONGEST_ABSENT if absent else LONGEST_BACKOFF
    pause = backoff(source.every, state.failures, longest) * (1 + JITTER * jitter)
    retry_after = error.retry_after if isinstance(error, FetchError) else None
    return max(now + pause, retry_after or now)


def _at_its_own_address(
    state: SourceState, error: FetchError | ParseError
) -> tuple[SourceState, bool]:
    """Forget where a source has moved to, if that is no more; whether it was so."""
    pace = Pace.of(state.pace)
    if not pace.has_moved or _status(error) not in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
        return state, False
    return replace(state, pace=replace(pace, moves=0).text, moved_to=None), True


async def notice(
    connection: AsyncConnection,
    operator: Operator,
    source: Source,
    event: str,
    text: str,
    occasion: datetime,
) -> list[Owed]:
    """What the operator is to be told of a source, once for each event and occasion."""
    subscriber = await operator(connection)
    if subscriber is None:
        return []
    key = f"source:{source.name}:{event}:{occasion.isoformat()}"
    return [owe_notice(subscriber, key, f"{source.title} ({source.url}) {text}")]


def cause_of(error: FetchError | ParseError) -> str:
    """Why it failed, without the URL."""
    return error.cause if isinstance(error, FetchError) else str(error)


def _status(error: FetchError | ParseError) -> int | None:
    return error.status if isinstance(error, FetchError) else None
