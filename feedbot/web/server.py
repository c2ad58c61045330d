"""Running the web app inside our own event loop."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from feedbot.errors import ListenError
from feedbot.web.app import Asgi

_ROOM = 256 * 1024


class _Server(uvicorn.Server):
    """Leaves signals to us: the deliverer, not the web server, decides when we may end."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def listen(host: str, port: int) -> socket.socket:
    """Take the address, before anything else is started. Raises ListenError."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Room for a whole feed, also in the connections made of it: what does not fit at once costs
        # a second turn of the event loop.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _ROOM)
        listener.bind(address)
        listener.listen(1024)
        listener.setblocking(False)
    except (OSError, UnicodeError) as error:  # UnicodeError: no name a host could have
        cause = getattr(error, "strerror", None) or "the host name is not valid"
        raise ListenError(
            f"web.listen: cannot listen on {host}:{port}: {cause}; choose another address"
        ) from None
    return listener


class WebServer:
    """Serves `app` on `listener` from `start` to `stop`."""

    def __init__(self, app: Asgi, listener: socket.socket) -> None:
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=2,
            proxy_headers=False,  # ours are believed from those alone that are named
            server_header=False,
        )
        self._server = _Server(config)
        self._listener = listener
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to serve."""
        self._task = asyncio.create_task(self._server.serve(sockets=[self._listener]), name="web")

    async def stop(self) -> None:
        """End: no new connections, open answers get two seconds."""
        self._server.should_exit = True
        if self._task:
            await self._task
