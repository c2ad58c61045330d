"""What a new listing means beside what is known: new, changed, moved, gone, back. Pure.

    rows (identify) + known entries + memory of the list
        → match    one row to one entry (matching.py)
        → order    the list as it now stands, rows that are missing kept in their place
        → verdicts what is certain by now

Polls are numbered: the n-th sound poll of a source is `poll` n. Whatever needs confirming stores
the number it began at, so a 304 confirms by moving one number and writes nothing else.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import pairwise

from feedbot.identity import Row, fingerprint
from feedbot.matching import Known, Pending, match
from feedbot.model import ChangeKind, PageDate

_SEVERAL = 3  # rows, from which on what all of them have is no chance


@dataclass(frozen=True, slots=True)
class Rules:
    """How many sound polls make a verdict certain."""

    confirm_gone: int = 3
    confirm_changed: int = 2


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
    edits:      the entries whose rows say something else than is stored, confirmed or not
    lacks_newest: rows at the top of the list have just gone from there
    """

    verdicts: tuple[Verdict, ...] = ()
    order: tuple[Place, ...] = ()
    pending: Mapping[int, Pending | None] = field(default_factory=dict)
    verdict_at: int | None = None
    edits: tuple[tuple[Known, Row], ...] = ()
    lacks_newest: bool = False


def diff(
    rows: Sequence[Row],
    known: Iterable[Known],
    order: Sequence[Place],
    poll: int,
    rules: Rules,
    *,
    relaid: bool = False,
    short: bool = False,
) -> Diff:
    """Decide what sound poll number `poll` means.

    known:  every entry in `order`, and any older one that shares a guid, link or title with a row
    order:  the list as the last sound poll left it
    relaid: it was found again under a new layout: what its entries show otherwise is no edit
    short:  rows may be missing that are there: none has scrolled off, and none is gone
    """
    by_key = {entry.key: entry for entry in known}
    standing = sorted(order, key=lambda place: place.absent_since is not None)
    matched = match(
        rows,
        list(by_key.values()),
        [place.key for place in standing if place.key is not None],
        relaid=relaid,
    )
    verdicts: list[Verdict] = []
    pending: dict[int, Pending | None] = {}
    for index, row in enumerate(rows):
        entry = matched.get(index)
        if entry is None:
            verdicts.append(Verdict(ChangeKind.NEW, row=row, index=index))
        elif relaid and row.fingerprint != entry.fingerprint:
            verdicts += [Verdict(ChangeKind.BACK, entry, row)] if entry.gone else []
            verdicts.append(Verdict(ChangeKind.MOVED, entry, row))
            pending[entry.key] = None
        else:
            verdicts += _judge_shown(entry, row, poll, rules, pending)
    shown = {entry.key: rows[index].item.date for index, entry in matched.items()}
    places = _merge(rows, matched, order, poll, keep=short)
    dates = [] if short else [_date(place, by_key, shown, rows) for place in places]
    settled = _settle(places, dates, by_key, poll, rules, verdicts, pending)
    pairs = ((entry, rows[index]) for index, entry in matched.items())
    return replace(
        settled,
        edits=tuple((one, row) for one, row in pairs if one.fingerprint != row.fingerprint),
        lacks_newest=_lacks_newest(places, poll, rules),
    )


def confirm(
    known: Iterable[Known],
    order: Sequence[Place],
    poll: int,
    rules: Rules,
    *,
    short: bool = False,
) -> Diff:
    """Decide what it means that poll number `poll` showed the last listing once more."""
    by_key = {entry.key: entry for entry in known}
    verdicts: list[Verdict] = []
    pending: dict[int, Pending | None] = {}
    for place in order:
        entry = by_key[place.key] if place.key is not None else None
        if entry and entry.pending and place.absent_since is None:
            verdicts += _judge_shown(entry, entry.pending.row, poll, rules, pending)
    shows = {entry.key: entry.pending.row.item.date for entry in by_key.values() if entry.pending}
    dates = [] if short else [_date(place, by_key, shows, ()) for place in order]
    return _settle(tuple(order), dates, by_key, poll, rules, verdicts, pending)


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
        kind = ChangeKind.MOVED if _merely_moved(entry, row) else ChangeKind.CHANGED
        verdicts.append(Verdict(kind, entry, row))
    else:
        pending[entry.key] = Pending(row, since)
    return verdicts


def _merely_moved(entry: Known, row: Row) -> bool:
    """Whether nothing but the link of an entry is another one."""
    stayed = replace(row.item, link=entry.link)
    return fingerprint(stayed) == entry.fingerprint


