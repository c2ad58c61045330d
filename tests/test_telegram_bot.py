"""What the bot hears and answers, over the fake Bot API."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa
from telegram.error import NetworkError

from feedbot.clock import Clock, SystemClock
from feedbot.demo.botapi import Fault, FaultKind, User
from feedbot.errors import StoreError
from feedbot.model import Chat, Source
from feedbot.store import bots, outbox, subscribers
from feedbot.store.schema import deliveries
from feedbot.store.schema import subscribers as subscriber_rows
from feedbot.telegram.bot import Listener
from feedbot.telegram.commands import parse_command
from feedbot.telegram.settings import Posting
from tests.outboxes import NOON, Desk, add_entry, add_subscriber, news, until

PRESS = Source(name="press", url="https://example.org/", title="Press office")
POSTING = Posting(sources={"press": PRESS})


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with Desk.open(tmp_path) as opened:
        yield opened


def listener(
    desk: Desk,
    posting: Posting = POSTING,
    *,
    clock: Clock | None = None,
    wake: Callable[[], None] = lambda: None,
) -> Listener:
    return Listener(desk.store, desk.bot, clock or desk.clock, posting, Random(1), wake)


async def hear(desk: Desk, posting: Posting = POSTING) -> None:
    """Carry out what waits, and deliver the answers."""
    await listener(desk, posting).poll(0)
    await desk.drain(posting)


async def states(desk: Desk) -> dict[str, str]:
    return {row.address: row.state for row in await desk.rows(subscriber_rows)}


async def operator(desk: Desk) -> int:
    """An admin chat; its number."""
    admin = desk.api.add_private("Operator")
    await desk.appoint(await desk.add(admin.id, origin="admin"))
    return admin.id


# A person


async def test_start_subscribes_a_person_and_says_to_what(desk: Desk) -> None:
    person = desk.api.add_private("Ann")
    desk.api.user_sends(person.id, "/start")
    await hear(desk)
    assert "Press office" in desk.read(person.id)[0]
    (row,) = await desk.rows(subscriber_rows)
    assert (row.origin, row.state, row.kind, row.title) == ("chat", "active", "private", "Ann")
    async with desk.store.reading() as connection:
        assert [one.id for one in await subscribers.following(connection, [])] == [row.id]


async def test_start_again_says_so(desk: Desk) -> None:
    person = desk.api.add_private()
    for _ in range(2):
        desk.api.user_sends(person.id, "/start")
        await hear(desk)
    assert "already" in desk.read(person.id)[1]
    assert len(await desk.rows(subscriber_rows)) == 1


async def test_stop_says_goodbye_and_forgets_the_chat(desk: Desk) -> None:
    person = desk.api.add_private()
    desk.api.user_sends(person.id, "/start")
    await hear(desk)
    (row,) = await desk.rows(subscriber_rows)
    async with desk.store.transaction() as connection:
        await outbox.owe(connection, [news(row.id, await add_entry(connection, "x"))], NOON)
    desk.api.user_sends(person.id, "/stop")
    await hear(desk)
    assert len(desk.read(person.id)) == 2  # what was still owed is not sent
    assert "no longer" in desk.read(person.id)[1]
    assert await desk.rows(subscriber_rows) == []
    assert await desk.rows(deliveries) == []


async def test_stop_without_start_and_questions_leave_nothing_behind(desk: Desk) -> None:
    person = desk.api.add_private()
    for text in ("/stop", "/privacy", "/help"):
        desk.api.user_sends(person.id, text)
    await hear(desk)
    stop, privacy, help_ = desk.read(person.id)
    assert "does not follow" in stop
    assert "number" in privacy
    assert "/start" in help_
    assert await desk.rows(subscriber_rows) == []


async def test_any_other_text_of_a_person_gets_help(desk: Desk) -> None:
    person = desk.api.add_private()
    desk.api.user_sends(person.id, "hello?")
    desk.api.user_sends(person.id, "/frobnicate now")
    await hear(desk)
    assert [text.startswith("/start") for text in desk.read(person.id)] == [True, True]


async def test_a_flood_of_questions_is_not_answered_one_by_one(desk: Desk) -> None:
    person = desk.api.add_private()
    for _ in range(50):
        desk.api.user_sends(person.id, "/help")
    await hear(desk)
    assert len(desk.read(person.id)) == 3


async def test_a_russian_is_answered_in_russian(desk: Desk) -> None:
    person = desk.api.add_private()
    desk.api.users[person.id].language_code = "ru-RU"
    desk.api.user_sends(person.id, "/start")
    await hear(desk)
    assert "Подписка" in desk.read(person.id)[0]


async def test_an_unknown_language_gets_the_operators(desk: Desk) -> None:
    person = desk.api.add_private()
    desk.api.users[person.id].language_code = "fi"
    desk.api.user_sends(person.id, "/start")
    await hear(desk, Posting(language="ru"))
    assert "Подписка" in desk.read(person.id)[0]


async def test_blocking_the_bot_is_goodbye_too(desk: Desk) -> None:
    person = desk.api.add_private()
    desk.api.user_sends(person.id, "/start")
    await hear(desk)
    desk.api.block(person.id)
    await hear(desk)
    assert await desk.rows(subscriber_rows) == []


# A group


async def test_in_a_group_only_administrators_decide(desk: Desk) -> None:
    group = desk.api.add_supergroup()
    member, boss = desk.api.add_user("Member"), desk.api.add_user("Boss")
    desk.api.set_member(group.id, boss, "administrator")
    desk.api.user_sends(group.id, "/start", user=member)
    await hear(desk)
    assert "administrators" in desk.read(group.id)[0]
    assert await desk.rows(subscriber_rows) == []
    desk.api.user_sends(group.id, "/start", user=boss)
    await hear(desk)
    assert await states(desk) == {str(group.id): "active"}
    desk.api.user_sends(group.id, "/stop", user=member)
    await hear(desk)
    assert await states(desk) == {str(group.id): "active"}
    desk.api.user_sends(group.id, "/stop", user=boss)
    await hear(desk)
    assert await states(desk) == {}


async def test_an_anonymous_administrator_decides(desk: Desk) -> None:
    group = desk.api.add_supergroup()
    anonymous = User(1087968824, "Group", "GroupAnonymousBot", is_bot=True)
    message = desk.api.user_sends(group.id, "/start", user=anonymous)
    message["sender_chat"] = group.brief
    await hear(desk)
    assert await states(desk) == {str(group.id): "active"}


async def test_a_linked_channel_does_not(desk: Desk) -> None:
    group, channel = desk.api.add_supergroup(), desk.api.add_channel()
    message = desk.api.user_sends(group.id, "/start", user=desk.api.add_user("Telegram"))
    message["sender_chat"] = channel.brief
    await hear(desk)
    assert await states(desk) == {}


async def test_a_topic_subscribes_for_itself_and_is_answered_there(desk: Desk) -> None:
    forum = desk.api.add_supergroup(is_forum=True)
    topic = desk.api.add_topic(forum.id, "News").message_thread_id
    desk.api.user_sends(forum.id, "/start@feedbot_demo_bot", message_thread_id=topic)
    await hear(desk)
    (row,) = await desk.rows(subscriber_rows)
    assert (row.address, row.topic) == (str(forum.id), topic)
    assert [message.message_thread_id for message in desk.api.log.messages()] == [topic]


async def test_commands_for_other_bots_and_chatter_are_not_ours(desk: Desk) -> None:
    group = desk.api.add_supergroup(bot_status="administrator")
    for text in ("/start@another_bot", "hello", "/frobnicate", "see /start"):
        desk.api.user_sends(group.id, text)
    await hear(desk)
    assert desk.read(group.id) == []
    assert await states(desk) == {}


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("/start", ("start", False)),
        ("/START@Feedbot_Demo_Bot now", ("start", True)),
        ("/start@other", ("", True)),
        ("/start, please", (None, False)),
        ("start", (None, False)),
        ("", (None, False)),
    ],
)
def test_commands_are_parsed(text: str, parsed: tuple[str | None, bool]) -> None:
    assert parse_command(text, "feedbot_demo_bot") == parsed


async def test_a_group_that_moves_stays_subscribed(desk: Desk) -> None:
    group = desk.api.add_group()
    desk.api.user_sends(group.id, "/start")
    await hear(desk)
    new = desk.api.migrate(group.id)
    await hear(desk)
    assert await states(desk) == {str(new.id): "active"}


# The operator's chats


async def test_a_configured_chat_is_the_operators(desk: Desk) -> None:
    group = desk.api.add_supergroup()
    await desk.add(group.id)
    for text in ("/start", "/stop"):
        desk.api.user_sends(group.id, text)
    await hear(desk, Posting(chats=(Chat(group.id),)))
    assert ["operator" in text for text in desk.read(group.id)] == [True, True]
    assert await states(desk) == {str(group.id): "active"}


@pytest.mark.parametrize("command", ["/start", "/stop"])
async def test_a_chat_configured_by_its_name_does_not_follow_twice(
    desk: Desk, command: str
) -> None:
    """It would get everything once by its name and once by its number."""
    group = desk.api.add_supergroup("Guests", username="Guests")
    await desk.add("@guests")
    desk.api.user_sends(group.id, command)
    await hear(desk, Posting(chats=(Chat("@Guests"),)))
    assert await states(desk) == {"@guests": "active"}
    assert "operator has set up" in desk.read(group.id)[0]


async def test_a_configured_channel_pauses_when_the_bot_goes_and_resumes(desk: Desk) -> None:
    admin = await operator(desk)
    channel = desk.api.add_channel("Press", username="Press")
    await desk.add("@press")
    desk.api.set_bot_status(channel.id, "kicked")
    await hear(desk)
    assert (await states(desk))["@press"] == "paused"
    assert "removed" in desk.read(admin)[0]
    desk.api.set_bot_status(channel.id, "administrator")
    await hear(desk)
    assert (await states(desk))["@press"] == "active"
    assert "again" in desk.read(admin)[1]


async def test_a_configured_person_that_speaks_is_written_to_again(desk: Desk) -> None:
    person = desk.api.add_private(started=False)
    id = await desk.add(person.id)
    await desk.owe(id, "news")
    assert not await desk.drain()
    assert await states(desk) == {str(person.id): "paused"}
    desk.api.user_sends(person.id, "/start")
    await hear(desk)
    assert desk.read(person.id)[0] == "news"
    assert "operator" in desk.read(person.id)[1]


async def test_who_may_follow_is_asked_where_it_is_not_open(desk: Desk) -> None:
    admin, posting = await operator(desk), Posting(open=False)
    ann, bob = desk.api.add_private("Ann"), desk.api.add_private("Bob")
    for person in (ann, bob):
        desk.api.user_sends(person.id, "/start")
    await hear(desk, posting)
    assert (await states(desk))[str(ann.id)] == "asking"
    assert ["asked" in desk.read(person.id)[0] for person in (ann, bob)] == [True, True]
    first, second = desk.read(admin)
    assert "Ann" in first
    allow, deny = first.split()[-3], second.split()[-1]
    desk.api.user_sends(ann.id, allow)  # not hers to say
    await hear(desk, posting)
    assert (await states(desk))[str(ann.id)] == "asking"
    desk.api.user_sends(admin, allow)
    desk.api.user_sends(admin, deny)
    await hear(desk, posting)
    assert await states(desk) == {str(admin): "active", str(ann.id): "active"}
    assert "let you in" in desk.read(ann.id)[-1]
    assert "declined" in desk.read(bob.id)[-1]
    desk.api.user_sends(admin, allow)
    await hear(desk, posting)
    assert "Nobody" in desk.read(admin)[-1]


async def test_asking_twice_asks_the_operator_once(desk: Desk) -> None:
    admin = await operator(desk)
    ann = desk.api.add_private()
    for _ in range(2):
        desk.api.user_sends(ann.id, "/start")
    await hear(desk, Posting(open=False))
    assert len(desk.read(admin)) == 1
    desk.api.user_sends(ann.id, "/stop")
    await hear(desk, Posting(open=False))
    assert str(ann.id) not in await states(desk)


async def test_closed_without_an_operator_says_so(desk: Desk) -> None:
    ann = desk.api.add_private()
    desk.api.user_sends(ann.id, "/start")
    await hear(desk, Posting(open=False))
    assert "no new followers" in desk.read(ann.id)[0]
    assert await states(desk) == {}


async def test_the_operator_may_follow_and_stop_and_stays_the_operator(desk: Desk) -> None:
    admin = await operator(desk)
    desk.api.user_sends(admin, "/start")
    await hear(desk, Posting(open=False))
    async with desk.store.reading() as connection:
        assert len(await subscribers.following(connection, [])) == 1
    desk.api.user_sends(admin, "/stop")
    await hear(desk)
    async with desk.store.reading() as connection:
        assert await subscribers.following(connection, []) == []
        assert await subscribers.admin_id(connection) is not None


# Once, whatever happens


async def test_an_update_is_done_once(desk: Desk) -> None:
    person = desk.api.add_private()
    desk.api.user_sends(person.id, "/help")
    waiting = desk.api.updates.waiting
    await hear(desk)
    for update in waiting:  # as if the confirmation had not arrived
        desk.api.updates.put("message", update["message"])
    async with desk.store.reading() as connection:
        offset = await bots.update_offset(connection, desk.api.bot.id)
    assert offset == waiting[0]["update_id"] + 1
    desk.api.faults.add(Fault(FaultKind.LOST, method="getUpdates"))
    with pytest.raises(NetworkError):
        await listener(desk).poll(0)
    await hear(desk)
    assert len(desk.read(person.id)) == 2  # the first, and its repetition under a new number


async def test_a_failure_before_the_commit_repeats_all_of_it(desk: Desk) -> None:
    person = desk.api.add_private()
    desk.api.user_sends(person.id, "/start")
    async with desk.store.transaction() as connection:
        await connection.execute(
            sa.text(
                "CREATE TRIGGER full BEFORE INSERT ON bots"
                " BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
            )
        )
    with pytest.raises(StoreError):
        await listener(desk).poll(0)
    assert await desk.rows(subscriber_rows) == []
    async with desk.store.transaction() as connection:
        await connection.execute(sa.text("DROP TRIGGER full"))
    await hear(desk)
    assert len(desk.read(person.id)) == 1


async def test_who_is_administrator_is_asked_again_when_telegram_did_not_say(desk: Desk) -> None:
    group = desk.api.add_supergroup()
    desk.api.user_sends(group.id, "/start")
    desk.api.faults.add(Fault(FaultKind.ERROR, method="getChatMember", error_code=502))
    with pytest.raises(NetworkError):
        await listener(desk).poll(0)
    await hear(desk)
    assert await states(desk) == {str(group.id): "active"}


async def test_a_group_that_moved_before_it_was_answered_holds_up_nobody(desk: Desk) -> None:
    group, person = desk.api.add_group(), desk.api.add_private()
    moved = Fault(
        FaultKind.ERROR,
        method="getChatMember",
        times=None,
        error_code=400,
        parameters={"migrate_to_chat_id": -1009},
    )
    desk.api.faults.add(moved)
    desk.api.user_sends(group.id, "/start")
    desk.api.user_sends(person.id, "/start")
    await hear(desk)
    assert "Press" in desk.read(person.id)[0]


async def test_run_introduces_itself_answers_and_stops_in_the_middle_of_a_poll(
    desk: Desk,
) -> None:
    person = desk.api.add_private()
    woken = asyncio.Event()
    hearing = listener(desk, clock=SystemClock(), wake=woken.set)
    running = asyncio.create_task(hearing.run())
    await until(lambda: desk.api.updates.polled)
    desk.api.user_sends(person.id, "/help")
    await woken.wait()
    await until(lambda: desk.api.updates.polled)
    hearing.stop()
    await running
    menus = desk.api.commands.values()
    assert any(command["description"] == "Подписаться" for menu in menus for command in menu)
    desk.clock.set(SystemClock().now())
    await desk.drain()
    assert len(desk.read(person.id)) == 1


async def test_stopping_does_not_wait_for_telegram(desk: Desk) -> None:
    group = desk.api.add_supergroup()
    desk.api.faults.add(Fault(FaultKind.SILENT, method="getChatMember"))
    hearing = listener(desk, clock=SystemClock())
    running = asyncio.create_task(hearing.run())
    await until(lambda: desk.api.updates.polled)
    desk.api.user_sends(group.id, "/start")
    await until(lambda: not desk.api.faults.ordered)
    hearing.stop()
    await running
    assert await states(desk) == {}
    desk.clock.set(SystemClock().now())
    await hear(desk)  # it was not carried out, so it came again
    assert await states(desk) == {str(group.id): "active"}


async def test_an_update_that_breaks_us_is_skipped(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    person = desk.api.add_private()
    async with desk.store.transaction() as connection:  # a row as no version of ours writes it
        await add_subscriber(connection, person.id, origin="chat")
        change = "UPDATE subscribers SET created_at = 'x'"
        await connection.execute(sa.text(change))
    desk.api.user_sends(person.id, "/start")
    assert await listener(desk).poll(0) == 1
    assert "is skipped" in caplog.text
    assert await listener(desk).poll(0) == 0


async def test_another_poller_is_named_once_and_a_failure_is_outlived(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    person = desk.api.add_private()
    desk.api.user_sends(person.id, "/start")
    desk.api.faults.add(Fault(FaultKind.ERROR, method="getUpdates", error_code=409, times=2))
    woken = asyncio.Event()
    hearing = listener(desk, wake=woken.set, clock=Jumping())
    running = asyncio.create_task(hearing.run())
    await woken.wait()
    hearing.stop()
    await running
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "another program" in caplog.text
    assert desk.api.token not in caplog.text


class Jumping(SystemClock):
    """Waits for things to happen, but for no time to pass."""

    async def wait(self, futures: Any, until: Any) -> None:
        await super().wait(futures, self.now() if until else None)
