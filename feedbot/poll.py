"""One poll of one source, from the request to the commit.

    fetch ─ 304 or the same body ───────────────→ confirm ┐
      └→ read (reading) → identify (gap) → recall → diff ──┴→ one transaction:
                                    entries, the list, validators, outbox, pages to read
      └→ failed: the error, the next try; a lasting one is told to the operator
           └→ another list where there was one: the same, until that has lasted
           └→ a feed read in its page's place has died: once more, from the page

What the commit changed in the feed, and that something is owed, is said to the caller; nothing is
sent or written to a file here.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

from sqlalchemy.ext.asyncio import AsyncConnection

from feedbot import __version__, failing, recheck
from feedbot.answers import (
    LIES,
    confirmed,
    hash_of,
    is_said_to_be_the_same,
    keep,
    remark,
    request_for,
)
from feedbot.articles import pictured, wanted
from feedbot.clock import Clock
from feedbot.confirmations import Confirmations
from feedbot.deciding import Decision, Shown, decide, decide_again, has_lasted, is_over
from feedbot.errors import FetchError, OtherListError, ParseError
from feedbot.failing import TELL_AFTER, cause_of
from feedbot.fetch import Fetched, Fetcher
from feedbot.gap import bridged, on_first_page
from feedbot.healing import advice, healed
from feedbot.holding import hold
from feedbot.identity import identify
from feedbot.model import Extractor, Source, Take
from feedbot.owing import Announced, Follower, Owed, owe_news
from feedbot.pace import Pace, next_poll
from feedbot.reading import Reader, Reading, off_loop
from feedbot.source.fit import NO_PAST, Past, describe, relaid
from feedbot.store import entries, history, outbox, pictures, sources, texts
from feedbot.store.engine import Store
from feedbot.store.recall import past
from feedbot.store.sources import Confirmed, SourceState

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Polled:
    """What a poll came to.

    error:        one line with source, URL and cause, where it failed
    feed_changed: the feed has to be written anew
    owes:         the deliverer has something to do
    reads:        there are articles to read
    """

    source: str
    error: str | None = None
    new: int = 0
    feed_changed: bool = False
    owes: bool = False
    reads: bool = False


@dataclass(frozen=True, slots=True)
class Audience:
    """Who may be owed something, as the store has it at the moment of the commit."""

    followers: Callable[[AsyncConnection], Awaitable[Sequence[Follower]]]
    operator: Callable[[AsyncConnection], Awaitable[int | None]]  # the admin chat's subscriber


class Poller:
    """Polls sources. One poll of a source at a time is the caller's duty.

    authority: the host name in newly minted ids
    shown:     how many entries a feed holds
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
        shown: Callable[[], int] = lambda: 50,
    ) -> None:
        self._shown = shown
        self._store = store
        self._fetcher = fetcher
        self._reader = Reader(fetcher, clock)
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
        extractor = sources.remembered(source, state)
        try:
            if extractor is None or not (died := await self._kept_up(source, state, extractor)):
                return await self._attempt(source, state, extractor)
        except (FetchError, ParseError) as error:
            if extractor is None or not _has_died(extractor, error, state):
                return await self._fail(source, state, error)
            died = cause_of(error)
        told = f"its feed {extractor.url} has died ({died}); the page is read instead"
        log.warning("%s: %s: %s", source.name, source.url, told)
        try:
            return await self._attempt(source, state, None, told=told)
        except (FetchError, ParseError) as error:
            return await self._fail(source, state, error)

    async def _kept_up(self, source: Source, state: SourceState, extractor: Extractor) -> str:
        """Why a feed in its page's place is no more to be read, "" where it is; looked at daily."""
        if extractor.take is not Take.FEED or not recheck.is_due(source, state.polls):
            return ""
        return await recheck.has_died(self._fetcher, source, extractor, self._clock.now())

    async def _attempt(
        self, source: Source, state: SourceState, extractor: Extractor | None, told: str = ""
    ) -> Polled:
        """Fetch, read and commit. Raises FetchError, ParseError, StoreError.

        extractor: how it is read, as far as that is known
        told:      for the operator, if it goes well
        """
        known = state.reading == sources.reading_key(source, __version__, extractor)
        fetched = await self._fetcher.fetch(request_for(source, state, extractor, known=known))
        if fetched.not_modified and not known:
            raise FetchError(fetched.url, "answered 304 to a request without conditions")
        body_hash = hash_of(fetched)
        if known and (fetched.not_modified or body_hash == state.body_hash):
            return await self._confirm(source, state, fetched)
        reading, advised = await self._read(source, state, fetched, extractor)
        told = told or advised or self._about_layout(state, extractor, reading)
        listing = reading.listing
        rows = await off_loop(source, identify, listing.items, reading.fetched.url)
        for warning in listing.warnings:
            log.warning("%s: %s: %s", source.name, source.url, warning)
        moved = bool(advised) or relaid(extractor, reading.extractor)
        other = sources.remembered(source, state) != reading.extractor
        switched = not known or other or reading.doubt is not None
        first = len(rows)
        if not switched:
            rows = await bridged(
                self._store, self._fetcher, self._clock, source, state, reading, rows
            )
        answered = keep(source, state, reading, known=known)
        told = told or remark(state, answered)
        shown = Shown(rows, first, switched=switched, moved=moved)
        lied = known and is_said_to_be_the_same(state, fetched)
        return await self._commit(
            source, answered, shown, told=told, max_age=fetched.max_age, lied=lied
        )

    async def _read(
        self, source: Source, state: SourceState, fetched: Fetched, extractor: Extractor | None
    ) -> tuple[Reading, str]:
        """The listing, and what the operator should know where its selectors do no more."""
        before = await self._past(source, state, extractor)
        try:
            return await self._reader.read(source, fetched, extractor, before), ""
        except ParseError:
            again = await healed(self._store, self._reader, source, state, fetched, extractor)
            if again is None or again.extractor is None:
                raise
            return again, "" if extractor else advice(again.extractor)

    async def _past(self, source: Source, state: SourceState, extractor: Extractor | None) -> Past:
        """What the source's list showed before, where that can help to find it on a page."""
        if sources.remembered(source, state) is None:
            return NO_PAST
        if extractor is not None and extractor.take is Take.FEED:
            return NO_PAST
        async with self._store.reading() as connection:
            return await past(connection, state)

    def _about_layout(
        self, state: SourceState, extractor: Extractor | None, reading: Reading
    ) -> str:
        """What there is to tell the operator of a page that is laid out anew.

        Raises OtherListError where it shows another list, and that has not lasted yet.
        """
        if reading.doubt is not None:
            if not has_lasted(state, self._clock.now()):
                raise OtherListError(reading.doubt)
            since, where = f"{state.doubtful_since:%Y-%m-%d}", describe(reading.extractor)
            return f"shows another list since {since}, which is read now ({where})"
        if not relaid(extractor, reading.extractor):
            return ""
        return f"is laid out anew; its list was found again ({describe(reading.extractor)})"

    async def _confirm(self, source: Source, state: SourceState, fetched: Fetched) -> Polled:
        after, max_age = confirmed(state, fetched), fetched.max_age
        verdict_due = state.verdict_at is not None and state.polls + 1 >= state.verdict_at
        moved = after.pace != state.pace or after.moved_to != state.moved_to
        if verdict_due or state.told_at or moved or is_over(state, self._clock.now()):
            told = remark(state, after)
            return await self._commit(source, after, None, told=told, max_age=max_age)
        now = self._clock.now()
        due_at = self._next(source, state, now, max_age)
        await self._confirmations.add(
            Confirmed(state.id, now, due_at, after.etag, after.last_modified)
        )
        return Polled(source.name)

    async def _commit(
        self,
        source: Source,
        state: SourceState,
        shown: Shown | None,
        *,
        told: str = "",
        max_age: timedelta | None = None,
        lied: bool = False,
    ) -> Polled:
        """Write one sound poll and all it causes. `shown` None: the last listing once more.

        told:    for the operator
        max_age: for how long the answer stays fresh
        lied:    it came under the validators of another one

        Raises OtherListError: it is doubtful, and nothing is written.
        """
        now = self._clock.now()
        baseline = state.baseline_at is None
        async with self._store.transaction() as connection:
            decision = await self._decide(connection, source, state, shown)
            state = decision.state
            applied = await entries.apply(
                connection,
                state,
                decision.diff,
                shown.rows if shown else (),
                source=source,
                authority=self._authority,
                now=now,
            )
            news, kept = _sorted(applied.announced, shown, decision)
            owed: list[Owed] = []
            if kept:
                operator = await self._audience.operator(connection)
                why = decision.judgement.why
                owed += await hold(connection, source, state.id, kept, why, operator, now)
            stored = [one for one in applied.announced if one not in kept]
            pages = wanted(source, stored, news, now, shown=self._shown())
            await texts.want(connection, state.id, pages, now)
            images = pictured(source, stored, news, shown=self._shown())
            await pictures.want(connection, state.id, images, now)
            if shown or decision.rows is not None:
                first = shown.rows[: shown.first] if shown else ()
                dated = sum(row.item.date is not None for row in first) if first else None
                await history.note(
                    connection, state.id, now, new=len(news), rows=decision.rows, dated=dated
                )
            if news:
                followers = await self._audience.followers(connection)
                holds = {page.entry_id: page.hold_until for page in pages if page.hold_until}
                owed += owe_news(news, source.name, source.title, followers, holds)
            lied = lied and applied.changed
            texts_told = [text for text in (told, *decision.told, LIES if lied else "") if text]
            for text in texts_told:
                # once a day: a page may be laid out in two ways by turns
                event = f"reading:{hashlib.sha256(text.encode()).hexdigest()[:16]}"
                today = now.replace(hour=0, minute=0, second=0, microsecond=0)
                owed += await self._notice(connection, source, event, text, today)
            if state.told_at:
                owed += await self._notice(
                    connection, source, "works", "works again", state.told_at
                )
            await outbox.owe(connection, owed, now)
            state = replace(
                applied.state,
                baseline_at=state.baseline_at or now,
                last_ok_at=now,
                pace=_paced(state, now, new=bool(applied.announced), lied=lied),
            )
            due_at = self._next(source, state, now, max_age)
            await sources.record_sound(connection, replace(state, due_at=due_at))
        for text in texts_told:
            log.warning("%s: %s: %s", source.name, source.url, text)
        if kept:
            why = decision.judgement.why
            log.warning("%s: %s: %d held: %s", source.name, source.url, len(kept), why)
        if baseline:
            log.info("%s: baseline of %d entries", source.name, len(applied.announced))
        elif news:
            log.info("%s: %d new", source.name, len(news))
        return Polled(
            source.name,
            new=len(news),
            feed_changed=applied.changed or baseline,
            owes=bool(owed),
            reads=bool(pages),
        )

    async def _decide(
        self,
        connection: AsyncConnection,
        source: Source,
        state: SourceState,
        shown: Shown | None,
    ) -> Decision:
        now = self._clock.now()
        if shown is None:
            return await decide_again(connection, source, state, now)
        decision = await decide(connection, source, state, shown, now)
        if decision.state.short_since:  # its places below the first page are to be kept
            return decision
        return replace(decision, diff=on_first_page(decision.diff, shown.first))

    async def _fail(
        self, source: Source, state: SourceState, error: FetchError | ParseError
    ) -> Polled:
        operator, jitter = self._audience.operator, self._random.uniform(-1, 1)
        now = self._clock.now()
        failed = await failing.record(
            self._store, operator, source, state, error, now=now, jitter=jitter
        )
        return Polled(source.name, error=failed.line, owes=failed.owes)

    async def _notice(
        self, connection: AsyncConnection, source: Source, event: str, text: str, at: datetime
    ) -> list[Owed]:
        return await failing.notice(connection, self._audience.operator, source, event, text, at)

    def _next(
        self, source: Source, state: SourceState, now: datetime, max_age: timedelta | None
    ) -> datetime:
        jitter = self._random.uniform(-1, 1)
        return next_poll(source, Pace.of(state.pace), now, max_age, jitter)


def _paced(state: SourceState, now: datetime, *, new: bool, lied: bool) -> str | None:
    pace = Pace.of(state.pace)
    pace = pace.after_change(now) if new else pace
    return replace(pace, lies=pace.lies or lied).text


def _has_died(extractor: Extractor, error: FetchError | ParseError, state: SourceState) -> bool:
    """Whether a feed that is read in its page's place is gone, and does not merely fail."""
    if extractor.take is not Take.FEED or isinstance(error, OtherListError):
        return False
    gone = isinstance(error, ParseError) or error.status in (404, 410)
    return gone or state.failures + 1 >= TELL_AFTER


def _sorted(
    new: Sequence[Announced], shown: Shown | None, decision: Decision
) -> tuple[list[Announced], list[Announced]]:
    """Of the new entries those that are news, and those that are held."""
    if shown is None:
        return [], []
    index = {id(row): n for n, row in enumerate(shown.rows)}
    news, held = decision.judgement.news, decision.judgement.held
    return (
        [one for one in new if index[id(one.row)] in news],
        [one for one in new if index[id(one.row)] in held],
    )
