"""What counters read, how they are worded, and that each local date is owed exactly once."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from feedbot.counters import (
    check_text,
    days,
    due,
    is_milestone,
    local_date,
    next_due,
    wording,
)  # fmt: skip
from feedbot.model import Counter
from tests import seed

LONDON = ZoneInfo("Europe/London")
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
RUSSIAN = {"one": "{days} день", "few": "{days} дня", "many": "{days} дней"}


def counter(**fields: object) -> Counter:
    given = {"name": "c", "text": "{days} days", "since": date(2018, 3, 4), "timezone": LONDON}
    return Counter(**(given | fields))  # type: ignore[arg-type]


def since(number: int) -> Counter:
    return counter(since=seed.SINCE[number])


def count(which: Counter, now: datetime) -> int:
    return days(which, local_date(which, now))


@pytest.mark.parametrize("capture", seed.CAPTURES, ids=lambda capture: str(capture.london))
def test_every_capture_of_the_page_is_matched(capture: seed.Capture) -> None:
    assert (count(since(0), capture.at), count(since(1), capture.at)) == capture.counts


def test_all_eight_captures_are_there() -> None:
    assert len(seed.CAPTURES) == 8


def test_the_local_midnight_of_summer_time_counts() -> None:
    late = datetime(2020, 5, 27, 23, 30, tzinfo=UTC)
    assert (count(since(0), late), count(since(1), late)) == (816, 808)


def test_until_counts_down_and_stays_at_zero() -> None:
    until = counter(since=None, until=date(2020, 5, 27))
    shown = [days(until, date(2020, 5, 27) + timedelta(days=on)) for on in (-2, -1, 0, 1)]
    assert shown == [2, 1, 0, 0]


def test_a_counter_without_a_date_is_a_mistake_that_names_it() -> None:
    with pytest.raises(ValueError, match="counter c "):
        days(counter(since=None), date(2020, 1, 1))


@pytest.mark.parametrize(
    ("number", "text"),
    [(1, "1 день"), (2, "2 дня"), (11, "11 дней"), (21, "21 день"), (112, "112 дней"),
     (0, "0 дней")],
)  # fmt: skip
def test_russian_plural_forms(number: int, text: str) -> None:
    assert wording(counter(text=RUSSIAN, language="ru"), number) == text


def test_a_form_that_is_missing_falls_back_to_other() -> None:
    text = {"one": "{days} день", "other": "{days} дн."}
    assert wording(counter(text=text, language="ru"), 3) == "3 дн."


def test_the_date_counted_from_is_worded_in_the_language() -> None:
    text = "{days} days since {date} {{sic}}"
    assert wording(counter(text=text), 815) == "815 days since 4 March 2018 {sic}"
    assert "4 марта 2018" in wording(counter(text=text, language="ru"), 815)


def test_an_unknown_language_is_worded_as_english() -> None:
    text = {"one": "{days} day", "other": "{days} days"}
    assert wording(counter(text=text, language="tlhzz"), 1) == "1 day"


def local(text: str, zone: ZoneInfo = LONDON) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def owed(which: Counter, now: str, first_seen: datetime = LONG_AGO, last: str = "") -> str:
    found = due(
        which,
        local(now, which.timezone),
        first_seen=first_seen,
        last_owed=date.fromisoformat(last) if last else None,
    )
    return str(found or "")


def test_owed_from_its_hour_on_and_once() -> None:
    assert owed(counter(), "2020-05-27 08:59:59") == ""
    assert owed(counter(), "2020-05-27 09:00") == "2020-05-27"
    assert owed(counter(), "2020-05-27 09:00", last="2020-05-27") == ""


def test_missed_at_its_hour_it_is_owed_later_the_same_day() -> None:
    assert owed(counter(), "2020-05-27 23:59", last="2020-05-20") == "2020-05-27"


def test_a_missed_day_is_not_made_up_for() -> None:
    assert owed(counter(), "2020-05-28 08:00", last="2020-05-26") == ""
    assert owed(counter(), "2020-05-28 09:00", last="2020-05-26") == "2020-05-28"


def test_a_date_owed_ahead_holds_until_it_has_passed() -> None:
    assert owed(counter(), "2020-05-27 10:00", last="2020-05-28") == ""


@pytest.mark.parametrize(
    ("seen", "first"),
    [("08:00", "2020-05-27"), ("09:00", "2020-05-27"), ("09:00:01", "2020-05-28")],
)
def test_first_seen_after_its_hour_it_starts_the_next_day(seen: str, first: str) -> None:
    seen_at = local(f"2020-05-27 {seen}")
    found = [
        owed(counter(), f"2020-05-{day} {hour}", seen_at)
        for day in (27, 28)
        for hour in ("08:00", "09:00", "23:00")
    ]
    assert next(day for day in found if day) == first


def test_since_in_the_future_waits_for_day_0() -> None:
    assert owed(counter(since=date(2020, 5, 28)), "2020-05-27 10:00") == ""
    assert owed(counter(since=date(2020, 5, 28)), "2020-05-28 10:00") == "2020-05-28"


def test_until_ends_with_0() -> None:
    until = counter(since=None, until=date(2020, 5, 27))
    assert owed(until, "2020-05-27 10:00") == "2020-05-27"
    assert owed(until, "2020-05-28 10:00") == ""


ZONES = (
    ("Europe/London", 2020),
    ("Asia/Beirut", 2021),  # midnight itself is skipped in spring
    ("Australia/Lord_Howe", 2020),  # half an hour
    ("Europe/Moscow", 2011),  # the year it stayed in summer time
    ("Pacific/Apia", 2011),  # a whole day left out
    ("America/Nuuk", 2024),  # the clock leaps from 23:00 to midnight
)
HOURS = ("00:00", "01:30", "02:30", "23:30")


@pytest.mark.parametrize(("name", "year"), ZONES)
def test_every_minute_of_a_year_owes_each_local_date_once(name: str, year: int) -> None:
    zone = ZoneInfo(name)
    start = datetime(year, 1, 1, tzinfo=zone).astimezone(UTC)
    ticks = [start + timedelta(minutes=minute) for minute in range(365 * 24 * 60)]
    expected = list(dict.fromkeys(now.astimezone(zone).date() for now in ticks))
    for at in HOURS:
        which = counter(at=time.fromisoformat(at), timezone=zone, since=date(2000, 1, 1))
        found: list[date] = []
        for now in ticks:
            day = due(which, now, first_seen=start, last_owed=found[-1] if found else None)
            if day:
                found.append(day)
        assert found in (expected, expected[:-1]), at  # the last day's hour may lie beyond


@pytest.mark.parametrize(("name", "year"), ZONES)
def test_next_due_is_the_first_minute_at_which_it_is_owed(name: str, year: int) -> None:
    zone = ZoneInfo(name)
    for at in HOURS:
        which = counter(at=time.fromisoformat(at), timezone=zone, since=date(2000, 1, 1))
        now = first = datetime(year, 1, 1, tzinfo=UTC)
        last: date | None = None
        for _ in range(365):
            soon = next_due(which, now, first_seen=first, last_owed=last)
            assert soon is not None
            assert soon >= now
            assert soon.utcoffset() == timedelta(0)
            before = soon - timedelta(seconds=1)
            if before >= now:
                assert due(which, before, first_seen=first, last_owed=last) is None
            day = due(which, soon, first_seen=first, last_owed=last)
            assert day is not None
            assert last is None or timedelta(1) <= day - last <= timedelta(2)
            now, last = soon, day


def upcoming(which: Counter, now: str, last: str = "", seen: datetime = LONG_AGO) -> str:
    found = next_due(
        which,
        local(now),
        first_seen=seen,
        last_owed=date.fromisoformat(last) if last else None,
    )
    return found.strftime("%Y-%m-%d %H:%M") if found else "never"


def test_next_due_for_status() -> None:
    assert upcoming(counter(), "2020-05-27 07:00") == "2020-05-27 08:00"
    assert upcoming(counter(), "2020-05-27 10:00") == "2020-05-27 09:00"  # owed now
    assert upcoming(counter(), "2020-05-27 10:00", "2020-05-27") == "2020-05-28 08:00"
    assert upcoming(counter(since=date(2030, 1, 1)), "2020-05-27 10:00") == "2030-01-01 09:00"
    seen = local("2020-05-27 09:30")
    assert upcoming(counter(), "2020-05-27 10:00", seen=seen) == "2020-05-28 08:00"


def test_next_due_ends_with_until() -> None:
    until = counter(since=None, until=date(2020, 5, 27))
    assert upcoming(until, "2020-05-27 07:00") == "2020-05-27 08:00"
    assert upcoming(until, "2020-05-27 10:00", "2020-05-27") == "never"
    assert upcoming(until, "2020-06-27 10:00") == "never"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("{days} days since {date}", "en"),
        ("a plain line {{in braces}}", "en"),
        ({"one": "{days} day", "other": "{days} days"}, "en"),
        (RUSSIAN, "ru"),
        ({"other": "{days}日"}, "ja"),
    ],
)
def test_wordings_that_are_right(text: str | dict[str, str], language: str) -> None:
    assert check_text(text, language) is None


@pytest.mark.parametrize(
    ("text", "language", "what"),
    [
        ("{day} days", "en", "unknown field {day}; known: {days} and {date}"),
        ("{} days", "en", "unknown field {}"),
        ("{days.real}", "en", "unknown field {days.real}"),
        ("{days:,}", "en", "takes no format"),
        ("{days!r}", "en", "takes no format"),
        ("{days days", "en", "bad braces"),
        ("days}", "en", "bad braces"),
        ("  ", "en", "is empty"),
        ({"other": "{days} дн."}, "ru", "`one`, `few`, `many`"),
        ({"one": "a day"}, "en", "`other`"),
        ({"one": "1", "other": "{dys}"}, "en", "other: unknown field {dys}"),
        ({"one": "1", "others": "2"}, "en", "unknown plural form `others`"),
    ],
)
def test_wordings_that_are_wrong(text: str | dict[str, str], language: str, what: str) -> None:
    problem = check_text(text, language)
    assert problem is not None
    assert what in problem
    assert "\n" not in problem


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        (date(2018, 3, 4), True),  # day 0
        (date(2018, 6, 12), True),  # day 100
        (date(2019, 3, 4), True),  # a year, day 365
        (date(2019, 3, 5), False),
        (date(2018, 3, 3), False),
        (date(2017, 11, 24), False),  # 100 days before
    ],
)
def test_milestones_are_hundreds_and_anniversaries(on: date, expected: bool) -> None:
    assert is_milestone(Counter("c", "{days}", since=date(2018, 3, 4)), on) is expected
