"""The press site over HTTP on a loopback address."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from dataclasses import dataclass

import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from feedbot.demo.site.answer import answer
from feedbot.demo.site.faults import Faults
from feedbot.demo.site.press import PressSite
from feedbot.errors import ListenError


@dataclass(frozen=True, slots=True)
class Hit:
    """A request as it came in; header names in lower case."""

    method: str
    path: str
    headers: dict[str, str]


class SampleSite:
    """Serves a `PressSite` while the `async with` block runs; the site may be changed meanwhile.

    url:    scheme, host and port, without a slash at the end
    hits:   every request that came in, oldest first
    faults: what to spoil

    Raises ListenError on entry if the address is not free.
    """

    def __init__(self, site: PressSite, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self.site = site
        self.hits: list[Hit] = []
        pages = Route("/{path:path}", self._respond, methods=["GET", "HEAD"])
        self.faults = Faults(Starlette(routes=[pages]))
        self._address = (host, port)
        self._arrival = asyncio.Event()

    @property
    def url(self) -> str:
        """Where the front page is, e.g. `http://127.0.0.1:40123`."""
        host, port = self._address
        return f"http://{host}:{port}"

    async def wait_hits(self, count: int) -> None:
        """Return once `count` requests have come in since the start."""
        while len(self.hits) < count:
            await self._arrival.wait()

    async def __aenter__(self) -> SampleSite:
        """Listen; requests are taken from now on."""
        listener = _listen(self._address)
        self._address = listener.getsockname()[:2]
        config = uvicorn.Config(
            self._enter,
            interface="asgi3",
            lifespan="off",
            ws="none",
            proxy_headers=False,
            log_config=None,
            access_log=False,
        )
        self._server = _QuietServer(config)
        self._task = asyncio.create_task(self._server.serve(sockets=[listener]))
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop, giving up answers that are held back."""
        self.faults.close()
        self._server.should_exit = True
        await self._task

    async def _enter(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(Headers(scope=scope))
        self.hits.append(Hit(scope["method"], scope["path"], headers))
        self._arrival.set()
        self._arrival = asyncio.Event()
        await self.faults(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        url = request.url
        target = f"{url.path}?{url.query}" if url.query else url.path
        base = f"{url.scheme}://{url.netloc}"
        given = answer(self.site, target, dict(request.headers), base)
        return Response(given.body, given.status, given.headers)


class _QuietServer(uvicorn.Server):
    """Leaves the signals to the program it runs in."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


def _listen(address: tuple[str, int]) -> socket.socket:
    """A listening socket: those who connect before uvicorn is ready wait in its queue."""
    try:
        return socket.create_server(address)
    except OSError as error:
        host, port = address
        raise ListenError(f"{host}:{port}: cannot listen here: {error.strerror}") from error
