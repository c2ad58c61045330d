"""Delivering for a command: by the process at work, or else by this one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from feedbot.app import App
from feedbot.config import Settings
from feedbot.model import DeliveryState
from feedbot.store import ledger
from feedbot.store.engine import Store
from feedbot.store.ledger import Record

LOOK_EVERY = 0.2  # seconds
_GRACE = timedelta(seconds=8)
_OVER = (DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.DROPPED)


@asynccontextmanager
async def sending(settings: Settings, store: Store) -> AsyncIterator[Callable[[datetime], object]]:
    """Begins delivering, up to a moment: nothing where a process is at work, which does it.

    Raises StoreError, PublishError.
    """
    if store.has_scheduler():
        yield lambda deadline: None
        return
    async with App.open(settings) as app:
        telegram = app.telegram
        if telegram is None:
            yield lambda deadline: None
            return
        drains: list[asyncio.Task[bool]] = []
        try:
            yield lambda deadline: drains.append(asyncio.create_task(telegram.drain(deadline)))
        finally:
            await telegram.shutdown(_GRACE)
            await asyncio.gather(*drains)


async def over(store: Store, ids: Sequence[int], deadline: datetime) -> list[Record]:
    """These deliveries, when all are sent, have failed or were dropped, or the time is over."""
    while True:
        async with store.reading() as connection:
            records = await ledger.find(connection, ids)
        if datetime.now(UTC) >= deadline or not unsent(records):
            return records
        await asyncio.sleep(LOOK_EVERY)


def unsent(records: Sequence[Record]) -> list[int]:
    """The numbers of those that are still owed."""
    return [one.id for one in records if one.state not in _OVER]
