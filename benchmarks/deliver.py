"""Deliveries a second into the fake Bot API, all limits off, beside bare python-telegram-bot.

    python -m benchmarks.deliver [--full]

feedbot: what the outbox of a store on disk owes, from the first claim to the last message recorded;
each `sending` and each `sent` is committed. Bare: the same messages by `Bot.send_message` over the
same transport, as many chats at once, one message at a time in each. Both in one process, in turn;
the fake in another, which parses every message as Telegram does.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
import tempfile
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from random import Random

import httpx
from telegram import Bot, LinkPreviewOptions
from telegram.constants import ParseMode

from benchmarks.measure import Row, Sample, in_turn, process, show
from feedbot.clock import SystemClock
from feedbot.demo.botapi import TOKEN
from feedbot.diff import Rules, diff
from feedbot.identity import identify
from feedbot.model import Chat, Item, Source
from feedbot.owing import owe_news
from feedbot.render.message import NewsView, render_news
from feedbot.store import entries, outbox, sources, subscribers
from feedbot.store.engine import Store
from feedbot.telegram.client import close_bot, create_bot
from feedbot.telegram.deliver import Deliverer
from feedbot.telegram.limits import Limits
from feedbot.telegram.settings import Posting

CHATS = 100
_MOST_SECONDS = 150
_FIRST_CHAT = 1001
_SOURCE = Source("press", "http://press.example/", "Press office")
_SUMMARY = "The office said that the road stays closed until the works have ended. " * 3


def _items(first: int, count: int) -> list[Item]:
    """New rows, newest first as pages have them."""
    return [
        Item(f"Notice {number}", f"http://press.example/{number}", summary=_SUMMARY)
        for number in range(first + count - 1, first - 1, -1)
    ]


class Ours:
    """A store whose followers are owed news, and the deliverer that sends it."""

    def __init__(self, store: Store, bot: Bot, chats: Sequence[Chat], each: int) -> None:
        self._store = store
        self._clock = SystemClock()
        self._chats = chats
        self._each = each
        self._made = 0
        posting = Posting(chats=tuple(chats), sources={_SOURCE.name: _SOURCE})
        self._deliverer = Deliverer(store, bot, self._clock, posting, Random(1), Limits.OFF)

    async def sync(self) -> None:
        """Make the source and its followers known to the store."""
        now = self._clock.now()
        async with self._store.transaction() as connection:
            await sources.sync(connection, [_SOURCE], "press.example", now)
            await subscribers.sync_config(connection, self._chats, None, now)

    async def owe(self) -> None:
        """Commit new entries and owe them to every chat, as a poll does."""
        now = self._clock.now()
        rows = identify(_items(self._made, self._each), _SOURCE.url)
        self._made += self._each
        async with self._store.transaction() as connection:
            state = await sources.load(connection, _SOURCE.name)
            decided = diff(rows, [], (), state.polls + 1, Rules())
            applied = await entries.apply(
                connection, state, decided, rows, source=_SOURCE, authority="press.example", now=now
            )
            await sources.record_sound(connection, applied.state)
            followers = await subscribers.following(connection, self._chats)
            owed = owe_news(applied.announced, _SOURCE.name, _SOURCE.title, followers)
            await outbox.owe(connection, owed, now)

    async def deliver(self) -> int:
        """Send all that is owed."""
        deadline = self._clock.now() + timedelta(seconds=_MOST_SECONDS)
        if not await self._deliverer.drain(deadline):
            raise SystemExit(f"not all was sent in {_MOST_SECONDS} s")
        return self._each * len(self._chats)

    async def sent(self) -> int:
        """How many deliveries the store holds for sent, each at the first attempt."""
        async with self._store.reading() as connection:
            counts = await outbox.counts(connection)
        if counts.resent or counts.failed or counts.in_doubt:
            raise SystemExit(f"not all went well: {counts}")
        return counts.sent


async def by_bare_bot(bot: Bot, chats: Sequence[Chat], each: int) -> int:
    """The same messages without store, order and records."""
    texts = [
        render_news(
            NewsView(
                title=item.title,
                link=item.link,
                date=None,
                summary=item.summary,
                sources=(_SOURCE.title,),
                author=None,
                language="en",
            ),
            None,
        )
        for item in _items(0, each)
    ]

    async def to_one(chat: Chat) -> None:
        for text in texts:
            await bot.send_message(
                chat_id=chat.address,
                text=text,
                parse_mode=ParseMode.HTML,
                link_preview_options=LinkPreviewOptions(is_disabled=False),
            )

    await asyncio.gather(*map(to_one, chats))
    return each * len(chats)


async def compare(url: str, rounds: int, each: int) -> Sample:
    """Messages a second; `each`: messages to each chat in a round."""
    chats = [Chat(_FIRST_CHAT + number) for number in range(CHATS)]
    bot, bare = create_bot(TOKEN, url), create_bot(TOKEN, url)
    with tempfile.TemporaryDirectory(prefix="feedbot-") as folder:
        store = await Store.open(f"sqlite:///{Path(folder)}/feedbot.db")
        try:
            ours = Ours(store, bot, chats, each)
            await ours.sync()
            sample = await in_turn(
                ours.deliver,
                lambda: by_bare_bot(bare, chats, each),
                rounds=rounds,
                seconds=_MOST_SECONDS,
                prepare=ours.owe,
            )
            expected = (len(sample.ours) + 1) * each * CHATS
            if await ours.sent() != expected:
                raise SystemExit(f"the store has not recorded the {expected} messages sent")
            await _check_log(url, 2 * expected)
        finally:
            await store.close()
            await close_bot(bot)
            await close_bot(bare)
    return sample


async def _check_log(url: str, expected: int) -> None:
    """See that the fake has accepted every message of both, and no other."""
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
        log = (await client.get(f"{url}/control/log")).json()
    if len(log) != expected:
        raise SystemExit(f"the fake has accepted {len(log)} messages, not {expected}")


async def main(*, full: bool) -> int:
    """Run; the exit code."""
    logging.disable(logging.INFO)
    rounds, each = (9, 20) if full else (5, 5)
    chats = [f"--chat=private:{_FIRST_CHAT + number}" for number in range(CHATS)]
    async with process("-m", "feedbot.demo.botapi", "--no-limits", *chats) as url:
        sample = await compare(url, rounds, each)
    return show("messages", [Row(f"{CHATS} chats", "python-telegram-bot", sample)])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.deliver", description=__doc__)
    parser.add_argument("--full", action="store_true", help="more and longer rounds")
    sys.exit(asyncio.run(main(full=parser.parse_args().full)))
