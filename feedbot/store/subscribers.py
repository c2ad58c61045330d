"""Who follows: chats of the configuration, chats that said /start, and the admin chat.

    active    is sent what it is owed
    paused    a configured chat that cannot be written to, or that the operator has paused; what it
              is owed waits
    asking    said /start where the operator decides
    leaving   gone, or never was one; deleted as soon as the last answer to it is out
    removed   left the configuration; the row stays, so that its return announces nothing old

Origin `config` and `admin` are the operator's to end, `chat` is the chat's own. How chats come, go
and move by themselves stands in `membership`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from feedbot.filters import compile_filter
from feedbot.model import Chat
from feedbot.owing import Follower
from feedbot.store import outbox
from feedbot.store.schema import deliveries, meta, subscribers
from feedbot.store.tally import UNSENT

ADMIN = "admin_subscriber"  # key in `meta`: whose row is the admin chat's
#: The reason of a configured chat that the operator paused: only the operator ends that.
BY_OPERATOR = "paused by the operator"
MOVED = "chat_moved:"  # keys in `meta`: what a configured chat's address has become

#: States in which news and counters are owed: the paused ones' wait.
OWED = ("active", "paused")

Key = tuple[str, int]  # address, topic (0: none): what tells one subscriber from another


@dataclass(frozen=True, slots=True)
class Subscriber:
    """One row of `subscribers`; see schema.py for the columns."""

    id: int
    address: str
    chat_id: int | None
    topic: int
    origin: str
    state: str
    reason: str | None
    kind: str | None
    title: str | None
    hold_until: datetime | None
    last_id: int | None
    created_at: datetime

    @property
    def name(self) -> str:
        """How to call it to the operator."""
        called = f"{self.title} ({self.address})" if self.title else self.address
        return f"{called}, topic {self.topic}" if self.topic else called


def address_of(chat: int | str) -> str:
    """A chat's number or "@name" as stored; names mind no case."""
    return str(chat).strip().lower()


async def sync_config(
    connection: AsyncConnection, chats: Sequence[Chat], admin: str | int | None, now: datetime
) -> list[str]:
    """Make the rows follow the configuration; returns a line for each thing worth telling.

    A chat that left it is owed nothing any more; one that is back is told of new things only; one
    that was paused is tried again, unless the operator paused it.
    """
    wanted = set(await configured(connection, chats))
    said = await _retire_others(connection, "config", wanted, now)
    for key in sorted(wanted):
        await _adopt(connection, key, "config", now)
    return said + await _sync_admin(connection, admin, wanted, now)


async def _retire_others(
    connection: AsyncConnection, origin: str, wanted: set[Key], now: datetime
) -> list[str]:
    """End every row of `origin` that is not wanted; what it was owed is dropped, and said."""
    said = []
    rows = await select(
        connection, subscribers.c.origin == origin, subscribers.c.state != "removed"
    )
    for row in rows:
        if (row.address, row.topic) in wanted:
            continue
        dropped = await outbox.drop(connection, row.id, "the chat left the configuration", now)
        await update(connection, row.id, state="removed", reason="left the configuration")
        lost = f"; {dropped} owed to it were dropped" if dropped else ""
        said.append(f"chat {row.name}: no longer in the configuration{lost}")
    return said


async def _adopt(connection: AsyncConnection, key: Key, origin: str, now: datetime) -> int:
    """The row of a chat that the operator names, active."""
    row = await find(connection, *key)
    if row is None:
        return await insert(connection, key, origin, "active", now)
    if row.origin == origin and row.state == "paused" and row.reason == BY_OPERATOR:
        return row.id
    if (row.origin, row.state) != (origin, "active"):
        again = {"chat_id": None} if row.state == "removed" else {}  # what is the name's chat now?
        await update(connection, row.id, origin=origin, state="active", reason=None, **again)
        await refresh(connection, [row.id])
    return row.id


async def _sync_admin(
    connection: AsyncConnection, admin: str | int | None, wanted: set[Key], now: datetime
) -> list[str]:
    """Find the admin chat its row: it may be a configured chat or a follower as well."""
    address = None if admin is None else address_of(admin)
    key = ((await _moved(connection)).get(address, address), 0) if address else None
    said = await _retire_others(connection, "admin", {key} if key else set(), now)
    await connection.execute(sa.delete(meta).where(meta.c.key == ADMIN))
    if key is None:
        return said
    row = await find(connection, *key)
    follows = row and (key in wanted or (row.origin == "chat" and row.state == "active"))
    id = row.id if row and follows else await _adopt(connection, key, "admin", now)
    await connection.execute(sa.insert(meta).values(key=ADMIN, value=str(id)))
    return said


