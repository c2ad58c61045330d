"""Updates, control and standalone running of the fake Bot API."""

from __future__ import annotations

import asyncio
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
from telegram import ChatMemberUpdated
from telegram.error import Conflict, NetworkError, RetryAfter
from telegram.ext import ApplicationBuilder, CommandHandler
from telegram.ext import ContextTypes as Types

from feedbot.clock import SimulatedClock
from feedbot.demo.botapi import FakeBotApi, Limits, chat_as_text, read_log
from feedbot.demo.botapi.__main__ import main

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
