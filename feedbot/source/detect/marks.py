"""What each piece of a page's text is, before any list is looked for: a date, a name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from feedbot.source.dates import Written, may_hold_date
from feedbot.source.detect.outline import Outline
from feedbot.source.detect.periods import complete
from feedbot.source.row import date_in_box, whole_date

_VERSION = re.compile(r"(?:[^\W\d_]{2,20}[ -])?[vV]?\d+\.\d[\w.+-]*")
_WORD = re.compile(r"[^\W\d_]{2,}")
_WIDE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


@dataclass(slots=True)
class Marks:
    """What is known of each run before any group is looked at. Sums are one longer than the runs.

    dated:  sum of dates
    days:   the day said in a run, if one is
    rest:   a run's text without its dates
    boxes:  for the first run of a date in pieces, the element around them
    under:  for a run whose date the headings above complete ("2019"), their elements
    naming: how well a run would name a row, 0 to 1
    """

    dated: list[int]
    days: list[Written | None]
    rest: list[str]
    boxes: dict[int, int]
    under: dict[int, tuple[int, ...]]
    naming: list[float]


def is_version(text: str) -> bool:
    """Whether it is a version's number: "v3.4.1-rc1", "Wick 2.0"."""
    return len(text) < 40 and _VERSION.fullmatch(text.strip(" \xa0()[]:-–—")) is not None


def naming(text: str, *, is_link: bool, is_strong: bool) -> float:
    """How well a piece of text, less its dates, would do as a title: 0 ("PDF") to 1."""
    if is_version(text):
        return 0.4  # the name of a release
    count = len(_WORD.findall(text)) + len(_WIDE.findall(text)) / 2
    size = min(count, 6) / 6
    if len(text) > 300:
        size *= 0.5
    return size * (0.7 + 0.2 * is_link + 0.1 * is_strong)


def mark(page: Outline, language: str | None) -> Marks:
    """What each run is: a date, a name."""
    days: list[Written | None] = []
    rest = []
    for run in page.runs:
        text = run.text
        day: Written | None = None
        stated = page.elements[run.node].get("datetime")  # of <time>, and of elements made like it
        if stated:
            day = whole_date(stated, language)
        if day is not None:
            text = ""
        elif may_hold_date(text):
            day = whole_date(text, language)
            if day is not None:
                text = text[: day.start] + text[day.end :]
        days.append(day)
        rest.append(text)
    boxes = {}
    for number, day in _in_pieces(page, days, language):
        days[page.first[number]] = day
        boxes[page.first[number]] = number
        for k in range(page.first[number], page.last[number]):
            rest[k] = ""
    under = complete(page, days, language)
    for k in under:
        if page.runs[k].text == rest[k]:
            rest[k] = ""  # a day alone
    dated = [0, *accumulate(day is not None for day in days)]
    named = [
        naming(text, is_link=run.link >= 0, is_strong=page.strong[run.node])
        for run, text in zip(page.runs, rest, strict=True)
    ]
    return Marks(dated, days, rest, boxes, under, named)


def _in_pieces(
    page: Outline, days: Sequence[Written | None], language: str | None
) -> Iterator[tuple[int, Written]]:
    """Elements whose pieces are a date only together: "12", "May", "2024" in a box."""
    done = -1
    for number in range(len(page.elements)):
        first, last = page.first[number], page.last[number]
        if not 2 <= last - first <= 4 or number < done:
            continue
        if page.letters[last] - page.letters[first] > 30 or any(days[first:last]):
            continue
        pieces = [run.text for run in page.runs[first:last]]
        if not any(char.isdigit() for piece in pieces for char in piece):
            continue
        found = date_in_box(pieces, language)
        if found is not None:
            done = page.end[number]
            yield number, found
