"""What a new listing means beside what is known: new, changed, gone, back. Pure.

    rows (identify) + known entries + memory of the list
        → match    one row to one entry: by guid, by link, by title and date
        → order    the list as it now stands, rows that are missing kept in their place
        → verdicts what is certain by now

Polls are numbered: the n-th sound poll of a source is `poll` n. Whatever needs confirming stores
the number it began at, so a 304 confirms by moving one number and writes nothing else.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise

from feedbot.identity import Row
from feedbot.model import ChangeKind, PageDate


@dataclass(frozen=True, slots=True)
class Rules:
    """How many sound polls make a verdict certain."""

    confirm_gone: int = 3
    confirm_changed: int = 2


@dataclass(frozen=True, slots=True)
class Pending:
    """A change seen but not yet confirmed. `since`: number of the poll that first showed it."""

    row: Row
    since: int


@dataclass(frozen=True, slots=True)
class Known:
    """A stored entry as far as the diff needs it. `key` is the store's own number for it."""

    key: int
    guid: str | None
    link_key: str | None
    title_key: str
    fingerprint: str
    date: PageDate = None
    gone: bool = False
    pending: Pending | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """One place of the list as it stands. `absent_since`: poll that first missed it, None if shown.

    `key` is a known entry's; for a row that is new, `row` is its index in the listing instead.
    """

    key: int | None
    absent_since: int | None = None
    row: int | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """Something certain: `known` is the old side (not if NEW), `row` the new one (not if GONE)."""

    kind: ChangeKind
    known: Known | None = None
    row: Row | None = None
    index: int | None = None  # the row's place in the listing


@dataclass(frozen=True, slots=True)
class Diff:
    """What one sound poll decided.

    verdicts:   NEW ones in the listing's order
    order:      the list as it stands from now on
    pending:    entry key → the change now waiting, or None where one is over
    verdict_at: the poll number at which something falls due if the listing stays as it is
    """

    verdicts: tuple[Verdict, ...] = ()
    order: tuple[Place, ...] = ()
    pending: Mapping[int, Pending | None] = field(default_factory=dict)
    verdict_at: int | None = None


def diff(
    rows: Sequence[Row], known: Iterable[Known], order: Sequence[Place], poll: int, rules: Rules
) -> Diff:
    """Decide what sound poll number `poll` means.

    known: every entry in `order`, and any older one that shares a guid, link or title with a row
    order: the list as the last sound poll left it
    """
    by_key = {entry.key: entry for entry in known}
    standing = [place.key for place in order if place.key in by_key]
    matched = match(rows, list(by_key.values()), set(standing))
    verdicts: list[Verdict] = []
    pending: dict[int, Pending | None] = {}
    for index, row in enumerate(rows):
        entry = matched.get(index)
        if entry is None:
            verdicts.append(Verdict(ChangeKind.NEW, row=row, index=index))
        else:
            verdicts += _judge_shown(entry, row, poll, rules, pending)
    return _settle(
        _merge(rows, matched, order, poll), by_key, _dates(rows), poll, rules, verdicts, pending
    )


def confirm(known: Iterable[Known], order: Sequence[Place], poll: int, rules: Rules) -> Diff:
    """Decide what it means that poll number `poll` showed the last listing once more."""
    by_key = {entry.key: entry for entry in known}
    verdicts: list[Verdict] = []
    pending: dict[int, Pending | None] = {}
    shown = (place.key for place in order if place.absent_since is None)
    for entry in (by_key[key] for key in shown if key in by_key):
        if entry.pending:
            verdicts += _judge_shown(entry, entry.pending.row, poll, rules, pending)
    return _settle(tuple(order), by_key, {}, poll, rules, verdicts, pending)


def match(
    rows: Sequence[Row], known: Sequence[Known], standing: set[int | None]
) -> dict[int, Known]:
    """Row index → entry, one to one. `standing`: keys of entries still in the list.

    A key counts only where it tells things apart on both sides. Equal titles of one day are taken
    in their order, so that a list with a row twice does not bring it as new with every poll.
    """
    found: dict[int, Known] = {}
    free = {entry.key: entry for entry in known}

    def take(index: int, entry: Known) -> None:
        found[index] = entry
        del free[entry.key]

    for keys_of_row, keys_of_entry in _UNIQUE_KEYS:
        index_of = _index(free.values(), keys_of_entry)
        for index, row in enumerate(rows):
            key = keys_of_row(row)
            if index in found or key is None:
                continue
            candidates = [entry for entry in index_of[key] if entry.key in free]
            if len(candidates) > 1:
                candidates = [entry for entry in candidates if entry.title_key == row.title_key]
            if len(candidates) == 1:
                take(index, candidates[0])
    titles = _index(sorted(free.values(), key=lambda e: (e.key not in standing, e.key)), _titles)
    for index, row in enumerate(rows):
        if index in found:
            continue
        for entry in titles[row.title_key]:
            # Without a date a title proves nothing about an entry that has left the list.
            if entry.key in free and (row.item.date is not None or entry.key in standing):
                take(index, entry)
                break
    return found


def _links(entry: Known) -> Iterable[str | None]:
    return {entry.link_key, entry.pending.row.link_key if entry.pending else None}


