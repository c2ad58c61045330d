"""A clock that jumps, and a store that has waited long: nothing lost, nothing twice, in order."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from feedbot.demo.botapi import Fault, FaultKind, Limits
from feedbot.owing import owe_notice
from feedbot.store import outbox
from feedbot.store.outbox import Counts
from feedbot.telegram import limits
from feedbot.telegram.deliver import PATIENCE
from tests.outboxes import NOON, Desk, claim_next, seconds

HOUR = timedelta(hours=1)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with Desk.open(tmp_path) as opened:
        opened.api.limits = Limits.OFF  # their windows know but one clock
        yield opened


@pytest.mark.parametrize("by", [HOUR, -HOUR])
@pytest.mark.parametrize("restarted", [False, True])
async def test_a_clock_that_jumps_delays_nothing(
    desk: Desk, by: timedelta, restarted: bool
) -> None:
    await desk.appoint(await desk.add(desk.api.add_private("Operator").id, origin="admin"))
    chats = [desk.api.add_channel().id, desk.api.add_private().id]
    ids = [await desk.add(chat) for chat in chats]
    for id in ids:
        await desk.owe(id, "before")
    deliverer = desk.deliverer(limits=limits.Limits.OFF)
    assert await deliverer.drain(desk.clock.now() + seconds(60))
    desk.api.faults.add(Fault(FaultKind.LOST, method="sendMessage", times=2))
    for id in ids:
        await desk.owe(id, "lost", "next")
    assert not await deliverer.drain(desk.clock.now() + seconds(0.1))
    desk.clock.set(desk.clock.now() + by)
    for id in ids:
        await desk.owe(id, "after")
    if restarted:
        deliverer = desk.deliverer(limits=limits.Limits.OFF)
    assert await deliverer.drain(desk.clock.now() + PATIENCE + seconds(30))
    for chat in chats:
        assert desk.read(chat) == ["before", "lost", "next", "after"]
    assert await desk.counts() == Counts(sent=8)


async def test_a_hold_does_not_grow_when_the_clock_is_set_back(desk: Desk) -> None:
    chat = desk.api.add_channel().id
    slow = {"retry_after": 100}
    desk.api.faults.add(Fault(FaultKind.ERROR, chat_id=chat, error_code=429, parameters=slow))
    await desk.owe(await desk.add(chat), "one")
    deliverer = desk.deliverer(limits=limits.Limits.OFF)
    assert not await deliverer.drain(NOON + seconds(1))
    desk.clock.set(NOON - HOUR)
    assert not await deliverer.drain(NOON - HOUR + seconds(90))
    assert await deliverer.drain(NOON - HOUR + seconds(110))
    assert desk.read(chat) == ["one"]


async def test_a_bot_restarted_with_ten_thousand_owed_goes_on_where_it_was(desk: Desk) -> None:
    """Killed while a hundred calls were under way, begun again, and once more."""
    chats = [desk.api.add_private().id for _ in range(100)]
    ids = {chat: await desk.add(chat) for chat in chats}
    owed = {chat: [f"{chat} {number}" for number in range(100)] for chat in chats}
    async with desk.store.transaction() as connection:
        turns = [(ids[chat], texts[turn]) for turn in range(100) for chat, texts in owed.items()]
        await outbox.owe(connection, [owe_notice(id, text, text) for id, text in turns], NOON)
        assert len(await claim_next(connection, NOON, limit=100)) == 100
        await outbox.doubt_leftovers(connection, NOON)
    for until in (15, 30):
        assert not await desk.deliverer().drain(NOON + seconds(until))
    for chat, texts in owed.items():
        told = desk.read(chat)
        assert told == texts[: len(told)]
        assert len(told) > 3  # nobody is left behind
    sent = len(desk.api.log.messages())
    assert await desk.counts() == Counts(owed=10_000 - sent, sent=sent, resent=100)
