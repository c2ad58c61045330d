"""A date as it is written somewhere, before the page has settled what it means."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta, tzinfo
from typing import NamedTuple

_LEAP = 2024  # without a year, the 29th of February is a day
LAST_YEAR = 2199
_BUDDHIST = range(2450, 2600)  # Thailand's years, 543 ahead
_PERSIAN = range(1343, 1473)  # Iran's years, each from a spring to the next
_PERSIAN_LEAPS = frozenset({1, 5, 9, 13, 17, 22, 26, 30})  # of 33 years
_NOWRUZ = (1403, date(2024, 3, 20))


class Reading(NamedTuple):
    """One way to read it.

    order: `dmy`, `mdy` or `ymd` where numbers alone are written, else ""
    year:  None where left out; 0-99 where two digits are written
    day:   None of a month alone ("March 2024")
    """

    order: str
    year: int | None
    month: int
    day: int | None


class Clock(NamedTuple):
    """A time of day, 24:00 included; `zone` is None where none is named."""

    hour: int
    minute: int
    second: int = 0
    micro: int = 0
    zone: tzinfo | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """A date found in a text.

    start, end: where it stands, with its weekday and time
    readings:   one, or several where numbers can be read in more than one order; none of an ago
    style:      numbers of one style have one order on a page; "" where words fix it
    ago:        (unit, number): ("hour", 3), ("day", 2); ("date", 0) is today
    weekday:    Monday 0, where one is named
    weak:       written as much else is ("3/5", "March 2024"): to be believed where a column of rows
                has it, or in a place that says it is a date
    """

    start: int
    end: int
    text: str
    readings: tuple[Reading, ...] = ()
    style: str = ""
    clock: Clock | None = None
    weekday: int | None = None
    ago: tuple[str, int] | None = None
    weak: bool = False

    @property
    def has_year(self) -> bool:
        """Whether the year is written (of an ago it is known)."""
        return not self.readings or self.readings[0].year is not None

    @property
    def is_open(self) -> bool:
        """Whether its year is for the rows around it to tell."""
        return not self.has_year and self.weekday is None

    @property
    def is_relative(self) -> bool:
        """Whether it is counted from the moment of the fetch: "yesterday", "3 hours ago"."""
        return self.ago is not None

    @property
    def is_drifting(self) -> bool:
        """Whether its value moves from fetch to fetch, as that of "3 hours ago" and "5 days ago"
        does; that of "yesterday" does not.
        """
        return self.ago is not None and self.ago[0] != "date"

    @property
    def is_ambiguous(self) -> bool:
        """Whether the order of its numbers is for the page to settle."""
        if len(self.readings) < 2:
            return False
        return len({one[1:] for one in self.readings}) > 1  # 05/05 is the same either way

    @property
    def precision(self) -> str:
        """`minute`, `day` or `month`."""
        if self.clock or (self.ago and self.ago[0] in ("second", "minute", "hour")):
            return "minute"
        return "month" if self.readings and self.readings[0].day is None else "day"


def reading(order: str, year: int | None, month: int, day: int | None) -> Reading | None:
    """The reading, None where there is no such day."""
    if year is not None and year in _BUDDHIST:
        year -= 543
    if year is not None and day is not None and year in _PERSIAN:
        found = _persian(year, month, day)
        return Reading(order, found.year, found.month, found.day) if found else None
    if not 1 <= month <= 12 or (
        year is not None and not (0 <= year < 100 or 1000 <= year <= LAST_YEAR)
    ):
        return None
    if day is not None:
        full = _LEAP if year is None else year if year >= 100 else 2000 + year
        if not 1 <= day <= monthrange(full, month)[1]:
            return None
    return Reading(order, year, month, day)


def _persian(year: int, month: int, day: int) -> date | None:
    """The Gregorian day of one in Iran's calendar: six months of 31 days, the others of 30."""
    if not (1 <= month <= 12 and 1 <= day <= (31 if month <= 6 else 30)):
        return None
    if month == 12 and day == 30 and year % 33 not in _PERSIAN_LEAPS:
        return None
    known, first = _NOWRUZ
    step = 1 if year >= known else -1
    between = range(known, year) if step > 0 else range(year, known)
    days = 365 * len(between) + sum(one % 33 in _PERSIAN_LEAPS for one in between)
    gone = 31 * (month - 1) - max(month - 7, 0) + day - 1
    return first + timedelta(days=step * days + gone)
