"""Dates with the month's name: 27 May 2020, 27 мая, May 27th, 2020. május 27., 12-14 March 2024."""

from __future__ import annotations

import re
from typing import NamedTuple

from feedbot.source.dates.words import month_of, starts_month
from feedbot.source.dates.written import Reading, reading

_WORD = r"(?:[ก-๛]{1,3}\.[ก-ฮ]\.|[^\W\d_][^\s\d.,;:/()\[\]|<>\-+*\"&=@#%?!]{1,17})"
_ORDINAL = r"(?:st|nd|rd|th|er|ère|re|º|°|ª|ο|\.|-?го|-?е|-?е|-?ое|-én|-ro|a|ος)?"
_RANGE = (
    r"(?:\s?[-/&+]\s?(?:\d{1,2})\.?(?![\d:])"
    r"|\s(?:and|und|et|y|e|i|и|та|і|to|bis|au|al|a|à|по|до|do|až|tot|en|és|og|och|ja)\s(?:\d{1,2})"
    r"(?:st|nd|rd|th|\.|º)?)?"
)
_OF = r"(?:d'|(?:day\s{1,3}of|of|de|del|di|da|den|ng|ta'|the)\s{1,3})?"
_YEAR = r"(?P<y>[12]\d{3})(?!\d)(?![./-]\d)"
_SHORT = r"(?P<q>'?)(?P<yy>\d{2})(?=\s{0,3}(?:$|[,;|)\]]|[ap]\.?m|\s\d{1,2}:\d\d))"
_THEN_YEAR = (
    r"(?:\.?[\s,.'/-]{0,3}(?:(?:de|del|di|of|năm|г\.?|[คพ]\.ศ\.)\s{1,3})?"
    rf"(?:{_YEAR}|(?<=[\s'./-]){_SHORT}))?"
)
_DAY_FIRST = re.compile(
    rf"(?P<d>\d{{1,2}}){_ORDINAL}{_RANGE}{_ORDINAL}[\s.,'/-]{{0,3}}{_OF}(?P<b>{_WORD})", re.I
)
_VIETNAMESE = re.compile(
    rf"(?P<d>\d{{1,2}})\s{{1,2}}(?:tháng|thg)\s{{1,2}}(?P<b>\d{{1,2}})(?:(?:,|\s|năm){{1,6}}{_YEAR})?",
    re.I,
)
_YEAR_FIRST = re.compile(
    rf"(?P<y>[12]\d{{3}})[\s.,-]{{1,3}}(?:(?:m\.|g\.|թ\.|gada|ж\.|жылғы)\s{{0,2}})?"
    rf"(?:(?P<b>{_WORD})[\s.,-]{{1,3}}(?P<d>\d{{1,2}})(?!\d)|(?P<d2>\d{{1,2}})[\s.,-]{{1,3}}(?P<b2>{_WORD}))",
    re.I,
)
_DASH = re.compile(r"\s{1,2}-\s?[^\W\d]")
_SECOND = re.compile(rf"\s{_WORD}")
_YEAR_AFTER = re.compile(_THEN_YEAR, re.I)
_BEFORE = re.compile(rf"(?P<b>(?:{_WORD}\s)?{_WORD})\.?[\s.,-]{{0,3}}$", re.I)
_MONTH_FIRST = re.compile(
    rf"(?P<d>\d{{1,2}}){_ORDINAL}(?![\d:%])(?!\.\d){_RANGE}(?:st|nd|rd|th)?", re.I
)
_YEAR_BEHIND = re.compile(rf"(?:,|\s|\.|-|'|of|de|del){{1,4}}(?:{_YEAR}|{_SHORT})", re.I)
_WINDOW = 34


class Named(NamedTuple):
    """A reading and where it stands; weak: a month alone, or a short word without a year."""

    reading: Reading
    start: int
    end: int
    weak: bool = False


def named_at(text: str, start: int, digits: int, language: str) -> Named | None:
    """The date with a month's name whose first number begins at `start`, with so many digits."""
    if digits == 4:
        return _year_first(text, start, language) or _month_alone(text, start, language)
    if digits > 2:
        return None
    if _DASH.match(text, start + digits):  # "March 2 - July 14, 2024"
        found = _month_first(text, start, language)
        if found is not None:
            return found
    return _day_first(text, start, language) or _month_first(text, start, language)


def _day_first(text: str, start: int, language: str) -> Named | None:
    match = _DAY_FIRST.match(text, start)
    if match is None:
        return None
    end = match.end()
    year = _YEAR_AFTER.match(text, end)
    month = month_of(match["b"], language, with_year=bool(year and year["y"]))
    if month is None and starts_month(match["b"]):
        second = _SECOND.match(text, end)
        if second:
            month = month_of(match["b"] + second[0], language, with_year=True)
            end = second.end()
            year = _YEAR_AFTER.match(text, end)
    if month is None:
        return _vietnamese(text, start)
    number, end = _year(year, end)
    one = reading("", number, month, int(match["d"]))
    return Named(one, start, end, number is None and len(match["b"]) < 3) if one else None


def _year(match: re.Match[str] | None, end: int) -> tuple[int | None, int]:
    """The year that was matched behind a month, and where all of it ends."""
    if match is None or not (match["y"] or match["yy"]):
        return None, end
    return int(match["y"] or match["yy"]), match.end()


def _vietnamese(text: str, start: int) -> Named | None:
    match = _VIETNAMESE.match(text, start)
    if match is None:
        return None
    one = reading("", int(match["y"]) if match["y"] else None, int(match["b"]), int(match["d"]))
    return Named(one, start, match.end()) if one else None


def _word_before(
    text: str, start: int, language: str, *, with_year: bool
) -> tuple[int, int] | None:
    """The month named just before `start`, and where its name begins."""
    begin = max(0, start - _WINDOW)
    match = _BEFORE.search(text[begin:start])
    if match is None:
        return None
    both = match["b"]
    last = both.rpartition(" ")[2]
    if last != both and starts_month(both.partition(" ")[0]):
        month = month_of(both, language, with_year=True)
        if month:
            return month, begin + match.start()
    month = month_of(last, language, with_year=with_year)
    return (month, begin + match.end("b") - len(last)) if month else None


def _month_first(text: str, start: int, language: str) -> Named | None:
    before_it = text[max(0, start - 4) : start].rstrip(" \t\n.,-\xa0")[-1:]
    if not before_it or (before_it.isascii() and not before_it.isalpha()):
        return None
    match = _MONTH_FIRST.match(text, start)
    if match is None:
        return None
    year = _YEAR_BEHIND.match(text, match.end())
    number, end = _year(year, match.end())
    before = _word_before(text, start, language, with_year=bool(year and year["y"]))
    if before is None:
        return None
    one = reading("", number, before[0], int(match["d"]))
    return Named(one, before[1], end) if one else None


def _year_first(text: str, start: int, language: str) -> Named | None:
    match = _YEAR_FIRST.match(text, start)
    if match is None:
        return None
    month = month_of(match["b"] or match["b2"], language, with_year=True)
    one = reading("", int(match["y"]), month, int(match["d"] or match["d2"])) if month else None
    return Named(one, start, match.end()) if one else None


def _month_alone(text: str, start: int, language: str) -> Named | None:
    """March 2024: no day."""
    if not 1900 <= int(text[start : start + 4]) < 2600:
        return None
    before = _word_before(text, start, language, with_year=True)
    if before is None:
        return None
    one = reading("", int(text[start : start + 4]), before[0], None)
    return Named(one, before[1], start + 4, weak=True) if one else None
