"""Entries as feeds show them: the newest of a source, the newest of many, those that left."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from feedbot.model import Entry
from feedbot.store.schema import NOT_HELD, entries, pictures, texts
from feedbot.store.texts import READ, fuller

#: Entries with what was read on their own pages, and what is known of their image, as `entry_of`
#: takes them.
ENTRIES = (
    sa.select(
        entries,
        *READ,
        pictures.c.type.label("picture_type"),
        pictures.c.length.label("picture_length"),
    )
    .outerjoin(texts, texts.c.entry_id == entries.c.id)
    .outerjoin(pictures, pictures.c.url == sa.func.coalesce(entries.c.image, texts.c.image))
)
_VISIBLE = (entries.c.gone_at.is_(None), entries.c.retracted_at.is_(None), NOT_HELD)
#: How far back a combined feed with a filter looks: in each source it names, or in all of them.
_LOOK_BACK = 500
#: Up to so many sources are looked into one by one, each by its own index.
_FEW = 20


@dataclass(frozen=True, slots=True)
class Stored:
    """An entry and where it belongs; `key` grows in the order of events.

    position: in its source's history, see `editions`
    changed:  whether it once said something else
    """

    key: int
    source_id: int
    entry: Entry
    position: int
    changed: bool = False


async def newest(connection: AsyncConnection, source_id: int, limit: int) -> list[Stored]:
    """The entries of a source's feed: the last `limit` new or changed, newest publication first."""
    return _shown(await _last(connection, source_id, limit))


async def _last(connection: AsyncConnection, source_id: int, limit: int) -> list[Stored]:
    query = (
        ENTRIES.where(entries.c.source_id == source_id, *_VISIBLE)
        .order_by(entries.c.position.desc())
        .limit(limit)
    )
    return [_stored(row) for row in await connection.execute(query)]


async def combined(
    connection: AsyncConnection,
    source_ids: Collection[int],
    limit: int,
    wanted: Callable[[Stored], bool] | None = None,
) -> list[Stored]:
    """The entries of a feed of several sources: the last `limit` updated, newest first.

    wanted: which entries it has, None for all; it is asked for the last few hundred alone, so that
    a filter that nothing passes costs no look at the whole store
    """
    reach = _LOOK_BACK if wanted else limit
    if len(source_ids) <= _FEW:
        found = [one for id in source_ids for one in await _last(connection, id, reach)]
    else:
        found = await _last_of_all(connection, source_ids, reach)
    if wanted:
        found = [one for one in found if wanted(one)]
    found.sort(key=lambda one: (one.entry.updated, one.key), reverse=True)
    return _shown(found[:limit])


async def _last_of_all(
    connection: AsyncConnection, source_ids: Collection[int], limit: int
) -> list[Stored]:
    """By the index over `updated`: `+ 0` keeps the database from gathering whole sources first."""
    query = (
        ENTRIES.where((entries.c.source_id + 0).in_(source_ids), *_VISIBLE)
        .order_by(entries.c.updated.desc())
        .limit(limit)
    )
    return [_stored(row) for row in await connection.execute(query)]


async def departed(
    connection: AsyncConnection, source_ids: Collection[int], limit: int
) -> list[tuple[str, datetime]]:
    """(id, when) of the entries that last left: gone from the page, or taken back."""
    found: list[tuple[str, datetime]] = []
    for column in (entries.c.gone_at, entries.c.retracted_at):
        query = (
            sa.select(entries.c.atom_id, column)
            .where(entries.c.source_id.in_(source_ids), column.is_not(None), NOT_HELD)
            .order_by(column.desc())
            .limit(limit)
        )
        found += [(row[0], row[1]) for row in await connection.execute(query)]
    last = dict(sorted(found, key=lambda one: one[1]))
    return sorted(last.items(), key=lambda one: (one[1], one[0]), reverse=True)[:limit]


def _shown(found: list[Stored]) -> list[Stored]:
    return sorted(found, key=lambda one: (one.entry.published, one.key), reverse=True)


def _stored(row: Any) -> Stored:
    return Stored(row.id, row.source_id, entry_of(row), row.position, row.revision > 1)


def entry_of(row: Any) -> Entry:
    """A row of `entries` as what is published of it, and of what its article's own page adds."""
    section = (row.read_section,) if row.read_section else ()
    return Entry(
        id=row.atom_id,
        title=row.title,
        link=row.link,
        published=row.read_published or row.published,
        updated=row.updated,
        summary=row.summary,
        content=fuller(row.content, row.read_content),
        author=row.author or row.read_author,
        image=row.image or row.read_image,
        image_type=row.picture_type,
        image_length=row.picture_length,
        categories=tuple(dict.fromkeys((*row.categories, *section))),
        page_date=row.page_date,
    )
