"""Where dates stand in a text, and how they are written.

    text → numbers in it → numbers alone | a month's name beside | "… ago" → weekday, time → Written

One pass over the numbers of a text; a text without any is looked at only if it is short. What a
date means is settled later, by all of them together (see `settle`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from feedbot.source.dates.clocks import clock_after, clock_before
from feedbot.source.dates.named import named_at
from feedbot.source.dates.numbers import numbers_at
from feedbot.source.dates.relative import ago_at, phrase_in
from feedbot.source.dates.words import base, weekday_of, words
from feedbot.source.dates.written import Clock, Reading, Written

_LONGEST_CACHED = 120
_MOST = 5_000  # dates in one text
_MISSES = 1_000  # numbers in one text that are none: a table of figures, each costs microseconds
_PHRASE = 40  # characters of a text without numbers that can be "an hour ago"
_HAS_DIGIT = re.compile(r"\d").search
_FOREIGN_DIGIT = re.compile(r"[^\D0-9]")
_BETWEEN_WORDS = re.compile(r"[\s\d,:;()|·]+")
_NUMBER = re.compile(r"[0-9]+")
_ODD = {
    ord(char): plain
    for plain, chars in (
        ("-", "‐‑‒–—―−－﹣"),
        ("/", "／⁄"),
        (".", "．。"),
        (":", "："),
        (",", "،，、"),
        ("'", "’´‘"),
        ("(", "（"),
        (")", "）"),
        (" ", "\u200b\u200e\u200f\u2060\ufeff\u202a\u202c\u2066\u2067\u2068\u2069\u061c"),
    )
    for char in chars
}
_AROUND = " \t\n\r\f-|·•.,:;()[]{}<>/\\»«*~+_=\"'\xa0"
_WEEKDAY_BEFORE = re.compile(
    r"(?P<w>[^\W\d_]{2,16}(?:-feira)?)\.?[,،]?\s{0,3}(?:(?:den|the|le|il|el|,)\s{1,3})?\(?$"
)
_WEEKDAY_AFTER = re.compile(r"\s?[,(]?\s?\(?(?P<w>[^\W\d_]{1,16})\.?\)?")
_LATE_YEAR = re.compile(r"\s(?:[A-Z]{3,4}\s)?([12]\d{3})(?!\d)")
_UNTIL = re.compile(r"\s?(?:-|to|bis|au|al|по|до|do|až|tot)\s?(?:с\s)?", re.I)


def may_hold_date(text: str) -> bool:
    """Whether it is worth scanning; under a microsecond for nearly every text that is not.

    Only short texts without numbers ("yesterday", "an hour ago") can be dates.
    """
    if _HAS_DIGIT(text) is not None:
        return True
    return len(text) <= _PHRASE and _hints(text)


def _hints(text: str) -> bool:
    """Whether a word is in it with which "yesterday" or "an hour ago" may begin."""
    return not words().hints.isdisjoint(_BETWEEN_WORDS.split(text.lower()))


def scan(text: str, language: str | None = None) -> tuple[Written, ...]:
    """The dates written in `text`, in their order, none inside another.

    language: of the page, `de` or `en-US`; it decides what short words mean ("mar", "set")

    Spans are of `text` as given. Linear in the text; one with a thousand numbers that are no dates
    is not read to its end. Never raises.
    """
    if not may_hold_date(text):
        return ()
    if len(text) <= _LONGEST_CACHED:
        return _scanned(text, base(language))
    return _scan(text, base(language))


def _scan(text: str, language: str) -> tuple[Written, ...]:
    plain = _plain(text)
    found: list[Written] = []
    done = misses = 0
    for match in _NUMBER.finditer(plain):
        if match.start() < done or _is_inside(plain, match.start()):
            continue
        one = _at(plain, text, match, done, language)
        if one is not None:
            found.append(one)
            done = one.end
        misses += one is None
        if misses > _MISSES or len(found) >= _MOST:
            break
    if not found:
        near = len(text) <= _PHRASE + 20 and _hints(plain)
        phrase = _phrase(plain, text, language) if near else None
        return (phrase,) if phrase else ()
    return tuple(_ranges(found, plain, text))


#: A page shows a day many times, and most of its days again at the next poll.
_scanned = lru_cache(maxsize=8_192)(_scan)


def forget() -> None:
    """Drop what is remembered of texts, so that reading them can be timed."""
    _scanned.cache_clear()


def _plain(text: str) -> str:
    """`text` with ASCII digits, dashes and spaces, each character where it was."""
    if text.isascii():
        return text
    text = text.translate(_ODD)
    return _FOREIGN_DIGIT.sub(_digit, text) if _FOREIGN_DIGIT.search(text) else text


def _digit(match: re.Match[str]) -> str:
    return str(int(match[0]))


def _is_inside(text: str, start: int) -> bool:
    """Whether a number is part of something longer: v1.2, 10.0.0.1, AB12, 3:05."""
    if start == 0:
        return False
    before = text[start - 1]
    if before.isascii() and (before.isalpha() or before in "_$€£#&"):
        return not (before == "T" and start > 1)
    return before in ".,:/-" and start > 1 and text[start - 2].isdigit()


def _at(plain: str, text: str, match: re.Match[str], done: int, language: str) -> Written | None:
    """The date whose first number was matched; nothing before `done` is part of it."""
    start, end = match.span()
    digits = end - start
    if digits > 4 and digits != 8:
        return None
    numbers = None
    if plain[end : end + 1] in "./-" and plain[end + 1 : end + 2].isdigit():
        numbers = numbers_at(plain, start, digits)
    if numbers is None or numbers[4]:  # a pair of numbers may be a range of days
        named = _in_words(plain, text, match, done, language)
        if named is not None:
            return named
        numbers = numbers or numbers_at(plain, start, digits)
    if numbers is None:
        return None
    readings, style, end, weak, alone = numbers
    one = _dressed(
        plain, text, start, end, done, language, readings=readings, style=style, weak=weak
    )
    return None if alone and not _is_alone(plain, one) else one


def _in_words(
    plain: str, text: str, match: re.Match[str], done: int, language: str
) -> Written | None:
    """The date that a number and the words beside it make."""
    start, end = match.span()
    if plain[end : end + 3].lstrip()[:1].isalpha():
        ago = ago_at(plain, start, end)
        if ago is not None:
            unit, number, begin, end = ago
            return _dressed(plain, text, begin, end, done, language, ago=(unit, number))
    named = named_at(plain, start, end - start, language)
    if named is None or named.start < done:
        return None
    return _dressed(
        plain, text, named.start, named.end, done, language,
        readings=(named.reading,), weak=named.weak,
    )  # fmt: skip


def _is_alone(plain: str, one: Written) -> bool:
    before, after = one.start, one.end
    while before and plain[before - 1] in _AROUND:
        before -= 1
    while after < len(plain) and plain[after] in _AROUND:
        after += 1
    return before == 0 and after == len(plain)


def _dressed(
    plain: str,
    text: str,
    start: int,
    end: int,
    done: int,
    language: str,
    *,
    readings: tuple[Reading, ...] = (),
    style: str = "",
    weak: bool = False,
    ago: tuple[str, int] | None = None,
) -> Written:
    """The date with the weekday and the time beside it."""
    clock: Clock | None = None
    weekday = None
    if ago is None or ago[0] in ("day", "date"):
        weekday, start, end = _weekday(plain, start, end, done, language)
        clock, end = clock_after(plain, end)
        late = _LATE_YEAR.match(plain, end) if clock and readings else None
        if late and readings[0].year is None:  # Sat May 30 10:00:00 2020
            readings = (readings[0]._replace(year=int(late[1])),)
            end = late.end()
        if clock is None and done <= start:
            clock, begin = clock_before(plain, start)
            start = max(begin, done) if clock else start
    known = weekday if weekday is not None and weekday >= 0 else None
    return Written(start, end, text[start:end], readings, style, clock, known, ago, weak)


def _weekday(
    plain: str, start: int, end: int, done: int, language: str
) -> tuple[int | None, int, int]:
    """The weekday beside a date, and the span with it."""
    begin = max(done, start - 24)
    match = _WEEKDAY_BEFORE.search(plain[begin:start]) if start else None
    if match:
        number = weekday_of(match["w"], language)
        if number is not None:
            return number, begin + match.start(), end
    match = _WEEKDAY_AFTER.match(plain, end)
    number = weekday_of(match["w"], language) if match else None
    return (number, start, match.end()) if match and number is not None else (None, start, end)


def _phrase(plain: str, text: str, language: str) -> Written | None:
    """ "yesterday at 14:05" """
    found = phrase_in(plain, language)
    if found is None:
        return None
    unit, number, start, end = found
    return _dressed(plain, text, start, end, 0, language, ago=(unit, number))


def _ranges(found: list[Written], plain: str, text: str) -> Iterator[Written]:
    """Each of them; "30 March - 2 April 2024" is one, its first day with the year of its last."""
    skip = False
    for one, following in zip(found, [*found[1:], None], strict=True):
        if skip:
            skip = False
            continue
        joined = _joined(one, following, plain, text) if following else None
        skip = joined is not None
        yield joined or one


def _joined(one: Written, following: Written, plain: str, text: str) -> Written | None:
    """The first day of a range, with the year of its last."""
    if one.has_year or not following.has_year or following.is_relative or one.is_relative:
        return None
    if not _UNTIL.fullmatch(plain[one.end : following.start]):
        return None
    last = following.readings[0]
    if last.year is None or last.day is None or one.style:
        return None
    first = one.readings[0]
    later = (first.month, first.day or 0) > (last.month, last.day)
    readings = (first._replace(year=last.year - 1 if later else last.year),)
    span = text[one.start : following.end]
    return Written(one.start, following.end, span, readings, weekday=one.weekday, clock=one.clock)
