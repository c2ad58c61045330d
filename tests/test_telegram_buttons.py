"""Buttons below our notices, over the fake Bot API."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from feedbot.owing import owe_notice
from feedbot.store import outbox
from feedbot.telegram.bot import Listener
from tests.hearing import POSTING, hear, operator
from tests.outboxes import NOON, Desk


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with Desk.open(tmp_path) as opened:
        yield opened


async def press(desk: Desk, chat_id: int, data: str, asked: list[str]) -> None:
    """A person presses a button below the last message of a chat."""

    async def decide(_: Any, said: str) -> str | None:
        asked.append(said)
        return "Done."

    last = desk.api.log.messages(chat_id)[-1].message_id
    desk.api.callback_query(chat_id, last, data, desk.api.add_user("Somebody"))
    heard = Listener(desk.store, desk.bot, desk.clock, POSTING, Random(1), lambda: None, decide)
    await heard.poll(0)
    await desk.drain(POSTING)


async def test_a_button_in_the_admin_chat_is_carried_out_once_and_answered(desk: Desk) -> None:
    admin = await operator(desk)
    async with desk.store.transaction() as connection:
        owed = owe_notice(1, "held:7", "What now?", [("Post", "held:post:7"), ("Drop", "x")])
        await outbox.owe(connection, [owed], NOON)
    await desk.drain(POSTING)
    markup = desk.api.log.messages(admin)[-1].message["reply_markup"]
    labels = [button["text"] for row in markup["inline_keyboard"] for button in row]
    assert labels == ["Post", "Drop"]
    asked: list[str] = []
    await press(desk, admin, "held:post:7", asked)
    assert asked == ["held:post:7"]
    assert desk.read(admin) == ["What now?", "Done."]
    (answered,) = desk.api.callbacks.values()
    assert answered is not None
    assert answered["text"] == "Done."
    await hear(desk)
    assert asked == ["held:post:7"]


async def test_a_button_pressed_anywhere_else_does_nothing(desk: Desk) -> None:
    await operator(desk)
    group = desk.api.add_supergroup()
    await desk.owe(await desk.add(group.id), "A forwarded question")
    await desk.drain(POSTING)
    asked: list[str] = []
    await press(desk, group.id, "held:post:7", asked)
    assert asked == []
    assert desk.read(group.id) == ["A forwarded question"]
    (answered,) = desk.api.callbacks.values()
    assert answered is not None
    assert "not for you" in answered["text"]
