"""Day counters: what they read on a day, how that is worded, and when it is owed.

Everything is about whole days between local dates of the counter's own zone and its wall clock, so
23 or 25 hour days, skipped hours and skipped days need no rule of their own. Which date was owed
last comes from the store (`last_owed`); nothing here looks at a clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import islice
from string import Formatter
from zoneinfo import ZoneInfo

from feedbot.model import Counter
from feedbot.render.language import date_text, locale

#: What a wording may name: the number of days, and the date counted from or to.
FIELDS = ("days", "date")
CATEGORIES = ("zero", "one", "two", "few", "many", "other")  # CLDR's plural categories


def days(counter: Counter, on: date) -> int:
    """What the counter reads on local date `on`.

    Days since its date (negative before it), or days left until it (0 from then on).
    """
    if counter.since is not None:
        return (on - counter.since).days
    if counter.until is not None:
        return max(0, (counter.until - on).days)
    raise ValueError(f"counter {counter.name} counts neither since nor until a date")


def wording(counter: Counter, days: int) -> str:
    """The counter's text for that number of days, in the plural form its language asks for."""
    day = date_text(counter.since or counter.until, counter.language)
    return _text(counter, days).format(days=days, date=day)


def wording_around(counter: Counter, days: int) -> tuple[str, str, str]:
    """`wording` in three: what stands before the number, the number, and the rest.

    Where it names no number, all of it stands before.
    """
    marked = _text(counter, days).format(
        days=f"\0{days}\0", date=date_text(counter.since or counter.until, counter.language)
    )
    before, number, rest = [*marked.split("\0", 2), "", ""][:3]
    return before, number, rest.replace("\0", "")


def _text(counter: Counter, days: int) -> str:
    if isinstance(counter.text, str):
        return counter.text
    form = locale(counter.language).plural_form(abs(days))
    return counter.text[form if form in counter.text else "other"]


def is_milestone(counter: Counter, on: date) -> bool:
    """Whether local date `on` is one: day 0, every hundredth day, every anniversary."""
    number = days(counter, on)
    day = counter.since or counter.until
    anniversary = day is not None and (on.month, on.day) == (day.month, day.day)
    return number >= 0 and (number % 100 == 0 or anniversary)


def milestones(counter: Counter, on: date, past: int) -> tuple[list[date], date | None]:
    """The last `past` milestones up to local date `on`, newest first, and the next one after it."""
    last = counter.until or date.max
    first = counter.since or on - past * 100 * _DAY
    top = min(on, last)
    before = (top - step * _DAY for step in range((top - first).days + 1))
    start = max(on + _DAY, counter.since or on + _DAY)
    after = (start + step * _DAY for step in range(min(_FAR, (last - start).days) + 1))
    reached = islice((day for day in before if is_milestone(counter, day)), past)
    return list(reached), next((day for day in after if is_milestone(counter, day)), None)


def local_date(counter: Counter, now: datetime) -> date:
    """The calendar day it is at `now` (aware) where the counter counts."""
    return _local(counter, now).date()


def due(
    counter: Counter, now: datetime, *, first_seen: datetime, last_owed: date | None
) -> date | None:
    """The local date whose count is owed at `now`, or None.

    first_seen: when the counter was first known (aware); if that was after its hour, it starts on
                the next local day
    last_owed:  the latest local date already owed, whatever became of it
    """
    local = _local(counter, now)
    today = local.date()
    if last_owed is not None and last_owed >= today:
        return None
    if today < _first_day(counter, first_seen) or today > _last_day(counter):
        return None
    return today if local.time() >= _opens(counter, today) else None


def next_due(
    counter: Counter, now: datetime, *, first_seen: datetime, last_owed: date | None
) -> datetime | None:
    """When, from `now` on, the counter is owed next (aware UTC); None when it has ended.

    `now` itself where it is owed already.
    """
    if due(counter, now, first_seen=first_seen, last_owed=last_owed):
        return now.astimezone(UTC)
    day = max(local_date(counter, now), _first_day(counter, first_seen))
    if last_owed is not None:
        day = max(day, last_owed + _DAY)
    for skipped in range(3):  # a day that the calendar left out, and the day of a past hour
        if day + skipped * _DAY > _last_day(counter):
            return None
        moment = _opening(counter, day + skipped * _DAY)
        if moment >= now and due(counter, moment, first_seen=first_seen, last_owed=last_owed):
            return moment
    return None


