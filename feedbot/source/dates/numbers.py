"""Dates in numbers alone: 27.05.2020, 5/27/20, 2020-05-27, 2020年5月27日, 12.03."""

from __future__ import annotations

import re

from feedbot.source.dates.written import Reading, reading

#: (readings, style, end, weak, alone): `alone`: it is one only where nothing else is in its text
Numbers = tuple[tuple[Reading, ...], str, int, bool, bool]

_YEAR_FIRST = re.compile(
    r"(?P<y>[12]\d{3})\s?(?P<s>[-./])\s?(?P<m>\d{1,2})\s?(?P=s)\s?(?P<d>\d{1,2})(?!\d)(?!(?P=s)\d)"
)
_COMPACT = re.compile(r"(?P<y>(?:19|20)\d{2})(?P<m>\d{2})(?P<d>\d{2})(?!\d)")
_TRIPLE = re.compile(
    r"(?P<a>\d{1,2})\s?(?P<s>[./-])\s?(?P<b>\d{1,2})\s?(?P=s)\s?(?P<c>\d{4}|\d{2})(?!\d)(?!(?P=s)\d)"
)
_KOREAN = re.compile(r"(?P<a>\d{2})\. (?P<b>\d{1,2})\. (?P<c>\d{1,2})(?!\d)")  # the year first
_SPACED = re.compile(r"(?P<a>\d{1,2})\s(?P<b>\d{1,2})\s(?P<c>(?:19|20)\d{2})(?!\d)")
_PAIR = re.compile(r"(?P<a>\d{1,2})\s?(?P<s>[./-])\s?(?P<b>\d{1,2})(?P<dot>\.?)(?![\d%])")
_MONTH_YEAR = re.compile(r"(?P<m>\d{1,2})\s?[./]\s?(?P<y>(?:19|20)\d{2})(?!\d)(?![./-]\d)")
_EAST = re.compile(
    r"(?:(?P<y>\d{1,4})\s?[年년]\s?)?(?P<m>\d{1,2})\s?[月월](?:\s?(?P<d>\d{1,2})\s?[日일号號])?"
)
_ERA = re.compile(r"(令和|平成|昭和|民國|民国|中華民國)\s?$")
_ERAS = {"令和": 2018, "平成": 1988, "昭和": 1925, "民國": 1911, "民国": 1911, "中華民國": 1911}


def numbers_at(text: str, start: int, digits: int) -> Numbers | None:
    """What numbers say that begin at `start` with so many digits."""
    if digits == 8:
        return _compact(text, start)
    east = _east(text, start) if _is_east(text, start + digits) else None
    if east:
        return east
    if digits == 4:
        return _year_first(text, start)
    return _triple(text, start) or _short(text, start) if digits <= 2 else None


def _is_east(text: str, end: int) -> bool:
    """Whether a Chinese, Japanese or Korean word for year or month follows."""
    near = text[end : end + 2].lstrip()[:1]
    return near != "" and near in "年년月월"


def _east(text: str, start: int) -> Numbers | None:
    match = _EAST.match(text, start)
    if match is None:
        return None
    year = int(match["y"]) if match["y"] else None
    era = _ERA.search(text[max(0, start - 6) : start])
    if era and year is not None:
        year += _ERAS[era[1]]
    day = int(match["d"]) if match["d"] else None
    if (day is None and year is None) or (year is not None and 100 <= year < 1000):
        return None
    one = reading("", year, int(match["m"]), day)
    return ((one,), "", match.end(), day is None, False) if one else None


def _year_first(text: str, start: int) -> Numbers | None:
    match = _YEAR_FIRST.match(text, start)
    if match is None:
        return None
    one = reading("", int(match["y"]), int(match["m"]), int(match["d"]))
    return ((one,), "", match.end(), False, False) if one else None


def _compact(text: str, start: int) -> Numbers | None:
    match = _COMPACT.match(text, start)
    if match is None:
        return None
    one = reading("", int(match["y"]), int(match["m"]), int(match["d"]))
    timed = text[match.end() : match.end() + 1] == "T"
    return ((one,), "", match.end(), not timed, not timed) if one else None


def _triple(text: str, start: int) -> Numbers | None:
    """Three numbers, the year last or, of two digits, perhaps first."""
    match = _TRIPLE.match(text, start)
    if match:
        plain = len(match["a"]) == len(match["b"]) == 2 and match["s"] != "-"
        loose = len(match["c"]) == 2 and not plain and match["s"] != "/"
        return _of_triple(match, match["s"], alone=loose)
    match = _SPACED.match(text, start)
    if match:
        return _of_triple(match, " ", alone=True)
    match = _KOREAN.match(text, start)
    one = reading("ymd", *map(int, match.groups())) if match else None
    return ((one,), ".2", match.end(), True, True) if match and one else None


def _of_triple(match: re.Match[str], mark: str, *, alone: bool) -> Numbers | None:
    first, second, last = int(match["a"]), int(match["b"]), int(match["c"])
    short = len(match["c"]) == 2
    found = [reading("dmy", last, second, first)]
    if not (short and mark == "."):  # 12.30.45 is a time
        found.append(reading("mdy", last, first, second))
    if short and len(match["a"]) == 2:
        found.append(reading("ymd", first, second, last))
    weak = short and mark != "/"  # little else is written 3/5/24
    return _several(found, f"{mark}{2 if short else 4}", match.end(), weak, alone)


def _short(text: str, start: int) -> Numbers | None:
    """Day and month, or month and year: too common in other meanings unless they stand alone."""
    match = _MONTH_YEAR.match(text, start)
    if match:
        one = reading("", int(match["y"]), int(match["m"]), None)
        return ((one,), "", match.end(), True, True) if one else None
    match = _PAIR.match(text, start)
    if match is None or match[0] == "24/7" or (match["s"] == "-" and len(match[0]) != 5):
        return None
    first, second = int(match["a"]), int(match["b"])
    found = [reading("dmy", None, second, first), reading("mdy", None, first, second)]
    return _several(found, f"{match['s']}0", match.end(), not match["dot"], True)


def _several(
    found: list[Reading | None], style: str, end: int, weak: bool, alone: bool
) -> Numbers | None:
    readings = tuple(one for one in found if one)
    return (readings, style, end, weak, alone) if readings else None
