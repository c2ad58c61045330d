"""How chats come, go and move by themselves: /start and /stop, 403 and 429, group upgrades."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from feedbot.model import DeliveryKind, DeliveryState
from feedbot.store.claim import SENT_TO
from feedbot.store.dialect import insert_missing
from feedbot.store.schema import deliveries, meta, subscribers
from feedbot.store.subscribers import (
    ADMIN,
    BY_OPERATOR,
    MOVED,
    Key,
    Subscriber,
    admin_id,
    find,
    insert,
    refresh,
    select,
    update,
)
from feedbot.store.tally import UNSENT


async def enter(
    connection: AsyncConnection,
    key: Key,
    state: str,
    now: datetime,
    *,
    kind: str | None = None,
    title: str | None = None,
) -> int:
    """A chat's own row in `state`: active, asking, or leaving (only answered, then deleted)."""
    row = await find(connection, *key)
    if row is None:
        return await insert(connection, key, "chat", state, now, kind, title)
    await update(
        connection, row.id, origin="chat", state=state, reason=None, kind=kind, title=title
    )
    return row.id


async def allow(connection: AsyncConnection, id: int) -> bool:
    """Let in a chat that asks; False where none of this number does."""
    return await _move(connection, id, "asking", "active")


async def deny(connection: AsyncConnection, id: int) -> bool:
    """Send away a chat that asks; False where none of this number does."""
    return await _move(connection, id, "asking", "leaving")


async def leave(connection: AsyncConnection, id: int) -> None:
    """End a chat's own subscription: nothing more for it but answers, then its row goes.

    The admin chat goes back to being only that.
    """
    await connection.execute(
        sa.delete(deliveries).where(
            deliveries.c.subscriber_id == id,
            deliveries.c.kind.in_((DeliveryKind.NEWS, DeliveryKind.COUNTER)),
            UNSENT,
        )
    )
    if id == await admin_id(connection):
        await update(connection, id, origin="admin")
    else:
        await update(connection, id, state="leaving")


async def purge_left(connection: AsyncConnection) -> None:
    """Delete the leaving ones that have been answered, with all that is known of them."""
    owed = sa.exists().where(deliveries.c.subscriber_id == subscribers.c.id, UNSENT)
    await connection.execute(sa.delete(subscribers).where(subscribers.c.state == "leaving", ~owed))


async def lose(
    connection: AsyncConnection, address: str, reason: str, *, topic: int | None = None
) -> list[Subscriber]:
    """The bot cannot write there any more: followers are deleted, configured chats paused.

    topic: only this one is closed to it (0: none); None: the chat with all its topics
    Returns those newly paused, for the operator to hear of. What they are owed waits; an answer to
    one that left the configuration is forgotten, as it would be tried for ever.
    """
    there = subscribers.c.address == address
    if topic is not None:
        there &= subscribers.c.topic == topic
    admin = await admin_id(connection) or 0
    own = sa.and_(subscribers.c.origin == "chat", subscribers.c.id != admin)
    await connection.execute(sa.delete(subscribers).where(there, own))
    removed = sa.select(subscribers.c.id).where(there, subscribers.c.state == "removed")
    await connection.execute(
        sa.delete(deliveries).where(deliveries.c.subscriber_id.in_(removed), UNSENT)
    )
    paused = await select(connection, there, subscribers.c.state == "active")
    for row in paused:
        await update(connection, row.id, state="paused", reason=reason)
    return paused


async def resume(connection: AsyncConnection, addresses: Sequence[str]) -> list[Subscriber]:
    """Write again to those at these addresses that Telegram made us pause; returns them."""
    paused = await select(
        connection,
        subscribers.c.address.in_(addresses),
        subscribers.c.state == "paused",
        subscribers.c.reason.is_distinct_from(BY_OPERATOR),
    )
    return await resume_by_hand(connection, paused)


async def pause_by_hand(connection: AsyncConnection, rows: Sequence[Subscriber]) -> None:
    """The operator wants these configured chats not written to, until told otherwise."""
    for row in rows:
        await update(connection, row.id, state="paused", reason=BY_OPERATOR)


