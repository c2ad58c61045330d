"""The Bot API's calls over aiohttp: where they go, and what they do not listen to."""

from __future__ import annotations

import asyncio
import gzip

import pytest
from telegram.error import TelegramError

from feedbot.demo.botapi import FakeBotApi
from feedbot.telegram.client import close_bot, create_bot
from tests.test_telegram_answers import TOKEN, request, server


async def test_the_environment_names_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    async with FakeBotApi() as api:
        bot = create_bot(api.token, api.url)
        assert (await bot.get_me()).is_bot
        await close_bot(bot)


async def test_a_redirect_is_not_followed() -> None:
    asked: list[bytes] = []

    async def elsewhere(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readline())
        writer.close()

    async def redirect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        location = f"Location: {other}/bot{TOKEN}/sendMessage\r\n".encode()
        writer.write(b"HTTP/1.1 307 Go\r\nContent-Length: 0\r\n" + location + b"\r\n")
        writer.close()

    async with server(elsewhere) as other, server(redirect) as url:
        bot = create_bot(TOKEN, url)
        with pytest.raises(TelegramError, match="307"):
            await bot.send_message(1, "hello")
        await close_bot(bot)
    assert asked == []


async def test_a_packed_answer_is_read() -> None:
    body = gzip.compress(b'{"ok":true,"result":{"id":7,"is_bot":true,"first_name":"Bot"}}')

    async def pack(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()
        writer.close()

    async with server(pack) as url:
        bot = create_bot(TOKEN, url)
        assert (await bot.get_me()).id == 7
        await close_bot(bot)


async def test_the_time_out_of_a_call_is_its_own() -> None:
    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        await reader.read()

    async with server(slow) as url:
        bot = create_bot(TOKEN, url)
        async with asyncio.timeout(5):
            with pytest.raises(TelegramError):
                await bot.get_updates(read_timeout=0.1)
        await close_bot(bot)
