"""Taking back what was posted: out of every chat, out of every feed, whatever comes between."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from feedbot.config import load
from feedbot.demo.botapi import Fault, FaultKind
from feedbot.model import Chat, DeliveryState
from feedbot.operator import retraction
from feedbot.owing import owe_notice
from feedbot.store import feeds, ledger, outbox, posts, retract, schema
from feedbot.store.outbox import Counts, Outcome
from feedbot.store.schema import deliveries, messages
from feedbot.telegram.settings import Posting
from tests.outboxes import NOON, Desk, add_entry, claim_next, news

LONG = "\n\n".join(f"Paragraph {number}: " + "word " * 150 for number in range(12))


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with Desk.open(tmp_path) as opened:
        yield opened


async def take_back(desk: Desk, article: int = 1) -> int:
    async with desk.store.transaction() as connection:
        return await retract.retract(connection, [article], desk.clock.now())


def there(desk: Desk, chat_id: int) -> list[str]:
    """What stands in a chat now."""
    chat = desk.api.chat(str(chat_id))
    return [str(message.get("text", message.get("caption"))) for message in chat.messages.values()]


def struck(entities: list[dict[str, Any]]) -> set[int]:
    """The places that are struck through; the texts here are ASCII."""
    return {
        place
        for one in entities
        if one["type"] == "strikethrough"
        for place in range(one["offset"], one["offset"] + one["length"])
    }


async def outcomes(desk: Desk) -> list[tuple[str, str | None]]:
    async with desk.store.reading() as connection:
        found = await ledger.listed(connection, 99, state=None)
        ids = await posts.retractions(connection, 1)
        done = await ledger.find(connection, ids)
    assert not any(record.state == "sent" for record in found)
    return [(record.state, record.outcome) for record in done]


async def test_a_post_leaves_every_chat_and_its_feed(desk: Desk) -> None:
    channel, person = desk.api.add_channel("Press", username="press"), desk.api.add_private()
    ids = [await desk.add(address) for address in ("@press", person.id)]
    async with desk.store.transaction() as connection:
        entry = await add_entry(connection, "A mistake")
        await outbox.owe(connection, [news(id, entry) for id in ids], NOON)
    assert await desk.drain()
    assert await take_back(desk) == 0
    async with desk.store.reading() as connection:
        assert await feeds.newest(connection, 1, 9) == []
        assert await retract.numbers(connection) == {"press": 1}
    assert await desk.drain()
    assert (there(desk, channel.id), there(desk, person.id)) == ([], [])
    assert await outcomes(desk) == [("sent", "deleted")] * 2
    assert await desk.counts() == Counts(sent=2)  # a retraction is no message
    await take_back(desk)  # twice is once
    assert await desk.counts() == Counts(sent=2)


async def test_what_is_unsent_is_dropped_and_never_sent(desk: Desk) -> None:
    chat = desk.api.add_channel()
    id = await desk.add(chat.id)
    await desk.post(id, "A mistake")
    assert await take_back(desk) == 1
    assert await desk.drain()
    assert desk.api.log.messages() == []
    async with desk.store.transaction() as connection:
        assert await ledger.retry(connection, [1], NOON) == []
        again = await add_entry(connection, "A mistake", source="other")
        await outbox.owe(connection, [news(id, again, article=1)], NOON)
    assert await desk.drain()
    assert desk.api.log.messages() == []


async def test_one_that_is_on_its_way_goes_when_it_has_arrived(desk: Desk) -> None:
    chat = desk.api.add_channel()
    await desk.post(await desk.add(chat.id), "A mistake")
    async with desk.store.transaction() as connection:
        [claimed] = await claim_next(connection, NOON, limit=1)
    assert await take_back(desk) == 0
    message = await desk.bot.send_message(chat.id, "A mistake")
    async with desk.store.transaction() as connection:
        accepted = Outcome(
            claimed.id, DeliveryState.SENT, NOON,
            messages=((chat.id, message.message_id),),
        )  # fmt: skip
        await outbox.record(connection, [accepted])
        await retract.settled(connection, [claimed.id], [], NOON)
    assert there(desk, chat.id) == ["A mistake"]
    assert await desk.drain()
    assert there(desk, chat.id) == []


async def test_the_rest_of_a_long_post_is_not_sent_and_what_is_there_goes(desk: Desk) -> None:
    chat = desk.api.add_private()
    posting = Posting(chats=(Chat(chat.id, text="full", long="split"),))
    await desk.post(await desk.add(chat.id), "A mistake", summary=LONG)
    assert not await desk.drain(posting, minutes=0.01)  # one message a second
    assert len(there(desk, chat.id)) == 1
    assert await take_back(desk) == 1
    assert await desk.drain(posting)
    assert there(desk, chat.id) == []
    assert len(desk.api.log.messages(chat.id)) == 1
    assert await outcomes(desk) == [("sent", "deleted")]


async def test_what_cannot_be_deleted_any_more_is_struck_through_in_all_its_parts(
    desk: Desk,
) -> None:
    chat = desk.api.add_private()
    posting = Posting(chats=(Chat(chat.id, text="full", long="split"),))
    await desk.post(await desk.add(chat.id), "A mistake", summary=LONG)
    assert await desk.drain(posting)
    before = there(desk, chat.id)
    assert len(before) == 3
    desk.clock.advance(timedelta(hours=49))
    await take_back(desk)
    assert await desk.drain(posting)
    assert there(desk, chat.id) == before
    for message in desk.api.chat(str(chat.id)).messages.values():
        assert struck(message["entities"]) == set(range(len(message["text"])))
    assert await outcomes(desk) == [("sent", "struck through")] * 3


async def test_a_photo_s_caption_is_struck_through(desk: Desk) -> None:
    chat = desk.api.add_private()
    posting = Posting(chats=(Chat(chat.id, photo=True),))
    image = "https://press.example.org/image.jpg"
    await desk.post(await desk.add(chat.id), "A mistake", image=image)
    assert await desk.drain(posting)
    desk.clock.advance(timedelta(hours=49))
    await take_back(desk)
    assert await desk.drain(posting)
    [message] = desk.api.chat(str(chat.id)).messages.values()
    assert "photo" in message
    assert struck(message["caption_entities"]) == set(range(len(message["caption"])))
    assert await outcomes(desk) == [("sent", "struck through")]


async def test_every_picture_of_an_album_goes_or_is_marked(desk: Desk) -> None:
    chat = desk.api.add_private()
    posting = Posting(chats=(Chat(chat.id, photo=True),))
    first, *more = (f"https://press.example.org/{number}.jpg" for number in range(3))
    id = await desk.add(chat.id)
    await desk.post(id, "A mistake", summary="Its text", image=first, more_images=more)
    assert await desk.drain(posting)
    before = there(desk, chat.id)
    assert len(before) == 3
    desk.clock.advance(timedelta(hours=49))
    await take_back(desk)
    assert await desk.drain(posting)
    found = list(desk.api.chat(str(chat.id)).messages.values())
    assert found[0]["caption"] == before[0]
    for message in found:
        assert struck(message["caption_entities"]) == set(range(len(message["caption"])))


async def test_an_answer_that_is_lost_is_asked_for_again_and_nothing_is_in_doubt(
    desk: Desk,
) -> None:
    chat = desk.api.add_channel()
    await desk.post(await desk.add(chat.id), "A mistake")
    assert await desk.drain()
    await take_back(desk)
    desk.api.faults.add(Fault(FaultKind.LOST, method="deleteMessage", times=1))
    assert await desk.drain()
    assert there(desk, chat.id) == []
    assert await outcomes(desk) == [("sent", "deleted")]


async def test_a_process_that_dies_leaves_it_to_the_next(desk: Desk) -> None:
    chat = desk.api.add_channel()
    await desk.post(await desk.add(chat.id), "A mistake")
    assert await desk.drain()
    await take_back(desk)
    async with desk.store.transaction() as connection:
        [claimed] = await claim_next(connection, desk.clock.now(), limit=1)
        assert await outbox.doubt_leftovers(connection, desk.clock.now()) == 0
    assert claimed.kind == "retract"
    assert await desk.drain()
    assert there(desk, chat.id) == []


async def test_what_can_be_neither_deleted_nor_edited_is_said_once(desk: Desk) -> None:
    chat, admin = desk.api.add_channel(), desk.api.add_private()
    await desk.appoint(await desk.add(admin.id, origin="admin"))
    await desk.post(await desk.add(chat.id), "A mistake")
    assert await desk.drain()
    await take_back(desk)
    for method in ("deleteMessage", "editMessageText"):
        desk.api.faults.add(
            Fault(
                FaultKind.ERROR,
                method=method,
                error_code=400,
                times=1,
                description="Bad Request: message can't be touched",
            )
        )
    assert await desk.drain()
    assert await outcomes(desk) == [("failed", None)]
    assert desk.read(admin.id) == [
        f"{chat.id}: “A mistake” cannot be taken back: Message can't be touched. Delete it by hand."
    ]
    async with desk.store.transaction() as connection:
        assert len(await ledger.retry(connection, [2], desk.clock.now())) == 1
    assert await desk.drain()
    assert await outcomes(desk) == [("sent", "struck through")]


async def test_a_group_that_has_moved_since_costs_one_try(desk: Desk) -> None:
    group = desk.api.add_group()
    await desk.post(await desk.add(group.id), "A mistake")
    assert await desk.drain()
    desk.api.migrate(group.id)
    await take_back(desk)
    assert await desk.drain()
    assert await outcomes(desk) == [("failed", None)]


async def test_a_chat_that_left_the_configuration_is_cleaned_too(desk: Desk) -> None:
    chat = desk.api.add_channel()
    id = await desk.add(chat.id)
    await desk.post(id, "A mistake")
    assert await desk.drain()
    await take_back(desk)
    async with desk.store.transaction() as connection:
        assert await outbox.drop(connection, id, "left", desk.clock.now()) == 0
        await connection.execute(sa.text("UPDATE subscribers SET state = 'removed'"))
    assert await desk.drain()
    assert there(desk, chat.id) == []


async def test_a_message_that_is_to_pass_goes_by_itself_whoever_dies(desk: Desk) -> None:
    chat = desk.api.add_channel()
    id = await desk.add(chat.id)
    text = {"text": "This is a test", retract.PASSING: True}
    for number, posted in ((1, True), (2, False)):
        owed = replace(owe_notice(id, f"{outbox.TEST}{number}", "This is a test"), payload=text)
        async with desk.store.transaction() as connection:
            await outbox.owe(connection, [owed], desk.clock.now())
            if not posted:  # its command was killed before
                await outbox.drop_tests(connection, desk.clock.now())
        assert await desk.drain()
    assert desk.read(chat.id) == ["This is a test"]
    assert there(desk, chat.id) == []
    assert await desk.counts() == Counts(sent=1, dropped=1)


async def test_the_same_article_found_elsewhere_later_is_told_to_nobody(desk: Desk) -> None:
    async with desk.store.transaction() as connection:
        entry = await add_entry(connection, "A mistake")
        await retract.retract(connection, [1], NOON)
        twin = await add_entry(connection, "A mistake", source="other")
        await connection.execute(
            sa.update(schema.entries).where(schema.entries.c.id == twin).values(article_id=1)
        )
        assert await retract.mute(connection, [1, 2], NOON) == {1}
        found = await posts.of_article(connection, 1)
    assert [(post.id, post.retracted_at) for post in found] == [(entry, NOON), (twin, NOON)]


async def test_an_entry_is_named_by_number_id_or_link(desk: Desk) -> None:
    async with desk.store.transaction() as connection:
        first = await add_entry(connection, "One")
        second = await add_entry(connection, "Two", source="other")
        await connection.execute(sa.text("UPDATE entries SET link_key = 'example.org/1'"))
        for wanted, meant in (
            (str(first), [first]),
            ("tag:other:Two", [second]),
            ("https://www.example.org/1/?utm_source=x", [first, second]),
            ("99999999999999999999", []),
            ("tag:nobody", []),
            ("nonsense", []),
        ):
            assert [post.id for post in await posts.find(connection, wanted)] == meant
        assert [post.title for post in await posts.listed(connection, 1, None)] == ["Two"]
        assert [post.title for post in await posts.listed(connection, 9, "press")] == ["One"]


async def test_a_delivery_shows_what_became_of_its_messages(desk: Desk) -> None:
    await desk.post(await desk.add(desk.api.add_channel().id), "A mistake")
    assert await desk.drain()
    await take_back(desk)
    async with desk.store.reading() as connection:
        assert (await ledger.traces(connection, 1)).retractions == (2,)
        [record] = await ledger.find(connection, [2])
        [message] = await connection.execute(sa.select(messages))
        kinds = (await connection.execute(sa.select(deliveries.c.kind))).scalars().all()
    assert (record.what, record.target) == ("A mistake", (message.chat_id, message.message_id))
    assert kinds == ["news", "retract"]


async def test_an_entry_that_is_not_one_is_not_taken_back(
    desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "config.toml").write_text("")
    settings = load(tmp_path / "config.toml", {})
    async with desk.store.transaction() as connection:
        await add_entry(connection, "One")
        await add_entry(connection, "Two", source="other")
        await connection.execute(sa.text("UPDATE entries SET link_key = 'example.org/1'"))
    for wanted in ("nonsense", "https://example.org/1"):
        assert await retraction.retract(settings, wanted, timedelta(0)) == 1
    none, several, *named = capsys.readouterr().out.splitlines()
    assert none == "nonsense: no such entry; `feedbot post list` names the last ones"
    assert several == "https://example.org/1: several entries; name one by its number"
    assert [line.split()[0] for line in named] == ["1", "2"]
    async with desk.store.reading() as connection:
        assert await retract.numbers(connection) == {}
