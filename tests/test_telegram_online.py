"""`check --online`, proxies, secrets, and the service as the program uses it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import pytest
import sqlalchemy as sa

from feedbot.clock import SystemClock
from feedbot.config.settings import Settings
from feedbot.demo.botapi import FakeBotApi, Fault, FaultKind, Limits
from feedbot.store import outbox, subscribers
from feedbot.store.engine import Store
from feedbot.telegram import Telegram, check_online
from feedbot.telegram.client import close_bot, create_bot, mask
from tests.outboxes import owe_texts, seconds, until


@pytest.fixture
async def api() -> AsyncIterator[FakeBotApi]:
    async with FakeBotApi(limits=Limits.OFF) as server:
        yield server


def settings(api: FakeBotApi, *chats: int | str, **telegram: object) -> Settings:
    return Settings.model_validate(
        {
            "telegram": {
                "token": api.token,
                "api_url": api.url,
                "chats": [{"id": chat} for chat in chats],
                **telegram,
            }
        }
    )


# check --online


async def test_where_all_is_well_each_chat_is_named(api: FakeBotApi) -> None:
    channel = api.add_channel("Press", username="press")
    group, person = api.add_supergroup("Team"), api.add_private("Ann")
    found = await check_online(settings(api, "@press", group.id, admin_chat=person.id))
    assert found.problems == ()
    assert [line.partition(":")[0] for line in found.lines] == [
        "bot", "chat @press", f"chat {group.id}", f"chat {person.id}",
    ]  # fmt: skip
    assert channel.messages == {}  # nothing was sent


async def test_every_chat_that_is_wrong_is_named_with_its_cure(api: FakeBotApi) -> None:
    idle = api.add_channel("Idle", bot_status="member")
    mute = api.add_channel("Mute")
    api.set_bot_status(mute.id, "administrator", {"can_post_messages": False})
    out = api.add_supergroup("Out", bot_status="kicked")
    left = api.add_group("Left", bot_status="left")
    shut = api.add_supergroup("Shut")
    shut.permissions["can_send_messages"] = False
    muzzled = api.add_supergroup("Muzzled", bot_status="restricted")
    fine = api.add_supergroup("Fine")
    wrong: list[int | str] = ["@nobody", idle.id, mute.id, out.id, left.id, shut.id, muzzled.id]
    found = await check_online(settings(api, *wrong, fine.id))
    assert [line.split()[1].rstrip(":") for line in found.problems] == [str(id) for id in wrong]
    cures = ("add the bot", "administrator", "administrator", "add the bot", "add the bot",
             "let the bot", "let the bot")  # fmt: skip
    for line, cure in zip(found.problems, cures, strict=True):
        assert cure in line


async def test_a_refused_token_is_the_one_problem(api: FakeBotApi) -> None:
    api.faults.add(Fault(FaultKind.ERROR, error_code=401, times=None))
    found = await check_online(settings(api, "@press"))
    (problem,) = found.problems
    assert problem.startswith("telegram.token:")
    assert "BotFather" in problem
    assert api.token not in problem


async def test_no_answer_is_about_the_address(api: FakeBotApi) -> None:
    await api.aclose()
    (problem,) = (await check_online(settings(api))).problems
    assert problem.startswith("telegram.api_url:")
    assert api.token not in problem


async def test_without_a_token_nothing_will_be_posted() -> None:
    found = await check_online(Settings())
    assert "nothing will be posted" in found.lines[0]
    assert found.problems == ()


# Secrets


@pytest.mark.shows_secrets  # as they are before they are masked
async def test_no_log_at_any_level_holds_the_token_once_masked(
    api: FakeBotApi, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    bot = create_bot(api.token, api.url)
    await bot.get_me()
    await close_bot(bot)
    assert "getMe" in caplog.text
    assert api.token.partition(":")[2] not in mask(caplog.text)


# Proxies


class Relay:
    """A proxy on loopback that only ever connects to loopback: HTTP (absolute URLs) or SOCKS5."""

    def __init__(self) -> None:
        self.passed = 0
        self.url = ""

    async def start(self, kind: str) -> asyncio.Server:
        handler = self._socks if kind == "socks5" else self._http
        server = await asyncio.start_server(handler, "127.0.0.1", 0)
        self.url = f"{kind}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        return server

    async def _http(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        method, url, rest = head.split(b" ", 2)
        host, _, path = url.removeprefix(b"http://").partition(b"/")
        port = int(host.partition(b":")[2])
        await self._pass(reader, writer, port, method + b" /" + path + b" " + rest)

    async def _socks(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """RFC 1928, no authentication, an IPv4 address or a name."""
        methods = (await reader.readexactly(2))[1]
        await reader.readexactly(methods)
        writer.write(b"\x05\x00")
        kind = (await reader.readexactly(4))[3]
        await reader.readexactly(4 if kind == 1 else (await reader.readexactly(1))[0])
        port = int.from_bytes(await reader.readexactly(2), "big")
        writer.write(b"\x05\x00\x00\x01\x7f\x00\x00\x01" + port.to_bytes(2, "big"))
        await self._pass(reader, writer, port, b"")

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int, first: bytes
    ) -> None:
        self.passed += 1
        there, back = await asyncio.open_connection("127.0.0.1", port)
        back.write(first)
        await asyncio.gather(_copy(reader, back), _copy(there, writer))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(65536):
        writer.write(chunk)
    writer.close()


@pytest.mark.parametrize("kind", ["http", "socks5"])
async def test_a_proxy_is_used(api: FakeBotApi, kind: str) -> None:
    relay = Relay()
    server = await relay.start(kind)
    chat = api.add_private()
    bot = create_bot(api.token, api.url, relay.url)
    await bot.send_message(chat.id, "through a proxy")
    await close_bot(bot)
    server.close()
    assert relay.passed == 1
    assert [message.text for message in api.log.messages()] == ["through a proxy"]


async def test_a_proxy_with_credentials_sends_them(api: FakeBotApi) -> None:
    seen = []

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 2\r\n\r\n{}")
        writer.close()

    server = await asyncio.start_server(proxy, "127.0.0.1", 0)
    url = f"http://ann:secret@127.0.0.1:{server.sockets[0].getsockname()[1]}"
    (problem,) = (await check_online(settings(api, proxy=url))).problems
    server.close()
    assert b"proxy-authorization: basic yw5uonnly3jlda==" in seen[0].lower()
    assert "secret" not in problem


# The service


async def test_the_service_delivers_hears_and_ends(api: FakeBotApi, tmp_path: Path) -> None:
    store = await Store.open(f"sqlite:///{tmp_path}/feedbot.db")
    clock = SystemClock()
    channel, ann = api.add_channel(), api.add_private("Ann")
    wanted = settings(api, channel.id)
    telegram = Telegram.build(wanted, store, clock, Random(1))
    assert telegram is not None
    async with telegram:
        telegram.start()
        async with store.transaction() as connection:
            await subscribers.sync_config(connection, wanted.effective_chats(), None, clock.now())
            row = await subscribers.find(connection, channel.id, 0)
            assert row is not None
            await owe_texts(connection, row.id, ["hello"], clock.now())
        telegram.wake()
        api.user_sends(ann.id, "/start")
        await until(lambda: len(api.log.messages()) == 2)
        telegram.configure(settings(api, channel.id, open=False))
        bob = api.add_private("Bob")
        api.user_sends(bob.id, "/start")
        await until(lambda: len(api.log.messages(bob.id)) == 1)
        assert "no new followers" in api.log.messages(bob.id)[0].text
        assert telegram.trouble is None
        await telegram.shutdown(seconds(8))
    async with store.reading() as connection:
        counts = await outbox.counts(connection)
    assert (counts.owed, counts.sent) == (0, 3)
    await store.close()


async def test_a_service_that_breaks_says_so(
    api: FakeBotApi, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = await Store.open(f"sqlite:///{tmp_path}/feedbot.db")
    async with store.transaction() as connection:
        await connection.execute(
            sa.text("INSERT INTO bots (id, hold_until) VALUES (110201543, 'x')")
        )
    telegram = Telegram.build(settings(api), store, SystemClock(), Random(1))
    assert telegram is not None
    with pytest.raises(ValueError, match="'x'"):
        async with telegram:
            telegram.start()
            await until(lambda: telegram.trouble is not None)
    assert "restart" in (telegram.trouble or "")
    assert "CRITICAL" in caplog.text
    await store.close()


async def test_without_a_token_there_is_no_service(tmp_path: Path) -> None:
    store = await Store.open(f"sqlite:///{tmp_path}/feedbot.db")
    assert Telegram.build(Settings(), store, SystemClock(), Random(1)) is None
    await store.close()
