"""Zones, spans, days, times of day and sizes, as a person writes them in TOML."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, BeforeValidator, PlainSerializer, WithJsonSchema

from feedbot.config.wording import WrongValueError, nearest, quoted

MOST_BURST = 10_000  # rows: more than any list has
MOST_BACKFILL = 10_000  # entries: with twenty on a page, eight minutes of a page a second
LONGEST = timedelta(days=366)  # longer than anybody waits, and far from datetime's overflow
_DURATION = re.compile(
    r"(?:(\d{1,9})d)? ?(?:(\d{1,9})h)? ?(?:(\d{1,9})m)? ?(?:(\d{1,9})s)?", re.ASCII
)
_SIZE = re.compile(r"(\d{1,12})\s*([kKMG]?i?)B?", re.ASCII)
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})", re.ASCII)
_FACTORS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "ki": 2**10, "mi": 2**20, "gi": 2**30}


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _zone(text: str) -> str:
    if text not in _zones():
        near = nearest(text, _zones()) or nearest(text, {zone.split("/")[-1] for zone in _zones()})
        full = next((zone for zone in sorted(_zones()) if zone.split("/")[-1] == near), near)
        cure = f"did you mean {quoted(full)}?" if full else 'write e.g. "Europe/London"'
        raise WrongValueError(f"{quoted(text)} is not an IANA time zone", cure)
    return text


def parse_duration(text: str | int) -> timedelta:
    """A span of time as a person writes it: `90s`, `5m`, `1h30m`, `2d`, or a number of seconds.

    Raises WrongValueError for anything else, and for more than 366 days.
    """
    written = f"{text}s" if isinstance(text, int) else " ".join(text.split())
    match = _DURATION.fullmatch(written)
    if not written or not match:
        raise WrongValueError(
            f"{quoted(text)} is not a span of time", 'write e.g. "90s", "5m", "1h30m" or "2d"'
        )
    days, hours, minutes, seconds = map(int, match.groups(default="0"))
    total = ((days * 24 + hours) * 60 + minutes) * 60 + seconds
    if total > LONGEST.total_seconds():
        raise WrongValueError("is longer than 366 days", 'the most is "366d"')
    return timedelta(seconds=total)


def format_duration(span: timedelta) -> str:
    """`span` (whole seconds) as `parse_duration` reads it."""
    minutes, seconds = divmod(int(span.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [(days, "d"), (hours, "h"), (minutes, "m"), (seconds, "s")]
    return "".join(f"{count}{unit}" for count, unit in parts if count) or "0s"


def _pause(value: Any) -> Any:
    """A span that may be none at all."""
    if isinstance(value, str | int) and not isinstance(value, bool):
        value = parse_duration(value)
    return _duration(value) if value else value


def _duration(value: Any) -> Any:
    if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
        value = parse_duration(value)
    if isinstance(value, timedelta):
        if value < timedelta(seconds=1):
            raise WrongValueError("is shorter than a second", 'the least is "1s"')
        if value.microseconds or value > LONGEST:
            raise WrongValueError("is not whole seconds up to 366 days", 'write e.g. "90s"')
    return value


def _date(value: Any) -> Any:
    if isinstance(value, datetime):
        raise WrongValueError("is a moment; a day is meant", "write e.g. 2018-03-04")
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise WrongValueError(
                f"{quoted(value)} is not a day", "write year-month-day, e.g. 2018-03-04"
            ) from None
    return value


def _clock(value: Any) -> Any:
    if isinstance(value, str):
        match = _CLOCK.fullmatch(value)
        if not match or int(match[1]) > 23 or int(match[2]) > 59:
            raise WrongValueError(f"{quoted(value)} is not a time of day", 'write e.g. "09:00"')
        return time(int(match[1]), int(match[2]))
    return value.replace(second=0, microsecond=0) if isinstance(value, time) else value


def _backfill(value: Any) -> Any:
    """So many entries, or a day."""
    if isinstance(value, str) or (isinstance(value, date) and not isinstance(value, datetime)):
        return _date(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise WrongValueError("neither a number of entries nor a day", "write 200, or 2020-01-01")
    if not 0 <= value <= MOST_BACKFILL:
        raise WrongValueError(f"{value} entries", f"write a number from 0 to {MOST_BACKFILL}")
    return value


def _burst(value: Any) -> Any:
    """So many rows, or in words."""
    if value in ("auto", "off"):
        return value
    cure = f'write a number from 1 to {MOST_BURST}, "auto" or "off"'
    if isinstance(value, bool) or not isinstance(value, int):
        raise WrongValueError("neither a number of rows nor a word for it", cure)
    if not 1 <= value <= MOST_BURST:
        raise WrongValueError(f"{value} rows", cure)
    return value


Zone = Annotated[str, AfterValidator(_zone)]
Duration = Annotated[
    timedelta,
    BeforeValidator(_duration),
    PlainSerializer(format_duration, when_used="json"),
    WithJsonSchema(
        {"anyOf": [{"type": "string", "examples": ["90s", "5m", "1h30m"]},
                   {"type": "integer", "minimum": 1, "description": "seconds"}]}
    ),
]  # fmt: skip
Pause = Annotated[
    timedelta,
    BeforeValidator(_pause),
    PlainSerializer(format_duration, when_used="json"),
    WithJsonSchema(
        {"anyOf": [{"type": "string", "examples": ["0s", "1s", "5s"]},
                   {"type": "integer", "minimum": 0, "description": "seconds"}]}
    ),
]  # fmt: skip
Day = Annotated[date, BeforeValidator(_date), WithJsonSchema({"type": "string", "format": "date"})]
Backfill = Annotated[
    int | date,
    BeforeValidator(_backfill),
    WithJsonSchema(
        {"anyOf": [{"type": "integer", "minimum": 0, "maximum": MOST_BACKFILL},
                   {"type": "string", "format": "date"}]}
    ),
]  # fmt: skip
Burst = Annotated[
    int | Literal["auto", "off"],
    BeforeValidator(_burst),
    WithJsonSchema(
        {"anyOf": [{"type": "integer", "minimum": 1, "maximum": MOST_BURST},
                   {"enum": ["auto", "off"]}]}
    ),
]  # fmt: skip
TimeOfDay = Annotated[
    time,
    BeforeValidator(_clock),
    PlainSerializer(lambda value: f"{value:%H:%M}", when_used="json"),
    WithJsonSchema({"type": "string", "pattern": r"^\d{1,2}:\d{2}", "examples": ["09:00"]}),
]


def _size(value: Any) -> Any:
    cure = 'write e.g. "3MB" or 3000000'
    if isinstance(value, str):
        match = _SIZE.fullmatch(value.strip())
        if not match or match[2].lower() not in _FACTORS:
            raise WrongValueError(f"{quoted(value)} is not a size", cure)
        value = int(match[1]) * _FACTORS[match[2].lower()]
    if isinstance(value, int) and not isinstance(value, bool) and not 1000 <= value <= 10**9:
        raise WrongValueError("is less than 1 kB or more than 1 GB", cure)
    return value


def format_size(size: int) -> str:
    """`size` in bytes, with the largest decimal unit that leaves a whole number."""
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size % factor == 0:
            return f"{size // factor}{unit}"
    return f"{size}B"


Size = Annotated[
    int,
    BeforeValidator(_size),
    PlainSerializer(format_size, when_used="json"),
    WithJsonSchema({"anyOf": [{"type": "string", "examples": ["3MB"]}, {"type": "integer"}]}),
]
