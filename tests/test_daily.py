"""Counters owed through the store: once per local date, whatever the process does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from feedbot.clock import SimulatedClock
from feedbot.daily import Daily
from feedbot.model import Counter
from feedbot.owing import Follower
from feedbot.poll import Audience
from feedbot.store.engine import Store
from feedbot.store.schema import deliveries, subscribers
from tests import seed

LONDON = ZoneInfo("Europe/London")
COUNTERS = [
    Counter(name, "{days} days", since=since, at=time(9), timezone=LONDON)
    for name, since in zip(("one", "two"), seed.SINCE, strict=True)
]
EVENING = datetime(2020, 5, 26, 20, 0, tzinfo=UTC)


class Days:
    """Counters over a real store; `restart` is a new process on the same one."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.clock = SimulatedClock(EVENING)
        self.counters = list(COUNTERS)

    async def restart(self) -> Daily:
        async def followers(_: Any) -> list[Follower]:
            return [Follower(1), Follower(2, counters=frozenset({"two"}))]

        async def operator(_: Any) -> None:
            return None

        daily = Daily(self.store, self.clock, Audience(followers, operator), lambda: self.counters)
        await daily.sync()
        return daily

    async def owed(self) -> list[tuple[int, str, str]]:
        query = sa.select(deliveries.c.subscriber_id, deliveries.c.payload).order_by(
            deliveries.c.id
        )
        async with self.store.reading() as connection:
            return [
                (row.subscriber_id, row.payload["day"], row.payload["text"])
                for row in await connection.execute(query)
            ]


@pytest.fixture
async def days(tmp_path: Path) -> AsyncIterator[Days]:
    store = await Store.open(f"sqlite:///{tmp_path}/feedbot.db")
    async with store.transaction() as connection:
        await connection.execute(
            sa.insert(subscribers),
            [
                {"address": a, "topic": 0, "origin": "config", "state": "active",
                 "created_at": EVENING}
                for a in ("1", "2")
            ],
        )  # fmt: skip
    yield Days(store)
    await store.close()


async def test_a_days_count_is_owed_once_to_those_who_follow(days: Days) -> None:
    daily = await days.restart()
    assert await daily.owe_due() == 0  # first seen after nine: not today
    days.clock.set(datetime(2020, 5, 27, 7, 59, 59, tzinfo=UTC))
    assert await daily.owe_due() == 0
    days.clock.set(datetime(2020, 5, 27, 8, 0, tzinfo=UTC))
    assert await daily.owe_due() == 3
    assert await days.owed() == [
        (1, "2020-05-27", "815 days"),
        (1, "2020-05-27", "807 days"),
        (2, "2020-05-27", "807 days"),
    ]
    for _ in range(3):
        days.clock.advance(timedelta(hours=4))
        assert await daily.owe_due() == 0
        assert await (await days.restart()).owe_due() == 0


async def test_an_hour_that_was_missed_is_made_up_the_same_day_and_no_other(days: Days) -> None:
    await days.restart()
    days.clock.set(datetime(2020, 5, 29, 21, 30, tzinfo=UTC))
    assert await (await days.restart()).owe_due() == 3
    assert {day for _, day, _ in await days.owed()} == {"2020-05-29"}


async def test_two_processes_at_once_owe_one_count(days: Days) -> None:
    first, second = await days.restart(), await days.restart()
    days.clock.set(datetime(2020, 5, 27, 9, 0, tzinfo=UTC))
    assert await first.owe_due() == 3
    assert await second.owe_due() == 0


async def test_a_clock_set_back_owes_nothing_again(days: Days) -> None:
    daily = await days.restart()
    days.clock.set(datetime(2020, 5, 28, 9, 0, tzinfo=UTC))
    assert await daily.owe_due() == 3
    days.clock.set(datetime(2020, 5, 27, 9, 0, tzinfo=UTC))
    assert await daily.owe_due() == 0
    assert len(await days.owed()) == 3


async def test_a_counter_added_later_starts_by_its_own_first_sight(days: Days) -> None:
    daily = await days.restart()
    days.clock.set(datetime(2020, 5, 27, 9, 0, tzinfo=UTC))
    await daily.owe_due()
    days.counters.append(
        Counter("three", "{days} left", until=date(2020, 5, 29), at=time(9), timezone=LONDON)
    )
    await daily.sync()
    assert await daily.owe_due() == 0
    texts = []
    for day in range(28, 32):
        days.clock.set(datetime(2020, 5, day, 8, 30, tzinfo=UTC))
        await daily.owe_due()
        texts.append([text for _, _, text in await days.owed() if text.endswith("left")])
    assert texts == [["1 left"], ["1 left", "0 left"], ["1 left", "0 left"], ["1 left", "0 left"]]
