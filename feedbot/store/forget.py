"""Forgetting a source that has left the configuration: all that is stored of it but its name.

The name stays, so that its feed answers that it is gone (410). What was sent stays known by its
key; what is owed because of its entries alone is dropped.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from feedbot.model import DeliveryState
from feedbot.store import catalogue
from feedbot.store.dialect import chunks
from feedbot.store.schema import articles, causes, deliveries, entries, metadata, sources
from feedbot.store.sources import SourceState
from feedbot.store.tally import UNSENT

#: Why a delivery was dropped.
FORGOTTEN = "its source was forgotten by the operator"


async def forget(connection: AsyncConnection, state: SourceState, now: datetime) -> int:
    """Delete what is stored of a source; returns how many entries that was."""
    mine = sa.select(entries.c.id, entries.c.article_id).where(entries.c.source_id == state.id)
    rows = (await connection.execute(mine)).all()
    for some in chunks(rows):
        await _entries(connection, [row.id for row in some], now)
    for table in reversed(metadata.sorted_tables):
        if "source_id" in table.c and table is not entries:
            await connection.execute(sa.delete(table).where(table.c.source_id == state.id))
    await connection.execute(sa.delete(entries).where(entries.c.source_id == state.id))
    left = sa.select(entries.c.article_id)
    for some in chunks(sorted({row.article_id for row in rows})):
        alone = articles.c.id.in_(some), articles.c.id.not_in(left)
        await connection.execute(sa.delete(articles).where(*alone))
    await connection.execute(
        sa.update(sources)
        .where(sources.c.id == state.id)
        .values(
            extractor=None,
            reading=None,
            etag=None,
            last_modified=None,
            body_hash=None,
            polls=0,
            verdict_at=None,
            places="[]",
            baseline_at=None,
            entries=0,
            positions=0,
            usual=0,
            replaced=0,
        )
    )
    return len(rows)


async def _entries(connection: AsyncConnection, ids: list[int], now: datetime) -> None:
    """Take these entries out of everything that refers to them."""
    caused = list(
        (
            await connection.execute(
                sa.select(causes.c.delivery_id).where(causes.c.entry_id.in_(ids)).distinct()
            )
        ).scalars()
    )
    await catalogue.leave(connection, ids, now)
    for table in metadata.sorted_tables:
        if "entry_id" in table.c:
            await connection.execute(sa.delete(table).where(table.c.entry_id.in_(ids)))
    others = sa.select(causes.c.delivery_id)
    for some in chunks(caused):
        alone = deliveries.c.id.in_(some), deliveries.c.id.not_in(others)
        await connection.execute(
            sa.update(deliveries)
            .where(UNSENT, deliveries.c.state == DeliveryState.PENDING, *alone)
            .values(state=DeliveryState.DROPPED, finished_at=now, error=FORGOTTEN)
        )
