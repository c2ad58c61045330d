"""Every subscriber with what it is owed, as the operator sees them."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from feedbot.store import schema, subscribers
from feedbot.store.hub import HUB
from feedbot.store.schema import deliveries
from feedbot.store.subscribers import Subscriber
from feedbot.store.tally import FAILED, UNSENT


@dataclass(frozen=True, slots=True)
class Standing:
    """A subscriber, how many deliveries it is owed, and how many failed."""

    subscriber: Subscriber
    owed: int
    failed: int


async def standings(connection: AsyncConnection) -> list[Standing]:
    """All chats, oldest first; reads only what is unsent or failed."""
    owed, failed = await _number(connection, UNSENT), await _number(connection, FAILED)
    rows = await subscribers.select(connection, schema.subscribers.c.origin != HUB)
    return [Standing(row, owed.get(row.id, 0), failed.get(row.id, 0)) for row in rows]


async def _number(connection: AsyncConnection, which: sa.TextClause) -> dict[int, int]:
    query = sa.select(deliveries.c.subscriber_id, sa.func.count()).where(which)
    rows = await connection.execute(query.group_by(deliveries.c.subscriber_id))
    return {row[0]: row[1] for row in rows}
