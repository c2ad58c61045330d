"""Dates and plural forms in a reader's language (CLDR, by Babel)."""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time


@lru_cache(maxsize=64)
def locale(language: str) -> Locale:
    """Babel's locale for `language` (`en`, `ru`, `pt-BR`); English where it knows none.

    Plain `en` is the world's (`27 May 2020, 21:55`), not that of the United States.
    """
    if language == "en":
        return Locale("en", "GB")
    try:
        return Locale.parse(language.replace("_", "-"), sep="-")
    except (ValueError, UnknownLocaleError):
        return Locale("en", "GB")


def date_text(when: datetime | date | None, language: str) -> str:
    """`when` in the words of `language`: the day, and the wall-clock time where one is known."""
    if when is None:
        return ""
    day = format_date(when, "long", locale(language))
    if not isinstance(when, datetime):
        return day
    return f"{day}, {format_time(when.time(), 'short', locale=locale(language))}"
