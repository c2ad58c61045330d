"""The fake Bot API over HTTP, on loopback.

Asked by python-telegram-bot, for example:

    async with FakeBotApi(limits=Limits.OFF) as api:
        chat = api.add_channel("Press", username="press")
        bot = telegram.Bot(api.token, base_url=f"{api.url}/bot")
        await bot.send_message(chat.id, "<b>Hello</b>", parse_mode="HTML")
        assert api.log.messages(chat.id)[0].text == "Hello"
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import uvicorn

from feedbot.demo.botapi.app import application
from feedbot.demo.botapi.world import World

_KEEPALIVE = 75  # seconds, as nginx has it: our end is to be the first to close what is idle
_PATIENCE = 1.0  # seconds at the end, for calls to notice that nobody waits for them


class FakeBotApi(World):
    """The whole server; see `World` for its state and `feedbot.demo.botapi.control` for HTTP.

    host, port: where to listen; port 0: any free one
    The other arguments are `World`'s. `url` is the root, without `/bot`.
    """

    def __init__(self, *, host: str = "127.0.0.1", port: int = 0, **world: Any) -> None:
        super().__init__(**world)
        self._address = (host, port)
        self._server: _Server | None = None
        self._serving: asyncio.Task[None] | None = None
        self.url = ""

    async def start(self) -> None:
        """Listen. OSError if the address is taken."""
        listener = _listener(self._address)
        host, port = listener.getsockname()[:2]
        self.url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        config = uvicorn.Config(
            application(self, self._hang_up), http="httptools", lifespan="off", log_config=None,
            access_log=False, date_header=False, server_header=False, proxy_headers=False,
            timeout_keep_alive=_KEEPALIVE,
        )  # fmt: skip
        self._server = _Server(config)
        self._serving = asyncio.create_task(self._server.serve([listener]))
        await self._server.listening.wait()

    async def aclose(self) -> None:
        """Hang up on everybody and stop; what is logged stays readable."""
        if self._server and self._serving:
            self._server.ended.set()
            await self._serving
        self.log.close()

    async def __aenter__(self) -> FakeBotApi:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def _hang_up(self, client: tuple[str, int]) -> None:
        """Close the connection of a client without an answer."""
        if self._server:
            self._server.hang_up(client)


def _listener(address: tuple[str, int]) -> socket.socket:
    """A bound socket. It says TCP by name: without that asyncio leaves Nagle's delay on (40 ms)."""
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError:
        listener.close()
        raise
    return listener


class _Server(uvicorn.Server):
    """uvicorn inside somebody else's loop: no signals, no ticking, hanging up at once."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()
        self.ended = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    async def main_loop(self) -> None:
        await self.ended.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        self.hang_up(None)
        tasks = set(self.server_state.tasks)
        if tasks:  # they hear that their client is gone, and end; a held one is cut off
            _, held = await asyncio.wait(tasks, timeout=_PATIENCE)
            for task in held:
                task.cancel()
            await asyncio.gather(*held, return_exceptions=True)

    def hang_up(self, client: tuple[str, int] | None) -> None:
        """Close the connection of one client, or of all."""
        for connection in list(self.server_state.connections):
            transport, peer = connection.transport, getattr(connection, "client", None)
            if transport is not None and client in (None, peer):
                transport.abort()
