"""Which sources are to be polled now, and in which order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from feedbot.store.schema import sources
from feedbot.store.sources import SourceState, state_of

#: Overdue sources that are polled at once when feedbot starts, and the pause between the others.
AT_ONCE = 100
EACH = timedelta(milliseconds=50)


async def due(
    connection: AsyncConnection,
    now: datetime,
    *,
    busy: Collection[str],
    hosts: Collection[str] = (),
    limit: int,
) -> list[SourceState]:
    """Active sources whose time has come, longest waiting first.

    busy, hosts: less these, and those of these hosts
    """
    query = (
        sa.select(sources)
        .where(sources.c.active, sources.c.due_at <= now, sources.c.name.not_in(busy))
        .where(sources.c.host.not_in(hosts))
        .order_by(sources.c.due_at)
        .limit(limit)
    )
    return [state_of(row) for row in await connection.execute(query)]


async def spread(connection: AsyncConnection, now: datetime) -> None:
    """Let the sources that are overdue come one after another: after a rest all of them are.

    The first AT_ONCE now, those that wait longest; then EACH after EACH.
    """
    overdue = sa.select(sources.c.id).where(sources.c.active, sources.c.due_at <= now)
    late = list(await connection.scalars(overdue.order_by(sources.c.due_at).offset(AT_ONCE)))
    if late:
        statement = sa.update(sources).where(sources.c.id == sa.bindparam("late"))
        await connection.execute(
            statement.values(due_at=sa.bindparam("at")),
            [{"late": id, "at": now + EACH * n} for n, id in enumerate(late, start=1)],
        )


def by_turns(states: Iterable[SourceState], each: int | None = None) -> list[SourceState]:
    """One of each host, then another one of each: a host with many keeps no other waiting.

    each: how many of one host at most; None: all of them
    """
    seen: Counter[str] = Counter()
    ranked = []
    for state in states:
        ranked.append((seen[state.host], state))
        seen[state.host] += 1
    turns = sorted(ranked, key=lambda one: one[0])
    return [state for turn, state in turns if each is None or turn < each]
