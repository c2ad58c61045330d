"""How much memory any single source takes: the worst answers there are, of the most bytes allowed.

    python -m benchmarks.hostile          every answer, each in a process of its own
    python -m benchmarks.hostile NAME     one of them, in this process

A process fetches a small answer of the same kind from a server beside it, reads and commits it,
so that all is loaded and warm; then the large one. What its memory rises by at most above rest is
told by the kernel (VmHWM). Goal: 64 MB at the default of `http.max_bytes`.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from feedbot.clock import SimulatedClock
from feedbot.fetch import Fetcher
from feedbot.model import ListingRule, Source, SourceKind
from feedbot.poll import Audience, Poller
from feedbot.store import sources
from feedbot.store.engine import Store

GOAL = 64  # MB
MAX_BYTES = 3_000_000  # the default of `http.max_bytes`
START = datetime(2020, 5, 27, 12, tzinfo=UTC)
RULE = ListingRule(item="li", title="a", link="a@href", date="b")
HEAD = "<html><head><title>News</title></head><body>"
ROW = "<li><b>{day:02}.05.2020</b> <a href=/n/{n}>What happened on this day, part {n}</a> And why."


def _rows(size: int) -> str:
    count = size // len(ROW)
    return HEAD + "<ul>" + "".join(ROW.format(n=n, day=1 + n % 28) for n in range(count))


def _filled(before: str, again: str, after: str = "") -> Callable[[int], str]:
    return lambda size: before + again * ((size - len(before) - len(after)) // len(again)) + after


def _entries(size: int) -> str:
    item = "<item><title>Title {n}</title><link>/{n}</link><description>d</description></item>"
    items = "".join(item.format(n=n) for n in range(size // len(item)))
    return f"<rss version='2.0'><channel><title>x</title>{items}</channel></rss>"


def _objects(size: int) -> str:
    row = {"title": "What happened", "url": "/n/1000000", "date": "2020-05-27", "x": [1, 2, 3]}
    return json.dumps({"rows": [row] * (size // (len(json.dumps(row)) + 2))})


@dataclass(frozen=True, slots=True)
class Case:
    """An answer of about so many bytes, and the source that reads it."""

    make: Callable[[int], str]
    kind: SourceKind = SourceKind.AUTO
    rule: ListingRule | None = None


_RSS = "<rss version='2.0'><channel><title>x</title><item><title>t</title><description>"
_JSON = ListingRule(item="rows", title="title", link="url")
CASES = {
    "rows, by selectors": Case(_rows, rule=RULE),
    "rows, to be found": Case(_rows),
    "elements": Case(_filled(HEAD, "<b>x</b>"), rule=RULE),
    "elements, to be found": Case(_filled(HEAD, "<p>x"), kind=SourceKind.HTML),
    "empty elements": Case(_filled(HEAD, "<i>"), rule=RULE),
    "nested elements": Case(_filled(HEAD, "<div>"), rule=RULE),
    "attributes": Case(
        lambda size: HEAD + "<p " + " ".join(f"a{n}" for n in range(size // 8)), rule=RULE
    ),
    "one line": Case(_filled(HEAD + "<li>", "x y "), rule=RULE),
    "references": Case(_filled(HEAD + "<li>", "&lt;"), rule=RULE),
    "letters of four bytes": Case(_filled(HEAD + "<li>", "\U0001f600"), rule=RULE),
    "entries": Case(_entries),
    "one long entry": Case(_filled(_RSS, "&lt;p&gt;x ", "</description></item></channel></rss>")),
    "empty entries": Case(_filled("<rss version='2.0'><channel>", "<item/>", "</channel></rss>")),
    "broken XML": Case(_filled("<rss version='2.0'><channel>", "<item>& ")),
    "objects": Case(_objects, SourceKind.JSON, _JSON),
    "empty objects": Case(_filled('{"rows": [', "{},", "{}]}"), SourceKind.JSON, _JSON),
    "numbers": Case(_filled('{"rows": [', "1.5,", "1]}"), SourceKind.JSON, _JSON),
    "sitemap": Case(
        _filled("<urlset>", "<url><loc>http://a.example/n/1</loc></url>", "</urlset>"),
        SourceKind.SITEMAP,
    ),
}


def _memory(name: str) -> float:
    """A line of /proc/self/status in MB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1000
    raise RuntimeError(f"no {name} in /proc/self/status")


def _forget_peak() -> None:
    """The most memory held (VmHWM) is counted anew; proc(5), clear_refs."""
    Path("/proc/self/clear_refs").write_text("5")


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer with the file that is asked for, packed, so that little of it is in this process."""
    target = (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1].decode()
    body = Path(target).read_bytes()  # noqa: ASYNC240 - a small file, and nobody else to serve
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(body)}\r\n"
    writer.write(f"{head}Connection: close\r\n\r\n".encode() + body)
    await writer.drain()
    writer.close()


async def rise(case: Case, folder: Path, size: int = MAX_BYTES) -> float:
    """MB above rest at the most, while a source of `case` is polled for the first time."""
    for name, length in (("small", 2_000), ("large", size)):
        (folder / name).write_bytes(gzip.compress(case.make(length).encode()[:size], 1))

    async def nobody(_: object) -> list[None]:
        return []

    async def no_operator(_: object) -> None:
        return None

    server = await asyncio.start_server(_serve, "127.0.0.1", 0)
    root = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}{folder}"
    store = await Store.open(f"sqlite:///{folder}/feedbot.db")
    watched = [
        Source(
            name,
            f"{root}/{name}",
            name,
            kind=case.kind,
            timezone=ZoneInfo("UTC"),
            listing=case.rule,
        )
        for name in ("small", "large")
    ]
    try:
        async with Fetcher(allow_private_networks=True, max_bytes=MAX_BYTES) as fetcher:
            audience = Audience(nobody, no_operator)  # type: ignore[arg-type]  # nobody at all
            clock = SimulatedClock(START)
            poller = Poller(store, fetcher, clock, audience, authority="x", random=Random(1))
            async with store.transaction() as connection:
                await sources.sync(connection, watched, "x", START)
            await poller.poll(watched[0])
            rest = _memory("VmRSS")
            _forget_peak()
            await poller.poll(watched[1])
            return _memory("VmHWM") - rest
    finally:
        await store.close()
        server.close()


def one(name: str) -> float:
    """See `rise`, in a folder of its own."""
    logging.disable()
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(rise(CASES[name], Path(folder)))


def main() -> int:
    """Print each case beside the goal; 1 if one misses it."""
    if len(sys.argv) > 1:
        print(f"{one(sys.argv[1]):.1f}")
        return 0
    worst = 0.0
    for name in CASES:
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.hostile", name],
            capture_output=True,
            text=True,
            check=True,
        )
        risen = float(done.stdout)
        worst = max(worst, risen)
        print(f"{name:24} {risen:6.1f} MB above rest", flush=True)
    print(f"the most: {worst:.1f} MB (goal {GOAL}, {'met' if worst <= GOAL else 'missed'})")
    return 0 if worst <= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
