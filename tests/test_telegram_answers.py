"""What each answer means: the table, and failures made by real sockets."""

from __future__ import annotations

import asyncio
import socket
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack, asynccontextmanager
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)

from feedbot.telegram.answers import Answer, Verdict, understand
from feedbot.telegram.client import CONNECTIONS, close_bot, create_bot, send
from feedbot.telegram.settle import backoff
from tests.confined import knowing_hosts
from tests.require import needs

TOKEN = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"
TIMEOUTS = ("read_timeout", "write_timeout", "connect_timeout")
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (Forbidden("Forbidden: bot was blocked by the user"), Verdict.GONE),
        (Forbidden("Forbidden: bot was kicked from the channel chat"), Verdict.GONE),
        (Forbidden("Forbidden: user is deactivated"), Verdict.GONE),
        (BadRequest("Bad Request: chat not found"), Verdict.GONE),
        (BadRequest("Bad Request: PEER_ID_INVALID"), Verdict.GONE),
        (BadRequest("Bad Request: need administrator rights in the channel chat"), Verdict.GONE),
        (
            BadRequest("Bad Request: not enough rights to send text messages to the chat"),
            Verdict.GONE,
        ),
        (BadRequest("Bad Request: have no rights to send a message"), Verdict.GONE),
        (BadRequest("Bad Request: CHAT_WRITE_FORBIDDEN"), Verdict.GONE),
        (BadRequest("Bad Request: TOPIC_CLOSED"), Verdict.GENERAL),
        (BadRequest("Bad Request: message thread not found"), Verdict.GENERAL),
        (BadRequest("Bad Request: can't parse entities: unsupported start tag"), Verdict.PLAIN),
        (BadRequest("Bad Request: not enough rights to send photos to the chat"), Verdict.BARE),
        (BadRequest("Bad Request: WEBPAGE_NOT_FOUND"), Verdict.BARE),
        (BadRequest("Bad Request: message text is empty"), Verdict.REFUSED),
        (BadRequest("Bad Request: message is too long"), Verdict.SPLIT),
        (BadRequest("Bad Request: wrong file identifier/HTTP URL specified"), Verdict.BARE),
        (BadRequest("Bad Request: SOMETHING_NEW"), Verdict.UNKNOWN),
        (BadRequest("Too Many Requests"), Verdict.LATER),
        (Conflict("Conflict: terminated by other getUpdates request"), Verdict.UNSENT),
        (InvalidToken("Unauthorized"), Verdict.TOKEN),
        (NetworkError("Internal Server Error"), Verdict.DOUBT),
        (NetworkError("Bad Gateway"), Verdict.DOUBT),
        (TelegramError("Invalid server response"), Verdict.DOUBT),
        (TimedOut(), Verdict.DOUBT),
    ],
)
def test_the_table(error: TelegramError, verdict: Verdict) -> None:
    assert understand(error).verdict == verdict


def test_what_comes_with_an_answer_is_kept() -> None:
    assert understand(RetryAfter(37)) == Answer(
        Verdict.LATER,
        "Flood control exceeded. Retry in 37 seconds",
        retry_after=timedelta(seconds=37),
    )
    for text, wait in (("FLOOD_WAIT_9", 9), ("Too Many Requests: retry after 8", 8)):
        assert understand(BadRequest(text)).retry_after == timedelta(seconds=wait)
    moved = understand(ChatMigrated(-100777))
    assert (moved.verdict, moved.new_address) == (Verdict.MIGRATED, "-100777")


@pytest.mark.parametrize(
    ("cause", "verdict"),
    [
        (httpx.PoolTimeout("full"), Verdict.UNSENT),
        (httpx.ConnectError("refused"), Verdict.UNSENT),
        (httpx.ConnectTimeout("slow"), Verdict.UNSENT),
        (httpx.ProxyError("407"), Verdict.UNSENT),
        (httpx.ReadTimeout("slow"), Verdict.DOUBT),
        (httpx.WriteTimeout("slow"), Verdict.DOUBT),
        (httpx.ReadError("reset"), Verdict.DOUBT),
        (httpx.RemoteProtocolError("cut off"), Verdict.DOUBT),
    ],
)
def test_httpxs_own_transport_tells_by_its_errors(cause: Exception, verdict: Verdict) -> None:
    error = NetworkError("httpx")
    error.__cause__ = cause
    assert understand(error).verdict == verdict


def test_an_error_holds_no_token() -> None:
    error = NetworkError(f"https://api.telegram.org/bot{TOKEN}/sendMessage")
    error.__cause__ = httpx.ConnectError(f"/bot{TOKEN}/")
    assert "110201543" not in understand(error).error


