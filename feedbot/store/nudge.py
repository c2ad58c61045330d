"""How one process tells another, through the store alone, that there is something to do.

Commands of the operator change what is owed while `run` is at work; its next tick sees that the
number has moved, and wakes the deliverer.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from feedbot.store.dialect import insert_missing
from feedbot.store.schema import meta

_NUDGES = "nudges"  # key in `meta`: how often, so far


async def nudge(connection: AsyncConnection) -> None:
    """Let whoever delivers for this store look at it, when this transaction is committed."""
    await insert_missing(connection, meta, [{"key": _NUDGES, "value": "0"}], ["key"])
    more = sa.cast(meta.c.value, sa.BigInteger) + 1
    await connection.execute(
        sa.update(meta).where(meta.c.key == _NUDGES).values(value=sa.cast(more, sa.String))
    )


async def nudges(connection: AsyncConnection) -> int:
    """How often `nudge` was called for this store."""
    value = (
        await connection.execute(sa.select(meta.c.value).where(meta.c.key == _NUDGES))
    ).scalar()
    return int(value or 0)
