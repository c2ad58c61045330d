"""Chats of the operator's, and who asks to follow where it is not open to all."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from feedbot.model import Chat
from feedbot.store import subscribers
from feedbot.telegram.settings import Posting
from tests.hearing import hear, operator, states
from tests.outboxes import Desk


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with Desk.open(tmp_path) as opened:
        yield opened


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
