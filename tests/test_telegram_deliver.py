"""The deliverer against the fake Bot API: order, limits, restarts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from random import Random

import pytest
import sqlalchemy as sa

from feedbot.clock import SystemClock
from feedbot.config.settings import Settings
from feedbot.demo.botapi import Fault, FaultKind
from feedbot.demo.botapi import Limits as ServerLimits
from feedbot.model import DeliveryKind
from feedbot.owing import Owed, owe_notice
from feedbot.store import outbox
from feedbot.store.outbox import Counts
from feedbot.store.schema import bots, deliveries, messages
from feedbot.telegram.deliver import Deliverer
from feedbot.telegram.limits import Limits
from feedbot.telegram.settings import Posting, limits_of
from tests.outboxes import NOON, Desk, add_entry, claim_next, news, owe_texts, seconds, until


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with Desk.open(tmp_path) as opened:
        yield opened


async def crowd(desk: Desk) -> dict[int, list[str]]:
    """100 chats, people and groups by turns, each owed 20 things; what each is to read."""
    chats = [
        (desk.api.add_supergroup if number % 2 else desk.api.add_private)(f"c{number}").id
        for number in range(100)
    ]
    ids = {chat: await desk.add(chat) for chat in chats}
    expected = {chat: [f"{chat} {number}" for number in range(20)] for chat in chats}
    async with desk.store.transaction() as connection:
        for number in range(20):
            for chat in chats:
                await owe_texts(connection, ids[chat], [expected[chat][number]])
    return expected


async def test_a_hundred_chats_within_strict_windows_get_all_and_never_429(desk: Desk) -> None:
    expected = await crowd(desk)
    assert await desk.drain()
    assert {chat: desk.read(chat) for chat in expected} == expected
    assert desk.api.log.refused == []
    assert (desk.clock.now() - NOON).total_seconds() < 75  # 2,000 at 30 a second take 67
    assert await desk.counts() == Counts(sent=2000)


async def test_three_at_once_and_one_a_second_is_what_is_configured_and_never_429(
    desk: Desk,
) -> None:
    limits = limits_of(Settings().telegram)
    assert limits.burst == ServerLimits().burst == 3
    desk.api.limits = ServerLimits()
    chat = desk.api.add_private().id
    await desk.owe(await desk.add(chat), *(str(number) for number in range(9)))
    assert await desk.deliverer(limits=limits).drain(NOON + seconds(60))
    assert desk.api.log.refused == []
    assert desk.read(chat) == [str(number) for number in range(9)]
    at = [(message.time - NOON).total_seconds() for message in desk.api.log.messages(chat)]
    assert at[2] < 0.5
    assert 6 <= at[8] < 8


async def test_without_our_limits_there_are_429s(desk: Desk) -> None:
    """What shows that the test above can fail."""
    await crowd(desk)
    assert not await desk.deliverer(limits=Limits.OFF).drain(NOON + seconds(2))
    assert {call.error_code for call in desk.api.log.refused} == {429}


async def test_a_group_gets_twenty_a_minute_and_delays_nobody(desk: Desk) -> None:
    group, person = desk.api.add_channel(), desk.api.add_private()
    await desk.owe(await desk.add(group.id), *(f"group {n}" for n in range(30)))
    await desk.owe(await desk.add(person.id), *(f"person {n}" for n in range(30)))
    assert await desk.drain()
    assert desk.api.log.refused == []
    last = desk.api.log.messages(person.id)[-1].time
    assert (last - NOON).total_seconds() < 35
    assert (desk.clock.now() - NOON).total_seconds() > 60


async def test_the_windows_survive_a_restart(desk: Desk) -> None:
    chat = desk.api.add_channel()
    id = await desk.add(chat.id)
    await desk.owe(id, *(str(n) for n in range(20)))
    assert await desk.drain()
    await desk.owe(id, "the 21st")
    assert await desk.drain()  # a new deliverer
    assert desk.api.log.refused == []
    assert (desk.api.log.messages()[-1].time - NOON).total_seconds() >= 60


async def test_topics_share_the_limits_of_their_chat(desk: Desk) -> None:
    forum = desk.api.add_supergroup(is_forum=True)
    topic = desk.api.add_topic(forum.id, "News").message_thread_id
    await desk.owe(await desk.add(forum.id), "a", "b")
    await desk.owe(await desk.add(forum.id, topic=topic), "c", "d")
    assert await desk.drain()
    assert desk.api.log.refused == []
    told = [(m.text, m.message_thread_id) for m in desk.api.log.messages(forum.id)]
    assert told == [("a", None), ("b", None), ("c", topic), ("d", topic)]


async def test_message_ids_are_kept(desk: Desk) -> None:
    chat = desk.api.add_channel("Press", username="press")
    await desk.owe(await desk.add("@Press"), "hello")
    assert await desk.drain()
    (row,) = await desk.rows(messages)
    (logged,) = desk.api.log.messages()
    assert (row.chat_id, row.message_id) == (chat.id, logged.message_id)


async def test_retry_after_is_obeyed_across_a_restart(desk: Desk) -> None:
    chat, other = desk.api.add_channel(), desk.api.add_channel()
    desk.api.faults.add(
        Fault(FaultKind.ERROR, chat_id=chat.id, error_code=429, parameters={"retry_after": 77})
    )
    await desk.owe(await desk.add(chat.id), "late")
    await desk.owe(await desk.add(other.id), "at once")
    assert not await desk.drain(minutes=1)
    assert desk.read(other.id) == ["at once"]
    assert await desk.drain()
    (message,) = desk.api.log.messages(chat.id)
    assert (message.time - NOON).total_seconds() >= 77
    (row, _) = await desk.rows(deliveries)
    assert (row.state, row.attempts) == ("sent", 1)  # "later" was no attempt


async def test_429_in_three_chats_holds_the_bot_and_that_survives_too(desk: Desk) -> None:
    chats = [desk.api.add_channel().id for _ in range(4)]
    for chat in chats[:3]:
        desk.api.faults.add(
            Fault(FaultKind.ERROR, chat_id=chat, error_code=429, parameters={"retry_after": 50})
        )
        await desk.owe(await desk.add(chat), "x")
    assert not await desk.drain(minutes=0.5)
    (bot,) = await desk.rows(bots)
    assert bot.hold_until == NOON + seconds(50)
    await desk.owe(await desk.add(chats[3]), "x")
    assert await desk.drain()
    assert all((message.time - NOON).total_seconds() >= 50 for message in desk.api.log.messages())


@pytest.mark.parametrize("kind", [FaultKind.LOST, FaultKind.DROP])
async def test_a_lost_answer_is_in_doubt_then_sent_again_and_counted(
    desk: Desk, kind: FaultKind
) -> None:
    chat = desk.api.add_private()
    desk.api.faults.add(Fault(kind, method="sendMessage"))
    await desk.owe(await desk.add(chat.id), "first", "second")
    assert await desk.drain()
    accepted = ["first", "first", "second"] if kind == FaultKind.LOST else ["first", "second"]
    assert desk.read(chat.id) == accepted
    assert await desk.counts() == Counts(sent=2, resent=1)


async def test_an_error_of_the_server_leaves_doubt(desk: Desk) -> None:
    chat = desk.api.add_private()
    desk.api.faults.add(Fault(FaultKind.ERROR, error_code=502, times=3))
    await desk.owe(await desk.add(chat.id), "hello")
    assert await desk.drain()
    assert desk.read(chat.id) == ["hello"]
    assert await desk.counts() == Counts(sent=1, resent=3)


async def test_nobody_at_the_other_end_is_no_doubt(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    chat = desk.api.add_private()
    await desk.owe(await desk.add(chat.id), "hello")
    await desk.api.aclose()
    assert not await desk.drain(minutes=20)
    (row,) = await desk.rows(deliveries)
    assert (row.state, row.resent) == ("pending", 0)
    assert 5 < row.attempts < 20  # a second, doubling to five minutes
    assert "Connect" in row.error
    assert len(caplog.records) == 1  # an outage is said once
    assert desk.api.token not in row.error


async def test_a_store_that_cannot_be_written_is_tried_again_and_nothing_lost(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    chat = desk.api.add_private()
    id = await desk.add(chat.id)
    await desk.owe(id, "one")
    deliverer = desk.deliverer()
    async with desk.store.transaction() as connection:
        await connection.execute(
            sa.text(
                "CREATE TRIGGER full BEFORE INSERT ON messages"
                " BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
            )
        )
    assert not await deliverer.drain(NOON + seconds(20))
    assert desk.read(chat.id) == ["one"]
    assert "disk is full" in (deliverer.trouble or "")
    assert "disk is full" in caplog.text
    async with desk.store.transaction() as connection:
        await connection.execute(sa.text("DROP TRIGGER full"))
    assert await deliverer.drain(NOON + seconds(60))
    assert await desk.counts() == Counts(sent=1)
    assert desk.read(chat.id) == ["one"]  # and not twice
    assert deliverer.trouble is None


async def test_after_a_crash_what_was_being_sent_goes_first_and_is_counted(desk: Desk) -> None:
    chat = desk.api.add_private()
    await desk.owe(await desk.add(chat.id), "one", "two")
    async with desk.store.transaction() as connection:
        await claim_next(connection, NOON, limit=1)  # and then the process died
        await outbox.doubt_leftovers(connection, NOON)
    assert await desk.drain()
    assert desk.read(chat.id) == ["one", "two"]
    assert await desk.counts() == Counts(sent=2, resent=1)


def has_read(desk: Desk, chat_id: int) -> bool:
    return desk.read(chat_id) != []


def in_real_time(desk: Desk) -> Deliverer:
    return Deliverer(desk.store, desk.bot, SystemClock(), Posting(), Random(1))


async def test_run_sends_when_it_is_woken_and_ends_when_told(desk: Desk) -> None:
    first, second = desk.api.add_private(), desk.api.add_private()
    deliverer = in_real_time(desk)
    running = asyncio.create_task(deliverer.run())
    for chat in (first, second):
        await desk.owe(await desk.add(chat.id), "hello")
        deliverer.wake()
        await until(partial(has_read, desk, chat.id))
    await deliverer.stop(SystemClock().now() + seconds(5))
    await running
    assert await desk.counts() == Counts(sent=2)


async def test_stopping_lets_calls_end_and_stores_the_rest_in_doubt(desk: Desk) -> None:
    desk.api.limits = ServerLimits.OFF
    quick, never = desk.api.add_private(), desk.api.add_private()
    desk.api.faults.add(Fault(FaultKind.SILENT, chat_id=never.id))
    for chat in (quick, never):
        await desk.owe(await desk.add(chat.id), "one", "two")
    deliverer = in_real_time(desk)
    running = asyncio.create_task(deliverer.run())
    await until(lambda: len(desk.api.log.messages()) == 2)
    await deliverer.stop(SystemClock().now() + seconds(0.2))
    await running
    assert await desk.counts() == Counts(owed=3, sent=1, in_doubt=1)
    assert (desk.read(quick.id), desk.read(never.id)) == (["one"], ["one"])


async def test_one_article_of_two_sources_is_one_post_that_names_both(desk: Desk) -> None:
    chat = desk.api.add_channel().id
    id = await desk.add(chat)
    for number, source in enumerate(("press", "news", "blog")):
        async with desk.store.transaction() as connection:
            entry = await add_entry(connection, "Visit", source=source)
            await outbox.owe(connection, [news(id, entry, article=9)], desk.clock.now())
        if number:
            assert await desk.drain()
    assert desk.read(chat) == ["Visit\n27 May 2020\n\npress, news"]


async def test_news_that_wait_for_their_text_hold_later_news_and_nothing_else(desk: Desk) -> None:
    chat = desk.api.add_channel().id
    id = await desk.add(chat)
    async with desk.store.transaction() as connection:
        for title, until in (("First", NOON + seconds(120)), ("Second", None)):
            entry = await add_entry(connection, title)
            owed = replace(news(id, entry), hold_until=until)
            await outbox.owe(connection, [owed], NOON)
        counter = Owed(id, DeliveryKind.COUNTER, "counter", payload={"text": "Day 5"})
        await outbox.owe(connection, [counter, owe_notice(id, "notice", "By the way")], NOON)
    assert await desk.drain()
    assert [text.split("\n")[0] for text in desk.read(chat)] == [
        "By the way", "Day 5", "First", "Second",
    ]  # fmt: skip
    waited = [(message.time - NOON).total_seconds() for message in desk.api.log.messages(chat)]
    assert waited[1] < 5
    assert 120 <= waited[2] < 125
