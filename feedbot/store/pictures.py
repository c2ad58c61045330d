"""What is known of pictures: the media type and the length that a feed has to say of them.

A row is made with the entry or the text that shows the picture, in one transaction, so that no
crash forgets to ask. One picture under many entries is asked for once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from feedbot.identity import host_of
from feedbot.store.dialect import insert_missing
from feedbot.store.schema import pictures, sources
from feedbot.store.texts import reachable

#: Literals, so that the database sees that its small partial index will do.
_DUE = sa.text("pictures.due_at IS NOT NULL")
_LONGEST = 2_000  # an index takes no keys of any length


@dataclass(frozen=True, slots=True)
class PictureErrand:
    """A picture whose server is to be asked now. attempts: made before."""

    url: str
    source: str
    host: str
    attempts: int


@dataclass(frozen=True, slots=True)
class Size:
    """What became of an errand: what the server said, or when to ask again."""

    type: str | None = None
    length: int | None = None
    due_at: datetime | None = None


async def want(
    connection: AsyncConnection, source_id: int, urls: Iterable[str | None], now: datetime
) -> None:
    """Have the servers of these pictures asked, unless they were already."""
    rows = [
        {"url": url, "source_id": source_id, "host": host, "due_at": now, "attempts": 0}
        for url in dict.fromkeys(urls)
        if url and (host := _server(url))
    ]
    await insert_missing(connection, pictures, rows, ["url"])


def _server(url: str) -> str | None:
    """Whose turn a picture counts as; None where there is nobody to ask."""
    if len(url) > _LONGEST or not url.startswith(("http://", "https://")):
        return None
    try:
        return host_of(url) or None
    except ValueError:
        return None


async def errands(
    connection: AsyncConnection, now: datetime, *, busy: Collection[str], limit: int
) -> list[PictureErrand]:
    """The next picture of each host that is not busy."""
    of_source = sources.c.id == pictures.c.source_id
    due = (_DUE, pictures.c.due_at <= now, pictures.c.host.not_in(sorted(busy)))
    first = (
        sa.select(sa.func.min(pictures.c.url).label("url"))
        .join(sources, of_source)
        .where(*due, *reachable(now))
        .group_by(pictures.c.host)
        .limit(limit)
        .subquery("first")
    )
    query = (
        sa.select(pictures, sources.c.name.label("source"))
        .join_from(first, pictures, pictures.c.url == first.c.url)
        .join(sources, of_source)
    )
    return [
        PictureErrand(row.url, row.source, row.host, row.attempts)
        for row in await connection.execute(query)
    ]


async def soonest(connection: AsyncConnection, now: datetime) -> datetime | None:
    """When the next picture of an active source is due."""
    query = (
        sa.select(sa.func.min(pictures.c.due_at, type_=pictures.c.due_at.type))
        .join(sources, sources.c.id == pictures.c.source_id)
        .where(_DUE, *reachable(now))
    )
    moment: datetime | None = (await connection.execute(query)).scalar()
    return moment


async def record(connection: AsyncConnection, errand: PictureErrand, size: Size) -> None:
    """Write what became of an errand."""
    await connection.execute(
        sa.update(pictures)
        .where(pictures.c.url == errand.url)
        .values(
            type=size.type, length=size.length, due_at=size.due_at, attempts=errand.attempts + 1
        )
    )
