"""Months and years above rows: what dates without a year, and mere days, mean below them."""

from __future__ import annotations

from dataclasses import dataclass

from feedbot.source.dates import Period, Written, completed, day_under, period_of
from feedbot.source.detect.groups import Group
from feedbot.source.detect.outline import Outline, largest

_SHORT = 40  # characters of a heading that is a period
_DAY = 16  # characters of a day alone
_SHARE = 0.7  # of a list's rows that have to stand under a period, for it to be theirs


@dataclass(frozen=True, slots=True)
class _Head:
    """A period, the run where it ends to apply, and the elements that say it."""

    period: Period
    stop: int
    nodes: tuple[int, ...]


def complete(
    page: Outline, days: list[Written | None], language: str | None
) -> dict[int, tuple[int, ...]]:
    """Complete `days`, which runs say, by the periods above them.

    A heading applies to what comes after it where it stands, up to the next: below a year, a month
    alone is one of that year.

    Returns the elements of the headings, by the runs that were completed.
    """
    under: dict[int, tuple[int, ...]] = {}
    year: _Head | None = None
    head: _Head | None = None
    for k, run in enumerate(page.runs):
        if year and k >= year.stop:
            year = None
        if head and k >= head.stop:
            head = year
        if run.link >= 0 or len(run.text) > _SHORT:
            continue
        found = _period(page, k, days[k], language)
        if found is not None:
            head = _head(page, k, found, year) or head
            if head and found.month is None:
                year = head
        elif head and (day := _completed(run.text, days[k], head.period, language)):
            days[k] = day
            under[k] = head.nodes
    return under


def _period(page: Outline, k: int, day: Written | None, language: str | None) -> Period | None:
    """The period that a run is, where it is all of a block or a heading."""
    run = page.runs[k]
    if day is not None or page.last[run.node] - page.first[run.node] != 1:
        return None
    if run.gap < 2 and not page.strong[run.node]:
        return None
    return period_of(run.text, language, heading=page.strong[run.node])


def _head(page: Outline, k: int, period: Period, year: _Head | None) -> _Head | None:
    """A period's heading; None of a month whose year nothing says."""
    node = largest(page, page.runs[k].node)
    above = page.parent[node]
    stop = page.last[above] if above >= 0 else len(page.runs)
    if period.year is not None:
        return _Head(period, stop, (node,))
    if year is None:
        return None
    return _Head(Period(year.period.year, period.month), min(stop, year.stop), (*year.nodes, node))


def _completed(
    text: str, day: Written | None, period: Period, language: str | None
) -> Written | None:
    if day is not None:
        return completed(day, period)
    return day_under(text, language, period) if len(text) <= _DAY else None


def periods_of(group: Group, under: dict[int, tuple[int, ...]]) -> tuple[int, ...]:
    """The headings that complete the dates of a group's rows, where most stand under one."""
    used: dict[int, None] = {}
    count = 0
    for row in group.rows:
        nodes = next((under[k] for k in range(row.first, row.last) if k in under), ())
        if nodes and nodes[-1] < row.node:
            count += 1
            used.update(dict.fromkeys(nodes))
    return tuple(sorted(used)) if count >= _SHARE * len(group.rows) else ()
