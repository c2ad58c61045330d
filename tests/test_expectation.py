"""What is to be expected of a source, and how long a silence is improbable."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import count

import pytest

from feedbot.expectation import Day, learn, lost_dates, silence

SINCE = date(2020, 3, 2)  # a Monday


def every(step: int, times: int, new: int = 1) -> list[Day]:
    return [Day(SINCE + timedelta(days=step * n), new) for n in range(times)]


def told_after(days: list[Day]) -> int:
    """The days of silence after which it is told."""
    expected = learn(days, SINCE)
    assert expected
    last = max(one.day for one in days)
    return next(n for n in count(1) if silence(expected, last + timedelta(days=n + 1)))


def test_a_daily_source_is_missed_within_days_and_a_weekly_one_within_weeks() -> None:
    assert 1 <= told_after(every(1, 60)) <= 3
    assert 14 <= told_after(every(7, 12)) <= 35
    assert told_after(every(1, 60)) < told_after(every(3, 20))


def test_the_sentence_says_what_is_usual() -> None:
    days = [Day(SINCE + timedelta(days=n), 1) for n in range(70) if n % 7 in (0, 2, 4)]
    expected = learn(days, SINCE)
    assert expected
    said = silence(expected, expected.last + timedelta(days=20))
    assert said == "usually 3 a week, nothing for 19 days, the page still answers"


def test_weekends_without_news_are_no_silence() -> None:
    days = [Day(SINCE + timedelta(days=n), 2) for n in range(75) if n % 7 < 5]
    friday = max(one.day for one in days)
    assert friday.weekday() == 4
    expected = learn(days, SINCE)
    assert expected
    assert silence(expected, friday + timedelta(days=3)) is None  # on Monday


@pytest.mark.parametrize("days", [[], every(1, 4), every(2, 5)])
def test_of_too_little_nothing_is_learnt(days: list[Day]) -> None:
    assert learn(days, SINCE) is None


def test_dates_are_lost_where_most_rows_had_one() -> None:
    before = [Day(SINCE, 0, 10, 9), Day(SINCE + timedelta(days=1), 0, 10, 10)]
    lost = Day(SINCE + timedelta(days=2), 0, 10, 1)
    assert lost_dates([*before, lost])
    assert lost_dates(before) is None
    assert lost_dates([Day(SINCE, 0, 10, 2), lost]) is None
    assert lost_dates([lost]) is None
