"""The outbox: what is owed to whom, what is being sent, and what became of it.

    owe ──→ pending ──claim──→ sending ──record──→ sent | failed
               ↑ ↑                │                 ↑
               │ └ never accepted ┤                 │     a crash leaves `sending` behind;
     not found └── in_doubt ←─────┘ no answer       │     `doubt_leftovers` calls that by its
                      └──────── found ──────────────┘     name at the next start

Every function takes a connection inside `Store.transaction()` (`Store.reading()` where it only
looks), so that what is owed commits with what caused it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from feedbot.model import DeliveryKind, DeliveryState
from feedbot.owing import Owed
from feedbot.store import tally
from feedbot.store.claim import Claimed, Claims, claim, owed_chats
from feedbot.store.dialect import chunks, insert_missing
from feedbot.store.schema import causes, deliveries, messages
from feedbot.store.tally import UNSENT, Counts, count_unsent, counts, recent_sends

__all__ = [
    "TEST",
    "Claimed",
    "Claims",
    "Counts",
    "Outcome",
    "claim",
    "count_unsent",
    "counts",
    "doubt_leftovers",
    "drop",
    "drop_tests",
    "owe",
    "owed_chats",
    "put_back",
    "recent_sends",
    "record",
    "release",
]

#: Begins the occasion of a notice that is a test of its chat.
TEST = "test:"
_UNDECIDED = (DeliveryState.SENDING, DeliveryState.IN_DOUBT)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a call: sent, failed, pending again (never accepted), or in doubt.

    One accepted with more of its messages to come is pending again, with the message recorded.

    at:        when the call ended
    due_at:    when to try again
    messages:  (chat id, message id) of each message Telegram made of it
    part:      which of the delivery's messages the first of these is
    attempted: False takes the attempt back: Telegram only said "later"
    resent:    True counts it as sent again although it may be there
    failing:   True: from now on at the latest its age counts
    payload:   replaces the stored one (sent plainly from now on, …)
    """

    delivery_id: int
    state: DeliveryState
    at: datetime
    due_at: datetime | None = None
    error: str | None = None
    messages: tuple[tuple[int, int], ...] = ()
    part: int = 0
    attempted: bool = True
    resent: bool = False
    failing: bool = False
    payload: Mapping[str, Any] | None = None


async def owe(connection: AsyncConnection, owed: Sequence[Owed], now: datetime) -> None:
    """Write what is owed, in this order. Owing again changes nothing but may add a cause."""
    rows = [
        {
            "subscriber_id": one.subscriber_id,
            "dedupe_key": one.dedupe_key,
            "kind": one.kind,
            "state": DeliveryState.PENDING,
            "payload": dict(one.payload),
            "created_at": now,
            "due_at": one.hold_until or now,
            "fresh_from": now,
            "attempts": 0,
            "resent": 0,
        }
        for one in owed
    ]
    await insert_missing(connection, deliveries, rows, ["dedupe_key"])
    ids = await _ids_by_key(connection, [one.dedupe_key for one in owed if one.entry_id])
    because = [
        {"delivery_id": ids[one.dedupe_key], "entry_id": one.entry_id}
        for one in owed
        if one.entry_id
    ]
    await insert_missing(connection, causes, because, ["delivery_id", "entry_id"])


async def release(
    connection: AsyncConnection, entry_id: int, held_until: datetime, now: datetime
) -> bool:
    """Let go what waited for an entry's text until `held_until`; whether anything did.

    A call that failed meanwhile has given its delivery another moment, which stays.
    """
    told = sa.select(causes.c.delivery_id).where(causes.c.entry_id == entry_id)
    result = await connection.execute(
        sa.update(deliveries)
        .where(
            deliveries.c.id.in_(told),
            deliveries.c.state == DeliveryState.PENDING,
            deliveries.c.due_at == held_until,
        )
        .values(due_at=now)
    )
    return result.rowcount > 0


async def _ids_by_key(connection: AsyncConnection, keys: Sequence[str]) -> dict[str, int]:
    ids: dict[str, int] = {}
    for chunk in chunks(keys):
        query = sa.select(deliveries.c.dedupe_key, deliveries.c.id)
        for row in await connection.execute(query.where(deliveries.c.dedupe_key.in_(chunk))):
            ids[row.dedupe_key] = row.id
    return ids


async def put_back(connection: AsyncConnection, delivery_id: int, due_at: datetime) -> None:
    """What was claimed in this transaction is not sent yet after all."""
    await connection.execute(
        sa.update(deliveries)
        .where(deliveries.c.id == delivery_id, deliveries.c.state == DeliveryState.SENDING)
        .values(state=DeliveryState.PENDING, attempts=deliveries.c.attempts - 1, due_at=due_at)
    )


