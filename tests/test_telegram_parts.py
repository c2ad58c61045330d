"""Articles longer than a message: part after part, in order, none twice."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from feedbot.demo.botapi import Fault, FaultKind
from feedbot.model import Chat
from feedbot.store.outbox import Counts
from feedbot.store.schema import deliveries, entries, messages
from feedbot.telegram.settings import Posting
from tests.outboxes import Desk

ARTICLE = "<h2>Head</h2>" + "".join(f"<p>{n} {'word ' * 150}</p>" for n in range(15))
LETTERS = re.sub(r"\s", "", "Head" + "".join(f"{n}{'word' * 150}" for n in range(15)))


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with Desk.open(tmp_path) as opened:
        yield opened


def split(chat: int) -> Posting:
    return Posting(chats=(Chat(chat, text="full", long="split"),))


def told(texts: list[str]) -> str:
    """What parts say together, without counts, title, day and source."""
    bodies = [re.sub(r"\(\d/\d\)$", "", text) for text in texts]
    return re.sub(r"\s", "", "".join(bodies)).removeprefix("Long27May2020").removesuffix("press")


def counted(texts: list[str]) -> list[str]:
    return [text[-5:] for text in texts]


async def test_parts_come_in_order_and_each_counts_against_the_limits(desk: Desk) -> None:
    chat = desk.api.add_channel()
    id = await desk.add(chat.id)
    for _ in range(8):
        await desk.post(id, "Long", source=f"press{_}", content=ARTICLE)
    await desk.owe(id, "an answer does not wait")
    assert await desk.drain(split(chat.id))
    answer, *read = desk.read(chat.id)
    assert counted(read) == ["(1/3)", "(2/3)", "(3/3)"] * 8
    assert answer == "an answer does not wait"
    assert told(read[:3]) == LETTERS + "press0"
    assert desk.api.log.refused == []
    kept = [(row.delivery_id, row.part, row.message_id) for row in await desk.rows(messages)]
    first, *ids = [entry.message_id for entry in desk.api.log.messages(chat.id)]
    assert kept == [(9, 0, first), *((n // 3 + 1, n % 3, id) for n, id in enumerate(ids))]
    assert await desk.counts() == Counts(sent=9)
    assert {row.attempts for row in await desk.rows(deliveries)} == {1}


async def test_other_chats_go_on_between_the_parts(desk: Desk) -> None:
    chat, other = desk.api.add_private(), desk.api.add_private()
    await desk.post(await desk.add(chat.id), "Long", content=ARTICLE)
    await desk.owe(await desk.add(other.id), "one", "two")
    assert await desk.drain(split(chat.id))
    order = [entry.chat_id for entry in desk.api.log.messages()]
    assert order != sorted(order, key=order.index)
    assert counted(desk.read(chat.id)) == ["(1/3)", "(2/3)", "(3/3)"]


@pytest.mark.parametrize("part", [0, 1, 2])
async def test_an_answer_that_never_came_sends_no_earlier_part_again(desk: Desk, part: int) -> None:
    chat = desk.api.add_private()
    desk.api.faults.add(Fault(FaultKind.DROP, method="sendMessage", after=part))
    await desk.post(await desk.add(chat.id), "Long", content=ARTICLE)
    assert await desk.drain(split(chat.id))
    assert told(desk.read(chat.id)) == LETTERS
    assert (await desk.counts()).sent == 1


@pytest.mark.parametrize("part", [0, 1, 2])
async def test_a_lost_answer_is_about_one_part(desk: Desk, part: int) -> None:
    chat = desk.api.add_private()
    desk.api.faults.add(Fault(FaultKind.LOST, method="sendMessage", after=part))
    await desk.post(await desk.add(chat.id), "Long", content=ARTICLE)
    assert await desk.drain(split(chat.id))
    texts = desk.read(chat.id)
    assert texts[part] == texts.pop(part + 1)  # with nobody to ask it is sent again, alone
    assert told(texts) == LETTERS


@pytest.mark.parametrize("minutes", [0.0, 0.018])
async def test_another_process_goes_on_with_the_first_part_not_recorded(
    desk: Desk, minutes: float
) -> None:
    chat = desk.api.add_private()
    await desk.post(await desk.add(chat.id), "Long", content=ARTICLE)
    assert not await desk.drain(split(chat.id), minutes=minutes)
    assert 1 <= len(desk.read(chat.id)) < 3
    assert await desk.drain(split(chat.id))
    assert told(desk.read(chat.id)) == LETTERS


async def test_only_what_is_left_is_sent_plainly(desk: Desk) -> None:
    chat = desk.api.add_private()
    refusal = "Bad Request: can't parse entities: x"
    desk.api.faults.add(Fault(FaultKind.ERROR, error_code=400, description=refusal, after=1))
    await desk.post(await desk.add(chat.id), "Long", content=ARTICLE)
    assert await desk.drain(split(chat.id))
    assert told(desk.read(chat.id)) == LETTERS
    modes = ["parse_mode" in entry.parameters for entry in desk.api.log.messages()]
    assert modes == [True, False, False]


async def test_a_text_begun_is_ended_whatever_changes_meanwhile(desk: Desk) -> None:
    chat = desk.api.add_private()
    await desk.post(await desk.add(chat.id), "Long", content=ARTICLE)
    assert not await desk.drain(split(chat.id), minutes=0)
    async with desk.store.transaction() as connection:
        await connection.execute(sa.update(entries).values(title="New", content="<p>New.</p>"))
    assert await desk.drain(Posting(chats=(Chat(chat.id, text="title"),)))
    assert counted(desk.read(chat.id)) == ["(1/3)", "(2/3)", "(3/3)"]
    assert told(desk.read(chat.id)) == LETTERS
    (row,) = await desk.rows(deliveries)
    assert (row.state, row.payload) == ("sent", {})  # the text is not kept


async def test_one_message_is_enough_unless_parts_are_wanted(desk: Desk) -> None:
    chat = desk.api.add_private()
    await desk.post(await desk.add(chat.id), "Long", content=ARTICLE, summary="Short.")
    assert await desk.drain(Posting(chats=(Chat(chat.id, text="full"),)))
    (text,) = desk.read(chat.id)
    assert "…\n\npress" in text
    assert "Head" in text
