"""What one text says of when something was published, and what that makes of an entry."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time
from functools import lru_cache
from zoneinfo import ZoneInfo

from feedbot.model import PageDate
from feedbot.source.dates.order import AHEAD, Orders, month_first
from feedbot.source.dates.scan import scan
from feedbot.source.dates.settle import value_of
from feedbot.source.dates.words import base, month_of
from feedbot.source.dates.written import Written

Span = tuple[int, int]
Dated = tuple[PageDate, Written | None]

_NOON = time(12)
_SHORT = 80  # longer texts are prose, in which dateparser finds dates that nobody wrote
_DAY_AND_YEAR = re.compile(r"\d{4}\D.{0,40}?\d|\d\D.{0,40}?\d{4}")
_SPACES = re.compile(r"[\s\u200b\u200e\u200f\u2060\ufeff]")


def understand(
    text: str,
    *,
    date_format: str | None = None,
    language: str | None = None,
    zone: ZoneInfo,
    now: datetime | None = None,
    decided: Orders | None = None,
) -> PageDate:
    """The date that `text` (a date and little else) says, None where it says none.

    date_format: a `strptime` format, then nothing else is tried; month names of any language
    language:    decides whether 05/06/2020 starts with the day: it does not in `en` and `en-US`
    zone:        of a time that names none
    now:         the moment of the fetch (aware), from which "yesterday" and a date without its year
                 are counted; without it they are None
    decided:     what `orders` found of the page that the text is of

    A date with a time comes back as an aware datetime, a date alone as a `date`. Impossible dates
    are None. Never raises.
    """
    if date_format is not None:
        return _by_format(_one_line(text), date_format, language, zone)
    return first_date(text, language=language, zone=zone, now=now, decided=decided)[0]


def first_date(
    text: str,
    *,
    language: str | None,
    zone: ZoneInfo,
    now: datetime | None = None,
    decided: Orders | None = None,
) -> Dated:
    """`understand`, and how the date is written (None where dateparser has read it)."""
    plain = _one_line(text)
    found = scan(plain, language)
    for one in found:
        value = value_of(one, now=now, zone=zone, language=language, decided=decided)
        if value is not None:
            return value, one
    if found or len(plain) > _SHORT or not _DAY_AND_YEAR.search(plain):
        return None, None
    if not any(char.isalpha() for char in plain):
        return None, None
    return _by_dateparser(plain, language, zone), None


def _one_line(text: str) -> str:
    text = text[:1_000]
    return " ".join((text if text.isascii() else _SPACES.sub(" ", text)).split())


def find_date(
    text: str,
    *,
    language: str | None = None,
    zone: ZoneInfo,
    now: datetime | None = None,
    decided: Orders | None = None,
) -> tuple[PageDate, Span | None]:
    """The first plainly written date in a longer text, and where it stands (with its time).

    (None, None) where there is none. See `understand` for the arguments. Linear in the text.
    """
    value, one = plain_date(text, language=language, zone=zone, now=now, decided=decided)
    return value, ((one.start, one.end) if one else None)


def plain_date(
    text: str,
    *,
    language: str | None,
    zone: ZoneInfo,
    now: datetime | None = None,
    decided: Orders | None = None,
) -> Dated:
    """`find_date`, with how the date is written."""
    for one in scan(text, language):
        if not one.weak:
            value = value_of(one, now=now, zone=zone, language=language, decided=decided)
            if value is not None:
                return value, one
    return None, None


def published(page: PageDate, first_seen: datetime, zone: ZoneInfo) -> datetime:
    """When an entry was published, aware UTC.

    The page's time; for a date alone noon of that day in `zone`, so that it is that day for readers
    nearly everywhere, or `first_seen` if that was the same day; with none, or with one more than
    two days ahead of `first_seen` (aware), `first_seen`.
    """
    seen = first_seen.astimezone(UTC)
    if page is None:
        return seen
    if isinstance(page, datetime):
        moment = page
    elif page == seen.astimezone(zone).date():
        return seen
    else:
        moment = datetime.combine(page, _NOON, zone)
    try:
        moment = moment.astimezone(UTC)
        return seen if moment - seen > AHEAD else moment
    except OverflowError:  # year 1 or 9999 at an offset: no date of publication
        return seen


_WORD = re.compile(r"[^\W\d_]{3,9}")
_ENGLISH = (
    "January February March April May June July August September October November December"
).split()
_SAYS_TIME = re.compile(r"%[HIcX]")


def _in_english(text: str, letters: int, language: str | None) -> str:
    """`text` with its month names as strptime knows them, cut to so many letters."""

    def english(found: re.Match[str]) -> str:
        number = month_of(found[0], base(language), with_year=True)
        return _ENGLISH[number - 1][:letters] if number else found[0]

    return _WORD.sub(english, text)


def _by_format(text: str, date_format: str, language: str | None, zone: ZoneInfo) -> PageDate:
    """`text` read by a strptime format. strptime knows English names only."""
    if "%B" in date_format:
        text = _in_english(text, 9, language)
    elif "%b" in date_format:
        text = _in_english(text, 3, language)
    try:
        moment = datetime.strptime(text, " ".join(date_format.split()))  # noqa: DTZ007 - made aware below
    except (ValueError, OverflowError):
        return None
    if not _SAYS_TIME.search(date_format):
        return moment.date()
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


# Trying all 200 locales takes two seconds the first time and finds dates in names of committees.
_LANGUAGES = (
    "en ru de fr es it pt nl pl uk be bg sr cs sk ro hu tr el ar fa he zh ja ko sv fi da nb et lv"
    " lt ka hy kk vi id th"
).split()


@lru_cache(maxsize=4_096)
def _by_dateparser(text: str, language: str | None, zone: ZoneInfo) -> PageDate:
    """Any other language or style, complete dates only.

    Remembered, as a page shows the same unreadable texts at every poll and each costs
    milliseconds.
    """
    # Loaded here: it takes 15 MB, and most pages never need it.
    from dateparser.date import DateDataParser

    order = "MDY" if month_first(language) else "DMY"
    settings = {
        "PARSERS": ["absolute-time"],
        "REQUIRE_PARTS": ["day", "month", "year"],
        "STRICT_PARSING": True,
        "RETURN_TIME_AS_PERIOD": True,
        "DATE_ORDER": order,
        "PREFER_LOCALE_DATE_ORDER": language is None,
    }
    try:
        found = DateDataParser(languages=_LANGUAGES, settings=settings).get_date_data(text)
    except (ValueError, OverflowError, TypeError, RecursionError):
        return None
    moment: datetime | None = found.date_obj
    if moment is None or moment.year < 1000:
        return None
    if found.period != "time":
        return moment.date()
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)