async def record(connection: AsyncConnection, outcomes: Sequence[Outcome]) -> None:
    """Write down what became of calls.

    "Sent" is the truth whatever the row says by now; the rest holds only for a row that is still
    being sent, or looked for. A delivery whose subscriber was deleted meanwhile is none any more.
    """
    kinds = await _kinds(
        connection, [o for o in outcomes if o.messages or o.state == DeliveryState.SENT]
    )
    known = [one for one in outcomes if one.delivery_id in kinds]
    await _record_messages(connection, [one for one in known if one.messages])
    await _record_sent(connection, [one for one in known if one.state == DeliveryState.SENT], kinds)
    for one in outcomes:
        if one.state != DeliveryState.SENT:
            await connection.execute(_unsent_update(one))
    await tally.add(connection, "resent", sum(one.resent for one in outcomes))


async def _kinds(connection: AsyncConnection, accepted: Sequence[Outcome]) -> dict[int, str]:
    """The kind of each of these deliveries that is there and not sent yet."""
    if not accepted:
        return {}
    query = sa.select(deliveries.c.id, deliveries.c.kind).where(
        deliveries.c.id.in_([one.delivery_id for one in accepted]),
        deliveries.c.state != DeliveryState.SENT,
    )
    return {row.id: row.kind for row in await connection.execute(query)}


async def _record_messages(connection: AsyncConnection, accepted: Sequence[Outcome]) -> None:
    rows = [
        {
            "delivery_id": one.delivery_id,
            "part": part,
            "chat_id": chat_id,
            "message_id": message_id,
            "sent_at": one.at,
        }
        for one in accepted
        for part, (chat_id, message_id) in enumerate(one.messages, one.part)
    ]
    if rows:
        await connection.execute(sa.insert(messages), rows)


async def _record_sent(
    connection: AsyncConnection, sent: Sequence[Outcome], kinds: Mapping[int, str]
) -> None:
    if not sent:
        return
    await connection.execute(
        sa.update(deliveries)
        .where(deliveries.c.id == sa.bindparam("of"))
        .values(state=DeliveryState.SENT, finished_at=sa.bindparam("at"), error=None),
        [{"of": one.delivery_id, "at": one.at} for one in sent],
    )
    for one in sent:
        if one.payload is not None:
            of = deliveries.c.id == one.delivery_id
            await connection.execute(
                sa.update(deliveries).where(of).values(payload=dict(one.payload))
            )
    posts = [one for one in sent if kinds[one.delivery_id] != DeliveryKind.RETRACT]
    await tally.add(connection, "sent", len(posts))


def _unsent_update(outcome: Outcome) -> sa.Update:
    values: dict[str, Any] = {
        "state": outcome.state,
        "finished_at": outcome.at,
        "error": outcome.error,
    }
    if outcome.due_at:
        values["due_at"] = outcome.due_at
    if not outcome.attempted:
        values["attempts"] = deliveries.c.attempts - 1
    if outcome.resent:
        values["resent"] = deliveries.c.resent + 1
    if outcome.failing:
        values["fresh_from"] = sa.func.coalesce(deliveries.c.fresh_from, outcome.at)
    if outcome.payload is not None:
        values["payload"] = dict(outcome.payload)
    return (
        sa.update(deliveries)
        .where(deliveries.c.id == outcome.delivery_id, deliveries.c.state.in_(_UNDECIDED))
        .values(values)
    )


async def doubt_leftovers(connection: AsyncConnection, now: datetime) -> int:
    """At start: what was being sent when the last process ended is in doubt. Returns how many.

    A retraction is not, nor what a hub is told: these are done again.
    """
    begun = (UNSENT, deliveries.c.state == DeliveryState.SENDING)
    await connection.execute(
        sa.update(deliveries)
        .where(*begun, deliveries.c.kind.in_((DeliveryKind.RETRACT, DeliveryKind.HUB)))
        .values(state=DeliveryState.PENDING, due_at=now)
    )
    result = await connection.execute(
        sa.update(deliveries)
        .where(*begun)
        .values(
            state=DeliveryState.IN_DOUBT, due_at=now, error="the process ended before the answer"
        )
    )
    return result.rowcount


async def drop(connection: AsyncConnection, subscriber_id: int, reason: str, now: datetime) -> int:
    """Give up what a subscriber is still owed; the rows stay, dropped. Returns how many.

    What is to be taken back there still is.
    """
    result = await connection.execute(
        sa.update(deliveries)
        .where(
            deliveries.c.subscriber_id == subscriber_id,
            UNSENT,
            deliveries.c.kind != DeliveryKind.RETRACT,
        )
        .values(state=DeliveryState.DROPPED, finished_at=now, error=reason)
    )
    return result.rowcount


async def drop_tests(connection: AsyncConnection, now: datetime) -> None:
    """At start: a test whose command ended with the last process is nobody's any more."""
    await connection.execute(
        sa.update(deliveries)
        .where(
            UNSENT,
            deliveries.c.state == DeliveryState.PENDING,
            deliveries.c.dedupe_key.like(f"{DeliveryKind.NOTICE}:%:{TEST}%"),
        )
        .values(state=DeliveryState.DROPPED, finished_at=now, error="nobody waits for it any more")
    )
