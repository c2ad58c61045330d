"""What is known of each source between polls: validators, the list as it stands, how it fares."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from itertools import starmap
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from feedbot.diff import Place
from feedbot.identity import host_of
from feedbot.model import Extractor, ListingRule, Source, Take
from feedbot.pace import JITTER
from feedbot.store.documents import mint
from feedbot.store.rename import rename
from feedbot.store.schema import sources


@dataclass(frozen=True, slots=True)
class SourceState:
    """One row of `sources`; see schema.py for the columns.

    stored_places: `places` as the row has them. A poll that shows nothing new does not read them.
    extractor:     how the source is read, as stored; see `remembered`
    """

    id: int
    name: str
    feed_id: str
    active: bool
    due_at: datetime
    created_at: datetime
    retry_after: datetime | None = None
    extractor: str | None = None
    reading: str | None = None
    answered_by: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    body_hash: str | None = None
    polls: int = 0
    verdict_at: int | None = None
    stored_places: str = "[]"
    baseline_at: datetime | None = None
    entries: int = 0
    positions: int = 0
    last_updated: datetime | None = None
    last_ok_at: datetime | None = None
    failures: int = 0
    failed_since: datetime | None = None
    last_error: str | None = None
    moved_to: str | None = None
    pace: str | None = None
    doubtful: int = 0
    doubtful_since: datetime | None = None
    told_at: datetime | None = None
    usual: int = 0
    short_since: datetime | None = None
    short_poll: int | None = None
    replaced: int = 0
    removed_at: datetime | None = None
    paused_at: datetime | None = None
    title: str = ""
    url: str = ""
    host: str = ""
    language: str = "en"
    timezone: str = "UTC"

    @property
    def places(self) -> tuple[Place, ...]:
        """The list as it stands, in its order."""
        return tuple(starmap(Place, json.loads(self.stored_places)))


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A poll that showed the last listing once more: all that it writes."""

    source_id: int
    now: datetime
    due_at: datetime
    etag: str | None
    last_modified: str | None


def reading_key(source: Source, version: str, extractor: Extractor | None = None) -> str:
    """Hash of everything that decides what a body means.

    Validators and body hash belong to it: another URL, selector or zone is read anew, 304 or not.
    """
    parts = (version, source.url, source.kind, source.timezone.key, source.language, source.listing)
    found = extractor and (extractor.take, extractor.url, extractor.rule)
    return hashlib.sha256(repr((*parts, source.render, found)).encode()).hexdigest()


def remember(source: Source, extractor: Extractor | None) -> str | None:
    """How `source` is read, as `SourceState.extractor`: JSON that a person can read."""
    if extractor is None:
        return None
    said = {key: value for key, value in asdict(extractor).items() if value}
    if extractor.rule is not None:
        said["rule"] = {key: value for key, value in said["rule"].items() if value is not None}
    return json.dumps({"configured": _configured(source), **said}, ensure_ascii=False)


def remembered(source: Source, state: SourceState) -> Extractor | None:
    """How `source` is read, as a poll has found out and `remember` wrote it.

    None where nothing is known, or where it was found out for another URL, kind or listing.
    """
    return recalled(source, state.extractor)


def recalled(source: Source, text: str | None) -> Extractor | None:
    """The extractor that `remember` wrote, None where it was for another URL, kind or listing."""
    said = json.loads(text) if text else {}
    if said.pop("configured", None) != _configured(source):
        return None
    rule = said.get("rule")
    return Extractor(
        take=Take(said["take"]),
        url=said.get("url"),
        rule=ListingRule(**rule) if rule else None,
        why=tuple(said.get("why", ())),
    )


def _configured(source: Source) -> str:
    """Hash of what the operator says of how to read it."""
    parts = (source.url, source.kind, source.listing, source.render)
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


async def sync(
    connection: AsyncConnection, configured: Sequence[Source], authority: str, now: datetime
) -> list[str]:
    """Make the rows follow the configuration: rename, add, wake up, put to sleep. Data stays.

    A source that fails is tried again at once: what was wrong with it may just have been mended.
    Returns a line for each thing worth telling.
    authority: who mints the ids (RFC 4151), a host name
    """
    said = [line for source in configured for line in await rename(connection, source)]
    have = {row.name: row for row in await connection.execute(sa.select(sources))}
    for source in configured:
        row = have.pop(source.name, None)
        if row is None:
            await connection.execute(sa.insert(sources).values(_fresh(source, authority, now)))
            continue
        if _told(source) != {key: getattr(row, key) for key in _told(source)}:
            await connection.execute(
                sa.update(sources).where(sources.c.id == row.id).values(_told(source))
            )
        active = not source.paused and row.paused_at is None
        if row.active != active or row.removed_at:
            await connection.execute(
                sa.update(sources)
                .where(sources.c.id == row.id)
                .values(active=active, removed_at=None, due_at=now)
            )
        elif row.due_at > (latest := _latest(source, row, now)):
            await connection.execute(
                sa.update(sources).where(sources.c.id == row.id).values(due_at=latest)
            )
    gone = [row.id for row in have.values() if not row.removed_at]
    if gone:
        await connection.execute(
            sa.update(sources).where(sources.c.id.in_(gone)).values(active=False, removed_at=now)
        )
    return said


def _latest(source: Source, row: Any, now: datetime) -> datetime:
    """The latest moment for the next poll of a source as it is configured now."""
    wanted = now if row.failures else now + source.every * (1 + JITTER)
    return max(wanted, row.retry_after or now)


