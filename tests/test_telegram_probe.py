"""Deliveries in doubt are looked for: found, or never accepted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from feedbot.demo.botapi import Fault, FaultKind
from feedbot.model import Chat
from feedbot.owing import owe_notice
from feedbot.store import doubts, outbox
from feedbot.store.outbox import Counts
from feedbot.store.schema import messages
from feedbot.store.schema import subscribers as subscriber_rows
from feedbot.telegram.deliver import PATIENCE
from feedbot.telegram.settings import Posting
from tests.office import KINDS, LOST, Office
from tests.outboxes import NOON, Desk, add_entry, news, seconds


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with Desk.open(tmp_path) as opened:
        yield opened


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("admin", KINDS)
async def test_a_message_that_arrived_is_found_and_not_sent_again(
    desk: Desk, kind: str, admin: str
) -> None:
    office = await Office.open(desk, kind, admin)
    await office.lose("first <i>& only</i>", "second")
    assert await desk.drain()
    assert office.read == ["first <i>& only</i>", "second"]
    assert await desk.counts() == Counts(sent=3)
    assert office.forwards() == ["first <i>& only</i>"]
    assert office.told == []
    assert desk.api.log.refused == []
    sent = [(m.chat_id, m.message_id) for m in desk.api.log.messages(office.chat)]
    assert [(row.chat_id, row.message_id) for row in await desk.rows(messages)] == sent


async def test_a_channel_known_by_its_name_is_searched_too(desk: Desk) -> None:
    for add in (desk.api.add_channel, desk.api.add_supergroup):
        name = f"press_{add.__name__}"
        chat = add("Press", username=name)
        id = await desk.add(f"@{name.upper()}")
        await desk.owe(id, "before")
        assert await desk.drain()
        if not (await desk.rows(messages))[1:]:
            await desk.appoint(await desk.add(desk.api.add_private().id, origin="admin"))
        desk.api.faults.add(LOST)
        await desk.owe(id, "hello")
        assert await desk.drain()
        assert desk.read(chat.id) == ["before", "hello"]
        (row,) = (await desk.rows(messages))[-1:]
        assert (row.chat_id, row.message_id) == (chat.id, 2)


async def test_looking_begins_when_it_can_no_longer_be_accepted_and_others_go_on(
    desk: Desk,
) -> None:
    office = await Office.open(desk, "channel")
    other = desk.api.add_private().id
    await desk.owe(await desk.add(other), *(str(n) for n in range(30)))
    began = desk.clock.now()
    await office.lose("lost", "next", fault=Fault(FaultKind.LOST, chat_id=office.chat))
    assert await desk.drain()
    assert office.read == ["lost", "next"]
    (copy,) = [e for e in desk.api.log.entries if e.method == "forwardMessage"]
    assert copy.time - began >= PATIENCE
    assert desk.api.log.messages(other)[-1].time - began < seconds(35)
    assert copy.parameters["disable_notification"] == "true"
    (deletion,) = [e for e in desk.api.log.entries if e.method == "deleteMessage"]
    assert (deletion.chat_id, deletion.message_id) == (copy.chat_id, copy.message_id)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_message_that_was_never_accepted_is_sent(desk: Desk, kind: str) -> None:
    office = await Office.open(desk, kind)
    await office.lose("first", "second", fault=Fault(FaultKind.DROP, method="sendMessage"))
    assert await desk.drain()
    assert office.read == ["first", "second"]
    assert (await desk.counts()).sent >= 3
    assert len([call for call in desk.api.log.refused if call.method == "forwardMessage"]) == 50


async def test_in_chats_that_share_ids_it_can_be_certain_that_it_was_not_accepted(
    desk: Desk,
) -> None:
    """What was sent too late to come before it ends the search: nothing is resent on suspicion."""
    office = await Office.open(desk, "private")
    other = await desk.add(desk.api.add_private().id)
    await office.lose("first", fault=Fault(FaultKind.DROP, chat_id=office.chat))
    assert not await desk.drain(minutes=0.1)
    desk.clock.advance(PATIENCE)
    await desk.owe(other, "something else")
    assert not await desk.deliverer(patience=PATIENCE * 3).drain(desk.clock.now() + seconds(1))
    desk.clock.advance(PATIENCE * 3)
    assert await desk.drain()
    assert office.read == ["first"]
    assert await desk.counts() == Counts(sent=3)
    assert office.told == []


async def test_other_posts_are_passed_by_within_the_admin_chats_limits(desk: Desk) -> None:
    office = await Office.open(desk, "channel")
    for number in range(30):
        desk.api.user_sends(office.chat, f"post {number}")
    await office.lose("ours")
    assert await desk.drain()
    assert office.read == ["ours"]
    assert len(office.forwards()) == 31
    assert desk.api.log.refused == []
    times = [e.time for e in desk.api.log.entries if e.method == "forwardMessage"]
    assert times[-1] - times[0] >= seconds(30)


@pytest.mark.parametrize("kind", ["supergroup", "group", "private"])
async def test_the_same_text_written_by_somebody_else_is_not_ours(desk: Desk, kind: str) -> None:
    office = await Office.open(desk, kind)
    desk.api.user_sends(office.chat, "hello")
    await office.lose("hello")
    assert await desk.drain()
    assert office.read == ["hello"]
    (_, ours) = (m for m in desk.api.log.messages(office.chat) if m.method == "sendMessage")
    assert (await desk.rows(messages))[-1].message_id == ours.message_id
    assert office.forwards() == ["hello", "hello"]


async def test_a_hundred_lost_answers_in_a_row(desk: Desk) -> None:
    office = await Office.open(desk, "private")
    texts = [f"text {number % 3}" for number in range(100)]  # what was said before proves nothing
    async with desk.store.transaction() as connection:
        for number, text in enumerate(texts):
            await outbox.owe(connection, [owe_notice(office.id, f"{number}", text)], NOON)
    desk.api.faults.add(Fault(FaultKind.LOST, chat_id=office.chat, times=100))
    assert await desk.drain(minutes=100)
    assert office.read == texts
    assert await desk.counts() == Counts(sent=101)
    assert desk.api.log.refused == []


@pytest.mark.parametrize("kind", ["private", "channel"])
async def test_many_chats_that_lose_the_same_news_at_once(desk: Desk, kind: str) -> None:
    office = await Office.open(desk, kind)
    chats = [getattr(desk.api, f"add_{kind}")().id for _ in range(12)]
    ids = [await desk.add(chat) for chat in chats]
    for text in ("before", "news"):
        if text == "news":
            desk.api.faults.add(Fault(FaultKind.LOST, method="sendMessage", times=13))
        for id in (office.id, *ids):
            await desk.owe(id, text if id in ids else f"{text}!")
        assert await desk.drain()
    assert [desk.read(chat) for chat in chats] == [["before", "news"]] * 12
    assert office.read == ["before!", "news!"]
    assert (await desk.counts()).resent == 0


async def test_topics_with_the_same_text_are_told_apart(desk: Desk) -> None:
    await desk.appoint(await desk.add(desk.api.add_private().id, origin="admin"))
    forum = desk.api.add_supergroup(is_forum=True)
    topic = desk.api.add_topic(forum.id, "News").message_thread_id
    ids = [await desk.add(forum.id), await desk.add(forum.id, topic=topic)]
    await desk.owe(ids[0], "before")
    assert await desk.drain()
    desk.api.faults.add(Fault(FaultKind.LOST, method="sendMessage", times=2))
    for id in ids:
        await desk.owe(id, "news")
    assert await desk.drain()
    told = [(m.text, m.message_thread_id) for m in desk.api.log.messages(forum.id)]
    assert told == [("before", None), ("news", None), ("news", topic)]
    assert len({row.message_id for row in await desk.rows(messages)}) == 3


async def test_the_admin_chat_is_searched_before_copies_are_put_into_it(desk: Desk) -> None:
    office = await Office.open(desk, "channel")
    (admin,) = [row.id for row in await desk.rows(subscriber_rows) if row.origin == "admin"]
    desk.api.faults.add(Fault(FaultKind.LOST, method="sendMessage", times=2))
    await desk.owe(office.id, "news")
    await desk.owe(admin, "news")
    async with desk.store.transaction() as connection:  # as a message heard from there would
        await doubts.learn(connection, desk.api.bot.id, [(str(office.admin), 1)])
    desk.api.user_sends(office.admin, "/help")
    assert await desk.drain()
    assert office.read == ["news"]
    assert office.told[1:] == ["news"]


@pytest.mark.parametrize("lost", range(3))
async def test_a_split_message_is_found_part_by_part(desk: Desk, lost: int) -> None:
    office = await Office.open(desk, "channel")
    posting = Posting(chats=(Chat(office.chat, text="full", long="split"),))
    async with desk.store.transaction() as connection:
        summary = " ".join(f"word{number}" for number in range(1100))
        one = await add_entry(connection, "Visit", source="press", summary=summary)
        await outbox.owe(connection, [news(office.id, one)], desk.clock.now())
    desk.api.faults.add(Fault(FaultKind.LOST, chat_id=office.chat, after=lost))
    assert await desk.drain(posting)
    parts = office.read
    assert len(parts) == len(set(parts)) == 3
    assert sum(part.count("word1099") for part in parts) == 1
    assert [row.part for row in await desk.rows(messages)] == [0, 0, 1, 2]
    assert await desk.counts() == Counts(sent=2)


async def test_a_copy_left_in_the_admin_chat_is_not_taken_for_the_message(desk: Desk) -> None:
    office = await Office.open(desk, "channel")
    (admin,) = [row.id for row in await desk.rows(subscriber_rows) if row.origin == "admin"]
    await desk.owe(admin, "hello", "news")
    desk.api.faults.add(Fault(FaultKind.DROP, method="sendMessage", after=1))
    assert not await desk.drain(minutes=0.1)
    origin = {"type": "user", "date": int(NOON.timestamp()), "sender_user": desk.api.bot.as_dict()}
    desk.api.stored(desk.api.chats[office.admin], {"text": "news", "forward_origin": origin})
    assert await desk.drain()
    written = [m.text for m in desk.api.log.messages(office.admin) if m.method == "sendMessage"]
    assert written == ["hello", "news"]


async def test_what_was_sent_is_looked_for_though_it_would_read_otherwise_now(desk: Desk) -> None:
    office = await Office.open(desk, "channel")
    async with desk.store.transaction() as connection:
        one = await add_entry(connection, "Visit", source="press")
        await outbox.owe(connection, [news(office.id, one, article=9)], desk.clock.now())
    desk.api.faults.add(LOST)
    assert not await desk.drain(minutes=0.1)
    async with desk.store.transaction() as connection:
        two = await add_entry(connection, "The visit", source="embassy")
        await outbox.owe(connection, [news(office.id, two, article=9)], desk.clock.now())
    template = Chat(office.chat, template="<b>{{ title }}</b>")
    assert await desk.drain(Posting(chats=(template,)))
    assert len(office.read) == 1
    assert await desk.counts() == Counts(sent=2)
