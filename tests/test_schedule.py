"""The tick: what is due is started, and nothing waits for anything else."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from feedbot.daily import Daily
from feedbot.demo.site import Fault
from feedbot.poll import Audience
from feedbot.publish import Plan, Publisher
from feedbot.schedule import _IN_LINE, MOST_POLLS, Scheduler
from feedbot.store import sources, turns
from feedbot.store.sources import SourceState
from tests.test_poll import START, Bench, bench, event

__all__ = ["bench"]  # the fixture


class Ticking:
    """A scheduler over the bench's site with two sources: `embassy` at /, `other` at /all."""

    def __init__(self, bench: Bench, folder: Path) -> None:
        other = replace(bench.source, name="other", url=f"{bench.server.url}/all")
        self.bench = bench
        self.sources = {"embassy": bench.source, "other": other}
        self.woken = 0

        async def nobody(_: Any) -> list[Any]:
            return []

        async def none(_: Any) -> None:
            return None

        self.publisher = Publisher(
            bench.store,
            bench.clock,
            Plan(self.sources, "https://feeds.example.org"),
            directory=folder / "feeds",
        )
        daily = Daily(bench.store, bench.clock, Audience(nobody, none), tuple)
        self.scheduler = Scheduler(
            bench.store,
            bench.poller,
            self.publisher,
            daily,
            bench.clock,
            lambda: self.sources,
            self._wake,
        )

    def _wake(self) -> None:
        self.woken += 1

    async def sync(self) -> None:
        async with self.bench.store.transaction() as connection:
            configured = list(self.sources.values())
            await sources.sync(connection, configured, "press.example", self.bench.clock.now())

    async def polls(self, name: str) -> int:
        async with self.bench.store.reading() as connection:
            return (await sources.load(connection, name)).polls

    async def tick_until(self, name: str, polls: int) -> None:
        """Tick until so many sound polls of the source are stored, ten minutes at a time."""
        while await self.polls(name) < polls:
            await self.scheduler.tick()
            await asyncio.sleep(0)
            self.bench.clock.advance(timedelta(minutes=10))


async def test_one_slow_source_delays_no_other(bench: Bench, tmp_path: Path) -> None:
    ticking = Ticking(bench, tmp_path)
    await ticking.sync()
    held = asyncio.Event()
    bench.server.faults.set("/", Fault(hold=held))
    await ticking.tick_until("other", 4)
    assert await ticking.polls("embassy") == 0
    assert sum(hit.path == "/" for hit in bench.server.hits) == 1  # and never twice at once
    held.set()
    await ticking.tick_until("embassy", 1)
    await ticking.scheduler.finish(timedelta(seconds=5))


async def test_a_source_rests_once_its_poll_has_ended_and_while_it_is_wanted(
    bench: Bench, tmp_path: Path
) -> None:
    ticking = Ticking(bench, tmp_path)
    await ticking.sync()
    held = asyncio.Event()
    bench.server.faults.set("/", Fault(hold=held))
    await ticking.tick_until("other", 1)
    resting = ticking.scheduler.resting({"embassy", "unheard-of"})
    entered = asyncio.ensure_future(resting.__aenter__())
    await ticking.tick_until("other", 2)
    assert not entered.done()
    held.set()
    await entered
    assert await ticking.polls("embassy") == 1
    await ticking.tick_until("other", 5)
    assert await ticking.polls("embassy") == 1
    await resting.__aexit__(None, None, None)
    await ticking.tick_until("embassy", 2)
    await ticking.scheduler.finish(timedelta(seconds=5))


async def test_what_changed_is_published_and_what_is_owed_wakes_delivery(
    bench: Bench, tmp_path: Path
) -> None:
    ticking = Ticking(bench, tmp_path)
    await ticking.sync()
    await ticking.tick_until("embassy", 1)
    assert ticking.woken == 0
    bench.site.publish(event("Something new"))
    # One poll may have asked before the event was there; the next one has not.
    await ticking.tick_until("embassy", await ticking.polls("embassy") + 2)
    await ticking.scheduler.finish(timedelta(seconds=5))
    assert ticking.woken  # once, or twice where `other` has shown it too
    feed = ticking.publisher.get("embassy.atom")
    assert feed is not None
    assert b"Something new" in feed.body


async def test_a_feed_that_could_not_be_written_is_written_by_a_later_tick(
    bench: Bench, tmp_path: Path
) -> None:
    ticking = Ticking(bench, tmp_path)
    await ticking.sync()
    (tmp_path / "feeds").write_text("a file where the folder should be")
    await ticking.tick_until("embassy", 1)
    await ticking.scheduler.finish(timedelta(seconds=5))
    assert "embassy" in ticking.scheduler.unwritten
    (tmp_path / "feeds").unlink()
    await ticking.scheduler.tick()
    await ticking.scheduler.finish(timedelta(seconds=5))
    assert ticking.scheduler.unwritten == frozenset()
    assert (tmp_path / "feeds" / "embassy.atom").exists()


async def test_a_host_with_many_sources_keeps_nobody_waiting(bench: Bench, tmp_path: Path) -> None:
    ticking = Ticking(bench, tmp_path)
    elsewhere = bench.server.url.replace("127.0.0.1", "localhost")
    for number in range(MOST_POLLS + 10):
        name = f"many-{number}"
        ticking.sources[name] = replace(bench.source, name=name)
    ticking.sources["zz-alone"] = replace(bench.source, name="zz-alone", url=f"{elsewhere}/all")
    await ticking.sync()
    held = asyncio.Event()
    bench.server.faults.set("/", Fault(hold=held))
    scheduler = ticking.scheduler
    scheduler._hosts_resting = lambda: {"127.0.0.1"} if scheduler._polls else set()
    await scheduler.tick()
    assert len(scheduler._polls) == _IN_LINE
    await ticking.tick_until("zz-alone", 1)
    held.set()
    await scheduler.finish(timedelta(seconds=5))


def test_one_of_each_host_then_another_of_each() -> None:
    def state(name: str) -> SourceState:
        return SourceState(1, name, "", True, START, START, host=name[0])

    states = [state(name) for name in ("a1", "a2", "a3", "b1", "c1", "c2")]
    names = [one.name for one in turns.by_turns(states)]
    assert names == ["a1", "b1", "c1", "a2", "c2", "a3"]
    assert [one.name for one in turns.by_turns(states, each=1)] == ["a1", "b1", "c1"]


async def test_after_a_rest_the_overdue_come_one_after_another(bench: Bench) -> None:
    many = [replace(bench.source, name=f"many-{n}") for n in range(turns.AT_ONCE + 40)]
    async with bench.store.transaction() as connection:
        await sources.sync(connection, many, "press.example", START)
        await turns.spread(connection, START)
        due = [state.due_at - START for state in await sources.load_all(connection) if state.active]
    assert sorted(due) == [timedelta(0)] * turns.AT_ONCE + [turns.EACH * n for n in range(1, 41)]
