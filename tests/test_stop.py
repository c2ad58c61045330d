"""SIGTERM ends `feedbot run` in time whatever it is doing."""

from __future__ import annotations

import asyncio
import signal
import time
from pathlib import Path

from tests.commands import Desk

_ITEM = (
    "<item><title>t{0}</title><guid>g{0}</guid><link>https://press.example.org/{0}</link>"
    "<pubDate>Wed, 27 May 2020 14:30:00 GMT</pubDate></item>"
)


async def test_feeds_that_take_long_to_read_keep_it_no_longer(tmp_path: Path) -> None:
    """Three at once, of the largest size there may be: no thread can be told to stop."""
    items = "".join(map(_ITEM.format, range(20_000)))
    feed = f"<rss version='2.0'><channel><title>x</title>{items}</channel></rss>".encode()
    assert len(feed) < 3_000_000
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(feed)}\r\nConnection: close\r\n\r\n"
    served = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal served
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head.encode() + feed)
        await writer.drain()
        writer.close()
        served += 1

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with Desk(tmp_path) as desk, server:
        desk.config["sources"] = [{"name": name, "url": f"{url}/{name}"} for name in "abc"]
        async with desk.running() as running:
            await running.until(lambda: served == 3)
            began = time.monotonic()
            assert await running.end(signal.SIGTERM) == 0
            assert time.monotonic() - began < 10
            assert "Traceback" not in running.err