def _fresh(source: Source, authority: str, now: datetime) -> dict[str, object]:
    return {
        "name": source.name,
        "feed_id": mint(authority, now, source.name),
        **_told(source),
        "created_at": now,
        "active": not source.paused,
        "due_at": now,
        "polls": 0,
        "places": "[]",
        "entries": 0,
        "failures": 0,
        "doubtful": 0,
        "usual": 0,
        "replaced": 0,
    }


def _told(source: Source) -> dict[str, str]:
    """What is kept of the configuration for the feed of a source that has left it."""
    return {
        "title": source.title,
        "url": source.url,
        "host": host_of(source.url),
        "language": source.language,
        "timezone": source.timezone.key,
    }


async def load(connection: AsyncConnection, name: str) -> SourceState:
    """The state of one source that `sync` has seen."""
    row = (await connection.execute(sa.select(sources).where(sources.c.name == name))).one()
    return state_of(row)


async def counted(connection: AsyncConnection, state: SourceState) -> SourceState:
    """A state with its entries as they are counted now: older ones may have come meanwhile."""
    counts = sa.select(sources.c.entries, sources.c.positions, sources.c.last_updated)
    row = (await connection.execute(counts.where(sources.c.id == state.id))).one()
    return replace(state, **row._mapping)


async def load_all(connection: AsyncConnection) -> list[SourceState]:
    """Every source ever configured, by name."""
    rows = await connection.execute(sa.select(sources).order_by(sources.c.name))
    return [state_of(row) for row in rows]


@dataclass(frozen=True, slots=True)
class Brief:
    """Of a source what a combined feed needs to know."""

    id: int
    feed_id: str
    created_at: datetime
    baseline_at: datetime | None


async def brief(connection: AsyncConnection) -> dict[str, Brief]:
    """Every source ever configured, by name."""
    known = (sources.c.id, sources.c.feed_id, sources.c.created_at, sources.c.baseline_at)
    rows = await connection.execute(sa.select(sources.c.name, *known))
    return {row.name: Brief(*row[1:]) for row in rows}


async def record_confirmed(connection: AsyncConnection, polls: Sequence[Confirmed]) -> None:
    """Write the polls that changed nothing, many in one statement."""
    statement = (
        sa.update(sources)
        .where(sources.c.id == sa.bindparam("source_id"))
        .values(
            polls=sources.c.polls + 1,
            last_ok_at=sa.bindparam("now"),
            due_at=sa.bindparam("next"),
            etag=sa.bindparam("new_etag"),
            last_modified=sa.bindparam("new_last_modified"),
            **_WELL,
        )
    )
    await connection.execute(
        statement,
        [
            {
                "source_id": poll.source_id,
                "now": poll.now,
                "next": poll.due_at,
                "new_etag": poll.etag,
                "new_last_modified": poll.last_modified,
            }
            for poll in polls
        ],
    )


# As SQL, not as parameters: those are bound anew for each of many polls.
_WELL = {
    "failures": sa.literal_column("0"),
    "failed_since": sa.null(),
    "last_error": sa.null(),
    "retry_after": sa.null(),
    "told_at": sa.null(),
    "doubtful": sa.literal_column("0"),
    "doubtful_since": sa.null(),
}


async def record_sound(connection: AsyncConnection, state: SourceState) -> None:
    """Write everything a sound poll moved; `state` is the new one."""
    await connection.execute(
        sa.update(sources)
        .where(sources.c.id == state.id)
        .values(
            polls=state.polls,
            verdict_at=state.verdict_at,
            places=state.stored_places,
            baseline_at=state.baseline_at,
            entries=state.entries,
            positions=state.positions,
            last_updated=state.last_updated,
            extractor=state.extractor,
            reading=state.reading,
            answered_by=state.answered_by,
            etag=state.etag,
            last_modified=state.last_modified,
            body_hash=state.body_hash,
            moved_to=state.moved_to,
            pace=state.pace,
            usual=state.usual,
            short_since=state.short_since,
            short_poll=state.short_poll,
            replaced=state.replaced,
            last_ok_at=state.last_ok_at,
            due_at=state.due_at,
            **_WELL,
        )
    )


async def record_failure(
    connection: AsyncConnection,
    state: SourceState,
    error: str,
    *,
    now: datetime,
    due_at: datetime,
    retry_after: datetime | None,
    doubtful: bool = False,
) -> SourceState:
    """Write a poll that failed, and nothing else; returns the new state.

    doubtful: it brought a list, and not the one that was read before
    """
    failed = replace(
        state,
        failures=state.failures + 1,
        failed_since=state.failed_since or now,
        last_error=error,
        due_at=due_at,
        retry_after=retry_after,
        doubtful=state.doubtful + doubtful,
        doubtful_since=state.doubtful_since or (now if doubtful else None),
    )
    await connection.execute(
        sa.update(sources)
        .where(sources.c.id == state.id)
        .values(
            failures=failed.failures,
            failed_since=failed.failed_since,
            last_error=error,
            due_at=due_at,
            retry_after=retry_after,
            doubtful=failed.doubtful,
            doubtful_since=failed.doubtful_since,
            moved_to=state.moved_to,
            pace=state.pace,
        )
    )
    return failed


async def mark_told(connection: AsyncConnection, source_id: int, now: datetime) -> None:
    """Remember that the operator knows of the failure that lasts."""
    await connection.execute(
        sa.update(sources).where(sources.c.id == source_id).values(told_at=now)
    )


def stored(places: Iterable[Place]) -> str:
    """Places as `SourceState.stored_places`."""
    return json.dumps([[place.key, place.absent_since] for place in places])


def state_of(row: Any) -> SourceState:
    """A row of the table."""
    values = dict(row._mapping)
    values["stored_places"] = values.pop("places")
    return SourceState(**values)
