"""Articles: what makes an entry of one source and an entry of another the same news."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from feedbot.store.dialect import chunks, insert_missing
from feedbot.store.schema import articles, entries


async def article_ids(
    connection: AsyncConnection, source_id: int, keys: set[str], shown: set[str]
) -> dict[str, int]:
    """The articles of new rows, by key: those of other sources are shared, others are made.

    shown: keys of the response's rows that are known already; their twins share the article

    An article that an older entry of this very source has is another one: the diff has just said
    that this row is new, and it must not be taken for sent.
    """
    ids = await _load_articles(connection, sorted(keys))
    own = {key for key in await _of_source(connection, source_id, ids) if key not in shown}
    made = {key: f"{key}:{uuid.uuid4()}" if key in own else key for key in sorted(keys)}
    missing = [{"key": name} for key, name in made.items() if key in own or key not in ids]
    await insert_missing(connection, articles, missing, ["key"])
    found = await _load_articles(connection, list(made.values()))
    return {key: found[name] for key, name in made.items()}


async def _load_articles(connection: AsyncConnection, keys: Sequence[str]) -> dict[str, int]:
    ids: dict[str, int] = {}
    for some in chunks(keys):
        query = sa.select(articles.c.key, articles.c.id).where(articles.c.key.in_(some))
        ids |= {row.key: row.id for row in await connection.execute(query)}
    return ids


async def _of_source(
    connection: AsyncConnection, source_id: int, ids: Mapping[str, int]
) -> set[str]:
    """Those of the articles that an entry of this source has."""
    taken: set[int] = set()
    for some in chunks(sorted(ids.values())):
        query = sa.select(entries.c.article_id).where(
            entries.c.article_id.in_(some), entries.c.source_id == source_id
        )
        taken |= set((await connection.execute(query)).scalars())
    return {key for key, number in ids.items() if number in taken}
