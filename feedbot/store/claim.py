"""Claiming what is to be sent now: of each chat that may be written to, the delivery that is next.

One delivery a chat at a time, in the order owed of its lane (`lanes`). One in doubt is claimed to
be looked for, not to be sent, and stays as it is until it was found or not.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from feedbot.model import DeliveryKind, DeliveryState, PageDate
from feedbot.store.dialect import chunks
from feedbot.store.lanes import Lane, choose
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
_NO_LANES: Mapping[str, Lane] = {}


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


@dataclass(frozen=True, slots=True)
class Claims:
    """What came of asking for some chats.

    claimed: deliveries that are ours now, one a chat, longest owed first
    waiting: of the other chats, when what they are owed may go; those without anything are not here
    """

    claimed: tuple[Claimed, ...] = ()
    waiting: Mapping[str, datetime] = field(default_factory=dict)


async def owed_chats(connection: AsyncConnection) -> Sequence[str]:
    """The addresses of all chats that are written to and owed something."""
    owed = sa.exists().where(UNSENT, deliveries.c.subscriber_id == subscribers.c.id)
    query = (
        sa.select(subscribers.c.address)
        .where(subscribers.c.state.in_(SERVED), owed)
        .group_by(subscribers.c.address)
        .order_by(sa.func.min(subscribers.c.id))
    )
    return (await connection.execute(query)).scalars().all()


def _heads() -> sa.Select[Any]:
    # No VALUES: SQLAlchemy would compile a statement with it anew each time.
    each = sa.union_all(*(sa.select(sa.literal(k.value).label("kind")) for k in DeliveryKind)).cte(
        "kinds"
    )
    oldest = (
        sa.select(sa.func.min(deliveries.c.id))
        .where(
            UNSENT,
            deliveries.c.subscriber_id == subscribers.c.id,
            deliveries.c.kind == each.c.kind,
        )
        .scalar_subquery()
    )
    head = deliveries.alias("head")
    accepted = (
        sa.select(sa.func.count()).where(messages.c.delivery_id == head.c.id).scalar_subquery()
    )
    return (
        sa.select(
            head,
            *(
                subscribers.c[name]
                for name in ("address", "chat_id", "topic", "origin", "hold_until")
            ),
            accepted.label("part"),
        )
        .join_from(subscribers, each, sa.true())
        .join(head, head.c.id == oldest)
        .where(
            subscribers.c.address.in_(sa.bindparam("addresses", expanding=True)),
            subscribers.c.state.in_(SERVED),
        )
    )


#: Of each subscriber at `addresses` the oldest unsent delivery of each kind: a seek for each in the
#: small index of the unsent, however much is owed.
HEADS = _heads()


async def claim(
    connection: AsyncConnection,
    now: datetime,
    addresses: Sequence[str],
    *,
    shut: Collection[str] = (),
    patience: timedelta = timedelta(0),
    last: Mapping[str, Lane] = _NO_LANES,
) -> Claims:
    """Mark what is next in each of these chats as being sent, and return it.

    What is in doubt comes among it, unmarked.
    shut:     addresses of further chats, that may not be written to yet: only looked at
    patience: how long after its call began one in doubt may still be accepted
    last:     the lane that each chat was served from last
    """
    rows, waiting = [], {}
    for address, heads in (await _by_chat(connection, [*addresses, *shut])).items():
        chosen = choose(heads, now, patience, last.get(address))
        if isinstance(chosen, datetime):
            waiting[address] = chosen
        elif chosen and address in shut:
            waiting[address] = now
        elif chosen:
            rows.append(chosen)
    rows.sort(key=lambda row: row.id)
    calls = [row.id for row in rows if row.state != DeliveryState.IN_DOUBT]
    if calls:
        await connection.execute(
            sa.update(deliveries)
            .where(deliveries.c.id.in_(calls))
            .values(state=DeliveryState.SENDING, attempts=deliveries.c.attempts + 1, started_at=now)
        )
    because = await _causes(connection, [row.id for row in rows])
    return Claims(tuple(_claimed(row, because.get(row.id, ())) for row in rows), waiting)


async def _by_chat(
    connection: AsyncConnection, addresses: Sequence[str]
) -> dict[str, list[sa.Row[Any]]]:
    heads: dict[str, list[sa.Row[Any]]] = {}
    for chunk in chunks(addresses):
        for row in await connection.execute(HEADS, {"addresses": chunk}):
            heads.setdefault(row.address, []).append(row)
    return heads


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
    if not ids:
        return found
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
