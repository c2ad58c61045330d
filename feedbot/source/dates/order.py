"""Day first or month first: decided for all numbers of one style on a page.

Whatever makes a date impossible, or contradicts a weekday that is written beside it, decides. Then
rows: a list's dates nearly always descend or ascend, and few readings of another order do. Then the
language; where that is plain English, which is written either way, first that no date lies ahead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from statistics import median

from feedbot.source.dates.words import base
from feedbot.source.dates.written import Reading, Written

#: A date further ahead of the fetch than this is an event's, not a publication's.
AHEAD = timedelta(days=2)
_YEAR_FIRST = frozenset({"zh", "ja", "ko", "hu", "lt", "mn"})
_STEPS = 3  # between different days, that a list must have before its direction says anything
_PIVOT = 69  # POSIX: 69 is 1969, 68 is 2068

Orders = Mapping[str, str]


def month_first(language: str | None) -> bool:
    """Whether 05/06/2020 is the sixth of May where `language` is written."""
    return (language or "").lower().replace("_", "-") in ("en", "en-us")


def full_year(year: int, now: datetime | None) -> int:
    """The year that two digits mean: the latest up to next year; without `now` as POSIX has it."""
    if year >= 100:
        return year
    if now is None:
        return year + (1900 if year >= _PIVOT else 2000)
    return year + (now.year + 1 - year) // 100 * 100


def orders(
    found: Iterable[Written], *, now: datetime | None = None, language: str | None = None
) -> Orders:
    """The order (`dmy`, `mdy`, `ymd`) of each style of numbers among all dates of a page.

    found: in the order of the page. What one style proves holds for others with the same mark.
    """
    styles: dict[str, list[Written]] = {}
    for one in found:
        if one.style:
            styles.setdefault(one.style, []).append(one)
    known: dict[str, str] = {}
    open_ones: dict[str, list[str]] = {}
    for style, members in styles.items():
        left = _left(style, members, now, language)
        if len(left) == 1:
            known[style] = left[0]
        else:
            open_ones[style] = left
    for style, left in open_ones.items():
        kin = [known[other] for other in styles if other[0] == style[0] and other in known]
        known[style] = next(
            (order for order in (*kin, *_preferred(style, language)) if order in left), left[0]
        )
    return known


def _left(
    style: str, members: Sequence[Written], now: datetime | None, language: str | None
) -> list[str]:
    """The orders that are left when the dates themselves have spoken, at least one."""
    ways = [{one.order: one for one in member.readings} for member in members]
    left = ["dmy", "mdy", "ymd"] if style.endswith("2") else ["dmy", "mdy"]
    left = _most(left, lambda order: sum(order in way for way in ways))
    if len(left) == 1:
        return left
    days = {
        order: [_day(way[order], now) if order in way else None for way in ways] for order in left
    }
    named = [member.weekday for member in members]
    left = _most(left, lambda order: _weekdays_met(days[order], named))
    if len(left) > 1:
        left = _monotone(left, days)
    if len(left) > 1 and now and style.endswith("2") and len(members) > 1:
        left = _near(left, days, now)
    if len(left) > 1 and now and style[0] != "." and (language or "en").lower() == "en":
        limit = (now + AHEAD).date()
        left = _most(left, lambda order: -sum(day > limit for day in days[order] if day))
    return left


def _most(left: list[str], score: Callable[[str], int]) -> list[str]:
    """Those with the highest score."""
    scores = {order: score(order) for order in left}
    best = max(scores.values())
    return [order for order in left if scores[order] == best]


def _day(one: Reading, now: datetime | None) -> date | None:
    """The day of a reading that has its year."""
    if one.year is None or one.day is None:
        return None
    try:
        return date(full_year(one.year, now), one.month, one.day)
    except ValueError:  # the 29th of February, in another century
        return None


def _weekdays_met(days: list[date | None], named: list[int | None]) -> int:
    return sum(
        day is not None and day.weekday() == weekday
        for day, weekday in zip(days, named, strict=True)
    )


def _monotone(left: list[str], days: Mapping[str, list[date | None]]) -> list[str]:
    """The one order in which the list runs one way, if the others clearly do not."""
    shares = {order: _one_way([day for day in days[order] if day]) for order in left}
    best = max(shares, key=lambda order: shares[order])
    others = [share for order, share in shares.items() if order != best]
    return [best] if shares[best] >= 0.9 and max(others) <= 0.75 else left


def _near(left: list[str], days: Mapping[str, list[date | None]], now: datetime) -> list[str]:
    """Those whose dates are not much further from now than others': 24/06/05 is not of 2005."""
    far = {
        order: median(abs((now.date() - day).days) for day in days[order] if day) for order in left
    }
    least = min(far.values())
    return [order for order in left if far[order] <= 3 * least + 400]


def _one_way(days: Sequence[date]) -> float:
    """The share of the steps between different days that go the more common way."""
    steps = [below > above for above, below in pairwise(days) if below != above]
    if len(steps) < _STEPS:
        return 0.5
    return max(sum(steps), len(steps) - sum(steps)) / len(steps)


def _preferred(style: str, language: str | None) -> list[str]:
    """Orders as the language has them. Only slashes are usually written month first."""
    usual = ["mdy", "dmy"] if style[0] == "/" and month_first(language) else ["dmy", "mdy"]
    if base(language) not in _YEAR_FIRST:
        return [*usual, "ymd"]
    return ["ymd", "mdy", "dmy"] if style[-1] in "02" else usual
