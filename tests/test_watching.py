"""What is wrong is told once when it begins and once when it ends, on every road, to no channel."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from feedbot.app import App
from feedbot.clock import SimulatedClock
from feedbot.config import Settings
from feedbot.config.alerts import Alerts
from feedbot.config.sections import Feeds, Http, Storage, Telegram
from feedbot.fetch import Fetcher
from feedbot.store import alarms, history
from feedbot.store.schema import alarms as rows_of_alarms
from feedbot.store.schema import days, deliveries
from feedbot.watching import Roads, Watcher
from tests.guarding import OPERATOR, START, Line, Watch
from tests.guarding import days as rows_of
from tests.web import Asked, Web, reply


class Lookout:
    """A watcher beside a watched source."""

    def __init__(self, watch: Watch, fetcher: Fetcher, folder: Path) -> None:
        self.watch = watch
        self.roads = Roads()
        self.trouble: str | None = None
        self.refused: str | None = None
        self.watcher = Watcher(
            watch.store,
            fetcher,
            watch.clock,
            lambda: self.roads,
            self._operator,
            self._trouble,
            lambda: self.refused,
            lambda: None,
            folder,
        )

    async def _operator(self, _: Any) -> int | None:
        return OPERATOR

    async def _trouble(self) -> str | None:
        return self.trouble

    async def look(self, after: timedelta = timedelta(minutes=1)) -> None:
        self.watch.clock.advance(after)
        await self.watcher.tick()

    async def standing(self) -> list[str]:
        async with self.watch.store.reading() as connection:
            return [one.kind for one in await alarms.standing(connection)]

    async def daily_news(self, number: int) -> None:
        """Something new on each of so many days."""
        for day in range(number):
            self.watch.clock.advance(timedelta(hours=24 - self.watch.clock.now().hour))
            self.watch.add(f"News of day {day}")
            await self.watch.poll()


@pytest.fixture
async def lookout(tmp_path: Path) -> AsyncIterator[Lookout]:
    async with Watch.open(tmp_path) as watch:
        watch.rows = rows_of(10)
        await watch.poll(2)
        fetcher = Fetcher(contact=None, timeout=5, allow_private_networks=True)
        async with fetcher:
            yield Lookout(watch, fetcher, tmp_path)


async def test_a_list_that_is_short_is_told_once_and_its_end_once(lookout: Lookout) -> None:
    watch, full = lookout.watch, lookout.watch.rows
    watch.rows = full[:2]
    for _ in range(6):
        await watch.poll()
        await lookout.look()
    watch.rows = full
    for _ in range(3):
        await watch.poll()
        await lookout.look()
    begun, ended = await watch.told()
    assert begun == "news: far fewer items than the usual 10; nothing is taken for gone"
    assert ended == f"Over: {begun}"
    assert await watch.posted() == []


async def test_what_comes_and_goes_is_told_once_a_day(lookout: Lookout) -> None:
    for turn in range(6):
        lookout.refused = None if turn % 2 else "Unauthorized"
        await lookout.look()
    async with lookout.watch.store.reading() as connection:
        rows = (await connection.execute(sa.select(rows_of_alarms))).all()
    assert [(row.kind, row.times) for row in rows] == [("telegram", 3)]
    await lookout.look(timedelta(days=1, minutes=1))
    async with lookout.watch.store.reading() as connection:
        assert (await connection.execute(sa.select(rows_of_alarms))).all() == []


async def test_an_improbable_silence_is_told_with_its_reason_and_ends_with_news(
    lookout: Lookout,
) -> None:
    watch = lookout.watch
    await lookout.daily_news(20)
    await lookout.look()
    assert await lookout.standing() == []
    for _ in range(5):
        watch.clock.advance(timedelta(days=1))
        await watch.poll()
        await lookout.look()
    [told] = await watch.told()
    assert told.startswith("news: usually 7 a week, nothing for ")
    assert told.endswith("the page still answers")
    watch.add("At last")
    await watch.poll()
    await lookout.look()
    assert (await watch.told())[-1].startswith("Over: news: usually 7 a week")
    assert len(await watch.told()) == 2


async def test_a_source_that_fails_is_no_silence(lookout: Lookout) -> None:
    await lookout.daily_news(20)
    lookout.watch.status = "500 Broken"
    for _ in range(8):
        lookout.watch.clock.advance(timedelta(days=1))
        await lookout.watch.poll()
        await lookout.look()
    assert await lookout.standing() == ["unreadable"]
    [told] = await lookout.watch.told()  # by the poll itself
    assert "fails since" in told


async def test_lost_dates_are_told(lookout: Lookout) -> None:
    watch = lookout.watch
    watch.clock.advance(timedelta(days=1))
    watch.rows = [Line(row.title, None, row.text) for row in watch.rows]
    await watch.poll()
    await lookout.look()
    assert "no dates any more" in (await watch.told())[0]


async def test_the_webhook_hears_of_beginnings_and_ends_and_again_if_it_fails(
    lookout: Lookout,
) -> None:
    async with Web() as hooks:
        heard: list[Any] = []
        answer = "503 Later"

        async def take(asked: Asked, writer: asyncio.StreamWriter) -> None:
            heard.append(json.loads(asked.body))
            writer.write(reply(status=answer))

        hooks.routes["/hook"] = take
        lookout.roads = Roads(url=hooks.url("/hook"))
        lookout.refused = "Unauthorized"
        await lookout.look()
        answer = "204 Heard"
        await lookout.look()
        await lookout.look()
        lookout.refused = None
        await lookout.look()
        await lookout.look()
    said = [[(one["kind"], bool(one["ended"])) for one in body["alarms"]] for body in heard]
    assert said == [[("telegram", False)], [("telegram", False)], [("telegram", True)]]
    assert heard[0]["alarms"][0]["text"] == "Telegram cannot be written to: Unauthorized"


async def test_the_dead_mans_switch_is_pressed_every_minute_while_all_is_well(
    lookout: Lookout,
) -> None:
    async with Web({"/alive": reply(b"ok")}) as hooks:
        lookout.roads = Roads(ping=hooks.url("/alive"))
        for _ in range(3):
            await lookout.look(timedelta(seconds=60))
        await lookout.look(timedelta(seconds=1))
        assert len(hooks.asked) == 3
        lookout.trouble = "the store is read-only"
        await lookout.look()
        assert len(hooks.asked) == 3


async def test_the_day_is_summed_up_once_without_a_sound(lookout: Lookout) -> None:
    lookout.roads = Roads(daily=(START + timedelta(hours=3)).time())
    for _ in range(5):
        lookout.watch.add(f"News {lookout.watch.clock.now()}")
        await lookout.watch.poll()
        await lookout.look()
    query = sa.select(deliveries.c.payload).where(deliveries.c.subscriber_id == OPERATOR)
    async with lookout.watch.store.reading() as connection:
        [payload] = (await connection.execute(query)).scalars().all()
    assert payload["quiet"]
    assert payload["text"].startswith("Since yesterday: ")
    assert payload["text"].endswith("Nothing is wrong.")


async def test_the_days_of_a_source_are_kept_for_ninety(lookout: Lookout) -> None:
    await lookout.daily_news(3)
    lookout.watch.clock.advance(timedelta(days=88))
    async with lookout.watch.store.transaction() as connection:
        assert not await history.forget(connection, lookout.watch.clock.now())
        left = (await connection.execute(sa.select(days.c.day))).scalars().all()
    assert len(left) == 3


async def test_status_and_health_show_what_is_wrong(tmp_path: Path) -> None:
    clock = SimulatedClock(START)
    settings = Settings(
        storage=Storage(url=f"sqlite:///{tmp_path}/feedbot.db"),
        feeds=Feeds(directory=tmp_path / "feeds"),
        http=Http(allow_private_networks=True),
        telegram=Telegram(),
        alerts=Alerts(url=SecretStr("http://127.0.0.1:1/hush-hush")),
    )
    async with App.open(settings, clock, Random(1)) as app:
        async with app.store.transaction() as connection:
            wrong = alarms.Wrong("disk", "", "less than 200 MB are free")
            await alarms.follow(connection, [wrong], ["disk"], clock.now())
        status = await app.status()
        [shown] = status.as_json()["alarms"]
        assert shown["text"] == "less than 200 MB are free"
        said = status.as_text(ZoneInfo("UTC"))
        assert "feedbot: less than 200 MB are free, since 2020-05-27" in said
        assert [one["kind"] for one in await app.watcher.wrong()] == ["disk"]
