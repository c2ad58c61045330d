"""Hourly polls in simulated time: whatever befalls the page, what is posted is what was news.

In the suite seven weeks in which nearly all goes wrong; `FEEDBOT_YEARS=20` has so many whole years,
each from a seed of its own.
"""

from __future__ import annotations

import os
from collections import Counter
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa

from feedbot.clock import SimulatedClock
from feedbot.errors import FetchError
from feedbot.fetch import Fetched, Fetcher, Request
from feedbot.model import Source
from feedbot.owing import Follower
from feedbot.poll import Audience, Poller
from feedbot.store import held, sources
from feedbot.store.engine import Store
from feedbot.store.schema import causes, deliveries, entries
from tests.guarding import CHANNEL, OPERATOR, RULE
from tests.outboxes import add_subscriber, appoint
from tests.yearsite import FAULTS, START, URL, Year

_WEEK, _YEAR = 24 * 7, 24 * 365  # hours
_YEARS = int(os.environ.get("FEEDBOT_YEARS", "0"))
_SETTLED = 72  # calm hours at its end


class Shown(Fetcher):
    """Answers with what the page shows now; no packet leaves."""

    body: str | FetchError = ""

    async def fetch(self, request: Request) -> Fetched:
        if isinstance(self.body, FetchError):
            raise self.body
        return Fetched(
            request.url, 200, self.body.encode(), "text/html; charset=utf-8",
            None, None, None, timedelta(0),
        )  # fmt: skip


async def lived(folder: Path, year: Year, hours: int) -> tuple[list[str], list[str], list[str]]:
    """What was posted, what is held, and what the operator was told, at its end."""
    clock, fetcher = SimulatedClock(START), Shown(contact=None, timeout=5)

    async def followers(_: Any) -> list[Follower]:
        return [Follower(CHANNEL)]

    async def operator(_: Any) -> int | None:
        return OPERATOR

    async with AsyncExitStack() as stack:
        store = await Store.open(f"sqlite:///{folder}/feedbot.db")
        stack.push_async_callback(store.close)
        async with store.transaction() as connection:
            await add_subscriber(connection, "@channel")
            await appoint(connection, await add_subscriber(connection, "2", origin="admin"))
            source = Source("press", URL, "Press", every=timedelta(hours=1), listing=RULE,
                            article="off")  # fmt: skip
            await sources.sync(connection, [source], "press.example", START)
        poller = Poller(
            store,
            fetcher,
            clock,
            Audience(followers, operator),
            authority="press.example",
            random=Random(1),
        )
        for hour in range(hours + _SETTLED):
            try:
                fetcher.body = year.hour(calm=hour < 24 or hour >= hours)
            except FetchError as error:
                fetcher.body = error
            clock.advance(max(timedelta(0), year.now - clock.now()))
            await poller.poll(source)
        async with store.reading() as connection:
            sent = (
                sa.select(deliveries.c.subscriber_id, deliveries.c.payload, entries.c.title)
                .outerjoin(causes, causes.c.delivery_id == deliveries.c.id)
                .outerjoin(entries, entries.c.id == causes.c.entry_id)
                .order_by(deliveries.c.id)
            )
            rows = (await connection.execute(sent)).all()
            kept = [one.title for one in await held.waiting(connection)]
    posted = [row.title for row in rows if row.subscriber_id == CHANNEL]
    return posted, kept, [row.payload["text"] for row in rows if row.subscriber_id == OPERATOR]


def check(year: Year, posted: list[str], kept: list[str], told: list[str]) -> None:
    """Held is what the operator was asked about; of the news next to nothing may have to be."""
    news = [one.title for one in year.news]
    asked = [title for title in kept if title in news]
    assert len(asked) <= len(news) / 50
    posted = [*posted, *asked]
    assert Counter(posted) - Counter(news) == Counter(), "posted, and no news, or twice"
    assert Counter(news) - Counter(posted) == Counter(), "news that was not posted"
    assert len(told) < 4 * len(year.befell)


@pytest.mark.timeout(300)  # on a busy machine; it takes seconds
async def test_weeks_of_trouble_post_all_the_news_once_and_nothing_else(tmp_path: Path) -> None:
    year = Year(7, trouble=0.06)
    check(year, *await lived(tmp_path, year, 7 * _WEEK))
    assert len(year.news) > 30
    assert len(set(year.befell)) > len(FAULTS) * 0.7


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(_YEARS))
async def test_a_year_posts_all_the_news_once_and_nothing_else(tmp_path: Path, seed: int) -> None:
    year = Year(seed)
    check(year, *await lived(tmp_path, year, _YEAR))
    assert len(year.news) > 300
    assert len(set(year.befell)) > len(FAULTS) * 0.8
