"""What a page says of when something was published.

Dates that are common and plain are read here: `dd.mm.yyyy`, ISO 8601 and RFC 3339, RFC 822, month
names in English and Russian in all their cases. Anything else goes to dateparser, told never to
complete a date from today's. Whatever cannot be read is None: a wrong date is worse than none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from functools import lru_cache
from itertools import islice
from zoneinfo import ZoneInfo

from feedbot.model import PageDate

Span = tuple[int, int]

#: A date further ahead of the fetch than this is an event's, not a publication's.
AHEAD = timedelta(days=2)
_NOON = time(12)
_YEARS_SEEN = 40  # in one text; more is a table of years, not a publication date
_AROUND = 48  # characters either side of a year in which its day, month and time can stand
_SHORT = 80  # longer texts are prose, in which dateparser finds dates that nobody wrote

_MONTHS: dict[str, int] = {}
for _number, _names in enumerate(
    (
        "january jan январь января январю январём январем январе янв",
        "february feb febr февраль февраля февралю февралём февралем феврале фев февр",
        "march mar март марта марту мартом марте мар",
        "april apr апрель апреля апрелю апрелем апреле апр",
        "may май мая маю маем мае",
        "june jun июнь июня июню июнем июне июн",
        "july jul июль июля июлю июлем июле июл",
        "august aug август августа августу августом августе авг",
        "september sep sept сентябрь сентября сентябрю сентябрём сентябрем сентябре сен сент",
        "october oct октябрь октября октябрю октябрём октябрем октябре окт",
        "november nov ноябрь ноября ноябрю ноябрём ноябрем ноябре ноя нояб",
        "december dec декабрь декабря декабрю декабрём декабрем декабре дек",
    ),
    start=1,
):
    _MONTHS.update(dict.fromkeys(_names.split(), _number))

_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_D = r"(?P<d>\d{1,2})"
_Y = r"(?P<y>[12]\d{3})(?!\d)"
_NAMED = rf"(?P<b>{_MONTH})(?![^\W\d_])\.?"
_WEEKDAY = (
    r"(?:(?:mon|tue|wed|thu|fri|sat|sun|пн|вт|ср|чт|пт|сб|вс)[^\W\d_]{0,9}"
    r"|(?:понедельник|суббот|воскресень)[^\W\d_]{0,3})\.?,?\s{0,3}"
)

_ISO = re.compile(
    r"(?<!\d)(?P<y>[12]\d{3})-(?P<m>\d{2})-(?P<d>\d{2})(?!\d)"
    r"|^(?P<y8>[12]\d{3})(?P<m8>\d{2})(?P<d8>\d{2})(?=T\d|$)"
)
_YEAR_FIRST = re.compile(
    r"(?<![\d./])(?P<y>[12]\d{3})([./])(?P<m>\d{1,2})\2(?P<d>\d{1,2})(?![\d./]\d)"
)
_DOTTED = re.compile(rf"(?<![\d.,]){_D}\s?(?P<s>[./-])\s?(?P<m>\d{{1,2}})\s?(?P=s)\s?{_Y}(?!\.\d)")
_DAY_FIRST = re.compile(
    rf"(?<!\d){_D}(?:st|nd|rd|th|-?го|-?е)?[\s.,-]{{0,3}}(?:of\s{{1,3}})?{_NAMED}[\s,'-]{{0,3}}{_Y}",
    re.I,
)
_MONTH_FIRST = re.compile(
    rf"(?<![^\W_]){_NAMED}[\s-]{{0,3}}{_D}(?:st|nd|rd|th)?(?:,|\s|-|\.){{1,3}}{_Y}", re.I
)
_WITH_NAMES = (_DAY_FIRST, _MONTH_FIRST)
_PATTERNS = (_DOTTED, _ISO, _DAY_FIRST, _MONTH_FIRST, _YEAR_FIRST)
_TWO_DIGITS = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{2})")
_DAY_AND_YEAR = re.compile(r"\d{4}\D.{0,40}?\d|\d\D.{0,40}?\d{4}")
# Starts with a plain set, which `re` scans five times faster than a look-behind.
_YEAR = re.compile(r"[12]\d{3}(?:\d{4})?(?!\d)")

_CLOCK = (
    r"(?P<H>\d{1,2})[:.](?P<M>\d{2})(?::(?P<S>\d{2})(?:[.,](?P<f>\d{1,9}))?)?(?!\d)"
    r"(?:\s{0,2}(?P<p>[ap])\.?m\b\.?)?"
)
_ZONE = (
    r"(?:\s{0,2}(?P<z>Z|(?:(?:GMT|UTC)\s?)?[+−-]\d{1,2}(?::?\d{2})?(?!\d)"
    r"|(?:GMT|UTC|UT|MSK|МСК|BST|CET|CEST|EET|EEST|EST|EDT|CST|CDT|MST|MDT|PST|PDT)\b))?"
)
_TIME_AFTER = re.compile(
    rf"(?:T|\s{{0,3}}(?:г\.|года?|г)?\s{{0,3}}[,|/—–-]?\s{{0,3}}(?:at|в)?\s{{0,3}}){_CLOCK}{_ZONE}",
    re.I,
)
_COMPACT_TIME = re.compile(rf"T(?P<H>\d{{2}})(?P<M>\d{{2}})(?P<S>\d{{2}})?(?!\d){_ZONE}")
_YEAR_WORD = re.compile(r"\s{0,2}(?:г\.|года?\b|г\b)", re.I)
_TIME_BEFORE = re.compile(
    rf"(?<![\d:.]){_CLOCK}{_ZONE}\s{{0,3}}[,|/—–-]?\s{{0,3}}(?:on\s{{1,3}})?$", re.I
)
_WEEKDAY_BEFORE = re.compile(rf"(?<![^\W_]){_WEEKDAY}$", re.I)

_HOURS = {
    "Z": 0, "GMT": 0, "UTC": 0, "UT": 0, "BST": 1, "CET": 1, "CEST": 2, "EET": 2, "EEST": 3,
    "MSK": 3, "МСК": 3, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6,
    "PST": -8, "PDT": -7,
}  # fmt: skip
_OFFSET = re.compile(r"([+-])(\d{1,2}?):?(\d{2})?$")
_SPACES = re.compile(r"[\s\u200b\u200e\u200f\u2060\ufeff]")


def understand(
    text: str, *, date_format: str | None = None, language: str | None = None, zone: ZoneInfo
) -> PageDate:
    """The date that `text` (a date and little else) says, None where it says none.

    date_format: a `strptime` format, then nothing else is tried; English or Russian month names
    language:    decides whether 05/06/2020 starts with the day: it does not in `en` and `en-US`
    zone:        of a time that names none

    A date with a time comes back as an aware datetime, a date alone as a `date`. Nothing is
    completed: a date without its year, or "yesterday", is none. Impossible dates are none. Never
    raises.
    """
    plain = " ".join(_SPACES.sub(" ", text[:1_000]).split())
    return _understood(plain, date_format, language, zone)


@lru_cache(maxsize=1_024)  # a page shows a day many times, and most of its days again next time
def _understood(
    plain: str, date_format: str | None, language: str | None, zone: ZoneInfo
) -> PageDate:
    """See `understand`; `plain` is short, and has single spaces."""
    if date_format is not None:
        return _by_format(plain, date_format, zone)
    found, _ = find_date(plain, language=language, zone=zone)
    if found is not None:
        return found
    if not any(char.isalpha() for char in plain):
        return _short_year(plain, language)
    written = any(pattern.search(plain) for pattern in _PATTERNS)  # plainly, so it is impossible
    if written or len(plain) > _SHORT or not _DAY_AND_YEAR.search(plain):
        return None
    return _by_dateparser(plain, language, zone)


def find_date(
    text: str, *, language: str | None = None, zone: ZoneInfo
) -> tuple[PageDate, Span | None]:
    """The first plainly written date in a longer text, and where it stands (with its time).

    (None, None) where there is none. See `understand` for the arguments. Linear in the text.
    """
    for year in _years(text):
        start = max(0, year.start() - _AROUND)
        window = text[start : year.end() + _AROUND]
        found = _in_window(window, year.start() - start, language, zone)
        if found is not None:
            value, (begin, end) = found
            return value, (begin + start, end + start)
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


def _short_year(text: str, language: str | None) -> date | None:
    """`dd.mm.yy` alone in its text; the century as POSIX has it (69 is 1969, 68 is 2068)."""
    match = _TWO_DIGITS.fullmatch(text)
    if match is None:
        return None
    day, month, year = int(match[1]), int(match[3]), int(match[4])
    if match[2] != ".":
        day, month = _in_order(day, month, match[2], language)
    try:
        return date(year + (1900 if year >= 69 else 2000), month, day)
    except ValueError:
        return None


def may_hold_date(text: str) -> bool:
    """Whether there is a year in it, without which no date is found; cheap."""
    return _YEAR.search(text) is not None


def _years(text: str) -> Iterator[re.Match[str]]:
    """Where years stand, the first few."""
    for match in islice(_YEAR.finditer(text), _YEARS_SEEN):
        if match.start() == 0 or not text[match.start() - 1].isdigit():
            yield match


def _in_window(
    window: str, year: int, language: str | None, zone: ZoneInfo
) -> tuple[PageDate, Span] | None:
    """The date whose year stands at `year`, widened by the time and weekday beside it."""
    for pattern in _PATTERNS:
        for match in pattern.finditer(window):
            if match.start(_group_of(match, "y", "y8")) != year:
                continue
            day = _day(match, language)
            if day is None:
                return None
            return _with_time(window, match, day, zone)
    return None


def _group_of(match: re.Match[str], name: str, other: str) -> str:
    """Which of two groups took part in the match; ISO dates have a long and a compact form."""
    return other if match.re is _ISO and match[name] is None else name


def _day(match: re.Match[str], language: str | None) -> date | None:
    """The calendar day of a match, None where there is no such day."""
    year = int(match[_group_of(match, "y", "y8")])
    day = int(match[_group_of(match, "d", "d8")])
    if match.re in _WITH_NAMES:
        month = _MONTHS[match["b"].lower()]
    else:
        month = int(match[_group_of(match, "m", "m8")])
    if match.re is _DOTTED and match["s"] != ".":
        day, month = _in_order(day, month, match["s"], language)
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _in_order(first: int, second: int, mark: str, language: str | None) -> tuple[int, int]:
    """(day, month) of two numbers before a year: what can be no month decides, then the language.

    Only slashes are ever written month first.
    """
    if second > 12 or (first <= 12 and mark == "/" and month_first(language)):
        return second, first
    return first, second


def month_first(language: str | None) -> bool:
    """Whether 05/06/2020 is the sixth of May where `language` is written."""
    return (language or "").lower().replace("_", "-") in ("en", "en-us")


def _with_time(
    window: str, match: re.Match[str], day: date, zone: ZoneInfo
) -> tuple[PageDate, Span] | None:
    """The day with the time beside it; None where that time cannot be."""
    start, end = match.span()
    after = _TIME_AFTER.match(window, end) or _COMPACT_TIME.match(window, end)
    before = None if after else _TIME_BEFORE.search(window, 0, start)
    clock = after or before
    year_word = _YEAR_WORD.match(window, end)
    if after:
        end = after.end()
    elif year_word:
        end = year_word.end()
    if before:
        start = before.start()
    else:
        weekday = _WEEKDAY_BEFORE.search(window, 0, start)
        start = weekday.start() if weekday else start
    value: PageDate = day if clock is None else _moment(day, clock, zone)
    return (day if value is None else value), (start, end)


def _moment(day: date, clock: re.Match[str], zone: ZoneInfo) -> datetime | None:
    """`day` at the matched time of day; None where there is no such time."""
    hour, minute, second = int(clock["H"]), int(clock["M"]), int(_group(clock, "S") or 0)
    half = (_group(clock, "p") or "").lower()
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "p" else 0)
    next_day = hour == 24 and minute == second == 0  # ISO 8601: the midnight that ends the day
    try:
        at = time(0 if next_day else hour, minute, min(second, 59) if second == 60 else second)
        micro = int((_group(clock, "f") or "0")[:6].ljust(6, "0"))
        moment = datetime.combine(day, at.replace(microsecond=micro), _zone(clock["z"], zone))
        return moment + timedelta(days=1) if next_day else moment
    except (ValueError, OverflowError):
        return None


def _group(match: re.Match[str], name: str) -> str | None:
    """A group that not every pattern has."""
    return match.groupdict().get(name)


def _zone(name: str | None, zone: ZoneInfo) -> tzinfo:
    """The zone that the text names, else `zone`."""
    if not name:
        return zone
    known = _HOURS.get(name.upper())
    if known is not None:
        return UTC if known == 0 else timezone(timedelta(hours=known))
    offset = _OFFSET.search(name.replace("−", "-"))
    if offset is None:
        return zone
    minutes = int(offset[2]) * 60 + int(offset[3] or 0)
    return timezone(timedelta(minutes=-minutes if offset[1] == "-" else minutes))


_WORD = re.compile(r"[^\W\d_]{3,9}")
_ENGLISH = (
    "January February March April May June July August September October November December"
).split()
_SAYS_TIME = re.compile(r"%[HIcX]")


def _in_english(text: str, letters: int) -> str:
    """`text` with its month names as strptime knows them, cut to so many letters."""

    def english(found: re.Match[str]) -> str:
        number = _MONTHS.get(found[0].lower())
        return _ENGLISH[number - 1][:letters] if number else found[0]

    return _WORD.sub(english, text)


def _by_format(text: str, date_format: str, zone: ZoneInfo) -> PageDate:
    """`text` read by a strptime format. Month names: English (the C locale's) and Russian."""
    if "%B" in date_format:
        text = _in_english(text, 9)
    elif "%b" in date_format:
        text = _in_english(text, 3)
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
