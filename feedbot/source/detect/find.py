"""A page to the lists on it, the likeliest first.

page → outline → marks → groups of rows → score → title, link and date of the best
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import pairwise

from feedbot.source.dates import AHEAD
from feedbot.source.detect.days import Heads, find_heads, heads_of
from feedbot.source.detect.fields import Fields, fields
from feedbot.source.detect.groups import Group, groups
from feedbot.source.detect.marks import Marks, mark
from feedbot.source.detect.outline import Outline, outline
from feedbot.source.detect.periods import periods_of
from feedbot.source.detect.score import Features, measure
from feedbot.source.page import Page

_CLOSER = 12  # of the best groups, looked at once more with their titles and links
_FEW = 4
_OTHERS = 3  # further lists on a page, that a person may have meant
#: Scores below which nothing on our own pages is a list: with dates; without them, title and all.
_LEAST = 8.2
_UNDATED = 8.4


@dataclass(frozen=True, slots=True)
class Candidate:
    """A list on a page.

    days:  elements with the dates of the rows below them, or with the months or years of those
    boxes: see `Marks.boxes`
    score: comparable on one page only
    """

    group: Group
    features: Features
    fields: Fields
    days: tuple[int, ...]
    boxes: dict[int, int]
    score: float

    @property
    def is_list(self) -> bool:
        """Whether somebody could follow it: no menu, no parts of a form, no article."""
        seen = self.features
        if seen.dated >= 0.5:
            return seen.score >= _LEAST
        if seen.around >= 1 or seen.linked < 0.7 or seen.named < 0.5:
            return False
        return self.score >= _UNDATED


@dataclass(frozen=True, slots=True)
class Found:
    """A page read for lists, the likeliest first, those included that nobody would follow."""

    outline: Outline
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class _Scored:
    group: Group
    features: Features
    days: tuple[int, ...]


def find(page: Page, *, language: str | None, now: datetime | None = None) -> Found:
    """The lists on a page, the likeliest first; none shares most of its text with a better one.

    language: of the page; now: the moment of the fetch (aware): no news is dated after it
    """
    lines = outline(page)
    marks = mark(lines, language)
    heads = find_heads(lines, marks.days)
    scored = [_scored(lines, group, marks, heads) for group in groups(lines, marks.dated)]
    scored.sort(key=lambda one: -one.features.score)
    best = [_closer(lines, marks, one, now) for one in scored[:_CLOSER]]
    kept: list[Candidate] = []
    for one in sorted(best, key=lambda one: -one.score):
        if not any(_overlap(one.group, other.group) for other in kept):
            kept.append(one)
    for further in scored[_CLOSER:]:
        if len(kept) > _OTHERS:
            break
        if not any(_overlap(further.group, other.group) for other in kept):
            kept.append(_closer(lines, marks, further, now))
    return Found(lines, tuple(kept))


def _scored(page: Outline, group: Group, marks: Marks, heads: Heads) -> _Scored:
    share = 0.0
    days: tuple[int, ...] = ()
    own = sum(marks.dated[row.last] > marks.dated[row.first] for row in group.rows)
    if own * 2 < len(group.rows):
        share, days = heads_of(page, group, heads)
    return _Scored(group, measure(page, group, marks, share, len(days)), days)


def _closer(page: Outline, marks: Marks, one: _Scored, now: datetime | None) -> Candidate:
    """A group with its fields."""
    group = _pure(page, one.group, marks, one.features)
    found = fields(page, group.rows, marks, now)
    value = one.features.score + found.quality * 0.3 - _mixed(page, found)
    if len(group.rows) < _FEW:
        value -= 2.0 * one.features.crowded  # two parts of a page, with its lists in them
    if now is not None and found.days:
        limit = (now + AHEAD).date()
        value -= sum(day > limit for day in found.days.values()) / len(found.looked)
    days = one.days or periods_of(group, marks.under)
    return Candidate(group, one.features, found, days, marks.boxes, value)


def _mixed(page: Outline, found: Fields) -> float:
    """2 where the rows of one parent go up in time and those of another go down: two lists."""
    ways: set[bool] = set()
    families: dict[int, list[date]] = {}
    for number, day in found.days.items():
        families.setdefault(page.parent[found.looked[number].node], []).append(day)
    for days in families.values():
        steps = [below > above for above, below in pairwise(days) if below != above]
        if len(steps) >= 2 and len(set(steps)) == 1:
            ways.add(steps[0])
    return 2.0 if len(ways) == 2 else 0.0


def _pure(page: Outline, group: Group, marks: Marks, features: Features) -> Group:
    """A group without rows that lack what nearly all have: headings, pagers, an article."""
    if features.linked < 0.75 or len(group.rows) < 4:
        return group
    sizes = sorted(page.letters[row.last] - page.letters[row.first] for row in group.rows)
    usual = sizes[len(sizes) // 2]
    kept = []
    for number, row in enumerate(group.rows):
        linked = page.link_letters[row.last] > page.link_letters[row.first]
        dated = marks.dated[row.last] > marks.dated[row.first]
        size = page.letters[row.last] - page.letters[row.first]
        named = max(marks.naming[row.first : row.last], default=0.0) > 0.4
        if linked or (dated and named and size < 5 * usual + 200):
            kept.append(number)
    if len(kept) == len(group.rows) or len(kept) * 2 < len(group.rows):
        return group
    rows = tuple(group.rows[number] for number in kept)
    starts = tuple(row.node for row in rows) if group.kind == "elements" else group.starts
    return replace(group, rows=rows, starts=starts)


def _overlap(one: Group, other: Group) -> bool:
    """Whether a third of the smaller one's text is the other's too. Rows come in page order."""
    shared = at = 0
    for row in one.rows:
        while at < len(other.rows) and other.rows[at].last <= row.first:
            at += 1
        place = at
        while place < len(other.rows) and other.rows[place].first < row.last:
            theirs = other.rows[place]
            shared += min(row.last, theirs.last) - max(row.first, theirs.first)
            place += 1
    return shared * 3 > min(_runs(one), _runs(other))


def _runs(group: Group) -> int:
    return sum(row.last - row.first for row in group.rows)
