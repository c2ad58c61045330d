"""Delivering within Telegram's limits, beside python-telegram-bot with its own AIORateLimiter.

    python -m benchmarks.limits [--full]

    strict   200 chats into the fake Bot API with strict windows: messages a second from the first
             accepted to the last, and how many calls were answered 429
    80 ms    windows off, each call answered after 80 ms: messages a second; beside it, in turn and
             with as many chats, AIORateLimiter without limits, python-telegram-bot without it (both
             over our transport), and requests by aiohttp alone: what remains when all else is free
    latency  strict windows, one message at a time to chats that got none lately: from before it is
             owed (committed) to when it was accepted, the slowest of a hundred
    claim    what is next in 30 chats, of 200 that are owed 1,000 or 1,000,000 things: the ratio of
             the medians, taken in turn
    memory   (--full) resident size after 10,000 and after 100,000 deliveries

Ours is a store on disk, each step committed; the peer has none, and sends the same texts. The fake
is a process of its own; the clock is the machine's, the same for all.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import httpx
import sqlalchemy as sa

from benchmarks.measure import process
from benchmarks.senders import (
    CHATS,
    FIRST,
    LONG,
    TEXT,
    Fake,
    Ours,
    by_peer,
    by_post,
    deliver,
    peer,
)
from feedbot.store import outbox
from feedbot.store.engine import Store
from feedbot.telegram.client import close_bot
from feedbot.telegram.limits import Limits

_STRICT = {"per_bot": 30, "per_chat": 1, "per_group": 20, "burst": 1}
_OFF = {"per_bot": None, "per_chat": None, "per_group": None}


def _rate(times: Sequence[datetime]) -> float:
    return (len(times) - 1) / (times[-1] - times[0]).total_seconds()


async def strict(fake: Fake, ours: Ours, each: int) -> bool:
    """At least 28 a second and no 429."""
    await fake.set(_STRICT)
    await ours.owe(range(CHATS), each)
    await deliver(ours.deliverer(Limits()))
    times, refused = await fake.news()
    await asyncio.sleep(1)
    async with peer(fake.url, limited=True) as bot:
        await by_peer(bot, each)
    theirs, theirs_refused = await fake.news()
    print(f"strict   feedbot {_rate(times):.1f}/s, {refused} refused with 429"
          f"; AIORateLimiter {_rate(theirs):.1f}/s, {theirs_refused} refused"
          f" ({len(times)} and {len(theirs)} messages)")  # fmt: skip
    return _rate(times) >= 28 and refused == 0


@dataclass(frozen=True, slots=True)
class Round:
    """Messages a second, and what one took of this process's processor time, in ms."""

    rate: float
    cost: float


async def _timed(work: Awaitable[None], messages: int) -> Round:
    start, used = time.perf_counter(), time.process_time()
    await work
    took = time.perf_counter() - start
    return Round(messages / took, (time.process_time() - used) / messages * 1000)


async def windows_off(fake: Fake, ours: Ours, each: int, rounds: int) -> bool:
    """At least 800 a second where each call takes 80 ms; beside it what calls alone make."""
    await fake.set(_OFF, 0.08)
    took: dict[str, list[Round]] = {}
    deliverer = ours.deliverer(Limits.OFF)
    async with (
        peer(fake.url, limited=False) as bot,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CHATS)) as session,
    ):
        ways: dict[str, Callable[[], Awaitable[None]]] = {
            "feedbot": lambda: deliver(deliverer),
            "AIORateLimiter, off": lambda: by_peer(bot, each),
            "python-telegram-bot": lambda: by_peer(ours.bot, each),
            "aiohttp": lambda: by_post(session, fake.url, each),
        }
        for number in range(rounds + 1):
            await ours.owe(range(CHATS), each)
            for name, way in ways.items():
                one = await _timed(way(), CHATS * each)
                if number:  # the first opens the connections
                    took.setdefault(name, []).append(one)
    await fake.news()
    for name, all_of_it in took.items():
        rates = [one.rate for one in all_of_it]
        share = statistics.median(
            mine.rate / one.rate for mine, one in zip(took["feedbot"], all_of_it, strict=True)
        )
        print(f"80 ms    {name}: {statistics.median(rates):.0f}/s ({min(rates):.0f} to"
              f" {max(rates):.0f}), {statistics.median(one.cost for one in all_of_it):.2f} ms of"
              f" processor time each; feedbot {share:.2f} of it"
              f" ({rounds} rounds of {CHATS * each})")  # fmt: skip
    return statistics.median(one.rate for one in took["feedbot"]) >= 800


