"""How everything stands, read from the store: for `status`, the page at `/`, and people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from feedbot.config import Settings
from feedbot.counters import days, local_date, next_due, wording
from feedbot.model import Counter, Source
from feedbot.store import alarms, bots, outbox, sources, texts
from feedbot.store import counters as counter_states
from feedbot.store.alarms import Alarm
from feedbot.store.engine import Store
from feedbot.store.outbox import Counts
from feedbot.store.texts import Unread

_NONE = Unread()


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """A source: its last good poll, the next, how many entries, what went wrong last.

    articles: whose text is to be read yet, or was given up
    """

    name: str
    title: str
    url: str
    last_ok: datetime | None
    next: datetime | None
    entries: int
    error: str | None
    articles: Unread = _NONE


@dataclass(frozen=True, slots=True)
class CounterStatus:
    """A counter: today's count in its zone, how it is worded, when it is owed next."""

    name: str
    days: int
    text: str
    next: datetime | None


@dataclass(frozen=True, slots=True)
class Status:
    """Everything at one moment. Times are aware UTC.

    refused: what Telegram says where it refuses the bot
    alarms:  what is wrong now
    """

    sources: tuple[SourceStatus, ...]
    counters: tuple[CounterStatus, ...]
    deliveries: Counts
    refused: str | None = None
    alarms: tuple[Alarm, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The shape that `status --json` prints; times in RFC 3339, UTC."""
        return {
            "sources": [
                {
                    "name": source.name,
                    "last_ok": rfc3339(source.last_ok),
                    "next": rfc3339(source.next),
                    "entries": source.entries,
                    "error": source.error,
                    "articles": {
                        "waiting": source.articles.waiting,
                        "failed": source.articles.failed,
                        "error": source.articles.error,
                    },
                }
                for source in self.sources
            ],
            "counters": [
                {"name": counter.name, "days": counter.days, "next": rfc3339(counter.next)}
                for counter in self.counters
            ],
            "deliveries": {
                "owed": self.deliveries.owed,
                "sent": self.deliveries.sent,
                "in_doubt": self.deliveries.in_doubt,
                "resent": self.deliveries.resent,
                "failed": self.deliveries.failed,
                "dropped": self.deliveries.dropped,
            },
            "bot": {"error": self.refused},
            "alarms": [one.fields() for one in self.alarms],
        }

    def as_text(self, zone: ZoneInfo) -> str:
        """The same for people, times in `zone`."""
        lines = [f"Sources (times in {zone.key})"]
        for source in self.sources:
            last = local_time(source.last_ok, zone, "never")
            upcoming = local_time(source.next, zone, "not scheduled")
            lines.append(
                f"  {source.name}: {source.entries} entries, last good poll {last}, next {upcoming}"
            )
            if source.error:
                lines.append(f"    {source.url}: {source.error}")
            lines += _unread_lines(source.articles)
        lines += ["Counters"] if self.counters else []
        for counter in self.counters:
            upcoming = local_time(counter.next, zone, "not scheduled")
            lines.append(f"  {counter.name}: {counter.days}, next {upcoming}: {counter.text}")
        sent = self.deliveries
        lines.append("Deliveries")
        lines.append(
            f"  owed {sent.owed}, sent {sent.sent}, in doubt {sent.in_doubt},"
            f" resent {sent.resent}, failed {sent.failed}, dropped {sent.dropped}"
        )
        if self.refused:
            lines.append(f"  nothing is sent: Telegram refuses the bot ({self.refused});")
            lines.append("  check telegram.token and telegram.api_url")
        lines += ["Alarms"] if self.alarms else []
        for alarm in self.alarms:
            since = local_time(alarm.since, zone, "")
            lines.append(f"  {alarm.about or 'feedbot'}: {alarm.text}, since {since}")
        return "\n".join(lines)


def _unread_lines(unread: Unread) -> list[str]:
    lines = []
    if unread.waiting:
        lines.append(f"    {unread.waiting} articles are to be read yet")
    if unread.failed:
        lines.append(f"    {unread.failed} articles could not be read; the last: {unread.error}")
    return lines


async def status(settings: Settings) -> Status:
    """How things stand, beside a process that is at work or without one. Raises StoreError.

    A store that is not there yet is not made: nothing has happened.
    """
    configured = {source.name: source for source in settings.effective_sources()}
    counters = settings.effective_counters()
    now = datetime.now(UTC)
    if not settings.storage.path.exists():
        return Status(
            tuple(_source(source, None) for source in configured.values()),
            tuple(_counter(counter, None, now) for counter in counters),
            Counts(),
        )
    store = await Store.open(settings.storage.url)
    try:
        return await read_status(store, configured, counters, now)
    finally:
        await store.close()


async def read_status(
    store: Store,
    configured: Mapping[str, Source],
    counters: Sequence[Counter],
    now: datetime,
) -> Status:
    """Read how things stand. Raises StoreError."""
    async with store.reading() as connection:
        states = {state.name: state for state in await sources.load_all(connection)}
        seen = await counter_states.load_all(connection)
        counted = await outbox.counts(connection)
        refused = await bots.refused(connection)
        unread = await texts.unread(connection)
        wrong = await alarms.standing(connection)
    if not store.has_scheduler():  # nobody is sending: what says so was cut off
        counted = replace(counted, in_doubt=counted.in_doubt + counted.sending)
    return Status(
        tuple(
            _source(source, states.get(source.name), unread.get(source.name, _NONE))
            for source in configured.values()
        ),
        tuple(_counter(counter, seen.get(counter.name), now) for counter in counters),
        counted,
        refused,
        tuple(wrong),
    )


def _source(
    source: Source, state: sources.SourceState | None, unread: Unread = _NONE
) -> SourceStatus:
    if state is None:  # configured, but nothing has run since
        return SourceStatus(source.name, source.title, source.url, None, None, 0, None)
    upcoming = state.due_at if state.active else None
    return SourceStatus(
        source.name,
        source.title,
        source.url,
        state.last_ok_at,
        upcoming,
        state.entries,
        state.last_error,
        unread,
    )


def _counter(
    counter: Counter, state: counter_states.CounterState | None, now: datetime
) -> CounterStatus:
    count = days(counter, local_date(counter, now))
    upcoming = None
    if state:
        upcoming = next_due(counter, now, first_seen=state.first_seen, last_owed=state.last_owed)
    return CounterStatus(counter.name, count, wording(counter, count), upcoming)


def rfc3339(moment: datetime | None) -> str | None:
    """A moment as machines read it, in UTC."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None


def local_time(moment: datetime | None, zone: ZoneInfo, otherwise: str) -> str:
    """A moment as people read it, in `zone`; `otherwise` where there is none."""
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M:%S}" if moment else otherwise
