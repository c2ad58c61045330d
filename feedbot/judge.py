"""Whether what a poll shows looks like news, by what its source is used to. Pure.

    rows + what the diff made of them + the source's history
        → doubtful       all has changed at once: nothing of the poll is to be believed yet
        → short          far fewer rows than usual: nothing is gone, what is newer passes
        → held           more new rows at once than the history explains, save the newest few
        → news           the rest, less what stands below all that is known and is no later

A judgement is about one poll; how long a doubt has lasted is the caller's to count.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from feedbot.diff import Diff, below, oldest_first, on_top
from feedbot.identity import Row, words
from feedbot.matching import Known
from feedbot.model import ChangeKind

#: New rows at once that need no explanation, where nothing is known of the source yet.
FEW = 5
#: Rows from which on it says something that all of them, or most, are other than before.
SEVERAL = 4
#: Most of the rows.
MOST = 0.8
#: A list is short that has not this part of the rows it usually has.
SHORT = 0.5
#: So often a list is replaced as a whole, and stays replaced, until that is its way.
ITS_WAY = 2
_AHEAD = timedelta(days=2)  # what is dated later than this is no date of news

Burst = int | Literal["auto", "off"]


@dataclass(frozen=True, slots=True)
class History:
    """What is known of a source's past.

    usual:    rows of its list when it was last believed; 0: it was not yet
    fewest:   rows of the shortest list that was believed of late; None: not known
    busiest:  the most new entries there were on one day; 0: none, or not known
    away:     days since the last sound poll, begun ones counted
    replaced: how often all of its list was replaced at once, and stayed so
    """

    usual: int = 0
    fewest: int | None = None
    busiest: int = 0
    away: int = 1
    replaced: int = 0


@dataclass(frozen=True, slots=True)
class Judgement:
    """What becomes of the new rows of a poll, by their index in the listing.

    news: announced
    held: kept from everybody until the operator has decided
    why:  a sentence for the operator, where something is held
    """

    news: tuple[int, ...] = ()
    held: tuple[int, ...] = ()
    why: str = ""


def is_short(rows: int, history: History) -> bool:
    """Whether a list has far fewer rows than it is used to have."""
    if history.usual < SEVERAL or rows >= history.usual * SHORT:
        return False
    return history.fewest is None or rows < history.fewest


def doubt(
    rows: Sequence[Row],
    decided: Diff,
    standing: Sequence[Known],
    history: History,
    burst: Burst = "auto",
) -> str | None:
    """Why a poll cannot be believed, in a clause; None where it can.

    standing: the entries that the list last showed
    """
    if len(standing) < SEVERAL or not rows:
        return None
    new = _new(decided)
    met = len(rows) - len(new)
    renamed = sum(words(one.title) != words(row.item.title) for one, row in decided.edits)
    if met >= SEVERAL and renamed >= met * MOST:
        return f"{renamed} of the {met} titles that were known are others now"
    known = {words(one.title) for one in standing}
    again = known & {words(rows[index].item.title) for index in new}  # what recurs counts once
    if len(again) >= max(SEVERAL, len(new) / 2):
        return f"{len(again)} of its titles are known, with other links and dates"
    if met:
        return None
    if history.replaced >= ITS_WAY:
        return None
    return _replaced(rows, standing, history, burst)


def retitled(rows: Sequence[Row], decided: Diff) -> str | None:
    """Why a list found under a new layout cannot be believed, in a clause; None where it can.

    A layout may cut its titles, or put words to them. Where most have hardly a word in common with
    what they were, something else was taken for the title, or the page shows something else.
    """
    met = len(rows) - len(_new(decided))
    others = sum(not _alike(one.title, row.item.title) for one, row in decided.edits)
    if met >= SEVERAL and others >= met * MOST:
        return f"{others} of the {met} titles that were known are others in its new layout"
    return None


def _alike(title: str, other: str) -> bool:
    one, two = set(words(title).split()), set(words(other).split())
    return 2 * len(one & two) > min(len(one), len(two))


def _replaced(
    rows: Sequence[Row], standing: Sequence[Known], history: History, burst: Burst
) -> str | None:
    """Why rows of which none is known are no news."""
    titles = [words(row.item.title) for row in rows]
    if len(titles) >= SEVERAL and len(set(titles)) == 1:
        return f"all of its {len(titles)} rows are called the same"
    if len(rows) < len(standing) * SHORT:
        return f"nothing on it is known, and {len(rows)} rows stand where {len(standing)} stood"
    days = {_day(row.item.date) for row in rows if row.item.date}
    before = {_day(one.date) for one in standing if one.date}
    newer = days and before and min(days) >= max(before)
    most = allowance(burst, history, standing, len(days) if newer else 1)
    if most is None or len(rows) <= most:
        return None
    if not days or not before:
        return f"none of its {len(rows)} rows is known, and they have no dates"
    if not newer:
        return f"none of its {len(rows)} rows is known, and some are older than what was"
    if len(days) == 1 and len(before) > 1:
        return f"none of its {len(rows)} rows is known, and all have the date {min(days)}"
    return None


def restyled(rows: Sequence[Row], decided: Diff) -> bool:
    """Whether most entries are shown otherwise at once, under the titles they had.

    That is how a page comes to show dates, texts or counts, and no edit of all its entries. What
    waits to be confirmed began otherwise, as when it was the operator who changed what is read.
    """
    met = len(rows) - len(_new(decided))
    fresh = [(one, row) for one, row in decided.edits if one.pending is None]
    same = sum(words(one.title) == words(row.item.title) for one, row in fresh)
    return met >= SEVERAL and same >= met * MOST


def judge(
    rows: Sequence[Row],
    decided: Diff,
    standing: Sequence[Known],
    history: History,
    burst: Burst,
    now: datetime,
    *,
    among: Collection[int] | None = None,
    short: bool = False,
) -> Judgement:
    """Say which of the new rows are news now, and which are held.

    standing: the entries that the list last showed, less those that were held
    among: those that can be news at all; None: every new one
    short: the list is far shorter than usual: only what is newer passes
    """
    new = [index for index in oldest_first(rows) if index in _new(decided)]
    asked = [index for index in new if among is None or index in among]
    newer = _newer(rows, decided, standing, now)
    days = {_day(when) for index in newer if (when := rows[index].item.date)}
    most = allowance(burst, history, standing, len(days))
    few = most is None or len(asked) <= most
    if few and not short:
        old = {index for index in below(rows, decided) if not _is_ahead(rows[index], now)}
        return Judgement(tuple(sorted(set(asked) - old)))
    passing = [index for index in asked if index in newer]
    if most is not None:
        passing = passing[-most:]
    held = sorted(set(asked) - set(passing))
    if few:
        why = "the list is far shorter than usual, and they are not newer than what was known"
    else:
        why = f"{len(asked)} new at once, where {_usual(most, burst, history)}"
    return Judgement(tuple(sorted(passing)), tuple(held), why if held else "")


def _is_ahead(row: Row, now: datetime) -> bool:
    """Whether a row is dated today or later, as the events of a calendar are."""
    return row.item.date is not None and _day(row.item.date) >= now.date()


def _usual(most: int | None, burst: Burst, history: History) -> str:
    if burst != "auto":
        return f"no more than {most} are let through (burst)"
    if history.busiest <= FEW:
        return f"more than {most} have not come on one day"
    return f"the busiest day brought {history.busiest}"


def allowance(
    burst: Burst, history: History, standing: Sequence[Known], days: int = 1
) -> int | None:
    """How many new rows at once need no explanation; None: any number.

    days: on how many days they came, as far as their dates say
    """
    if burst == "off":
        return None
    if burst != "auto":
        return burst
    dated = Counter(_day(one.date) for one in standing if one.date)
    return max(FEW, history.busiest, *dated.values()) * max(days, history.away)


def _newer(
    rows: Sequence[Row], decided: Diff, standing: Sequence[Known], now: datetime
) -> set[int]:
    """The dated rows that come after all that is known, and are not of a day that is to come."""
    dates = [_day(one.date) for one in standing if one.date]
    newest = max(dates, default=None)
    top = {id(row) for row in on_top(rows, decided)}
    last = (now + _AHEAD).date()
    found = set()
    for index in _new(decided):
        when = rows[index].item.date
        if when is None or _day(when) > last:
            continue
        day = _day(when)
        if newest is None or day > newest or (day == newest and id(rows[index]) in top):
            found.add(index)
    return found


def _new(decided: Diff) -> set[int]:
    return {
        verdict.index
        for verdict in decided.verdicts
        if verdict.kind is ChangeKind.NEW and verdict.index is not None
    }


def _day(when: date) -> date:
    return when.date() if isinstance(when, datetime) else when
