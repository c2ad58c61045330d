"""The sites of the polling benchmark: one small server on many loopback addresses.

    python -m benchmarks.webserver 200

Prints its roots as one line of JSON and serves until SIGTERM. Every root answers two paths:
`/validated` with an ETag, and 304 to who has it; `/plain` with the same body and no validators. It
speaks just enough HTTP/1.1 to be no brake: an answer is one write of bytes made beforehand.
"""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import sys

from benchmarks.pages import listing

#: What a poll of a listing fetches when it has changed, or when the site has no validators.
BODY_BYTES = 20_000
_ETAG = b'"1"'


class Sites(asyncio.Protocol):
    """One connection."""

    def __init__(self, validated: bytes, plain: bytes) -> None:
        self._validated = validated
        self._plain = plain
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
        if request.startswith(b"GET /plain "):
            return self._plain
        if b": " + _ETAG in request:
            return b"HTTP/1.1 304 Not Modified\r\nETag: " + _ETAG + b"\r\n\r\n"
        return self._validated


def _answers() -> tuple[bytes, bytes]:
    body = listing(BODY_BYTES)
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n"
    head += b"Content-Length: %d\r\n" % len(body)
    return head + b"ETag: " + _ETAG + b"\r\n\r\n" + body, head + b"\r\n" + body


def addresses(count: int) -> list[str]:
    """Loopback addresses all over 127.0.0.0/8: no two in one /16."""
    return [f"127.{1 + number % 250}.{number * 7 % 250}.{1 + number}" for number in range(count)]


async def _serve(count: int) -> None:
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    validated, plain = _answers()
    roots = []
    for address in addresses(count):
        # It says TCP by name: without that asyncio leaves Nagle's delay on.
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.bind((address, 0))
        await loop.create_server(lambda: Sites(validated, plain), sock=listener)
        roots.append(f"http://{address}:{listener.getsockname()[1]}")
    print(json.dumps(roots), flush=True)
    await ended.wait()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))
