"""The time of day and the zone beside a date."""

from __future__ import annotations

import re
from datetime import UTC, timedelta, timezone, tzinfo

from feedbot.source.dates.written import Clock

_HALF = r"(?:\s{0,2}(?:(?P<p>[apπμ])\.?\s?[mμ]\b\.?|(?P<x>[مص])(?!\w)|(?P<w>مساء|صباح)\w{0,2}))"
_CLOCK = (
    r"(?:(?P<c>上午|下午|午前|午後|오전|오후|[AP]M)\s?)?"
    r"(?P<H>\d{1,2})(?:[:.]|\s?[hH時时시]\s?)(?P<M>\d{2})"
    r"(?:\s?[分분]|(?::(?P<S>\d{2})(?:[.,](?P<f>\d{1,9}))?)?)(?!\d)"
    rf"{_HALF}?(?:\s{{0,2}}(?:uhr|час\w?|h|ч)\b\.?)?"
)
_LATE = frozenset("下午 午後 오후 pm p μ م مساء".split())  # the words of the second half of the day
_HOUR = r"(?P<H>\d{1,2})\s{0,2}(?:(?P<p>[ap])\.?m\b\.?|uhr\b|h\b(?!\d))"
_ZONE = (
    r"(?:\s{0,2}\(?(?P<z>Z|(?:(?:GMT|UTC)\s?)?[+-]\d{1,2}(?::?\d{2})?(?!\d)"
    r"|(?:GMT|UTC|UT|MSK|МСК|BST|IST|CET|CEST|MEZ|MESZ|EET|EEST|EST|EDT|ET|CST|CDT|CT|MST|MDT|PST"
    r"|PDT|PT|JST|KST|HKT|SGT|AEST|AEDT|NZST|NZDT)\b)\)?)?"
)
_AT = (
    r"(?:at|um|om|kl\.?|в|о|у|ve|à|às|as|a las|alle|alle ore|ore|ora|о|a|u|o|o godz\.?|v|på|saat"
    r"|klo|в|الساعة|בשעה)"
)
_YEAR_WORD = r"(?:г\.|года|году|г|р\.|року|р|r\.|roku|год\.?|d\.|თ\.|წ\.|թ\.)"
_BETWEEN = (
    rf"(?:T|\.?\s{{0,3}}(?:{_YEAR_WORD}(?![^\W\d_]))?\s{{0,3}}[,|/·•-]?\s{{0,3}}\(?"
    rf"(?:{_AT}\s{{1,3}})?)"
)
_AFTER = re.compile(rf"{_BETWEEN}(?:{_CLOCK}{_ZONE})", re.I)
_AFTER_HOUR = re.compile(rf"{_BETWEEN}(?:{_HOUR}{_ZONE})", re.I)
_COMPACT = re.compile(rf"T(?P<H>\d{{2}})(?P<M>\d{{2}})(?P<S>\d{{2}})?(?!\d){_ZONE}")
_BEFORE = re.compile(
    rf"(?<![\d:.,]){_CLOCK}{_ZONE}\s{{0,3}}[,|/·•-]?\s{{0,3}}(?:(?:on|am|le|el|de|del)\s{{1,3}})?$",
    re.I,
)
_YEAR_WORD_AFTER = re.compile(rf"\s{{0,2}}{_YEAR_WORD}(?![^\W\d_])", re.I)
_WINDOW = 40  # characters before a date in which its time stands

_HOURS = {
    "Z": 0, "GMT": 0, "UTC": 0, "UT": 0, "BST": 1, "CET": 1, "MEZ": 1, "CEST": 2, "MESZ": 2,
    "EET": 2, "EEST": 3, "MSK": 3, "МСК": 3, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7,
    "MDT": -6, "PST": -8, "PDT": -7, "JST": 9, "KST": 9, "HKT": 8, "SGT": 8, "AEST": 10, "AEDT": 11,
    "NZST": 12, "NZDT": 13,
}  # fmt: skip
_OFFSET = re.compile(r"([+-])(\d{1,2}?):?(\d{2})?$")


def clock_after(text: str, end: int) -> tuple[Clock | None, int]:
    """The time that follows a date which ends at `end`, and where it ends; with the year's word."""
    next_one = text[end : end + 1]
    if not next_one:
        return None, end
    match = _AFTER.match(text, end) or _AFTER_HOUR.match(text, end)
    if match is None and next_one == "T":
        match = _COMPACT.match(text, end)
    clock = _clock(match) if match else None
    if match and clock:
        return clock, match.end()
    word = _YEAR_WORD_AFTER.match(text, end)
    return None, word.end() if word else end


def clock_before(text: str, start: int) -> tuple[Clock | None, int]:
    """The time that precedes a date which starts at `start`, and where it starts."""
    begin = max(0, start - _WINDOW)
    if ":" not in text[begin:start]:
        return None, start
    match = _BEFORE.search(text[begin:start])
    clock = _clock(match) if match else None
    return (clock, begin + match.start()) if match and clock else (None, start)


def _clock(match: re.Match[str]) -> Clock | None:
    """None where there is no such time."""
    groups = match.groupdict()
    hour, minute, second = int(groups["H"]), int(groups.get("M") or 0), int(groups.get("S") or 0)
    half = next((groups[name] for name in "pxwc" if groups.get(name)), None)
    if half:
        if hour > 12:
            return None
        hour = hour % 12 + (12 if half.lower() in _LATE else 0)
    last = hour == 24 and minute == second == 0  # ISO 8601: the midnight that ends the day
    if (hour > 23 and not last) or minute > 59 or second > 60:
        return None
    micro = int((groups.get("f") or "0")[:6].ljust(6, "0"))
    return Clock(hour, minute, min(second, 59), micro, _zone(groups["z"]))


def _zone(name: str | None) -> tzinfo | None:
    """The zone that is named, None where none is or where it is no offset."""
    if not name:
        return None
    known = _HOURS.get(name.upper())
    if known is not None:
        return UTC if known == 0 else timezone(timedelta(hours=known))
    offset = _OFFSET.search(name)
    if offset is None:
        return None
    minutes = int(offset[2]) * 60 + int(offset[3] or 0)
    if minutes >= 24 * 60:
        return None
    return timezone(timedelta(minutes=-minutes if offset[1] == "-" else minutes))
