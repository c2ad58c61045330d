"""`feedbot deliveries`: what is owed and what became of it; try again, give up."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from textwrap import shorten
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from feedbot.config import Settings
from feedbot.logs import scrub
from feedbot.model import DeliveryState
from feedbot.operator.arguments import DROPPED, RETRIED
from feedbot.operator.beside import beside, chats_at, print_json, say
from feedbot.status import local_time, rfc3339
from feedbot.store import ledger, membership, subscribers
from feedbot.store.ledger import Record
from feedbot.store.nudge import nudge
from feedbot.store.prune import FORGOTTEN
from feedbot.store.retract import RETRACTED
from feedbot.store.subscribers import Subscriber

_LONGEST = 70  # signs of a title in a list


async def show_list(
    settings: Settings, chat: str | None, state: str | None, limit: int, *, as_json: bool
) -> int:
    """Print the last `limit` deliveries; 1 if there is none. Raises StoreError."""
    async with beside(settings) as store, store.reading() as connection:
        ids = None
        if chat is not None:
            ids = [row.id for row in await subscribers.at(connection, chat)]
        wanted = DeliveryState(state) if state else None
        found = await ledger.listed(connection, limit + 1, subscriber_ids=ids, state=wanted)
    shown = found[-limit:]
    if as_json:
        print_json({"deliveries": [_fields(record) for record in shown]})
    for record in [] if as_json else shown:
        say(_line(record, ZoneInfo(settings.timezone)))
    if len(found) > limit:
        print(f"feedbot: only the last {limit} are shown; --limit shows more", file=sys.stderr)
    return 0 if shown else 1


async def show(settings: Settings, id: int, *, as_json: bool) -> int:
    """Print all that is known of one delivery; 1 if there is none. Raises StoreError."""
    async with beside(settings) as store, store.reading() as connection:
        found = await ledger.find(connection, [id])
        traces = await ledger.traces(connection, id)
    if not found:
        return _end([id], [], 1, anything=False)
    fields = _fields(found[0]) | {
        "entries": [
            {"source": source, "title": title, "url": link} for source, title, link in traces.causes
        ],
        "messages": [{"chat": chat, "message": message} for chat, message in traces.messages],
        "retracted": list(traces.retractions),
    }
    if as_json:
        print_json(fields)
        return 0
    for name, value in fields.items():
        for part in value if isinstance(value, list) else [value]:
            text = "  ".join(map(str, part.values())) if isinstance(part, dict) else part
            if text not in (None, ""):
                say(f"{name + ':':<10} {text}")
    return 0


async def _select(
    connection: AsyncConnection,
    ids: Sequence[int],
    chat: str | None,
    states: Sequence[DeliveryState],
) -> tuple[list[Subscriber], list[Record]]:
    """The deliveries of these numbers, or else those in `states` (of one chat); and their chats."""
    if chat is not None:
        rows = await chats_at(connection, chat)
        return rows, await ledger.of_chats(connection, [row.id for row in rows], *states)
    records = await (ledger.find(connection, ids) if ids else ledger.in_states(connection, *states))
    return await subscribers.of(connection, {one.subscriber_id for one in records}), records


async def retry(settings: Settings, ids: Sequence[int], chat: str | None, state: str | None) -> int:
    """Owe again what failed or was dropped, and resume its paused chats. Raises StoreError.

    Returns 1 if one of `ids`, or all of the chat, had nothing to be tried again.
    """
    async with beside(settings) as store, store.transaction() as connection:
        states = [DeliveryState(state)] if state else RETRIED
        rows, records = await _select(connection, ids, chat, states)
        resumed = await membership.resume_by_hand(connection, rows)
        there = [one.id for one in records if one.chat_state in subscribers.OWED]
        done = set(await ledger.retry(connection, there, datetime.now(UTC)))
        await nudge(connection)
    for row in resumed:
        say(f"{row.name}: resumed")
    woken = {row.id for row in resumed}
    missed = len(set(ids)) - len(records) if ids else 0
    for one in records:
        if one.id in done:
            say(f"{one.id}: owed again")
        elif one.subscriber_id not in woken:
            missed += 1
            say(f"{one.id}: {_why_not(one)}")
    if chat and rows and not records and not resumed:
        say(f"{chat}: nothing has failed there")
    if state and not chat and not records:
        say(f"nothing stands so: {state}")
    return _end(ids, records, missed, anything=bool(records or resumed))


async def drop(settings: Settings, ids: Sequence[int], chat: str | None, state: str | None) -> int:
    """Give up what is owed or has failed. Raises StoreError.

    Returns 1 if one of `ids`, or all of the chat, had nothing to be given up.
    """
    async with beside(settings) as store, store.transaction() as connection:
        states = [DeliveryState(state)] if state else DROPPED
        rows, records = await _select(connection, ids, chat, states)
        done = set(await ledger.drop(connection, [one.id for one in records], datetime.now(UTC)))
        await nudge(connection)
    for one in records:
        under_way = "; it was being sent and may arrive" if one.state == "sending" else ""
        say(f"{one.id}: {f'dropped{under_way}' if one.id in done else f'{one.state} already'}")
    if chat and rows and not records:
        say(f"{chat}: nothing is owed there")
    if state and not chat and not records:
        say(f"nothing stands so: {state}")
    return _end(ids, records, len(set(ids) - done), anything=bool(records))


def _why_not(record: Record) -> str:
    """Why a delivery is not tried again."""
    if record.chat_state not in subscribers.OWED:
        return "its chat has left"
    given_up = record.error in (RETRACTED, FORGOTTEN)
    return str(record.error) if given_up else f"{record.state} already"


def _end(ids: Sequence[int], records: Sequence[Record], missed: int, *, anything: bool) -> int:
    """Name the numbers that are nobody's; the exit code."""
    for id in sorted(set(ids) - {one.id for one in records}):
        say(f"{id}: no such delivery")
    return 1 if missed or not anything else 0


def _fields(record: Record) -> dict[str, Any]:
    """A delivery as `--json` prints it; times in RFC 3339, UTC."""
    return {
        "id": record.id,
        "state": record.state,
        "chat": record.address,
        "topic": record.topic or None,
        "kind": record.kind,
        "what": record.what,
        "created": rfc3339(record.created_at),
        "due": rfc3339(record.due_at),
        "ended": rfc3339(record.finished_at),
        "attempts": record.attempts,
        "resent": record.resent,
        "error": record.error and scrub(record.error),
        "outcome": record.outcome,
        "target": record.target and {"chat": record.target[0], "message": record.target[1]},
    }


def _line(record: Record, zone: ZoneInfo) -> str:
    """A delivery in one line."""
    topic = f" topic {record.topic}" if record.topic else ""
    error = f"; {record.error}" if record.error else ""
    what = shorten(record.what, _LONGEST, placeholder="…")
    when = local_time(record.created_at, zone, "")
    return (
        f"{record.id:>6}  {record.state:<8}  {record.address}{topic}  {record.kind:<7}"
        f"  {when}  {what}{error}"
    )
