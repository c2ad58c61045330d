"""Who sends in the benchmark of the limits: feedbot, its peers, and the server they send to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from itertools import count
from random import Random
from typing import Any

import aiohttp
import httpx
from telegram import Bot
from telegram.ext import AIORateLimiter, ExtBot

from feedbot.clock import SystemClock
from feedbot.demo.botapi import TOKEN
from feedbot.owing import owe_notice
from feedbot.store import outbox, subscribers
from feedbot.store.engine import Store
from feedbot.telegram.client import create_bot
from feedbot.telegram.deliver import Deliverer
from feedbot.telegram.limits import Limits
from feedbot.telegram.settings import Posting

CHATS = 200
FIRST = 1001  # their numbers follow one another
TEXT = "The office said that the road stays closed until the works have ended. " * 3
LONG = timedelta(hours=1)
_numbers = count()


class Fake:
    """The fake Bot API, as its control interface lets it be set and read."""

    def __init__(self, url: str, client: httpx.AsyncClient) -> None:
        self.url = url
        self._client = client
        self._logged = self._refused = 0

    async def set(self, limits: dict[str, Any], delay: float = 0) -> None:
        """Limits, and a delay of every answer in seconds, from now on."""
        await self._client.post(f"{self.url}/control/limits", json=limits)
        await self._client.delete(f"{self.url}/control/faults")
        if delay:
            fault = {"kind": "delay", "method": "sendMessage", "seconds": delay, "times": None}
            await self._client.post(f"{self.url}/control/faults", json=fault)

    async def news(self) -> tuple[list[datetime], int]:
        """When each message since the last time was accepted, and how many were refused."""
        since = {"since": self._logged}
        log = (await self._client.get(f"{self.url}/control/log", params=since)).json()
        since = {"since": self._refused}
        refused = (await self._client.get(f"{self.url}/control/refused", params=since)).json()
        self._logged += len(log)
        self._refused += len(refused)
        return sorted(datetime.fromisoformat(one["time"]) for one in log), len(refused)


class Ours:
    """A store with 200 subscribers and its deliverer."""

    def __init__(self, store: Store, url: str) -> None:
        self.store = store
        self.bot = create_bot(TOKEN, url)

    async def subscribe(self) -> None:
        """Make the chats known."""
        async with self.store.transaction() as connection:
            for number in range(CHATS):
                key = (str(FIRST + number), 0)
                await subscribers.insert(connection, key, "config", "active", datetime.now(UTC))

    async def owe(self, chats: Sequence[int], each: int) -> None:
        """Commit so many things owed to each of these chats (0, 1, …)."""
        owed = [
            owe_notice(chat + 1, str(next(_numbers)), TEXT) for _ in range(each) for chat in chats
        ]
        async with self.store.transaction() as connection:
            await outbox.owe(connection, owed, datetime.now(UTC))

    def deliverer(self, limits: Limits) -> Deliverer:
        """As a new process would make it."""
        return Deliverer(self.store, self.bot, SystemClock(), Posting(), Random(1), limits)


async def deliver(deliverer: Deliverer) -> None:
    """Send all that is owed."""
    if not await deliverer.drain(datetime.now(UTC) + LONG):
        raise SystemExit("not all was sent")


@asynccontextmanager
async def peer(url: str, *, limited: bool) -> AsyncIterator[ExtBot[Any]]:
    """python-telegram-bot over our transport, with its rate limiter."""
    limiter = AIORateLimiter(max_retries=100)
    if not limited:
        limiter = AIORateLimiter(overall_max_rate=0, group_max_rate=0, max_retries=100)
    plain = create_bot(TOKEN, url)
    updates, request = plain._request
    bot: ExtBot[Any] = ExtBot(
        TOKEN, f"{url}/bot", request=request, get_updates_request=updates, rate_limiter=limiter
    )
    await bot.initialize()
    yield bot
    await bot.shutdown()


async def by_peer(bot: Bot, each: int) -> None:
    """So many messages to every chat, one at a time in each."""

    async def to_one(chat: int) -> None:
        for _ in range(each):
            await bot.send_message(FIRST + chat, TEXT)

    await asyncio.gather(*map(to_one, range(CHATS)))


async def by_post(session: aiohttp.ClientSession, url: str, each: int) -> None:
    """The same without any library of Telegram's: nothing sends faster over this transport."""

    async def to_one(chat: int) -> None:
        message = {"chat_id": FIRST + chat, "text": TEXT}
        for _ in range(each):
            async with session.post(f"{url}/bot{TOKEN}/sendMessage", json=message) as answer:
                if answer.status != HTTPStatus.OK:
                    raise SystemExit(await answer.text())
                await answer.read()

    await asyncio.gather(*map(to_one, range(CHATS)))
