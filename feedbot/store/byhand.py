"""What the operator does with one source: pausing it, and having it polled at once.

A pause by hand stands beside `paused` in the configuration; a reload does not end it.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from feedbot.store.schema import sources
from feedbot.store.sources import SourceState


async def pause(connection: AsyncConnection, state: SourceState, now: datetime) -> bool:
    """Let a source rest; whether it was not resting by hand before."""
    await _set(connection, state, active=False, paused_at=state.paused_at or now)
    return state.paused_at is None


async def resume(connection: AsyncConnection, state: SourceState, now: datetime) -> bool:
    """Poll a source again, at once; whether it was resting by hand."""
    if state.paused_at is None:
        return False
    await _set(connection, state, active=True, paused_at=None, due_at=now)
    return True


async def soon(
    connection: AsyncConnection, state: SourceState, now: datetime, *, anew: bool
) -> None:
    """Have a source polled at the next tick. anew: it is found out again how it is read."""
    forgotten = {"extractor": None, "reading": None, "etag": None, "last_modified": None}
    await _set(connection, state, due_at=now, **(forgotten if anew else {}))


async def _set(connection: AsyncConnection, state: SourceState, **values: object) -> None:
    await connection.execute(sa.update(sources).where(sources.c.id == state.id).values(**values))
