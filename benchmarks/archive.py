"""A page of the archive, and of a search, among a million entries, beside the bare query.

    python -m benchmarks.archive [--entries 1000000] [--rounds 20]

The store is filled by SQL. Each round asks for pages nobody has asked for yet, so all of them are
read, rendered and packed; the bare query fetches the same rows by Python's own sqlite3.
"""

from __future__ import annotations

import argparse
import asyncio
import sqlite3
import statistics
import sys
import tempfile
import time
from pathlib import Path
from random import Random

import httpx

from benchmarks.feedserver import NOW, PLAN, SOURCE
from feedbot.clock import SimulatedClock
from feedbot.store import sources
from feedbot.store.catalogue import place_of
from feedbot.store.engine import Store
from feedbot.web.feeds import Receive, Scope, Send
from feedbot.web.site.plan import SitePlan
from feedbot.web.site.server import SiteServer

GOAL = 50.0  # ms
_SECONDS_APART = 60
_FIRST = int(NOW.timestamp())
_NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})"
_PLACE = f"((({_FIRST} - ({{count}} - i) * {_SECONDS_APART}) << 24) | (i & 16777215))"
_WHEN = (
    f"strftime('%Y-%m-%d %H:%M:%S.000000', {_FIRST} - ({{count}} - i) * {_SECONDS_APART},"
    " 'unixepoch')"
)
_FILL = (
    "INSERT INTO articles(id, key) {numbers} SELECT i, 'k' || i FROM n",
    "INSERT INTO entries(id, atom_id, source_id, article_id, baseline, title_key, fingerprint,"
    " title, link, published, updated, first_seen, summary, categories, revision, position)"
    " {numbers} SELECT i, 'tag:x,2020:' || i, 1, i, 1, 't', 'f', 'Statement number ' || i,"
    " 'https://press.example.org/' || i, {when}, {when}, {when},"
    " 'What was said on that day, and by whom, of a matter of some length.',"
    " '[\"' || CASE i % 50 WHEN 0 THEN 'Rare' ELSE 'Common' END || '\"]', 1, i FROM n",
    "INSERT INTO catalogue(entry_id, source_id, place) {numbers} SELECT i, 1, {place} FROM n",
    "INSERT INTO labels(entry_id, category, source_id, place) {numbers}"
    " SELECT i, CASE i % 50 WHEN 0 THEN 'Rare' ELSE 'Common' END, 1, {place} FROM n",
    "INSERT INTO fulltext(rowid, source, words) {numbers} SELECT {place}, 's1',"
    " 'statement number ' || i || CASE i % 3 WHEN 0 THEN ' third' ELSE '' END"
    " || CASE i % 1000 WHEN 0 THEN ' rare' ELSE '' END || ' what was said on that day' FROM n",
)  # fmt: skip
_BARE = (
    "SELECT e.*, t.* FROM catalogue c JOIN entries e ON e.id = c.entry_id"
    " LEFT JOIN texts t ON t.entry_id = e.id WHERE c.source_id = 1 AND c.place < ?"
    " ORDER BY c.place DESC LIMIT 31"
)


async def fill(folder: Path, count: int) -> Store:
    """A store with one source of so many entries, a minute apart."""
    store = await Store.open(f"sqlite:///{folder}/feedbot.db")
    async with store.transaction() as connection:
        await sources.sync(connection, [SOURCE], "press.example.org", NOW)
    with sqlite3.connect(folder / "feedbot.db") as raw:
        for statement in _FILL:
            raw.execute(
                statement.format(
                    numbers=_NUMBERS.format(count=count),
                    place=_PLACE.format(count=count),
                    when=_WHEN.format(count=count),
                )
            )
    raw.close()
    return store


async def main(count: int, rounds: int) -> int:
    """Fill, ask, print; 1 if the goal was missed."""
    random = Random(1)
    with tempfile.TemporaryDirectory() as name:
        store = await fill(Path(name), count)
        server = SiteServer(store, SimulatedClock(NOW))
        plan = SitePlan({SOURCE.name: SOURCE}, PLAN.base_url, "Press office")

        async def app(scope: Scope, _: Receive, send: Send) -> None:
            await server.answer(plan, scope, send)

        transport = httpx.ASGITransport(app)
        raw = sqlite3.connect(Path(name) / "feedbot.db")
        async with httpx.AsyncClient(transport=transport, base_url=PLAN.base_url) as client:

            async def page(path: str) -> float:
                start = time.perf_counter()
                answer = await client.get(path)
                took = 1000 * (time.perf_counter() - start)
                if answer.status_code != 200 or "<li>" not in answer.text:
                    raise SystemExit(f"{path}: {answer.status_code}")
                return took

            def bare(place: int) -> float:
                start = time.perf_counter()
                raw.execute(_BARE, (place,)).fetchall()
                return 1000 * (time.perf_counter() - start)

            took: dict[str, list[float]] = {}
            for _ in range(rounds):
                ago = random.randrange(count * _SECONDS_APART * 9 // 10)
                place = place_of(NOW) - (ago << 24)
                recent = place_of(NOW) - random.randrange(1 << 40)
                asked = {
                    "a page of all": f"/all?before={place}",
                    "of a month": f"/all?year=2020&month=5&before={recent}",
                    "of a rare category": f"/all?category=Rare&before={place}",
                    "a search, every entry": f"/search?q=statement&before={place}",
                    "a search, a third of them": f"/search?q=third&before={place}",
                    "a search, two words": f"/search?q=third+rare&before={place}",
                }
                took.setdefault("the bare query", []).append(bare(place))
                for what, path in asked.items():
                    took.setdefault(what, []).append(await page(path))
        raw.close()
        await store.close()
    print(f"{count:,} entries, {rounds} rounds; milliseconds: median (worst)")
    missed = False
    for what, all_took in took.items():
        median = statistics.median(all_took)
        missed |= median > GOAL
        print(f"  {what:28} {median:8.2f} ({max(all_took):.2f})")
    print(f"goal: {GOAL:.0f} ms a page: {'MISSED' if missed else 'met'}")
    return int(missed)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=20)
    given = parser.parse_args()
    sys.exit(asyncio.run(main(given.entries, given.rounds)))
