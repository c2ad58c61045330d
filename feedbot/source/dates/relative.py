"""Dates counted from now: today, yesterday at 14:05, 3 hours ago, vor 2 Tagen, 2小时前."""

from __future__ import annotations

import re

from feedbot.source.dates.fold import fold
from feedbot.source.dates.words import base, day_of, words

#: (unit, number, start, end)
Ago = tuple[str, int, int, int]

_LONGEST = 60  # of a text that can be "yesterday" or "an hour ago", with its time
_WORDS_AFTER = re.compile(
    r"\s{0,2}([^\W\d_][^\s\d,;()|<>]{0,14}(?:\s[^\W\d_][^\s\d,;()|<>]{0,14}){0,2})"
)
_WORDS_BEFORE = re.compile(r"((?:[^\W\d_][^\s\d,;()|<>]{0,12}\s){1,3})$")
_NEAR = re.compile(r"[^\W\d_](?:[^\s\d,;:()|]|\s(?=[^\W\d_]))*")
_POSTED = re.compile(
    r"(?:posted|published|added|created|listed|submitted|veröffentlicht|eingestellt|publiée?"
    r"|publicad[oa]|pubblicato|опубликован\w*|добавлен\w*|размещ[её]н\w*)\s(?=\w)",
    re.I,
)
_EAST_AFTER = re.compile(r"\s{0,2}([^\W\d_a-zA-Z]{1,3})\s?(前|전)")


def ago_at(text: str, start: int, end: int) -> Ago | None:
    """What the number at `start` to `end` says, with the words before and behind it."""
    if end - start > 3:
        return None
    east = _EAST_AFTER.match(text, end)
    if east:
        unit = words().ago.get(("", f"{east[1]} {east[2]}")) or words().ago.get(
            ("", east[0].strip())
        )
        return (unit, int(text[start:end]), start, east.end()) if unit else None
    after = _WORDS_AFTER.match(text, end)
    if after is None:
        return None
    following = after[1].split()
    known = words()
    if fold(following[0]) not in known.after:
        return None
    before = _WORDS_BEFORE.search(text[max(0, start - 40) : start])
    preceding = before[1].split() if before else []
    for many in range(len(following), 0, -1):
        suffix = fold(" ".join(following[:many]))
        for first in range(len(preceding) + 1):
            prefix = " ".join(preceding[first:])
            unit = known.ago.get((fold(prefix), suffix))
            if unit:
                begin = text.rfind(preceding[first], 0, start) if prefix else start
                return unit, int(text[start:end]), begin, _end_of(text, end, following[:many])
    return None


def _end_of(text: str, start: int, parts: list[str]) -> int:
    """Where the last of these words ends, which follow `start` one after the other."""
    for part in parts:
        start = text.index(part, start) + len(part)
    return start


def phrase_in(text: str, language: str | None) -> Ago | None:
    """ "yesterday" or "an hour ago" in a short text that says little else."""
    if len(text) > _LONGEST:
        return None
    for match in _NEAR.finditer(text):
        said = _POSTED.match(match[0])
        start = match.start() + (said.end() if said else 0)
        name = text[start : match.end()]
        phrase = fold(name)
        found = _said(phrase, language)
        if found:
            return *found, start, match.end()
        head = phrase.split(" ", 1)[0]  # "yesterday at"
        found = _said(head, language) if head != phrase and _has_clock(text) else None
        if found:
            return *found, start, start + len(name.split(None, 1)[0])
    return None


def _has_clock(text: str) -> bool:
    return ":" in text or "." in text


def _said(phrase: str, language: str | None) -> tuple[str, int] | None:
    """The unit and number that a folded phrase says."""
    day = day_of(phrase, base(language))
    return ("date", day) if day is not None else words().stated.get(phrase)
