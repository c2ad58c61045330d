"""Dates in JSON: text, or a Unix time in seconds or milliseconds."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from feedbot.model import PageDate
from feedbot.source.dates import understand

_EARLIEST, _LATEST = 631_152_000, 4_102_444_800  # 1990 and 2100; other numbers are no dates


def json_date(
    value: Any, language: str | None, zone: ZoneInfo, *, date_format: str | None = None
) -> PageDate:
    """The date that a JSON value says, None where it says none. A number is Unix time."""
    if isinstance(value, list) and value:
        value = value[0]
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and value.strip().isdecimal() and len(value.strip()) in (10, 13):
        value = int(value)
    if isinstance(value, int | float):
        seconds = value / 1000 if value >= _LATEST else value
        if _EARLIEST <= seconds < _LATEST:
            return datetime.fromtimestamp(seconds, UTC)
        return None
    if not isinstance(value, str) or not value.strip():
        return None
    return understand(value, date_format=date_format, language=language, zone=zone)
