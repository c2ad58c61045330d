"""`feedbot chats test`: one marked message to a chat, by the way all messages go, then deleted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from feedbot.app import App
from feedbot.config import Settings
from feedbot.model import DeliveryState
from feedbot.operator.beside import beside, chats_at, say
from feedbot.owing import owe_notice
from feedbot.store import ledger, outbox
from feedbot.store.engine import Store
from feedbot.store.ledger import Record
from feedbot.store.nudge import nudge
from feedbot.store.subscribers import Subscriber
from feedbot.telegram.erase import erase

_TEXT = {
    "en": "This is a test. It will be deleted at once.",
    "ru": "Это проверка. Сообщение сейчас будет удалено.",
}
_LOOK_EVERY = 0.2  # seconds
_GRACE = timedelta(seconds=8)
_OVER = (DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.DROPPED)


async def test(settings: Settings, address: str, wait: timedelta) -> int:
    """Post to a chat, and to each of its topics that is followed, and delete what was posted.

    It waits its turn in the outbox, for up to `wait`, and is then given up. Sent by the process at
    work, or else by this one. Returns 1 if one of them could not be posted, or not deleted. Raises
    StoreError, PublishError.
    """
    if settings.telegram.token is None:
        say("telegram.token: not set, so nothing can be posted")
        return 1
    async with beside(settings) as store, _somebody(settings, store) as deliver:
        deadline = datetime.now(UTC) + wait
        async with store.transaction() as connection:
            rows = await chats_at(connection, address)
            ids = await _owe(connection, rows, _TEXT[settings.language])
            await nudge(connection)
        try:
            deliver(deadline)
            await _over(store, ids, deadline)
        finally:  # a test that comes later than anybody looks is none
            async with store.transaction() as connection:
                await ledger.drop(connection, await _unsent(connection, ids), datetime.now(UTC))
        async with store.reading() as connection:
            records = await ledger.find(connection, ids)
        fine = [await _conclude(settings, store, one) for one in records]
    for row in rows:
        if row.state == "paused":
            say(f"{row.name}: paused; resume it first")
    return 0 if rows and len(fine) == len(rows) and all(fine) else 1


@asynccontextmanager
async def _somebody(
    settings: Settings, store: Store
) -> AsyncIterator[Callable[[datetime], object]]:
    """Begins delivering, up to a moment: nothing where a process is at work, which does it."""
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


async def _owe(connection: AsyncConnection, rows: Sequence[Subscriber], text: str) -> list[int]:
    """Owe each of the chats that are written to a test; the deliveries' numbers."""
    now = datetime.now(UTC)
    active = [row.id for row in rows if row.state == "active"]
    owed = [owe_notice(id, f"test:{now.isoformat()}", text) for id in active]
    await outbox.owe(connection, owed, now)
    pending = await ledger.of_chats(connection, active, DeliveryState.PENDING)
    return [one.id for one in pending if one.created_at == now and one.what == text]


async def _over(store: Store, ids: Sequence[int], deadline: datetime) -> None:
    """Return when these are sent or have failed, or the time is over."""
    while datetime.now(UTC) < deadline:
        async with store.reading() as connection:
            if not await _unsent(connection, ids):
                return
        await asyncio.sleep(_LOOK_EVERY)


async def _unsent(connection: AsyncConnection, ids: Sequence[int]) -> list[int]:
    return [one.id for one in await ledger.find(connection, ids) if one.state not in _OVER]


async def _conclude(settings: Settings, store: Store, record: Record) -> bool:
    """Delete what was posted, and say how it went; whether all of it went well."""
    where = f"{record.address}, topic {record.topic}" if record.topic else record.address
    if record.state != DeliveryState.SENT:
        error = record.error if record.state == DeliveryState.FAILED else "not sent in time"
        say(f"{where}: {error}")
        return False
    async with store.reading() as connection:
        messages = (await ledger.traces(connection, record.id)).messages
    error = await erase(settings.telegram, messages)
    say(f"{where}: posted, but not deleted: {error}" if error else f"{where}: posted and deleted")
    return error is None
