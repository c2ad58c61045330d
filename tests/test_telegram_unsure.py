"""Deliveries in doubt that cannot be found out, and trouble while they are looked for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from random import Random

import pytest

from feedbot.demo.botapi import Fault, FaultKind
from feedbot.store import membership
from feedbot.store.outbox import Counts
from feedbot.telegram import probe
from feedbot.telegram.bot import Listener
from feedbot.telegram.deliver import PATIENCE
from feedbot.telegram.settings import Posting
from tests.office import LOST, Office
from tests.outboxes import Desk, seconds, until


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with Desk.open(tmp_path) as opened:
        yield opened


async def protected(desk: Desk, office: Office) -> None:
    for message in desk.api.chats[office.chat].messages.values():
        message["has_protected_content"] = True


async def closed(desk: Desk, office: Office) -> None:
    async with desk.store.transaction() as connection:
        await membership.lose(connection, str(office.admin), "blocked")


async def crowded(desk: Desk, office: Office) -> None:
    chat = desk.api.chats[office.chat]
    lost = chat.messages.pop(2)
    chat.messages[60] = {**lost, "message_id": 60}


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        (protected, "can't be forwarded"),
        (crowded, "not where it would have been put"),
        (closed, "no admin chat"),
    ],
)
@pytest.mark.parametrize("when_unsure", ["resend", "skip"])
async def test_what_cannot_be_found_out_is_for_the_operator_to_have_decided(
    desk: Desk,
    caplog: pytest.LogCaptureFixture,
    what: Callable[[Desk, Office], Awaitable[None]],
    reason: str,
    when_unsure: str,
) -> None:
    office = await Office.open(desk, "channel")
    await office.lose("Visit to Berlin", "next")
    assert not await desk.drain(minutes=0.1)
    await what(desk, office)
    await desk.drain(Posting(when_unsure=when_unsure))
    again = ["Visit to Berlin"] if when_unsure == "resend" else []
    assert office.read == ["Visit to Berlin", *again, "next"]
    counts = await desk.counts()
    assert (counts.resent, counts.failed) == (len(again), 1 - len(again))
    for told in office.told if what is not closed else caplog.messages[-1:]:
        assert str(office.chat) in told
        assert "“Visit to Berlin”" in told
        assert reason in told.lower()
        assert ("is sent again" if again else "is not sent again") in told
    assert len(office.told) == (what is not closed)


async def test_a_first_message_has_no_place_to_be_looked_for(desk: Desk) -> None:
    admin = desk.api.add_private().id
    await desk.appoint(await desk.add(admin, origin="admin"))
    chat = desk.api.add_channel().id
    desk.api.faults.add(LOST)
    await desk.owe(await desk.add(chat), "hello")
    assert await desk.drain()
    assert desk.read(chat) == ["hello", "hello"]
    (told,) = desk.read(admin)
    assert "no message before it is known there" in told


# Chats that move meanwhile


@pytest.mark.parametrize("fault", [FaultKind.LOST, FaultKind.DROP])
async def test_what_was_sent_before_a_group_moved_is_looked_for_where_it_was(
    desk: Desk, fault: FaultKind
) -> None:
    office = await Office.open(desk, "group")
    await office.lose("one", "two", "three", fault=Fault(fault, method="sendMessage"))
    assert not await desk.drain(minutes=0.1)
    new = desk.api.migrate(office.chat)
    async with desk.store.transaction() as connection:
        await membership.migrate(connection, str(office.chat), str(new.id))
    assert await desk.drain()
    lost = ["one"] if fault == FaultKind.LOST else []
    assert office.read == lost
    assert desk.read(new.id) == [text for text in ("one", "two", "three") if text not in lost]


async def test_an_admin_chat_that_moves_is_followed(desk: Desk) -> None:
    office = await Office.open(desk, "channel", admin_kind="group")
    await office.lose("hello", "next")
    assert not await desk.drain(minutes=0.1)
    new = desk.api.migrate(office.admin)
    assert await desk.drain()
    assert office.read == ["hello", "next"]
    assert (await desk.counts()).resent == 0
    assert [m.text for m in desk.api.log.messages(new.id)] == ["hello"]  # and deleted again


# Trouble while looking


@pytest.mark.parametrize("kind", [FaultKind.DROP, FaultKind.LOST])
async def test_a_forward_without_an_answer_is_tried_again(desk: Desk, kind: FaultKind) -> None:
    office = await Office.open(desk, "channel")
    desk.api.faults.add(Fault(kind, method="forwardMessage", times=3))
    await office.lose("hello", "next")
    assert await desk.drain()
    assert office.read == ["hello", "next"]
    left = 3 if kind == FaultKind.LOST else 0  # copies nobody knows of
    assert len(office.told) == left
    assert await desk.counts() == Counts(sent=3)


async def test_a_copy_that_cannot_be_deleted_does_no_harm(desk: Desk) -> None:
    office = await Office.open(desk, "private")
    desk.api.faults.add(Fault(FaultKind.ERROR, method="deleteMessage", error_code=400))
    await office.lose("hello", "next")
    assert await desk.drain()
    assert office.read == ["hello", "next"]
    assert office.told == ["hello"]


async def test_retry_after_of_a_forward_is_kept_across_a_restart(desk: Desk) -> None:
    office = await Office.open(desk, "channel")
    slow = {"retry_after": 100}
    desk.api.faults.add(
        Fault(FaultKind.ERROR, method="forwardMessage", error_code=429, parameters=slow)
    )
    await office.lose("hello", "next")
    began = desk.clock.now()
    assert not await desk.drain(minutes=1)
    assert await desk.drain()
    assert office.read == ["hello", "next"]
    (copy,) = [e for e in desk.api.log.entries if e.method == "forwardMessage"]
    assert copy.time - began >= PATIENCE + seconds(100)


async def test_stopped_while_it_looks_it_begins_again_at_the_next_start(desk: Desk) -> None:
    office = await Office.open(desk, "channel")
    await office.lose("hello", "next")
    assert not await desk.drain(minutes=0.1)
    desk.clock.advance(PATIENCE)
    desk.api.faults.add(Fault(FaultKind.SILENT, method="forwardMessage"))
    deliverer = desk.deliverer()
    running = asyncio.create_task(deliverer.drain(desk.clock.now() + seconds(600)))
    await until(lambda: office.forwards() != [])
    await deliverer.stop(desk.clock.now())
    await running
    assert await desk.counts() == Counts(owed=2, sent=1, in_doubt=1)
    assert await desk.drain()
    assert office.read == ["hello", "next"]


async def test_a_defect_of_ours_while_looking_stops_no_other(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = await Office.open(desk, "channel")
    await office.lose("hello", "next")
    assert not await desk.drain(minutes=0.1)
    monkeypatch.setattr(probe, "_is_at", None)  # not callable
    assert await desk.drain()
    assert office.read == ["hello", "hello", "next"]
    assert any("TypeError" in told for told in office.told)


@pytest.mark.parametrize(("kind", "heard"), [("supergroup", 1), ("channel", 61)])
async def test_what_is_heard_shows_how_far_the_ids_are(desk: Desk, kind: str, heard: int) -> None:
    """People write on; each command to the bot, each post of a channel's tells where it is."""
    office = await Office.open(desk, kind)
    for _ in range(60):
        desk.api.user_sends(office.chat, "chatter")
    desk.api.user_sends(office.chat, "/help")
    listener = Listener(desk.store, desk.bot, desk.clock, Posting(), Random(1), lambda: None)
    assert await listener.poll(0) == heard
    await office.lose("hello")
    assert await desk.drain()
    assert office.read.count("hello") == 1
    assert (await desk.counts()).resent == 0
