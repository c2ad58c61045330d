"""The store of a configuration, opened beside whoever works on it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from feedbot.config import Settings
from feedbot.errors import StoreError
from feedbot.logs import scrub
from feedbot.store import subscribers
from feedbot.store.engine import Store
from feedbot.store.subscribers import Subscriber


@asynccontextmanager
async def beside(settings: Settings) -> AsyncIterator[Store]:
    """The store; none is made where there is none. Raises StoreError."""
    path = settings.storage.path
    if not path.exists():
        raise StoreError(f"{path}: there is no store here yet; `feedbot once` or `run` makes it")
    store = await Store.open(settings.storage.url)
    try:
        yield store
    finally:
        await store.close()


async def chats_at(connection: AsyncConnection, address: str) -> list[Subscriber]:
    """The chats of an address as the operator writes it; says so where there is none."""
    rows = await subscribers.at(connection, address)
    if not rows:
        say(f"{address}: no such chat; `feedbot chats list` names them")
    return rows


def print_json(value: Any) -> None:
    """Print a result as machines read it."""
    print(json.dumps(value, indent=2, ensure_ascii=False))


def say(line: str) -> None:
    """Print one result. What strangers wrote in it can neither forge nor garble a line."""
    print(scrub(line))
