"""One chat under two addresses gets everything once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import pytest

from feedbot.demo.botapi import Fault, FaultKind
from feedbot.model import Chat
from feedbot.store import outbox, schema, subscribers
from feedbot.telegram.limits import Limits
from feedbot.telegram.service import Telegram
from feedbot.telegram.settings import Posting
from tests.outboxes import Desk, add_entry, news


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with Desk.open(tmp_path) as opened:
        yield opened


async def sync(desk: Desk, *chats: Chat) -> list[str]:
    async with desk.store.transaction() as connection:
        return await subscribers.sync_config(connection, chats, None, desk.clock.now())


async def addresses(desk: Desk) -> list[tuple[str, int]]:
    async with desk.store.reading() as connection:
        rows = await subscribers.select(connection, schema.subscribers.c.state == "active")
    return [(row.address, row.topic) for row in rows]


async def owe_all(desk: Desk, title: str) -> None:
    """A new article to every chat that follows."""
    async with desk.store.transaction() as connection:
        entry = await add_entry(connection, title)
        rows = await subscribers.select(connection)
        owed = [news(row.id, entry) for row in rows if row.state == "active"]
        await outbox.owe(connection, owed, desk.clock.now())


async def unite(desk: Desk, *chats: Chat) -> None:
    telegram = Telegram(desk.store, desk.bot, desk.clock, Posting(chats=chats), Random(1), Limits())
    await telegram.unite()


async def test_what_two_addresses_are_owed_comes_once(desk: Desk) -> None:
    channel = desk.api.add_channel("Press", username="press")
    other = desk.api.add_channel("Other", username="other")
    chats = (Chat("@press", text="title"), Chat(channel.id, silent=True), Chat("@other"))
    await sync(desk, *chats)
    await owe_all(desk, "Owed before")
    await unite(desk, *chats)
    assert await addresses(desk) == [(str(channel.id), 0), ("@other", 0)]
    await sync(desk, *chats)  # the next start
    assert await addresses(desk) == [(str(channel.id), 0), ("@other", 0)]
    await owe_all(desk, "Owed since")
    assert await desk.drain(Posting(chats=chats))
    read = [text.splitlines()[0] for text in desk.read(channel.id)]
    assert read == ["Owed before", "Owed since"]
    assert len(desk.read(other.id)) == 2
    async with desk.store.reading() as connection:
        found = await subscribers.configured(connection, chats)
    assert found[(str(channel.id), 0)].silent  # as it is said for the number


async def test_topics_stay_apart(desk: Desk) -> None:
    forum = desk.api.add_supergroup("Forum", username="forum", is_forum=True)
    chats = (Chat("@forum", topic=7), Chat(forum.id))
    await sync(desk, *chats)
    await unite(desk, *chats)
    assert sorted(await addresses(desk)) == [(str(forum.id), 0), (str(forum.id), 7)]


async def test_it_is_said_and_nothing_is_asked_where_there_can_be_no_twins(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    channel = desk.api.add_channel("Press", username="press")
    await sync(desk, Chat("@press"), Chat(42))
    desk.api.faults.add(Fault(FaultKind.ERROR, method="getChat", error_code=500, times=None))
    await unite(desk)
    assert caplog.messages == []
    await sync(desk, Chat("@press"), Chat(channel.id))
    await unite(desk)
    assert "it is not known whether two chats are one: " in caplog.text
    desk.api.faults.clear()
    await unite(desk)
    assert f"@press and {channel.id} are one chat." in caplog.text
    assert await addresses(desk) == [(str(channel.id), 0)]
