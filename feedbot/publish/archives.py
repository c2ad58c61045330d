"""A source's history in documents of fixed size (RFC 5005, section 4).

    positions  1 … size │ size+1 … 2·size │ …           │ … newest
    documents  1        │ 2               │ … archives  │ the last one: still growing

An archive is complete when the next one begins, and is then never written again but for an entry
that left, or another `base_url`. The feed itself holds at least all that is in no archive yet. The
document that still grows is there so that `next-archive` of the one before it leads somewhere; it
is no archive, and says so.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from feedbot.model import Source
from feedbot.publish.plan import Plan
from feedbot.render.document import Place
from feedbot.store.editions import Progress
from feedbot.store.sources import SourceState

#: Entries in each, unless a feed itself has fewer.
SIZE = 50
#: Of what archives are made with beside what `recipe` hashes: a new number writes all of them anew.
_FORMAT = 1
_PATH = re.compile(r"(?P<name>.+)/(?P<size>\d+)/(?P<number>\d+)\.(?:atom|rss|json)")


@dataclass(frozen=True, slots=True)
class Archives:
    """Which documents a source's history takes."""

    root: str
    name: str
    size: int
    positions: int
    hub: str | None = None

    @classmethod
    def of(cls, plan: Plan, source: Source, state: SourceState) -> Archives:
        """Those of a source as it stands."""
        return cls(plan.root, source.name, min(SIZE, plan.limit), state.positions, plan.hub)

    @property
    def pages(self) -> int:
        """How many documents there are, the growing one included; none where the feed has all."""
        pages = -(-self.positions // self.size)
        return pages if pages > 1 else 0

    @property
    def recipe(self) -> str:
        """What all of them are made with."""
        parts = (_FORMAT, self.root, self.name, self.size)
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]

    @property
    def current(self) -> Place:
        """The place of the feed itself."""
        return Place(self.root, self.name, prev=self._path(self.pages - 1), hub=self.hub)

    def place(self, number: int) -> Place:
        """The place of one document, numbered from 1."""
        return Place(
            self.root,
            self._path(number) or "",
            prev=self._path(number - 1),
            next=self._path(number + 1),
            current=self.name,
            archive=number < self.pages,
        )

    def _path(self, number: int) -> str | None:
        return f"{self.name}/{self.size}/{number}" if 1 <= number <= self.pages else None

    def stretch(self, number: int) -> tuple[int, int]:
        """The first and the last position of one document."""
        return (number - 1) * self.size + 1, number * self.size

    def to_write(self, done: Progress | None, restated: Iterable[int]) -> list[int]:
        """The documents that are not written yet, or have to be written anew."""
        if done is None or done.recipe != self.recipe:
            return list(range(1, self.pages + 1))
        before = -(-done.positions // self.size)
        grown = set(range(before, self.pages + 1)) if done.positions != self.positions else set()
        again = {-(-position // self.size) for position in restated}
        return sorted(number for number in grown | again if 1 <= number <= self.pages)


def parse_path(path: str) -> tuple[str, int, int] | None:
    """(source's name, size, number) of an archive's path; None where it is none."""
    match = _PATH.fullmatch(path)
    return (match["name"], int(match["size"]), int(match["number"])) if match else None
