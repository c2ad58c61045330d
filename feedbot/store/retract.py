"""Taking back what was posted: entries leave every feed, their messages every chat.

    retract ─→ entries marked ─→ what is unsent of them dropped
                             └─→ a delivery of kind `retract` for each message that is out
    settled ─→ the same for what was being sent, or looked for, when its entry was retracted

A retraction goes through the outbox as everything does. It names a message and may be done twice,
so nothing of it is ever in doubt. A marked entry stays known: the next poll finds it again.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from feedbot.model import DeliveryKind, DeliveryState
from feedbot.owing import Owed
from feedbot.store import catalogue, editions, outbox
from feedbot.store.dialect import chunks
from feedbot.store.schema import causes, deliveries, entries, messages, sources

#: In a retraction's payload: (chat id, message id), and how many messages its post took.
MESSAGE, PART, PARTS = "message", "part", "parts"
TEXT = "text"  # of a post that no entry caused
#: In the payload once Telegram would not delete it: it is struck through instead.
STRIKE = "strike"
#: In the payload of a delivery whose messages are taken back as soon as they are out.
PASSING = "passing"
#: Why a delivery was dropped; it is never tried again.
RETRACTED = "retracted by the operator"
_UNSENT = (DeliveryState.PENDING, DeliveryState.FAILED, DeliveryState.DROPPED)


async def retract(connection: AsyncConnection, articles: Collection[int], now: datetime) -> int:
    """Take these articles back: out of the feeds of every source, and of every chat.

    Returns how many deliveries of them were dropped.
    """
    of = entries.c.article_id.in_(articles)
    await connection.execute(
        sa.update(entries).where(of, entries.c.retracted_at.is_(None)).values(retracted_at=now)
    )
    taken = (await connection.execute(sa.select(entries.c.id).where(of))).scalars().all()
    await editions.restate(connection, taken)
    await catalogue.enter(connection, taken, now)
    caused = (
        sa.select(causes.c.delivery_id)
        .join(entries, entries.c.id == causes.c.entry_id)
        .join(deliveries, deliveries.c.id == causes.c.delivery_id)
        .where(of, deliveries.c.kind != DeliveryKind.RETRACT)
        .distinct()
    )
    return await take_back(connection, (await connection.execute(caused)).scalars().all(), now)


async def take_back(connection: AsyncConnection, ids: Sequence[int], now: datetime) -> int:
    """Drop what is unsent of these deliveries, and owe that their messages go.

    Returns how many were dropped. One that is being sent, or looked for, comes to `settled` when
    that is over.
    """
    dropped = 0
    for some in chunks(ids):
        unsent = await connection.execute(
            sa.update(deliveries)
            .where(
                deliveries.c.id.in_(some),
                deliveries.c.state.in_(_UNSENT),
                deliveries.c.error.is_distinct_from(RETRACTED),
            )
            .values(state=DeliveryState.DROPPED, finished_at=now, error=RETRACTED)
        )
        dropped += unsent.rowcount
        await outbox.owe(connection, await _retractions(connection, some), now)
    return dropped


async def settled(
    connection: AsyncConnection, ids: Sequence[int], passing: Sequence[int], now: datetime
) -> None:
    """Calls of these deliveries are over: take back what was retracted meanwhile, and `passing`."""
    if ids:
        of_retracted = (
            sa.select(causes.c.delivery_id)
            .join(entries, entries.c.id == causes.c.entry_id)
            .where(causes.c.delivery_id.in_(ids), entries.c.retracted_at.is_not(None))
            .distinct()
        )
        passing = [*passing, *(await connection.execute(of_retracted)).scalars()]
    if passing:
        await take_back(connection, passing, now)


async def _retractions(connection: AsyncConnection, ids: Sequence[int]) -> list[Owed]:
    """What there is to take back of these: a delivery for each message, with the post's causes."""
    made = (
        sa.select(messages, deliveries.c.subscriber_id, deliveries.c.payload, causes.c.entry_id)
        .join(deliveries, deliveries.c.id == messages.c.delivery_id)
        .outerjoin(causes, causes.c.delivery_id == deliveries.c.id)
        .where(messages.c.delivery_id.in_(ids))
        .order_by(messages.c.delivery_id, messages.c.part.desc(), causes.c.entry_id)
    )
    rows = (await connection.execute(made)).all()
    parts: dict[int, int] = {}
    for row in rows:
        parts[row.delivery_id] = max(parts.get(row.delivery_id, 0), row.part + 1)
    return [
        Owed(
            row.subscriber_id,
            DeliveryKind.RETRACT,
            key_of(row.subscriber_id, row.delivery_id, row.part),
            entry_id=row.entry_id,
            payload={
                MESSAGE: (row.chat_id, row.message_id),
                PART: row.part,
                PARTS: parts[row.delivery_id],
                **({} if row.entry_id else {TEXT: row.payload.get(TEXT, "")}),
            },
        )
        for row in rows
    ]


def key_of(subscriber_id: int, delivery_id: int, part: int) -> str:
    """The dedupe key of the retraction of one message of a delivery."""
    return f"{DeliveryKind.RETRACT}:{subscriber_id}:{delivery_id}:{part}"


async def mute(connection: AsyncConnection, articles: Collection[int], now: datetime) -> set[int]:
    """Of these articles, with new entries, those that were retracted: their entries are so too."""
    taken: set[int] = set()
    for some in chunks(sorted(articles)):
        known = sa.select(entries.c.article_id).where(
            entries.c.article_id.in_(some), entries.c.retracted_at.is_not(None)
        )
        taken |= set((await connection.execute(known)).scalars())
    if taken:
        fresh = (entries.c.article_id.in_(taken), entries.c.retracted_at.is_(None))
        await connection.execute(sa.update(entries).where(*fresh).values(retracted_at=now))
    return taken


async def numbers(connection: AsyncConnection) -> dict[str, int]:
    """How many entries of each source have been retracted, by name; those without are left out."""
    query = (
        sa.select(sources.c.name, sa.func.count())
        .join(entries, entries.c.source_id == sources.c.id)
        .where(entries.c.retracted_at.is_not(None))
        .group_by(sources.c.name)
    )
    return {row[0]: row[1] for row in await connection.execute(query)}
