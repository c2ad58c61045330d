"""Telegram as the program sees it: the deliverer, and the bot that answers."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, timedelta
from random import Random
from types import TracebackType

from feedbot.clock import Clock
from feedbot.config import Settings
from feedbot.store.engine import Store
from feedbot.telegram.client import close_bot, create_bot
from feedbot.telegram.deliver import Deliverer
from feedbot.telegram.settings import Posting

log = logging.getLogger(__name__)


class Messenger:
    """One bot's deliverer and commands; `async with` closes its connections."""

    def __init__(self, settings: Settings, token: str, store: Store, clock: Clock, random: Random):
        telegram = settings.telegram
        proxy = telegram.proxy.get_secret_value() if telegram.proxy else None
        self._clock = clock
        self._bot = create_bot(token, telegram.api_url, proxy)
        self._deliverer = Deliverer(store, self._bot, clock, posting(settings), random)
        self._tasks: list[asyncio.Task[None]] = []

    @classmethod
    def build(
        cls, settings: Settings, store: Store, clock: Clock, random: Random
    ) -> Messenger | None:
        """The messenger, or None where no token is configured: then nothing is posted."""
        token = settings.telegram.token
        return cls(settings, token.get_secret_value(), store, clock, random) if token else None

    async def __aenter__(self) -> Messenger:
        """Nothing is opened before it is needed."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close every connection."""
        await close_bot(self._bot)

    @property
    def trouble(self) -> str | None:
        """Why nothing can be sent at all."""
        return self._deliverer.trouble

    def configure(self, settings: Settings) -> None:
        """Take up a new configuration; the token and the server stay as they were."""
        self._deliverer.configure(posting(settings))

    def wake(self) -> None:
        """Something is owed."""
        self._deliverer.wake()

    def start(self) -> None:
        """Deliver and answer until `shutdown`."""
        self._tasks = [asyncio.create_task(self._deliverer.run(), name="deliverer")]

    async def drain(self, deadline: datetime) -> bool:
        """Deliver what is owed until `deadline`; whether all of it is out."""
        return await self._deliverer.drain(deadline)

    async def shutdown(self, grace: timedelta) -> None:
        """Begin nothing more; what has no answer within `grace` is stored in doubt."""
        await self._deliverer.stop(self._clock.now() + grace)
        await asyncio.gather(*self._tasks)


def posting(settings: Settings) -> Posting:
    """What delivery needs of the configuration."""
    return Posting(
        chats=settings.effective_chats(),
        sources={source.name: source for source in settings.effective_sources()},
        counters={counter.name: counter for counter in settings.effective_counters()},
        language=settings.language,
        open=settings.telegram.open,
        admin_chat=settings.telegram.admin_chat,
    )
