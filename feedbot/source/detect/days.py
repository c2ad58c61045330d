"""Dates that stand above rows: what is nothing but a date, and the rows below it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from feedbot.source.detect.groups import Group
from feedbot.source.detect.labels import OTHER_DATE
from feedbot.source.detect.outline import Outline, largest
from feedbot.source.detect.selectors import common

_LONGEST = 60  # characters of a heading that is a date ("Opinions filed on Friday, 27 May 2020")
_CELLS = ("td", "th")
_NEAR = 5  # runs between a heading and the first of its rows


@dataclass(frozen=True, slots=True)
class Heads:
    """Elements that are dates. runs: those with the date, nodes: the largest around each."""

    runs: tuple[int, ...]
    nodes: tuple[int, ...]


def find_heads(page: Outline, days: Sequence[object]) -> Heads:
    """Everything on the page that could head rows with its date."""
    runs, nodes = [], []
    for k, day in enumerate(days):
        if day is None or page.runs[k].link >= 0:
            continue
        node = page.runs[k].node
        first, last = page.first[node], page.last[node]
        if page.letters[last] - page.letters[first] > _LONGEST:
            continue
        if page.link_letters[last] > page.link_letters[first]:
            continue  # a row of its own
        if OTHER_DATE.search(_line(page, k)):
            continue
        runs.append(k)
        nodes.append(largest(page, node))
    return Heads(tuple(runs), tuple(nodes))


def _line(page: Outline, k: int) -> str:
    """The line that a run stands in."""
    start, stop = k, k + 1
    while start and not page.runs[start].gap:
        start -= 1
    while stop < len(page.runs) and not page.runs[stop].gap:
        stop += 1
    return page.text(start, stop)


def heads_of(page: Outline, group: Group, heads: Heads) -> tuple[float, tuple[int, ...]]:
    """The share of a group's rows that stand under a date of theirs, and the elements with it."""
    rows = group.rows
    if not heads.runs:
        return 0.0, ()
    holder = common(page, [row.node for row in rows])
    start, stop = page.first[holder], page.last[holder]
    around = page.parent[holder]
    if around >= 0:
        start = max(page.first[around], rows[0].first - _NEAR)
        start = min(start, page.first[holder])
    firsts = [row.first for row in rows]
    used: dict[int, None] = {}
    under = 0
    outside = []
    for at in range(bisect_left(heads.runs, start), bisect_left(heads.runs, stop)):
        place = bisect_right(firsts, heads.runs[at]) - 1
        if place < 0 or heads.runs[at] >= rows[place].last:
            outside.append(at)
    if not outside:
        return 0.0, ()
    known = [heads.runs[at] for at in outside]
    far: set[int] = set()
    for row in rows:
        first = row.first
        place = bisect_left(known, first) - 1
        if place < 0:
            continue
        node = heads.nodes[outside[place]]
        if page.tag[node] in _CELLS and page.parent[node] == page.parent[row.node]:
            continue  # a date beside it, of the row that both are cells of
        if node not in used and first - known[place] > _NEAR:
            far.add(node)  # its rows are elsewhere: these only come after it
        if node not in far:
            under += 1
            used[node] = None
    if len(used) * 5 > 4 * len(rows) and known[0] > firsts[0]:
        return 0.0, ()  # a date after each row, which would be the next one's
    return under / len(rows), tuple(used)
