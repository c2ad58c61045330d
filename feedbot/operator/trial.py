"""`feedbot chats test`: one marked message to a chat, by the way all messages go, then deleted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from feedbot.config import Settings
from feedbot.model import DeliveryState
from feedbot.operator.beside import beside, chats_at, say
from feedbot.operator.sending import over, sending, unsent
from feedbot.owing import owe_notice
from feedbot.store import ledger, outbox
from feedbot.store.engine import Store
from feedbot.store.ledger import Record
from feedbot.store.nudge import nudge
from feedbot.store.retract import PASSING
from feedbot.store.subscribers import Subscriber

_TEXT = {
    "en": "This is a test. It will be deleted at once.",
    "ru": "Это проверка. Сообщение сейчас будет удалено.",
}
#: How long the deletion may wait its turn after the message.
_DELETING = timedelta(seconds=15)


async def test(settings: Settings, address: str, wait: timedelta) -> int:
    """Post to a chat, and to each of its topics that is followed, and delete what was posted.

    It waits its turn in the outbox, for up to `wait`, and is then given up. Sent and deleted by the
    process at work, or else by this one; whoever is killed, the next one deletes it. Returns 1 if
    one of them could not be posted, or not deleted. Raises StoreError, PublishError.
    """
    if settings.telegram.token is None:
        say("telegram.token: not set, so nothing can be posted")
        return 1
    async with beside(settings) as store, sending(settings, store) as deliver:
        deadline = datetime.now(UTC) + wait
        async with store.transaction() as connection:
            rows = await chats_at(connection, address)
            ids = await _owe(connection, rows, _TEXT[settings.language])
            await nudge(connection)
        try:
            deliver(deadline + _DELETING)
            records = await over(store, ids, deadline)
        finally:  # a test that comes later than anybody looks is none
            async with store.transaction() as connection:
                late = unsent(await ledger.find(connection, ids))
                await ledger.drop(connection, late, datetime.now(UTC))
        records = await over(store, ids, deadline)
        fine = [await _conclude(store, one, deadline + _DELETING) for one in records]
    for row in rows:
        if row.state == "paused":
            say(f"{row.name}: paused; resume it first")
    return 0 if rows and len(fine) == len(rows) and all(fine) else 1


async def _owe(connection: AsyncConnection, rows: Sequence[Subscriber], text: str) -> list[int]:
    """Owe each of the chats that are written to a test; the deliveries' numbers."""
    now = datetime.now(UTC)
    active = [row.id for row in rows if row.state == "active"]
    owed = [
        replace(owe_notice(id, f"{outbox.TEST}{now.isoformat()}", text), payload=_passing(text))
        for id in active
    ]
    await outbox.owe(connection, owed, now)
    pending = await ledger.of_chats(connection, active, DeliveryState.PENDING)
    return [one.id for one in pending if one.created_at == now and one.what == text]


def _passing(text: str) -> dict[str, object]:
    return {"text": text, PASSING: True}


async def _conclude(store: Store, record: Record, deadline: datetime) -> bool:
    """Say how it went, once what was posted is gone; whether all of it went well."""
    where = f"{record.address}, topic {record.topic}" if record.topic else record.address
    if record.state != DeliveryState.SENT:
        error = record.error if record.state == DeliveryState.FAILED else "not sent in time"
        say(f"{where}: {error}")
        return False
    async with store.reading() as connection:
        ids = (await ledger.traces(connection, record.id)).retractions
    stays = [one for one in await over(store, ids, deadline) if one.outcome != "deleted"]
    for one in stays:
        say(f"{where}: posted, but not deleted: {one.error or one.outcome or 'it waits its turn'}")
    if not stays:
        say(f"{where}: posted and deleted")
    return not stays
