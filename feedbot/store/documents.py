"""What feeds are called and which validators their documents have: what may never go back."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from feedbot.store.dialect import insert_missing
from feedbot.store.schema import documents, feeds


@dataclass(frozen=True, slots=True)
class Written:
    """A document as it was last written: its path, a hash of its body, its Last-Modified."""

    path: str
    digest: str
    modified: datetime


@dataclass(frozen=True, slots=True)
class FeedState:
    """A feed that is no source's: its permanent id, and since when there is one."""

    id: str
    created_at: datetime


async def load_all(connection: AsyncConnection) -> dict[str, Written]:
    """Every document ever written, by path."""
    rows = await connection.execute(sa.select(documents))
    return {row.path: Written(row.path, row.digest, row.modified) for row in rows}


async def record(connection: AsyncConnection, written: Sequence[Written]) -> None:
    """Write down what these documents are from now on."""
    rows = [{"path": one.path, "digest": one.digest, "modified": one.modified} for one in written]
    await insert_missing(connection, documents, rows, ["path"])
    await connection.execute(
        sa.update(documents)
        .where(documents.c.path == sa.bindparam("of"))
        .values(digest=sa.bindparam("now"), modified=sa.bindparam("at")),
        [{"of": one.path, "now": one.digest, "at": one.modified} for one in written],
    )


async def name_feeds(
    connection: AsyncConnection, names: Sequence[str], authority: str, now: datetime
) -> dict[str, FeedState]:
    """The ids of feeds that are no source's; one is minted where there is none yet.

    authority: who mints it (RFC 4151), a host name
    """
    fresh = [
        {"name": name, "feed_id": mint(authority, now, name), "created_at": now} for name in names
    ]
    await insert_missing(connection, feeds, fresh, ["name"])
    rows = await connection.execute(sa.select(feeds))
    return {row.name: FeedState(row.feed_id, row.created_at) for row in rows}


def mint(authority: str, now: datetime, name: str) -> str:
    """A new `tag:` URI (RFC 4151)."""
    return f"tag:{authority},{now.date().isoformat()}:{name}/{uuid.uuid4()}"
