"""Entries as the operator speaks of them: by number, id or link."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from feedbot.identity import link_key
from feedbot.model import DeliveryKind, DeliveryState
from feedbot.store.schema import causes, deliveries, entries, sources


@dataclass(frozen=True, slots=True)
class Post:
    """An entry, and how many chats were told of it.

    id:           its number in lists
    atom_id:      its `tag:` URI
    retracted_at: when it was taken back; None: it was not
    """

    id: int
    atom_id: str
    article_id: int
    source: str
    title: str
    link: str
    published: datetime
    retracted_at: datetime | None
    chats: int


async def listed(connection: AsyncConnection, limit: int, source: str | None) -> list[Post]:
    """The last `limit` entries (of one source, by its name), in the order they were found."""
    query = _query().order_by(entries.c.id.desc()).limit(limit)
    if source is not None:
        query = query.where(sources.c.name == source)
    return [_post(row) for row in await connection.execute(query)][::-1]


async def find(connection: AsyncConnection, wanted: str) -> list[Post]:
    """The entries meant by a number, a `tag:` URI or a link, which several can have."""
    if wanted.isdecimal():
        where = entries.c.id == min(int(wanted), 2**63 - 1)
    elif wanted.startswith("tag:"):
        where = entries.c.atom_id == wanted
    else:
        of_all = sa.select(sources.c.id)  # the index begins with the source
        where = sa.and_(
            entries.c.source_id.in_(of_all), entries.c.link_key == link_key(wanted.strip())
        )
    query = _query().where(where).order_by(entries.c.id)
    return [_post(row) for row in await connection.execute(query)]


async def of_article(connection: AsyncConnection, article_id: int) -> list[Post]:
    """Every entry of an article, whatever its source."""
    query = _query().where(entries.c.article_id == article_id).order_by(entries.c.id)
    return [_post(row) for row in await connection.execute(query)]


async def retractions(connection: AsyncConnection, article_id: int) -> list[int]:
    """The numbers of the deliveries that take an article's messages back."""
    query = (
        sa.select(deliveries.c.id)
        .join(causes, causes.c.delivery_id == deliveries.c.id)
        .join(entries, entries.c.id == causes.c.entry_id)
        .where(entries.c.article_id == article_id, deliveries.c.kind == DeliveryKind.RETRACT)
        .distinct()
        .order_by(deliveries.c.id)
    )
    return list((await connection.execute(query)).scalars())


async def undecided(connection: AsyncConnection, article_id: int) -> int:
    """How many posts of an article are being sent just now, or looked for."""
    query = (
        sa.select(deliveries.c.id)
        .join(causes, causes.c.delivery_id == deliveries.c.id)
        .join(entries, entries.c.id == causes.c.entry_id)
        .where(
            entries.c.article_id == article_id,
            deliveries.c.kind == DeliveryKind.NEWS,
            deliveries.c.state.in_((DeliveryState.SENDING, DeliveryState.IN_DOUBT)),
        )
        .distinct()
    )
    return len((await connection.execute(query)).all())


def _query() -> sa.Select[Any]:
    chats = (
        sa.select(sa.func.count())
        .select_from(causes)
        .join(deliveries, deliveries.c.id == causes.c.delivery_id)
        .where(
            causes.c.entry_id == entries.c.id,
            deliveries.c.kind == DeliveryKind.NEWS,
            deliveries.c.state == DeliveryState.SENT,
        )
        .correlate(entries)
        .scalar_subquery()
        .label("chats")
    )
    return sa.select(entries, sources.c.name.label("source_name"), chats).join_from(
        entries, sources, sources.c.id == entries.c.source_id
    )


def _post(row: sa.Row[Any]) -> Post:
    return Post(
        id=row.id,
        atom_id=row.atom_id,
        article_id=row.article_id,
        source=row.source_name,
        title=row.title,
        link=row.link,
        published=row.published,
        retracted_at=row.retracted_at,
        chats=row.chats,
    )
