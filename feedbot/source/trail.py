"""The way back through the pages of a list: where it has been, and where it goes next. Pure.

    pages that wait to be read, the likeliest first
        → one is read → its own links come before those that wait
        → it shows nothing that the trail has not seen: dry; three of these end it

So a pager that leads in a circle, or shows its last page for ever, comes to an end, and one wrong
turn does not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from feedbot.diff import Diff, Verdict, oldest_first, on_top
from feedbot.identity import Row, link_key
from feedbot.matching import Known
from feedbot.model import ChangeKind, day_of
from feedbot.source.part import Way

#: Pages in a row that show nothing new before a trail is over.
DRY = 3


@dataclass(frozen=True, slots=True)
class Trail:
    """How far a way back has come.

    waiting: pages to be read, the next one first
    visited: those that were read, and those that could not be (link keys)
    rows:    hashes of the rows seen
    dry:     pages in a row that showed no other rows
    pages:   how many were read
    """

    waiting: tuple[Way, ...] = ()
    visited: frozenset[str] = frozenset()
    rows: frozenset[str] = frozenset()
    dry: int = 0
    pages: int = 0

    def is_over(self, most: int) -> bool:
        """Whether nothing is left to be read, or `most` pages were."""
        return not self.waiting or self.dry >= DRY or self.pages >= most

    def read(self, urls: Collection[str], rows: Sequence[Row], ways: Iterable[Way]) -> Trail:
        """The next page was read: by which addresses, what it showed, and where it leads."""
        visited = self.visited | {link_key(url) for url in urls}
        seen = self.rows | {row_hash(row) for row in rows}
        return replace(
            self,
            waiting=_less((*ways, *self.waiting), visited),
            visited=visited,
            rows=seen,
            dry=0 if seen > self.rows else self.dry + 1,
            pages=self.pages + 1,
        )

    def passed(self, url: str) -> Trail:
        """The next page was not of the list, or could not be read."""
        visited = self.visited | {link_key(url)}
        waiting = _less(self.waiting, visited)
        return replace(
            self, waiting=waiting, visited=visited, dry=self.dry + 1, pages=self.pages + 1
        )

    def has_seen(self, row: Row) -> bool:
        """Whether a page before showed this row."""
        return row_hash(row) in self.rows


def _less(ways: Iterable[Way], visited: Collection[str]) -> tuple[Way, ...]:
    """The ways not gone yet, each page once."""
    first: dict[str, Way] = {}
    for way in ways:
        first.setdefault(link_key(way.url), way)
    return tuple(way for key, way in first.items() if key not in visited)


def row_hash(row: Row) -> str:
    """What a row is known by within one trail."""
    return hashlib.sha256((row.link_key or row.title_key).encode()).hexdigest()[:12]


def is_of_the_list(
    rows: Sequence[Row], matched: Mapping[int, Known], trail: Trail, *, proof: bool
) -> bool:
    """Whether a page shows the list that the trail follows; proof: only where rows are known."""
    if not proof or not trail.pages:
        return True
    return bool(matched) or any(trail.has_seen(row) for row in rows)


def older(
    rows: Sequence[Row],
    matched: Mapping[int, Known],
    newest: date | None,
    trail: Trail,
    goal: int | date,
) -> list[int]:
    """The rows of a page to be stored: unknown, no news, and within the goal; the newest first.

    What stands above all that is known, or is later than the `newest` of the list, is the next
    poll's to tell.

    goal: so many rows of the list in all, or those from a day on
    """
    unknown = [index for index in range(len(rows)) if index not in matched]
    verdicts = tuple(Verdict(ChangeKind.NEW, row=rows[n], index=n) for n in unknown)
    above = {id(row) for row in on_top(rows, Diff(verdicts))}
    further = [n for n in reversed(oldest_first(rows)) if not trail.has_seen(rows[n])]
    if not isinstance(goal, date):
        further = further[: max(0, goal - len(trail.rows))]
    return [
        index
        for index in further
        if index not in matched
        and id(rows[index]) not in above
        and not _is_outside(day_of(rows[index].item.date), newest, goal)
    ]


def is_reached(rows: Sequence[Row], trail: Trail, goal: int | date) -> bool:
    """Whether a trail that has just read a page with these rows has come as far as it should.

    A day is reached where all dates of a page are before it: a single old row may be pinned.
    """
    if not isinstance(goal, date):
        return len(trail.rows) >= goal
    days = [day for row in rows if (day := day_of(row.item.date)) is not None]
    return bool(days) and max(days) < goal


def _is_outside(day: date | None, newest: date | None, goal: int | date) -> bool:
    if day is None:
        return False
    return (newest is not None and day > newest) or (isinstance(goal, date) and day < goal)


def as_json(trail: Trail) -> dict[str, Any]:
    """A trail as it is stored."""
    return {
        "waiting": [[way.url, way.proof] for way in trail.waiting],
        "visited": sorted(trail.visited),
        "rows": sorted(trail.rows),
        "dry": trail.dry,
        "pages": trail.pages,
    }


def from_json(said: Mapping[str, Any]) -> Trail:
    """A trail as it was stored."""
    return Trail(
        waiting=tuple(Way(url, proof) for url, proof in said["waiting"]),
        visited=frozenset(said["visited"]),
        rows=frozenset(said["rows"]),
        dry=said["dry"],
        pages=said["pages"],
    )
