"""What tests of delivery share: a real store with subscribers and something owed to them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection
from telegram import Bot

from feedbot.clock import SimulatedClock
from feedbot.demo.botapi import FakeBotApi, Limits
from feedbot.model import DeliveryKind
from feedbot.owing import Owed, owe_notice
from feedbot.store import outbox, subscribers
from feedbot.store.engine import Store
from feedbot.store.outbox import Claimed, Counts
from feedbot.store.schema import articles, entries, meta, sources
from feedbot.telegram.client import close_bot, create_bot
from feedbot.telegram.deliver import Deliverer
from feedbot.telegram.settings import Posting

NOON = datetime(2020, 5, 27, 12, tzinfo=UTC)


async def add_subscriber(
    connection: AsyncConnection,
    address: int | str,
    *,
    topic: int = 0,
    origin: str = "config",
    state: str = "active",
) -> int:
    key = (subscribers.address_of(address), topic)
    return await subscribers.insert(connection, key, origin, state, NOON)


async def add_entry(
    connection: AsyncConnection,
    title: str,
    *,
    source: str = "press",
    summary: str = "",
    content: str | None = None,
    image: str | None = None,
    more_images: Sequence[str] = (),
) -> int:
    """A stored entry of a source; both are made as the schema wants them."""
    query = sa.select(sources.c.id).where(sources.c.name == source)
    source_id = (await connection.execute(query)).scalar()
    if source_id is None:
        values = {
            "name": source,
            "title": source,
            "url": "https://press.example.org/",
            "language": "en",
            "timezone": "UTC",
            "feed_id": f"tag:{source}",
            "created_at": NOON,
            "active": True,
            "due_at": NOON,
            "polls": 1,
            "places": "[]",
            "entries": 0,
            "failures": 0,
            "doubtful": 0,
        }
        source_id = (
            await connection.execute(sa.insert(sources).values(**values).returning(sources.c.id))
        ).scalar_one()
    article = sa.insert(articles).values(key=f"{source} {title}").returning(articles.c.id)
    article_id = (await connection.execute(article)).scalar_one()
    entry = {
        "atom_id": f"tag:{source}:{title}",
        "source_id": source_id,
        "article_id": article_id,
        "baseline": False,
        "title_key": title,
        "fingerprint": title,
        "title": title,
        "link": f"https://example.org/{article_id}",
        "page_date": NOON.date(),
        "published": NOON,
        "updated": NOON,
        "first_seen": NOON,
        "summary": summary,
        "content": content,
        "image": image,
        "more_images": list(more_images) or None,
        "categories": [],
        "revision": 0,
    }
    row = await connection.execute(sa.insert(entries).values(**entry).returning(entries.c.id))
    id: int = row.scalar_one()
    return id


def news(subscriber: int, entry: int, article: int | None = None) -> Owed:
    key = f"news:{subscriber}:{article or entry}:0"
    return Owed(subscriber, DeliveryKind.NEWS, key, entry_id=entry)


async def owe_texts(
    connection: AsyncConnection,
    subscriber: int,
    texts: Sequence[str],
    now: datetime = NOON,
) -> None:
    """Notices: the simplest deliveries there are."""
    await outbox.owe(connection, [owe_notice(subscriber, text, text) for text in texts], now)


async def claim_next(
    connection: AsyncConnection, now: datetime = NOON, limit: int = 99, busy: Collection[str] = ()
) -> list[Claimed]:
    """Claim what is next in each chat that is not busy, longest owed first."""
    owed = [at for at in await outbox.owed_chats(connection) if at not in busy]
    return list((await outbox.claim(connection, now, owed[:limit])).claimed)


async def appoint(connection: AsyncConnection, id: int) -> None:
    """Make this subscriber the admin chat."""
    values = {"key": subscribers.ADMIN, "value": str(id)}
    await connection.execute(sa.insert(meta).values(**values))


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


async def until(true: Callable[[], bool]) -> None:
    """Let others work until something is so; the test's own time-out is the limit."""
    while not true():  # noqa: ASYNC110 - what is waited for happens in a server, not in an Event
        await asyncio.sleep(0)


class Desk:
    """A store, the fake Bot API on the same simulated clock, and a bot between them."""

    def __init__(self, store: Store, api: FakeBotApi, clock: SimulatedClock, bot: Bot) -> None:
        self.store = store
        self.api = api
        self.clock = clock
        self.bot = bot

    @classmethod
    @asynccontextmanager
    async def open(cls, folder: Path, limits: Limits | None = None) -> AsyncIterator[Desk]:
        clock = SimulatedClock(NOON)
        store = await Store.open(f"sqlite:///{folder}/feedbot.db")
        async with FakeBotApi(clock=clock, limits=limits or Limits(burst=1)) as api:
            bot = create_bot(api.token, api.url)
            yield cls(store, api, clock, bot)
            await close_bot(bot)
        await store.close()

    def deliverer(self, posting: Posting | None = None, **options: Any) -> Deliverer:
        """A deliverer as a new process would make it."""
        return Deliverer(
            self.store, self.bot, self.clock, posting or Posting(), Random(1), **options
        )

    async def drain(self, posting: Posting | None = None, minutes: float = 30) -> bool:
        """Deliver all that is owed, in simulated time."""
        deadline = self.clock.now() + timedelta(minutes=minutes)
        return await self.deliverer(posting).drain(deadline)

    async def add(self, address: int | str, **options: Any) -> int:
        async with self.store.transaction() as connection:
            return await add_subscriber(connection, address, **options)

    async def owe(self, subscriber: int, *texts: str) -> None:
        async with self.store.transaction() as connection:
            await owe_texts(connection, subscriber, texts, self.clock.now())

    async def post(self, subscriber: int, title: str, **options: Any) -> None:
        """Owe the news of a new entry."""
        async with self.store.transaction() as connection:
            entry = await add_entry(connection, title, **options)
            await outbox.owe(connection, [news(subscriber, entry)], self.clock.now())

    async def counts(self) -> Counts:
        async with self.store.reading() as connection:
            return await outbox.counts(connection)

    async def rows(self, table: sa.Table) -> list[sa.Row[Any]]:
        async with self.store.reading() as connection:
            return list((await connection.execute(sa.select(table))).all())

    async def appoint(self, id: int) -> None:
        """Make this subscriber the admin chat."""
        async with self.store.transaction() as connection:
            await appoint(connection, id)

    def read(self, chat_id: int) -> list[str]:
        """What a chat has received, oldest first."""
        return [message.text for message in self.api.log.messages(chat_id)]
