"""What is to be expected of a source, learnt from its own days, and when its silence is improbable.

For each weekday the share of those days on which something new came; from the last such day on, the
chance that all the days since were without. Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import prod

#: Days with news, and days looked at in all, from which on there is something to expect.
ENOUGH_NEWS, ENOUGH_DAYS = 5, 14
#: The chance below which a silence is told: once in three years of days that have it.
IMPROBABLE = 0.001
#: A list has lost its dates where so few of its rows have one, and it had them before.
_FEW, _MANY = 0.25, 0.75
_LONGEST = 400  # days of silence counted: more say nothing more


@dataclass(frozen=True, slots=True)
class Day:
    """One day of a source: entries announced; rows of its list, and those with a date, if known."""

    day: date
    new: int = 0
    rows: int | None = None
    dated: int | None = None


@dataclass(frozen=True, slots=True)
class Expectation:
    """What is usual.

    weekly: entries in a week
    chance: of something new on each weekday, from Monday
    last:   the last day that brought something
    """

    weekly: float
    chance: tuple[float, ...]
    last: date


def learn(days: Sequence[Day], since: date) -> Expectation | None:
    """What the days of a source, looked at since then, let expect; None: too little to say."""
    active = sorted(one.day for one in days if one.new and one.day >= since)
    if len(active) < ENOUGH_NEWS:
        return None
    last = active[-1]
    span = (last - since).days + 1
    if span < ENOUGH_DAYS:
        return None
    looked = Counter((since + timedelta(days=n)).weekday() for n in range(span))
    brought = Counter(day.weekday() for day in active)
    # Half a day is added to either side: what never happened yet is not impossible.
    chance = tuple((brought[n] + 0.5) / (looked[n] + 1) for n in range(7))
    weekly = sum(one.new for one in days if one.day >= since) / span * 7
    return Expectation(weekly, chance, last)


def silence(expected: Expectation, today: date) -> str | None:
    """Why it is improbable that nothing new has come, in a sentence; None where it is not."""
    quiet = min((today - expected.last).days - 1, _LONGEST)  # today is not over
    days = (expected.last + timedelta(days=n + 1) for n in range(quiet))
    if prod(1 - expected.chance[day.weekday()] for day in days) >= IMPROBABLE:
        return None
    return f"usually {_often(expected.weekly)}, nothing for {quiet} days, the page still answers"


def _often(weekly: float) -> str:
    if weekly >= 10:
        return f"{weekly / 7:.0f} a day"
    return f"{weekly:.0f} a week" if weekly >= 1.5 else f"{weekly * 30 / 7:.0f} a month"


def lost_dates(days: Sequence[Day]) -> str | None:
    """Whether the list that had dates has none any more, in a clause."""
    shares = [one.dated / one.rows for one in days if one.rows and one.dated is not None]
    if len(shares) < 2 or shares[-1] > _FEW or max(shares[:-1]) < _MANY:
        return None
    return "its rows have no dates any more: what is new is told by its place alone"