async def configured(connection: AsyncConnection, chats: Iterable[Chat]) -> dict[Key, Chat]:
    """The configured chats by the address they have now: groups move when they are upgraded.

    Of two that are one chat by now, the one that is named by that address counts.
    """
    moved = await _moved(connection)
    addresses = [(address_of(chat.address), chat) for chat in chats]
    addresses.sort(key=lambda named: named[0] not in moved)
    return {(moved.get(now, now), chat.topic or 0): chat for now, chat in addresses}


async def _moved(connection: AsyncConnection) -> dict[str, str]:
    """What configured addresses have become."""
    query = sa.select(meta.c.key, meta.c.value).where(meta.c.key.startswith(MOVED))
    return {key.removeprefix(MOVED): new for key, new in await connection.execute(query)}


async def following(connection: AsyncConnection, chats: Sequence[Chat]) -> list[Follower]:
    """Everyone who may be owed news or counters now; paused ones are owed and wait."""
    by_key = await configured(connection, chats)
    query = (
        sa.select(subscribers)
        .where(subscribers.c.state.in_(OWED), subscribers.c.origin != "admin")
        .order_by(subscribers.c.id)
    )
    followers = []
    for row in await connection.execute(query):
        chat = by_key.get((row.address, row.topic))
        if row.origin == "chat":
            followers.append(Follower(row.id))
        elif chat:
            followers.append(follower(row.id, chat))
    return followers


@lru_cache(maxsize=1024)
def follower(id: int, chat: Chat) -> Follower:
    """The subscriber of this number as the one that follows what this chat does."""
    return Follower(
        id,
        None if chat.sources is None else frozenset(chat.sources),
        None if chat.counters is None else frozenset(chat.counters),
        compile_filter(chat.include, chat.exclude),
    )


async def admin_id(connection: AsyncConnection) -> int | None:
    """The subscriber that is the admin chat; None where none is configured."""
    query = sa.select(meta.c.value).where(meta.c.key == ADMIN)
    value = (await connection.execute(query)).scalar()
    return None if value is None else int(value)


async def admin_chat(connection: AsyncConnection) -> Subscriber | None:
    """The admin chat, while it can be written to."""
    id = await admin_id(connection)
    row = None if id is None else await get(connection, id)
    return row if row and row.state != "paused" else None


async def find(connection: AsyncConnection, address: int | str, topic: int) -> Subscriber | None:
    """The subscriber at this address and topic (0: none)."""
    at = subscribers.c.address == address_of(address)
    found = await select(connection, at, subscribers.c.topic == topic)
    return found[0] if found else None


async def of(connection: AsyncConnection, ids: Collection[int]) -> list[Subscriber]:
    """The subscribers of these numbers."""
    return await select(connection, subscribers.c.id.in_(sorted(ids)))


async def at(connection: AsyncConnection, address: int | str) -> list[Subscriber]:
    """Every subscriber at this address, one for each topic; moved groups under either address."""
    here = address_of(address)
    here = (await _moved(connection)).get(here, here)
    return await select(connection, subscribers.c.address == here)


async def get(connection: AsyncConnection, id: int) -> Subscriber | None:
    """The subscriber of this number."""
    found = await select(connection, subscribers.c.id == id)
    return found[0] if found else None


async def select(connection: AsyncConnection, *where: sa.ColumnElement[bool]) -> list[Subscriber]:
    """The rows of which all of `where` is true, oldest first."""
    query = sa.select(subscribers).where(*where).order_by(subscribers.c.id)
    return [Subscriber(**row) for row in (await connection.execute(query)).mappings()]


async def insert(
    connection: AsyncConnection,
    key: Key,
    origin: str,
    state: str,
    now: datetime,
    kind: str | None = None,
    title: str | None = None,
) -> int:
    """A new row; returns its number."""
    values = {
        "address": key[0],
        "topic": key[1],
        "origin": origin,
        "state": state,
        "kind": kind,
        "title": title,
        "created_at": now,
    }
    query = sa.insert(subscribers).values(**values).returning(subscribers.c.id)
    id: int = (await connection.execute(query)).scalar_one()
    return id


async def refresh(connection: AsyncConnection, ids: Sequence[int] | None = None) -> None:
    """What these subscribers (None: all) are owed does not age by the time it could not be sent."""
    mine = sa.true() if ids is None else deliveries.c.subscriber_id.in_(ids)
    aged = deliveries.c.fresh_from.is_not(None)
    await connection.execute(
        sa.update(deliveries).where(UNSENT, mine, aged).values(fresh_from=None)
    )


async def update(connection: AsyncConnection, id: int, **values: Any) -> None:
    """Set columns of one row."""
    await connection.execute(sa.update(subscribers).where(subscribers.c.id == id).values(**values))
