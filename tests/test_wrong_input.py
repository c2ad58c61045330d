"""Wrong configuration and faulty servers, seen from the command line: one test a row.

The rows of a table share a few commands: wrong keys stand in one file, and faulty pages in one
configuration beside a sound one, because that is what they must not disturb.
"""

from __future__ import annotations

import asyncio
import gzip
import io
import re
import sqlite3
import ssl
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.commands import Desk, Done
from tests.confined import Confined, knowing_hosts, measuring
from tests.require import needs, present
from tests.web import Asked, Route, Web, redirect, reply

# -- configuration ---------------------------------------------------------------------------------

CONFIG = """
langauge = "en"
timezone = "Europe/Lodnon"
[feeds]
entries = "5"
[[sources]]
name = "page"
url = "https://press.example.org/"
[sources.listing]
item = "li"
title = "a["
[[sources]]
url = "https://press.example.org/other"
kind = "feed"
[[sources]]
name = "page"
url = "https://press.example.org/third"
kind = "feed"
[[telegram.chats]]
id = "@my_channel"
include = ["re:("]
template = "{{ titel }}"
"""
WRONG = {
    "unknown key": ("langauge", "did you mean `language`?"),
    "wrong type": ("feeds.entries", "a whole number is meant"),
    "missing name": ("sources[1].name", "is missing"),
    "two of one name": ("sources[2].name", 'are called "page"'),
    "bad zone": ("timezone", 'did you mean "Europe/London"?'),
    "bad selector": ("sources[page].listing.title", "a["),
    "bad regex": ("telegram.chats[@my_channel].include[0]", "re:("),
    "bad template field": ("telegram.chats[@my_channel].template", "did you mean `title`?"),
}


@pytest.fixture(scope="module")
def refusals(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Done]:
    """What three commands say of a file with all of these mistakes."""
    folder = tmp_path_factory.mktemp("config")

    async def ask() -> list[Done]:
        desk = Desk(folder)
        desk.save = lambda: None  # type: ignore[method-assign]
        (folder / "config.toml").write_text(CONFIG)
        return await asyncio.gather(*(desk.feedbot(command) for command in COMMANDS))

    return dict(zip(COMMANDS, asyncio.run(ask()), strict=True))


COMMANDS = ("check", "once", "run")


@pytest.mark.parametrize(("key", "hint"), WRONG.values(), ids=list(WRONG))
def test_a_mistake_is_one_line_with_file_key_and_the_nearest_right_one(
    refusals: Mapping[str, Done], key: str, hint: str
) -> None:
    for done in refusals.values():
        [line] = [line for line in done.err.splitlines() if f".toml: {key}: " in line]
        assert re.match(r"feedbot: .*/config\.toml: ", line)
        assert hint in line


@pytest.mark.parametrize("command", COMMANDS)
def test_all_mistakes_come_in_one_run_and_nothing_is_begun(
    refusals: Mapping[str, Done], command: str
) -> None:
    done = refusals[command]
    assert done.code == 2
    assert done.out == ""
    assert len(done.err.splitlines()) == len(WRONG)


# -- faulty servers --------------------------------------------------------------------------------


def page(*titles: str) -> bytes:
    """A sound answer that lists articles."""
    rows = "".join(f'<li><a href="/{title}">{title}</a> 27.05.2020</li>' for title in titles)
    body = f"<!doctype html><title>Press</title><ul>{rows}</ul>".encode()
    return reply(body, Content_Type="text/html", ETag=f'"{len(titles)}"')


async def forever(_: Asked, writer: Any) -> None:
    await asyncio.Event().wait()


