"""The outbox as its operator sees it: listed, shown, tried again, given up.

Everything here works beside the process that delivers: what it is sending just now stays its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from feedbot.model import DeliveryKind, DeliveryState
from feedbot.store.prune import FORGOTTEN
from feedbot.store.retract import MESSAGE, RETRACTED, STRIKE, key_of
from feedbot.store.schema import causes, deliveries, entries, messages, sources, subscribers
from feedbot.store.tally import FAILED, UNSENT

#: Why a dropped delivery was; the second may have been accepted once, and a retry minds that.
DROPPED = "dropped by the operator"
DROPPED_IN_DOUBT = "dropped by the operator while in doubt"


@dataclass(frozen=True, slots=True)
class Record:
    """A delivery, and whose it is.

    address, topic: of the chat; topic 0: none
    chat_state:     of the subscriber: active, paused, …
    what:           the title of its first entry, else its text; "" where that was pruned
    finished_at:    when the last call ended
    outcome:        of a retraction that is done: deleted, or struck through
    target:         of a retraction: (chat id, message id)
    """

    id: int
    subscriber_id: int
    address: str
    topic: int
    chat_state: str
    kind: DeliveryKind
    state: DeliveryState
    what: str
    attempts: int
    resent: int
    created_at: datetime
    due_at: datetime
    finished_at: datetime | None
    error: str | None
    outcome: str | None = None
    target: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Traces:
    """What a delivery tells of, and what became of it.

    causes:   (source's name, title, link) of each entry
    messages: (chat id, message id) of each message
    retractions: the numbers of the deliveries that take them back
    """

    causes: tuple[tuple[str, str, str], ...]
    messages: tuple[tuple[int, int], ...]
    retractions: tuple[int, ...]


async def listed(
    connection: AsyncConnection,
    limit: int,
    *,
    subscriber_ids: Sequence[int] | None = None,
    state: DeliveryState | None = None,
) -> list[Record]:
    """The last `limit` deliveries in the order owed; left out: of every chat, and all not done.

    state: None: what is not sent yet or has failed
    """
    where = [sa.or_(UNSENT, FAILED) if state is None else deliveries.c.state == state]
    if subscriber_ids is not None:
        where.append(deliveries.c.subscriber_id.in_(subscriber_ids))
    newest_first = _query(*where).order_by(deliveries.c.id.desc()).limit(limit)
    return [_record(row) for row in await connection.execute(newest_first)][::-1]


async def find(connection: AsyncConnection, ids: Sequence[int]) -> list[Record]:
    """The deliveries of these numbers, in the order owed."""
    query = _query(deliveries.c.id.in_(ids)).order_by(deliveries.c.id)
    return [_record(row) for row in await connection.execute(query)]


async def of_chats(
    connection: AsyncConnection, subscriber_ids: Sequence[int], *states: DeliveryState
) -> list[Record]:
    """All deliveries of these subscribers in these states, in the order owed."""
    query = _query(
        deliveries.c.subscriber_id.in_(subscriber_ids), deliveries.c.state.in_(states)
    ).order_by(deliveries.c.id)
    return [_record(row) for row in await connection.execute(query)]


async def in_states(connection: AsyncConnection, *states: DeliveryState) -> list[Record]:
    """All deliveries in these states, in the order owed."""
    query = _query(deliveries.c.state.in_(states)).order_by(deliveries.c.id)
    return [_record(row) for row in await connection.execute(query)]


async def traces(connection: AsyncConnection, id: int) -> Traces:
    """What delivery `id` tells of and what became of it; empty where there is none."""
    because = (
        sa.select(sources.c.name, entries.c.title, entries.c.link)
        .join_from(causes, entries, entries.c.id == causes.c.entry_id)
        .join(sources, sources.c.id == entries.c.source_id)
        .where(causes.c.delivery_id == id)
        .order_by(causes.c.entry_id)
    )
    made = (
        sa.select(messages, deliveries.c.subscriber_id)
        .join(deliveries, deliveries.c.id == messages.c.delivery_id)
        .where(messages.c.delivery_id == id)
        .order_by(messages.c.part)
    )
    posted = (await connection.execute(made)).all()
    keys = [key_of(row.subscriber_id, id, row.part) for row in posted]
    taken = sa.select(deliveries.c.id).where(deliveries.c.dedupe_key.in_(keys))
    return Traces(
        tuple((row[0], row[1], row[2]) for row in await connection.execute(because)),
        tuple((row.chat_id, row.message_id) for row in posted),
        tuple(sorted((await connection.execute(taken)).scalars())),
    )


async def retry(connection: AsyncConnection, ids: Sequence[int], now: datetime) -> list[int]:
    """Owe again those of these that failed or were dropped; returns their numbers.

    One that was dropped in doubt is in doubt again. One that was retracted, or dropped so long ago
    that nobody knows what it said, is given up for good.
    """
    doubt = deliveries.c.error == DROPPED_IN_DOUBT
    state = sa.case((doubt, DeliveryState.IN_DOUBT), else_=DeliveryState.PENDING)
    return await _set(
        connection,
        sa.and_(
            deliveries.c.state.in_((DeliveryState.FAILED, DeliveryState.DROPPED)),
            sa.func.coalesce(deliveries.c.error, "").not_in((RETRACTED, FORGOTTEN)),
        ),
        ids,
        {"state": state, "due_at": now, "attempts": 0, "fresh_from": None},
    )


async def drop(connection: AsyncConnection, ids: Sequence[int], now: datetime) -> list[int]:
    """Give up those of these that are neither sent nor dropped; returns their numbers.

    One that is being sent may still arrive, and is then recorded as sent.
    """
    doubt = sa.and_(
        deliveries.c.state.in_((DeliveryState.SENDING, DeliveryState.IN_DOUBT)),
        deliveries.c.kind != DeliveryKind.RETRACT,  # it may be done twice
    )
    error = sa.case((doubt, DROPPED_IN_DOUBT), else_=DROPPED)
    return await _set(
        connection,
        sa.or_(UNSENT, FAILED),
        ids,
        {"state": DeliveryState.DROPPED, "finished_at": now, "error": error},
    )


async def _set(
    connection: AsyncConnection,
    where: sa.ColumnElement[bool],
    ids: Sequence[int],
    values: dict[str, Any],
) -> list[int]:
    changed = []
    for start in range(0, len(ids), 500):  # databases limit the values in one statement
        some = deliveries.c.id.in_(ids[start : start + 500])
        statement = sa.update(deliveries).where(where, some).values(values)
        rows = await connection.execute(statement.returning(deliveries.c.id))
        changed += sorted(rows.scalars())
    return changed


def _query(*where: sa.ColumnElement[bool]) -> sa.Select[Any]:
    title = (
        sa.select(entries.c.title)
        .join_from(causes, entries, entries.c.id == causes.c.entry_id)
        .where(causes.c.delivery_id == deliveries.c.id)
        .order_by(causes.c.entry_id)
        .limit(1)
        .scalar_subquery()
        .label("title")
    )
    chat = (subscribers.c.address, subscribers.c.topic, subscribers.c.state.label("chat_state"))
    return (
        sa.select(deliveries, *chat, title)
        .join_from(deliveries, subscribers, subscribers.c.id == deliveries.c.subscriber_id)
        .where(*where)
    )


def _record(row: sa.Row[Any]) -> Record:
    target = row.payload.get(MESSAGE)
    outcome = "struck through" if row.payload.get(STRIKE) else "deleted"
    return Record(
        id=row.id,
        subscriber_id=row.subscriber_id,
        address=row.address,
        topic=row.topic,
        chat_state=row.chat_state,
        kind=DeliveryKind(row.kind),
        state=DeliveryState(row.state),
        what=row.title or str(row.payload.get("text", "")),
        attempts=row.attempts,
        resent=row.resent,
        created_at=row.created_at,
        due_at=row.due_at,
        finished_at=row.finished_at,
        error=row.error,
        outcome=outcome if target and row.state == DeliveryState.SENT else None,
        target=(target[0], target[1]) if target else None,
    )
