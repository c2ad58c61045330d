"""The texts of articles: which pages are to be read, when, and what was found there.

A row is made with its entry, in one transaction, so that no crash forgets a page. Its hold is the
`due_at` of the deliveries that wait for the text: the transaction that writes the text, or gives it
up, lets them go; without one they go by themselves when that moment has come.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from feedbot.identity import host_of
from feedbot.model import PageDate, TextState
from feedbot.store.schema import entries, sources, texts

#: What an entry takes from its article's page, for queries that join it: `read_content`, …
READ = tuple(
    texts.c[name].label(f"read_{name}")
    for name in ("content", "author", "image", "published", "section")
)
#: Literals, not parameters: only so does a database see that its small partial indexes will do.
_WAITING = sa.text("texts.state = 'waiting'")
_UNREAD = sa.text("texts.state IN ('waiting', 'failed')")
#: Turns of what nobody is told of come after all others.
_LAST = 1 << 62


@dataclass(frozen=True, slots=True)
class Wanted:
    """An entry whose article is to be read.

    told:       whether it is announced: those come first, oldest first; the others newest first
    hold_until: until when its deliveries wait for the text
    error:      why the page cannot be read at all; it is skipped
    """

    entry_id: int
    link: str
    told: bool
    hold_until: datetime | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Errand:
    """A page to read now: the entry's link, and what the list says of it.

    image:    that the list shows of it
    attempts: made before
    """

    entry_id: int
    source_id: int
    source: str
    host: str
    link: str
    title: str
    image: str | None
    page_date: PageDate
    first_seen: datetime
    attempts: int
    hold_until: datetime | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an errand.

    due_at: when to try again, where it is still waiting
    the rest: what the page says; see schema.py
    """

    state: TextState
    due_at: datetime | None = None
    error: str | None = None
    content: str | None = None
    author: str | None = None
    image: str | None = None
    published: datetime | None = None
    section: str | None = None


@dataclass(frozen=True, slots=True)
class Unread:
    """Of one source: how many texts are to be read yet, how many were given up, the last error."""

    waiting: int = 0
    failed: int = 0
    error: str | None = None


def fuller(listed: str | None, read: str | None) -> str | None:
    """Of what a feed carries and what the article's page has, the text with more in it."""
    return max(read or "", listed or "", key=len) or None


async def want(
    connection: AsyncConnection, source_id: int, wanted: Sequence[Wanted], now: datetime
) -> None:
    """Have the articles of new entries read."""
    rows = [
        {
            "entry_id": one.entry_id,
            "source_id": source_id,
            "host": host_of(one.link),
            "turn": one.entry_id if one.told else _LAST - one.entry_id,
            "state": TextState.SKIPPED if one.error else TextState.WAITING,
            "due_at": now,
            "hold_until": one.hold_until,
            "attempts": 0,
            "error": one.error,
        }
        for one in wanted
    ]
    if rows:
        await connection.execute(sa.insert(texts), rows)


async def read_again(connection: AsyncConnection, entry_id: int, link: str, now: datetime) -> None:
    """Have the article of a changed entry read once more; the old text stays until then.

    One that waits already is read at its time, at its new link.
    """
    await connection.execute(
        sa.update(texts)
        .where(texts.c.entry_id == entry_id)
        .values(
            host=host_of(link),
            due_at=sa.case((_WAITING, texts.c.due_at), else_=now),
            attempts=sa.case((_WAITING, texts.c.attempts), else_=0),
            state=TextState.WAITING,
        )
    )


