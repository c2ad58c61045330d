"""Limits, faults, updates, control and standalone running of the fake Bot API."""

from __future__ import annotations

import asyncio
import copy
import signal
import socket
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest
import telegram
from hypothesis import given
from hypothesis import strategies as st
from telegram import ChatMemberUpdated
from telegram.error import Conflict, NetworkError, RetryAfter, TelegramError, TimedOut
from telegram.ext import ApplicationBuilder, CommandHandler
from telegram.ext import ContextTypes as Types

from feedbot.clock import SimulatedClock
from feedbot.demo.botapi import FakeBotApi, Fault, FaultKind, Limits, chat_as_text, read_log
from feedbot.demo.botapi.__main__ import main
from feedbot.demo.botapi.errors import ApiError
from feedbot.demo.botapi.limits import Windows

Context = Types.DEFAULT_TYPE
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


@pytest.fixture
async def control(api: FakeBotApi) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=f"{api.url}/control") as client:
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


# Updates


async def test_what_people_write_arrives_once_confirmed_never_again(
    api: FakeBotApi, bot: telegram.Bot
) -> None:
    ann = api.add_private("Ann", started=False)
    api.user_sends(ann.id, "/start press")
    first, *rest = await bot.get_updates()
    assert not rest
    assert first.message
    assert first.message.text == "/start press"
    assert first.message.parse_entities(["bot_command"]).popitem()[1] == "/start"
    assert first.message.from_user
    assert first.message.from_user.first_name == "Ann"
    assert (await bot.get_updates())[0].update_id == first.update_id
    assert not await bot.get_updates(offset=first.update_id + 1)
    await bot.send_message(ann.id, "welcome")  # whoever writes first may be written to


async def test_in_a_group_the_bot_hears_what_is_meant_for_it(
    api: FakeBotApi, bot: telegram.Bot
) -> None:
    group = api.add_supergroup()
    ours = await bot.send_message(group.id, "hello")
    for text in ("just talking", "/help", "hi @feedbot_demo_bot", "a/b"):
        api.user_sends(group.id, text)
    api.user_sends(group.id, "an answer", reply_to=ours.message_id)
    heard = [update.message.text for update in await bot.get_updates() if update.message]
    assert heard == ["/help", "hi @feedbot_demo_bot", "an answer"]
    api.set_bot_status(group.id, "administrator")
    api.user_sends(group.id, "talking on")
    assert len(await bot.get_updates()) == 5


async def test_a_long_poll_ends_with_the_first_update(api: FakeBotApi, bot: telegram.Bot) -> None:
    ann = api.add_private("Ann")
    poll = asyncio.create_task(bot.get_updates(timeout=30))
    while not api.updates.polled:
        await bot.get_me()
    api.user_sends(ann.id, "hi")
    assert [update.message.text for update in await poll if update.message] == ["hi"]


async def test_a_second_poll_ends_the_first_with_409(api: FakeBotApi, bot: telegram.Bot) -> None:
    first = asyncio.create_task(bot.get_updates(timeout=30))
    while not api.updates.polled:
        await bot.get_me()
    ann = api.add_private("Ann")
    async with telegram.Bot(api.token, base_url=f"{api.url}/bot") as rival:
        second = asyncio.create_task(rival.get_updates(timeout=30))
        with pytest.raises(Conflict, match="terminated by other getUpdates request"):
            await first
        api.user_sends(ann.id, "hi")
        assert len(await second) == 1
    assert api.log.refused[0].error_code == 409


async def test_only_the_kinds_asked_for_are_kept(api: FakeBotApi, bot: telegram.Bot) -> None:
    ann, group = api.add_private("Ann"), api.add_supergroup(bot_status="administrator")
    api.set_member(group.id, api.users[ann.id], "member")  # chat_member: not by default
    await bot.get_updates(allowed_updates=["my_chat_member"])
    api.user_sends(ann.id, "hi")
    api.block(ann.id)
    api.set_bot_status(group.id, "kicked")
    changes = [update.my_chat_member for update in await bot.get_updates()]
    assert [(c.chat.id, c.new_chat_member.status) for c in changes if c] == [
        (ann.id, "kicked"),
        (group.id, "kicked"),
    ]
    assert len(await bot.get_updates(offset=-1)) == 1
    assert len(api.updates.waiting) == 1


async def test_whoever_blocked_the_bot_unblocks_it_by_writing(
    api: FakeBotApi, bot: telegram.Bot
) -> None:
    ann = api.add_private("Ann")
    api.block(ann.id)
    api.user_sends(ann.id, "/start")
    seen = [(u.my_chat_member or u.message) for u in await bot.get_updates()]
    changes = [c.new_chat_member.status for c in seen if isinstance(c, ChatMemberUpdated)]
    assert (changes, len(seen)) == (["kicked", "member"], 3)
    await bot.send_message(ann.id, "welcome back")


async def test_a_whole_bot_polls_and_answers(api: FakeBotApi) -> None:
    async def greet(update: telegram.Update, context: Context) -> None:
        assert update.message
        await update.message.reply_html("<b>Welcome</b>")
        answered.set()

    answered = asyncio.Event()
    ann = api.add_private("Ann", started=False)
    root = f"{api.url}/bot"
    application = ApplicationBuilder().token(api.token).base_url(root).build()
    application.add_handler(CommandHandler("start", greet))
    async with application:
        assert application.updater
        await application.start()
        await application.updater.start_polling()
        api.user_sends(ann.id, "/start")
        await answered.wait()
        await application.updater.stop()
        await application.stop()
    assert [entry.text for entry in api.log.messages(ann.id)] == ["Welcome"]
    assert not api.updates.waiting
    assert not api.log.refused


