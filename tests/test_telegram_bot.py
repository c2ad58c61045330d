"""What the bot hears from people and groups, and answers, over the fake Bot API."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from feedbot.demo.botapi import User
from feedbot.store import outbox, subscribers
from feedbot.store.schema import deliveries
from feedbot.store.schema import subscribers as subscriber_rows
from feedbot.telegram.commands import parse_command
from feedbot.telegram.settings import Posting
from tests.hearing import hear, states
from tests.outboxes import NOON, Desk, add_entry, news


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with Desk.open(tmp_path) as opened:
        yield opened


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
