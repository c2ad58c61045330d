"""What each answer leads to: a test a row of the table, against the fake Bot API."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from feedbot.demo.botapi import Fault, FaultKind
from feedbot.model import Chat
from feedbot.store import bots, ledger, membership
from feedbot.store import subscribers as subs
from feedbot.store.outbox import Counts
from feedbot.store.schema import deliveries, messages, subscribers
from feedbot.telegram.bot import Listener
from feedbot.telegram.settings import Posting
from tests.outboxes import NOON, Desk, seconds


class Office(Desk):
    """A desk with an admin chat."""

    admin: int

    def answer(self, chat: int | None, code: int, why: str = "", **options: Any) -> None:
        """Let the next call about this chat be refused so."""
        self.api.faults.add(
            Fault(FaultKind.ERROR, chat_id=chat, error_code=code, description=why, **options)
        )

    @property
    def told(self) -> list[str]:
        return self.read(self.admin)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Office]:
    async with Office.open(tmp_path) as opened:
        assert isinstance(opened, Office)
        opened.admin = opened.api.add_private("Operator").id
        await opened.appoint(await opened.add(opened.admin, origin="admin"))
        yield opened


async def test_refused_markup_goes_once_more_as_plain_text_and_is_reported(desk: Office) -> None:
    chat = desk.api.add_channel().id
    desk.answer(chat, 400, "Bad Request: can't parse entities: x")
    await desk.owe(await desk.add(chat), "Tom & Jerry <3")
    assert await desk.drain()
    (message,) = desk.api.log.messages(chat)
    assert message.text == "Tom & Jerry <3"
    assert "parse_mode" not in message.parameters
    (told,) = desk.told
    assert str(chat) in told
    assert "can't parse entities" in told.lower()
    assert "defect of feedbot" in told


async def test_what_telegram_finds_too_long_goes_in_parts(desk: Office) -> None:
    chat = desk.api.add_channel().id
    words = " ".join(f"word{number}" for number in range(400))  # 3,000 characters
    desk.answer(chat, 400, "Bad Request: message is too long")
    await desk.owe(await desk.add(chat), words, "after")
    assert await desk.drain()
    first, second, after = desk.read(chat)
    assert first.endswith("(1/2)")
    assert second.endswith("(2/2)")
    joined = f"{first.removesuffix('(1/2)')} {second.removesuffix('(2/2)')}"
    assert joined.split() == words.split()
    assert after == "after"
    assert [row.part for row in await desk.rows(messages) if row.chat_id == chat] == [0, 1, 0]
    assert "too long" in desk.told[0]


async def test_a_later_part_that_is_too_long_goes_in_parts_of_its_own(desk: Office) -> None:
    chat = desk.api.add_channel().id
    posting = Posting(chats=(Chat(chat, text="full", long="split"),))
    words = [f"word{number}" for number in range(1100)]
    desk.answer(chat, 400, "Bad Request: MESSAGE_TOO_LONG", after=1)
    await desk.post(await desk.add(chat), "Visit", summary=" ".join(words))
    assert await desk.drain(posting)
    said = [word for text in desk.read(chat) for word in text.split() if word.startswith("word")]
    assert said == words
    parts = [row.part for row in await desk.rows(messages) if row.chat_id == chat]
    assert parts == list(range(len(parts)))
    assert len(parts) > 3


async def topic_closed(desk: Office, forum: int) -> int:
    topic = desk.api.add_topic(forum, "News")
    topic.closed = True
    return topic.message_thread_id


async def topic_deleted(desk: Office, forum: int) -> int:
    topic = desk.api.add_topic(forum, "News")
    topic.deleted = True
    return topic.message_thread_id


@pytest.mark.parametrize("end", [topic_closed, topic_deleted])
async def test_what_is_owed_to_a_topic_that_ended_goes_to_the_general_one(
    desk: Office, end: Any
) -> None:
    forum = desk.api.add_supergroup(is_forum=True).id
    topic = await end(desk, forum)
    await desk.owe(await desk.add(forum, topic=topic), "one", "two")
    assert await desk.drain()
    told = [(m.text, m.message_thread_id) for m in desk.api.log.messages(forum)]
    assert told == [("one", None), ("two", None)]
    assert len(desk.told) == 1
    assert f"topic {topic}" in desk.told[0]


async def test_where_the_general_topic_is_closed_too_only_that_subscriber_is_paused(
    desk: Office,
) -> None:
    forum = desk.api.add_supergroup(is_forum=True).id
    topics = [desk.api.add_topic(forum, name).message_thread_id for name in "ab"]
    ids = [await desk.add(forum, topic=topic) for topic in topics]
    desk.answer(forum, 400, "Bad Request: TOPIC_CLOSED", times=2)
    await desk.owe(ids[0], "one")
    await desk.owe(ids[1], "two")
    assert not await desk.drain()
    states = {row.id: row.state for row in await desk.rows(subscribers)}
    assert (states[ids[0]], states[ids[1]]) == ("paused", "active")
    assert desk.read(forum) == ["two"]
    assert (await desk.counts()).owed == 1


@pytest.mark.parametrize("code", [400, 406, 418])
async def test_an_answer_nobody_knows_is_tried_again_and_reported_once(
    desk: Office, code: int
) -> None:
    chat = desk.api.add_channel().id
    desk.answer(chat, code, "Bad Request: SOMETHING_NEW", times=5)
    await desk.owe(await desk.add(chat), "one", "two")
    assert await desk.drain()
    assert desk.read(chat) == ["one", "two"]
    assert len(desk.told) == 1
    assert "SOMETHING_NEW" in desk.told[0] or "Something_new" in desk.told[0]
    assert await desk.counts() == Counts(sent=3)


async def test_an_answer_nobody_knows_that_stays_holds_up_its_chat_half_an_hour(
    desk: Office,
) -> None:
    chat, other = desk.api.add_channel().id, desk.api.add_channel().id
    desk.answer(chat, 400, "Bad Request: SOMETHING_NEW", times=15)
    await desk.owe(await desk.add(chat), "odd", "fine")
    await desk.owe(await desk.add(other), "at once")
    assert await desk.drain(minutes=60)
    assert desk.read(chat) == ["fine"]
    assert desk.api.log.messages(other)[0].time == NOON
    waited = desk.api.log.messages(chat)[0].time - NOON
    assert seconds(15 * 60) < waited < seconds(40 * 60)
    (kept,) = [row for row in await desk.rows(deliveries) if row.state == "failed"]
    assert kept.payload["text"] == "odd"
    assert "omething_new" in kept.error.lower()
    assert len(desk.told) == 1


async def test_a_message_refused_for_good_is_kept_and_the_operator_told_once(desk: Office) -> None:
    chat = desk.api.add_channel().id
    desk.answer(chat, 400, "Bad Request: message text is empty", times=2)
    await desk.owe(await desk.add(chat), "one", "two", "three")
    assert await desk.drain()
    assert desk.read(chat) == ["three"]
    assert (await desk.counts()).failed == 2
    (told,) = desk.told
    assert "text is empty" in told


@pytest.mark.parametrize(
    ("code", "why", "parameters", "wait"),
    [
        (429, "Too Many Requests: retry after 41", {"retry_after": 41}, 41),
        (420, "FLOOD_WAIT_42", {}, 42),
        (420, "Too Many Requests: retry after 43", {}, 43),
    ],
)
async def test_too_many_requests_holds_the_chat_as_long_as_it_says(
    desk: Office, code: int, why: str, parameters: dict[str, int], wait: int
) -> None:
    chat = desk.api.add_channel().id
    desk.answer(chat, code, why, parameters=parameters)
    await desk.owe(await desk.add(chat), "one")
    assert await desk.drain()
    (message,) = desk.api.log.messages(chat)
    assert wait <= (message.time - NOON).total_seconds() < wait + 2
    (row,) = await desk.rows(deliveries)
    assert (row.state, row.attempts) == ("sent", 1)


async def test_a_conflict_is_no_doubt(desk: Office) -> None:
    chat = desk.api.add_channel().id
    desk.answer(chat, 409, times=3)
    await desk.owe(await desk.add(chat), "one")
    assert await desk.drain()
    assert desk.read(chat) == ["one"]
    assert await desk.counts() == Counts(sent=1)


@pytest.mark.parametrize("code", [401, 404])
async def test_a_bot_that_is_refused_loses_nothing(desk: Office, code: int) -> None:
    chat = desk.api.add_channel().id
    await desk.owe(await desk.add(chat), "one", "two")
    desk.answer(None, code)
    deliverer = desk.deliverer()
    assert not await deliverer.drain(NOON + seconds(1))
    assert "refuses the bot's token" in (deliverer.trouble or "")
    async with desk.store.reading() as connection:
        assert await bots.refused(connection)  # for `status`, beside us
    async with desk.store.transaction() as connection:
        await bots.refuse(connection, 1, "of the bot that was there before")
    assert await desk.drain()
    assert desk.read(chat) == ["one", "two"]
    async with desk.store.reading() as connection:
        assert await bots.refused(connection) is None


# How long it is tried


async def test_what_cannot_be_delivered_is_tried_until_it_is_too_old(desk: Office) -> None:
    chat = desk.api.add_channel().id
    desk.answer(chat, 409, times=None)  # not accepted, whatever the reason
    await desk.owe(await desk.add(chat), "one")
    assert not await desk.drain(minutes=60)
    desk.clock.advance(timedelta(days=2.9))
    assert not await desk.drain(minutes=60)
    assert await desk.counts() == Counts(owed=1)
    desk.clock.advance(timedelta(days=0.1))
    assert await desk.drain(minutes=60)
    (row,) = [row for row in await desk.rows(deliveries) if row.payload.get("text") == "one"]
    assert row.state == "failed"
    assert "onflict" in row.error
    assert 20 < row.attempts < 60  # one in five minutes
    (told,) = desk.told
    assert "is given up" in told
    desk.api.faults.clear()
    async with desk.store.transaction() as connection:
        await ledger.retry(connection, [row.id], desk.clock.now())
    assert await desk.drain()
    assert desk.read(chat) == ["one"]


@pytest.mark.parametrize("why", ["paused", "held", "refused"])
async def test_time_in_which_nothing_could_be_sent_does_not_count(desk: Office, why: str) -> None:
    chat = desk.api.add_channel().id
    id = await desk.add(chat)
    await desk.owe(id, "one")
    posting = Posting(keep_trying=timedelta(hours=2))
    if why == "paused":
        async with desk.store.transaction() as connection:
            await membership.pause_by_hand(connection, await subs.of(connection, [id]))
        desk.clock.advance(timedelta(days=9))
        async with desk.store.transaction() as connection:
            await membership.resume_by_hand(connection, await subs.of(connection, [id]))
    elif why == "held":
        desk.answer(chat, 429, parameters={"retry_after": 9 * 86400})
        assert not await desk.drain(posting, minutes=1)
        desk.clock.advance(timedelta(days=9))
    else:
        desk.answer(chat, 401)
        assert not await desk.drain(posting, minutes=1)
        desk.clock.advance(timedelta(days=9))
    desk.answer(chat, 409, times=None)
    assert not await desk.drain(posting, minutes=100)
    assert (await desk.counts()).failed == 0
    assert await desk.drain(posting, minutes=60)
    assert (await desk.counts()).failed == 1


async def test_old_as_it_is_the_first_failures_end_nothing(desk: Office) -> None:
    """A machine that was off for a week, and is up before its network."""
    chat = desk.api.add_channel().id
    await desk.owe(await desk.add(chat), "one")
    desk.clock.advance(timedelta(days=7))
    desk.answer(chat, 409, times=8)
    assert await desk.drain()
    assert desk.read(chat) == ["one"]


async def test_errors_of_the_server_end_as_late(desk: Office) -> None:
    """Looked for each time, by forwards that fail too."""
    chat = desk.api.add_channel().id
    id = await desk.add(chat)
    await desk.owe(id, "before")
    assert await desk.drain()
    desk.answer(None, 502, times=40)
    await desk.owe(id, "one", "two")
    assert await desk.drain(minutes=10 * 60)
    assert desk.read(chat) == ["before", "one", "two"]


# Chats that change their address


@pytest.mark.parametrize("count", [3, 40])
async def test_a_group_that_moves_in_the_middle_of_a_backlog_loses_and_repeats_nothing(
    desk: Office, count: int
) -> None:
    group, chat = desk.api.add_group("Team").id, desk.api.add_private().id
    posting = Posting(chats=(Chat(group, silent=True),))
    texts = [str(number) for number in range(count)]
    await desk.owe(await desk.add(group), *texts)
    await desk.owe(await desk.add(chat), *texts)
    assert not await desk.drain(posting, minutes=0.03)
    before = desk.read(group)
    assert 0 < len(before) < count
    new = desk.api.migrate(group)
    assert await desk.drain(posting)
    assert before + desk.read(new.id) == texts
    assert desk.read(chat) == texts
    silent = {m.parameters["disable_notification"] for m in desk.api.log.messages(new.id)}
    assert silent == {"true"}  # still the configured chat
    assert str(new.id) in desk.told[0]


@pytest.mark.parametrize("taken", [False, True])
async def test_a_changed_username_sends_nothing_astray_and_is_told(
    desk: Office, taken: bool
) -> None:
    chat = desk.api.add_channel("Press", username="press")
    id = await desk.add("@press")
    await desk.owe(id, "one")
    assert await desk.drain()
    chat.username = "news"
    other = desk.api.add_channel("Other", username="press") if taken else None
    await desk.owe(id, "two")
    assert await desk.drain()
    told = asyncio.Event()
    listener = Listener(desk.store, desk.bot, desk.clock, Posting(), Random(1), told.set)
    running = asyncio.create_task(listener.run())
    await told.wait()
    listener.stop()
    await running
    assert await desk.drain()
    assert desk.read(chat.id) == ["one", "two"]
    assert other is None or desk.read(other.id) == []
    (notice,) = desk.told
    assert "@press" in notice
    assert str(chat.id) in notice
    assert ("another chat" in notice) == taken


async def test_a_name_that_is_configured_anew_is_asked_anew(desk: Office) -> None:
    chat = desk.api.add_channel("Press", username="press")
    configured = (Chat("@press"),)
    for expected, present in ((chat, configured), (None, ()), (None, configured)):
        async with desk.store.transaction() as connection:
            await subs.sync_config(connection, present, desk.admin, desk.clock.now())
            rows = {row.address: row for row in await subs.select(connection)}
        if expected:
            await desk.owe(rows["@press"].id, "one")
            assert await desk.drain()
            chat.username = None
            other = desk.api.add_channel("Other", username="press")
    await desk.owe(rows["@press"].id, "two")
    assert await desk.drain()
    assert (desk.read(chat.id), desk.read(other.id)) == (["one"], ["two"])
