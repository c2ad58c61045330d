"""Serving feeds beside nginx, and what it costs to build them.

    python -m benchmarks.serve [--rounds 5] [--seconds 3]

One worker of feedbot and one of nginx serve the same bytes, packed beforehand (`gzip_static`), to
the same load generator (`wrk`), in turn: with the body, and 304 to who has it. Then, at half of
what feedbot could serve, how long it took both. Last the build of a feed of fifty entries, and
which documents a new entry rewrites in a source that has 100,000. Needs `nginx` and `wrk`.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import shutil
import signal
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from benchmarks.feedbuild import HISTORY, build, rewritten
from benchmarks.measure import Row, in_turn, process, show

CONNECTIONS = 16
_PATH = "/feeds/press.atom"
_NGINX = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log stderr crit;
events {{ worker_connections 1024; }}
http {{
  types {{ text/html html; application/atom+xml atom; application/rss+xml rss;
           application/feed+json json; }}
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000;
  open_file_cache max=100; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{ listen 127.0.0.1:{port}; root {folder}; gzip_static on; }}
}}
"""


@asynccontextmanager
async def nginx(folder: Path, port: int) -> AsyncIterator[str]:
    """nginx over `folder`, one worker, until the block ends."""
    file = folder / "nginx.conf"
    file.write_text(_NGINX.format(folder=folder, port=port))
    child = await asyncio.create_subprocess_exec("nginx", "-p", str(folder), "-c", str(file))
    try:
        async with httpx.AsyncClient(trust_env=False) as client:
            for _ in range(100):
                try:
                    await client.get(f"http://127.0.0.1:{port}/")
                except httpx.TransportError:
                    await asyncio.sleep(0.05)
                else:
                    break
        yield f"http://127.0.0.1:{port}"
    finally:
        child.send_signal(signal.SIGTERM)
        await child.wait()


class Load:
    """wrk against one root; `etag` is sent where the answer is to be 304."""

    def __init__(
        self, root: str, seconds: float, etag: str | None = None, path: str = _PATH
    ) -> None:
        self._url = f"{root}{path}"
        self._seconds = max(1, round(seconds))
        self._headers = ["-H", "Accept-Encoding: gzip"]
        self._headers += ["-H", f"If-None-Match: {etag}"] if etag else []

    async def run(self, *options: str) -> str:
        """What wrk prints."""
        command = [
            "wrk",
            "-t1",
            f"-c{CONNECTIONS}",
            f"-d{self._seconds}s",
            *self._headers,
            *options,
        ]
        child = await asyncio.create_subprocess_exec(
            *command, self._url, stdout=asyncio.subprocess.PIPE
        )
        out, _ = await child.communicate()
        text = out.decode()
        if child.returncode or "Socket errors" in text:
            raise SystemExit(f"{self._url}: {text}")
        return text

    async def __call__(self) -> int:
        """Requests answered in the time."""
        match = re.search(r"(\d+) requests in", await self.run())
        assert match
        return int(match[1])


async def etag_of(root: str) -> str:
    """The ETag of the packed feed; both servers have to answer 304 to it."""
    async with httpx.AsyncClient(trust_env=False, headers={"accept-encoding": "gzip"}) as client:
        first = await client.get(f"{root}{_PATH}")
        etag = first.headers["etag"]
        again = await client.get(f"{root}{_PATH}", headers={"if-none-match": etag})
    if (first.status_code, again.status_code) != (200, 304):
        raise SystemExit(f"{root}: answered {first.status_code}, {again.status_code}")
    return str(etag)


@dataclass(frozen=True, slots=True)
class Latency:
    """Answers at half load, round by round: 99th percentile (ms), requests a second."""

    p99: tuple[float, ...]
    rates: tuple[float, ...]

    def __str__(self) -> str:
        low, high = min(self.p99), max(self.p99)
        rate = statistics.median(self.rates)
        return f"{self.median:.2f} ms ({low:.2f}-{high:.2f}) at {rate:,.0f}/s"

    @property
    def median(self) -> float:
        """The 99th percentile of the middle round."""
        return statistics.median(self.p99)


async def half_load(loads: Sequence[Load], folder: Path, rate: float, rounds: int) -> list[Latency]:
    """Each at half of `rate`, in turn: what the machine costs strikes all of them.

    wrk counts its pauses in milliseconds, so some requests come at once. It makes a pause after
    each answer: the rate is a little lower than asked for, the slower the server the more.
    """
    pause = folder / "pause.lua"
    each = 1000 * CONNECTIONS / (rate / 2)  # milliseconds between two requests of a connection
    pause.write_text(f"function delay() return math.floor({each} * (0.5 + math.random())) end\n")
    said = [
        [await load.run("--latency", "-s", str(pause)) for load in loads] for _ in range(rounds)
    ]
    return [
        Latency(tuple(map(_p99, texts)), tuple(map(_rate, texts)))
        for texts in zip(*said, strict=True)
    ]


def _p99(text: str) -> float:
    match = re.search(r"99%\s+([\d.]+)(us|ms|s)\n", text)
    assert match
    return float(match[1]) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[match[2]]


def _rate(text: str) -> float:
    match = re.search(r"Requests/sec:\s+([\d.]+)", text)
    assert match
    return float(match[1])


def _prepare(folder: Path) -> None:
    """A folder for each part; nginx's worker is another user and has to get in."""
    folder.chmod(0o755)
    for part in ("serve", "build", "long"):
        (folder / part).mkdir(mode=0o755)


async def main(rounds: int, seconds: float) -> int:
    """Run all of it; 1 if a goal was missed."""
    for command in ("nginx", "wrk"):
        if not shutil.which(command):
            raise SystemExit(f"{command} is not on this machine: apt-get install {command}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _prepare(folder)
        async with process("-m", "benchmarks.feedserver", str(folder / "serve")) as ours:
            port = int(ours.rpartition(":")[2]) + 1
            async with nginx(folder / "serve", port) as bare:
                whole = await in_turn(
                    Load(ours, seconds), Load(bare, seconds), rounds=rounds, seconds=600
                )
                known = await in_turn(
                    Load(ours, seconds, await etag_of(ours)),
                    Load(bare, seconds, await etag_of(bare)),
                    rounds=rounds,
                    seconds=600,
                )
                home = await in_turn(
                    Load(ours, seconds, path="/"),
                    Load(bare, seconds, path="/home.html"),
                    rounds=rounds,
                    seconds=600,
                )
                half = await half_load(
                    [Load(ours, seconds), Load(bare, seconds)],
                    folder,
                    statistics.median(whole.ours),
                    rounds,
                )
        built = await build(folder / "build", 100)
        pages, written, took = await rewritten(folder / "long")
    code = show(
        "requests",
        [
            Row("with body", "nginx", whole, least=0.30),
            Row("304", "nginx", known, least=0.18),
            Row("front page", "nginx", home, least=0.15),
        ],
    )
    goals = [
        (f"p99 at half load: {half[0]}; nginx {half[1]}", half[0].median <= 5),
        (str(built), max(built.formats.values()) <= 5),
        (
            f"a new entry beside {HISTORY:,} in {pages:,} archives rewrites {written} documents"
            f" of a format, in {took:.0f} ms",
            written <= 3,
        ),
    ]
    for line, met in goals:
        print(f"{line}: {'met' if met else 'MISSED'}")
    return code or int(not all(met for _, met in goals))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3)
    given = parser.parse_args()
    sys.exit(asyncio.run(main(given.rounds, given.seconds)))
