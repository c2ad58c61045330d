"""Delivery and bot as one part of the program, built from its settings."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, timedelta
from random import Random

from telegram import Bot
from telegram.error import TelegramError

from feedbot.clock import Clock
from feedbot.errors import StoreError
from feedbot.store.engine import Store
from feedbot.telegram.answers import understand
from feedbot.telegram.bot import Listener
from feedbot.telegram.buttons import Decide
from feedbot.telegram.client import close_bot, create_bot
from feedbot.telegram.deliver import GRACE, Deliverer
from feedbot.telegram.limits import Limits
from feedbot.telegram.settings import Configured, Posting, limits_of, posting_of
from feedbot.telegram.twins import unite

log = logging.getLogger(__name__)

_ASKING = 5  # seconds: who stops us meanwhile should not have to wait


class Telegram:
    """One bot at work for one store. Use `build`; it is an async context manager.

    async with Telegram.build(settings, store, clock, random) as telegram:
        telegram.start()                  # run: delivers and listens in the background
        …                                 # wake() whenever something is owed
        await telegram.shutdown(grace)
    """

    def __init__(
        self,
        store: Store,
        bot: Bot,
        clock: Clock,
        posting: Posting,
        random: Random,
        limits: Limits,
        decide: Decide | None = None,
    ) -> None:
        self._bot = bot
        self._clock = clock
        self._deliverer = Deliverer(store, bot, clock, posting, random, limits)
        self._listener = Listener(store, bot, clock, posting, random, self.wake, decide)
        self._tasks: list[asyncio.Task[None]] = []
        self._broken: str | None = None
        self._store = store
        self._language = posting.language

    @classmethod
    def build(
        cls,
        settings: Configured,
        store: Store,
        clock: Clock,
        random: Random,
        decide: Decide | None = None,
    ) -> Telegram | None:
        """The bot of the configuration; None where no token is configured.

        decide: does what a button of ours says that was pressed in the admin chat
        """
        telegram = settings.telegram
        if telegram.token is None:
            return None
        proxy = telegram.proxy.get_secret_value() if telegram.proxy else None
        bot = create_bot(telegram.token.get_secret_value(), telegram.api_url, proxy)
        return cls(store, bot, clock, posting_of(settings), random, limits_of(telegram), decide)

    async def __aenter__(self) -> Telegram:
        return self

    async def __aexit__(self, *_: object) -> None:
        try:
            if any(not task.done() for task in self._tasks):
                await self.shutdown(GRACE)
        finally:
            await close_bot(self._bot)

    @property
    def trouble(self) -> str | None:
        """Why nothing is sent, in one line; None while all is well."""
        return self._broken or self._deliverer.trouble

    @property
    def username(self) -> str:
        """What the bot is called, without @; "" until Telegram has said it."""
        return self._listener.username

    def configure(self, settings: Configured) -> None:
        """Follow a reloaded configuration; token, api_url and proxy take a restart."""
        posting = posting_of(settings)
        self._deliverer.configure(posting, limits_of(settings.telegram))
        self._listener.posting = posting

    def wake(self) -> None:
        """Something is owed."""
        self._deliverer.wake()

    async def unite(self) -> None:
        """Find chats that are known by two addresses; before anything is sent to new ones."""
        try:
            async with asyncio.timeout(_ASKING):
                await unite(self._store, self._bot, self._clock, self._language)
        except (TelegramError, StoreError, TimeoutError) as error:
            why = understand(error).error if isinstance(error, TelegramError) else error
            log.warning("it is not known whether two chats are one: %s", why or "no answer in time")

    def start(self) -> None:
        """Deliver and listen in the background, until `shutdown`."""
        for work in (self._deliverer.run(), self._listener.run()):
            task = asyncio.create_task(work)
            task.add_done_callback(self._note_end)
            self._tasks.append(task)

    def _note_end(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()):
            self._broken = f"the bot has stopped: {type(error).__name__}; restart feedbot"
            log.critical("%s", self._broken, exc_info=error)

    async def drain(self, deadline: datetime) -> bool:
        """Deliver what is owed, waiting for limits until `deadline`; whether all of it is out.

        Raises StoreError.
        """
        await self.unite()
        return await self._deliverer.drain(deadline)

    async def shutdown(self, grace: timedelta) -> None:
        """Begin no more calls; what has no answer after `grace` is stored as in doubt.

        Raises StoreError if it cannot be stored; the next start finds it all the same.
        """
        self._listener.stop()
        try:
            await self._deliverer.stop(self._clock.now() + grace)
        finally:
            await asyncio.gather(*self._tasks, return_exceptions=True)