async def flood(_: Asked, writer: Any) -> None:
    """Two hundred megabytes that do not say so beforehand."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n")
    for _block in range(2000):
        writer.write(bytes(100_000))
        await writer.drain()
    writer.close()


async def cut_off(_: Asked, writer: Any) -> None:
    writer.write(page("One", "Two")[:-30])
    await writer.drain()
    writer.close()


def bomb() -> bytes:
    """Two hundred megabytes in two hundred kilobytes."""
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=1) as file:
        for _ in range(200):
            file.write(bytes(1_000_000))
    return reply(packed.getvalue(), Content_Type="text/html", Content_Encoding="gzip")


PDF = reply(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n", Content_Type="application/pdf")
FAULTS: Mapping[str, tuple[Route, str]] = {
    "time-out": (forever, "timed out: nothing received for 4 s"),
    "404": (reply(status="404 Not Found"), "HTTP 404 Not Found"),
    "500": (reply(status="500 Oops"), "HTTP 500 Internal Server Error"),
    "not-html": (PDF, "PDF"),
    "empty": (reply(Content_Type="text/html"), "empty"),
    "no-rows": (reply(b"<p>Back soon.", Content_Type="text/html"), "row"),
    "cut-off": (cut_off, "body was cut off: the connection ended in the middle of it"),
    "flood": (flood, "body is more than 3 MB"),
    "bomb": (b"made when it is needed", "body decompresses to more than 3 MB"),
    "loop": (redirect("/loop"), "redirect loop: this address was asked before"),
    "tls": (b"no other page, but another certificate", "signed by an authority that is not known"),
    "no-host": (b"never asked for", "host not found (DNS knows no such name)"),
}
#: The one fault of the machine's own look-up: in files alone, so that no packet asks anybody.
MARKS = {"no-host": [needs("namespaces")]}


@dataclass(frozen=True)
class Kept:
    """What is stored and published of a source, but for how it fares."""

    feed: bytes
    row: Mapping[str, Any]
    entries: tuple[tuple[Any, ...], ...]


_FARES = {"failures", "failed_since", "last_error", "retry_after", "told_at", "due_at"}


def kept(folder: Path, name: str) -> Kept:
    with closing(sqlite3.connect(folder / "feedbot.db")) as store:
        store.row_factory = sqlite3.Row
        source = dict(store.execute("SELECT * FROM sources WHERE name = ?", (name,)).fetchone())
        query = "SELECT * FROM entries WHERE source_id = ? ORDER BY id"
        rows = tuple(tuple(row) for row in store.execute(query, (source["id"],)))
    row = {key: value for key, value in source.items() if key not in _FARES}
    return Kept((folder / "feeds" / f"{name}.atom").read_bytes(), row, rows)


@dataclass(frozen=True)
class Story:
    """Three runs of `once`: every page sound, all but one faulty, every page sound again.

    urls:   each source's address
    runs:   what each run said
    memory: the most it held, in kB
    states: what was stored and published of each source after it
    posted: and what the channel had got
    """

    urls: Mapping[str, str]
    runs: tuple[Done, ...]
    memory: tuple[int, ...]
    states: tuple[Mapping[str, Kept], ...]
    posted: tuple[list[str], ...]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """What became of a sound page and of many faulty ones."""
    return asyncio.run(told(tmp_path_factory.mktemp("faults")))


async def told(folder: Path) -> Story:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    secured = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(secured)
    lookup = present("namespaces")
    names = ("sound", *(name for name in FAULTS if lookup or name != "no-host"))
    sound = {f"/{name}": page("One", "Two") for name in names}
    trusting = {"SSL_CERT_FILE": str(folder / "ca.pem")}
    async with Web(sound) as web, Web(sound, tls=secured) as tls, Confined(folder) as desk:
        urls = {name: (tls if name == "tls" else web).url(f"/{name}") for name in names}
        urls |= {"no-host": web.url("/no-host", "press.invalid")} if lookup else {}
        desk.config["http"]["timeout"] = "6s"
        desk.config["telegram"]["chats"][0]["sources"] = ["sound"]
        rule = {"item": "li", "title": "a", "link": "a@href", "summary": "b"}
        desk.config["sources"] = [
            {"name": name, "url": url, "kind": "html", "article": "off", "listing": rule}
            for name, url in urls.items()
        ]
        runs: list[Done] = []
        memory: list[int] = []
        states: list[dict[str, Kept]] = []
        posted: list[list[str]] = []
        for number in range(3):
            desk.wrap = measuring(folder / "memory")
            if lookup:
                known = "127.0.0.1 " + ("localhost" if number == 1 else "press.invalid")
                desk.wrap = (*knowing_hosts(folder, known), *desk.wrap)
            runs.append(await desk.feedbot("once", env={} if number == 1 else trusting))
            memory.append(int((folder / "memory").read_text()))
            states.append({name: kept(folder, name) for name in names})
            posted.append(desk.posted())
            grown = page("Three", "One", "Two")
            if number == 0:
                web.routes = {f"/{name}": route for name, (route, _) in FAULTS.items()}
                web.routes |= {"/sound": grown, "/bomb": bomb()}
            else:
                web.routes = tls.routes = {f"/{name}": grown for name in names}
    return Story(urls, tuple(runs), tuple(memory), tuple(states), tuple(posted))


@pytest.mark.parametrize(
    ("name", "cause"),
    [
        pytest.param(name, cause, marks=MARKS.get(name, []), id=name)
        for name, (_, cause) in FAULTS.items()
    ],
)
def test_a_faulty_answer_is_one_line_and_changes_nothing(
    story: Story, name: str, cause: str
) -> None:
    failed = story.runs[1]
    [line] = [line for line in failed.err.splitlines() if f" {name}: " in line]
    assert f" {name}: {story.urls[name]}: " in line
    assert cause in line
    assert re.search(r"; next try \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$", line)
    before, meanwhile, after = (state[name] for state in story.states)
    assert len(before.entries) == 2
    assert meanwhile == before
    assert f"{name}: 1 new; " in story.runs[2].out
    assert len(after.entries) == 3


def test_the_sound_page_beside_them_goes_on(story: Story) -> None:
    first, failed, third = story.runs
    assert [run.code for run in story.runs] == [0, 1, 0], first.err + third.err
    logged = [line for line in failed.err.splitlines() if not line.startswith("feedbot: warning:")]
    assert len(logged) == len(story.urls)  # a line each: the sound one's says what is new
    assert "sound: 1 new; " in failed.out
    assert len(story.states[1]["sound"].entries) == 3
    assert b"Three" in story.states[1]["sound"].feed
    assert story.posted == ([], ["Three"], ["Three"])


def test_two_hundred_megabytes_are_not_held(story: Story) -> None:
    sound, faulty, _ = story.memory
    assert faulty < sound + 40_000
