"""Entries: writing what the diff decided."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from feedbot.diff import Diff, Place, Verdict, oldest_first
from feedbot.identity import Row
from feedbot.matching import Known
from feedbot.model import ChangeKind, Source
from feedbot.owing import FIRST, Announced
from feedbot.source.dates import published
from feedbot.store import catalogue, editions, pictures, texts
from feedbot.store.articles import article_ids
from feedbot.store.documents import mint
from feedbot.store.recall import pending_json
from feedbot.store.retract import mute
from feedbot.store.schema import entries
from feedbot.store.sources import SourceState, counted, stored


@dataclass(frozen=True, slots=True)
class Applied:
    """What a diff has become: the source's new state, and what there is to tell.

    changed: whether the feed shows anything else than before
    """

    state: SourceState
    announced: tuple[Announced, ...]
    changed: bool


async def apply(
    connection: AsyncConnection,
    state: SourceState,
    decided: Diff,
    rows: Sequence[Row],
    *,
    source: Source,
    authority: str,
    now: datetime,
) -> Applied:
    """Write the verdicts of poll number `state.polls + 1`; the caller writes the returned state.

    Entries committed together get `updated` a second apart, the newest last.
    """
    state = await counted(connection, state)
    fresh = _in_order(rows, decided.verdicts)
    changed = [
        (verdict.known, verdict.row)
        for verdict in decided.verdicts
        if verdict.kind is ChangeKind.CHANGED and verdict.known and verdict.row
    ]
    stamps = Stamps(len(fresh) + len(changed), now, state.last_updated)
    positions = count(state.positions + 1)  # changed entries come anew, so that readers see them
    for known, row in changed:
        await editions.keep(connection, known.key)
        await _change(connection, known, row, next(stamps), next(positions))
        if source.article != "off":
            await pictures.want(connection, state.id, [row.item.image], now)
            if not row.item.whole:
                await texts.read_again(connection, known.key, row.item.link, now)
    await _move(connection, decided.verdicts)
    shown = {row.article_key for index, row in enumerate(rows) if index not in fresh}
    announced = await _insert(
        connection,
        state,
        [rows[index] for index in fresh],
        shown,
        zip(stamps, positions, strict=False),
        source,
        authority,
        now,
    )
    await _mark_gone(connection, decided.verdicts, now)
    for key, pending in decided.pending.items():
        await connection.execute(
            sa.update(entries).where(entries.c.id == key).values(pending=pending_json(pending))
        )
    keys = {index: told.entry_id for index, told in zip(fresh, announced, strict=True)}
    muted = await mute(connection, {told.article_id for told in announced}, now)
    touched = [one.known.key for one in decided.verdicts if one.known]
    await catalogue.enter(connection, [*touched, *keys.values()], now)
    places = tuple(
        place if place.row is None else Place(keys[place.row]) for place in decided.order
    )
    new_state = replace(
        state,
        polls=state.polls + 1,
        verdict_at=decided.verdict_at,
        stored_places=stored(places),
        entries=state.entries + len(fresh),
        positions=state.positions + len(fresh) + len(changed),
        last_updated=stamps.last if fresh or changed else state.last_updated,
    )
    heard = tuple(told for told in announced if told.article_id not in muted)
    return Applied(new_state, heard, bool(decided.verdicts))


def _in_order(rows: Sequence[Row], verdicts: Iterable[Verdict]) -> list[int]:
    new = {verdict.index for verdict in verdicts if verdict.kind is ChangeKind.NEW}
    return [index for index in oldest_first(rows) if index in new]


class Stamps:
    """`updated` values for one commit: whole seconds, a second apart, after all earlier ones."""

    def __init__(self, count: int, now: datetime, last: datetime | None) -> None:
        first = _whole(now) - timedelta(seconds=max(0, count - 1))
        if last is not None:
            first = max(first, last + timedelta(seconds=1))
        self.last = first - timedelta(seconds=1)

    def __iter__(self) -> Stamps:
        return self

    def __next__(self) -> datetime:
        self.last += timedelta(seconds=1)
        return self.last


def _whole(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)


async def _insert(
    connection: AsyncConnection,
    state: SourceState,
    rows: Sequence[Row],
    shown: set[str],
    stamps: Iterator[tuple[datetime, int]],
    source: Source,
    authority: str,
    now: datetime,
) -> list[Announced]:
    if not rows:
        return []
    ids_of = await article_ids(connection, state.id, {row.article_key for row in rows}, shown)
    values = [
        columns(row)
        | {
            "atom_id": mint(authority, now, state.name),
            "source_id": state.id,
            "article_id": ids_of[row.article_key],
            "baseline": state.baseline_at is None,
            "published": published(row.item.date, _whole(now), source.timezone),
            "updated": updated,
            "position": position,
            "first_seen": now,
            "revision": FIRST,
        }
        for row, (updated, position) in zip(rows, stamps, strict=False)
    ]
    insert = sa.insert(entries).returning(entries.c.id, sort_by_parameter_order=True)
    ids = (await connection.execute(insert, values)).scalars().all()
    return [
        Announced(entry_id, ids_of[row.article_key], FIRST, row)
        for entry_id, row in zip(ids, rows, strict=True)
    ]


async def _change(
    connection: AsyncConnection, known: Known, row: Row, updated: datetime, position: int
) -> None:
    values = columns(row) | {"guid": row.guid or known.guid}
    await connection.execute(
        sa.update(entries)
        .where(entries.c.id == known.key)
        .values(**values, updated=updated, position=position, revision=entries.c.revision + 1)
    )


async def _move(connection: AsyncConnection, verdicts: Iterable[Verdict]) -> None:
    """Write where an entry is now, and what it is recognised by from now on.

    What was published of it stands, and `updated` stays: nothing happened that a reader would call
    news (RFC 4287 4.2.15).
    """
    for verdict in verdicts:
        if verdict.kind is ChangeKind.MOVED and verdict.known and verdict.row:
            row = verdict.row
            values = {
                "guid": row.guid or verdict.known.guid,
                "link_key": row.link_key,
                "title_key": row.title_key,
                "fingerprint": row.fingerprint,
                "link": row.item.link,
            }
            await connection.execute(
                sa.update(entries).where(entries.c.id == verdict.known.key).values(**values)
            )


async def _mark_gone(
    connection: AsyncConnection, verdicts: Iterable[Verdict], now: datetime
) -> None:
    moments = {ChangeKind.GONE: now, ChangeKind.BACK: None}
    left = [one for one in verdicts if one.kind in moments and one.known]
    await editions.restate(connection, [one.known.key for one in left if one.known])
    for verdict in left:
        if verdict.known:
            await connection.execute(
                sa.update(entries)
                .where(entries.c.id == verdict.known.key)
                .values(gone_at=moments[verdict.kind])
            )


def columns(row: Row) -> dict[str, Any]:
    """The columns that a row gives, and that a revision replaces."""
    item = row.item
    return {
        "guid": row.guid,
        "link_key": row.link_key,
        "title_key": row.title_key,
        "fingerprint": row.fingerprint,
        "title": item.title,
        "link": item.link,
        "page_date": item.date,
        "summary": item.summary,
        "content": item.content,
        "author": item.author,
        "image": item.image,
        "more_images": list(item.more_images) or None,
        "categories": list(item.categories),
    }
