"""Whose turn it is: claiming what is to be sent now, in order and fair.

One delivery a chat at a time, the oldest first; among chats the one that has waited longest. A chat
that fails, waits or is slow delays no other. One in doubt is claimed to be looked for, not to be
sent, and stays as it is until it was found or not.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from feedbot.model import DeliveryKind, DeliveryState, PageDate
from feedbot.store.schema import (
    causes,
    deliveries,
    entries,
    messages,
    sources,
    subscribers,
    texts,
)
from feedbot.store.tally import UNSENT
from feedbot.store.texts import READ, fuller

#: Subscribers that are written to: all but the paused. Those that do not follow are owed answers
#: and nothing else.
SERVED = ("active", "asking", "leaving", "removed")
#: In the payload: the address of the last call, where the chat has moved since.
SENT_TO = "sent_to"
_CLAIMABLE = (DeliveryState.PENDING, DeliveryState.IN_DOUBT)


@dataclass(frozen=True, slots=True)
class Cause:
    """An entry that a delivery tells of; `source` is the source's name."""

    entry_id: int
    source: str
    title: str
    link: str
    page_date: PageDate
    published: datetime
    summary: str
    author: str | None
    image: str | None
    content: str | None = None
    more_images: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that is ours to send now, with all a message needs; or one to look for.

    attempts: calls begun, this one included
    doubtful: the last call may have been accepted: it is to be found out, nothing is to be sent
    address:  "-100123…", "123" or "@name"
    chat_id:  what a "@name" stood for when it was first written to
    origin:   of the subscriber: config, chat or admin
    part:     which of its messages is next: those before were accepted and recorded
    fresh_from: what its age is counted from; None: not counted yet
    started_at, after_id, digest: when the last call began, the newest message id known there then,
              and what it sent (see `doubts`)
    """

    id: int
    subscriber_id: int
    kind: DeliveryKind
    payload: Mapping[str, Any]
    attempts: int
    doubtful: bool
    address: str
    topic: int
    origin: str
    causes: tuple[Cause, ...] = ()
    chat_id: int | None = None
    part: int = 0
    fresh_from: datetime | None = None
    started_at: datetime | None = None
    after_id: int | None = None
    digest: str | None = None

    @property
    def to(self) -> str:
        """Where to send it: names pass from chat to chat, numbers do not."""
        return self.address if self.chat_id is None else str(self.chat_id)

    @property
    def sent_to(self) -> str:
        """Where the last call sent it."""
        return str(self.payload.get(SENT_TO, self.to))


def _heads(busy: Collection[str]) -> sa.Subquery:
    """The oldest unsent delivery of each chat that is written to and not busy: id, hold_until.

    A chat's topics share its limits and its order, so they are one here. Only the small index of
    the unsent is read.
    """
    oldest = (
        sa.select(deliveries.c.subscriber_id, sa.func.min(deliveries.c.id).label("id"))
        .where(UNSENT)
        .group_by(deliveries.c.subscriber_id)
        .subquery("oldest")
    )
    return (
        sa.select(
            sa.func.min(oldest.c.id).label("id"),
            sa.func.max(subscribers.c.hold_until).label("hold_until"),
        )
        .join_from(oldest, subscribers, subscribers.c.id == oldest.c.subscriber_id)
        .where(subscribers.c.state.in_(SERVED), subscribers.c.address.not_in(sorted(busy)))
        .group_by(subscribers.c.address)
        .subquery("heads")
    )


def claimable(
    now: datetime, limit: int, busy: Collection[str], patience: timedelta = timedelta(0)
) -> sa.Select[Any]:
    """The query `claim` begins with: whose turn it is, longest owed first."""
    heads = _heads(busy)
    subscriber = tuple(subscribers.c[name] for name in ("address", "chat_id", "topic", "origin"))
    accepted = (
        sa.select(sa.func.count())
        .where(messages.c.delivery_id == deliveries.c.id)
        .correlate(deliveries)
        .scalar_subquery()
    )
    return (
        sa.select(deliveries, *subscriber, accepted.label("part"))
        .join_from(heads, deliveries, deliveries.c.id == heads.c.id)
        .join(subscribers, subscribers.c.id == deliveries.c.subscriber_id)
        .where(
            deliveries.c.state.in_(_CLAIMABLE),
            deliveries.c.due_at <= now,
            sa.or_(
                deliveries.c.state == DeliveryState.PENDING,
                deliveries.c.started_at <= now - patience,
            ),
            sa.or_(heads.c.hold_until.is_(None), heads.c.hold_until <= now),
        )
        .order_by(deliveries.c.id)
        .limit(limit)
    )


async def claim(
    connection: AsyncConnection,
    now: datetime,
    *,
    limit: int,
    busy: Collection[str],
    patience: timedelta = timedelta(0),
) -> list[Claimed]:
    """Mark up to `limit` deliveries as being sent and return them, one a chat, longest owed first.

    Those in doubt come among them, unmarked.
    busy:     addresses of chats that are being written to, or may not be yet
    patience: how long after its call began one in doubt may still be accepted
    """
    rows = (await connection.execute(claimable(now, limit, busy, patience))).all()
    if not rows:
        return []
    await connection.execute(
        sa.update(deliveries)
        .where(deliveries.c.id.in_([row.id for row in rows if row.state != DeliveryState.IN_DOUBT]))
        .values(state=DeliveryState.SENDING, attempts=deliveries.c.attempts + 1, started_at=now)
    )
    because = await _causes(connection, [row.id for row in rows])
    return [_claimed(row, because.get(row.id, ())) for row in rows]


def _claimed(row: sa.Row[Any], because: Sequence[Cause]) -> Claimed:
    doubtful = row.state == DeliveryState.IN_DOUBT
    return Claimed(
        id=row.id,
        subscriber_id=row.subscriber_id,
        kind=DeliveryKind(row.kind),
        payload=row.payload,
        attempts=row.attempts + (not doubtful),
        doubtful=doubtful,
        address=row.address,
        chat_id=row.chat_id,
        topic=row.topic,
        origin=row.origin,
        causes=tuple(because),
        part=row.part,
        fresh_from=row.fresh_from,
        started_at=row.started_at,
        after_id=row.after_id,
        digest=row.digest,
    )


async def _causes(connection: AsyncConnection, ids: Sequence[int]) -> dict[int, list[Cause]]:
    """Of each delivery the entries it tells of, in the order of events."""
    query = (
        sa.select(causes.c.delivery_id, sources.c.name.label("source_name"), entries, *READ)
        .join_from(causes, entries, entries.c.id == causes.c.entry_id)
        .join(sources, sources.c.id == entries.c.source_id)
        .outerjoin(texts, texts.c.entry_id == entries.c.id)
        .where(causes.c.delivery_id.in_(ids))
        .order_by(causes.c.delivery_id, causes.c.entry_id)
    )
    found: dict[int, list[Cause]] = {}
    for row in await connection.execute(query):
        cause = Cause(
            entry_id=row.id,
            source=row.source_name,
            title=row.title,
            link=row.link,
            page_date=row.page_date or row.read_published,
            published=row.published,
            summary=row.summary,
            author=row.author or row.read_author,
            image=row.image or row.read_image,
            content=fuller(row.content, row.read_content),
            more_images=tuple(row.more_images or ()),
        )
        found.setdefault(row.delivery_id, []).append(cause)
    return found


async def waiting(
    connection: AsyncConnection, busy: Collection[str], patience: timedelta = timedelta(0)
) -> list[tuple[str, datetime]]:
    """(address, time it may go) of every chat that is owed something and not busy."""
    heads = _heads(busy)
    due = sa.case(
        (heads.c.hold_until > deliveries.c.due_at, heads.c.hold_until), else_=deliveries.c.due_at
    )
    query = (
        sa.select(
            subscribers.c.address, due.label("due"), deliveries.c.state, deliveries.c.started_at
        )
        .join_from(heads, deliveries, deliveries.c.id == heads.c.id)
        .join(subscribers, subscribers.c.id == deliveries.c.subscriber_id)
        .where(deliveries.c.state.in_(_CLAIMABLE))
    )
    return [(row.address, _due(row, patience)) for row in await connection.execute(query)]


def _due(row: Any, patience: timedelta) -> datetime:
    due: datetime = row.due
    if row.state != DeliveryState.IN_DOUBT:
        return due
    over: datetime = row.started_at + patience
    return max(due, over)
