"""Days as they pass: feedbot under `faketime`, at the moments the seed was captured."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests import seed
from tests.commands import Desk
from tests.require import needs
from tests.seed import LONDON, Capture

pytestmark = needs("faketime")

NAMES = ["salisbury", "glushkov"]


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with Desk(tmp_path) as desk:
        yield desk


def london(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LONDON)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+00:00")


def lines(*counts: int) -> list[str]:
    """What the channel reads of both counters."""
    return [
        counter.text.format(days=days) for counter, days in zip(seed.COUNTERS, counts, strict=True)
    ]


async def once(desk: Desk, at: datetime) -> list[str]:
    """Let `feedbot once` run at that moment; what the channel got by it."""
    before = len(desk.posted())
    done = await desk.feedbot("once", at=at)
    assert done.code == 0, done.err
    return desk.posted()[before:]


@pytest.mark.parametrize(
    "captures", [seed.CAPTURES[:4], seed.CAPTURES[4:]], ids=["to 2019", "from 2020"]
)
async def test_the_counters_read_what_the_page_showed(
    desk: Desk, captures: Sequence[Capture]
) -> None:
    assert len(seed.CAPTURES) == 8
    desk.count_days()
    assert await once(desk, captures[0].at - timedelta(days=1)) == []
    for capture in captures:  # between them lie months: they are never made up for
        assert await once(desk, capture.at) == lines(*capture.counts)
    status = (await desk.feedbot("status", "--json", at=capture.at)).json["counters"]
    assert [(row["name"], row["days"]) for row in status] == [
        *zip(NAMES, capture.counts, strict=True)
    ]
    midnight = capture.london.replace(hour=0, minute=0) + timedelta(days=1)
    assert {datetime.fromisoformat(row["next"]) for row in status} == {midnight}


async def test_the_day_ends_at_midnight_in_london(desk: Desk) -> None:
    desk.count_days()
    assert await once(desk, utc("2020-05-27 20:55")) == []  # first seen after their hour
    assert await once(desk, utc("2020-05-27 22:58")) == []
    assert await once(desk, utc("2020-05-27 23:30")) == lines(816, 808)


async def test_a_missed_hour_is_made_up_for_on_its_day_and_a_missed_day_never(desk: Desk) -> None:
    desk.count_days(at="09:00")
    assert await once(desk, london("2020-05-27 08:30")) == []
    assert await once(desk, london("2020-05-27 21:55")) == lines(815, 807)
    assert await once(desk, london("2020-05-30 08:30")) == []
    assert await once(desk, london("2020-05-30 11:00")) == lines(818, 810)


async def test_the_next_days_page_brings_its_rows_and_the_counters_first_seen_late(
    desk: Desk,
) -> None:
    desk.count_days(at="09:00")
    assert await once(desk, seed.NOW) == []  # it is 21:55: the counters start tomorrow
    status = (await desk.feedbot("status", "--json", at=seed.NOW)).json["counters"]
    assert [row["next"] for row in status] == ["2020-05-28T08:00:00Z"] * 2
    added = desk.site.next_day()
    posted = await once(desk, london("2020-05-28 09:00"))
    counted = lines(816, 808)  # they take turns with the news, each in its order
    assert [text for text in posted if text not in counted] == [
        row.title for row in reversed(added)
    ]
    assert [text for text in posted if text in counted] == counted
    assert await once(desk, london("2020-05-28 21:55")) == []
    published = [datetime.fromisoformat(entry.published) for entry in desk.feed().entries]
    days = [row.day for row in added] + [row.date for row in seed.ROWS]
    assert [moment.astimezone(LONDON).date() for moment in published] == days
    # A date alone is noon, and for the day on which it was first seen that moment.
    hours = [9] * len(added) + [21 if row.date == seed.DAY else 12 for row in seed.ROWS]
    assert [moment.astimezone(LONDON).hour for moment in published] == hours


async def test_a_running_feedbot_posts_when_the_hour_comes(desk: Desk) -> None:
    desk.count_days(at="09:00")
    await once(desk, london("2020-05-27 08:00"))
    async with desk.running(at=london("2020-05-27 08:59:57")) as running:
        assert "owed" not in running.err
        await running.until(lambda: len(desk.posted()) == 2)
        assert await running.end() == 0
    assert desk.posted() == lines(815, 807)
    assert "2020-05-27 08:00:" in running.err
