"""Limits and faults of the fake Bot API."""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
import telegram
from hypothesis import given
from hypothesis import strategies as st
from telegram.error import NetworkError, RetryAfter, TelegramError, TimedOut

from feedbot.clock import SimulatedClock
from feedbot.demo.botapi import FakeBotApi, Fault, FaultKind, Limits
from feedbot.demo.botapi.errors import ApiError
from feedbot.demo.botapi.limits import Windows

START = datetime(2020, 5, 27, 12, 0, tzinfo=UTC)


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock(START)


@pytest.fixture
async def api(clock: SimulatedClock) -> AsyncIterator[FakeBotApi]:
    async with FakeBotApi(clock=clock, limits=Limits.OFF) as server:
        yield server


@pytest.fixture
async def bot(api: FakeBotApi) -> AsyncIterator[telegram.Bot]:
    async with telegram.Bot(api.token, base_url=f"{api.url}/bot") as client:
        yield client


# Limits


async def test_one_message_a_second_in_a_chat(
    api: FakeBotApi, bot: telegram.Bot, clock: SimulatedClock
) -> None:
    api.limits = Limits(burst=1)
    ann, bob = api.add_private("Ann"), api.add_private("Bob")
    await bot.send_message(ann.id, "x")
    await bot.send_message(bob.id, "x")
    clock.advance(timedelta(milliseconds=999))
    with pytest.raises(RetryAfter) as refused:
        await bot.send_message(ann.id, "y")
    assert refused.value._retry_after == timedelta(seconds=1)
    assert (api.log.refused[0].error_code, api.log.refused[0].retry_after) == (429, 1)
    clock.advance(timedelta(milliseconds=1))
    await bot.send_message(ann.id, "y")
    assert len(api.log.messages(ann.id)) == 2


async def test_twenty_messages_a_minute_in_a_channel_but_not_with_a_person(
    api: FakeBotApi, bot: telegram.Bot, clock: SimulatedClock
) -> None:
    api.limits = Limits(burst=1)
    channel, person = api.add_channel(), api.add_private()
    for _ in range(20):
        await bot.send_message(channel.id, "x")
        await bot.send_message(person.id, "x")
        clock.advance(timedelta(seconds=1))
    await bot.send_message(person.id, "x")
    with pytest.raises(RetryAfter) as refused:
        await bot.edit_message_text("y", channel.id, 1)
    assert refused.value._retry_after == timedelta(seconds=40)
    clock.advance(timedelta(seconds=40))
    await bot.send_message(channel.id, "x")


async def test_thirty_messages_a_second_in_all(api: FakeBotApi, bot: telegram.Bot) -> None:
    api.limits = Limits(burst=1)
    chats = [api.add_private() for _ in range(31)]
    for chat in chats[:30]:
        await bot.send_message(chat.id, "x")
    with pytest.raises(RetryAfter):
        await bot.send_message(chats[30].id, "x")
    await bot.delete_message(chats[0].id, 1)  # is not a message
    assert await bot.get_chat(chats[0].id)


MOMENTS = st.lists(st.integers(0, 100_000), max_size=80).map(sorted)


@given(MOMENTS, st.integers(1, 5), st.booleans())
def test_no_window_ever_holds_more_than_its_limit(
    moments: list[int], limit: int, group: bool
) -> None:
    windows = Windows(Limits(per_bot=None, per_chat=limit, per_group=2 * limit, burst=1))
    accepted: list[float] = []
    for moment in moments:
        now = START + timedelta(milliseconds=moment)
        try:
            windows.check(1, group=group, messages=1, now=now)
        except ApiError as refused:
            wait = timedelta(seconds=refused.parameters["retry_after"])
            copy.deepcopy(windows).check(1, group=group, messages=1, now=now + wait)
        else:
            windows.accept(1, group=group, messages=1, now=now)
            accepted.append(moment / 1000)
    for start in accepted:
        assert sum(start <= other < start + 1 for other in accepted) <= limit
        assert not group or sum(start <= other < start + 60 for other in accepted) <= 2 * limit


def test_three_at_once_may_go_to_a_chat_and_one_a_second_in_the_long_run() -> None:
    windows = Windows(Limits())
    for moment in (0, 0, 0, 3, 4, 5, 6):
        now = START + timedelta(seconds=moment)
        windows.check(1, group=False, messages=1, now=now)
        windows.accept(1, group=False, messages=1, now=now)
    with pytest.raises(ApiError) as refused:
        windows.check(1, group=False, messages=1, now=START + timedelta(seconds=6))
    assert refused.value.parameters["retry_after"] == 1


