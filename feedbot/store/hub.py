"""What the WebSub hub is to be told: deliveries of a kind of their own, in the outbox.

A hub is a subscriber that is no chat: nobody who writes to chats claims what is owed to it, and no
limit of theirs counts here. That a topic has changed may be said twice, so nothing is ever in
doubt, and what was said is forgotten.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from feedbot.model import DeliveryKind, DeliveryState
from feedbot.owing import Owed
from feedbot.store import outbox
from feedbot.store.documents import Written
from feedbot.store.schema import deliveries, subscribers

#: Origin and state of the row: no chat has these.
HUB = "hub"
_OF_HUBS = deliveries.c.kind == DeliveryKind.HUB


@dataclass(frozen=True, slots=True)
class Topic:
    """A document whose change the hub is to be told of; `ids`: the deliveries that say so.

    attempts: calls begun, this one included
    """

    path: str
    ids: tuple[int, ...]
    attempts: int


async def owe(
    connection: AsyncConnection, hub: str, changed: Sequence[Written], now: datetime
) -> None:
    """Owe the hub that these documents have changed."""
    id = await _subscriber(connection, hub, now)
    owed = [
        Owed(
            id,
            DeliveryKind.HUB,
            f"{DeliveryKind.HUB}:{id}:{one.path}:{one.modified.isoformat()}",
            payload={"path": one.path},
        )
        for one in changed
    ]
    await outbox.owe(connection, owed, now)


async def _subscriber(connection: AsyncConnection, hub: str, now: datetime) -> int:
    """The row of this hub; one that was another's place is owed nothing any more."""
    rows = await connection.execute(sa.select(subscribers).where(subscribers.c.origin == HUB))
    found = {row.address: row.id for row in rows}
    for address, id in found.items():
        if address != hub:
            await connection.execute(sa.delete(deliveries).where(deliveries.c.subscriber_id == id))
            await connection.execute(sa.delete(subscribers).where(subscribers.c.id == id))
    if hub in found:
        return int(found[hub])
    row = {"address": hub, "topic": 0, "origin": HUB, "state": HUB, "created_at": now}
    made = sa.insert(subscribers).values(**row).returning(subscribers.c.id)
    return int((await connection.execute(made)).scalar_one())


async def claim(
    connection: AsyncConnection, now: datetime, busy: Collection[str] = (), limit: int = 100
) -> list[Topic]:
    """The topics to tell of now, longest owed first; each once, however often it has changed.

    busy: paths that are left for later
    """
    query = (
        sa.select(deliveries)
        .where(_OF_HUBS, deliveries.c.state == DeliveryState.PENDING, deliveries.c.due_at <= now)
        .order_by(deliveries.c.id)
        .limit(limit)
    )
    found: dict[str, Topic] = {}
    for row in await connection.execute(query):
        path = row.payload["path"]
        if path in busy:
            continue
        known = found.get(path, Topic(path, (), 0))
        found[path] = Topic(path, (*known.ids, row.id), max(known.attempts, row.attempts + 1))
    ids = [id for topic in found.values() for id in topic.ids]
    await connection.execute(
        sa.update(deliveries)
        .where(deliveries.c.id.in_(ids))
        .values(state=DeliveryState.SENDING, attempts=deliveries.c.attempts + 1, started_at=now)
    )
    return list(found.values())


async def told(connection: AsyncConnection, topic: Topic) -> None:
    """The hub knows."""
    await connection.execute(sa.delete(deliveries).where(deliveries.c.id.in_(topic.ids)))


async def not_told(
    connection: AsyncConnection, topic: Topic, error: str, now: datetime, again: datetime | None
) -> None:
    """The hub could not be told; it is tried again at `again`, or given up."""
    state = DeliveryState.PENDING if again else DeliveryState.FAILED
    await connection.execute(
        sa.update(deliveries)
        .where(deliveries.c.id.in_(topic.ids))
        .values(state=state, due_at=again or now, error=error, finished_at=now)
    )


async def next_due(connection: AsyncConnection) -> datetime | None:
    """When the next is to be told; None: nothing is owed."""
    query = sa.select(deliveries.c.due_at).where(
        _OF_HUBS, deliveries.c.state == DeliveryState.PENDING
    )
    due: datetime | None = (
        await connection.execute(query.order_by(deliveries.c.due_at).limit(1))
    ).scalar()
    return due
