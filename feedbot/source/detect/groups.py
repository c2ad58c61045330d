"""Whatever on a page could be its list: elements alike, or alike with what follows each.

    elements with one path, one shape, one parent → widened while each has a parent of its own
    siblings with others between them             → each with what follows it
    lines (`<br>`) of one element                 → from a dated or linked one to the next

Most of it is not the list; `score` tells.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from feedbot.source.detect.outline import Outline

#: How a row lies on the page, see `ListingRule.rows`.
Kind = Literal["elements", "following", "dated", "linked", "dated-lines", "linked-lines"]
_MOST = 4_000  # rows; a page of more is a table of data
_FEWEST = 2


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a candidate.

    node:  the element it is, or begins with; for a line the element it stands in
    stop:  one past the last element of it
    first, last: its runs
    """

    node: int
    stop: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Group:
    """Rows that could be a list. `starts`: what all of them begin with, before any choice."""

    kind: Kind
    rows: tuple[Row, ...]
    starts: tuple[int, ...]


def groups(page: Outline, dated: list[int]) -> list[Group]:
    """All candidates, each once. dated: sums of dates over runs, one longer than they."""
    seen: set[tuple[tuple[int, int], ...]] = set()
    out = []
    for group in _all(page, dated):
        key = tuple((row.first, row.last) for row in group.rows)
        if key not in seen:
            seen.add(key)
            out.append(group)
    return out


def _all(page: Outline, dated: list[int]) -> Iterator[Group]:
    wide: dict[tuple[int, ...], None] = {}
    starts: dict[tuple[int, ...], None] = {}
    for numbers in _alike(page):
        widest = tuple(_widened(page, numbers))
        wide[widest] = None
        starts[widest] = starts[tuple(numbers)] = None
    for alike in wide:
        yield _elements(page, alike)
    for alike in starts:
        yield from _with_following(page, alike, dated)
    yield from _lines(page, dated)


def _alike(page: Outline) -> list[list[int]]:
    """Elements that are alike in some way, in document order; each set once."""
    by: dict[tuple[object, ...], list[int]] = {}
    for number, tag in enumerate(page.tag):
        if page.first[number] == page.last[number]:
            continue  # no text in it
        parent = page.parent[number]
        above = page.parent[parent] if parent >= 0 else -1
        for key in (
            ("path", page.path[number]),
            ("tags", page.tags[number]),
            ("parent", parent, tag),
            ("parent", parent, page.path[number]),
            ("above", above, page.tags[number]),
        ):
            by.setdefault(key, []).append(number)
    unique = {tuple(numbers): numbers for numbers in by.values()}
    return [numbers for numbers in unique.values() if _FEWEST <= len(numbers) <= _MOST]


def _widened(page: Outline, numbers: list[int]) -> list[int]:
    """The largest elements that still hold one each."""
    while True:
        parents = [page.parent[number] for number in numbers]
        if len(set(parents)) < len(parents) or parents[0] < 0:
            return numbers
        if any(page.parent[parent] < 0 for parent in parents):
            return numbers
        # Parents of different depth may lie in each other.
        if any(page.end[one] > other for one, other in pairwise(parents)):
            return numbers
        numbers = parents


def _elements(page: Outline, numbers: Iterable[int]) -> Group:
    chosen = tuple(numbers)
    rows = tuple(Row(i, page.end[i], page.first[i], page.last[i]) for i in chosen)
    return Group("elements", rows, chosen)


def _with_following(page: Outline, numbers: tuple[int, ...], dated: list[int]) -> Iterator[Group]:
    """Siblings, each with what follows it up to the next, to the next with a date, or a link."""
    families: dict[int, list[int]] = {}
    for number in numbers:
        families.setdefault(page.parent[number], []).append(number)
    if len(families) * 2 > len(numbers) or _is_shifted(page, families):
        return
    chosen: dict[Kind, list[int]] = {"following": list(numbers)}
    with_date = [i for i in numbers if dated[page.last[i]] > dated[page.first[i]]]
    if _some(with_date, numbers):
        chosen["dated"] = with_date
    with_link = [i for i in numbers if _links(page, i)]
    if _some(with_link, numbers):
        chosen["linked"] = with_link
    for kind, starts in chosen.items():
        rows = _segments(page, starts)
        if rows is not None:
            yield Group(kind, rows, tuple(numbers))


