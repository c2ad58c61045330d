"""`feedbot post`: what was posted, and taking back what should not have been."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from textwrap import shorten
from typing import Any
from zoneinfo import ZoneInfo

from feedbot.config import Settings
from feedbot.logs import scrub
from feedbot.model import DeliveryState
from feedbot.operator.beside import beside, print_json, say
from feedbot.operator.sending import over, sending, unsent
from feedbot.status import local_time, rfc3339
from feedbot.store import posts, subscribers
from feedbot.store.engine import Store
from feedbot.store.ledger import Record
from feedbot.store.nudge import nudge
from feedbot.store.posts import Post
from feedbot.store.retract import retract as retract_articles

_LONGEST = 70  # signs of a title in a list


async def show_list(settings: Settings, source: str | None, limit: int, *, as_json: bool) -> int:
    """Print the last `limit` entries; 1 if there is none. Raises StoreError."""
    async with beside(settings) as store, store.reading() as connection:
        found = await posts.listed(connection, limit + 1, source)
    shown = found[-limit:]
    if as_json:
        print_json({"entries": [_fields(post) for post in shown]})
    for post in [] if as_json else shown:
        say(_line(post, ZoneInfo(settings.timezone)))
    if len(found) > limit:
        print(f"feedbot: only the last {limit} are shown; --limit shows more", file=sys.stderr)
    return 0 if shown else 1


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
    deadline = datetime.now(UTC) + wait
    async with sending(settings, store) as deliver:
        deliver(deadline)
        while True:
            async with store.reading() as connection:
                ids = await posts.retractions(connection, article)
                undecided = await posts.undecided(connection, article)
            records = await over(store, ids, deadline)
            if not undecided or datetime.now(UTC) >= deadline:
                break
    for record in records:
        say(f"{_where(record)}: {await _outcome(store, record)}")
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
        say(_line(post, zone))
    return 1


async def _outcome(store: Store, record: Record) -> str:
    if record.outcome:
        return record.outcome
    if record.state in (DeliveryState.FAILED, DeliveryState.DROPPED):
        return f"still there: {record.error}"
    async with store.reading() as connection:
        chat = await subscribers.get(connection, record.subscriber_id)
    paused = chat is not None and chat.state == "paused"
    return (
        "paused; it goes when the chat is resumed" if paused else "still there; it waits its turn"
    )


def _where(record: Record) -> str:
    message = f"message {record.target[1]}" if record.target else "a message"
    topic = f", topic {record.topic}" if record.topic else ""
    return f"{record.address}{topic}: {message}"


def _fields(post: Post) -> dict[str, Any]:
    """An entry as `--json` prints it; times in RFC 3339, UTC."""
    return {
        "number": post.id,
        "id": post.atom_id,
        "source": post.source,
        "title": scrub(post.title),
        "url": post.link,
        "published": rfc3339(post.published),
        "chats": post.chats,
        "retracted": rfc3339(post.retracted_at),
    }


def _line(post: Post, zone: ZoneInfo) -> str:
    """An entry in one line."""
    title = shorten(post.title, _LONGEST, placeholder="…")
    state = "retracted" if post.retracted_at else f"in {post.chats} chats"
    when = local_time(post.published, zone, "")
    return f"{post.id:>6}  {when}  {post.source}  {state}  {title}  {post.link}"
