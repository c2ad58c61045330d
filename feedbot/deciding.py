"""What a sound poll means for its source: the diff, and whether it looks like news.

    recall → diff → doubtful? ─ yes, and not for long ───→ OtherListError: nothing is written
                      └→ as it stands, or as a list shown otherwise → judge → news, held

A list that has become short is compared without taking anything for gone. What is doubtful for a
day and five polls is how the source is now.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from feedbot.diff import Diff, Rules, above, confirm, diff, on_top
from feedbot.errors import OtherListError
from feedbot.identity import Row, words
from feedbot.judge import FEW, SHORT, Judgement, doubt, is_short, judge, restyled, retitled
from feedbot.matching import Known
from feedbot.model import Source
from feedbot.store import held, history
from feedbot.store.recall import recall
from feedbot.store.sources import SourceState

#: How long, and in how many polls, a page shows something else before that is what it shows.
DOUBT = timedelta(days=1)
DOUBTS = 5


@dataclass(frozen=True, slots=True)
class Decision:
    """What a poll comes to.

    state:     with what the source is used to, as of now
    judgement: of the new rows, by their index
    rows:      of the list, where it is believed; None: it is the last one once more, or short
    told:      for the operator
    """

    diff: Diff
    state: SourceState
    rows: int | None = None
    judgement: Judgement = field(default_factory=Judgement)
    told: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Shown:
    """What a poll has brought.

    first:    how many of the rows are on the first page
    switched: it was read in another way than before, and may show older things than that did
    moved:    its list was found again under a new layout
    """

    rows: Sequence[Row]
    first: int
    switched: bool = False
    moved: bool = False


def is_over(state: SourceState, now: datetime) -> bool:
    """Whether the next sound poll ends the doubt about a list that has become short."""
    if state.short_since is None or state.short_poll is None:
        return False
    polls = state.polls + 1 - state.short_poll
    return polls >= DOUBTS and now - state.short_since >= DOUBT


def has_lasted(state: SourceState, now: datetime) -> bool:
    """Whether a source has been doubtful for so long that it is to be believed."""
    since = state.doubtful_since
    return since is not None and state.doubtful >= DOUBTS and now - since >= DOUBT


async def decide(
    connection: AsyncConnection, source: Source, state: SourceState, shown: Shown, now: datetime
) -> Decision:
    """Decide what a poll means that has brought rows. Raises OtherListError: it is doubtful."""
    rows, first = shown.rows, shown.first
    known = await recall(connection, state, rows)
    past = history.known(state, now)
    if first < past.usual * SHORT:
        past = await history.read(connection, state, now)
    short = is_short(first, past)
    told: tuple[str, ...] = ()
    if short and is_over(state, now):
        short, told = False, (_shorter(state, first),)
    poll = _Poll(source, state, shown, known, short)
    decided = poll.compared(relaid=shown.moved)
    if short and _count(decided) == len(rows):  # nothing is missing: it is another list
        short, poll = False, replace(poll, short=False)
        decided = poll.compared(relaid=shown.moved)
    state = _used_to(state, first, now, short=short)
    if state.baseline_at is None:
        return Decision(decided, state, first)
    standing = believed = poll.standing()
    if _count(decided) > FEW and source.burst != "off":
        past = await history.read(connection, state, now)
        kept = await held.of(connection, state.id)
        believed = [entry for entry in standing if entry.key not in kept]
    if not shown.switched:
        why = doubt(rows, decided, standing, past, source.burst)
    else:
        why = retitled(rows, decided) if shown.moved else None
    if why and not has_lasted(state, now):
        raise OtherListError(f"it does not look like news: {why}")
    if why:
        state = replace(state, replaced=state.replaced + 1)
        told = (*told, f"has shown something else since {state.doubtful_since:%Y-%m-%d}: {why};"
                " that is taken as it is from now on, and none of it announced")  # fmt: skip
        return Decision(poll.compared(relaid=True), state, first, told=told)
    if not (shown.moved or shown.switched) and restyled(rows, decided):
        decided = poll.compared(relaid=True)
    among = _top(rows, decided) if shown.switched else None
    judged = judge(rows, decided, believed, past, source.burst, now, among=among, short=short)
    if among is not None and shown.moved:
        judged = in_new_layout(judged, rows, decided, {words(one.title) for one in standing})
    return Decision(decided, state, None if short else first, judged, told)


async def decide_again(
    connection: AsyncConnection, source: Source, state: SourceState, now: datetime
) -> Decision:
    """Decide what it means that a poll showed the last listing once more."""
    known = await recall(connection, state)
    rules = Rules(source.confirm_gone, source.confirm_changed)
    places, told, rows = state.places, tuple[str, ...](), None
    if is_over(state, now):
        while places and places[-1].absent_since is not None:  # they have scrolled off
            places = places[:-1]
        rows = sum(place.absent_since is None for place in places)
        told = (_shorter(state, rows),)
        state = _used_to(state, rows, now, short=False)
    short = state.short_since is not None
    decided = confirm(known, places, state.polls + 1, rules, short=short)
    return Decision(decided, state, rows, told=told)


@dataclass(frozen=True, slots=True)
class _Poll:
    source: Source
    state: SourceState
    shown: Shown
    known: Sequence[Known]
    short: bool

    def compared(self, *, relaid: bool) -> Diff:
        """The rows beside what is known."""
        rules = Rules(self.source.confirm_gone, self.source.confirm_changed)
        return diff(
            self.shown.rows,
            self.known,
            self.state.places,
            self.state.polls + 1,
            rules,
            relaid=relaid,
            short=self.short,
        )

    def standing(self) -> list[Known]:
        """The entries that the list showed when it was last as usual."""
        all_of_it = self.state.short_since is not None
        keys = {place.key for place in self.state.places if all_of_it or place.absent_since is None}
        return [entry for entry in self.known if entry.key in keys]


def _used_to(state: SourceState, rows: int, now: datetime, *, short: bool) -> SourceState:
    """The state, with what its list is used to show as of now."""
    if not short:
        return replace(state, usual=rows, short_since=None, short_poll=None)
    since = state.short_since or now
    first = state.short_poll if state.short_poll is not None else state.polls + 1
    return replace(state, short_since=since, short_poll=first)


def _shorter(state: SourceState, rows: int) -> str:
    since = f"{state.short_since:%Y-%m-%d}"
    return f"lists {rows} items where there were {state.usual}, since {since}: that is its list now"


def _count(decided: Diff) -> int:
    return sum(verdict.known is None for verdict in decided.verdicts)


def in_new_layout(
    judged: Judgement, rows: Sequence[Row], decided: Diff, known: Collection[str]
) -> Judgement:
    """The same; held is also what a new layout shows above all that is known and without a date as
    others had, and what has a known title: it may be news, or what now stands about the list.
    """
    undated = set(above(rows, decided)).difference(judged.news, judged.held)
    again = {index for index in judged.news if words(rows[index].item.title) in known}
    if not undated | again:
        return judged
    why = judged.why or f"{len(undated | again)} new in a new layout have no date, or a known title"
    news = tuple(index for index in judged.news if index not in again)
    return replace(judged, news=news, held=tuple(sorted({*judged.held, *undated, *again})), why=why)


def _top(rows: Sequence[Row], decided: Diff) -> set[int]:
    top = {id(row) for row in on_top(rows, decided)}
    return {index for index, row in enumerate(rows) if id(row) in top}
