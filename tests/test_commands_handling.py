"""`feedbot sources pause|resume|poll|heal|forget`, and what a run at work makes of it."""

from __future__ import annotations

import signal
import sqlite3
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from feedbot.config import Settings
from feedbot.config.sections import Storage
from feedbot.config.watched import Source
from feedbot.operator import handling
from feedbot.store import sources
from tests.commands import Desk
from tests.guarding import Line, Watch, days
from tests.test_commands_operator import lines, publish


@pytest.fixture
async def watch(tmp_path: Path) -> AsyncIterator[Watch]:
    async with Watch.open(tmp_path) as watch:
        watch.rows = days(10)
        await watch.poll(2)
        yield watch


def settings_of(watch: Watch, folder: Path, *names: str) -> Settings:
    named = tuple(Source(name=name, url=watch.source.url) for name in names)
    return Settings(storage=Storage(url=f"sqlite:///{folder}/feedbot.db"), sources=named)


async def test_a_pause_holds_and_what_is_new_comes_once_it_ends(
    watch: Watch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = settings_of(watch, tmp_path, "news")
    for work in (handling.pause, handling.pause):
        assert await work(settings, "news") == 0
    assert not (await watch.state()).active
    async with watch.store.transaction() as connection:  # as a reload does
        await sources.sync(connection, [watch.source], "press.example", watch.clock.now())
    assert not (await watch.state()).active
    assert await handling.poll(settings, "news") == 1
    watch.add("While it slept", "And then")
    watch.clock.advance(timedelta(days=3))
    for work in (handling.resume, handling.resume):
        assert await work(settings, "news") == 0
    assert (await watch.state()).active
    await watch.poll(3)
    assert await watch.posted() == ["While it slept", "And then"]
    assert capsys.readouterr().out.splitlines() == [
        "news: paused",
        "news: paused already",
        "news: it is paused; `feedbot sources resume news`",
        "news: resumed",
        "news: not paused",
    ]


async def test_a_pause_in_the_configuration_is_ended_there(
    watch: Watch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = settings_of(watch, tmp_path, "news")
    asleep = settings.sources[0].model_copy(update={"paused": True})
    assert await handling.resume(settings.model_copy(update={"sources": (asleep,)}), "news") == 1
    assert "remove `paused` there" in capsys.readouterr().out


async def test_poll_makes_it_due_and_heal_forgets_how_it_was_read(
    watch: Watch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = settings_of(watch, tmp_path, "news")
    before = await watch.state()
    assert await handling.poll(settings, "news") == 0
    polled = await watch.state()
    assert polled.due_at != before.due_at
    assert polled.reading == before.reading
    assert await handling.heal(settings, "news") == 0
    assert (await watch.state()).reading is None
    assert await handling.poll(settings, "else") == 1
    assert "nobody is at work" in capsys.readouterr().out


async def test_only_what_is_not_configured_is_forgotten(
    watch: Watch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    watch.add("News")
    watch.rows = [*watch.rows, *(Line(f"Of old {n}", date(2019, 1, 1)) for n in range(8))]
    await watch.poll()
    assert await handling.forget(settings_of(watch, tmp_path, "news"), "news") == 1
    without = settings_of(watch, tmp_path, "else")
    assert await handling.forget(without, "nobody") == 1
    assert await handling.forget(without, "news") == 1  # a run still has it
    async with watch.store.transaction() as connection:
        await sources.sync(connection, [], "press.example", watch.clock.now())
    assert await handling.forget(without, "news") == 0
    said = capsys.readouterr().out.splitlines()
    assert ["take it out first" in said[0], "nothing is stored" in said[1]] == [True, True]
    assert "reload its configuration" in said[2]
    with sqlite3.connect(tmp_path / "feedbot.db") as store:
        for table in ("entries", "articles", "held", "days", "causes", "catalogue", "editions"):
            assert store.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,), table
        states = store.execute("SELECT DISTINCT state FROM deliveries WHERE kind = 'news'")
        assert states.fetchall() == [("dropped",)]
    async with watch.store.transaction() as connection:  # and configured again
        await sources.sync(connection, [watch.source], "press.example", watch.clock.now())
    await watch.poll(2)
    assert await watch.posted() == []
    assert len(await watch.feed()) == len(watch.rows)


async def test_a_run_at_work_looks_at_once_and_a_forgotten_feed_is_gone(tmp_path: Path) -> None:
    async with Desk(tmp_path) as desk:
        desk.config["sources"][0]["every"] = "1h"
        async with desk.running() as run:
            await run.until(lambda: "baseline of" in run.err)
            publish(desk, 1)
            assert await lines(desk, "sources", "poll", "embassy") == [
                "embassy: polled within seconds"
            ]
            await run.until(lambda: len(desk.posted()) == 1)
            desk.config["sources"][0]["name"] = "other"
            desk.save()
            run.send(signal.SIGHUP)
            await run.until(lambda: "configuration reloaded" in run.err)
            [said] = await lines(desk, "sources", "forget", "embassy")
            assert said == "embassy: 11 entries are forgotten; its feed answers that it is gone"
            assert (await run.http.get("/feeds/embassy.atom")).status_code == 410
