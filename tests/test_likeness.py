"""One thing under two layouts, and two things that only look alike."""

from __future__ import annotations

from datetime import date
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedbot.likeness import _assignment, assign, said
from tests.corpus import listings

DAY = date(2024, 3, 18)
TEXT = "Staff found the fault during a routine inspection and repaired it the same day."


Saying = tuple[str, str, date | None, str]


def one(title: str, link: str = "", day: date | None = DAY, text: str = "") -> Saying:
    return title, f"https://press.example.org/{link}", day, text


SAME = [
    # what was                                   what is shown now
    (one("New showers on the upper floor", "n/1"), one("New showers on the upper …", "x")),
    (one("New showers on the upper floor", "n/1"), one("new showers on the upper floor!", "x")),
    (one("New showers upstairs", day=None), one("New showers upstairs", "x", day=DAY)),
    (one("Об изменении телефона горячей линии консульства"),
     one("Консульство: об изменении телефона горячей линии консульства")),
    (one("Sauna out of order", "news/1242"), one("The sauna is out of order", "item?id=1242")),
    (one("Sauna out of order", text=TEXT), one("Sauna", text=f"Sauna out of order {TEXT}")),
    (one("Sauna out of orderFri"), one("Sauna out of order")),
    (one("Point motors humming", "t?p=8858", date(2023, 10, 4)),
     one("Point motors humming", "t/point-motors-humming/8858", date(2023, 9, 1))),
    (one("关于开放时间的通知公告", day=DAY), one("关于开放时间的通知公告", "x", date(2024, 3, 19))),
    (one("v2.8.4"), one("2.8.4", "x")),
]  # fmt: skip
OTHER = [
    (one("Weekly bulletin 12"), one("Weekly bulletin 13")),
    (one("Weekly bulletin 1…"), one("Weekly bulletin 12")),
    (one("Weekly bulletin", day=date(2024, 3, 11)), one("Weekly bulletin", day=DAY)),
    (one("Agenda of the planning committee"), one("Minutes of the planning committee")),
    (one("Minutes of the council"), one("Minutes of the council (draft)")),
    (one("Agenda of the harbour board", "a/2024"), one("Minutes of the harbour board", "b/2024")),
    (one("Sitzung des Bauausschusses", text=TEXT), one("Sitzung des Finanzausschusses", text=TEXT)),
    (one("Tender 5 for paper", text=TEXT), one("Tender 6 for paper", text=TEXT)),
    (one("Notice", day=None), one("Notice of sale", day=None)),
    (one("In the interest of M.K., a minor child"), one("In the interest of K.M., a minor child")),
    (one("关于举办春季展览的通知"), one("关于举办秋季展览的通知")),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after"), SAME)
def test_one_thing_is_found_again(before: Saying, after: Saying) -> None:
    assert assign({0: said(*after)}, {7: said(*before)}) == {0: 7}


@pytest.mark.parametrize(("before", "after"), OTHER)
def test_two_things_are_never_one(before: Saying, after: Saying) -> None:
    assert assign({0: said(*after)}, {7: said(*before)}) == {}


def test_not_the_first_match_is_taken_but_all_of_them_together() -> None:
    """Both old titles could be the first row; only one of them can be the second."""
    long = "A concert of chamber music in the harbour hall with strings"
    before = {1: said(*one(long)), 2: said(*one(f"{long} and piano, free of charge"))}
    after = {0: said(*one(f"{long} and …")), 1: said(*one(f"{long} (sold out)"))}
    assert assign(after, before) == {0: 2, 1: 1}
    assert assign(dict(reversed(after.items())), before) == {0: 2, 1: 1}


def test_many_that_are_alike_take_no_time() -> None:
    titles = [f"A notice of the harbour office for masters of small vessels {n}" for n in "a" * 150]
    rows = {number: said(*one(title)) for number, title in enumerate(titles)}
    found = assign(rows, rows)
    assert sorted(found) == sorted(found.values()) == list(range(150))


@given(
    st.integers(1, 5).flatmap(
        lambda n: st.lists(
            st.lists(st.integers(-9, 0), min_size=n, max_size=n), min_size=n, max_size=n
        )
    )
)
def test_the_assignment_has_the_lowest_sum_there_is(cost: list[list[int]]) -> None:
    size = range(len(cost))
    found = _assignment(cost)
    assert sorted(row for row, _ in found) == sorted(column for _, column in found) == list(size)
    sums = [sum(cost[row][column] for row, column in enumerate(way)) for way in permutations(size)]
    assert sum(cost[row][column] for row, column in found) == min(sums)


def test_no_item_of_a_page_is_taken_for_another_one() -> None:
    """Each item of the corpus alone, beside all others of its page: as if it had just come."""
    wrong = []
    for page in listings():
        everything = {
            number: said(row.title, row.href, row.date, row.summary or "")
            for number, row in enumerate(page.items)
        }
        for number, new in everything.items():
            others = {other: old for other, old in everything.items() if other != number}
            wrong += [
                (page.items[number].title, page.items[other].title)
                for other in assign({0: new}, others).values()
            ]
    assert wrong == []