# Control


async def test_everything_can_be_ordered_and_read_over_http(
    api: FakeBotApi, bot: telegram.Bot, control: httpx.AsyncClient
) -> None:
    forum = {"title": "Talk", "is_forum": True, "bot_status": "administrator"}
    wanted = {"type": "supergroup", **forum}
    talk = (await control.post("/chats", json=wanted)).json()["id"]
    topic = (await control.post(f"/chats/{talk}", json={"topic": "News"})).json()
    await bot.send_message(talk, "<b>x</b>", parse_mode="HTML", **topic)
    update = {"chat_id": talk, "text": "/stop", **topic}
    assert (await control.post("/updates", json=update)).json()["text"] == "/stop"
    faults = [{"kind": "lost"}, {"kind": "error", "method": "getMe", "error_code": 502}]
    assert (await control.post("/faults", json=faults)).json() == {"faults": 2}
    assert (await control.get("/faults")).json()[1]["error_code"] == 502
    assert (await control.delete("/faults")).json() == {"faults": 0}
    await control.post("/limits", json={"per_chat": 1, "per_group": 1})
    with pytest.raises(RetryAfter):
        await bot.send_message(talk, "y")
        await bot.send_message(talk, "z")
    await control.post(f"/chats/{talk}", json={"bot_status": "kicked"})
    log = (await control.get("/log", params={"chat_id": talk})).json()
    assert (log[0]["text"], log[0]["message_thread_id"]) == ("x", 1)
    assert datetime.fromisoformat(log[0]["time"]) == START
    assert (await control.get("/refused")).json()[0]["retry_after"] == 60
    assert (await control.get("/chats")).json()[0]["bot_status"] == "kicked"
    assert "News" not in (text := (await control.get(f"/chats/{talk}/text")).text)
    assert text.startswith("Group “Talk”: 2 messages")


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/chats", {"type": "party"}, 400),
        ("/chats", {"type": "group", "colour": 1}, 400),
        ("/chats/5", {"topic": "x"}, 404),
        ("/updates", {"chat_id": 5, "text": "x"}, 404),
        ("/faults", {"kind": "flood"}, 400),
        ("/limits", {"per_day": 1}, 400),
    ],
)
async def test_a_wrong_order_is_refused(
    control: httpx.AsyncClient, path: str, body: dict[str, object], status: int
) -> None:
    answer = await control.post(path, json=body)
    assert answer.status_code == status
    assert answer.json()["error"]


# What one sees


async def test_the_chat_as_its_reader_sees_it(
    api: FakeBotApi, bot: telegram.Bot, clock: SimulatedClock
) -> None:
    chat = api.add_channel("Embassy press", username="embassy")
    title = '<b><a href="https://example.org/a">A statement</a></b>\n\n' + "word " * 30
    await bot.send_message(chat.id, title, parse_mode="HTML")
    clock.advance(timedelta(hours=1))
    await bot.send_message(chat.id, "815 days")
    await bot.send_message(chat.id, "wrong")
    await bot.edit_message_text("816 days", chat.id, 2)
    await bot.pin_chat_message(chat.id, 2)
    await bot.delete_message(chat.id, 3)
    assert chat_as_text(api.log, chat.id, zone=ZoneInfo("Europe/London")) == (
        "Channel “Embassy press” (@embassy): 2 messages\n"
        f"{'─' * 78}\n"
        "27 May 2020 13:00 BST\n"
        "  A statement\n"
        "\n"
        f"  {('word ' * 15).strip()}\n"
        f"  {('word ' * 15).strip()}\n"
        "  → https://example.org/a\n"
        "\n"
        "27 May 2020 14:00 BST · edited · pinned\n"
        "  816 days\n"
    )
    assert chat_as_text(api.log, 5).startswith("Chat “5”: no messages")


# In a process of its own


async def test_it_runs_alone_and_ends_at_sigterm(tmp_path: Path) -> None:
    log = tmp_path / "calls.jsonl"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "feedbot.demo.botapi", "--port", "0", "--log", str(log),
        "--chat", "channel:@press:Press room", "--chat", "forum:-1007", "--chat", "private:42:Ann",
        "--chat", "group", "--token", "77:secret", stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout
    assert process.stderr
    url = (await process.stdout.readline()).decode().strip()
    async with telegram.Bot("77:secret", base_url=f"{url}/bot") as bot:
        sent = await bot.send_message("@press", "x")
        assert (await bot.get_chat(-1007)).is_forum
        await bot.send_message(42, "x")
        poll = asyncio.create_task(bot.get_updates(timeout=40))
        await bot.get_me()
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0
        with pytest.raises(NetworkError):
            await poll
    assert (await process.stderr.read()).decode() == ""
    assert sent.chat.title == "Press room"
    assert [entry.chat_id for entry in read_log(log).entries] == [sent.chat.id, 42]


def test_a_taken_port_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["--port", str(port)]) == 2
    assert capsys.readouterr().err == f"127.0.0.1:{port}: Address already in use\n"


@pytest.mark.parametrize("chat", ["party", "channel:x"])
def test_a_wrong_chat_is_a_usage_error(chat: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--chat", chat])
    assert ended.value.code == 2
    assert "argument --chat" in capsys.readouterr().err
