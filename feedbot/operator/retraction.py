"""`feedbot post retract`: a mistaken post out of every chat and feed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from feedbot.config import Settings
from feedbot.model import DeliveryState
from feedbot.operator.beside import beside, say
from feedbot.operator.posts import line
from feedbot.operator.sending import LOOK_EVERY, sending, unsent
from feedbot.store import ledger, posts
from feedbot.store.engine import Store
from feedbot.store.ledger import Record
from feedbot.store.nudge import nudge
from feedbot.store.posts import Post
from feedbot.store.retract import retract as retract_articles


async def retract(settings: Settings, wanted: str, wait: timedelta) -> int:
    """Take an entry out of every feed, and its post out of every chat. Raises StoreError.

    What is done cannot be taken back itself. It waits up to `wait` for the chats; what is left then
    is done by the next process at work. Returns 1 if no entry or several are meant, or if a message
    is still there. Raises StoreError, PublishError.
    """
    async with beside(settings) as store:
        async with store.transaction() as connection:
            meant = await posts.find(connection, wanted)
            if len({post.article_id for post in meant}) != 1:
                return _not_one(meant, wanted, ZoneInfo(settings.timezone))
            article = meant[0].article_id
            dropped = await retract_articles(connection, [article], datetime.now(UTC))
            everywhere = await posts.of_article(connection, article)
            await nudge(connection)
        for post in everywhere:
            say(f"{post.source}: out of its feed: {post.title}")
        if dropped:
            say(f"not sent yet, and dropped: {dropped}")
        return await _out_of_chats(settings, store, article, wait)


async def _out_of_chats(settings: Settings, store: Store, article: int, wait: timedelta) -> int:
    """See to it that the messages go, and say what became of each; the exit code."""
    deadline = datetime.now(UTC) + (wait if settings.telegram.token else timedelta(0))
    async with sending(settings, store) as deliver:
        deliver(deadline)
        while True:
            async with store.reading() as connection:
                records = await ledger.find(
                    connection, await posts.retractions(connection, article)
                )
                undecided = await posts.undecided(connection, article)
            waiting = unsent([one for one in records if one.chat_state != "paused"])
            if not (waiting or undecided) or datetime.now(UTC) >= deadline:
                break
            await asyncio.sleep(LOOK_EVERY)
    for record in records:
        say(f"{_where(record)}: {_outcome(record)}")
    if undecided:
        say(f"being sent, or looked for: {undecided}; each goes as soon as it is known where it is")
    if not records and not undecided:
        say("in no chat")
    failed = [one for one in records if one.state == DeliveryState.FAILED]
    return 1 if failed or undecided or unsent(records) else 0


def _not_one(meant: Sequence[Post], wanted: str, zone: ZoneInfo) -> int:
    if not meant:
        say(f"{wanted}: no such entry; `feedbot post list` names the last ones")
        return 1
    say(f"{wanted}: several entries; name one by its number")
    for post in meant:
        say(line(post, zone))
    return 1


def _outcome(record: Record) -> str:
    if record.outcome:
        return record.outcome
    if record.state in (DeliveryState.FAILED, DeliveryState.DROPPED):
        return f"still there: {record.error}"
    paused = record.chat_state == "paused"
    return (
        "paused; it goes when the chat is resumed" if paused else "still there; it waits its turn"
    )


def _where(record: Record) -> str:
    message = f"message {record.target[1]}" if record.target else "a message"
    topic = f", topic {record.topic}" if record.topic else ""
    return f"{record.address}{topic}: {message}"