async def errands(
    connection: AsyncConnection, now: datetime, *, busy: Collection[str], limit: int
) -> list[Errand]:
    """The next page of each host that is not busy, announced ones first."""
    of_source = sources.c.id == texts.c.source_id
    heads = (
        sa.select(texts.c.host, sa.func.min(texts.c.turn).label("turn"))
        .join(sources, of_source)
        .where(
            _WAITING,
            texts.c.due_at <= now,
            texts.c.host.not_in(sorted(busy)),
            *reachable(now),
        )
        .group_by(texts.c.host)
        .subquery("heads")
    )
    told = (entries.c.link, entries.c.title, entries.c.page_date, entries.c.first_seen)
    shown = entries.c.image.label("shown_image")
    query = (
        sa.select(texts, shown, sources.c.name.label("source"), *told)
        .join_from(
            heads, texts, sa.and_(texts.c.host == heads.c.host, texts.c.turn == heads.c.turn)
        )
        .join(entries, entries.c.id == texts.c.entry_id)
        .join(sources, of_source)
        .where(_WAITING)
        .order_by(texts.c.turn)
        .limit(limit)
    )
    return [
        Errand(
            entry_id=row.entry_id,
            source_id=row.source_id,
            source=row.source,
            host=row.host,
            link=row.link,
            title=row.title,
            image=row.shown_image,
            page_date=row.page_date,
            first_seen=row.first_seen,
            attempts=row.attempts,
            hold_until=row.hold_until,
        )
        for row in await connection.execute(query)
    ]


def reachable(now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    """Of an active source that does not rest, and whose server did not ask to wait."""
    free = sa.or_(sources.c.retry_after.is_(None), sources.c.retry_after <= now)
    return sources.c.active, free


async def soonest(connection: AsyncConnection, now: datetime, *, held: bool) -> datetime | None:
    """When the next page of an active source is due. held: only one that deliveries wait for."""
    query = (
        sa.select(sa.func.min(texts.c.due_at, type_=texts.c.due_at.type))
        .join(sources, sources.c.id == texts.c.source_id)
        .where(_WAITING, *reachable(now))
    )
    if held:
        query = query.where(texts.c.hold_until > now)
    moment: datetime | None = (await connection.execute(query)).scalar()
    return moment


async def record(
    connection: AsyncConnection, errand: Errand, outcome: Outcome, now: datetime
) -> datetime | None:
    """Write what became of an errand. Returns the hold that is over by that, for `outbox.release`.

    It is as soon as nothing more can come in time. Nothing is written where the entry has got
    another link meanwhile.
    """
    holds = outcome.due_at and errand.hold_until and outcome.due_at < errand.hold_until
    values = {
        "state": outcome.state,
        "due_at": outcome.due_at or now,
        "hold_until": errand.hold_until if holds else None,
        "attempts": errand.attempts + 1,
        "error": outcome.error,
    }
    if outcome.state is TextState.READ:
        values |= {
            "content": outcome.content,
            "author": outcome.author,
            "image": outcome.image,
            "published": outcome.published,
            "section": outcome.section,
        }
    same = sa.select(entries.c.id).where(
        entries.c.id == errand.entry_id, entries.c.link == errand.link
    )
    result = await connection.execute(
        sa.update(texts).where(texts.c.entry_id.in_(same), _WAITING).values(values)
    )
    return None if holds or not result.rowcount else errand.hold_until


async def unread(connection: AsyncConnection) -> dict[str, Unread]:
    """By source's name: how many texts are to be read or were given up. Reads only those."""
    query = (
        sa.select(sources.c.name, texts.c.state, sa.func.count().label("number"))
        .join_from(texts, sources, sources.c.id == texts.c.source_id)
        .where(_UNREAD)
        .group_by(sources.c.name, texts.c.state)
    )
    counted: dict[str, dict[str, int]] = {}
    for row in await connection.execute(query):
        counted.setdefault(row.name, {})[row.state] = row.number
    errors = await _last_errors(connection)
    return {
        name: Unread(
            states.get(TextState.WAITING, 0), states.get(TextState.FAILED, 0), errors.get(name)
        )
        for name, states in counted.items()
    }


async def _last_errors(connection: AsyncConnection) -> dict[str, str]:
    """By source's name: link and error of the newest entry whose text was given up."""
    newest = (
        sa.select(sa.func.max(texts.c.entry_id))
        .where(_UNREAD, texts.c.state == TextState.FAILED)
        .group_by(texts.c.source_id)
    )
    query = (
        sa.select(sources.c.name, entries.c.link, texts.c.error)
        .join_from(texts, sources, sources.c.id == texts.c.source_id)
        .join(entries, entries.c.id == texts.c.entry_id)
        .where(texts.c.entry_id.in_(newest))
    )
    return {row.name: f"{row.link}: {row.error}" for row in await connection.execute(query)}
