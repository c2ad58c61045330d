"""Real feed readers, pointed at a running feedbot over several days of publishing.

    python -m tests.readers READER FOLDER DAYS

Runs in a network namespace that has loopback alone (the tests see to that), prints what the reader
made of each day as JSON, and ends. Time is simulated; store, publisher and web server are real.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from feedbot.clock import SimulatedClock
from feedbot.diff import Rules, diff
from feedbot.identity import identify
from feedbot.model import Item
from feedbot.publish import Publisher
from feedbot.store import entries, sources
from feedbot.store.engine import Store
from feedbot.store.recall import recall
from feedbot.web.app import create_app
from feedbot.web.feedpage import render_page
from feedbot.web.feeds import Receive, Scope, Send
from feedbot.web.server import WebServer, listen
from tests.clients import READERS
from tests.test_publish import NOW, PLAN, SOURCE, sync

PRESS = "https://press.example.org"
Rows = dict[int, tuple[str, str, str]]  # number: title, path, summary


def rows(*numbers: int) -> Rows:
    return {n: (f"Event {n}", f"/article/{n}", f"What happened on the {n}th.") for n in numbers}


_CHANGED: Rows = {2: ("Event 2", "/article/2", "What really happened.")}
_MOVED: Rows = {
    n: (f"Event {n}", f"/news/item-{n}", f"What happened on the {n}th.") for n in (4, 3)
}
#: What the page shows on each day, and where feedbot is reached.
DAYS: Sequence[tuple[str, Rows, str]] = (
    ("first", rows(3, 2, 1), "https://feeds.example.org"),
    ("unchanged", rows(3, 2, 1), "https://feeds.example.org"),
    ("unchanged again", rows(3, 2, 1), "https://feeds.example.org"),
    ("a new entry", rows(4, 3, 2, 1), "https://feeds.example.org"),
    ("a change", {**rows(4, 3), **_CHANGED, **rows(1)}, "https://feeds.example.org"),
    ("an entry gone", {**rows(4), **_CHANGED, **rows(1)}, "https://feeds.example.org"),
    ("a redesign", {**_MOVED, **_CHANGED, **rows(1)}, "https://feeds.example.org"),
    ("another address", {**_MOVED, **_CHANGED, **rows(1)}, "https://other.example.net/news"),
    ("unchanged there", {**_MOVED, **_CHANGED, **rows(1)}, "https://other.example.net/news"),
)


class Press:
    """The publisher's side: a page that changes, polled and published."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.store = store
        self.clock = SimulatedClock(NOW)
        self.publisher = Publisher(
            store, self.clock, replace(PLAN, limit=50), directory=folder / "feeds"
        )

    async def day(self, shown: Rows, base_url: str) -> None:
        """Poll the page often enough for every verdict, publish, and let a day pass."""
        self.clock.advance(timedelta(days=1))
        for _ in range(3):
            await self._poll(shown)
        self.publisher.configure(replace(self.publisher.plan, base_url=base_url))
        await self.publisher.publish_all()
        await self.publisher.archives.write()

    async def _poll(self, shown: Rows) -> None:
        items = [
            Item(title, PRESS + path, date=date(2020, 5, number), summary=summary)
            for number, (title, path, summary) in shown.items()
        ]
        found = identify(items, SOURCE.url)
        now = self.clock.now()
        async with self.store.transaction() as connection:
            state = await sources.load(connection, "embassy")
            known = await recall(connection, state, found)
            decided = diff(found, known, state.places, state.polls + 1, Rules())
            applied = await entries.apply(
                connection, state, decided, found, source=SOURCE, authority="a.example", now=now
            )
            baseline = state.baseline_at or now
            await sources.record_sound(connection, replace(applied.state, baseline_at=baseline))


async def main(name: str, folder: Path, number: int) -> list[dict[str, Any]]:
    """What the reader had after each of the first `number` days, and how it was answered."""
    store = await Store.open(f"sqlite:///{folder}/feedbot.db")
    await sync(store, SOURCE)
    press = Press(store, folder)
    statuses: list[int] = []
    listener = listen("127.0.0.1", 0)

    async def page(path: str, base: str | None) -> bytes | None:
        document = await press.publisher.document(path, base)
        return render_page(document, path.rpartition(".")[2]) if document else None

    app = create_app(press.publisher, page, _nothing, _nothing)

    async def recording(scope: Scope, receive: Receive, send: Send) -> None:
        async def note(message: Any) -> None:
            if message["type"] == "http.response.start" and "embassy" in scope["path"]:
                statuses.append(message["status"])
            await send(message)

        await app(scope, receive, note)

    server = WebServer(recording, listener)
    server.start()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/feeds/embassy.atom"
    (folder / "reader").mkdir()
    reader = READERS[name](folder / "reader", url)
    made = []
    try:
        for what, shown, base_url in DAYS[:number]:
            await press.day(shown, base_url)
            statuses.clear()
            seen = await asyncio.to_thread(reader.visit)
            one = {"statuses": list(statuses), "entries": seen.entries, "mails": seen.mails}
            made.append({"day": what, **one})
    finally:
        reader.close()
    await server.stop()
    await store.close()
    return made


async def _nothing(*_: Any) -> Any:
    return None


def confined(command: Sequence[str]) -> list[str]:
    """The command in a network namespace that has loopback alone."""
    return ["unshare", "-rn", "sh", "-ec", 'ip link set lo up; exec "$@"', "sh", *command]


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])))))
