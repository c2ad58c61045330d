"""When a source is polled next, and what is remembered of it for that. Pure.

every, or the pace of its changes ─┐
max-age, ttl, updatePeriod ────────┴→ the longer of the two, at most every_max
                                        → past the hours and days that the feed leaves out
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from feedbot.model import Rhythm, Source

#: The part of its interval by which a poll comes sooner or later, so that a restart is no stampede.
JITTER = 0.05
#: Polls in the usual time between two changes, where the interval follows them.
_LOOKS = 10
#: Sound polls through a permanent redirect before its target is asked in its place.
MOVED_AFTER = 3
#: Answers in a row with another ETag and the same body before it is not sent any more.
_IDLE_ETAGS = 3
#: How often a page is read whole, whatever its validators say.
_WHOLE_EVERY = timedelta(days=1)
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Pace:
    """What is remembered; `SourceState.pace` holds it as JSON.

    least, hours, days: the feed's own, see `Rhythm`
    changed: when something new was there last (POSIX seconds)
    gap:     the usual time between two such moments, seconds
    moves:   sound polls in a row that were led to `moved_to` for good
    etags:   answers in a row with another ETag and the same body
    lies:    its validators say that nothing has changed when it has
    """

    least: int | None = None
    hours: tuple[int, ...] = ()
    days: tuple[int, ...] = ()
    changed: int | None = None
    gap: int | None = None
    moves: int = 0
    etags: int = 0
    lies: bool = False

    @classmethod
    def of(cls, text: str | None) -> Pace:
        """As it was stored; None: nothing is remembered."""
        said: dict[str, Any] = json.loads(text) if text else {}
        lists: dict[str, Any] = {key: tuple(v) for key, v in said.items() if isinstance(v, list)}
        return cls(**{**said, **lists})

    @property
    def text(self) -> str | None:
        """As it is stored."""
        said = {name: value for name, value in asdict(self).items() if value}
        return json.dumps(said) if said else None

    @property
    def has_moved(self) -> bool:
        """Whether the target of a permanent redirect is asked in its place."""
        return self.moves >= MOVED_AFTER

    @property
    def etag_is_idle(self) -> bool:
        """Whether its ETag is another one each time, and says nothing."""
        return self.etags >= _IDLE_ETAGS

    def in_rhythm(self, rhythm: Rhythm | None) -> Pace:
        """With what its feed says now."""
        told = rhythm or Rhythm()
        least = int(told.least.total_seconds()) if told.least else None
        return replace(self, least=least, hours=told.hours, days=told.days)

    def after_change(self, now: datetime) -> Pace:
        """Something new is there; a quarter of what is usual is the last time."""
        moment = int(now.timestamp())
        if self.changed is None:
            return replace(self, changed=moment)
        last = moment - self.changed
        gap = last if self.gap is None else (3 * self.gap + last) // 4
        return replace(self, changed=moment, gap=gap)


def next_poll(
    source: Source, pace: Pace, now: datetime, max_age: timedelta | None, jitter: float
) -> datetime:
    """When a source is polled after a sound poll.

    max_age: for how long the answer said that it stays fresh
    jitter:  from -1 to 1, how much sooner or later
    """
    most = max(source.every, source.every_max)
    pause = _adapted(source, pace, now) * (1 + JITTER * jitter)
    least = max(max_age or timedelta(0), timedelta(seconds=pace.least or 0))
    return _awake(now + max(pause, min(least, most)), pace, now + most)


def _adapted(source: Source, pace: Pace, now: datetime) -> timedelta:
    if not source.adaptive or pace.changed is None:
        return source.every
    silent = int(now.timestamp()) - pace.changed
    usual = timedelta(seconds=max(pace.gap or 0, silent)) / _LOOKS
    return max(source.every, min(usual, source.every_max))


def _awake(at: datetime, pace: Pace, latest: datetime) -> datetime:
    """The first moment from `at` on that the feed does not leave out, `latest` at the latest."""
    moment = at.astimezone(UTC)
    while moment < latest and (moment.hour in pace.hours or moment.weekday() in pace.days):
        whole = moment.replace(minute=0, second=0, microsecond=0)
        moment = whole + _HOUR
    return max(at, min(moment, latest))


def is_whole(source: Source, polls: int) -> bool:
    """Whether the poll after `polls` sound ones reads the page whole, unasked."""
    return (polls + 1) % max(2, round(_WHOLE_EVERY / source.every)) == 0


def backoff(every: timedelta, failures: int, longest: timedelta) -> timedelta:
    """How long to wait after the n-th failure in a row: doubling from `every`, to `longest`."""
    doubled: timedelta = every * 2 ** min(failures, 20)
    return max(every, min(doubled, longest))
