"""What the dates of a page or list mean, decided by all of them together."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from statistics import median
from zoneinfo import ZoneInfo

from feedbot.model import PageDate
from feedbot.source.dates.order import AHEAD, Orders, full_year, orders
from feedbot.source.dates.written import Clock, Reading, Written

_BACK = 8  # years in which a 29th of February comes round again
_GAPS = 4  # times the usual distance of rows, beyond which none follows another
_WEEKDAY_BACK = 3  # years in which a weekday tells which it is; it may be wrong
_YEAR = timedelta(days=365)
_SPANS = {
    "second": timedelta(seconds=1),
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "date": timedelta(days=1),
    "week": timedelta(weeks=1),
}


def settle(
    found: Sequence[Written],
    *,
    now: datetime | None,
    zone: ZoneInfo,
    language: str | None = None,
    decided: Orders | None = None,
) -> list[PageDate]:
    """The value of each date, in the order of the rows.

    now:     aware, the moment of the fetch; with None nothing is completed: a date without its
             year or counted from today is None
    zone:    of times that name none
    decided: what `orders` said of the whole page, where `found` is only one of its lists

    A date with a time is an aware datetime, a date alone a `date`; a month alone and what cannot be
    are None. A year left out is the one that brings the date nearest to `now`, not more than two
    days ahead; in a list that runs one way, and past a year, the years go on counting.
    """
    page = orders(found, now=now, language=language) if decided is None else decided
    days = [_day(one, page, now, zone) for one in found]
    if now is not None:
        days = count_years(days, [one.is_open for one in found])
    return [_value(one, day, now, zone) for one, day in zip(found, days, strict=True)]


def value_of(
    one: Written,
    *,
    now: datetime | None,
    zone: ZoneInfo,
    language: str | None = None,
    decided: Orders | None = None,
) -> PageDate:
    """`settle`, of one date."""
    if decided is None:
        decided = orders((one,), now=now, language=language) if one.is_ambiguous else {}
    return _value(one, _day(one, decided, now, zone), now, zone)


def _day(one: Written, page: Orders, now: datetime | None, zone: ZoneInfo) -> date | None:
    """The calendar day, with the year that is nearest where none is written."""
    if one.ago is not None:
        return _days_ago(one.ago, now, zone)
    chosen = one.readings[0]
    if one.style and len(one.readings) > 1:
        order = page.get(one.style)
        chosen = next((way for way in one.readings if way.order == order), chosen)
    if chosen.day is None:
        return None
    if chosen.year is not None:
        return _existing(full_year(chosen.year, now), chosen)
    return None if now is None else _nearest(chosen, one.weekday, now.astimezone(zone))


def _existing(year: int, way: Reading) -> date | None:
    try:
        return date(year, way.month, way.day or 0)
    except ValueError:
        return None


def _nearest(way: Reading, weekday: int | None, now: datetime) -> date | None:
    """The last such day up to two days ahead, on the weekday that is named if there is one."""
    limit = (now + AHEAD).date()
    years = range(limit.year, max(limit.year - _BACK, 0), -1)
    days = [day for year in years if (day := _existing(year, way)) and day <= limit]
    fitting = [day for day in days[:_WEEKDAY_BACK] if day.weekday() == weekday]
    return next(iter(fitting or days), None)


def _days_ago(ago: tuple[str, int], now: datetime | None, zone: ZoneInfo) -> date | None:
    """The day so long before `now`; None where it is more exact than a day, or cannot be."""
    unit, number = ago
    if now is None or unit in ("second", "minute", "hour"):
        return None
    today = now.astimezone(zone).date()
    try:
        if unit in _SPANS:
            return today - number * _SPANS[unit]
        months = today.year * 12 + today.month - 1 - number * (12 if unit == "year" else 1)
        return date(months // 12, months % 12 + 1, min(today.day, 28))
    except (OverflowError, ValueError):
        return None


def count_years(days: Sequence[date | None], is_open: Sequence[bool]) -> list[date | None]:
    """The days of a list, its years counted on from its newest row where it runs past one.

    is_open: of each day, whether its year was left out, and put in as the nearest to the fetch
    """
    known = [day for day in days if day]
    steps = [below > above for above, below in pairwise(known) if below != above]
    ups = sum(steps)
    if sum(is_open) < 2 or len(steps) < 2:
        return list(days)
    if ups * 3 <= len(steps):
        return _counted(days, is_open)
    if (len(steps) - ups) * 3 <= len(steps):
        return _counted(days[::-1], is_open[::-1])[::-1]
    return list(days)


def _counted(days: Sequence[date | None], is_open: Sequence[bool]) -> list[date | None]:
    """`days` downwards: where one stands above an earlier year's, it is of that year or before.

    A row that is out of its order (kept at the top, say) moves no others: what follows it would
    have to be far older than rows of this list are apart.
    """
    known = [day for day in days if day]
    apart = median([(above - below).days for above, below in pairwise(known) if below <= above])
    counted: list[date | None] = []
    before: date | None = None
    for day, open_year in zip(days, is_open, strict=True):
        one = _not_after(before, day, apart) if day and before and open_year else day
        counted.append(one)
        before = one or before
    return counted


def _not_after(before: date, day: date, apart: float) -> date:
    """`day` so many years earlier that it is not after `before`, if that is not too far."""
    while day > before:
        earlier = _year_earlier(day)
        if earlier is None:
            break
        if earlier <= before:
            gap = (before - earlier).days
            return earlier if gap < (day - before).days or gap <= _GAPS * apart else day
        day = earlier
    return day


def _year_earlier(day: date) -> date | None:
    try:
        return day.replace(year=day.year - 1)
    except ValueError:
        return None


def _value(one: Written, day: date | None, now: datetime | None, zone: ZoneInfo) -> PageDate:
    """The day, or the moment where a time is known too."""
    if one.ago is not None and now is not None and one.ago[0] in ("second", "minute", "hour"):
        moment = now.astimezone(zone) - one.ago[1] * _SPANS[one.ago[0]]
        return moment.replace(second=0, microsecond=0)
    if day is None or one.clock is None:
        return day
    return _moment(day, one.clock, zone)


def _moment(day: date, clock: Clock, zone: ZoneInfo) -> PageDate:
    """`day` at that time."""
    late = clock.hour == 24
    at = time(0 if late else clock.hour, clock.minute, clock.second, clock.micro)
    try:
        moment = datetime.combine(day, at, clock.zone or zone)
        return moment + timedelta(days=1) if late else moment
    except OverflowError:
        return day
