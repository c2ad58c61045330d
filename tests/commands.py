"""feedbot's commands as their users run them: processes, beside a press site and a fake Bot API.

    async with Desk(tmp_path) as desk:
        assert (await desk.feedbot("once")).code == 0

Site and API live in the test's own process, so that a test can publish, spoil and count.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import feedparser
import httpx
import tomlkit

import feedbot
from feedbot.demo.botapi import TOKEN, FakeBotApi
from feedbot.demo.site import LISTING, PressSite, SampleSite
from tests import seed

CHANNEL = "@press"
RULE = {field.name: value for field in fields(LISTING) if (value := getattr(LISTING, field.name))}
#: What nobody may see: a part of the token, and of passwords, cookies and headers in tests.
SECRETS = (TOKEN.partition(":")[2], "hush-hush")
_PATIENCE = 60.0  # seconds; a busy machine takes its time, a hung program never ends


@dataclass(frozen=True)
class Done:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Desk:
    """A folder with a configuration, a site to watch, and a Telegram to post to.

    config: what config.toml says; written before each command, or by `save`
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.site = PressSite()
        self.server = SampleSite(self.site)
        self.api = FakeBotApi()
        self.chat = self.api.add_channel("Press", username=CHANNEL[1:])
        self.config: dict[str, Any] = {}

    async def __aenter__(self) -> Desk:
        await self.server.__aenter__()
        await self.api.start()
        self.config = {
            "timezone": "Europe/London",
            "http": {"allow_private_networks": True},
            "telegram": {
                "token": TOKEN,
                "api_url": self.api.url,
                "chats": [{"id": CHANNEL}],
            },
            "sources": [self.source("embassy")],
        }
        return self

    async def __aexit__(self, *error: Any) -> None:
        await self.api.aclose()
        await self.server.__aexit__(*error)

    # ---------------------------------------------------------------- configuration

    def source(self, name: str, path: str = "/", **keys: Any) -> dict[str, Any]:
        """A page of the sample site as a source; its articles are read where `keys` say so."""
        url = f"{self.server.url}{path}"
        return {"name": name, "url": url, "listing": RULE, "article": "off", **keys}

    def count_days(self, at: str = "00:00") -> None:
        """Configure the seed's two counters."""
        self.config["counters"] = [
            {"name": name, "source": "embassy", "since": since, "at": at, "text": counter.text}
            for name, since, counter in zip(
                ("salisbury", "glushkov"), seed.SINCE, seed.COUNTERS, strict=True
            )
        ]

    def save(self) -> None:
        (self.folder / "config.toml").write_text(tomlkit.dumps(self.config), encoding="utf-8")

    # ---------------------------------------------------------------- commands

    async def feedbot(
        self,
        *arguments: str,
        at: datetime | None = None,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> Done:
        """Run a command to its end. at: the moment (aware) that its clock shows at the start."""
        process = await self._start(*arguments, at=at, env=env, cwd=cwd)
        async with asyncio.timeout(_PATIENCE):
            out, err = await process.communicate()
        done = Done(process.returncode or 0, out.decode(), err.decode())
        no_secret(done.out + done.err)
        return done

    @asynccontextmanager
    async def running(
        self, *options: str, at: datetime | None = None, ready: bool = True
    ) -> AsyncIterator[Running]:
        """`feedbot run` until the block ends. ready: the block begins when it is serving."""
        port = free_port()
        self.config["web"] = {"listen": f"127.0.0.1:{port}"}
        process = await self._start("run", *options, at=at)
        async with Running(process, f"http://127.0.0.1:{port}") as running:
            await running.until(lambda: not ready or "page at" in running.err)
            yield running

    @asynccontextmanager
    async def demonstrating(self) -> AsyncIterator[Running]:
        """`feedbot demo` until the block ends."""
        process = await self._start("demo", env={"TMPDIR": str(self.folder)})
        async with Running(process) as running:
            yield running

    async def _start(
        self,
        *arguments: str,
        at: datetime | None = None,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> asyncio.subprocess.Process:
        self.save()
        return await asyncio.create_subprocess_exec(
            *(["faketime", f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"] if at else []),
            *(sys.executable, "-m", "feedbot", *arguments),
            cwd=cwd or self.folder,
            env={**_environment(self.folder), **(env or {})},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    # ---------------------------------------------------------------- what came of it

    def feed(self, name: str = "embassy") -> Any:
        """The feed file, parsed."""
        feed = feedparser.parse((self.folder / "feeds" / f"{name}.atom").read_bytes())
        assert not feed.bozo
        return feed

    def posted(self, chat_id: int | None = None) -> list[str]:
        """First lines of what a chat (left out: the channel) was sent, oldest first."""
        messages = self.api.log.messages(chat_id or self.chat.id)
        return [message.text.splitlines()[0] for message in messages]


class Running:
    """A feedbot at work, until its `async with` block ends.

    out, err: what it has said so far
    http:     a client of the address it serves on
    """

    def __init__(self, process: asyncio.subprocess.Process, url: str = "") -> None:
        self.process = process
        self.http = httpx.AsyncClient(base_url=url, trust_env=False, timeout=_PATIENCE)
        self.out = self.err = ""
        self._reading = asyncio.gather(self._read("out"), self._read("err"))

    async def __aenter__(self) -> Running:
        return self

    async def __aexit__(self, *_: Any) -> None:
        await self.http.aclose()
        if self.process.returncode is None:
            self.send(signal.SIGKILL)
        await self.ended()
        no_secret(self.out + self.err)

    async def _read(self, name: str) -> None:
        stream = getattr(self.process, f"std{name}")
        async for line in stream:
            setattr(self, name, getattr(self, name) + line.decode())

    async def until(self, condition: Callable[[], Any]) -> None:
        """Return when `condition` holds; fails at once if the process has ended."""
        async with asyncio.timeout(_PATIENCE):
            while not condition():
                assert self.process.returncode is None, self.err
                await asyncio.sleep(0.02)

    def send(self, number: int) -> None:
        """Send feedbot a signal, past `faketime`, which runs it as its child."""
        pid = self.process.pid
        command = Path(f"/proc/{pid}/cmdline")
        if command.exists() and command.read_bytes().startswith(b"faketime"):
            pid = int(Path(f"/proc/{pid}/task/{pid}/children").read_text())
        os.kill(pid, number)

    async def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and wait; the exit code, negative where the signal killed."""
        self.send(number)
        return await self.ended()

    async def ended(self) -> int:
        """The exit code, once it has ended."""
        async with asyncio.timeout(_PATIENCE):
            code = await self.process.wait()
            await self._reading
        return code


def no_secret(said: str) -> None:
    """No command shows a secret, whatever it says."""
    assert not any(secret in said for secret in SECRETS)


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _environment(home: Path) -> dict[str, str]:
    """Ours, less what would configure feedbot; in UTC, as faketime reads its argument in TZ."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("FEEDBOT_")}
    root = str(Path(feedbot.__file__).parents[1])
    ours = {"HOME": str(home), "TZ": "UTC", "PYTHONPATH": root}
    ours["FEEDBOT_HTTP__PER_HOST__PAUSE"] = "0"  # everything is on one host here
    kept.pop("XDG_CONFIG_HOME", None)
    return kept | ours
