"""A web server on loopback that can misbehave: every fault a fetch can meet, for real.

    async with Web({"/": reply(b"<p>hello")}) as web:
        … web.url("/") … web.asked[0].headers["user-agent"] …

A route is the bytes to send as they are, or a coroutine function that writes what it likes.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import TracebackType


@dataclass(frozen=True)
class Asked:
    """A request as it came in: `connection` numbers the connections from 0."""

    target: str
    headers: Mapping[str, str]
    connection: int
    method: str = "GET"
    body: bytes = b""


Handler = Callable[[Asked, asyncio.StreamWriter], Awaitable[None]]
Route = bytes | Handler


def reply(body: bytes = b"", status: str = "200 OK", **headers: str) -> bytes:
    """A whole answer. Header names are written with underscores: `Retry_After="5"`."""
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    fields.setdefault("Content-Length", str(len(body)))
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + body


def redirect(location: str, status: str = "302 Found") -> bytes:
    """A redirect to `location`."""
    return reply(status=status, Location=location)


class Web:
    """The server; `asked` lists what it was asked, in order. Unknown paths get a 404."""

    def __init__(
        self,
        routes: Mapping[str, Route] | None = None,
        *,
        host: str = "127.0.0.1",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.routes: dict[str, Route] = dict(routes or {})
        self.asked: list[Asked] = []
        self._host = host
        self._tls = tls
        self._connections = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Web:
        self._server = await asyncio.start_server(self._accept, self._host, 0, ssl=self._tls)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def port(self) -> int:
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    def url(self, target: str = "/", host: str | None = None) -> str:
        """The address of `target`, by another name of this host if one is given."""
        scheme = "https" if self._tls else "http"
        return f"{scheme}://{host or self._host}:{self.port}{target}"

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        number = self._connections
        self._connections += 1
        try:
            while await self._answer(reader, writer, number):
                pass
        except (ConnectionError, asyncio.CancelledError, ssl.SSLError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _answer(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: int
    ) -> bool:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return False
        request, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
        target = request.split(" ")[1]
        fields = (line.partition(":") for line in lines)
        headers = {name.lower(): value.strip() for name, _, value in fields}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        asked = Asked(target, headers, connection, request.split(" ")[0], body)
        self.asked.append(asked)
        route = self.routes.get(target.partition("?")[0], reply(b"gone", "404 Not Found"))
        if isinstance(route, bytes):
            head, _, body = route.partition(b"\r\n\r\n")
            writer.write(head + b"\r\n\r\n" + (b"" if asked.method == "HEAD" else body))
        else:
            await route(asked, writer)
        await writer.drain()
        return not writer.is_closing()
