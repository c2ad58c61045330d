"""One poll of one source, from the request to the commit.

    fetch ─ 304 or the same body ───────────────→ confirm ┐
      └→ read (source/) → identify → recall → diff ────────┴→ one transaction:
                                    entries, the list, validators, outbox
      └→ failed: the error, the next try; a lasting one is told to the operator

What the commit changed in the feed, and that something is owed, is said to the caller; nothing is
sent or written to a file here.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

from sqlalchemy.ext.asyncio import AsyncConnection

from feedbot import __version__
from feedbot.clock import Clock
from feedbot.diff import Diff, Rules, confirm, diff
from feedbot.errors import FetchError, ParseError
from feedbot.fetch import Fetched, Fetcher, Request
from feedbot.identity import Row, identify
from feedbot.model import Listing, Source
from feedbot.owing import Follower, Owed, owe_news, owe_notice
from feedbot.source.read import read
from feedbot.store import entries, outbox, sources
from feedbot.store.engine import Store
from feedbot.store.sources import Confirmed, SourceState

log = logging.getLogger(__name__)

#: The longest pause between two tries of a source that fails, unless its own interval is longer.
LONGEST_BACKOFF = timedelta(hours=6)
#: Failures in a row before the operator is told: one or two are the web's usual weather.
TELL_AFTER = 3


@dataclass(frozen=True, slots=True)
class Polled:
    """What a poll came to.

    error:        one line with source, URL and cause, where it failed
    feed_changed: the feed has to be written anew
    owes:         the deliverer has something to do
    """

    source: str
    error: str | None = None
    new: int = 0
    feed_changed: bool = False
    owes: bool = False


@dataclass(frozen=True, slots=True)
class Audience:
    """Who may be owed something, as the store has it at the moment of the commit."""

    followers: Callable[[AsyncConnection], Awaitable[Sequence[Follower]]]
    operator: Callable[[AsyncConnection], Awaitable[int | None]]  # the admin chat's subscriber


class Confirmations:
    """Commits the polls that changed nothing, as many at a time as have gathered.

    At thousands of sources nearly every poll is one of these; one transaction each would be most
    of their cost.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: list[tuple[Confirmed, asyncio.Future[None]]] = []
        self._flush: asyncio.Task[None] | None = None

    async def add(self, poll: Confirmed) -> None:
        """Return when the poll is committed. Raises StoreError."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((poll, done))
        if self._flush is None or self._flush.done():
            self._flush = asyncio.create_task(self._commit_all())
        await done

    async def _commit_all(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            failure: Exception | None = None
            try:
                async with self._store.transaction() as connection:
                    await sources.record_confirmed(connection, [poll for poll, _ in batch])
            except Exception as error:  # every waiting poll has to hear of it
                failure = error
            for _, done in batch:
                if done.done():
                    continue
                if failure:
                    done.set_exception(failure)
                else:
                    done.set_result(None)


class Poller:
    """Polls sources. One poll of a source at a time is the caller's duty.

    authority: the host name in newly minted ids
    """

    def __init__(
        self,
        store: Store,
        fetcher: Fetcher,
        clock: Clock,
        audience: Audience,
        *,
        authority: str,
        random: Random,
    ) -> None:
        self._store = store
        self._fetcher = fetcher
        self._clock = clock
        self._audience = audience
        self._authority = authority
        self._random = random
        self._confirmations = Confirmations(store)

    async def poll(self, source: Source, state: SourceState | None = None) -> Polled:
        """Poll `source` now. `state`: its row, where the caller has just read it.

        A source's failure is a result, not an exception. Raises StoreError.
        """
        if state is None:
            async with self._store.reading() as connection:
                state = await sources.load(connection, source.name)
        known = state.reading == sources.reading_key(source, __version__)
        try:
            fetched = await self._fetcher.fetch(_request(source, state, known))
            if fetched.not_modified and not known:
                raise FetchError(fetched.url, "answered 304 to a request without conditions")
            body_hash = hashlib.sha256(fetched.body).hexdigest()
            if known and (fetched.not_modified or body_hash == state.body_hash):
                return await self._confirm(source, state, fetched)
            listing, rows = await _rows(fetched, source)
        except (FetchError, ParseError) as error:
            return await self._fail(source, state, error)
        for warning in listing.warnings:
            log.warning("%s: %s: %s", source.name, source.url, warning)
        return await self._commit(source, _answered(source, state, fetched, body_hash), rows)

    async def _confirm(self, source: Source, state: SourceState, fetched: Fetched) -> Polled:
        etag = fetched.etag or state.etag
        last_modified = fetched.last_modified or state.last_modified
        verdict_due = state.verdict_at is not None and state.polls + 1 >= state.verdict_at
        if verdict_due or state.told_at:
            state = replace(state, etag=etag, last_modified=last_modified)
            return await self._commit(source, state, None)
        now = self._clock.now()
        await self._confirmations.add(
            Confirmed(state.id, now, self._next(source, now), etag, last_modified)
        )
        return Polled(source.name)

    async def _commit(
        self, source: Source, state: SourceState, rows: Sequence[Row] | None
    ) -> Polled:
        """Write one sound poll and all it causes. `rows` None: the last listing once more."""
        now = self._clock.now()
        async with self._store.transaction() as connection:
            decided = await self._decide(connection, source, state, rows)
            applied = await entries.apply(
                connection,
                state,
                decided,
                rows or (),
                source=source,
                authority=self._authority,
                now=now,
            )
            baseline = state.baseline_at is None
            owed: list[Owed] = []
            if applied.announced and not baseline:
                followers = await self._audience.followers(connection)
                owed = owe_news(applied.announced, source.name, source.title, followers)
            if state.told_at:
                owed += await self._notice(
                    connection, source, "works", "works again", state.told_at
                )
            await outbox.owe(connection, owed, now)
            await sources.record_sound(
                connection,
                replace(
                    applied.state,
                    baseline_at=state.baseline_at or now,
                    last_ok_at=now,
                    due_at=self._next(source, now),
                ),
            )
        if baseline:
            log.info("%s: baseline of %d entries", source.name, len(applied.announced))
        elif applied.announced:
            log.info("%s: %d new", source.name, len(applied.announced))
        return Polled(
            source.name,
            new=0 if baseline else len(applied.announced),
            feed_changed=applied.changed or baseline,
            owes=bool(owed),
        )

    async def _decide(
        self,
        connection: AsyncConnection,
        source: Source,
        state: SourceState,
        rows: Sequence[Row] | None,
    ) -> Diff:
        rules = Rules(source.confirm_gone, source.confirm_changed)
        known = await entries.recall(connection, state, rows or ())
        if rows is None:
            return confirm(known, state.places, state.polls + 1, rules)
        return diff(rows, known, state.places, state.polls + 1, rules)

    async def _fail(
        self, source: Source, state: SourceState, error: FetchError | ParseError
    ) -> Polled:
        now = self._clock.now()
        retry_after = error.retry_after if isinstance(error, FetchError) else None
        cause = error.cause if isinstance(error, FetchError) else str(error)
        pause = sources.backoff(source.every, state.failures, LONGEST_BACKOFF)
        due_at = max(now + self._jittered(pause), retry_after or now)
        line = f"{source.name}: {source.url}: {cause}"
        async with self._store.transaction() as connection:
            failed = await sources.record_failure(
                connection, state, cause, now=now, due_at=due_at, retry_after=retry_after
            )
            owed: list[Owed] = []
            if failed.failures >= TELL_AFTER and not state.told_at:
                text = f"fails since {failed.failed_since:%Y-%m-%d %H:%M} UTC: {cause}"
                owed = await self._notice(connection, source, "fails", text, now)
                await sources.mark_told(connection, state.id, now)
            await outbox.owe(connection, owed, now)
        log.warning("%s; next try %s UTC", line, f"{due_at:%Y-%m-%d %H:%M:%S}")
        return Polled(source.name, error=line, owes=bool(owed))

    async def _notice(
        self,
        connection: AsyncConnection,
        source: Source,
        event: str,
        text: str,
        occasion: datetime,
    ) -> list[Owed]:
        operator = await self._audience.operator(connection)
        if operator is None:
            return []
        key = f"source:{source.name}:{event}:{occasion.isoformat()}"
        return [owe_notice(operator, key, f"{source.title} ({source.url}) {text}")]

    def _next(self, source: Source, now: datetime) -> datetime:
        return now + self._jittered(source.every)

    def _jittered(self, pause: timedelta) -> timedelta:
        """Spread either way, so that a restart is no stampede for long."""
        return pause * self._random.uniform(1 - sources.JITTER, 1 + sources.JITTER)


async def _rows(fetched: Fetched, source: Source) -> tuple[Listing, tuple[Row, ...]]:
    """Read the body off the event loop; a defect of ours is this source's failure, like any other.

    Raises ParseError.
    """

    def work() -> tuple[Listing, tuple[Row, ...]]:
        listing = read(fetched.body, fetched.content_type, source, fetched.url)
        return listing, identify(listing.items, fetched.url)

    try:
        return await asyncio.to_thread(work)
    except ParseError:
        raise
    except Exception as error:
        log.exception("%s: %s: this is a defect of feedbot", source.name, source.url)
        raise ParseError(f"cannot be read, by a defect of feedbot: {error!r}") from error


def _request(source: Source, state: SourceState, known: bool) -> Request:
    return Request(
        url=source.url,
        headers=source.headers,
        cookies=source.cookies,
        auth=source.auth,
        etag=state.etag if known else None,
        last_modified=state.last_modified if known else None,
        validators_url=state.answered_by,
    )


def _answered(source: Source, state: SourceState, fetched: Fetched, body_hash: str) -> SourceState:
    """The state with what the answer said of itself."""
    if fetched.moved_to and fetched.moved_to != state.moved_to:
        log.warning(
            "%s: %s has moved for good to %s; put that in the configuration",
            source.name,
            source.url,
            fetched.moved_to,
        )
    return replace(
        state,
        reading=sources.reading_key(source, __version__),
        answered_by=fetched.url,
        etag=fetched.etag,
        last_modified=fetched.last_modified,
        body_hash=body_hash,
        moved_to=fetched.moved_to,
    )