_DAY = timedelta(days=1)
_FAR = 366  # days: no milestone is further from the one before it


def _local(counter: Counter, moment: datetime) -> datetime:
    return moment.astimezone(counter.timezone)


def _first_day(counter: Counter, first_seen: datetime) -> date:
    """The first local date that can be owed: not before day 0, nor a day whose hour had passed."""
    seen = _local(counter, first_seen)
    late = seen.time() > _opens(counter, seen.date())
    start = seen.date() + _DAY if late else seen.date()
    return max(start, counter.since) if counter.since else start


def _last_day(counter: Counter) -> date:
    return counter.until or date.max


def _opens(counter: Counter, day: date) -> time:
    """The wall-clock time from which `day` is owed."""
    return _hour(counter.at, counter.timezone, day)


@lru_cache(maxsize=1024)  # a tick asks once a second, and the answer changes once a day
def _hour(at: time, zone: ZoneInfo, day: date) -> time:
    """`at`, save where the clock leaps over `at` and midnight at once (Nuuk, 23:00 to 00:00).

    There the day would end unowed; it is the same hour by the new clock, which is before the leap.
    """
    wall = datetime.combine(day, at, tzinfo=zone)
    after, before = (wall.replace(fold=fold).astimezone(UTC).astimezone(zone) for fold in (0, 1))
    return before.time() if after.date() > day else at


def _opening(counter: Counter, day: date) -> datetime:
    """The first moment (aware UTC, whole seconds) at which it is `day` and its hour has come."""
    wall = datetime.combine(day, _opens(counter, day), tzinfo=counter.timezone)
    early = wall.replace(fold=1).astimezone(UTC)
    late = wall.replace(fold=0).astimezone(UTC)
    if late <= early:
        return late  # an ordinary hour, or the first of two
    while late - early > timedelta(seconds=1):  # the end of the gap lies in between
        middle = early + (late - early) // 2
        if _local(counter, middle).replace(tzinfo=None) >= wall.replace(tzinfo=None):
            late = middle
        else:
            early = middle
    return late.replace(microsecond=0)


def check_text(text: str | Mapping[str, str], language: str) -> str | None:
    """What is wrong with a counter's wording in `language`, in one line, or None."""
    if isinstance(text, str):
        return _check_wording(text)
    unknown = [form for form in text if form not in CATEGORIES]
    if unknown:
        return f"unknown plural form `{unknown[0]}`; known: {', '.join(CATEGORIES)}"
    missing = [form for form in _needed(language) if form not in text]
    if missing:
        return f"misses the plural form `{'`, `'.join(missing)}` that language `{language}` needs"
    for form, wording in text.items():
        if problem := _check_wording(wording):
            return f"{form}: {problem}"
    return None


@lru_cache(maxsize=64)
def _needed(language: str) -> tuple[str, ...]:
    """The plural categories that whole numbers of days can have (a century and more of them)."""
    rule = locale(language).plural_form
    used = {rule(number) for number in range(1000)}
    return tuple(form for form in CATEGORIES if form in used)


def _check_wording(text: str) -> str | None:
    if not text.strip():
        return "is empty"
    known = " and ".join(f"{{{name}}}" for name in FIELDS)
    try:
        parts = list(Formatter().parse(text))
    except ValueError as error:
        return f"bad braces ({error}); write {known}, and {{{{ or }}}} for a brace itself"
    for _, field, spec, conversion in parts:
        if field is not None and field not in FIELDS:
            return f"unknown field {{{field[:40]}}}; known: {known}"
        if spec or conversion:
            return f"{{{field}}} takes no format; write {{{field}}} alone"
    return None
