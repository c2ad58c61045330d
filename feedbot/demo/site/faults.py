"""What can go wrong with a web server, on demand, so that readers of it can be tried.

A layer between server and site: paths without a fault pass through untouched.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send


@dataclass(frozen=True, slots=True)
class Drip:
    """Send `size` bytes at a time with `pause` seconds in between."""

    size: int
    pause: float


@dataclass(frozen=True, slots=True)
class Fault:
    """How the answers of one path are spoilt; what is left out stays as the site gives it.

    status:     instead of the site's; without `body`, the body then only names it
    headers:    set over those of the answer
    body:       instead of the site's
    repeat:     the body is sent this many times over, without being held in memory
    length:     False: no Content-Length, the body goes in chunks
    delay:      seconds before the first byte
    hold:       nothing is sent until this event is set
    drop_after: the connection is dropped after this many bytes of the body
    drip:       how slowly the body goes
    times:      how many requests are struck before the path is well again; None: all
    """

    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    repeat: int = 1
    length: bool = True
    delay: float = 0.0
    hold: asyncio.Event | None = None
    drop_after: int | None = None
    drip: Drip | None = None
    times: int | None = None


class Faults:
    """ASGI middleware that strikes the paths it was told to."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._faults: dict[str, Fault] = {}
        self._closing = asyncio.Event()

    def set(self, path: str, fault: Fault) -> None:
        """From now on answers at `path` are spoilt by `fault`."""
        self._faults[path] = fault

    def clear(self, path: str | None = None) -> None:
        """The path is well again; with None, all of them are."""
        if path is None:
            self._faults.clear()
        else:
            self._faults.pop(path, None)

    def close(self) -> None:
        """Wait no more: answer what is delayed or held, drop what drips; the server can stop."""
        self._closing.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; if the body ends unfinished, uvicorn drops the connection."""
        fault = self._take(scope["path"])
        if fault is None:
            await self._app(scope, receive, send)
            return
        await self._wait(fault)
        start, body = await self._answer(fault, scope, receive)
        await send(start)
        for piece, last in _pieces(fault, body):
            await send({"type": "http.response.body", "body": piece, "more_body": not last})
            if fault.drip and not last:
                await self._pause(fault.drip.pause)
            if self._closing.is_set():
                return

    def _take(self, path: str) -> Fault | None:
        fault = self._faults.get(path)
        if fault is None or fault.times is None:
            return fault
        if fault.times <= 1:
            del self._faults[path]
        else:
            self._faults[path] = replace(fault, times=fault.times - 1)
        return fault

    async def _wait(self, fault: Fault) -> None:
        if fault.delay:
            await self._pause(fault.delay)
        if fault.hold is not None:
            waits = [asyncio.ensure_future(event.wait()) for event in (fault.hold, self._closing)]
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for wait in waits:
                wait.cancel()

    async def _pause(self, seconds: float) -> None:
        closing = asyncio.ensure_future(self._closing.wait())
        await asyncio.wait([closing], timeout=seconds)
        closing.cancel()

    async def _answer(self, fault: Fault, scope: Scope, receive: Receive) -> tuple[Message, bytes]:
        """The start of the spoilt response, and one copy of its body."""
        start: Message = {"type": "http.response.start", "status": 200, "headers": []}
        body = fault.body
        if body is None and fault.status is not None:
            body = f"{fault.status}\n".encode()
        if body is None:
            start, body = await _collect(self._app, scope, receive)
        headers = MutableHeaders(raw=list(start["headers"]))
        headers.setdefault("content-type", "text/plain; charset=utf-8")
        headers["content-length"] = str(len(body) * fault.repeat)
        headers.update(fault.headers)
        if not fault.length:
            del headers["content-length"]
        return {**start, "status": fault.status or start["status"], "headers": headers.raw}, body


async def _collect(app: ASGIApp, scope: Scope, receive: Receive) -> tuple[Message, bytes]:
    """An app's whole response: its start and its body."""
    messages: list[Message] = []

    async def keep(message: Message) -> None:
        messages.append(message)

    await app(scope, receive, keep)
    return messages[0], b"".join(message.get("body", b"") for message in messages[1:])


def _pieces(fault: Fault, body: bytes) -> Iterator[tuple[bytes, bool]]:
    """The body's pieces as they are to be sent, each with whether it ends the body.

    A body that is to be dropped never ends.
    """
    size = fault.drip.size if fault.drip else len(body)
    left = len(body) * fault.repeat
    if fault.drop_after is not None:
        left = min(left, fault.drop_after)
    ends = fault.drop_after is None
    if not left:
        yield b"", ends
        return
    for _ in range(fault.repeat):
        for begin in range(0, len(body), size):
            piece = body[begin : begin + size][:left]
            left -= len(piece)
            yield piece, ends and not left
            if not left:
                return
