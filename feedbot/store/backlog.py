"""What a chat that is new in the configuration is told of the time before it came."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from feedbot.model import Chat, Source
from feedbot.owing import Told, owe_backlog
from feedbot.store import outbox, subscribers
from feedbot.store.schema import NOT_HELD, entries, sources
from feedbot.store.subscribers import Key

#: How far back a chat with a filter is searched for what it wants, in each source.
_DEPTH = 1000


async def newcomers(connection: AsyncConnection, chats: Iterable[Chat]) -> Mapping[Key, Chat]:
    """The chats that want a backlog and that nothing was ever owed to: ask before they are stored.

    One that left the configuration and is back is none.
    """
    found = {}
    for key, chat in (await subscribers.configured(connection, chats)).items():
        row = await subscribers.find(connection, *key) if chat.backlog else None
        if chat.backlog and (row is None or row.origin == "admin"):
            found[key] = chat
    return found


async def owe(
    connection: AsyncConnection,
    fresh: Mapping[Key, Chat],
    watched: Sequence[Source],
    now: datetime,
) -> None:
    """Owe each of `fresh`, stored by now, the last entries of the sources it follows."""
    for key, chat in fresh.items():
        row = await subscribers.find(connection, *key)
        if row is None:
            continue
        follower = subscribers.follower(row.id, chat)
        told: list[Told] = []
        for source in watched:
            if follower.sources is None or source.name in follower.sources:
                depth = _DEPTH if follower.filter else chat.backlog
                told += await _last(connection, source, depth)
        await outbox.owe(connection, owe_backlog(told, follower, chat.backlog), now)


async def _last(connection: AsyncConnection, source: Source, limit: int) -> list[Told]:
    """The last `limit` entries of a source that still stand in its feed, baseline included."""
    query = (
        sa.select(entries)
        .join(sources, sources.c.id == entries.c.source_id)
        .where(
            sources.c.name == source.name,
            entries.c.gone_at.is_(None),
            entries.c.retracted_at.is_(None),
            NOT_HELD,
        )
        .order_by(entries.c.id.desc())
        .limit(limit)
    )
    return [
        Told(
            entry_id=row.id,
            article_id=row.article_id,
            published=row.published,
            title=row.title,
            summary=row.summary,
            source=source.name,
            source_title=source.title,
            content=row.content,
        )
        for row in await connection.execute(query)
    ]
