"""The program wired together: `once` and `run`.

    Settings → Store, Fetcher, Publisher, Telegram → Poller, Daily → Scheduler → Web

Everything is built here and handed in; no other module reads configuration or makes its own parts.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING

from sqlalchemy.ext.asyncio import AsyncConnection

from feedbot.articles import PATIENCE, ArticleReader
from feedbot.backfill import SPELL, Backfiller
from feedbot.clock import Clock, SystemClock
from feedbot.config import Settings
from feedbot.config.fixed import fixed_keys
from feedbot.daily import Daily
from feedbot.errors import ConfigError, FeedbotError, StoreError
from feedbot.fetch import Fetcher
from feedbot.fetching import fetcher_of
from feedbot.holding import pressed
from feedbot.housekeeping import Housekeeper
from feedbot.hub import HubTeller
from feedbot.owing import Follower
from feedbot.poll import Audience, Polled, Poller
from feedbot.progress import Bar
from feedbot.publish import Publisher
from feedbot.publish.configured import authority, base_url, plan_of
from feedbot.schedule import Scheduler
from feedbot.status import Status, read_status
from feedbot.store import backlog, outbox, sources, subscribers, turns
from feedbot.store.engine import Store
from feedbot.telegram import Telegram
from feedbot.watching import Watcher
from feedbot.wiring import by_name, ending_quietly, roads

if TYPE_CHECKING:
    from feedbot.web.app import Outdoors
    from feedbot.web.server import WebServer

log = logging.getLogger(__name__)

#: A tick comes every second; one that has not come for this long stands still.
_STANDSTILL = timedelta(seconds=30)
#: How long calls under way may take after SIGTERM; with the rest it stays under ten seconds.
_GRACE = timedelta(seconds=8)
#: How long polls may: one that is cut off leaves nothing behind and is made again.
_POLL_GRACE = timedelta(seconds=4)
#: How long a feed waits for more texts of old entries before it is written anew.
_GATHER = timedelta(seconds=10)
#: How long `once` stays for texts that no message waits for; the next one goes on.
_LINGER = timedelta(seconds=3)


class App:
    """One store's program. Use `App.open`, which builds it and takes it down again."""

    def __init__(
        self, settings: Settings, store: Store, fetcher: Fetcher, clock: Clock, random: Random
    ) -> None:
        self.settings = settings
        self.store = store
        self.clock = clock
        self._since = clock.now()
        self.sources = by_name(settings)
        self._reloading = asyncio.Lock()
        audience = Audience(self._followers, self._operator)
        self.publisher = Publisher(
            store,
            clock,
            plan_of(settings),
            directory=settings.feeds.directory,
        )
        shelf = self.publisher.shelf
        self.hub = HubTeller(store, fetcher, clock, lambda: self.publisher.plan, shelf.unsettled)
        shelf.changed = self.hub.owe
        self.poller = Poller(
            store,
            fetcher,
            clock,
            audience,
            authority=authority(settings),
            random=random,
            shown=lambda: self.settings.feeds.entries,
        )
        self.reader = ArticleReader(
            store, fetcher, clock, lambda: self.sources, self._take_text, self._wake
        )
        self.bar = Bar(sys.stderr)
        self.backfiller = Backfiller(
            store,
            fetcher,
            clock,
            lambda: self.sources,
            self._take_older,
            authority=authority(settings),
            shown=lambda: self.settings.feeds.entries,
            show=self.bar.show,
        )
        self.daily = Daily(store, clock, audience, lambda: self.settings.effective_counters())
        self.housekeeper = Housekeeper(store, clock, lambda: self.settings.telegram.keep_sent)
        self.telegram = Telegram.build(settings, store, clock, random, self._press)
        self.watcher = Watcher(
            store,
            fetcher,
            clock,
            lambda: roads(self.settings),
            self._operator,
            self.trouble,
            lambda: self.telegram.trouble if self.telegram else None,
            self._wake,
            settings.storage.path.absolute().parent,
        )
        self.scheduler = Scheduler(
            store,
            self.poller,
            self.publisher,
            self.daily,
            clock,
            lambda: self.sources,
            self._wake,
            self.reader.tick,
            fetcher.resting,
        )

    @classmethod
    @asynccontextmanager
    async def open(
        cls, settings: Settings, clock: Clock | None = None, random: Random | None = None
    ) -> AsyncIterator[App]:
        """Open the store as its one scheduler and make it follow the configuration.

        Raises StoreError, PublishError.
        """
        async with AsyncExitStack() as stack:
            store = await Store.open(settings.storage.url)
            stack.push_async_callback(store.close)
            store.become_scheduler()
            fetcher = await stack.enter_async_context(fetcher_of(settings, clock))
            app = cls(settings, store, fetcher, clock or SystemClock(), random or Random())
            if app.telegram:
                await stack.enter_async_context(app.telegram)
            stack.push_async_callback(app.reader.finish)
            app.bar.attach()
            stack.callback(app.bar.clear)
            stack.push_async_callback(app.backfiller.finish)
            await app._prepare()
            yield app

    async def _prepare(self) -> None:
        await asyncio.to_thread(self.publisher.check_writable)
        now = self.clock.now()
        async with self.store.transaction() as connection:
            doubtful = await outbox.doubt_leftovers(connection, now)
            await outbox.drop_tests(connection, now)
        if doubtful:
            log.warning("%d deliveries were being sent when the last process ended", doubtful)
        await self._sync(self.settings)
        async with self.store.transaction() as connection:
            await turns.spread(connection, now)
        await self.daily.sync()
        await self.publisher.publish_all()

    async def _sync(self, settings: Settings) -> None:
        """Make the store's sources and chats follow these settings: all of them, or none."""
        now = self.clock.now()
        async with self.store.transaction() as connection:
            watched = list(settings.effective_sources())
            lines = await sources.sync(connection, watched, authority(settings), now)
            chats = settings.effective_chats()
            fresh = await backlog.newcomers(connection, chats)
            lines += await subscribers.sync_config(
                connection, chats, settings.telegram.admin_chat, now
            )
            if self.telegram:
                await backlog.owe(connection, fresh, watched, now)
        for line in lines:
            log.warning("%s", line)

    async def _followers(self, connection: AsyncConnection) -> Sequence[Follower]:
        if self.telegram is None:  # nothing will be posted, so nothing is owed
            return []
        return await subscribers.following(connection, self.settings.effective_chats())

    async def _operator(self, connection: AsyncConnection) -> int | None:
        return await subscribers.admin_id(connection) if self.telegram else None

    async def _press(self, connection: AsyncConnection, data: str) -> str | None:
        followers = await self._followers(connection)
        now, shown = self.clock.now(), self.settings.feeds.entries
        return await pressed(connection, data, self.sources.get, followers, now, shown=shown)

    def _wake(self) -> None:
        if self.telegram:
            self.telegram.wake()

    def _take_text(self, source: str, waited_for: bool) -> None:
        self.scheduler.publish_later(source, timedelta(0) if waited_for else _GATHER)

    def _take_older(self, source: str, at_its_end: bool) -> None:
        self.scheduler.publish_later(source, timedelta(0) if at_its_end else _GATHER)

    # ---------------------------------------------------------------- once

    async def once(self, wait: timedelta) -> tuple[list[Polled], bool]:
        """Poll all, owe what is due, deliver for up to `wait`; the polls, and if all is sent."""
        deadline = self.clock.now() + wait
        polled = await self.poll_all()
        await self.scheduler.publish_unwritten()
        await self.housekeeper.sweep()
        try:
            await self.daily.owe_due()
            await self.scheduler.publish_counters()
            delivered = await self.telegram.drain(deadline) if self.telegram else True
        except StoreError as error:
            log.error("%s; what is owed waits for the next run", error)
            return polled, False
        await self.backfiller.drain(self.clock.now() + SPELL)
        await self.reader.drain(self.clock.now() + _LINGER, held=False)
        await self.scheduler.publish_stale()
        await self.scheduler.publish_archives()
        await self.hub.tell()
        return polled, delivered

    async def poll_all(self) -> list[Polled]:
        """Poll every source now; the texts that messages wait for are there, or given up."""
        polled = await self.scheduler.poll_all()
        await self.reader.drain(self.clock.now() + PATIENCE, held=True)
        await self.scheduler.publish_stale()
        return polled

    # ---------------------------------------------------------------- run

    async def run(self, reload: Callable[[], Settings], stop: asyncio.Event) -> None:
        """Schedule, deliver, answer and serve until `stop`. Raises ListenError."""
        # Of what `once` does without, these take the longest to load.
        from apscheduler.schedulers.asyncio import AsyncIOScheduler

        from feedbot.publish.site import Pages
        from feedbot.web.app import create_app
        from feedbot.web.server import WebServer, listen

        pages = Pages(self.store, self.clock, lambda: self.settings, self._bot_name)
        web = WebServer(
            create_app(
                self.publisher,
                self._page,
                pages.serve,
                self.trouble,
                self._outdoors,
                self.watcher.wrong,
            ),
            listen(*self.settings.web.address),
        )
        ticker = AsyncIOScheduler(timezone=UTC)
        parts = (self.scheduler, self.reader, self.backfiller, self.housekeeper)
        for tick in (part.tick for part in (*parts, self.hub, self.watcher)):
            ticker.add_job(
                ending_quietly,
                "interval",
                [tick],
                seconds=1,
                coalesce=True,
                misfire_grace_time=None,
                max_instances=1,
                next_run_time=datetime.now(UTC),
            )
        web.start()
        ticker.start()
        if self.telegram:
            await self.telegram.unite()
            self.telegram.start()
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGHUP, lambda: loop.create_task(self._reload(reload)))
        log.info(
            "feeds at %s/feeds/, page at %s/", base_url(self.settings), base_url(self.settings)
        )
        try:
            await stop.wait()
        finally:
            loop.add_signal_handler(signal.SIGHUP, lambda: None)  # some send one with SIGTERM
            ticker.shutdown(wait=False)
            await self._finish(web)

    async def _finish(self, web: WebServer) -> None:
        log.info("stopping: no new work")
        self.store.hurry()
        ending = [
            self.scheduler.finish(_POLL_GRACE),
            self.reader.finish(),
            self.backfiller.finish(),
            web.stop(),
            self.hub.stop(),
        ]
        if self.telegram:
            ending.append(self.telegram.shutdown(_GRACE))
        for result in await asyncio.gather(*ending, return_exceptions=True):
            if isinstance(result, BaseException):
                log.error("while stopping: %s", result)

    async def _reload(self, reload: Callable[[], Settings]) -> None:
        async with self._reloading:
            try:
                await self._take_up(await asyncio.to_thread(reload))
            except ConfigError as error:
                for problem in error.problems:
                    log.error("%s", problem)
                log.error("the configuration is wrong and was not reloaded; the old one stays")

    async def _take_up(self, new: Settings) -> None:
        renamed = {source.was for source in new.sources if source.was} & self.sources.keys()
        async with self.scheduler.resting(renamed):  # a poll knows its source by name
            try:
                await self._sync(new)
            except StoreError as error:
                log.error("%s; the configuration was not reloaded, the old one stays", error)
                return
            for key in fixed_keys(self.settings, new):
                log.warning("%s has changed: that takes a restart", key)
            self.settings = new
            self.sources = by_name(new)
        self.publisher.configure(plan_of(new))
        if self.telegram:
            await self.telegram.unite()
            self.telegram.configure(new)
            self.telegram.wake()  # a new chat may be owed what was before it
        try:
            await self.daily.sync()
            await self.publisher.publish_all()
        except FeedbotError as error:
            log.error("while reloading: %s; will be tried again", error)
        log.info("configuration reloaded: %d sources", len(self.sources))

    # ---------------------------------------------------------------- how it fares

    async def trouble(self) -> str | None:
        """Why feedbot is not well: store or bot are refused, or something stands still."""
        last = self.scheduler.last_tick or self._since
        if self.scheduler.trouble:
            return self.scheduler.trouble
        if self.telegram and self.telegram.trouble:
            return self.telegram.trouble
        if self.clock.now() - last > _STANDSTILL:
            return f"nothing has been scheduled since {last:%Y-%m-%d %H:%M:%S} UTC"
        try:
            await self.store.check_writable(self.clock.now())
        except StoreError as error:
            return str(error)
        return None

    async def status(self) -> Status:
        """How everything stands."""
        return await read_status(
            self.store, self.sources, self.settings.effective_counters(), self.clock.now()
        )

    def _outdoors(self) -> Outdoors:
        from feedbot.web.app import Outdoors

        feeds, web = self.settings.feeds, self.settings.web
        return Outdoors(base_url(self.settings), feeds.base_url is not None, web.trusted_proxies)

    def _bot_name(self) -> str:
        return self.telegram.username if self.telegram else ""

    async def _page(self, path: str, base: str | None) -> bytes | None:
        from feedbot.web.feedpage import render_page

        document = await self.publisher.document(path, base)
        return render_page(document, path.rpartition(".")[2]) if document else None
