"""Sources that have another name now: all that was known of them goes with the new one."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from feedbot.model import Source
from feedbot.store.schema import meta, sources

_WAS = "source_was:"  # keys in `meta`: a source's former names; the value is its number


async def rename(connection: AsyncConnection, source: Source) -> list[str]:
    """Give the row of `source.was` the name its source has now; a line for what is worth telling.

    Without such a row nothing is done: it was renamed before, or never was.
    """
    if source.was is None:
        return []
    query = sa.select(sources).where(sources.c.name.in_((source.was, source.name)))
    found = {row.name: row for row in await connection.execute(query)}
    old, new = found.get(source.was), found.get(source.name)
    if old is None:
        return []
    if new and new.entries:
        return [f"source {source.name}: it and {source.was} both have entries; they stay apart"]
    if new:  # nothing is known of it
        await connection.execute(sa.delete(sources).where(sources.c.id == new.id))
    await connection.execute(
        sa.update(sources).where(sources.c.id == old.id).values(name=source.name)
    )
    key = _WAS + source.was
    await connection.execute(sa.delete(meta).where(meta.c.key == key))
    await connection.execute(sa.insert(meta).values(key=key, value=str(old.id)))
    return [f"source {source.name}: was {source.was}, and keeps all that was known of it"]


async def former_names(connection: AsyncConnection) -> dict[str, str]:
    """What sources were called before, and are now; a name that is in use again is none."""
    named = sa.select(meta.c.key, meta.c.value).where(meta.c.key.startswith(_WAS))
    ids = {key.removeprefix(_WAS): int(id) for key, id in await connection.execute(named)}
    if not ids:
        return {}
    names = {row.id: row.name for row in await connection.execute(sa.select(sources))}
    used = set(names.values())
    return {was: names[id] for was, id in ids.items() if id in names and was not in used}
