"""How the outbox stands: counts for people, recent calls for the rate limits.

What was ever sent is counted as it happens, in `meta`, so that nobody has to count a million rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from feedbot.model import DeliveryKind, DeliveryState
from feedbot.store.schema import deliveries, messages, meta, subscribers

#: Literals, not parameters: only so does a database see that its small partial indexes will do.
UNSENT = sa.text("deliveries.state IN ('pending', 'sending', 'in_doubt')")
FAILED = sa.text("deliveries.state = 'failed'")
DROPPED = sa.text("deliveries.state = 'dropped'")
_TOTALS = {"sent": "deliveries_sent", "resent": "deliveries_resent"}  # keys in `meta`


@dataclass(frozen=True, slots=True)
class Counts:
    """How the outbox stands.

    owed:     not sent yet, those in doubt included
    sending:  now, or when the process that sent them ended
    in_doubt: now
    sent, resent: so far; they outlive subscribers that left
    failed:   refused for good, kept until looked at
    dropped:  given up, by the operator or with their chat
    """

    owed: int = 0
    sent: int = 0
    sending: int = 0
    in_doubt: int = 0
    resent: int = 0
    failed: int = 0
    dropped: int = 0


async def counts(connection: AsyncConnection) -> Counts:
    """How the outbox stands; reads only what is unsent, failed or dropped. A hub is no chat."""
    number = sa.func.count().label("number")
    posts = deliveries.c.kind != DeliveryKind.HUB
    unsent = await _pairs(
        connection,
        sa.select(deliveries.c.state, number).where(UNSENT, posts).group_by(deliveries.c.state),
    )
    totals = await _pairs(
        connection, sa.select(meta.c.key, meta.c.value).where(meta.c.key.in_(_TOTALS.values()))
    )
    failed, dropped = (
        sa.select(number).select_from(deliveries).where(state, posts) for state in (FAILED, DROPPED)
    )
    return Counts(
        owed=sum(unsent.values()),
        sent=totals.get(_TOTALS["sent"], 0),
        sending=unsent.get(DeliveryState.SENDING, 0),
        in_doubt=unsent.get(DeliveryState.IN_DOUBT, 0),
        resent=totals.get(_TOTALS["resent"], 0),
        failed=(await connection.execute(failed)).scalar_one(),
        dropped=(await connection.execute(dropped)).scalar_one(),
    )


async def _pairs(connection: AsyncConnection, query: sa.Select[Any]) -> dict[str, int]:
    return {name: int(value) for name, value in await connection.execute(query)}


async def count_unsent(connection: AsyncConnection, subscriber_id: int, kind: str) -> int:
    """How many deliveries of a kind a subscriber is still owed."""
    query = (
        sa.select(sa.func.count())
        .select_from(deliveries)
        .where(deliveries.c.subscriber_id == subscriber_id, UNSENT, deliveries.c.kind == kind)
    )
    number: int = (await connection.execute(query)).scalar_one()
    return number


async def recent_sends(
    connection: AsyncConnection, since: datetime, now: datetime
) -> list[tuple[str, datetime]]:
    """(address, end) of the calls that may still count against Telegram's limits, oldest first.

    A call without an answer may reach Telegram at any time up to now, so it counts from `now`.
    """
    sent = (
        sa.select(subscribers.c.address, messages.c.sent_at)
        .join_from(messages, deliveries, deliveries.c.id == messages.c.delivery_id)
        .join(subscribers, subscribers.c.id == deliveries.c.subscriber_id)
        .where(messages.c.sent_at >= since)
    )
    refused = (
        sa.select(subscribers.c.address, deliveries.c.finished_at)
        .join_from(deliveries, subscribers, subscribers.c.id == deliveries.c.subscriber_id)
        .where(FAILED, deliveries.c.finished_at >= since)
    )
    begun = (
        sa.select(subscribers.c.address)
        .join_from(deliveries, subscribers, subscribers.c.id == deliveries.c.subscriber_id)
        .where(UNSENT, deliveries.c.started_at >= since)
    )
    ended = [
        (row[0], row[1]) for query in (sent, refused) for row in await connection.execute(query)
    ]
    unanswered = [(row.address, now) for row in await connection.execute(begun)]
    return sorted([*ended, *unanswered], key=lambda call: call[1])


async def add(connection: AsyncConnection, total: str, number: int) -> None:
    """Add to a running total, so that `status` need not count what was ever sent."""
    if not number:
        return
    key = _TOTALS[total]
    added = sa.cast(sa.cast(meta.c.value, sa.BigInteger) + number, sa.String)
    update = sa.update(meta).where(meta.c.key == key).values(value=added)
    if not (await connection.execute(update)).rowcount:
        await connection.execute(sa.insert(meta).values(key=key, value=str(number)))
