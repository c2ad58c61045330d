"""What stands in the store of a time that has not come yet, because the clock was set back.

A machine's clock can be an hour ahead and be put right. What was owed or tried by the wrong time
would wait for it to come again.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from feedbot.store.schema import bots, deliveries, subscribers
from feedbot.store.tally import UNSENT


async def latest(connection: AsyncConnection) -> datetime | None:
    """The latest moment at which something unsent was owed or tried; None: nothing is unsent."""
    query = sa.select(
        sa.func.max(deliveries.c.created_at, type_=deliveries.c.created_at.type),
        sa.func.max(deliveries.c.started_at, type_=deliveries.c.created_at.type),
    ).where(UNSENT)
    moments = (await connection.execute(query)).one()
    return max(filter(None, moments), default=None)


async def set_back(connection: AsyncConnection, now: datetime, by: timedelta) -> None:
    """The clock was set back by so much: what lies ahead for that comes now, or as much sooner.

    A call begun in that time counts as begun now, for it may still be accepted.
    """
    for column in (deliveries.c.due_at, deliveries.c.started_at, deliveries.c.fresh_from):
        ahead = sa.update(deliveries).where(UNSENT, column > now)
        await connection.execute(ahead.values({column: now}))
    for table in (subscribers, bots):
        held = sa.select(table.c.id, table.c.hold_until).where(table.c.hold_until > now)
        for id, until in (await connection.execute(held)).all():
            sooner = sa.update(table).where(table.c.id == id)
            await connection.execute(sooner.values(hold_until=until - by))