async def resume_by_hand(
    connection: AsyncConnection, rows: Sequence[Subscriber]
) -> list[Subscriber]:
    """Write again to those of `rows` that are paused, whoever paused them; returns them."""
    paused = [row for row in rows if row.state == "paused"]
    for row in paused:
        await update(connection, row.id, state="active", reason=None)
    await refresh(connection, [row.id for row in paused])
    return paused


async def hold(connection: AsyncConnection, address: str, until: datetime) -> None:
    """Send nothing to this chat, in whatever topic, until then; restarts do not shorten it."""
    await connection.execute(
        sa.update(subscribers).where(subscribers.c.address == address).values(hold_until=until)
    )
    held = await select(connection, subscribers.c.address == address)
    await refresh(connection, [row.id for row in held])


async def migrate(connection: AsyncConnection, old: str, new: str) -> bool:
    """A group became a supergroup: its subscribers move, with what they are owed.

    Where the new address is taken already, the configured one of the two stays. Returns whether
    the operator has an address to change.
    """
    moving = await select(connection, subscribers.c.address == old)
    place = next((str(row.chat_id) for row in moving if row.chat_id), old)
    await _note_place(connection, [row.id for row in moving], place)
    for row in moving:
        there = await find(connection, new, row.topic)
        taken = there and there.state != "removed"
        if there and taken and (there.origin != "chat" or row.origin == "chat"):
            await _merge(connection, row, into=there)
            continue
        if there:
            await _merge(connection, there, into=row)
        await update(connection, row.id, address=new, last_id=None)
    named = any(row.origin != "chat" and row.state != "removed" for row in moving)
    if named:
        await insert_missing(connection, meta, [{"key": MOVED + old, "value": new}], ["key"])
    return named


async def _note_place(connection: AsyncConnection, ids: Sequence[int], old: str) -> None:
    """What may have been accepted was sent to the old chat, and is to be looked for there."""
    asked = sa.select(deliveries.c.id, deliveries.c.payload).where(
        UNSENT, deliveries.c.subscriber_id.in_(ids), deliveries.c.state != DeliveryState.PENDING
    )
    for id, payload in (await connection.execute(asked)).all():
        there = {SENT_TO: old, **payload}
        await connection.execute(
            sa.update(deliveries).where(deliveries.c.id == id).values(payload=there)
        )


async def resolve(connection: AsyncConnection, address: str, chat_id: int) -> None:
    """Remember which chat a "@name" stands for: from now on that one is written to."""
    await connection.execute(
        sa.update(subscribers).where(subscribers.c.address == address).values(chat_id=chat_id)
    )


async def _merge(connection: AsyncConnection, row: Subscriber, *, into: Subscriber) -> None:
    """Delete `row`, which is the same chat as `into`; what only it was owed or sent moves over.

    Deliveries move under the key they would have had there, so that nothing is owed twice.
    """
    mine = sa.select(deliveries.c.id, deliveries.c.dedupe_key)
    keys = {
        delivery.id: _rekeyed(delivery.dedupe_key, into.id)
        for delivery in await connection.execute(mine.where(deliveries.c.subscriber_id == row.id))
    }
    theirs = sa.select(deliveries.c.dedupe_key).where(deliveries.c.subscriber_id == into.id)
    taken = set((await connection.execute(theirs)).scalars())
    for id, key in keys.items():
        if key not in taken:
            await connection.execute(
                sa.update(deliveries)
                .where(deliveries.c.id == id)
                .values(subscriber_id=into.id, dedupe_key=key)
            )
    await connection.execute(
        sa.update(meta)
        .where(meta.c.key == ADMIN, meta.c.value == str(row.id))
        .values(value=str(into.id))
    )
    await connection.execute(sa.delete(subscribers).where(subscribers.c.id == row.id))


def _rekeyed(key: str, subscriber_id: int) -> str:
    """The dedupe key (`kind:subscriber:…`) as of another subscriber."""
    kind, _, rest = key.split(":", 2)
    return f"{kind}:{subscriber_id}:{rest}"


async def _move(connection: AsyncConnection, id: int, before: str, after: str) -> bool:
    result = await connection.execute(
        sa.update(subscribers)
        .where(subscribers.c.id == id, subscribers.c.state == before)
        .values(state=after)
    )
    return result.rowcount > 0
