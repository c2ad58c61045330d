"""Fair between chats, against the fake Bot API on a simulated clock; and what 429s teach."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from feedbot.demo.botapi import Fault, FaultKind, Limits
from feedbot.store.outbox import Counts
from feedbot.store.retract import retract
from feedbot.store.schema import articles
from feedbot.telegram import limits
from feedbot.telegram.deliver import BATCH
from feedbot.telegram.limits import Share, Windows
from feedbot.telegram.turns import Turns
from tests.outboxes import NOON, Desk, owe_texts, seconds, until


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with Desk.open(tmp_path) as opened:
        yield opened


def test_the_one_served_longest_ago_is_next() -> None:
    windows = Windows(limits.Limits(None, None, None))
    windows.restore([("b", NOON), ("a", NOON + seconds(1))])
    turns = Turns(windows)
    turns.restart(["a", "b", "new", "newer"], NOON + seconds(2))
    now = NOON + seconds(2)
    assert turns.pick(now, 3) == ["new", "newer", "b"]
    assert turns.pick(now, 3) == ["a"]
    assert (turns.pick(now, 3), turns.next(now)) == ([], None)


def test_a_chat_waits_for_its_window_and_is_in_line_once() -> None:
    windows = Windows(limits.Limits())
    windows.restore([("a", NOON)])
    turns = Turns(windows)
    for later in (5, 3, 4, 0.5):
        turns.expect("a", NOON + seconds(later))
    assert turns.next(NOON) == NOON + seconds(0.5)
    now = NOON + seconds(0.5)
    assert (turns.pick(now, 9), turns.next(now)) == ([], NOON + seconds(1.01))
    now = NOON + seconds(9)
    assert (turns.pick(now, 9), turns.next(now)) == (["a"], None)


def test_a_chat_with_a_call_under_way_leaves_the_line() -> None:
    windows = Windows(limits.Limits())
    turns = Turns(windows)
    windows.begin("a")
    turns.restart("ab", NOON)
    assert turns.pick(NOON, 9, busy={"b"}) == []
    assert turns.next(NOON) is None


def test_what_filled_a_window_meanwhile_sends_the_chat_back_into_line() -> None:
    windows = Windows(limits.Limits())
    turns = Turns(windows)
    turns.restart("a", NOON)
    assert turns.next(NOON) == NOON
    windows.restore([("a", NOON)])
    assert turns.pick(NOON, 9) == []
    assert turns.next(NOON) == NOON + seconds(1.01)


async def test_a_turn_begins_so_many_calls_and_no_more(desk: Desk) -> None:
    desk.api.limits = Limits.OFF
    desk.api.faults.add(Fault(FaultKind.SILENT, times=None))
    for _ in range(BATCH + 3):
        await desk.owe(await desk.add(desk.api.add_private().id), "hello")
    deliverer = desk.deliverer(limits=limits.Limits.OFF)
    running = asyncio.create_task(deliverer.run())
    await until(lambda: len(desk.api.log.messages()) >= BATCH)
    counts = await desk.counts()
    assert (counts.sending, counts.owed) == (BATCH, BATCH + 3)
    await deliverer.stop(desk.clock.now())
    await running


async def delay(desk: Desk, crowded: int, much: int) -> float:
    """How long a chat that is owed one thing waits for it, where others are owed much before."""
    chats = [desk.api.add_private().id for _ in range(crowded)]
    one = desk.api.add_private().id
    for chat in chats:
        id = await desk.add(chat)
        await desk.owe(id, *(f"{chat} {number}" for number in range(much)))
    deliverer = desk.deliverer()
    await deliverer.drain(NOON + seconds(5))
    await desk.owe(await desk.add(one), "one")
    owed = desk.clock.now()
    await deliverer.drain(owed + seconds(5))
    assert desk.api.log.refused == []
    return (desk.api.log.messages(one)[0].time - owed).total_seconds()


@pytest.mark.parametrize(("crowded", "much"), [(1, 500), (60, 50)])
async def test_who_is_owed_much_delays_who_is_owed_little_by_a_second_at_most(
    desk: Desk, crowded: int, much: int
) -> None:
    assert await delay(desk, crowded, much) <= 1.1


async def test_chats_that_fail_are_held_or_in_doubt_delay_no_other(desk: Desk) -> None:
    faults = [
        Fault(FaultKind.ERROR, error_code=429, parameters={"retry_after": 3000}, times=None),
        Fault(FaultKind.ERROR, error_code=502, times=None),
        Fault(FaultKind.DROP, times=None),
        Fault(FaultKind.ERROR, error_code=403, times=None),
    ]
    for fault in faults:
        chat = desk.api.add_private().id
        desk.api.faults.add(replace(fault, chat_id=chat))
        await desk.owe(await desk.add(chat), *(f"bad {number}" for number in range(50)))
    well = desk.api.add_private().id
    await desk.owe(await desk.add(well), *(f"well {number}" for number in range(20)))
    await desk.drain(minutes=1)
    assert desk.read(well) == [f"well {number}" for number in range(20)]
    last = desk.api.log.messages(well)[-1].time
    assert (last - NOON).total_seconds() < 22


async def many(desk: Desk, each: int) -> dict[int, list[str]]:
    """60 chats with people, each owed so many; what each is to read."""
    chats = {desk.api.add_private().id: 0 for _ in range(60)}
    expected = {chat: [f"{chat} {number}" for number in range(each)] for chat in chats}
    for chat, texts in expected.items():
        id = await desk.add(chat)
        async with desk.store.transaction() as connection:
            await owe_texts(connection, id, texts)
    return expected


def accepted(desk: Desk, since: datetime, until: datetime) -> int:
    return sum(since <= message.time < until for message in desk.api.log.messages())


async def test_a_storm_of_429_loses_nothing_doubles_nothing_and_the_rate_comes_back(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Telegram grants ten a second, without a word; later thirty again."""
    monkeypatch.setattr(Share, "QUIET", seconds(5))
    monkeypatch.setattr(Share, "GROWING", seconds(25))
    expected = await many(desk, 20)
    desk.api.limits = Limits(per_bot=10)
    deliverer = desk.deliverer()
    assert not await deliverer.drain(NOON + seconds(30))
    assert accepted(desk, NOON + seconds(10), NOON + seconds(30)) > 20 * 5
    refused = len(desk.api.log.refused)
    assert 10 < refused < 100  # of some three hundred: it was learned
    desk.api.limits = Limits()
    assert await deliverer.drain(NOON + seconds(3600))
    assert len(desk.api.log.refused) == refused
    assert {chat: desk.read(chat) for chat in expected} == expected
    assert await desk.counts() == Counts(sent=60 * 20)
    fastest = max(accepted(desk, NOON + seconds(n), NOON + seconds(n + 5)) for n in range(30, 120))
    assert fastest >= 5 * 28


