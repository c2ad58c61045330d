"""The public pages of a store, to be read in a test as a visitor would.

async with Visitor.of(folder, plan) as visitor:
    await put(visitor.store, 5, 4)
    page = await visitor.read("/")
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
from lxml import html

from feedbot.clock import SimulatedClock
from feedbot.diff import Rules, diff
from feedbot.identity import identify
from feedbot.model import Item, Source
from feedbot.store import entries, sources
from feedbot.store.engine import Store
from feedbot.store.recall import recall
from feedbot.web.feeds import BASE, Receive, Scope, Send
from feedbot.web.site.plan import SitePlan
from feedbot.web.site.server import SiteServer
from tests.test_publish import NOW, SOURCE

PLAN = SitePlan({"embassy": SOURCE}, "https://press.example.org", "Press office")


@dataclass
class Visitor:
    """Reads pages. `base`: where a proxy says that we are reached."""

    store: Store
    clock: SimulatedClock
    server: SiteServer
    plan: SitePlan
    base: str | None = None
    client: httpx.AsyncClient = field(init=False)

    @classmethod
    @asynccontextmanager
    async def of(cls, folder: Path, plan: SitePlan = PLAN) -> AsyncIterator[Visitor]:
        store = await Store.open(f"sqlite:///{folder}/feedbot.db")
        async with store.transaction() as connection:
            await sources.sync(connection, list(plan.sources.values()), "press.example.org", NOW)
        clock = SimulatedClock(NOW)
        server = SiteServer(store, clock, lambda: "press_bot", recheck=0)
        visitor = cls(store, clock, server, plan)

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            if visitor.base:
                scope[BASE] = visitor.base
            await visitor.server.answer(visitor.plan, scope, send)

        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app),
            base_url="https://press.example.org",
            headers={"accept-encoding": ""},
        ) as visitor.client:
            yield visitor
        await store.close()

    async def read(self, path: str, status: int = 200) -> Any:
        """The page at a path, as a tree."""
        answer = await self.client.get(path)
        assert answer.status_code == status, answer.text
        return html.fromstring(answer.text)


async def show(store: Store, source: Source, *items: Item, now: datetime = NOW) -> None:
    """Store a listing as a sound poll would, its first row on top."""
    rows = identify(list(items), source.url)
    async with store.transaction() as connection:
        state = await sources.load(connection, source.name)
        known = await recall(connection, state, rows)
        rules = Rules(confirm_changed=1, confirm_gone=1)
        decided = diff(rows, known, state.places, state.polls + 1, rules)
        applied = await entries.apply(
            connection, state, decided, rows, source=source, authority="a.example", now=now
        )
        await sources.record_sound(connection, replace(applied.state, baseline_at=NOW))


def text(element: Any) -> str:
    """What an element says, in one line."""
    return " ".join(element.text_content().split())
