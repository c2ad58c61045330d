"""A proxy on loopback, the only way out that a rendering browser is given.

    browser ─ CONNECT host:443, GET http://host/… → resolve → guarded socket → that very address

The browser resolves nothing itself and connects to nobody else. What is not public is refused
before a socket is made (`guard`), and noted, so that the page's failure can be told from its cause.
Bytes and connections are counted over the whole rendering, and everything ends with it.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
from dataclasses import dataclass, field
from types import TracebackType
from urllib.parse import urlsplit

from aiohttp.abc import AbstractResolver

from feedbot.fetch import guard

_HEAD = 65_536  # bytes of a request's head
_CHUNK = 65_536
_CONNECTIONS = 64  # at once
_TARGET = re.compile(r"(?:\[([0-9A-Fa-f:.%]+)\]|([^\s:/@\[\]]+)):(\d{1,5})")
_BODY = re.compile(rb"^(?:content-length|transfer-encoding)\s*:", re.I | re.M)
_INTERIM = re.compile(rb"HTTP/1\.[01] 1\d\d\b")
_BODILESS = re.compile(rb"HTTP/1\.[01] (?:204|304)\b")
_LENGTH = re.compile(rb"^content-length\s*:\s*(\d{1,12})\s*$", re.I | re.M)
_HOP = re.compile(rb"(?:proxy-[\w-]+|connection|keep-alive|upgrade|te)\s*:", re.I)


class _Refused(Exception):
    """What is asked for is not given; `str()` says why, in a line."""

    def __init__(self, status: str, why: str) -> None:
        super().__init__(why)
        self.status = status


@dataclass(slots=True)
class Traffic:
    """What went through: bytes from the web, and why hosts were refused."""

    received: int = 0
    refused: dict[str, str] = field(default_factory=dict)


class GuardedProxy:
    """The proxy; an async context manager, listening on `url` within.

    allowed:   what beyond the public web may be connected to
    max_bytes: the most that may come from the web in all
    connect:   seconds for a look-up and a connection
    """

    def __init__(
        self,
        resolver: AbstractResolver,
        socket_factory: guard.SocketFactory,
        allowed: guard.Allowed,
        *,
        max_bytes: int,
        connect: float,
    ) -> None:
        self.traffic = Traffic()
        self._resolver = resolver
        self._socket_factory = socket_factory
        self._allowed = allowed
        self._max_bytes = max_bytes
        self._connect_within = connect
        self._slots = asyncio.Semaphore(_CONNECTIONS)
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> GuardedProxy:
        self._server = await asyncio.start_server(
            self._accept, "127.0.0.1", 0, limit=_HEAD, backlog=_CONNECTIONS
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def url(self) -> str:
        """Where it listens."""
        if self._server is None:
            raise RuntimeError("a GuardedProxy is used inside `async with`")
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        try:
            async with self._slots:
                await self._serve(reader, writer)
        except _Refused as refusal:
            body = f"{refusal}\n".encode()
            head = f"HTTP/1.1 {refusal.status}\r\nContent-Length: {len(body)}\r\nConnection: close"
            writer.write(f"{head}\r\n\r\n".encode() + body)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # one side has gone
        except asyncio.CancelledError:
            pass  # the rendering has ended; nobody waits for this task but `__aexit__`
        finally:
            with contextlib.suppress(OSError):
                writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        request, _, fields = head.partition(b"\r\n")
        method, target, *_ = [*request.decode("latin-1").split(" "), "", ""]
        if method == "CONNECT":
            host, port = _place(target, None)
            there, web = await self._connect(host, port)
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            host, port = _place(target, "http")
            there, web = await self._connect(host, port)
            web.write(_forwarded(method, target, fields))
        # Without a body there is no more to send: what follows would be another server's request.
        more = method == "CONNECT" or _BODY.search(fields) is not None
        up = asyncio.create_task(_copy(reader, web) if more else _drain(reader, web))
        try:
            left = None if method == "CONNECT" else await self._head(there, writer, method)
            await self._pass_on(there, writer, left)
        finally:
            up.cancel()
            web.close()
            await asyncio.gather(up, return_exceptions=True)

    async def _head(
        self, there: asyncio.StreamReader, writer: asyncio.StreamWriter, method: str
    ) -> int | None:
        """Pass on an answer's head, closing what comes after it; how long its body is, if it says.

        Some servers keep a connection that they were asked to close.
        """
        while True:
            head = await there.readuntil(b"\r\n\r\n")
            self.traffic.received += len(head)
            status, *fields = head.rstrip().split(b"\r\n")
            kept = [line for line in fields if not _HOP.match(line)]
            writer.write(b"\r\n".join([status, *kept, b"Connection: close", b"", b""]))
            if not _INTERIM.match(status):
                break
        if method == "HEAD" or _BODILESS.match(status):
            return 0
        length = _LENGTH.search(b"\r\n".join(fields))
        return int(length[1]) if length else None

    async def _pass_on(
        self, there: asyncio.StreamReader, writer: asyncio.StreamWriter, left: int | None
    ) -> None:
        """What the web says, `left` bytes of it or all; the end, where it says more than it may."""
        while left != 0:
            chunk = await there.read(_CHUNK if left is None else min(left, _CHUNK))
            self.traffic.received += len(chunk)
            if not chunk or self.traffic.received > self._max_bytes:
                return
            left = None if left is None else left - len(chunk)
            writer.write(chunk)
            await writer.drain()

    async def _connect(
        self, host: str, port: int
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection to the first of a host's addresses that is allowed and answers."""
        why = "no address"
        try:
            guard.check(host, port, self._allowed)
            async with asyncio.timeout(self._connect_within):
                for found in await self._resolver.resolve(host, port, socket.AF_UNSPEC):
                    try:
                        return await self._connected(host, found["host"], port)
                    except guard.RefusedAddress as error:
                        why = str(error)
                    except OSError as error:
                        why = error.strerror or "cannot be reached"
        except guard.RefusedAddress as error:
            why = str(error)
        except TimeoutError:
            why = "no answer in time"
        except (OSError, UnicodeError):
            why = "no such host"
        self.traffic.refused[host] = why
        raise _Refused("502 Bad Gateway", f"{host}: {why}")

    async def _connected(
        self, host: str, address: str, port: int
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        loop = asyncio.get_running_loop()
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        place = (address, port, 0, 0) if ":" in address else (address, port)
        make = guard.guarded(self._socket_factory, self._allowed, host)
        made = make((family, socket.SOCK_STREAM, 0, "", place))
        try:
            made.setblocking(False)
            await loop.sock_connect(made, place)
            return await asyncio.open_connection(sock=made)
        except BaseException:
            made.close()
            raise


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(_CHUNK):
        writer.write(chunk)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()


async def _drain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Drop what the browser says, and hang up when it does."""
    while await reader.read(_CHUNK):
        pass
    writer.close()


def _place(target: str, scheme: str | None) -> tuple[str, int]:
    """Host and port of `host:port`, or of an absolute URL of `scheme`. Raises _Refused."""
    if scheme is None:
        match = _TARGET.fullmatch(target)
        if match and int(match[3]) < 65_536:
            return match[1] or match[2], int(match[3])
    else:
        with contextlib.suppress(ValueError):
            parts = urlsplit(target)
            if parts.scheme == scheme and parts.hostname:
                return parts.hostname, parts.port or 80
    raise _Refused("400 Bad Request", "only http and https are fetched here")


def _forwarded(method: str, target: str, fields: bytes) -> bytes:
    """A request as the web's own server wants it: a path, one answer, nothing meant for a proxy."""
    parts = urlsplit(target)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    kept = [line for line in fields.split(b"\r\n") if line and not _HOP.match(line)]
    head = f"{method} {path} HTTP/1.1".encode("latin-1")
    return b"\r\n".join([head, *kept, b"Connection: close", b"", b""])
