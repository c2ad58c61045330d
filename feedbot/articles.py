"""The articles behind the entries: from a link on a list to the text that is kept with it.

    poll commits entries, and which of their pages are to be read; deliveries may wait for these
    tick → the next page of each host → fetch → read (source/) → one transaction:
                                       the text, or when to try again; what waited for it goes
         → of a host with no page to read, the next picture → its type and length (pictures.py)

Pages of one host are read one at a time, with the pause that the fetcher keeps to. What is to be
read, and when, is in the store alone; a page whose reading was cut off is read again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from urllib.parse import unquote, urlsplit

from feedbot.clock import Clock
from feedbot.errors import FetchError, ParseError, StoreError
from feedbot.fetch import Fetched, Fetcher, Request
from feedbot.model import Source, TextState
from feedbot.owing import Announced
from feedbot.pictures import measured
from feedbot.source.article import MEDIA_TYPES, Article, exact_time, not_a_page, read_article
from feedbot.store import catalogue, outbox, pictures, texts
from feedbot.store.engine import Store
from feedbot.store.pictures import PictureErrand, Size
from feedbot.store.texts import Errand, Outcome, Wanted

log = logging.getLogger(__name__)

#: How long a message waits for its article's text.
PATIENCE = timedelta(minutes=2)
#: Hosts that are read from at once.
MOST_HOSTS = 20
_LOOK = timedelta(seconds=1)  # how soon `drain` looks again
#: How long a host rests whose page could be read, and the store refused to keep it.
_REST = timedelta(seconds=30)
#: What may pass by itself is tried again after these, what the page itself is to blame for after
#: the last of them; then it is given up.
_RETRIES = (
    timedelta(seconds=15),
    timedelta(minutes=1),
    timedelta(minutes=10),
    timedelta(hours=1),
)
_PASSING = frozenset({408, 425, 429})
_NOT_THERE = frozenset({404, 410})


def wanted(
    source: Source,
    stored: Sequence[Announced],
    told: Sequence[Announced],
    now: datetime,
    *,
    shown: int,
) -> list[Wanted]:
    """Which of a source's new entries (in the order of events) are to have their articles read.

    Those without a page of their own, or whose text is whole already, are not. Of those that nobody
    is told of it is the newest `shown`: what a feed holds.

    told: those of `stored` that are announced
    """
    if source.article == "off":
        return []
    announced = {one.entry_id for one in told}
    found = []
    for one in _chosen(stored, announced, shown):
        item = one.row.item
        own_page = one.row.link_key is not None and item.own_link
        if item.whole or not own_page:
            continue
        error = not_a_page(item.link)
        news = one.entry_id in announced
        waits = news and source.article == "wait" and not error
        hold = now + PATIENCE if waits else None
        found.append(Wanted(one.entry_id, item.link, news, hold, error))
    return found


def pictured(
    source: Source, stored: Sequence[Announced], told: Sequence[Announced], *, shown: int
) -> list[str | None]:
    """The pictures of new entries whose servers are to be asked what they are; of as many."""
    if source.article == "off":
        return []
    announced = {one.entry_id for one in told}
    return [one.row.item.image for one in _chosen(stored, announced, shown)]


def _chosen(stored: Sequence[Announced], told: Collection[int], shown: int) -> list[Announced]:
    quiet = [one.entry_id for one in stored if one.entry_id not in told]
    chosen = {*told, *quiet[-shown:]}
    return [one for one in stored if one.entry_id in chosen]


class ArticleReader:
    """Reads the articles that the store of one process wants read.

    configured: the present sources by name, also after a reload
    done:       is told of each text that came: (source's name, whether it had been waited for)
    released:   is told that deliveries may go
    """

    def __init__(
        self,
        store: Store,
        fetcher: Fetcher,
        clock: Clock,
        configured: Callable[[], Mapping[str, Source]],
        done: Callable[[str, bool], None],
        released: Callable[[], None],
    ) -> None:
        self._store = store
        self._fetcher = fetcher
        self._clock = clock
        self._configured = configured
        self._done = done
        self._released = released
        self._tasks: dict[str, asyncio.Task[None]] = {}  # by host
        self._starting = asyncio.Lock()
        self._trouble: str | None = None
        self._stopping = False

    async def tick(self) -> None:
        """Start whatever is due. Never raises: trouble is logged once."""
        try:
            await self._start_due()
        except StoreError as error:
            if str(error) != self._trouble:
                log.error("%s; articles are read later", error)
            self._trouble = str(error)
        else:
            self._trouble = None

    async def drain(self, until: datetime, *, held: bool) -> None:
        """Read what is due until `until`; held: only as long as deliveries wait for something."""
        while self._clock.now() < until:
            await self.tick()
            if not await self._due_before(until, held=held):
                return
            await self._clock.wait(self._tasks.values(), min(until, self._clock.now() + _LOOK))

    async def finish(self) -> None:
        """Begin no more, and cut off what is under way: it is due as before."""
        self._stopping = True
        async with self._starting:
            tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _due_before(self, until: datetime, *, held: bool) -> bool:
        try:
            async with self._store.reading() as connection:
                now = self._clock.now()
                soonest = [await texts.soonest(connection, now, held=held)]
                soonest += [] if held else [await pictures.soonest(connection, now)]
        except StoreError:
            return False
        return any(moment is not None and moment < until for moment in soonest)

    async def _start_due(self) -> None:
        async with self._starting:
            now = self._clock.now()
            room = MOST_HOSTS - len(self._tasks)
            if self._stopping or room <= 0:
                return
            busy = self._tasks.keys() | self._fetcher.resting()
            async with self._store.reading() as connection:
                due: list[Errand | PictureErrand] = []
                due += await texts.errands(connection, now, busy=busy, limit=room)
                busy = busy | {errand.host for errand in due}
                due += await pictures.errands(connection, now, busy=busy, limit=room - len(due))
            for errand in due:
                task = asyncio.create_task(self._run(errand), name=f"article at {errand.host}")
                self._tasks[errand.host] = task

    async def _run(self, errand: Errand | PictureErrand) -> None:
        try:
            if isinstance(errand, PictureErrand):
                await self._measure(errand)
            else:
                await self._commit(errand, await self._attempt(errand))
        except StoreError as error:
            log.error("%s: %s: what was read is not kept: %s", errand.source, errand.host, error)
            self._fetcher.rest(errand.host, self._clock.now() + _REST)
        finally:
            self._tasks.pop(errand.host, None)

    async def _attempt(self, errand: Errand) -> Outcome:
        """Fetch and read one page."""
        source = self._configured().get(errand.source)
        if source is None or source.article == "off":
            return Outcome(TextState.SKIPPED, error="not wanted any more")
        try:
            fetched = await self._fetcher.fetch(_request(source, errand.link))
            article = await _read(fetched, errand, source)
        except (FetchError, ParseError) as error:
            outcome = _failure(errand, error, self._clock.now())
            level = logging.WARNING if outcome.state is TextState.FAILED else logging.INFO
            log.log(level, "%s: %s: %s", errand.source, errand.link, outcome.error)
            return outcome
        return Outcome(
            TextState.READ,
            content=article.content,
            author=article.author,
            image=article.image,
            section=article.section,
            published=exact_time(
                article.published, errand.page_date, source.timezone, errand.first_seen
            ),
        )

    async def _measure(self, errand: PictureErrand) -> None:
        """Ask for one picture; what the feed says of it shows with its next build."""
        source = self._configured().get(errand.source)
        size, now = Size(), self._clock.now()
        if source is not None and source.article != "off":
            obeys = source.robots == "obey"
            size = await measured(self._fetcher, errand, now, robots=obeys, proxy=source.proxy)
        async with self._store.transaction() as connection:
            await pictures.record(connection, errand, size)
        if size.type:
            self._done(errand.source, False)

    async def _commit(self, errand: Errand, outcome: Outcome) -> None:
        now = self._clock.now()
        async with self._store.transaction() as connection:
            over = await texts.record(connection, errand, outcome, now)
            if not errand.image:
                await pictures.want(connection, errand.source_id, [outcome.image], now)
            if outcome.state is TextState.READ:
                await catalogue.enter(connection, [errand.entry_id], now)
            if over is not None:
                await outbox.release(connection, errand.entry_id, over, now)
        if outcome.state is TextState.READ:
            self._done(errand.source, errand.hold_until is not None)
        if over is not None:
            self._released()


async def _read(fetched: Fetched, errand: Errand, source: Source) -> Article:
    """Read the page off the event loop; a defect of ours is this article's failure, no more.

    Raises ParseError.
    """
    try:
        return await asyncio.to_thread(
            read_article,
            fetched.body,
            fetched.content_type,
            url=fetched.url,
            link=errand.link,
            title=errand.title,
            zone=source.timezone,
        )
    except ParseError:
        raise
    except Exception as error:
        log.exception("%s: %s: this is a defect of feedbot", errand.source, errand.link)
        raise ParseError(f"cannot be read, by a defect of feedbot: {error!r}") from error


def _request(source: Source, link: str) -> Request:
    """What is the source's alone (headers, cookies, name and password) goes to its origin alone."""
    if _origin(link) != _origin(source.url):
        return Request(link, types=MEDIA_TYPES, robots=source.robots == "obey", proxy=source.proxy)
    return Request(
        link,
        headers=source.headers,
        cookies=source.cookies,
        auth=source.auth or _credentials(source.url),
        render=source.render,
        types=MEDIA_TYPES,
        robots=source.robots == "obey",
        proxy=source.proxy,
    )


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port


def _credentials(url: str) -> tuple[str, str] | None:
    parts = urlsplit(url)
    if parts.username is None:
        return None
    return unquote(parts.username), unquote(parts.password or "")


def _failure(errand: Errand, error: FetchError | ParseError, now: datetime) -> Outcome:
    """What an attempt that failed means: not there, nothing to read, later, or given up."""
    if isinstance(error, ParseError):
        return _again(errand, str(error), now, passing=False)
    if error.unwanted or error.forbidden:
        return Outcome(TextState.SKIPPED, error=error.cause)
    if error.status in _NOT_THERE:
        return Outcome(TextState.GONE, error=error.cause)
    passing = error.status is None or error.status >= 500 or error.status in _PASSING
    return _again(errand, error.cause, now, passing=passing, earliest=error.retry_after)


def _again(
    errand: Errand,
    cause: str,
    now: datetime,
    *,
    passing: bool,
    earliest: datetime | None = None,
) -> Outcome:
    """When to try again; a server's own word on that counts."""
    pauses = _RETRIES if passing else _RETRIES[-1:]
    if errand.attempts >= len(pauses):
        return Outcome(TextState.FAILED, error=cause)
    due_at = max(now + pauses[errand.attempts], earliest or now)
    return Outcome(TextState.WAITING, due_at, cause)
