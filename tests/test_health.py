"""What makes `/healthz` answer 503: see `App.trouble`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from feedbot.app import App
from feedbot.clock import SimulatedClock
from feedbot.config import Settings
from feedbot.config.sections import Feeds, Storage

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