async def latency(fake: Fake, ours: Ours, number: int) -> bool:
    """Under a second from owed to accepted, 99 times of 100."""
    await fake.set(_STRICT)
    await fake.news()
    deliverer = ours.deliverer(Limits())
    running = asyncio.create_task(deliverer.run())
    begun: list[datetime] = []
    for turn in range(number):
        begun.append(datetime.now(UTC))
        await ours.owe([turn % CHATS], 1)
        deliverer.wake()
        await asyncio.sleep(0.05)
    await asyncio.sleep(2)
    await deliverer.stop(datetime.now(UTC) + timedelta(seconds=5))
    await running
    mine = _waits(begun, (await fake.news())[0])
    async with peer(fake.url, limited=True) as bot:
        begun, calls = [], []
        for turn in range(number):
            begun.append(datetime.now(UTC))
            calls.append(asyncio.create_task(bot.send_message(FIRST + turn % CHATS, TEXT)))
            await asyncio.sleep(0.05)
        await asyncio.gather(*calls)
    theirs = _waits(begun, (await fake.news())[0])
    print(f"latency  feedbot p50 {mine[0]:.0f} ms, p99 {mine[1]:.0f} ms; AIORateLimiter p50"
          f" {theirs[0]:.0f} ms, p99 {theirs[1]:.0f} ms ({number} messages)")  # fmt: skip
    return mine[1] < 1000


def _waits(begun: Sequence[datetime], accepted: Sequence[datetime]) -> tuple[float, float]:
    """The median and the 99th percentile in ms; the n-th is accepted as the n-th begun."""
    waits = sorted((b - a).total_seconds() * 1000 for a, b in zip(begun, accepted, strict=True))
    return statistics.median(waits), waits[min(len(waits) - 1, int(len(waits) * 0.99))]


_MANY = """
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :number)
    INSERT INTO deliveries (subscriber_id, dedupe_key, kind, state, payload, created_at, due_at,
                            attempts, resent)
    SELECT i % 200 + 1, 'many:' || i, 'notice', 'pending', '{"text": "x"}', :now, :now, 0, 0 FROM n
"""


async def claiming(folder: Path, url: str, rounds: int) -> bool:
    """A claim among 1,000,000 costs at most 1.3 of one among 1,000."""
    stores = {}
    for number in (1_000, 1_000_000):
        store = await Store.open(f"sqlite:///{folder}/{number}.db")
        ours = Ours(store, url)
        await ours.subscribe()
        async with store.transaction() as connection:
            values = {"number": number, "now": "2026-01-01 00:00:00"}
            await connection.execute(sa.text(_MANY), values)
        await close_bot(ours.bot)
        stores[number] = store
    took: dict[int, list[float]] = {number: [] for number in stores}
    chats = [str(FIRST + chat) for chat in range(30)]
    for _ in range(rounds):
        for number, store in stores.items():
            took[number].append(await _claim(store, chats))
    for store in stores.values():
        await store.close()
    few, many = (statistics.median(took[number]) * 1000 for number in stores)
    print(f"claim    of 1,000 {few:.2f} ms, of 1,000,000 {many:.2f} ms; {many / few:.2f}"
          f" ({rounds} each, 30 chats)")  # fmt: skip
    return many <= 1.3 * few


class _Undo(Exception):
    pass


async def _claim(store: Store, chats: Sequence[str]) -> float:
    """Seconds for a claim, which is taken back."""
    try:
        async with store.transaction() as connection:
            start = time.perf_counter()
            claims = await outbox.claim(connection, datetime.now(UTC), chats)
            took = time.perf_counter() - start
            if len(claims.claimed) != len(chats):
                raise SystemExit("a chat has nothing to claim")
            raise _Undo
    except _Undo:
        return took


async def memory(fake: Fake, ours: Ours) -> bool:
    """No more than a tenth more after 100,000 deliveries than after 10,000."""
    await fake.set(_OFF)
    sizes = []
    deliverer = ours.deliverer(Limits.OFF)
    for turn in range(100):
        await ours.owe(range(CHATS), 5)
        await deliverer.drain(datetime.now(UTC) + LONG)
        if turn in (9, 99):
            sizes.append(_resident())
    print(f"memory   {sizes[0]:.0f} MB after 10,000 deliveries, {sizes[1]:.0f} MB after 100,000")
    return sizes[1] <= 1.1 * sizes[0]


def _resident() -> float:
    """MB of this process in memory (Linux)."""
    line = next(
        line for line in Path("/proc/self/status").read_text().splitlines() if "VmRSS" in line
    )
    return int(line.split()[1]) / 1024


async def main(*, full: bool) -> int:
    """Run; 1 if a goal was missed."""
    logging.disable(logging.WARNING)
    chats = [f"--chat=private:{FIRST + number}" for number in range(CHATS)]
    met = []
    with tempfile.TemporaryDirectory(prefix="feedbot-") as name:
        folder = Path(name)
        async with (
            process("-m", "feedbot.demo.botapi", *chats) as url,
            httpx.AsyncClient(trust_env=False, timeout=60) as client,
        ):
            fake = Fake(url, client)
            ours = Ours(await Store.open(f"sqlite:///{folder}/feedbot.db"), url)
            await ours.subscribe()
            met.append(await claiming(folder, url, 200 if full else 60))
            met.append(await strict(fake, ours, 12 if full else 3))
            met.append(await latency(fake, ours, 1000 if full else 200))
            met.append(await windows_off(fake, ours, 10 if full else 5, 9 if full else 3))
            if full:
                met.append(await memory(fake, ours))
            await ours.store.close()
            await close_bot(ours.bot)
    if not all(met):
        print("a goal was MISSED")
    return 0 if all(met) else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.limits", description=__doc__)
    parser.add_argument("--full", action="store_true", help="more and longer rounds, and memory")
    sys.exit(asyncio.run(main(full=parser.parse_args().full)))
