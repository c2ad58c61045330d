"""The sites of the polling benchmark: one small server on many loopback addresses.

    python -m benchmarks.webserver 200

Prints its roots as one line of JSON and serves until SIGTERM. Every root answers, with a page or
(below `/feed/`) a feed: `…validated` with an ETag, and 304 to who has it; `…plain` with the same
body and no validators; a query makes no difference. Anything else is not found. It speaks just
enough HTTP/1.1 to be no brake: an answer is one write of bytes made beforehand.
"""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import sys
from collections.abc import Mapping

from benchmarks.pages import feed, listing

#: What a poll of a listing fetches when it has changed, or when the site has no validators.
BODY_BYTES = 20_000
_ETAG = b'"1"'


class Sites(asyncio.Protocol):
    """One connection."""

    def __init__(self, answers: Mapping[bytes, bytes]) -> None:
        self._answers = answers
        self._received = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection up."""
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every request that is whole."""
        assert self._transport is not None
        *requests, self._received = (self._received + data).split(b"\r\n\r\n")
        for request in requests:
            self._transport.write(self._answer(request))

    def _answer(self, request: bytes) -> bytes:
        path = request.split(b" ", 2)[1].partition(b"?")[0]
        if path.endswith(b"validated") and b": " + _ETAG in request:
            return b"HTTP/1.1 304 Not Modified\r\nETag: " + _ETAG + b"\r\n\r\n"
        return self._answers.get(path, b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")


def _answers() -> dict[bytes, bytes]:
    found = {}
    for place, kind, body in (
        (b"/", b"text/html; charset=utf-8", listing(BODY_BYTES)),
        (b"/feed/", b"application/rss+xml", feed()),
    ):
        head = b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\n" % kind
        head += b"Content-Length: %d\r\n" % len(body)
        found[place + b"validated"] = head + b"ETag: " + _ETAG + b"\r\n\r\n" + body
        found[place + b"plain"] = head + b"\r\n" + body
    return found


def addresses(count: int) -> list[str]:
    """Loopback addresses all over 127.0.0.0/8: no two in one /16."""
    return [f"127.{1 + number % 250}.{number * 7 % 250}.{1 + number}" for number in range(count)]


async def _serve(count: int) -> None:
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    answers = _answers()
    roots = []
    for address in addresses(count):
        # It says TCP by name: without that asyncio leaves Nagle's delay on.
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.bind((address, 0))
        await loop.create_server(lambda: Sites(answers), sock=listener)
        roots.append(f"http://{address}:{listener.getsockname()[1]}")
    print(json.dumps(roots), flush=True)
    await ended.wait()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))
