"""What was sent or given up long ago, reduced to what edits and proofs need.

A row keeps its key, subscriber, state, causes and message ids, so that it can never be owed again;
what it said goes. Failed ones stay whole until somebody has looked at them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from feedbot.model import DeliveryState
from feedbot.store.schema import deliveries, messages, meta
from feedbot.store.tally import DROPPED

#: Why what was dropped long ago cannot be tried again: nobody knows what it said.
FORGOTTEN = "dropped too long ago to be known"
# Keys in `meta`: all that was sent, or dropped, up to then has been reduced.
_SENT_UNTIL, _DROPPED_UNTIL = "pruned_until", "pruned_dropped_until"


async def prune(connection: AsyncConnection, before: datetime, limit: int = 500) -> bool:
    """Reduce about `limit` deliveries that ended up to `before`, oldest first; whether more are.

    Reads the indexes over when from where the last call ended, however much there ever was.
    """
    more = [
        await _sent(connection, before, limit),
        await _dropped(connection, before, limit),
    ]
    return any(more)


async def _sent(connection: AsyncConnection, before: datetime, limit: int) -> bool:
    column = messages.c.sent_at
    old = await _span(connection, _SENT_UNTIL, column, before)
    times = await _oldest(connection, sa.select(column).where(*old), column, limit)
    if not times:
        return False
    some = sa.select(messages.c.delivery_id).where(*old, column <= times[-1])
    await connection.execute(
        sa.update(deliveries)
        .where(deliveries.c.id.in_(some), deliveries.c.state == DeliveryState.SENT)
        .values(payload={}, error=None)
    )
    await _remember(connection, _SENT_UNTIL, times[-1])
    return len(times) == limit


async def _dropped(connection: AsyncConnection, before: datetime, limit: int) -> bool:
    column = deliveries.c.finished_at
    old = await _span(connection, _DROPPED_UNTIL, column, before)
    times = await _oldest(connection, sa.select(column).where(*old), column, limit)
    if not times:
        return False
    await connection.execute(
        sa.update(deliveries)
        .where(DROPPED, *old, column <= times[-1])
        .values(payload={}, error=FORGOTTEN)
    )
    await _remember(connection, _DROPPED_UNTIL, times[-1])
    return len(times) == limit


async def _span(
    connection: AsyncConnection, key: str, column: sa.Column[datetime], before: datetime
) -> list[sa.ColumnElement[bool]]:
    """What ended up to `before`, and was not reduced by an earlier call."""
    query = sa.select(meta.c.value).where(meta.c.key == key)
    done = (await connection.execute(query)).scalar()
    since = [column > datetime.fromisoformat(done)] if done else []
    return [column <= before, *since]


async def _oldest(
    connection: AsyncConnection,
    query: sa.Select[Any],
    column: sa.Column[datetime],
    limit: int,
) -> list[datetime]:
    return list((await connection.execute(query.order_by(column).limit(limit))).scalars())


async def _remember(connection: AsyncConnection, key: str, until: datetime) -> None:
    await connection.execute(sa.delete(meta).where(meta.c.key == key))
    await connection.execute(sa.insert(meta).values(key=key, value=until.isoformat()))
