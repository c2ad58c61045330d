"""Making the catalogue and its index anew, a batch at a time, when the way to index has changed.

`meta` says by which recipe the index is made and how far that is; a new program's recipe begins
anew, a crash goes on where the last batch ended. A migration that drops the index deletes that row.
Until the end, what is not reached yet is found by the old words.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from feedbot.search import RECIPE
from feedbot.store.catalogue import enter
from feedbot.store.dialect import insert_missing
from feedbot.store.schema import entries, meta

PROGRESS = "fulltext"  # key in `meta`: "recipe done", or the last entry's number in place of "done"
_DONE = "done"
_BATCH = 200


async def reindex(connection: AsyncConnection, now: datetime) -> bool:
    """One batch, where the index is not by this program's recipe; whether there is more to do."""
    query = sa.select(meta.c.value).where(meta.c.key == PROGRESS)
    recipe, _, last = str((await connection.execute(query)).scalar() or "").partition(" ")
    if recipe != RECIPE:
        last = ""
    if last == _DONE:
        return False
    following = sa.select(entries.c.id).order_by(entries.c.id).limit(_BATCH)
    if last:
        following = following.where(entries.c.id > int(last))
    numbers = (await connection.execute(following)).scalars().all()
    await enter(connection, numbers, now)
    value = f"{RECIPE} {numbers[-1] if numbers else _DONE}"
    await insert_missing(connection, meta, [{"key": PROGRESS, "value": value}], ["key"])
    await connection.execute(sa.update(meta).where(meta.c.key == PROGRESS).values(value=value))
    return bool(numbers)
