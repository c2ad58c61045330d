"""Updates are done once each, whatever happens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from telegram.error import NetworkError

from feedbot.clock import SystemClock
from feedbot.demo.botapi import Fault, FaultKind
from feedbot.errors import StoreError
from feedbot.store import bots
from feedbot.store.schema import subscribers as subscriber_rows
from tests.hearing import hear, listener, states
from tests.outboxes import Desk, add_subscriber, until


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with Desk.open(tmp_path) as opened:
        yield opened


class Jumping(SystemClock):
    """Waits for things to happen, but for no time to pass."""

    async def wait(self, futures: Any, until: Any) -> None:
        await super().wait(futures, self.now() if until else None)


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
