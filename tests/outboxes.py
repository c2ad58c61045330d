"""What tests of delivery share: a real store with subscribers and something owed to them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from feedbot.model import DeliveryKind
from feedbot.owing import Owed, owe_notice
from feedbot.store import outbox, subscribers
from feedbot.store.schema import articles, entries, sources

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
    connection: AsyncConnection, title: str, *, source: str = "press", summary: str = ""
) -> int:
    """A stored entry of a source; both are made as the schema wants them."""
    query = sa.select(sources.c.id).where(sources.c.name == source)
    source_id = (await connection.execute(query)).scalar()
    if source_id is None:
        values = {
            "name": source,
            "feed_id": f"tag:{source}",
            "created_at": NOON,
            "active": True,
            "due_at": NOON,
            "polls": 1,
            "places": [],
            "entries": 0,
            "failures": 0,
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


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)