@asynccontextmanager
async def server(handler: Handler) -> AsyncIterator[str]:
    """A server that does with a connection whatever it likes; its URL."""
    listening = await asyncio.start_server(handler, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    listening.close()


async def said_by(url: str, seconds: float = 5, text: str = "hello") -> Answer:
    """What a message sent there leads to."""
    bot = create_bot(TOKEN, url)
    try:
        timeouts: dict[str, Any] = dict.fromkeys(TIMEOUTS, seconds)
        await bot.send_message(1, text, **timeouts)
    except TelegramError as error:
        return understand(error)
    finally:
        await close_bot(bot)
    raise AssertionError("the message was accepted")


async def request(reader: asyncio.StreamReader) -> None:
    """Take the whole request: head, then as many bytes as it says."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        int(line.partition(b":")[2])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length")
    )
    await reader.readexactly(length)


async def close_at_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await request(reader)
    writer.close()


async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await request(reader)
    writer.transport.abort()


async def cut_off(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await request(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{")
    writer.close()


async def not_json(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await request(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n<html")
    await writer.drain()
    writer.close()


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await request(reader)
    await reader.read()
    writer.close()


@pytest.mark.parametrize("handler", [close_at_once, reset, cut_off, not_json, silent])
async def test_whatever_breaks_after_the_request_leaves_doubt(handler: Handler) -> None:
    async with server(handler) as url:
        assert (await said_by(url, seconds=0.2)).verdict == Verdict.DOUBT


async def test_a_server_that_stops_reading_leaves_doubt_and_holds_nothing_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:  # its kernel takes what fits, no more
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        answer = await said_by(url, seconds=0.2, text="x" * 20_000_000)
    assert answer.verdict == Verdict.DOUBT
    assert "in time" in answer.error


async def test_a_connection_that_is_never_made_leaves_none() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        address = full.getsockname()
        with ExitStack() as queue:
            for _ in range(2):  # who comes after them is not let in
                one = queue.enter_context(socket.socket())
                one.setblocking(False)
                one.connect_ex(address)
            answer = await said_by(f"http://127.0.0.1:{address[1]}", seconds=0.3)
    assert answer.verdict == Verdict.UNSENT


async def test_a_connection_refused_leaves_none() -> None:
    async with server(close_at_once) as url:
        pass
    assert (await said_by(url)).verdict == Verdict.UNSENT


async def test_no_connection_left_leaves_none() -> None:
    async with server(silent) as url:
        bot = create_bot(TOKEN, url)
        held = [asyncio.create_task(bot.send_message(1, "hello")) for _ in range(CONNECTIONS)]
        await asyncio.sleep(0)
        with pytest.raises(TelegramError) as caught:
            await bot.send_message(1, "one more", pool_timeout=0.2)
        for task in held:
            task.cancel()
        await asyncio.gather(*held, return_exceptions=True)
        await close_bot(bot)
    assert understand(caught.value).verdict == Verdict.UNSENT


@pytest.mark.parametrize("code", [500, 502, 504])
async def test_an_error_of_the_server_leaves_doubt(code: int) -> None:
    async def fail(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(f"HTTP/1.1 {code} Failed\r\nContent-Length: 0\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    async with server(fail) as url:
        assert (await said_by(url)).verdict == Verdict.DOUBT


@pytest.mark.parametrize("body", [b'{"ok":true}', b'{"ok":true,"result":true}', b"[]"])
async def test_an_answer_that_names_no_message_leaves_doubt(body: bytes) -> None:
    async def agree(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()
        writer.close()

    async with server(agree) as url:
        bot = create_bot(TOKEN, url)
        with pytest.raises(TelegramError) as caught:
            await send(bot, "sendMessage", {"chat_id": 1, "text": "hello"})
        await close_bot(bot)
    assert understand(caught.value).verdict == Verdict.DOUBT


@needs("namespaces")
async def test_a_host_that_is_no_name_leaves_none(tmp_path: Path) -> None:
    """In a process that asks no name server."""
    code = (
        "import asyncio; from tests.test_telegram_answers import said_by;"
        "print(asyncio.run(said_by('http://telegram.invalid')).verdict)"
    )
    words = (*knowing_hosts(tmp_path, "127.0.0.1 localhost"), sys.executable, "-c", code)
    process = await asyncio.create_subprocess_exec(*words, stdout=PIPE)
    said, _ = await process.communicate()
    assert said.decode().strip() == Verdict.UNSENT


@pytest.mark.parametrize(
    ("code", "verdict"),
    [(413, Verdict.SPLIT), (418, Verdict.UNKNOWN), (404, Verdict.TOKEN), (409, Verdict.UNSENT)],
)
async def test_a_request_that_is_refused_leaves_no_doubt(code: int, verdict: Verdict) -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(
            f"HTTP/1.1 {code} {HTTPStatus(code).phrase}\r\nContent-Length: 0\r\n\r\n".encode()
        )
        await writer.drain()
        writer.close()

    async with server(refuse) as url:
        assert (await said_by(url)).verdict == verdict


def test_the_pause_doubles_up_to_five_minutes() -> None:
    pauses = [backoff(attempts, Random(attempts)).total_seconds() for attempts in range(1, 60)]
    for attempts, pause in enumerate(pauses, 1):
        full = min(300, 2 ** (attempts - 1))
        assert full / 2 <= pause <= full
