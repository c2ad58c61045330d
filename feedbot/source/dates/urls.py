"""Dates in addresses: /2024/03/05/title, /2024-03-05-title, /20240305/, /2024/03/."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from feedbot.source.dates.words import month_of
from feedbot.source.dates.written import reading

_Y = r"(?P<y>(?:19[89]|20[0-4])\d)"
_M = r"(?P<m>0?[1-9]|1[0-2])"
_D = r"(?P<d>0?[1-9]|[12]\d|3[01])"
_SPLIT = re.compile(
    rf"(?<!\d){_Y}(?P<s>[/_.-])(?:{_M}|(?P<b>[a-z]{{3,9}}))(?P=s){_D}(?![\d.])", re.I
)
_COMPACT = re.compile(rf"(?<![\w]){_Y}(?P<m>0[1-9]|1[0-2])(?P<d>0[1-9]|[12]\d|3[01])(?!\d)")
_DAY_FIRST = re.compile(rf"(?<!\d)(?P<d>\d{{2}})(?P<s>[/_.-])(?P<m>\d{{2}})(?P=s){_Y}(?!\d)")
_MONTH = re.compile(rf"/{_Y}[/-](?P<m>0[1-9]|1[0-2])(?=/|$)")


class InUrl(NamedTuple):
    """A date in an address; `day` is None where it names the month alone."""

    year: int
    month: int
    day: int | None


def date_in_url(url: str) -> InUrl | None:
    """The date that the path or query of a link has, None where it has none; never raises.

    The last whole day in it, else a month that is a folder of its own.
    """
    try:
        parts = urlsplit(url[:2_000])
    except ValueError:
        return None
    text = unquote(f"{parts.path}?{parts.query}" if parts.query else parts.path)
    for pattern in (_SPLIT, _COMPACT, _DAY_FIRST):
        for match in reversed(list(pattern.finditer(text))):
            found = _read(match)
            if found:
                return found
    month = _MONTH.search(text)
    return InUrl(int(month["y"]), int(month["m"]), None) if month else None


def _read(match: re.Match[str]) -> InUrl | None:
    groups = match.groupdict()
    month = int(groups["m"]) if groups["m"] else month_of(groups["b"] or "", "en", with_year=False)
    one = reading("", int(groups["y"]), month, int(groups["d"])) if month else None
    return InUrl(int(groups["y"]), one.month, one.day) if one else None
