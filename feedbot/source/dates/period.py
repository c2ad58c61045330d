"""Months and years that stand above rows ("May 2023", "2019"), where rows say the rest alone."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date
from typing import NamedTuple

from feedbot.source.dates.scan import scan
from feedbot.source.dates.words import base, month_of, weekday_of
from feedbot.source.dates.written import Reading, Written, reading

_LONGEST = 40  # characters of a heading that is a month or year
_COUNT = re.compile(r"(?<!\s)\s*\(\d{1,5}\)\s*$")  # "May 2023 (12)"
_YEAR = re.compile(r"\D{0,30}(?<!\d)(19\d\d|20\d\d)(?!\d)\D{0,30}")
_YEAR_ALONE = re.compile(r"[\W_]*(?:19\d\d|20\d\d)\s?(?:г\.?|год|год[ау]|年|년|р\.?|рік)?[\W_]*")
_DAY = re.compile(
    r"\W{0,3}(?:(?P<word>[^\W\d_]{1,12})[.,]?\s)?(?P<day>\d{1,2})"
    r"(?:st|nd|rd|th|er|º|°|ª|\.|-?(?:е|го|ое)|日|일)?(?:,?\s(?P<after>[^\W\d_]{2,12})\.?)?\W{0,2}"
)


class Period(NamedTuple):
    """A year, a month of one, or a month whose year stands further above."""

    year: int | None
    month: int | None


def period_of(text: str, language: str | None, *, heading: bool = True) -> Period | None:
    """The period that a heading is; None of anything else, a whole date included.

    heading: it is marked as one, so that a year may have a name beside it ("Opinions 2019")
    """
    text = _COUNT.sub("", text).strip()
    if not 3 <= len(text) <= _LONGEST:
        return None
    for one in scan(text, language):
        if one.is_relative or one.readings[0].day is not None:
            return None
        around = text[: one.start] + text[one.end :]
        if heading or not around.strip(" \t:.-–—|"):
            return Period(one.readings[0].year, one.readings[0].month)
    if text.isalpha():
        month = month_of(text, base(language), with_year=False)
        return Period(None, month) if month else None
    if (year := _YEAR.fullmatch(text)) and (heading or _YEAR_ALONE.fullmatch(text)):
        return Period(int(year[1]), None)
    return None


def completed(one: Written, period: Period) -> Written | None:
    """A date without its year, under a period that has it; None where the two contradict."""
    if one.has_year or period.year is None or one.is_relative:
        return None
    full = tuple(
        way._replace(year=period.year)
        for way in one.readings
        if way.day is not None and period.month in (None, way.month)
    )
    if not full or not _fits(full[0], one.weekday):
        return None
    return Written(
        one.start, one.end, one.text, full, one.style, one.clock, one.weekday, weak=one.weak
    )


def day_under(text: str, language: str | None, period: Period) -> Written | None:
    """The day that a mere number names under a month: "16", "Tue 16", "Dia 16"."""
    found = _DAY.fullmatch(text)
    if found is None or period.year is None or period.month is None:
        return None
    way = reading("", period.year, period.month, int(found["day"]))
    weekday = next(
        (
            day
            for word in (found["word"], found["after"])
            if word and (day := weekday_of(word, base(language))) is not None
        ),
        None,
    )
    if way is None or not _fits(way, weekday):
        return None
    return Written(found.start("day"), found.end("day"), text, (way,), weekday=weekday, weak=True)


def _fits(way: Reading, weekday: int | None) -> bool:
    """Whether there is such a day, and it is on that weekday where one is named (-1: any)."""
    if way.year is None or way.day is None:
        return False
    if way.day > monthrange(way.year, way.month)[1]:
        return False
    return weekday in (None, -1) or date(way.year, way.month, way.day).weekday() == weekday
