"""Entries as a new listing is compared with them: recalled by index, never all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from feedbot.identity import Row
from feedbot.matching import Known, Pending
from feedbot.model import Item
from feedbot.source.fit import Past
from feedbot.store.columns import page_date
from feedbot.store.dialect import chunks
from feedbot.store.schema import entries
from feedbot.store.sources import SourceState

_SUMMARY = 1_000  # signs of a summary: enough to recognise it by
_KNOWN = (
    entries.c.id,
    entries.c.guid,
    entries.c.link_key,
    entries.c.title_key,
    entries.c.fingerprint,
    entries.c.page_date,
    entries.c.gone_at,
    entries.c.pending,
    entries.c.title,
    entries.c.link,
    sa.func.substr(entries.c.summary, 1, _SUMMARY).label("summary"),
)


async def recall(
    connection: AsyncConnection, state: SourceState, rows: Sequence[Row] = ()
) -> list[Known]:
    """Every entry of the list as it stands, and any older one that shares a key with a row.

    By index alone: the cost follows the page, not the store.
    """
    found: dict[int, Known] = {}
    wanted: tuple[tuple[sa.Column[Any], set[Any]], ...] = (
        (entries.c.id, {place.key for place in state.places}),
        (entries.c.guid, {row.guid for row in rows} - {None}),
        (entries.c.link_key, {row.link_key for row in rows} - {None}),
        (entries.c.title_key, {row.title_key for row in rows}),
    )
    for column, values in wanted:
        for some in chunks(sorted(values)):
            query = sa.select(*_KNOWN).where(entries.c.source_id == state.id, column.in_(some))
            for row in await connection.execute(query):
                found.setdefault(row.id, _known(row))
    return list(found.values())


async def past(connection: AsyncConnection, state: SourceState) -> Past:
    """What the list showed when it was last read."""
    known = {entry.key: entry for entry in await recall(connection, state)}
    shown = (place.key for place in state.places if place.absent_since is None)
    return Past(tuple(known[key] for key in shown if key is not None))


def _known(row: Any) -> Known:
    return Known(
        key=row.id,
        guid=row.guid,
        link_key=row.link_key,
        title_key=row.title_key,
        fingerprint=row.fingerprint,
        date=row.page_date,
        gone=row.gone_at is not None,
        pending=_pending(row.pending),
        title=row.title,
        link=row.link,
        summary=row.summary,
    )


def pending_json(pending: Pending | None) -> dict[str, Any] | None:
    """A change that waits, as `entries.pending`."""
    if pending is None:
        return None
    values = asdict(pending)
    when = pending.row.item.date
    values["row"]["item"]["date"] = when.isoformat() if when else None
    return values


def _pending(values: dict[str, Any] | None) -> Pending | None:
    if values is None:
        return None
    fields = dict(values["row"])
    item = dict(fields.pop("item"))
    item["date"] = page_date(item["date"])
    for name in ("categories", "more_images"):
        item[name] = tuple(item[name])
    return Pending(Row(item=Item(**item), **fields), values["since"])
