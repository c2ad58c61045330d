"""Months and years as archives name them: "November 2023", "2023-11", "2023 (12)"."""

from __future__ import annotations

import re
from datetime import date

from feedbot.source.dates.words import month_of

_YEAR = re.compile(r"(?:19|20)\d\d")
_COUNT = re.compile(r"(?<!\s)\s*[(\[]\d+[)\]]?$")
_NUMBERS = re.compile(r"((?:19|20)\d\d)[-/.](0?[1-9]|1[0-2])|(0?[1-9]|1[0-2])[-/.]((?:19|20)\d\d)")
_EAST = re.compile(r"((?:19|20)\d\d)\s*[年년](?:\s*(\d{1,2})\s*[月월])?")
_SPLIT = re.compile(r"[\s,./]+")


def period_of(text: str, language: str | None = None) -> date | None:
    """The first day of the month or year that a text names and says nothing else, None if none.

    language: of the text
    """
    said = _COUNT.sub("", text.strip())
    if not 4 <= len(said) <= 30 or not _YEAR.search(said):
        return None
    if _YEAR.fullmatch(said):
        return date(int(said), 1, 1)
    if numbers := _NUMBERS.fullmatch(said):
        year, month = (numbers[1], numbers[2]) if numbers[1] else (numbers[4], numbers[3])
        return date(int(year), int(month), 1)
    if east := _EAST.fullmatch(said):
        month = east[2] or "1"
        return date(int(east[1]), int(month), 1) if 1 <= int(month) <= 12 else None
    return _in_words(said, language)


def _in_words(said: str, language: str | None) -> date | None:
    """ "november 2023", "2023 november", "junio de 2023"."""
    words = [word for word in _SPLIT.split(said) if word not in ("", "de", "г", "р", "года")]
    if len(words) != 2:
        return None
    year, name = sorted(words, key=lambda word: not _YEAR.fullmatch(word))
    if not _YEAR.fullmatch(year):
        return None
    month = month_of(name.casefold(), language or "", with_year=True)
    return date(int(year), month, 1) if month else None