def test_what_was_asked_for_in_vain_does_not_count() -> None:
    windows = Windows(Limits(burst=1))
    windows.accept(1, group=True, messages=1, now=START)
    for _ in range(100):
        with pytest.raises(ApiError):
            windows.check(1, group=True, messages=1, now=START)
    windows.check(1, group=True, messages=1, now=START + timedelta(seconds=1))


# Faults


@pytest.mark.parametrize("code", [400, 401, 403, 404, 409, 429, 500, 502, 503])
async def test_an_error_ordered_is_answered_once(
    api: FakeBotApi, bot: telegram.Bot, code: int
) -> None:
    chat = api.add_private()
    api.faults.add(Fault(FaultKind.ERROR, method="sendMessage", error_code=code))
    assert await bot.get_me()  # is not what was ordered
    with pytest.raises(TelegramError):
        await bot.send_message(chat.id, "x")
    assert [call.error_code for call in api.log.refused] == [code]
    assert not api.log.entries
    await bot.send_message(chat.id, "x")


async def test_faults_meet_the_calls_they_were_ordered_for(
    api: FakeBotApi, bot: telegram.Bot
) -> None:
    ann, bob = api.add_private(), api.add_channel(username="bob")
    api.faults.add(Fault(FaultKind.ERROR, chat_id=bob.id, after=1, times=2, error_code=502))
    outcomes = []
    for chat in (ann.id, bob.id, ann.id, "@bob", "@bob", bob.id):
        try:
            await bot.send_message(chat, "x")
            outcomes.append("sent")
        except NetworkError:
            outcomes.append("failed")
    assert outcomes == ["sent", "sent", "sent", "failed", "failed", "sent"]
    api.faults.add(Fault(FaultKind.ERROR, times=None, error_code=500))
    for _ in range(3):
        with pytest.raises(NetworkError):
            await bot.send_message(ann.id, "x")
    api.faults.clear()
    await bot.send_message(ann.id, "x")


async def test_a_lost_answer_was_accepted_and_a_dropped_call_was_not(
    api: FakeBotApi, bot: telegram.Bot
) -> None:
    chat = api.add_private()
    api.faults.add(Fault(FaultKind.LOST))
    api.faults.add(Fault(FaultKind.DROP))
    for text in ("lost", "dropped"):
        with pytest.raises(NetworkError) as failed:
            await bot.send_message(chat.id, text)
        assert not isinstance(failed.value, TimedOut)
    assert [(entry.text, entry.fault) for entry in api.log.entries] == [("lost", "lost")]
    assert [call.parameters["text"] for call in api.log.refused] == ["dropped"]
    assert (await bot.send_message(chat.id, "x")).message_id == 2


async def test_a_silent_server_has_accepted(api: FakeBotApi, bot: telegram.Bot) -> None:
    chat = api.add_private()
    api.faults.add(Fault(FaultKind.SILENT))
    with pytest.raises(TimedOut):
        await bot.send_message(chat.id, "x", read_timeout=0.05)
    assert [entry.fault for entry in api.log.entries] == ["silent"]


async def test_a_late_call_is_accepted_after_the_caller_has_gone(
    api: FakeBotApi, bot: telegram.Bot, clock: SimulatedClock
) -> None:
    chat = api.add_private()
    api.faults.add(Fault(FaultKind.LATE, seconds=20))
    with pytest.raises(TimedOut):
        await bot.send_message(chat.id, "x", read_timeout=0.05)
    for _ in range(1000):  # the hang-up has to cross the loopback
        if api.log.entries:
            break
        await bot.get_me()
    assert [entry.fault for entry in api.log.entries] == ["late"]
    assert api.log.entries[0].time == START + timedelta(seconds=20)


async def test_a_delay_is_waited_out_on_the_servers_clock(
    api: FakeBotApi, bot: telegram.Bot, clock: SimulatedClock
) -> None:
    chat = api.add_private()
    api.faults.add(Fault(FaultKind.DELAY, seconds=7))
    sent = await bot.send_message(chat.id, "x")
    assert sent.date == clock.now() == START + timedelta(seconds=7)
