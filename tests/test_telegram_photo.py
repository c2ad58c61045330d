"""Pictures and previews on their way: the text arrives whatever becomes of them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from feedbot.demo.botapi import Fault, FaultKind
from feedbot.demo.botapi import Limits as ServerLimits
from feedbot.model import Chat
from feedbot.store.outbox import Counts
from feedbot.store.schema import deliveries, messages
from feedbot.telegram.limits import Limits
from feedbot.telegram.settings import Posting
from tests.outboxes import NOON, Desk, seconds

IMAGE = "https://example.org/1.jpg"
TEXT = "Visit\n27 May 2020\n\nWho came.\n\npress"
AFTER = "After\n27 May 2020\n\nother"


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with Desk.open(tmp_path) as opened:
        yield opened


def refused(method: str | None, description: str, times: int = 1) -> Fault:
    return Fault(FaultKind.ERROR, method, error_code=400, description=description, times=times)


async def posted(desk: Desk, chat: int, summary: str = "Who came.", **options: Any) -> list[str]:
    """Deliver an entry with an image, and something after it; the methods that succeeded."""
    id = await desk.add(chat)
    await desk.post(id, "Visit", summary=summary, image=IMAGE)
    await desk.post(id, "After", source="other")
    assert await desk.drain(Posting(chats=(Chat(chat, **{"photo": True, **options}),)))
    return [entry.method for entry in desk.api.log.messages(chat)]


async def test_a_photo_has_the_text_as_its_caption(desk: Desk) -> None:
    chat = desk.api.add_channel()
    assert await posted(desk, chat.id, silent=True) == ["sendPhoto", "sendMessage"]
    first = desk.api.log.messages()[0]
    assert first.text == TEXT
    assert first.parameters["photo"] == IMAGE
    assert first.parameters["disable_notification"] == "true"
    assert {entity["type"] for entity in first.entities} == {"bold", "text_link", "italic"}


@pytest.mark.parametrize(
    "description",
    [
        "Bad Request: wrong file identifier/HTTP URL specified",
        "Bad Request: failed to get HTTP URL content",
        "Bad Request: wrong type of the web page content",
        "Bad Request: PHOTO_INVALID_DIMENSIONS",
        "Bad Request: IMAGE_PROCESS_FAILED",
        "Bad Request: WEBPAGE_CURL_FAILED",
        "Bad Request: not enough rights to send photos to the chat",
        "Bad Request: CHAT_SEND_PHOTOS_FORBIDDEN",
        "Bad Request: something new about photos",
    ],
)
async def test_where_the_photo_is_refused_the_text_goes_without_it(
    desk: Desk, description: str
) -> None:
    chat = desk.api.add_channel()
    desk.api.faults.add(refused("sendPhoto", description))
    assert await posted(desk, chat.id) == ["sendMessage", "sendMessage"]
    assert desk.read(chat.id) == [TEXT, AFTER]
    assert await desk.counts() == Counts(sent=2)


async def test_a_group_that_wants_no_photos_gets_the_text(desk: Desk) -> None:
    group = desk.api.add_supergroup()
    group.permissions["can_send_photos"] = False
    assert await posted(desk, group.id) == ["sendMessage", "sendMessage"]
    assert desk.read(group.id) == [TEXT, AFTER]


async def test_a_photo_s_refused_markup_goes_plainly_with_the_photo(desk: Desk) -> None:
    chat = desk.api.add_private()
    desk.api.faults.add(refused("sendPhoto", "Bad Request: can't parse entities: x"))
    assert await posted(desk, chat.id) == ["sendPhoto", "sendMessage"]
    assert "Visit (https://example.org/1)" in desk.read(chat.id)[0]


async def test_a_text_longer_than_a_caption_goes_whole_without_the_photo(desk: Desk) -> None:
    chat = desk.api.add_private()
    assert await posted(desk, chat.id, summary="word " * 300) == ["sendMessage", "sendMessage"]
    assert desk.read(chat.id)[0].count("word") == 300


async def test_where_the_preview_is_refused_the_text_goes_without_it(desk: Desk) -> None:
    chat = desk.api.add_private()
    desk.api.faults.add(refused("sendMessage", "Bad Request: WEBPAGE_URL_INVALID"))
    await posted(desk, chat.id, photo=False, preview="large")
    assert desk.read(chat.id) == [TEXT, AFTER]
    options = json.loads(desk.api.log.messages()[0].parameters["link_preview_options"])
    assert options == {"is_disabled": False}


async def test_what_is_refused_with_and_without_its_photo_is_kept(desk: Desk) -> None:
    chat = desk.api.add_private()
    desk.api.faults.add(refused(None, "Bad Request: message text is empty", times=2))
    id = await desk.add(chat.id)
    await desk.post(id, "Visit", image=IMAGE)
    assert await desk.drain(Posting(chats=(Chat(chat.id, photo=True),)))
    assert await desk.counts() == Counts(failed=1)
    assert [call.method for call in desk.api.log.refused] == ["sendPhoto", "sendMessage"]


async def test_the_preview_asked_for_is_the_one_sent(desk: Desk) -> None:
    chat = desk.api.add_private()
    await posted(desk, chat.id, photo=False, preview="small")
    options = json.loads(desk.api.log.messages()[0].parameters["link_preview_options"])
    assert options == {
        "is_disabled": False, "url": "https://example.org/1", "prefer_small_media": True
    }  # fmt: skip


# Albums


ALBUM = tuple(f"https://example.org/{number}.jpg" for number in range(1, 4))


async def album(desk: Desk, chat: int, *, lost: FaultKind | None = None) -> list[str]:
    """Deliver an entry with three images, and something after it; the methods that succeeded."""
    id = await desk.add(chat)
    await desk.owe(id, "before")
    assert await desk.drain()
    if lost:
        desk.api.faults.add(Fault(lost, method="sendMediaGroup"))
    await desk.post(id, "Visit", summary="Who came.", image=ALBUM[0], more_images=ALBUM[1:])
    await desk.post(id, "After", source="other")
    assert await desk.drain(Posting(chats=(Chat(chat, photo=True),)))
    return [entry.method for entry in desk.api.log.messages(chat)][1:]


def ids(desk: Desk, chat: int) -> list[int]:
    return [entry.message_id for entry in desk.api.log.messages(chat)]


async def recorded(desk: Desk, chat: int) -> list[int]:
    return [row.message_id for row in await desk.rows(messages) if row.chat_id == chat]


async def test_several_photos_are_an_album_with_the_text_below_the_first(desk: Desk) -> None:
    chat = desk.api.add_channel().id
    assert await album(desk, chat) == [*["sendMediaGroup"] * 3, "sendMessage"]
    _, first, second, third, _ = desk.api.log.messages(chat)
    assert (first.text, second.text, third.text) == (TEXT, "", "")
    assert len({one.message["media_group_id"] for one in (first, second, third)}) == 1
    assert json.loads(first.parameters["media"])[2]["media"] == ALBUM[2]
    assert await recorded(desk, chat) == ids(desk, chat)
    assert await desk.counts() == Counts(sent=3)
    assert desk.api.log.refused == []


async def test_an_album_that_is_refused_costs_no_text(desk: Desk) -> None:
    chat = desk.api.add_channel().id
    desk.api.faults.add(
        refused("sendMediaGroup", "Bad Request: failed to send message #2: WEBPAGE_MEDIA_EMPTY")
    )
    assert await album(desk, chat) == ["sendMessage", "sendMessage"]
    assert desk.read(chat) == ["before", TEXT, AFTER]


@pytest.mark.parametrize("kind", ["channel", "supergroup", "group", "private"])
@pytest.mark.parametrize("fault", [FaultKind.LOST, FaultKind.DROP])
async def test_an_album_in_doubt_is_found_or_sent_as_a_whole(
    desk: Desk, kind: str, fault: FaultKind
) -> None:
    await desk.appoint(await desk.add(desk.api.add_private().id, origin="admin"))
    chat = getattr(desk.api, f"add_{kind}")().id
    assert await album(desk, chat, lost=fault) == [*["sendMediaGroup"] * 3, "sendMessage"]
    assert desk.read(chat) == ["before", TEXT, "", "", AFTER]
    assert await recorded(desk, chat) == ids(desk, chat)
    parts = [row.part for row in await desk.rows(messages) if row.chat_id == chat]
    assert parts == [0, 0, 1, 2, 0]


async def test_albums_wait_until_all_of_their_places_are_free(desk: Desk) -> None:
    """In a channel that may get twenty messages a minute, and of a bot that others keep busy."""
    channel, album = desk.api.add_channel(), [f"https://example.org/{n}.jpg" for n in range(7)]
    id = await desk.add(channel.id)
    for number in range(4):
        await desk.post(id, f"Visit {number}", image=album[0], more_images=album[1:])
    people = [desk.api.add_private().id for _ in range(100)]
    for person in people:
        await desk.owe(await desk.add(person), "one", "two")
    assert await desk.drain(Posting(chats=(Chat(channel.id, photo=True),)))
    assert desk.api.log.refused == []
    visits = desk.api.log.messages(channel.id)
    assert [one.method for one in visits] == ["sendMediaGroup"] * 28
    assert [one.text.split("\n")[0] for one in visits[::7]] == [f"Visit {n}" for n in range(4)]
    started = desk.api.log.messages()[0].time
    assert (visits[0].time - started).total_seconds() < 5
    assert (visits[14].time - visits[0].time).total_seconds() > 60
    assert {tuple(desk.read(person)) for person in people} == {("one", "two")}
    assert await desk.counts() == Counts(sent=204)
    async with desk.store.reading() as connection:
        attempts = {row.attempts for row in await connection.execute(sa.select(deliveries))}
    assert attempts == {1}


async def test_an_album_larger_than_what_is_granted_goes_when_nothing_else_does(
    desk: Desk,
) -> None:
    chat = desk.api.add_channel().id
    desk.api.limits = ServerLimits.OFF
    id = await desk.add(chat)
    await desk.owe(id, "before")
    await desk.post(id, "Visit", image=ALBUM[0], more_images=ALBUM[1:])
    posting = Posting(chats=(Chat(chat, photo=True),))
    assert await desk.deliverer(posting, limits=Limits(per_bot=2, per_group=2)).drain(
        NOON + seconds(600)
    )
    before, *visit = desk.api.log.messages(chat)
    assert len(visit) == 3
    assert (visit[0].time - before.time).total_seconds() > 60
