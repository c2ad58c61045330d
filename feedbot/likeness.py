"""The same items under a new layout: which row is which entry, by all they say together. Pure.

A redesign may give a row another link, cut its title, take its date away or put a text beside it.
What is alike enough to be one thing is a pair with a score; of all pairs the one-to-one assignment
of the highest sum is taken, never the first match. The thresholds are such that two things are
never one: what contradicts (the day, a number in the title) is no pair, and likeness of words alone
makes none.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from urllib.parse import unquote, urlsplit

from feedbot.model import PageDate, day_of

#: Rows and entries to be compared at once, each; of a longer list, those at its top.
MOST = 150
#: Of a group of rows and entries that are alike, how many are assigned at best sum; its cost grows
#: with the cube. A larger one is assigned best pair first.
_TOGETHER = 40

_WORD = re.compile(r"[^\W_]+")
_VERSION = re.compile(r"^v(?=\d+$)")  # "v2.8.4" and "2.8.4" are one release
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
_NUMBER = re.compile(r"(?<![^\W_])(?!(?:19|20)\d\d(?!\d))\d{3,}(?![^\W_])")  # and no year
_ENDING = re.compile(r"\.\w{1,5}$")
_LONG = 12  # signs of a title: one as long says something, and one that is cut there too
_TELLING = 30  # signs of a title that with more words before or after is hardly another one
_STUCK = 4  # letters of something else ("Mon") that a layout has put to a title without a space
_FEW = 8  # words of a text, below which it says too little


@dataclass(frozen=True, slots=True)
class Said:
    """What a row or an entry says, as compared.

    title:   its words, one space between
    is_cut:  the title ends in an ellipsis
    numbers: in the title, less those of its day
    words:   of the title
    text:    words of title and summary; whole: in their order
    names:   in its link what may name the article: the end, if it is long, and numbers
    """

    title: str
    is_cut: bool
    words: frozenset[str]
    numbers: frozenset[str]
    text: frozenset[str]
    whole: str
    day: date | None
    names: frozenset[str]


def said(title: str, link: str, when: PageDate, summary: str) -> Said:
    """Title, link, date and summary as compared."""
    day = day_of(when)
    plain = _plain(title)
    whole = f"{plain} {_plain(summary)}".strip()
    words = _words(plain)
    numbers = {word for word in words if word.isdecimal()}
    if day is not None:
        numbers -= {word for word in numbers if int(word) in (day.day, day.month, day.year)}
    return Said(
        plain,
        title.rstrip().endswith(("…", "...")),
        frozenset(words),
        frozenset(numbers),
        frozenset(_words(whole)),
        whole,
        day,
        frozenset(_names(link)),
    )


def assign(rows: Mapping[int, Said], entries: Mapping[int, Said]) -> dict[int, int]:
    """Row → entry, one to one: of all pairs that may be one thing, those of the highest sum.

    At most `MOST` each: the cost grows with both.
    """
    telling = _Telling(rows.values(), entries.values())
    scores: dict[tuple[int, int], float] = {}
    for row, entry in _sharing(rows, entries):
        score = _score(rows[row], entries[entry], telling)
        if score:
            scores[row, entry] = score
    found: dict[int, int] = {}
    for group in _groups(scores):
        found |= _best(group) if len(group) <= _TOGETHER * 2 else _greedy(group)
    return found


def _plain(text: str) -> str:
    words = _WORD.findall(unicodedata.normalize("NFKC", text).casefold())
    return " ".join(_VERSION.sub("", word) for word in words)


def _words(plain: str) -> list[str]:
    """Words; of scripts that put no space between them, each two signs that follow each other."""
    out: list[str] = []
    for word in plain.split():
        if _UNSPACED.search(word) and len(word) > 1:
            out += [word[n : n + 2] for n in range(len(word) - 1)]
        else:
            out.append(word)
    return out


def _names(link: str) -> set[str]:
    try:
        parts = urlsplit(link)
    except ValueError:
        return set()
    path = unquote(parts.path).rstrip("/")
    last = _ENDING.sub("", path.rpartition("/")[2]).casefold()
    numbers = set(_NUMBER.findall(f"{path} {parts.query}"))
    return numbers | ({last} if len(last) >= _LONG else set())


class _Telling:
    """What tells one row from all others, and one entry too: titles and names in links."""

    def __init__(self, rows: Iterable[Said], entries: Iterable[Said]) -> None:
        sides = [list(rows), list(entries)]
        self._titles = _once([[[one.title] for one in side] for side in sides])
        self._names = _once([[one.names for one in side] for side in sides])

    def title(self, one: Said) -> bool:
        """Whether a title of some length stands once on each side."""
        return len(one.title) >= _LONG // 2 and one.title in self._titles

    def link(self, one: Said, other: Said) -> bool:
        """Whether both links have the same name in them, and no others do."""
        return bool(one.names & other.names & self._names)


def _once(sides: Sequence[Sequence[Iterable[str]]]) -> set[str]:
    """What stands once on each side."""
    counts = [Counter(value for values in side for value in values) for side in sides]
    return {value for value in counts[0] if counts[0][value] == counts[1][value] == 1}


def _sharing(rows: Mapping[int, Said], entries: Mapping[int, Said]) -> Iterable[tuple[int, int]]:
    """Pairs that share a word of their texts, or a name in their links."""
    holders: dict[str, set[int]] = defaultdict(set)
    for number, one in entries.items():
        for word in one.text | {f"/{name}" for name in one.names}:
            holders[word].add(number)
    for number, one in rows.items():
        near: set[int] = set()
        for word in one.text | {f"/{name}" for name in one.names}:
            near |= holders.get(word, set())
        for other in sorted(near):
            yield number, other


def _score(row: Said, entry: Said, telling: _Telling) -> float:
    """How much speaks for one thing; 0 where it is not enough, or something speaks against it."""
    apart = abs((row.day - entry.day).days) if row.day and entry.day else None
    title = _titles_alike(row, entry)
    link = telling.link(row, entry)
    if apart is not None and apart > 1:  # a day may be another one in another time zone
        # A layout may show another of its dates: the last post's, not the first one's.
        return title + link if title == 1.0 and link and telling.title(row) else 0.0
    text = _texts_alike(row, entry)
    day = apart == 0
    if title == 1.0:
        enough = day or link or telling.title(row)
    elif title >= 0.9:
        enough = day or link or text
    else:
        enough = (day and text) or (link and title >= (0.45 if day else 0.65))
    return title + 0.6 * day + 0.7 * link + 0.5 * text if enough else 0.0


def _titles_alike(one: Said, other: Said) -> float:
    """1: the same; 0.9: one is the other, cut or with more words; else the share in common."""
    if one.title == other.title:
        return 1.0
    if not (one.words and other.words):
        return 0.0
    short, long = sorted((one, other), key=lambda said: len(said.title))
    if len(short.title) >= _LONG and long.title.startswith(short.title):
        rest = long.title[len(short.title) :]
        within_number = short.title[-1].isdecimal() and rest[0].isdecimal()
        if (short.is_cut and not within_number) or (len(rest) <= _STUCK and rest.isalpha()):
            return 0.9
    if one.numbers != other.numbers:
        return 0.0
    if len(short.title) >= _TELLING and _within(short.title, long.title):
        return 0.9
    return 0.8 * 2 * len(one.words & other.words) / (len(one.words) + len(other.words))


def _texts_alike(one: Said, other: Said) -> bool:
    """Whether each says what the other is called, and the shorter says little else.

    What was the beginning of a text may have become a title, and the other way round.
    """
    if min(len(one.text), len(other.text)) < _FEW:
        return False
    if not (_within(one.title, other.whole) and _within(other.title, one.whole)):
        return False
    return len(one.text & other.text) >= 0.85 * min(len(one.text), len(other.text))


def _within(words: str, others: str) -> bool:
    """Whether words stand among others, in their order."""
    return f" {words} " in f" {others} "


@dataclass(slots=True)
class _Group:
    rows: dict[int, None] = field(default_factory=dict)
    entries: dict[int, None] = field(default_factory=dict)
    scores: dict[tuple[int, int], float] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.rows) + len(self.entries)


def _groups(scores: Mapping[tuple[int, int], float]) -> list[_Group]:
    """The pairs, apart where no row or entry is in both."""
    of_row: dict[int, _Group] = {}
    of_entry: dict[int, _Group] = {}
    for (row, entry), score in scores.items():
        group = of_row.get(row) or of_entry.get(entry) or _Group()
        other = of_entry.get(entry)
        if other is not None and other is not group:
            group.rows |= other.rows
            group.entries |= other.entries
            group.scores |= other.scores
            of_row |= dict.fromkeys(other.rows, group)
            of_entry |= dict.fromkeys(other.entries, group)
        group.rows[row] = group.entries[entry] = None
        group.scores[row, entry] = score
        of_row[row] = of_entry[entry] = group
    return list({id(group): group for group in of_row.values()}.values())


def _greedy(group: _Group) -> dict[int, int]:
    found: dict[int, int] = {}
    taken: set[int] = set()
    for (row, entry), _ in sorted(group.scores.items(), key=lambda pair: -pair[1]):
        if row not in found and entry not in taken:
            found[row] = entry
            taken.add(entry)
    return found


def _best(group: _Group) -> dict[int, int]:
    """The assignment of the highest sum (the Hungarian method, with potentials; cubic)."""
    rows, entries = list(group.rows), list(group.entries)
    size = max(len(rows), len(entries))
    cost = [
        [
            -group.scores.get((rows[i], entries[j]), 0.0)
            if i < len(rows) and j < len(entries)
            else 0.0
            for j in range(size)
        ]
        for i in range(size)
    ]
    return {
        rows[i]: entries[j]
        for i, j in _assignment(cost)
        if i < len(rows) and j < len(entries) and (rows[i], entries[j]) in group.scores
    }


def _assignment(cost: Sequence[Sequence[float]]) -> list[tuple[int, int]]:
    """(row, column) of each row of a square matrix, at the lowest sum.

    Rows enter one by one; each finds the cheapest path of exchanges to a free column. Column 0 is
    where the row that enters waits, so rows and columns count from 1 within.
    """
    size = len(cost)
    of_row, of_column = [0.0] * (size + 1), [0.0] * (size + 1)
    owner = [0] * (size + 1)  # column → row
    for entering in range(1, size + 1):
        owner[0], column = entering, 0
        least, came_from = [float("inf")] * (size + 1), [0] * (size + 1)
        reached = [False] * (size + 1)
        while owner[column]:
            reached[column], row = True, owner[column]
            following, step = 0, float("inf")
            for other in range(1, size + 1):
                if reached[other]:
                    continue
                slack = cost[row - 1][other - 1] - of_row[row] - of_column[other]
                if slack < least[other]:
                    least[other], came_from[other] = slack, column
                if least[other] < step:
                    following, step = other, least[other]
            for other in range(size + 1):
                if reached[other]:
                    of_row[owner[other]] += step
                    of_column[other] -= step
                else:
                    least[other] -= step
            column = following
        while column:
            owner[column] = owner[came_from[column]]
            column = came_from[column]
    return [(owner[column] - 1, column - 1) for column in range(1, size + 1)]
