"""`feedbot chats`: who is written to, and who rests."""

from __future__ import annotations

from typing import Any

from feedbot.config import Settings
from feedbot.operator.beside import beside, chats_at, print_json, say
from feedbot.status import rfc3339
from feedbot.store import membership, roster
from feedbot.store.nudge import nudge
from feedbot.store.roster import Standing


async def show_list(settings: Settings, *, as_json: bool) -> int:
    """Print every chat the store knows; 1 if there is none. Raises StoreError."""
    async with beside(settings) as store, store.reading() as connection:
        found = await roster.standings(connection)
    if as_json:
        print_json({"chats": [_fields(one) for one in found]})
    for one in [] if as_json else found:
        chat = one.subscriber
        reason = f": {chat.reason}" if chat.reason else ""
        say(
            f"{chat.name}  {chat.origin}  {chat.state}{reason}"
            f"  owed {one.owed}, failed {one.failed}"
        )
    return 0 if found else 1


async def pause(settings: Settings, address: str) -> int:
    """Write no more to a configured chat; what it is owed waits. Raises StoreError.

    Returns 1 if there is none.
    """
    async with beside(settings) as store, store.transaction() as connection:
        found = await chats_at(connection, address)
        rows = [row for row in found if row.origin == "config" and row.state != "removed"]
        await membership.pause_by_hand(connection, rows)
    for row in rows:
        say(f"{row.name}: paused; what it is owed waits")
    if found and not rows:
        say(f"{address}: not a chat of the configuration; only those can be paused")
    return 0 if rows else 1


async def resume(settings: Settings, address: str) -> int:
    """Write again to a paused chat, whatever paused it. Raises StoreError.

    Returns 1 if there is none.
    """
    async with beside(settings) as store, store.transaction() as connection:
        found = await chats_at(connection, address)
        rows = await membership.resume_by_hand(connection, found)
        await nudge(connection)
    for row in rows:
        say(f"{row.name}: resumed")
    if found and not rows:
        say(f"{address}: not paused")
    return 0 if rows else 1


def _fields(one: Standing) -> dict[str, Any]:
    """A chat as `--json` prints it; times in RFC 3339, UTC."""
    chat = one.subscriber
    return {
        "chat": chat.address,
        "topic": chat.topic or None,
        "title": chat.title,
        "origin": chat.origin,
        "state": chat.state,
        "reason": chat.reason,
        "owed": one.owed,
        "failed": one.failed,
        "held_until": rfc3339(chat.hold_until),
        "since": rfc3339(chat.created_at),
    }
