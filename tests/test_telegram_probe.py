"""Deliveries in doubt are looked for: found, never accepted, or beyond finding out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedbot.demo.botapi import Fault, FaultKind
from feedbot.demo.botapi.errors import ApiError
from feedbot.demo.botapi.formatting import formatted
from feedbot.model import Chat, DeliveryState
from feedbot.owing import owe_notice
from feedbot.store import doubts, membership, outbox
from feedbot.store.claim import Claimed
from feedbot.store.outbox import Counts
from feedbot.store.schema import messages
from feedbot.store.schema import subscribers as subscriber_rows
from feedbot.telegram import probe
from feedbot.telegram.bot import Listener
from feedbot.telegram.compose import Part, Post
from feedbot.telegram.deliver import PATIENCE
from feedbot.telegram.probe import digest, digest_of
from feedbot.telegram.settings import Posting
from tests.outboxes import NOON, Desk, add_entry, claim_next, news, seconds, until

LOST = Fault(FaultKind.LOST, method="sendMessage")
KINDS = ("channel", "supergroup", "group", "private")


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with Desk.open(tmp_path) as opened:
        yield opened


class Office:
    """An admin chat, and a chat that has had one message already."""

    def __init__(self, desk: Desk, admin: int, chat: int, id: int) -> None:
        self.desk = desk
        self.admin = admin
        self.chat = chat
        self.id = id

    @classmethod
    async def open(cls, desk: Desk, kind: str, admin_kind: str = "private") -> Office:
        admin = getattr(desk.api, f"add_{admin_kind}")("Operator").id
        await desk.appoint(await desk.add(admin, origin="admin"))
        chat = getattr(desk.api, f"add_{kind}")("Chat").id
        id = await desk.add(chat)
        await desk.owe(id, "before")
        assert await desk.drain()
        desk.clock.advance(seconds(90))
        return cls(desk, admin, chat, id)

    async def lose(self, *texts: str, fault: Fault = LOST) -> None:
        """Owe these; the first of them is accepted without an answer, or meets another fault."""
        self.desk.api.faults.add(fault)
        await self.desk.owe(self.id, *texts)

    @property
    def read(self) -> list[str]:
        return self.desk.read(self.chat)[1:]

    @property
    def told(self) -> list[str]:
        """What the operator reads: copies are gone again."""
        kept = self.desk.api.chats[self.admin].messages.values()
        return [message["text"] for message in kept if "text" in message]

    def forwards(self) -> list[str]:
        return [e.text for e in self.desk.api.log.entries if e.method == "forwardMessage"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("admin", KINDS)
async def test_a_message_that_arrived_is_found_and_not_sent_again(
    desk: Desk, kind: str, admin: str
) -> None:
    office = await Office.open(desk, kind, admin)
    await office.lose("first <i>& only</i>", "second")
    assert await desk.drain()
    assert office.read == ["first <i>& only</i>", "second"]
    assert await desk.counts() == Counts(sent=3)
    assert office.forwards() == ["first <i>& only</i>"]
    assert office.told == []
    assert desk.api.log.refused == []
    sent = [(m.chat_id, m.message_id) for m in desk.api.log.messages(office.chat)]
    assert [(row.chat_id, row.message_id) for row in await desk.rows(messages)] == sent


async def test_a_channel_known_by_its_name_is_searched_too(desk: Desk) -> None:
    for add in (desk.api.add_channel, desk.api.add_supergroup):
        name = f"press_{add.__name__}"
        chat = add("Press", username=name)
        id = await desk.add(f"@{name.upper()}")
        await desk.owe(id, "before")
        assert await desk.drain()
        if not (await desk.rows(messages))[1:]:
            await desk.appoint(await desk.add(desk.api.add_private().id, origin="admin"))
        desk.api.faults.add(LOST)
        await desk.owe(id, "hello")
        assert await desk.drain()
        assert desk.read(chat.id) == ["before", "hello"]
        (row,) = (await desk.rows(messages))[-1:]
        assert (row.chat_id, row.message_id) == (chat.id, 2)


async def test_looking_begins_when_it_can_no_longer_be_accepted_and_others_go_on(
    desk: Desk,
) -> None:
    office = await Office.open(desk, "channel")
    other = desk.api.add_private().id
    await desk.owe(await desk.add(other), *(str(n) for n in range(30)))
    began = desk.clock.now()
    await office.lose("lost", "next", fault=Fault(FaultKind.LOST, chat_id=office.chat))
    assert await desk.drain()
    assert office.read == ["lost", "next"]
    (copy,) = [e for e in desk.api.log.entries if e.method == "forwardMessage"]
    assert copy.time - began >= PATIENCE
    assert desk.api.log.messages(other)[-1].time - began < seconds(35)
    assert copy.parameters["disable_notification"] == "true"
    (deletion,) = [e for e in desk.api.log.entries if e.method == "deleteMessage"]
    assert (deletion.chat_id, deletion.message_id) == (copy.chat_id, copy.message_id)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_message_that_was_never_accepted_is_sent(desk: Desk, kind: str) -> None:
    office = await Office.open(desk, kind)
    await office.lose("first", "second", fault=Fault(FaultKind.DROP, method="sendMessage"))
    assert await desk.drain()
    assert office.read == ["first", "second"]
    assert (await desk.counts()).sent >= 3
    assert len([call for call in desk.api.log.refused if call.method == "forwardMessage"]) == 50


async def test_in_chats_that_share_ids_it_can_be_certain_that_it_was_not_accepted(
    desk: Desk,
) -> None:
    """What was sent too late to come before it ends the search: nothing is resent on suspicion."""
    office = await Office.open(desk, "private")
    other = await desk.add(desk.api.add_private().id)
    await office.lose("first", fault=Fault(FaultKind.DROP, chat_id=office.chat))
    assert not await desk.drain(minutes=0.1)
    desk.clock.advance(PATIENCE)
    await desk.owe(other, "something else")
    assert not await desk.deliverer(patience=PATIENCE * 3).drain(desk.clock.now() + seconds(1))
    desk.clock.advance(PATIENCE * 3)
    assert await desk.drain()
    assert office.read == ["first"]
    assert await desk.counts() == Counts(sent=3)
    assert office.told == []


async def test_other_posts_are_passed_by_within_the_admin_chats_limits(desk: Desk) -> None:
    office = await Office.open(desk, "channel")
    for number in range(30):
        desk.api.user_sends(office.chat, f"post {number}")
    await office.lose("ours")
    assert await desk.drain()
    assert office.read == ["ours"]
    assert len(office.forwards()) == 31
    assert desk.api.log.refused == []
    times = [e.time for e in desk.api.log.entries if e.method == "forwardMessage"]
    assert times[-1] - times[0] >= seconds(30)


@pytest.mark.parametrize("kind", ["supergroup", "group", "private"])
async def test_the_same_text_written_by_somebody_else_is_not_ours(desk: Desk, kind: str) -> None:
    office = await Office.open(desk, kind)
    desk.api.user_sends(office.chat, "hello")
    await office.lose("hello")
    assert await desk.drain()
    assert office.read == ["hello"]
    (_, ours) = (m for m in desk.api.log.messages(office.chat) if m.method == "sendMessage")
    assert (await desk.rows(messages))[-1].message_id == ours.message_id
    assert office.forwards() == ["hello", "hello"]


async def test_a_hundred_lost_answers_in_a_row(desk: Desk) -> None:
    office = await Office.open(desk, "private")
    texts = [f"text {number % 3}" for number in range(100)]  # what was said before proves nothing
    async with desk.store.transaction() as connection:
        for number, text in enumerate(texts):
            await outbox.owe(connection, [owe_notice(office.id, f"{number}", text)], NOON)
    desk.api.faults.add(Fault(FaultKind.LOST, chat_id=office.chat, times=100))
    assert await desk.drain(minutes=100)
    assert office.read == texts
    assert await desk.counts() == Counts(sent=101)
    assert desk.api.log.refused == []


@pytest.mark.parametrize("kind", ["private", "channel"])
async def test_many_chats_that_lose_the_same_news_at_once(desk: Desk, kind: str) -> None:
    office = await Office.open(desk, kind)
    chats = [getattr(desk.api, f"add_{kind}")().id for _ in range(12)]
    ids = [await desk.add(chat) for chat in chats]
    for text in ("before", "news"):
        if text == "news":
            desk.api.faults.add(Fault(FaultKind.LOST, method="sendMessage", times=13))
        for id in (office.id, *ids):
            await desk.owe(id, text if id in ids else f"{text}!")
        assert await desk.drain()
    assert [desk.read(chat) for chat in chats] == [["before", "news"]] * 12
    assert office.read == ["before!", "news!"]
    assert (await desk.counts()).resent == 0


async def test_topics_with_the_same_text_are_told_apart(desk: Desk) -> None:
    await desk.appoint(await desk.add(desk.api.add_private().id, origin="admin"))
    forum = desk.api.add_supergroup(is_forum=True)
    topic = desk.api.add_topic(forum.id, "News").message_thread_id
    ids = [await desk.add(forum.id), await desk.add(forum.id, topic=topic)]
    await desk.owe(ids[0], "before")
    assert await desk.drain()
    desk.api.faults.add(Fault(FaultKind.LOST, method="sendMessage", times=2))
    for id in ids:
        await desk.owe(id, "news")
    assert await desk.drain()
    told = [(m.text, m.message_thread_id) for m in desk.api.log.messages(forum.id)]
    assert told == [("before", None), ("news", None), ("news", topic)]
    assert len({row.message_id for row in await desk.rows(messages)}) == 3


async def test_the_admin_chat_is_searched_before_copies_are_put_into_it(desk: Desk) -> None:
    office = await Office.open(desk, "channel")
    (admin,) = [row.id for row in await desk.rows(subscriber_rows) if row.origin == "admin"]
    desk.api.faults.add(Fault(FaultKind.LOST, method="sendMessage", times=2))
    await desk.owe(office.id, "news")
    await desk.owe(admin, "news")
    async with desk.store.transaction() as connection:  # as a message heard from there would
        await doubts.learn(connection, desk.api.bot.id, [(str(office.admin), 1)])
    desk.api.user_sends(office.admin, "/help")
    assert await desk.drain()
    assert office.read == ["news"]
    assert office.told[1:] == ["news"]


@pytest.mark.parametrize("lost", range(3))
async def test_a_split_message_is_found_part_by_part(desk: Desk, lost: int) -> None:
    office = await Office.open(desk, "channel")
    posting = Posting(chats=(Chat(office.chat, text="full", long="split"),))
    async with desk.store.transaction() as connection:
        summary = " ".join(f"word{number}" for number in range(1100))
        one = await add_entry(connection, "Visit", source="press", summary=summary)
        await outbox.owe(connection, [news(office.id, one)], desk.clock.now())
    desk.api.faults.add(Fault(FaultKind.LOST, chat_id=office.chat, after=lost))
    assert await desk.drain(posting)
    parts = office.read
    assert len(parts) == len(set(parts)) == 3
    assert sum(part.count("word1099") for part in parts) == 1
    assert [row.part for row in await desk.rows(messages)] == [0, 0, 1, 2]
    assert await desk.counts() == Counts(sent=2)


async def test_a_copy_left_in_the_admin_chat_is_not_taken_for_the_message(desk: Desk) -> None:
    office = await Office.open(desk, "channel")
    (admin,) = [row.id for row in await desk.rows(subscriber_rows) if row.origin == "admin"]
    await desk.owe(admin, "hello", "news")
    desk.api.faults.add(Fault(FaultKind.DROP, method="sendMessage", after=1))
    assert not await desk.drain(minutes=0.1)
    origin = {"type": "user", "date": int(NOON.timestamp()), "sender_user": desk.api.bot.as_dict()}
    desk.api.stored(desk.api.chats[office.admin], {"text": "news", "forward_origin": origin})
    assert await desk.drain()
    written = [m.text for m in desk.api.log.messages(office.admin) if m.method == "sendMessage"]
    assert written == ["hello", "news"]


async def test_what_was_sent_is_looked_for_though_it_would_read_otherwise_now(desk: Desk) -> None:
    office = await Office.open(desk, "channel")
    async with desk.store.transaction() as connection:
        one = await add_entry(connection, "Visit", source="press")
        await outbox.owe(connection, [news(office.id, one, article=9)], desk.clock.now())
    desk.api.faults.add(LOST)
    assert not await desk.drain(minutes=0.1)
    async with desk.store.transaction() as connection:
        two = await add_entry(connection, "The visit", source="embassy")
        await outbox.owe(connection, [news(office.id, two, article=9)], desk.clock.now())
    template = Chat(office.chat, template="<b>{{ title }}</b>")
    assert await desk.drain(Posting(chats=(template,)))
    assert len(office.read) == 1
    assert await desk.counts() == Counts(sent=2)


# What cannot be found out


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


# Where it can be, and what it looks like


async def places(desk: Desk, address: int | str) -> list[doubts.Places | None]:
    """Of what is in doubt there, looked at a minute later."""
    async with desk.store.transaction() as connection:
        await outbox.doubt_leftovers(connection, desk.clock.now())
        now = desk.clock.now() + seconds(60)
        claimed = await claim_next(connection, now)
        here = [one for one in claimed if one.doubtful and one.address == str(address)]
        return [await doubts.places(connection, one, PATIENCE) for one in here]


async def begin(desk: Desk) -> list[Claimed]:
    """Claim what is owed, as before calls that are never answered."""
    async with desk.store.transaction() as connection:
        claimed = await claim_next(connection, desk.clock.now())
        await doubts.begin(connection, 1, [doubts.Beginning(one, digest("x")) for one in claimed])
    return claimed


async def record(desk: Desk, one: Claimed, id: int) -> None:
    at = desk.clock.now()
    messages = ((int(one.address), id),)
    async with desk.store.transaction() as connection:
        await outbox.record(
            connection, [outbox.Outcome(one.id, DeliveryState.SENT, at, messages=messages)]
        )
        await doubts.learn(connection, 1, [(one.address, id)])


async def test_candidates_leave_out_what_is_known_to_be_another(desk: Desk) -> None:
    for address in (5, 6, -7):
        await desk.owe(await desk.add(address), "a", "b")
    for one, id in zip(await begin(desk), (100, 101, 102), strict=True):
        await record(desk, one, id)
    lost, other, group = await begin(desk)
    await record(desk, other, 104)
    await record(desk, group, 105)
    (found,) = await places(desk, lost.address)
    assert found
    assert not found.bounded
    assert found.ids == (103, *range(106, 155))


async def test_candidates_end_where_something_was_sent_too_late(desk: Desk) -> None:
    for address, number in ((5, 2), (6, 3)):
        await desk.owe(await desk.add(address), *"abc"[:number])
    for one, id in zip(await begin(desk), (100, 101), strict=True):
        await record(desk, one, id)
    lost, other = await begin(desk)
    await record(desk, other, 103)
    desk.clock.advance(PATIENCE)
    (late,) = await begin(desk)
    await record(desk, late, 106)
    assert await places(desk, lost.address) == [doubts.Places((102, 104, 105), bounded=True)]


async def test_channels_share_no_ids(desk: Desk) -> None:
    for address in (-1001234567890, 5):
        await desk.owe(await desk.add(address), "a", "b")
    for one, id in zip(await begin(desk), (7, 100), strict=True):
        await record(desk, one, id)
    lost, other = await begin(desk)
    await record(desk, other, 9)
    (found,) = await places(desk, lost.address)
    assert found
    assert found.ids == tuple(range(8, 58))


@pytest.mark.parametrize(
    ("address", "shared"),
    [("5", True), ("-7", True), ("-100200", True), ("-1001234567890", False), ("@press", False)],
)
def test_people_and_basic_groups_share_their_ids(address: str, shared: bool) -> None:
    assert doubts.shares_ids(address) == shared


@given(
    st.text(st.characters(codec="utf-8") | st.sampled_from(" \n\t\u200b\u200e\u2028"), min_size=1)
)
def test_a_digest_is_the_same_for_what_telegram_makes_of_a_text(text: str) -> None:
    try:
        kept, _ = formatted(text, "")
    except ApiError:
        return
    assert digest(kept) == digest(text)


def test_a_digest_is_of_what_a_reader_sees() -> None:
    marked = Post((Part("<b>Tom &amp; Jerry</b>\n"),), (), markup=True, silent=False)
    plain = Post((Part("x"), Part(" Tom & Jerry")), (), markup=False, silent=False)
    assert digest_of(marked, 0) == digest_of(plain, 1) == digest("Tom & Jerry")
    assert digest("Tom & Jerry") != digest("Tom & Jerry!")
    broken = Post((Part("<b>"),), (), markup=True, silent=False)
    assert digest_of(broken, 0) is None
