"""What passes as news, by values alone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedbot.diff import Diff, Place, Rules, diff
from feedbot.identity import Row, identify
from feedbot.judge import Burst, History, Judgement, allowance, doubt, is_short, judge
from feedbot.matching import Known
from feedbot.model import Item

NOW = datetime(2020, 5, 27, 12, tzinfo=UTC)
TODAY = NOW.date()


def rows_of(*said: tuple[str, date | None]) -> tuple[Row, ...]:
    items = [Item(title, f"https://x.example/{title}", date=day) for title, day in said]
    return identify(items, "https://x.example/")


def known_of(rows: tuple[Row, ...]) -> list[Known]:
    return [
        Known(
            key,
            row.guid,
            row.link_key,
            row.title_key,
            row.fingerprint,
            row.item.date,
            title=row.item.title,
            link=row.item.link,
        )
        for key, row in enumerate(rows)
    ]


OLD = rows_of(*((f"old {n}", TODAY - timedelta(days=n)) for n in range(10)))
STANDING = known_of(OLD)


def compared(rows: tuple[Row, ...]) -> Diff:
    return diff(rows, STANDING, [Place(one.key) for one in STANDING], 2, Rules())


def judged(
    rows: tuple[Row, ...], burst: Burst = "auto", history: History | None = None
) -> Judgement:
    past = history or History(usual=10)
    return judge(rows, compared(rows), STANDING, past, burst, NOW)


def new(count: int, day: date | None = TODAY) -> tuple[Row, ...]:
    return rows_of(*((f"new {n}", day) for n in range(count)))


@given(st.integers(0, 40), st.sampled_from(["auto", "off", 1, 7]), st.booleans())
def test_every_new_row_is_news_or_held_and_never_both(
    count: int, burst: Burst, dated: bool
) -> None:
    said = judged(new(count, TODAY if dated else None) + OLD, burst)
    assert sorted([*said.news, *said.held]) == list(range(count))
    assert bool(said.why) == bool(said.held)


def test_the_uppermost_of_too_many_pass_where_they_are_dated() -> None:
    said = judged(new(12) + OLD)
    assert said.news == (0, 1, 2, 3, 4)
    assert judged(new(12, None) + OLD).news == ()


def test_a_day_that_is_to_come_is_no_date_of_news() -> None:
    assert judged(new(12, TODAY + timedelta(days=30)) + OLD).news == ()


@pytest.mark.parametrize(
    ("history", "most"),
    [
        (History(), 5),
        (History(busiest=3), 5),
        (History(busiest=12), 12),
        (History(busiest=12, away=3), 36),
    ],
)
def test_what_needs_no_explanation(history: History, most: int) -> None:
    assert allowance("auto", history, STANDING) == most
    assert allowance(2, history, STANDING) == 2
    assert allowance("off", history, STANDING) is None


def test_rows_of_one_day_in_the_list_itself_are_history_too() -> None:
    busy = known_of(rows_of(*((f"old {n}", TODAY) for n in range(9))))
    assert allowance("auto", History(), busy) == 9


@pytest.mark.parametrize(
    ("rows", "history", "short"),
    [
        (4, History(usual=10), True),
        (5, History(usual=10), False),
        (1, History(usual=3), False),
        (4, History(usual=10, fewest=4), False),
        (3, History(usual=10, fewest=4), True),
        (0, History(), False),
    ],
)
def test_short_is_less_than_half_and_less_than_ever(
    rows: int, history: History, short: bool
) -> None:
    assert is_short(rows, history) is short


def test_nothing_is_doubtful_where_little_is_known() -> None:
    rows = new(10, date(2019, 1, 1))
    assert doubt(rows, compared(rows), STANDING[:3], History(usual=3)) is None
    assert doubt(rows, compared(rows), STANDING, History(usual=10))
