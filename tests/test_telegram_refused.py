"""What is refused: chats that are closed, markup, the token."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from feedbot.demo.botapi import Fault, FaultKind
from feedbot.model import Chat
from feedbot.store import membership, subscribers
from feedbot.store.outbox import Counts
from feedbot.store.schema import deliveries
from feedbot.store.schema import subscribers as subscriber_rows
from feedbot.telegram.settings import Posting
from tests.outboxes import NOON, Desk, seconds


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with Desk.open(tmp_path) as opened:
        yield opened


async def test_a_follower_that_blocks_the_bot_is_forgotten(desk: Desk) -> None:
    person, other = desk.api.add_private(), desk.api.add_private()
    desk.api.block(person.id)
    await desk.owe(await desk.add(person.id, origin="chat"), "hello", "again")
    await desk.owe(await desk.add(other.id, origin="chat"), "hi")
    assert await desk.drain()
    assert [row.address for row in await desk.rows(subscriber_rows)] == [str(other.id)]
    assert [row.state for row in await desk.rows(deliveries)] == ["sent"]


async def paused(desk: Desk, address: int | str, topic: int = 0) -> tuple[list[str], str]:
    """Owe a configured chat something it cannot get; what the admin chat reads, and the reason."""
    admin = desk.api.add_private("Operator")
    await desk.appoint(await desk.add(admin.id, origin="admin"))
    id = await desk.add(address, topic=topic)
    await desk.owe(id, "one", "two")
    assert not await desk.drain()
    assert (await desk.counts()).owed == 2  # kept
    (row,) = [row for row in await desk.rows(subscriber_rows) if row.id == id]
    assert row.state == "paused"
    return desk.read(admin.id), row.reason


async def test_a_configured_chat_that_throws_the_bot_out_is_paused(desk: Desk) -> None:
    chat = desk.api.add_channel("Press")
    desk.api.set_bot_status(chat.id, "kicked")
    told, reason = await paused(desk, chat.id)
    assert len(told) == 1
    assert str(chat.id) in told[0]
    assert "kicked" in told[0]
    assert "kicked" in reason
    desk.api.set_bot_status(chat.id, "administrator")
    async with desk.store.transaction() as connection:
        assert len(await membership.resume(connection, [str(chat.id)])) == 1
    assert await desk.drain()
    assert desk.read(chat.id) == ["one", "two"]


async def test_a_chat_that_is_not_found_is_paused(desk: Desk) -> None:
    told, _ = await paused(desk, "@nosuchchannel")
    assert "@nosuchchannel" in told[0]
    assert "not found" in told[0]


async def test_the_log_names_a_closed_chat_and_the_cure_whoever_else_is_told(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    await desk.owe(await desk.add("@nosuchchannel"), "one")
    assert not await desk.drain()
    (line,) = [line for line in caplog.messages if "Let the bot post there" in line]
    assert "Nothing can be posted to @nosuchchannel: Chat not found" in line


async def test_an_answer_to_a_chat_that_left_the_configuration_is_tried_once(desk: Desk) -> None:
    chat = desk.api.add_supergroup("Guests")
    desk.api.set_bot_status(chat.id, "kicked")
    await desk.owe(await desk.add(chat.id, state="removed"), "help")
    assert await desk.drain()
    assert len(desk.api.log.refused) == 1
    assert await desk.rows(deliveries) == []


async def test_no_right_to_post_pauses(desk: Desk) -> None:
    channel = desk.api.add_channel(bot_status="member")
    told, _ = await paused(desk, channel.id)
    assert "administrator rights" in told[0]


async def test_no_right_to_write_in_a_group_pauses(desk: Desk) -> None:
    group = desk.api.add_supergroup()
    group.permissions["can_send_messages"] = False
    told, _ = await paused(desk, group.id)
    assert "not enough rights" in told[0].lower()


async def test_markup_refused_even_as_plain_text_is_given_up(desk: Desk) -> None:
    chat = desk.api.add_channel()
    refusal = "Bad Request: can't parse entities: x"
    desk.api.faults.add(Fault(FaultKind.ERROR, error_code=400, description=refusal, times=2))
    await desk.owe(await desk.add(chat.id), "odd", "next")
    assert await desk.drain()
    assert desk.read(chat.id) == ["next"]


async def test_a_refused_notice_makes_no_notice(desk: Desk) -> None:
    admin = desk.api.add_private()
    await desk.appoint(id := await desk.add(admin.id, origin="admin"))
    desk.api.faults.add(
        Fault(FaultKind.ERROR, error_code=400, description="Bad Request: odd", times=None)
    )
    await desk.owe(id, "something happened")
    assert await desk.drain()
    assert await desk.counts() == Counts(failed=1)


async def test_a_group_that_moves_takes_its_messages_along(desk: Desk) -> None:
    group, admin = desk.api.add_group("Team"), desk.api.add_private()
    await desk.appoint(await desk.add(admin.id, origin="admin"))
    await desk.owe(await desk.add(group.id), "one", "two")
    new = desk.api.migrate(group.id)
    posting = Posting(chats=(Chat(group.id, silent=True),))
    assert await desk.drain(posting)
    assert desk.read(new.id) == ["one", "two"]
    silent = [m.parameters["disable_notification"] for m in desk.api.log.messages(new.id)]
    assert silent == ["true", "true"]  # still known as the configured chat
    assert str(new.id) in desk.read(admin.id)[0]
    async with desk.store.transaction() as connection:  # the configuration names the old number
        assert await subscribers.sync_config(connection, posting.chats, admin.id, NOON) == []


async def test_a_refused_token_stops_everything_and_is_said_once(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        await desk.owe(await desk.add(desk.api.add_private().id), "x")
    desk.api.faults.add(Fault(FaultKind.ERROR, error_code=401, times=None))
    deliverer = desk.deliverer()
    assert not await deliverer.drain(NOON + seconds(600))
    assert "token" in (deliverer.trouble or "")
    assert len([record for record in caplog.records if record.levelname == "ERROR"]) == 1
    assert desk.api.token not in caplog.text
    assert (await desk.counts()).owed == 3
    desk.api.faults.clear()
    assert await desk.drain()  # nothing of it is remembered: the token may have been put right


async def test_a_message_that_breaks_us_stops_no_other(desk: Desk) -> None:
    chat = desk.api.add_private()
    id = await desk.add(chat.id)
    await desk.owe(id, "broken", "fine")
    async with desk.store.transaction() as connection:
        await connection.execute(
            sa.update(deliveries).where(deliveries.c.id == 1).values(payload={})
        )
    assert await desk.drain()
    assert desk.read(chat.id) == ["fine"]
    assert (await desk.counts()).failed == 1
