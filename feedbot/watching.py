"""Never silence: what is wrong is found once a minute, and told once when it begins and ends.

    sources that fail, are doubtful or short; what is held; Telegram, disk ─┐
    a sixtieth of the sources: silence, dates that are lost ────────────────┴→ alarms → roads

    roads: the admin chat (the outbox), alerts.url (a POST), alerts.ping (while all is well),
           alerts.daily (a summary)

Never to a channel. That a source cannot be read, or something is held, the admin chat has heard of
from the poll that found it.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from feedbot import __version__
from feedbot.clock import Clock
from feedbot.errors import FetchError, StoreError
from feedbot.expectation import learn, lost_dates, silence
from feedbot.fetch import Fetcher, Request
from feedbot.owing import Owed, owe_notice
from feedbot.store import alarms, held, history, outbox, survey
from feedbot.store.alarms import Alarm, Wrong
from feedbot.store.engine import Store
from feedbot.store.history import KEPT
from feedbot.store.sources import SourceState

log = logging.getLogger(__name__)

_EVERY = timedelta(minutes=1)
#: Polls in a row, or a day, from which on it is told that a source fails, or is not as usual.
_POLLS = 3
_DAY = timedelta(days=1)
_SLICES = 60  # so many minutes until each source has been looked at closely
_LEAST_SLICE = 50
_LITTLE = 200_000_000  # bytes free on the store's disk
_LISTED = 20  # alarms in one message

#: Found among all sources at each look; `slow` ones are looked for in one part of them at a time.
QUICK = ("unreadable", "doubtful", "short", "held", "telegram", "disk")
SLOW = ("silence", "dates")
#: Of these the admin chat hears by other ways, or cannot.
_TOLD_ELSEWHERE = ("unreadable", "doubtful", "held", "telegram")


@dataclass(frozen=True, slots=True)
class Roads:
    """How the operator is told, beside the admin chat; see config/alerts.py. Secrets, all of it."""

    url: str | None = None
    ping: str | None = None
    daily: time | None = None
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))


class Watcher:
    """Looks for what is wrong, and tells it.

    roads:    how, also after a reload
    operator: the admin chat's subscriber
    trouble:  why feedbot itself is not well, or None
    telegram: what keeps Telegram from being written to, or None
    wake:     tells the deliverer that something is owed
    """

    def __init__(
        self,
        store: Store,
        fetcher: Fetcher,
        clock: Clock,
        roads: Callable[[], Roads],
        operator: Callable[[AsyncConnection], Awaitable[int | None]],
        trouble: Callable[[], Awaitable[str | None]],
        telegram: Callable[[], str | None],
        wake: Callable[[], None],
        folder: Path,
    ) -> None:
        self._store = store
        self._fetcher = fetcher
        self._clock = clock
        self._roads = roads
        self._operator = operator
        self._trouble = trouble
        self._telegram = telegram
        self._wake = wake
        self._folder = folder
        self._due = clock.now()
        self._last = 0  # the number of the source last looked at closely
        self._said = ""

    async def tick(self) -> None:
        """Look, once a minute. Never raises: trouble is logged once, and the next minute comes."""
        now = self._clock.now()
        if now < self._due:
            return
        self._due = now + _EVERY
        try:
            await self.look(now)
            await self._post()
        except (StoreError, FetchError) as error:
            # Who knows such an address may use it: the cause alone is said.
            cause = error.cause if isinstance(error, FetchError) else str(error)
            if cause != self._said:
                log.error("alerts: %s; will be tried again", cause)
            self._said = cause
        else:
            self._said = ""
        await self._ping()

    async def look(self, now: datetime) -> None:
        """Write what is wrong, and owe the admin chat what is new of it. Raises StoreError."""
        async with self._store.transaction() as connection:
            told = await self._look_quickly(connection, now)
            told += await self._look_closely(connection, now)
            owed = await self._owed(connection, told, now)
            owed += await self._summary(connection, now)
            await outbox.owe(connection, owed, now)
        for begun, one in told:
            name = one.about or "feedbot"
            log.warning("%s: %s%s", name, "" if begun else "over: ", one.text)
        if owed:
            self._wake()

    async def wrong(self) -> list[dict[str, object]]:
        """The alarms that stand, as machines read them. Raises StoreError."""
        async with self._store.reading() as connection:
            return [one.fields() for one in await alarms.standing(connection)]

    async def _look_quickly(
        self, connection: AsyncConnection, now: datetime
    ) -> list[tuple[bool, Alarm]]:
        found = [
            one
            for state in await survey.struggling(connection, _POLLS, now - _DAY)
            for one in _struggles(state)
        ]
        numbers = await held.numbers(connection)
        found += [Wrong("held", name, f"{n} entries are held") for name, n in numbers.items()]
        if refused := self._telegram():
            found.append(Wrong("telegram", "", f"Telegram cannot be written to: {refused}"))
        free = shutil.disk_usage(self._folder).free
        if free < _LITTLE:
            found.append(Wrong("disk", "", "less than 200 MB are free where the store is"))
        return _told(await alarms.follow(connection, found, QUICK, now))

    async def _look_closely(
        self, connection: AsyncConnection, now: datetime
    ) -> list[tuple[bool, Alarm]]:
        """Look at the next few sources, so that each has its turn once an hour."""
        count = await survey.number(connection)
        some = await survey.after(connection, self._last, max(_LEAST_SLICE, count // _SLICES + 1))
        self._last = some[-1].id if some else 0
        watched = [one for one in some if one.active and one.baseline_at]
        days = await history.days_of(connection, [one.id for one in watched], now)
        found = []
        for one in watched:
            if one.failures or one.baseline_at is None:
                continue
            since = max(one.baseline_at, now - KEPT).date()
            expected = learn(days[one.id], since)
            if expected and (why := silence(expected, now.date())):
                found.append(Wrong("silence", one.name, why))
            if why := lost_dates(days[one.id]):
                found.append(Wrong("dates", one.name, why))
        names = [one.name for one in some]
        return _told(await alarms.follow(connection, found, SLOW, now, about=names))

    async def _owed(
        self, connection: AsyncConnection, told: Sequence[tuple[bool, Alarm]], now: datetime
    ) -> list[Owed]:
        mine = [(begun, one) for begun, one in told if one.kind not in _TOLD_ELSEWHERE]
        operator = await self._operator(connection) if mine else None
        if operator is None:
            return []
        lines = [_line(one, begun=begun) for begun, one in mine[:_LISTED]]
        if len(mine) > _LISTED:
            lines.append(f"… and {len(mine) - _LISTED} more: feedbot status")
        return [owe_notice(operator, f"alarms:{now.isoformat()}", "\n".join(lines))]

    async def _summary(self, connection: AsyncConnection, now: datetime) -> list[Owed]:
        roads = self._roads()
        here = now.astimezone(roads.zone)
        if roads.daily is None or here.time() < roads.daily:
            return []
        operator = await self._operator(connection)
        if operator is None:
            return []
        standing = await alarms.standing(connection)
        new, failed = await history.totals(connection, (now - _DAY).date())
        lines = [f"Since yesterday: {new} new, {failed} polls failed."]
        lines += [_line(one, begun=True) for one in standing[:_LISTED]]
        if len(standing) > _LISTED:
            lines.append(f"… and {len(standing) - _LISTED} more: feedbot status")
        if not standing:
            lines.append("Nothing is wrong.")
        return [owe_notice(operator, f"daily:{here.date()}", "\n".join(lines), quiet=True)]

    async def _post(self) -> None:
        """Tell the webhook what it does not know. Raises StoreError, FetchError."""
        url = self._roads().url
        async with self._store.reading() as connection:
            unknown = await alarms.to_post(connection)
        if not unknown:
            return
        if url:
            said = {"feedbot": __version__, "alarms": [one.fields() for one in unknown]}
            status = await self._fetcher.post(url, json=said)
            if not 200 <= status < 300:
                raise FetchError("alerts.url", f"the webhook answered {status}")
        async with self._store.transaction() as connection:
            await alarms.posted(connection, unknown)

    async def _ping(self) -> None:
        url = self._roads().ping
        if not url or await self._trouble():
            return
        try:
            await self._fetcher.fetch(Request(url=url))
        except FetchError as error:
            log.warning("alerts.ping: %s", error.cause)


def _struggles(state: SourceState) -> list[Wrong]:
    """What is wrong with a source by what its row says."""
    found = []
    if state.failures:
        kind = "doubtful" if state.doubtful else "unreadable"
        found.append(Wrong(kind, state.name, f"cannot be read: {state.last_error}"))
    first = state.short_poll
    if first is not None and state.polls - first + 1 >= _POLLS:
        text = f"far fewer items than the usual {state.usual}; nothing is taken for gone"
        found.append(Wrong("short", state.name, text))
    return found


def _told(changes: alarms.Changes) -> list[tuple[bool, Alarm]]:
    begun = [(True, one) for one in changes.begun]
    return begun + [(False, one) for one in changes.ended]


def _line(one: Alarm, *, begun: bool) -> str:
    name = f"{one.about}: " if one.about else ""
    again = f" (for the {one.times}th time)" if one.times > 3 else ""
    return f"{name}{one.text}{again}" if begun else f"Over: {name}{one.text}"
