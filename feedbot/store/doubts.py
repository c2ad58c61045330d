"""Where a message may be that Telegram never told us of: the ids it could have been given.

Ids grow by one. A channel or supergroup has a sequence of its own; all people and basic groups that
a bot talks to share one (https://core.telegram.org/api/offsets). So a message that was accepted
without a word stands after the newest id known when its call began, and is none of those known to
be others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count, islice, takewhile
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from feedbot.model import DeliveryState
from feedbot.store import bots
from feedbot.store.claim import SENT_TO, Claimed
from feedbot.store.schema import deliveries, messages, subscribers
from feedbot.store.tally import UNSENT

#: So many places are looked at, at most.
CANDIDATES = 50
_SUPERGROUPS = -(10**12)  # channels and supergroups are numbered below it
_KNOWN = 10_000  # messages of our own, at most, that lie between


def shares_ids(address: str) -> bool:
    """Whether a chat is a person or basic group, which share their message ids."""
    return not address.startswith("@") and int(address) > _SUPERGROUPS


@dataclass(frozen=True, slots=True)
class Beginning:
    """A call that is about to begin: a digest of what it sends; the payload if that changes."""

    claimed: Claimed
    digest: str | None = None
    payload: Mapping[str, Any] | None = None


async def begin(connection: AsyncConnection, bot_id: int, calls: Sequence[Beginning]) -> None:
    """Note of calls what they send, and after which message id."""
    if not calls:
        return
    shared = await bots.last_id(connection, bot_id)
    last = await _last_ids(
        connection, [one.claimed.address for one in calls if not shares_ids(one.claimed.address)]
    )
    await connection.execute(
        sa.update(deliveries)
        .where(deliveries.c.id == sa.bindparam("of"))
        .values(
            after_id=sa.bindparam("after"), digest=sa.bindparam("sent"), payload=sa.bindparam("new")
        ),
        [
            {
                "of": one.claimed.id,
                "after": shared if shares_ids(address) else last.get(address),
                "sent": one.digest,
                "new": _without_place(one.claimed.payload if one.payload is None else one.payload),
            }
            for one in calls
            for address in (one.claimed.address,)
        ],
    )


async def _last_ids(
    connection: AsyncConnection, addresses: Sequence[str]
) -> Mapping[str, int | None]:
    if not addresses:
        return {}
    query = (
        sa.select(subscribers.c.address, sa.func.max(subscribers.c.last_id).label("last_id"))
        .where(subscribers.c.address.in_(addresses))
        .group_by(subscribers.c.address)
    )
    return {row.address: row.last_id for row in await connection.execute(query)}


def _without_place(payload: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in payload.items() if key != SENT_TO}


async def learn(connection: AsyncConnection, bot_id: int, seen: Iterable[tuple[str, int]]) -> None:
    """Remember (address, message id) of messages that were sent or heard of."""
    newest: dict[str, int] = {}
    for address, id in seen:
        key = "" if shares_ids(address) else address
        newest[key] = max(id, newest.get(key, id))
    if shared := newest.pop("", None):
        await bots.learn_id(connection, bot_id, shared)
    if newest:
        last = subscribers.c.last_id
        await connection.execute(
            sa.update(subscribers)
            .where(
                subscribers.c.address == sa.bindparam("at"),
                sa.or_(last.is_(None), last < sa.bindparam("id_seen")),
            )
            .values(last_id=sa.bindparam("id_seen")),
            [{"at": address, "id_seen": id} for address, id in newest.items()],
        )


@dataclass(frozen=True, slots=True)
class Places:
    """The message ids a delivery in doubt may have, lowest first.

    bounded: whether it is one of these, or was never accepted
    """

    ids: tuple[int, ...]
    bounded: bool


async def places(
    connection: AsyncConnection, claimed: Claimed, patience: timedelta
) -> Places | None:
    """Where to look for a delivery in doubt; None where nothing is known.

    What was sent when it could no longer be accepted ends the search: ids only grow.
    """
    if claimed.after_id is None or claimed.started_at is None:
        return None
    known: set[int] = set()
    end: int | None = None
    over = claimed.started_at + patience
    for id, started_at in await _sent_since(connection, claimed, claimed.started_at):
        known.add(id)
        if started_at >= over:
            end = min(id, end or id)
    free = (id for id in count(claimed.after_id + 1) if id not in known)
    ids = tuple(islice(takewhile(lambda id: end is None or id < end, free), CANDIDATES + 1))
    return Places(ids[:CANDIDATES], bounded=len(ids) <= CANDIDATES)


async def _sent_since(
    connection: AsyncConnection, claimed: Claimed, since: datetime
) -> list[tuple[int, datetime]]:
    """(id, when its call began) of what is known to be sent in the sequence of `claimed`."""
    if claimed.sent_to.startswith("@"):
        return []
    shared = shares_ids(claimed.sent_to)
    here = (
        messages.c.chat_id > _SUPERGROUPS if shared else messages.c.chat_id == int(claimed.sent_to)
    )
    query = (
        sa.select(messages.c.message_id, deliveries.c.started_at)
        .join_from(messages, deliveries, deliveries.c.id == messages.c.delivery_id)
        .where(messages.c.sent_at >= since, messages.c.message_id > claimed.after_id, here)
        .order_by(messages.c.message_id)
        .limit(_KNOWN)
    )
    return [(row.message_id, row.started_at) for row in await connection.execute(query)]


async def any_at(connection: AsyncConnection, address: str) -> bool:
    """Whether something is in doubt in this chat."""
    query = (
        sa.select(deliveries.c.id)
        .join(subscribers, subscribers.c.id == deliveries.c.subscriber_id)
        .where(
            UNSENT,
            deliveries.c.state == DeliveryState.IN_DOUBT,
            subscribers.c.address == address,
        )
    )
    return (await connection.execute(query.limit(1))).first() is not None
