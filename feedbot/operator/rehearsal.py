"""`--dry-run` of `once` and `run`: what they would bring, played on a copy that is thrown away.

Pages are really fetched. The store, the feeds and Telegram stay as they are, and a `run` that is at
work is not disturbed.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy.ext.asyncio import AsyncConnection

from feedbot.app import App
from feedbot.config import Settings
from feedbot.model import DeliveryKind, DeliveryState
from feedbot.operator.beside import say
from feedbot.render.telegram_html import to_plain
from feedbot.store import outbox, subscribers
from feedbot.store.claim import Claimed
from feedbot.store.engine import backup
from feedbot.store.outbox import Outcome
from feedbot.store.retract import MESSAGE
from feedbot.telegram.compose import compose
from feedbot.telegram.settings import posting_of

#: Whatever waits for a limit or another try is shown as well.
_AHEAD = timedelta(days=366)
_TICK = 1  # seconds
_GRACE = timedelta(seconds=4)


async def rehearse(settings: Settings) -> int:
    """Poll, owe, and print every message as it would look; 1 if a source failed.

    Raises StoreError, PublishError.
    """
    async with _on_a_copy(settings) as app:
        polled = await app.poll_all()
        await app.daily.owe_due()
        for result in polled:
            say(result.error or f"{result.source}: {result.new} new")
        async with app.store.transaction() as connection:
            shown = await _show_owed(app, connection, _AHEAD)
            waiting = (await outbox.counts(connection)).owed
    _sum_up(settings, shown, waiting)
    return 1 if any(result.error for result in polled) else 0


async def rehearse_run(settings: Settings, stop: asyncio.Event) -> None:
    """Poll and owe as `run` does until `stop`, and print every message when it would go.

    Nothing is served, and nobody is heard. Raises StoreError, PublishError.
    """
    shown = 0
    async with _on_a_copy(settings) as app:
        say("dry run: shows every message until stopped")
        while not stop.is_set():
            await app.scheduler.tick()
            await app.reader.tick()
            async with app.store.transaction() as connection:
                shown += await _show_owed(app, connection, timedelta(0))
                waiting = (await outbox.counts(connection)).owed
            sys.stdout.flush()
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), _TICK)
        await app.scheduler.finish(_GRACE)
    _sum_up(settings, shown, waiting)


def _sum_up(settings: Settings, shown: int, waiting: int) -> None:
    rest = f", {waiting} wait for a paused chat" if waiting else ""
    posts = f"{shown} would be sent{rest}" if settings.telegram.token else "no telegram.token"
    say(f"dry run: {posts}; nothing was sent, stored or written")


@asynccontextmanager
async def _on_a_copy(settings: Settings) -> AsyncIterator[App]:
    """The program on a copy of the store, which goes when it ends."""
    with TemporaryDirectory(prefix="feedbot-dry-run-") as folder:
        async with App.open(await _elsewhere(settings, Path(folder))) as app:
            yield app


async def _elsewhere(settings: Settings, folder: Path) -> Settings:
    """`settings` on a copy of the store, with its feeds beside it."""
    copy = folder / "feedbot.db"
    if settings.storage.path.exists():
        await asyncio.to_thread(backup, settings.storage.path, copy)
    storage = settings.storage.model_copy(update={"url": f"sqlite:///{copy}"})
    feeds = settings.feeds.model_copy(update={"directory": folder / "feeds"})
    return settings.model_copy(update={"storage": storage, "feeds": feeds})


async def _show_owed(app: App, connection: AsyncConnection, ahead: timedelta) -> int:
    """Print what is owed, or is due so far ahead, in the order it would go; returns how many.

    They are then owed no more.
    """
    posting = posting_of(app.settings)
    chats = await subscribers.configured(connection, posting.chats)
    later = app.clock.now() + ahead
    shown = 0
    while owed := await outbox.owed_chats(connection):
        claimed = (await outbox.claim(connection, later, owed)).claimed
        if not claimed:  # `run` is sending it just now
            break
        for one in claimed:
            if one.kind == DeliveryKind.RETRACT:
                say(f"to {_where(one)}: takes back message {one.payload[MESSAGE][1]}")
                continue
            post = compose(one, posting, chats.get((one.address, one.topic)))
            for html, part in list(zip(post.html, post.parts, strict=True))[one.part :]:
                _show(one, to_plain(html), part.photos)
        done = [Outcome(one.id, DeliveryState.DROPPED, later) for one in claimed]
        await outbox.record(connection, done)
        shown += len(claimed)
    return shown


def _show(claimed: Claimed, text: str, photos: Sequence[str]) -> None:
    doubt = ", in doubt: looked for first" if claimed.doubtful else ""
    say(f"to {_where(claimed)}: {claimed.kind}{doubt}")
    for photo in photos:
        say(f"    [{photo}]")
    for line in text.splitlines():
        say(f"    {line}".rstrip())


def _where(claimed: Claimed) -> str:
    return f"{claimed.address}, topic {claimed.topic}" if claimed.topic else claimed.address
