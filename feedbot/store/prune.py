"""What was sent long ago, reduced to what edits and proofs need.

A row keeps its key, subscriber, state, causes and message ids, so that it can never be owed again;
what it said goes. Failed ones stay whole until somebody has looked at them.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from feedbot.model import DeliveryState
from feedbot.store.schema import deliveries, messages, meta

_UNTIL = "pruned_until"  # key in `meta`: all that was sent up to then has been reduced


async def prune(connection: AsyncConnection, before: datetime, limit: int = 500) -> bool:
    """Reduce about `limit` deliveries sent up to `before`, oldest first; whether there are more.

    Reads the index over `sent_at` from where the last call ended, however much was ever sent.
    """
    query = sa.select(meta.c.value).where(meta.c.key == _UNTIL)
    done = (await connection.execute(query)).scalar()
    old = [messages.c.sent_at <= before]
    if done:
        old.append(messages.c.sent_at > datetime.fromisoformat(done))
    oldest = sa.select(messages.c.sent_at).where(*old).order_by(messages.c.sent_at).limit(limit)
    times = (await connection.execute(oldest)).scalars().all()
    if not times:
        return False
    some = sa.select(messages.c.delivery_id).where(*old, messages.c.sent_at <= times[-1])
    await connection.execute(
        sa.update(deliveries)
        .where(deliveries.c.id.in_(some), deliveries.c.state == DeliveryState.SENT)
        .values(payload={}, error=None)
    )
    await connection.execute(sa.delete(meta).where(meta.c.key == _UNTIL))
    await connection.execute(sa.insert(meta).values(key=_UNTIL, value=times[-1].isoformat()))
    return len(times) == limit