def _is_shifted(page: Outline, families: Mapping[int, list[int]]) -> bool:
    """Whether rows would begin in their middle: something else that each has stands before it.

    As at the `dd` of a list in which as many `dt` come, each before one of them.
    """
    parent, starts = max(families.items(), key=lambda one: len(one[1]))
    before: dict[int, list[int]] = {}
    for number in _siblings(page, parent + 1, page.end[parent]):
        if number < starts[-1]:
            before.setdefault(page.path[number], []).append(number)
    return any(
        len(others) == len(starts)
        and page.path[others[0]] != page.path[starts[0]]
        and all(other < start for other, start in zip(others, starts, strict=True))
        and all(start < other for start, other in zip(starts, others[1:], strict=False))
        for others in before.values()
    )


def _some(part: Sequence[int], whole: Sequence[int]) -> bool:
    return _FEWEST <= len(part) < len(whole) and len(part) * 6 >= len(whole)


def _links(page: Outline, number: int) -> bool:
    return page.link_letters[page.last[number]] > page.link_letters[page.first[number]]


def _segments(page: Outline, starts: list[int]) -> tuple[Row, ...] | None:
    """A row from each start to the next one beside it; None where most are no more than that.

    The last one of a parent ends where something comes that no other row has in it.
    """
    ends: dict[int, int] = {}
    for one, other in pairwise(starts):
        if page.parent[one] == page.parent[other]:
            ends[one] = other
    longer = sum(end > page.end[start] for start, end in ends.items())
    if longer * 2 < len(ends) or not ends:
        return None
    known = {
        page.path[i]
        for start, end in ends.items()
        for i in _siblings(page, start, end)
        if i != start
    }
    most = max(sum(1 for _ in _siblings(page, start, end)) for start, end in ends.items())
    rows = []
    for start in starts:
        end = ends.get(start)
        if end is None:
            end = page.end[start]
            stop = page.end[page.parent[start]]
            for count, i in enumerate(_siblings(page, end, stop), start=2):
                if page.path[i] not in known or count > most:
                    break
                end = page.end[i]
        last = page.first[end] if end < len(page.first) else len(page.runs)
        rows.append(Row(start, end, page.first[start], max(last, page.last[start])))
    return tuple(rows)


def _siblings(page: Outline, start: int, stop: int) -> Iterator[int]:
    """Elements beside each other, from `start` up to `stop`."""
    while start < stop:
        yield start
        start = page.end[start]


def _lines(page: Outline, dated: list[int]) -> Iterator[Group]:
    """Elements whose rows are lines."""
    breaks: dict[int, int] = {}
    for number, tag in enumerate(page.tag):
        if tag == "br":
            breaks[page.parent[number]] = breaks.get(page.parent[number], 0) + 1
    alike: dict[int, list[int]] = {}
    for number, count in breaks.items():
        if count >= 2:
            alike.setdefault(page.path[number], []).append(number)
            if count >= 4:
                alike[-1 - number] = [number]
    for holders in alike.values():
        kinds: tuple[tuple[Kind, list[int] | None], ...] = (
            ("dated-lines", dated),
            ("linked-lines", None),
        )
        for kind, marks in kinds:
            rows = [row for holder in holders for row in _lines_of(page, holder, marks)]
            if len(rows) >= 3:
                yield Group(kind, tuple(rows), tuple(holders))


def _lines_of(page: Outline, holder: int, dated: list[int] | None) -> Iterator[Row]:
    """Rows of one element, each from a line with a date (None: with a link) to the next such."""
    begins = []
    first, last = page.first[holder], page.last[holder]
    bounds = [k for k in range(first, last) if k == first or page.runs[k].gap] + [last]
    for start, end in pairwise(bounds):
        if dated is None:
            found = any(page.runs[k].link >= 0 for k in range(start, end))
        else:
            found = dated[end] > dated[start]
        if found:
            begins.append(start)
    for start, end in pairwise([*begins, last]):
        yield Row(holder, page.end[holder], start, end)
