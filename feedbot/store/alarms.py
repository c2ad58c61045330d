"""What is wrong now, and what was until lately: told once when it begins, and once when it ends.

A row stays for a day after its alarm has ended. What begins again in that time is the same alarm,
which comes and goes: it is counted, and not told anew.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from feedbot.store.schema import alarms

_AGAIN = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Wrong:
    """Something that is wrong: its kind, the source it is about ("": feedbot itself), a clause."""

    kind: str
    about: str
    text: str


@dataclass(frozen=True, slots=True)
class Alarm:
    """A row of `alarms`; see guard_schema.py."""

    kind: str
    about: str
    text: str
    since: datetime
    ended_at: datetime | None
    times: int

    def fields(self) -> dict[str, object]:
        """The same as machines read it; times in RFC 3339, UTC."""
        ended = self.ended_at
        return {
            "kind": self.kind,
            "source": self.about or None,
            "text": self.text,
            "since": f"{self.since:%Y-%m-%dT%H:%M:%SZ}",
            "ended": f"{ended:%Y-%m-%dT%H:%M:%SZ}" if ended else None,
            "times": self.times,
        }


@dataclass(frozen=True, slots=True)
class Changes:
    """What has begun and ended, as far as it is to be told."""

    begun: tuple[Alarm, ...] = ()
    ended: tuple[Alarm, ...] = ()


async def follow(
    connection: AsyncConnection,
    found: Sequence[Wrong],
    kinds: Collection[str],
    now: datetime,
    about: Collection[str] | None = None,
) -> Changes:
    """Make the rows of these kinds (about these sources) say what is wrong now."""
    here = sa.true() if about is None else alarms.c.about.in_(about)
    mine = sa.and_(alarms.c.kind.in_(kinds), here)
    rows = {(row.kind, row.about): row for row in await connection.execute(_ALL.where(mine))}
    wrong = {(one.kind, one.about): one for one in found}
    begun, ended = [], []
    for key, one in wrong.items():
        row = rows.get(key)
        values = {"text": one.text, "ended_at": None}
        if row is None:
            fresh = {"kind": one.kind, "about": one.about, "since": now, "times": 1, "posted": 0}
            await connection.execute(sa.insert(alarms).values(**fresh, **values))
            begun.append(Alarm(one.kind, one.about, one.text, now, None, 1))
        elif row.ended_at is not None or row.text != one.text:
            again = row.ended_at is not None
            await connection.execute(
                sa.update(alarms).where(*_is(key)).values(times=row.times + again, **values)
            )
    for key, row in rows.items():
        if key in wrong or row.ended_at is not None:
            continue
        await connection.execute(sa.update(alarms).where(*_is(key)).values(ended_at=now))
        if row.times == 1:
            ended.append(Alarm(row.kind, row.about, row.text, row.since, now, 1))
    await connection.execute(sa.delete(alarms).where(mine, alarms.c.ended_at <= now - _AGAIN))
    return Changes(tuple(begun), tuple(ended))


def _is(key: tuple[str, str]) -> tuple[sa.ColumnElement[bool], ...]:
    return alarms.c.kind == key[0], alarms.c.about == key[1]


_COLUMNS = ("kind", "about", "text", "since", "ended_at", "times")
_ALL = sa.select(*(alarms.c[name] for name in _COLUMNS))


async def standing(connection: AsyncConnection) -> list[Alarm]:
    """What is wrong now, oldest first."""
    query = _ALL.where(alarms.c.ended_at.is_(None)).order_by(alarms.c.since, alarms.c.about)
    return [Alarm(**row) for row in (await connection.execute(query)).mappings()]


async def to_post(connection: AsyncConnection) -> list[Alarm]:
    """What the webhook does not know yet: beginnings and ends."""
    state = sa.case((alarms.c.ended_at.is_(None), 1), else_=2)
    query = _ALL.where(alarms.c.posted < state).order_by(alarms.c.since, alarms.c.about)
    return [Alarm(**row) for row in (await connection.execute(query)).mappings()]


async def posted(connection: AsyncConnection, known: Sequence[Alarm]) -> None:
    """The webhook knows these."""
    for one in known:
        stage = 1 if one.ended_at is None else 2
        await connection.execute(
            sa.update(alarms).where(*_is((one.kind, one.about))).values(posted=stage)
        )
