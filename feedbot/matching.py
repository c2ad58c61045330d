"""Which row is which entry: one to one, by what they show, guid, link, title and day. Pure.

Where the list is laid out anew, or all its links are others, what is left is compared by all of
that together (likeness.py).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from feedbot.identity import Row
from feedbot.likeness import MOST, Said, assign, said
from feedbot.model import PageDate


@dataclass(frozen=True, slots=True)
class Pending:
    """A change seen but not yet confirmed. `since`: number of the poll that first showed it."""

    row: Row
    since: int


@dataclass(frozen=True, slots=True)
class Known:
    """A stored entry as far as the diff needs it. `key` is the store's own number for it.

    title, link, summary: as published; the latter may be cut
    """

    key: int
    guid: str | None
    link_key: str | None
    title_key: str
    fingerprint: str
    date: PageDate = None
    gone: bool = False
    pending: Pending | None = None
    title: str = ""
    link: str = ""
    summary: str = ""


def match(
    rows: Sequence[Row],
    known: Sequence[Known],
    standing: Sequence[int],
    *,
    relaid: bool = False,
) -> dict[int, Known]:
    """Row index → entry, one to one.

    standing: keys of the entries in the list, in its order; those that are missing come last
    relaid:   the list was found again under a new layout

    A row that shows just what an entry showed is that entry. Then guids and links count, where
    they tell things apart on both sides; then title and day. Equal rows are taken in their order,
    so that a list which has a row twice does not bring it as new with every poll.
    """
    matching = _Matching(rows, known, standing)
    matching.by_shared_key(lambda row: row.fingerprint, _both("fingerprint"), _same_guid)
    matching.by_unique_key(lambda row: row.guid, lambda entry: {entry.guid})
    matching.by_unique_key(lambda row: row.link_key, _both("link_key"))
    matching.by_shared_key(lambda row: row.title_key, _both("title_key"), lambda _, __: True)
    if relaid or _moved(rows, known):
        matching.by_likeness()
    return matching.found


def _moved(rows: Sequence[Row], known: Sequence[Known]) -> bool:
    """Whether rows and entries have links, and none in common: a site may have moved."""
    shown = {row.link_key for row in rows} - {None}
    stored = {entry.link_key for entry in known} - {None}
    return bool(shown and stored) and not shown & stored


_KeyOfRow = Callable[[Row], str | None]
_KeysOfEntry = Callable[[Known], Iterable[str | None]]


class _Matching:
    """Rows and entries that have not found each other yet, and the pairs that have."""

    def __init__(
        self, rows: Sequence[Row], known: Sequence[Known], standing: Sequence[int]
    ) -> None:
        self._rows = rows
        self._place = {key: number for number, key in enumerate(standing)}
        in_order = sorted(known, key=lambda e: (self._place.get(e.key, len(standing)), e.key))
        self._free = {entry.key: entry for entry in in_order}
        self.found: dict[int, Known] = {}

    def by_unique_key(self, key_of_row: _KeyOfRow, keys_of_entry: _KeysOfEntry) -> None:
        """Pair what shares a key that no other row has; among several entries the title decides."""
        for index, row, candidates in self._candidates(key_of_row, keys_of_entry):
            one = candidates
            if len(candidates) > 1:
                one = [entry for entry in candidates if entry.title_key == row.title_key]
            if len(one) == 1:
                self._pair(index, one[0])

    def by_shared_key(
        self,
        key_of_row: _KeyOfRow,
        keys_of_entry: _KeysOfEntry,
        agree: Callable[[Row, Known], bool],
    ) -> None:
        """Pair what shares a key, in the order of rows and places.

        Without a date, words prove nothing about an entry that has left the list.
        """
        for index, row, candidates in self._candidates(key_of_row, keys_of_entry):
            for entry in candidates:
                lasting = row.item.date is not None or entry.key in self._place
                if lasting and agree(row, entry):
                    self._pair(index, entry)
                    break

    def by_likeness(self) -> None:
        """Pair what is alike in title, day, link and text together, of what is in the list."""
        free = [entry for entry in self._free.values() if entry.key in self._place]
        left = [index for index in range(len(self._rows)) if index not in self.found]
        pairs = assign(
            {index: _said_by(self._rows[index]) for index in left[:MOST]},
            {entry.key: _said_of(entry) for entry in free[:MOST]},
        )
        for index, key in pairs.items():
            self._pair(index, self._free[key])

    def _candidates(
        self, key_of_row: _KeyOfRow, keys_of_entry: _KeysOfEntry
    ) -> Iterable[tuple[int, Row, list[Known]]]:
        index_of = _index(self._free.values(), keys_of_entry)
        for index, row in enumerate(self._rows):
            key = key_of_row(row)
            if index not in self.found and key is not None and key in index_of:
                yield index, row, [entry for entry in index_of[key] if entry.key in self._free]

    def _pair(self, index: int, entry: Known) -> None:
        self.found[index] = entry
        del self._free[entry.key]


def _said_by(row: Row) -> Said:
    item = row.item
    return said(item.title, item.link, None if item.drifts else item.date, item.summary)


def _said_of(entry: Known) -> Said:
    return said(entry.title, entry.link, entry.date, entry.summary)


def _same_guid(row: Row, entry: Known) -> bool:
    return row.guid is None or entry.guid is None or row.guid == entry.guid


def _both(name: str) -> _KeysOfEntry:
    """An entry is known by what is stored, and by the change that waits to be confirmed."""

    def keys(entry: Known) -> Iterable[str | None]:
        return {
            getattr(entry, name),
            getattr(entry.pending.row, name) if entry.pending else None,
        }

    return keys


def _index(entries: Iterable[Known], keys: _KeysOfEntry) -> dict[str, list[Known]]:
    index: dict[str, list[Known]] = defaultdict(list)
    for entry in entries:
        for key in keys(entry):
            if key is not None:
                index[key].append(entry)
    return index
