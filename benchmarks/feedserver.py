"""The server of the serving benchmark: feedbot's own web app over a store made for it.

    python -m benchmarks.feedserver FOLDER

Makes a source of fifty entries in FOLDER, publishes it to FOLDER/feeds, and serves it as `run`
does, by one worker. Prints its root and serves until SIGTERM.
"""

from __future__ import annotations

import asyncio
import gzip
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import httpx
import sqlalchemy as sa

from feedbot.clock import SimulatedClock, SystemClock
from feedbot.model import Source
from feedbot.publish import Plan, Publisher
from feedbot.store import sources
from feedbot.store.engine import Store
from feedbot.store.reindex import reindex
from feedbot.store.schema import articles, entries
from feedbot.store.schema import sources as table
from feedbot.web.app import create_app
from feedbot.web.feeds import Receive, Scope, Send
from feedbot.web.server import WebServer, listen
from feedbot.web.site.plan import SitePlan
from feedbot.web.site.server import SiteServer

NOW = datetime(2020, 5, 27, 20, 55, tzinfo=UTC)
SOURCE = Source("press", "https://press.example.org/", "Press office")
PLAN = Plan({"press": SOURCE}, "https://feeds.example.org")
_LETTERS = "etaoinshrdlucmfwypvbgkjqxz"
_CHUNK = 5_000


async def filled(folder: Path, count: int, words: int = 400) -> Store:
    """A store with one source of `count` entries, each with a text of so many words."""
    store = await Store.open(f"sqlite:///{folder}/feedbot.db")
    random = Random(1)
    vocabulary = ["".join(random.choices(_LETTERS, k=random.randint(2, 9))) for _ in range(5_000)]
    async with store.transaction() as connection:
        await sources.sync(connection, [SOURCE], "press.example.org", NOW)
        for first in range(1, count + 1, _CHUNK):
            numbers = range(first, min(first + _CHUNK, count + 1))
            await connection.execute(
                sa.insert(articles), [{"id": number, "key": f"k{number}"} for number in numbers]
            )
            rows = [_entry(number, random, vocabulary, words) for number in numbers]
            await connection.execute(sa.insert(entries), rows)
        await connection.execute(
            sa.update(table).values(baseline_at=NOW, entries=count, positions=count)
        )
    return store


def _entry(number: int, random: Random, vocabulary: list[str], words: int) -> dict[str, object]:
    moment = NOW - timedelta(days=400) + timedelta(seconds=number)
    text = " ".join(random.choices(vocabulary, k=words))
    return {
        "atom_id": f"tag:press.example.org,2020-05-27:press/{number}",
        "source_id": 1,
        "article_id": number,
        "baseline": False,
        "title_key": f"t{number}",
        "fingerprint": f"f{number}",
        "title": f"What was said on occasion number {number}",
        "link": f"https://press.example.org/article/{number}",
        "published": moment,
        "updated": moment,
        "first_seen": moment,
        "summary": text[:200],
        "content": f"<p>{text}</p>",
        "categories": [],
        "revision": 1,
        "position": number,
    }


async def _keep_home(url: str, file: Path) -> None:
    """The front page as a file, packed beside it, for another server to serve."""
    async with httpx.AsyncClient(trust_env=False) as client:
        body = (await client.get(url)).content
    packed = gzip.compress(body, 6, mtime=0)
    await asyncio.to_thread(file.write_bytes, body)
    await asyncio.to_thread(file.with_name(f"{file.name}.gz").write_bytes, packed)


async def _serve(folder: Path) -> None:
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    store = await filled(folder, 50)
    publisher = Publisher(store, SimulatedClock(NOW), PLAN, directory=folder / "feeds")
    await publisher.publish_all()

    async def page(_: str, __: str | None) -> None:
        return None

    async with store.transaction() as connection:
        while await reindex(connection, NOW):
            pass
    pages = SiteServer(store, SystemClock())
    plan = SitePlan({SOURCE.name: SOURCE}, PLAN.base_url, "Press office")

    async def site(scope: Scope, _: Receive, send: Send) -> None:
        await pages.answer(plan, scope, send)

    async def trouble() -> None:
        return None

    listener = listen("127.0.0.1", 0)
    server = WebServer(create_app(publisher, page, site, trouble), listener)
    server.start()
    await _keep_home(f"http://127.0.0.1:{listener.getsockname()[1]}/", folder / "home.html")
    print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    await ended.wait()
    await server.stop()
    await store.close()


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1])))
