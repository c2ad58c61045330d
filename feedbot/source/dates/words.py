"""The words that dates are written with, in fifty languages.

They stand in words.json, which `.ci/date-words` writes from CLDR; loaded when first needed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files

from feedbot.source.dates.fold import fold

#: Short names of months that are also words of other languages ("5 out of 10", "5 days ago").
_OTHERWISE = frozenset(
    "out set ago gen mag noi ara may mai mart sen des dub pro led lis mar".split()
)
#: "hier" is yesterday and here, "ma" today and but.
_DAYS_OTHERWISE = frozenset({"hier", "ma", "ayer", "eile", "dun", "kal"})

Ago = tuple[str, int]


@dataclass(slots=True)
class Words:
    """What is looked up, by folded word.

    months, weekdays: number (January is 1, Monday 0) → the languages in which the word means it
    first:            first words of months with names of two words
    days:             "today" → (0, languages), "yesterday" → (1, …)
    ago:              ("vor", "stunden"): what stands before and after the number → unit
    stated:           "an hour ago" → unit and number
    after:            words that may follow the number of an ago
    hints:            first words, as written, of what says a date without a number
    """

    months: dict[str, dict[int, set[str]]] = field(default_factory=dict)
    weekdays: dict[str, dict[int, set[str]]] = field(default_factory=dict)
    first: set[str] = field(default_factory=set)
    days: dict[str, tuple[int, set[str]]] = field(default_factory=dict)
    ago: dict[tuple[str, str], str] = field(default_factory=dict)
    stated: dict[str, Ago] = field(default_factory=dict)
    after: set[str] = field(default_factory=set)
    hints: set[str] = field(default_factory=set)


@lru_cache(maxsize=1)
def words() -> Words:
    """All of them, loaded once."""
    found = Words()
    text = files(__package__).joinpath("words.json").read_text(encoding="utf-8")
    for language, row in json.loads(text).items():
        for number, form in _numbered(row["months"]):
            found.months.setdefault(form, {}).setdefault(number + 1, set()).add(language)
            if " " in form:
                found.first.add(form.split(" ", 1)[0])
        for number, form in _numbered(row["weekdays"]):
            found.weekdays.setdefault(form, {}).setdefault(number, set()).add(language)
        for number, form in _numbered(row["days"]):
            found.days.setdefault(form, (number, set()))[1].add(language)
        found.hints.update(row["hints"].split())
        for unit, forms in row["ago"].items():
            _learn_ago(found, unit, forms.split("|"))
    return found


def _numbered(rows: list[str]) -> Iterator[tuple[int, str]]:
    for number, forms in enumerate(rows):
        for form in forms.split("|"):
            if form:
                yield number, form


def _learn_ago(found: Words, unit: str, forms: list[str]) -> None:
    for form in forms:
        number, colon, phrase = form.partition(": ")
        if colon:
            found.stated.setdefault(phrase, (unit, int(number)))
            continue
        before, _, after = form.partition("#")
        found.ago.setdefault((before.strip(), after.strip()), unit)
        found.after.add(after.strip().partition(" ")[0])


@lru_cache(maxsize=128)
def base(language: str | None) -> str:
    """The language of a tag, without region or script: `pt` of `pt-BR`."""
    short = (language or "").lower().replace("_", "-").partition("-")[0]
    return "nb" if short in ("no", "nn") else short


@lru_cache(maxsize=2_048)
def month_of(word: str, language: str, *, with_year: bool) -> int | None:
    """The number of the month that `word` names, None where it names none.

    A word that means different months is the one of `language`. Without a year beside it, a short
    word of another language is no month.
    """
    meanings = words().months.get(fold(word))
    if meanings is None:
        return None
    for number, languages in meanings.items():
        if language in languages:
            return number
    number, languages = max(meanings.items(), key=lambda one: len(one[1]))
    known = "en" in languages or (len(word) > 3 and fold(word) not in _OTHERWISE)
    return number if known or with_year or not word.isascii() else None


@lru_cache(maxsize=512)
def weekday_of(word: str, language: str) -> int | None:
    """The weekday that `word` names, Monday 0; None where it names none, -1 where it is unclear."""
    meanings = words().weekdays.get(fold(word))
    if meanings is None:
        return None
    own = [number for number, languages in meanings.items() if language in languages]
    numbers = own or list(meanings)
    return numbers[0] if len(numbers) == 1 else -1


def starts_month(word: str) -> bool:
    """Whether a month's name of two words may begin with `word`."""
    return fold(word) in words().first


def day_of(phrase: str, language: str) -> int | None:
    """0 of "today", 1 of "yesterday", 2 of the day before; `phrase` is folded."""
    number, languages = words().days.get(phrase, (None, set()))
    return None if phrase in _DAYS_OTHERWISE and language not in languages else number