async def test_a_429_teaches_the_pace_of_its_chat_alone(desk: Desk) -> None:
    slow, other = desk.api.add_private().id, desk.api.add_private().id
    for chat in (slow, other):
        await desk.owe(await desk.add(chat), *(str(number) for number in range(8)))
    desk.api.faults.add(Fault(FaultKind.ERROR, chat_id=slow, error_code=429))
    assert await desk.drain()
    times = {
        chat: [(m.time - NOON).total_seconds() for m in desk.api.log.messages(chat)]
        for chat in (slow, other)
    }
    assert times[other][-1] < 7.5
    assert times[slow][-1] - times[slow][0] >= 7 / 0.7


async def test_a_few_refused_among_many_accepted_slow_the_bot_and_hold_it_not(
    desk: Desk,
) -> None:
    await many(desk, 8)
    desk.api.limits = Limits(per_bot=28)
    assert await desk.drain()
    assert await desk.counts() == Counts(sent=480)
    assert len(desk.api.log.refused) < 20


async def test_edits_count_as_messages_do(desk: Desk) -> None:
    """Fifteen messages, and fifteen retractions that Telegram wants as edits, within a minute."""
    channel = desk.api.add_channel()
    id = await desk.add(channel.id)
    for number in range(15):
        await desk.post(id, f"Wrong {number}")
    assert await desk.drain()
    desk.api.faults.add(
        Fault(
            FaultKind.ERROR,
            method="deleteMessage",
            error_code=400,
            description="Bad Request: message can't be deleted",
            times=None,
        )
    )
    async with desk.store.transaction() as connection:
        ids = [row.id for row in await desk.rows(articles)]
        await retract(connection, ids, desk.clock.now())
    assert await desk.drain()
    edits = [entry for entry in desk.api.log.entries if entry.method == "editMessageText"]
    assert len(edits) == 15
    assert {call.error_code for call in desk.api.log.refused} == {400}  # and no 429
    assert (edits[-1].time - desk.api.log.messages()[0].time).total_seconds() > 60


async def test_copies_and_their_deletion_count_for_the_bot(desk: Desk) -> None:
    desk.api.limits = Limits(per_bot=2)
    admin, chat = desk.api.add_private(), desk.api.add_channel()
    await desk.appoint(await desk.add(admin.id, origin="admin"))
    id = await desk.add(chat.id)
    await desk.owe(id, "first")
    assert await desk.drain()
    desk.api.faults.add(Fault(FaultKind.LOST, method="sendMessage", chat_id=chat.id))
    await desk.owe(id, "second", "third")
    others = [desk.api.add_private().id for _ in range(20)]
    for other in others:
        await desk.owe(await desk.add(other), "x", "y")
    deliverer = desk.deliverer(limits=limits.Limits(per_bot=2))
    assert await deliverer.drain(NOON + seconds(600))
    assert desk.read(chat.id) == ["first", "second", "third"]
    assert desk.api.log.refused == []
