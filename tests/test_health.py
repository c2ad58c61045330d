"""What makes `/healthz` answer 503: see `App.trouble`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest
from pydantic import SecretStr

from feedbot.app import App
from feedbot.clock import SimulatedClock
from feedbot.config import Settings
from feedbot.config.sections import Chat as ChatSection
from feedbot.config.sections import Feeds, Storage, Telegram
from feedbot.demo.botapi import FakeBotApi, Fault, FaultKind
from feedbot.store import subscribers
from tests.outboxes import owe_texts

NOON = datetime(2020, 5, 27, 12, tzinfo=UTC)


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock(NOON)


@pytest.fixture
async def app(tmp_path: Path, clock: SimulatedClock) -> AsyncIterator[App]:
    settings = Settings(
        storage=Storage(url=f"sqlite:///{tmp_path}/feedbot.db"),
        feeds=Feeds(directory=tmp_path / "feeds"),
    )
    async with App.open(settings, clock, Random(1)) as app:
        yield app


async def test_a_tick_that_stands_still_is_trouble(app: App, clock: SimulatedClock) -> None:
    clock.advance(timedelta(minutes=1))
    await app.scheduler.tick()
    clock.advance(timedelta(seconds=30))
    assert await app.trouble() is None
    clock.advance(timedelta(seconds=1))
    assert await app.trouble() == "nothing has been scheduled since 2020-05-27 12:01:00 UTC"
    await app.scheduler.tick()
    assert await app.trouble() is None


async def test_a_tick_that_never_came_is_too(app: App, clock: SimulatedClock) -> None:
    assert await app.trouble() is None
    clock.advance(timedelta(seconds=31))
    assert await app.trouble() == "nothing has been scheduled since 2020-05-27 12:00:00 UTC"


async def test_a_refused_bot_is_trouble_and_status_says_so(
    tmp_path: Path, clock: SimulatedClock
) -> None:
    async with FakeBotApi(clock=clock) as api:
        chat = api.add_channel().id
        api.faults.add(Fault(FaultKind.ERROR, error_code=401, times=None))
        settings = Settings(
            storage=Storage(url=f"sqlite:///{tmp_path}/feedbot.db"),
            feeds=Feeds(directory=tmp_path / "feeds"),
            telegram=Telegram(
                token=SecretStr(api.token), api_url=api.url, chats=(ChatSection(id=chat),)
            ),
        )
        async with App.open(settings, clock, Random(1)) as app:
            async with app.store.transaction() as connection:
                (row,) = await subscribers.select(connection)
                await owe_texts(connection, row.id, ["news"], clock.now())
            assert app.telegram
            assert not await app.telegram.drain(clock.now() + timedelta(seconds=1))
            assert "refuses the bot's token" in (await app.trouble() or "")
            status = await app.status()
            assert status.as_json()["bot"] == {"error": "Unauthorized"}
            assert "check telegram.token" in status.as_text(ZoneInfo("UTC"))