def _merge(
    rows: Sequence[Row],
    matched: Mapping[int, Known],
    order: Sequence[Place],
    poll: int,
    *,
    keep: bool = False,
) -> tuple[Place, ...]:
    """The listing's order, with each missing entry kept before the row that stood next below it.

    A missing entry with nothing below it that still shows has scrolled off, and is left out, unless
    it is to be kept.
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
    return (*merged, *waiting) if keep else tuple(merged)


def _settle(
    order: tuple[Place, ...],
    dates: Sequence[PageDate],
    by_key: Mapping[int, Known],
    poll: int,
    rules: Rules,
    verdicts: list[Verdict],
    pending: dict[int, Pending | None],
) -> Diff:
    """Add what is gone by now, and say when the next verdict falls due by itself."""
    due = [poll_due for poll_due in _pending_due(order, by_key, pending, rules) if poll_due > poll]
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


def _date(
    place: Place,
    by_key: Mapping[int, Known],
    shows: Mapping[int, PageDate],
    rows: Sequence[Row],
) -> PageDate:
    """The date a place shows now, confirmed or not; of what is missing, the last known."""
    if place.key is None:
        return rows[place.row].item.date if place.row is not None else None
    known = by_key[place.key].date
    return known if place.absent_since is not None else shows.get(place.key, known)


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


def above(rows: Sequence[Row], decided: Diff) -> list[int]:
    """The new rows, by index, that come after every known one in the order of events."""
    new = {verdict.index for verdict in decided.verdicts if verdict.kind is ChangeKind.NEW}
    order = oldest_first(rows)
    known = [place for place, index in enumerate(order) if index not in new]
    return order[known[-1] + 1 :] if known else []


def below(rows: Sequence[Row], decided: Diff) -> set[int]:
    """The new rows, by index, that come before every known one and are no later than any of them.

    They are older, and have come up from below: the list has become longer, or its newest rows are
    missing. Without dates, or where all have the same, only the latter says that it is no list
    whose new rows come last.
    """
    new = {verdict.index for verdict in decided.verdicts if verdict.kind is ChangeKind.NEW}
    order = oldest_first(rows)
    known = [place for place, index in enumerate(order) if index not in new]
    if not known:
        return set()
    dates = [rows[order[place]].item.date for place in known]
    dated = [when for when in dates if when is not None]
    level = not any(_later(one, dated[0]) or _later(dated[0], one) for one in dated)
    found = set()
    for index in order[: known[0]]:
        when = rows[index].item.date
        if when is None or not dated:
            older = decided.lacks_newest
        elif level and not decided.lacks_newest:
            older = all(_later(one, when) for one in dated)
        else:
            older = not any(_later(when, one) for one in dated)
        if older:
            found.add(index)
    return found


def _lacks_newest(order: Sequence[Place], poll: int, rules: Rules) -> bool:
    """Whether rows that stood at the top of the list have gone from there with this poll.

    Where some were gone before, that is how the list goes on: new rows come at its other end.
    """
    shown = (n for n, at in enumerate(order) if at.key is not None and at.absent_since is None)
    top = [at.absent_since for at in order[: next(shown, 0)] if at.absent_since is not None]
    return bool(top) and max(top) == poll and poll - min(top) < rules.confirm_gone


def on_top(rows: Sequence[Row], decided: Diff) -> list[Row]:
    """The new rows that come after every known one in the order of events, or by their dates.

    What a list that was read in another way shows beside and below what is known is not news; nor
    is any of it where nothing is known, nor what has no date where all that is known has one.
    """
    new = {verdict.index for verdict in decided.verdicts if verdict.kind is ChangeKind.NEW}
    order = oldest_first(rows)
    known = [place for place, index in enumerate(order) if index not in new]
    if not known:
        return []
    dates = [rows[order[place]].item.date for place in known]
    dated = len(known) >= _SEVERAL and None not in dates
    above = [
        index for index in order[known[-1] + 1 :] if rows[index].item.date is not None or not dated
    ]
    later = [
        index
        for index in order[: known[-1]]
        if index in new
        and rows[index].item.date is not None
        and any(when is not None for when in dates)
        and all(when is None or _later(rows[index].item.date, when) for when in dates)
    ]
    return [rows[index] for index in (*later, *above)]


def _later(one: PageDate, other: PageDate) -> bool:
    """Whether `one` is certainly after `other`; a day alone compares by the day."""
    if one is None or other is None:
        return False
    if isinstance(one, datetime) and isinstance(other, datetime):
        return one > other
    day_one = one.date() if isinstance(one, datetime) else one
    day_other = other.date() if isinstance(other, datetime) else other
    return day_one > day_other