def _titles(entry: Known) -> Iterable[str | None]:
    return {entry.title_key, entry.pending.row.title_key if entry.pending else None}


_UNIQUE_KEYS: tuple[
    tuple[Callable[[Row], str | None], Callable[[Known], Iterable[str | None]]], ...
] = (
    (lambda row: row.guid, lambda entry: {entry.guid}),
    (lambda row: row.link_key, _links),
)


def _index(
    entries: Iterable[Known], keys: Callable[[Known], Iterable[str | None]]
) -> dict[str, list[Known]]:
    index: dict[str, list[Known]] = defaultdict(list)
    for entry in entries:
        for key in keys(entry):
            if key is not None:
                index[key].append(entry)
    return index


def _judge_shown(
    entry: Known, row: Row, poll: int, rules: Rules, pending: dict[int, Pending | None]
) -> list[Verdict]:
    """Back, changed, or waiting: what an entry's row of today says."""
    verdicts = [Verdict(ChangeKind.BACK, entry, row)] if entry.gone else []
    if row.fingerprint == entry.fingerprint:
        if entry.pending:
            pending[entry.key] = None
        return verdicts
    same = entry.pending is not None and entry.pending.row.fingerprint == row.fingerprint
    since = entry.pending.since if entry.pending and same else poll
    if poll - since + 1 >= rules.confirm_changed:
        pending[entry.key] = None
        verdicts.append(Verdict(ChangeKind.CHANGED, entry, row))
    else:
        pending[entry.key] = Pending(row, since)
    return verdicts


def _merge(
    rows: Sequence[Row], matched: Mapping[int, Known], order: Sequence[Place], poll: int
) -> tuple[Place, ...]:
    """The listing's order, with each missing entry kept before the row that stood next below it.

    A missing entry with nothing below it that still shows has scrolled off, and is left out.
    """
    shown = {entry.key for entry in matched.values()}
    before: dict[int, list[Place]] = defaultdict(list)
    waiting: list[Place] = []
    for place in order:
        if place.key is not None and place.key in shown:
            before[place.key] = waiting
            waiting = []
        elif place.key is not None:
            since = place.absent_since if place.absent_since is not None else poll
            waiting.append(Place(place.key, since))
    merged: list[Place] = []
    for index in range(len(rows)):
        entry = matched.get(index)
        if entry is None:
            merged.append(Place(None, row=index))
        else:
            merged += [*before.get(entry.key, ()), Place(entry.key)]
    return tuple(merged)


def _settle(
    order: tuple[Place, ...],
    by_key: Mapping[int, Known],
    new_dates: Mapping[int, PageDate],
    poll: int,
    rules: Rules,
    verdicts: list[Verdict],
    pending: dict[int, Pending | None],
) -> Diff:
    """Add what is gone by now, and say when the next verdict falls due by itself."""
    due = [poll_due for poll_due in _pending_due(order, by_key, pending, rules) if poll_due > poll]
    dates = [
        by_key[place.key].date if place.key is not None else new_dates.get(place.row or 0)
        for place in order
    ]
    if newest_first(dates):
        gone = [
            place.key
            for place in order
            if place.absent_since is not None
            and poll - place.absent_since + 1 >= rules.confirm_gone
        ]
        verdicts += [Verdict(ChangeKind.GONE, by_key[key]) for key in gone if key is not None]
        order = tuple(place for place in order if place.key is None or place.key not in gone)
        due += [
            place.absent_since + rules.confirm_gone - 1
            for place in order
            if place.absent_since is not None
        ]
    return Diff(tuple(verdicts), order, pending, min(due, default=None))


def _pending_due(
    order: Sequence[Place],
    by_key: Mapping[int, Known],
    pending: Mapping[int, Pending | None],
    rules: Rules,
) -> Iterable[int]:
    for place in order:
        if place.key is None or place.absent_since is not None:
            continue
        waiting = pending.get(place.key, by_key[place.key].pending)
        if waiting:
            yield waiting.since + rules.confirm_changed - 1


def _dates(rows: Sequence[Row]) -> dict[int, PageDate]:
    return {index: row.item.date for index, row in enumerate(rows)}


def newest_first(dates: Sequence[PageDate]) -> bool:
    """Whether a list has dates that increase downwards nowhere: only there can a row be missed."""
    dated = [when for when in dates if when is not None]
    return bool(dated) and not any(_later(below, above) for above, below in pairwise(dated))


def oldest_first(rows: Sequence[Row]) -> list[int]:
    """Row indexes in the order of events.

    Lists run newest first unless their dates increase downwards and nowhere decrease.
    """
    dated = [row.item.date for row in rows if row.item.date is not None]
    steps = Counter(_later(below, above) - _later(above, below) for above, below in pairwise(dated))
    ascending = steps[1] > 0 and steps[-1] == 0
    return list(range(len(rows))) if ascending else list(range(len(rows) - 1, -1, -1))


def _later(one: PageDate, other: PageDate) -> bool:
    """Whether `one` is certainly after `other`; a day alone compares by the day."""
    if one is None or other is None:
        return False
    if isinstance(one, datetime) and isinstance(other, datetime):
        return one > other
    day_one = one.date() if isinstance(one, datetime) else one
    day_other = other.date() if isinstance(other, datetime) else other
    return day_one > day_other
