"""New, changed, gone, back: the rules, with values alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from feedbot.diff import Diff, Place, Rules, confirm, diff, oldest_first
from feedbot.identity import Row, identify
from feedbot.matching import Known
from feedbot.model import ChangeKind, Item

PAGE = "https://press.example.org/"
NEW, CHANGED, MOVED, GONE, BACK = ChangeKind


def item(n: int, title: str | None = None, day: int | None = None, link: str | None = None) -> Item:
    """Row n of a press page: the higher, the newer."""
    when = date(2020, 1, 1) + timedelta(days=n if day is None else day)
    return Item(title or f"Event {n}", link or f"{PAGE}article/{n}", date=when)


@dataclass
class Memory:
    """A store without a database: it applies what the diff says, as the store does."""

    rules: Rules = field(default_factory=Rules)
    entries: dict[int, Known] = field(default_factory=dict)
    order: tuple[Place, ...] = ()
    polls: int = 0
    verdict_at: int | None = None
    rows: tuple[Row, ...] = ()

    def poll(self, items: Sequence[Item]) -> list[tuple[ChangeKind, int]]:
        self.rows = identify(items, PAGE)
        decided = diff(self.rows, self.entries.values(), self.order, self.polls + 1, self.rules)
        return self._apply(decided)

    def confirm(self) -> list[tuple[ChangeKind, int]]:
        self.polls += 1
        if self.verdict_at is None or self.polls < self.verdict_at:
            return []
        self.polls -= 1
        return self._apply(confirm(self.entries.values(), self.order, self.polls + 1, self.rules))

    def _apply(self, decided: Diff) -> list[tuple[ChangeKind, int]]:
        self.polls += 1
        told = []
        for key, pending in decided.pending.items():
            self.entries[key] = replace(self.entries[key], pending=pending)
        numbers: dict[int, int] = {}
        for verdict in decided.verdicts:
            key = verdict.known.key if verdict.known else len(self.entries)
            if verdict.kind is NEW and verdict.row and verdict.index is not None:
                self.entries[key] = known(key, verdict.row)
                numbers[verdict.index] = key
            elif verdict.kind is CHANGED and verdict.row:
                old = self.entries[key]
                self.entries[key] = replace(
                    known(key, verdict.row), guid=verdict.row.guid or old.guid, gone=old.gone
                )
            elif verdict.kind in (GONE, BACK):
                self.entries[key] = replace(self.entries[key], gone=verdict.kind is GONE)
            told.append((verdict.kind, key))
        self.order = tuple(
            place if place.row is None else Place(numbers[place.row]) for place in decided.order
        )
        self.verdict_at = decided.verdict_at
        return told


def known(key: int, row: Row) -> Known:
    return Known(key, row.guid, row.link_key, row.title_key, row.fingerprint, row.item.date)


def listing(*numbers: int) -> list[Item]:
    return [item(n) for n in numbers]


def test_what_was_not_there_is_new_and_is_new_once() -> None:
    memory = Memory()
    assert memory.poll(listing(3, 2, 1)) == [(NEW, 0), (NEW, 1), (NEW, 2)]
    assert memory.poll(listing(4, 3, 2)) == [(NEW, 3)]
    assert memory.poll(listing(4, 3, 2)) == []


def test_a_short_page_and_an_empty_one_bring_nothing_back_as_new() -> None:
    memory = Memory()
    memory.poll(listing(5, 4, 3, 2, 1))
    for shown in ([5], [], [5, 4, 3, 2, 1], [2], [5, 4, 3, 2, 1]):
        assert memory.poll(listing(*shown)) == []


def test_a_change_counts_when_seen_twice() -> None:
    memory = Memory()
    memory.poll(listing(3, 2, 1))
    edited = [item(3), item(2, title="Event 2, corrected"), item(1)]
    assert memory.poll(edited) == []
    assert memory.poll(edited) == [(CHANGED, 1)]
    assert memory.poll(edited) == []


def test_a_change_seen_once_and_taken_back_never_counts() -> None:
    memory = Memory()
    memory.poll(listing(2, 1))
    for title in ("Access denied", "Event 2", "Please wait", "Access denied", "Event 2"):
        assert memory.poll([item(2, title=title), item(1)]) == []
    assert memory.entries[0].pending is None


def test_a_304_confirms_a_change() -> None:
    memory = Memory()
    memory.poll(listing(2, 1))
    assert memory.poll([item(2, title="Corrected"), item(1)]) == []
    assert memory.confirm() == [(CHANGED, 0)]
    assert memory.confirm() == []


def test_one_sound_poll_is_enough_where_the_source_says_so() -> None:
    memory = Memory(Rules(confirm_gone=1, confirm_changed=1))
    memory.poll(listing(3, 2, 1))
    assert memory.poll([item(3, title="Corrected"), item(1)]) == [(CHANGED, 0), (GONE, 1)]


def test_a_missing_row_is_gone_at_the_third_sound_poll() -> None:
    memory = Memory()
    memory.poll(listing(3, 2, 1))
    assert [memory.poll(listing(3, 1)) for _ in range(4)] == [[], [], [(GONE, 1)], []]


def test_a_304_counts_towards_gone() -> None:
    memory = Memory()
    memory.poll(listing(3, 2, 1))
    memory.poll(listing(3, 1))
    assert [memory.confirm() for _ in range(3)] == [[], [(GONE, 1)], []]


def test_news_above_does_not_hide_that_a_row_is_missing() -> None:
    memory = Memory()
    memory.poll(listing(3, 2, 1))
    memory.poll(listing(4, 2, 1))
    memory.poll(listing(5, 4, 2, 1))
    assert memory.poll(listing(6, 5, 4, 2, 1)) == [(NEW, 5), (GONE, 0)]


def test_rows_that_leave_by_the_bottom_have_scrolled_off() -> None:
    memory = Memory()
    memory.poll(listing(3, 2, 1))
    for _ in range(4):
        assert memory.poll(listing(3, 2)) == []
    assert memory.poll(listing(3)) == []
    assert not any(entry.gone for entry in memory.entries.values())


def test_a_row_is_not_gone_once_nothing_below_it_shows() -> None:
    memory = Memory()
    memory.poll(listing(3, 2, 1))
    memory.poll(listing(3, 1))
    memory.poll(listing(4, 3, 1))
    assert memory.poll(listing(5, 4, 3)) == [(NEW, 4)]
    assert memory.poll(listing(5, 4, 3)) == []


def test_back_is_the_same_entry_and_not_new() -> None:
    memory = Memory()
    memory.poll(listing(3, 2, 1))
    for _ in range(3):
        memory.poll(listing(3, 1))
    assert memory.poll(listing(3, 2, 1)) == [(BACK, 1)]
    assert memory.poll(listing(3, 2, 1)) == []


def test_nothing_is_gone_where_dates_increase_downwards_or_are_none() -> None:
    pinned = [item(9, day=-100), item(3), item(2), item(1)]
    undated = [replace(row, date=None) for row in listing(3, 2, 1)]
    for full, missing in ((pinned, 0), (pinned, 2), (undated, 1)):
        memory = Memory()
        memory.poll(full)
        short = full[:missing] + full[missing + 1 :]
        assert [memory.poll(short) for _ in range(5)] == [[]] * 5


def test_a_changed_title_keeps_its_entry_by_link_and_a_changed_link_by_title() -> None:
    memory = Memory()
    memory.poll(listing(3, 2, 1))
    retitled = [item(3, title="Renamed"), item(2, link=f"{PAGE}press/2"), item(1)]
    assert memory.poll(retitled) == []
    assert memory.poll(retitled) == [(CHANGED, 0), (CHANGED, 1)]


def test_link_and_title_changing_one_after_the_other_within_the_wait_is_one_entry() -> None:
    memory = Memory()
    memory.poll(listing(2, 1))
    assert memory.poll([item(2, link=f"{PAGE}press/2"), item(1)]) == []
    assert memory.poll([item(2, title="Renamed", link=f"{PAGE}press/2"), item(1)]) == []


def test_link_and_title_both_changed_at_once_is_a_new_one() -> None:
    memory = Memory()
    memory.poll(listing(2, 1))
    assert memory.poll([item(2, title="Other", link=f"{PAGE}press/9"), item(1)]) == [(NEW, 2)]


def test_a_guid_outlives_link_and_title() -> None:
    memory = Memory()
    memory.poll([Item("Old", f"{PAGE}a", guid="g1"), Item("Rest", f"{PAGE}b", guid="g2")])
    renamed = [Item("New", f"{PAGE}c", guid="g1"), Item("Rest", f"{PAGE}b", guid="g2")]
    assert memory.poll(renamed) == []
    assert memory.poll(renamed) == [(CHANGED, 0)]


def test_a_new_guid_on_the_same_link_is_the_same_entry() -> None:
    memory = Memory()
    memory.poll([Item("Title", f"{PAGE}a", guid="http://x/1")])
    assert memory.poll([Item("Title", f"{PAGE}a", guid="https://x/1")]) == []


def test_rows_that_share_a_link_are_told_apart_by_title() -> None:
    memory = Memory()
    agenda = f"{PAGE}agenda.pdf"
    rows = [item(3, link=agenda), item(2, link=agenda), item(1, link=agenda)]
    assert len(memory.poll(rows)) == 3
    assert memory.poll(rows) == []
    assert memory.poll([item(4, link=agenda), *rows]) == [(NEW, 3)]


def test_the_same_row_twice_stays_two_entries_and_is_no_news() -> None:
    memory = Memory()
    twice = [item(2), item(1), item(1)]
    assert len(memory.poll(twice)) == 3
    for _ in range(4):
        assert memory.poll(twice) == []


def test_equal_titles_without_dates_come_back_as_news_only_with_a_new_link() -> None:
    memory = Memory()
    memory.poll([Item("Notice", f"{PAGE}1")])
    memory.poll([Item("Other", f"{PAGE}x")])
    assert memory.poll([Item("Notice", f"{PAGE}1")]) == []
    memory.poll([Item("Other", f"{PAGE}x")])
    assert memory.poll([Item("Notice", f"{PAGE}2")]) == [(NEW, 2)]


def test_rows_are_told_oldest_first_whichever_way_the_list_runs() -> None:
    down = identify(listing(3, 2, 1), PAGE)
    up = identify(listing(1, 2, 3), PAGE)
    level = identify([item(1, day=0), item(2, day=0)], PAGE)
    pinned = identify([item(0), *listing(3, 2, 1)], PAGE)
    undated = identify([replace(row, date=None) for row in listing(2, 1)], PAGE)
    assert oldest_first(down) == [2, 1, 0]
    assert oldest_first(up) == [0, 1, 2]
    assert oldest_first(level) == [1, 0]
    assert oldest_first(pinned) == [3, 2, 1, 0]
    assert oldest_first(undated) == [1, 0]


def test_the_same_listing_again_changes_nothing_where_rows_are_twins() -> None:
    memory = Memory(Rules(confirm_gone=1, confirm_changed=1))
    day, other = date(2020, 5, 1), date(2020, 5, 2)
    link = f"{PAGE}agenda.pdf"
    memory.poll([Item("A", link, date=day), Item("A", link, date=day), Item("B", link)])
    shown = [Item("B", link), Item("A", link, date=other), Item("A", link, date=day)]
    memory.poll(shown)
    assert [memory.poll(shown) for _ in range(3)] == [[]] * 3


# ---------------------------------------------------------------- properties

items = st.builds(
    Item,
    title=st.sampled_from(["A", "B", "C", "D"]),
    link=st.sampled_from([f"{PAGE}{n}" for n in range(4)] + [f"http://www.press.example.org/{0}"]),
    guid=st.sampled_from([None, "g1", "g2", "g3"]),
    date=st.sampled_from([None, date(2020, 5, 1), date(2020, 5, 2), date(2020, 5, 3)]),
)
listings = st.lists(items, max_size=6)


@given(st.lists(listings, min_size=1, max_size=6))
def test_every_row_is_one_entry_and_no_two_rows_are_the_same(polls: list[list[Item]]) -> None:
    memory = Memory()
    for shown in polls:
        before = set(memory.entries)
        told = memory.poll(shown)
        new = [key for kind, key in told if kind is NEW]
        present = [place.key for place in memory.order if place.absent_since is None]
        assert len(present) == len(shown)
        assert len(set(present)) == len(shown)
        assert set(new) == set(memory.entries) - before
        assert len({place.key for place in memory.order}) == len(memory.order)


@given(listings, listings, st.integers(1, 3), st.integers(1, 4))
def test_the_same_listing_again_is_never_news(
    first: list[Item], second: list[Item], changed: int, gone: int
) -> None:
    memory = Memory(Rules(gone, changed))
    for shown in (first, second):
        memory.poll(shown)
        for _ in range(3):
            assert not [told for told in memory.poll(shown) if told[0] in (NEW, BACK)]


@given(st.lists(listings, min_size=1, max_size=4), st.integers(1, 3), st.integers(1, 4))
def test_a_304_decides_what_the_same_listing_would(
    polls: list[list[Item]], changed: int, gone: int
) -> None:
    by_body, by_304 = Memory(Rules(gone, changed)), Memory(Rules(gone, changed))
    for shown in polls:
        assert by_body.poll(shown) == by_304.poll(shown)
    for _ in range(5):
        assert by_body.poll(polls[-1]) == by_304.confirm()


@given(st.lists(listings, min_size=1, max_size=5))
def test_an_entry_gone_is_no_place_and_one_back_was_gone(polls: list[list[Item]]) -> None:
    memory = Memory(Rules(1, 1))
    for shown in polls:
        gone_before = {key for key, entry in memory.entries.items() if entry.gone}
        for kind, key in memory.poll(shown):
            if kind is BACK:
                assert key in gone_before
            if kind is GONE:
                assert key not in {place.key for place in memory.order}
