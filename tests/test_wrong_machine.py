"""A machine that says no: unwritable folders, full disks, locked or newer stores, taken ports.

At the start: one line, exit 2. While at work: reported, tried again, nothing lost.
"""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import feedparser
import pytest

from feedbot.demo.botapi import Fault, FaultKind
from feedbot.demo.site import Event
from feedbot.store.engine import Store
from feedbot.store.schema import SCHEMA
from tests.commands import Running
from tests.confined import Confined, filled, read_only, seen_by, small_disk, without_rights
from tests.require import needs
from tests.web import Asked, Web, reply


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Confined]:
    async with Confined(tmp_path) as desk:
        desk.config["telegram"]["admin_chat"] = desk.api.add_private("Operator").id
        desk.config["storage"] = {"url": "sqlite:///data/feedbot.db"}
        desk.config["feeds"] = {"directory": "data/feeds"}
        yield desk


@pytest.fixture
def brisk(desk: Confined) -> Confined:
    """The same, polling every second."""
    desk.config["sources"][0]["every"] = "1s"
    return desk


async def refusal(desk: Confined, command: str = "run") -> str:
    """The one line of a command that does not begin, after the folder's name."""
    done = await desk.feedbot(command)
    assert done.code == 2, done.err
    assert done.out == ""
    [line] = done.err.splitlines()
    return line.removeprefix(f"feedbot: {desk.folder}/")


async def made(desk: Confined) -> Path:
    """The store, made but not in use."""
    path = desk.folder / "data" / "feedbot.db"
    await (await Store.open(f"sqlite:///{path}")).close()
    return path


# -- at the start ----------------------------------------------------------------------------------


@needs("setpriv")
async def test_a_feeds_folder_without_the_right_to_write(desk: Confined) -> None:
    (desk.folder / "data" / "feeds").mkdir(parents=True, mode=0o555)
    desk.wrap = without_rights()
    assert await refusal(desk) == (
        "data/feeds: Permission denied; check feeds.directory and its permissions"
    )


async def test_a_feeds_folder_that_is_a_file(desk: Confined) -> None:
    (desk.folder / "data").mkdir()
    (desk.folder / "data" / "feeds").write_text("")
    line = await refusal(desk)
    assert line == "data/feeds: File exists; check feeds.directory and its permissions"


@needs("setpriv")
async def test_a_store_folder_without_the_right_to_write(desk: Confined) -> None:
    (desk.folder / "data").mkdir(mode=0o555)
    desk.wrap = without_rights()
    assert await refusal(desk) == (
        "data/feedbot.db: unable to open database file; check storage.url and its permissions"
    )


@needs("namespaces")
async def test_a_store_on_a_read_only_disk(desk: Confined) -> None:
    desk.wrap = read_only((await made(desk)).parent)
    line = await refusal(desk)
    assert line.startswith("data/feedbot.db")
    assert line.endswith("; check storage.url and its permissions")


@needs("namespaces")
@pytest.mark.parametrize("what", ["storage", "feeds"])
async def test_a_full_disk(desk: Confined, what: str) -> None:
    small = desk.folder / "small"
    if what == "storage":
        desk.config["storage"]["url"] = f"sqlite:///{small}/feedbot.db"
    else:
        desk.config["feeds"]["directory"] = str(small)
    desk.wrap = small_disk(small, full=True)
    line = await refusal(desk)
    assert line.startswith("small")
    assert line.endswith("; make room on its disk")


async def test_a_locked_store(desk: Confined) -> None:
    with closing(locked(await made(desk))):
        line = await refusal(desk)
    assert line == ("data/feedbot.db: database is locked; another program holds it; close that one")


@pytest.mark.parametrize("command", ["run", "once"])
async def test_a_store_of_a_newer_feedbot(desk: Confined, command: str) -> None:
    path = await made(desk)
    with closing(sqlite3.connect(path)) as store, store:
        store.execute("UPDATE alembic_version SET version_num = '9999'")
        store.execute("UPDATE meta SET value = ? WHERE key = 'min_compatible'", (SCHEMA + 1,))
    before = path.read_bytes()
    line = await refusal(desk, command)
    assert line == (
        f"data/feedbot.db: written by a newer feedbot (schema {SCHEMA + 1}, this one knows"
        f" {SCHEMA}); install that version, or restore an older backup"
    )
    assert path.read_bytes() == before


async def test_a_port_that_is_taken(desk: Confined) -> None:
    address = desk.server.url.removeprefix("http://")
    desk.config["web"] = {"listen": address}
    done = await desk.feedbot("run")
    assert done.code == 2
    assert done.err.splitlines()[-1] == (
        f"feedbot: web.listen: cannot listen on {address}: Address already in use;"
        " choose another address"
    )
    assert len(done.err.splitlines()) == 1
    assert desk.server.hits == []


async def test_an_address_that_is_none(desk: Confined) -> None:
    desk.config["web"] = {"listen": "no..such:8080"}
    done = await desk.feedbot("run")
    assert (done.code, done.err) == (
        2,
        "feedbot: web.listen: cannot listen on no..such:8080: the host name is not valid;"
        " choose another address\n",
    )


def test_output_that_finds_no_room() -> None:
    with Path("/dev/full").open("wb") as full:
        command = [sys.executable, "-m", "feedbot", "config", "--schema"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False, text=True)
    assert (done.returncode, done.stderr) == (1, "feedbot: output: No space left on device\n")


# -- at work ---------------------------------------------------------------------------------------


def event(number: int) -> Event:
    return Event(datetime.now(UTC).date(), f"Event number {number}", f"What came of {number}")


def locked(path: Path) -> sqlite3.Connection:
    """A connection that holds the store's write lock until it is closed."""
    store = sqlite3.connect(path, isolation_level=None)
    store.execute("BEGIN IMMEDIATE")
    return store


def pages(desk: Confined) -> int:
    """How often a page has been asked for."""
    return sum(hit.path != "/robots.txt" for hit in desk.server.hits)


async def baseline(desk: Confined, running: Running) -> None:
    """Return when the first poll is over: stored and published. Before that is no second."""
    await running.until(lambda: "baseline of 10 entries" in running.err)
    await running.until(lambda: pages(desk) >= 2)


async def hits(desk: Confined, running: Running, more: int) -> None:
    """Return when the page has been asked for so many times more."""
    wanted = pages(desk) + more
    await running.until(lambda: pages(desk) >= wanted)


async def served(running: Running) -> list[str]:
    """Titles in the feed as `run` serves it."""
    answer = await running.http.get("/feeds/embassy.atom")
    return [entry.title for entry in feedparser.parse(answer.content).entries]


async def well_again(desk: Confined, running: Running, titles: Sequence[str]) -> None:
    """It recovers by itself: what came meanwhile is posted and published, each once."""
    await running.until(lambda: desk.posted() == titles)
    await hits(desk, running, 2)
    health = await running.http.get("/healthz")
    assert (health.status_code, health.text) == (200, "ok\n")
    assert desk.posted() == titles
    assert (await served(running))[: len(titles)] == [*reversed(titles)]
    assert "Traceback" not in running.err


def complaints(running: Running) -> list[str]:
    return [line for line in running.err.splitlines() if "not recorded" in line]


@needs("namespaces")
async def test_a_disk_that_fills_up_is_reported_and_nothing_is_lost(brisk: Confined) -> None:
    brisk.wrap = small_disk(brisk.folder / "data")
    async with brisk.running() as running:
        await baseline(brisk, running)
        with filled(seen_by(running.process.pid, brisk.folder / "data")):
            brisk.site.publish(event(1))
            await hits(brisk, running, 2)
            await running.until(lambda: complaints(running))
            sick = await running.http.get("/healthz")
            assert sick.status_code == 503
            assert "data/feedbot.db: " in sick.text
            assert "disk" in sick.text
            assert len(await served(running)) == 10
            assert brisk.posted() == []
        await well_again(brisk, running, ["Event number 1"])
        assert f"embassy: {brisk.server.url}/: not recorded: " in complaints(running)[0]
        assert "; next try 2" in complaints(running)[0]


@needs("namespaces")
async def test_feeds_that_find_no_room_are_written_when_there_is_some(brisk: Confined) -> None:
    small = brisk.folder / "small"
    brisk.config["feeds"]["directory"] = str(small)
    brisk.wrap = small_disk(small)
    async with brisk.running() as running:
        await baseline(brisk, running)
        place = seen_by(running.process.pid, small)
        before = (place / "embassy.atom").read_bytes()
        with filled(place):
            brisk.site.publish(event(1))
            await running.until(brisk.posted)
            await hits(brisk, running, 2)
            [line] = [line for line in running.err.splitlines() if "No space" in line]
            assert line.endswith(
                f" {small}/embassy.atom: No space left on device; make room on its disk;"
                " will be tried again"
            )
            assert (place / "embassy.atom").read_bytes() == before
        await running.until(lambda: b"Event number 1" in (place / "embassy.atom").read_bytes())
        await well_again(brisk, running, ["Event number 1"])
        assert {path.name for path in place.iterdir()} == {
            "feed.css", "feed.css.gz", "all.opml", "all.opml.gz",
            *(f"{name}.{end}{gz}" for name in ("all", "embassy") for end in ("atom", "rss", "json")
              for gz in ("", ".gz")),
        }  # fmt: skip


@needs("namespaces")
async def test_a_source_removed_while_its_feed_finds_no_room(brisk: Confined) -> None:
    small = brisk.folder / "small"
    brisk.config["feeds"]["directory"] = str(small)
    brisk.wrap = small_disk(small)
    async with brisk.running() as running:
        await baseline(brisk, running)
        place = seen_by(running.process.pid, small)
        with filled(place):
            brisk.site.publish(event(1))
            await running.until(lambda: "will be tried again" in running.err)
            brisk.config["sources"] = [brisk.source("whole", "/all", every="1s")]
            brisk.save()
            running.send(signal.SIGHUP)
            await running.until(lambda: "configuration reloaded: 1 sources" in running.err)
        await running.until((place / "whole.atom").exists)
        await running.until(lambda: b"has ended" in (place / "embassy.atom").read_bytes())
        health = await running.http.get("/healthz")
        assert (health.status_code, health.text) == (200, "ok\n")
        assert (await running.http.get("/feeds/embassy.atom")).status_code == 410
        assert "Traceback" not in running.err


@needs("namespaces")
async def test_a_message_accepted_when_it_cannot_be_recorded_is_not_sent_again(
    brisk: Confined,
) -> None:
    brisk.wrap = small_disk(brisk.folder / "data")
    async with brisk.running() as running:
        await baseline(brisk, running)
        data = seen_by(running.process.pid, brisk.folder / "data")
        brisk.api.faults.add(Fault(FaultKind.DELAY, "sendMessage", seconds=2))
        brisk.site.publish(event(1))
        await running.until(lambda: not brisk.api.faults.ordered)  # the call has come in
        with filled(data):
            await running.until(brisk.posted)
            await running.until(lambda: "deliveries wait" in running.err)
            assert (await running.http.get("/healthz")).status_code == 503
        brisk.site.publish(event(2))
        await well_again(brisk, running, ["Event number 1", "Event number 2"])
        assert await running.end() == 0


async def test_a_store_locked_for_long_is_reported_and_nothing_is_lost(brisk: Confined) -> None:
    async with brisk.running() as running:
        await baseline(brisk, running)
        with closing(locked(brisk.folder / "data" / "feedbot.db")):
            brisk.site.publish(event(1))
            await running.until(lambda: complaints(running))
            sick = await running.http.get("/healthz")
            assert sick.status_code == 503
            assert "database is locked" in sick.text
            assert brisk.posted() == []
        await well_again(brisk, running, ["Event number 1"])


async def test_stopping_beside_a_locked_store_takes_no_longer(brisk: Confined) -> None:
    async with brisk.running() as running:
        await baseline(brisk, running)
        brisk.api.faults.add(Fault(FaultKind.LATE, "sendMessage", seconds=3600))
        brisk.site.publish(event(1))
        await running.until(lambda: not brisk.api.faults.ordered)  # the call has come in
        with closing(locked(brisk.folder / "data" / "feedbot.db")):
            await hits(brisk, running, 1)
            begun = time.monotonic()
            assert await running.end() == 0
            assert time.monotonic() - begun < 10
    assert brisk.posted() == []
    done = await brisk.feedbot("once")
    assert done.code == 0, done.err
    assert brisk.posted() == ["Event number 1"]


@needs("namespaces")
async def test_once_on_a_disk_that_fills_up_says_so_and_ends(desk: Confined) -> None:
    data = desk.folder / "data"
    desk.wrap = small_disk(data)
    page = reply(b'<li><a href="/1">One</a>', Content_Type="text/html")
    with ExitStack() as full:

        async def last_drop(_: Asked, writer: Any) -> None:
            full.enter_context(filled(seen_by(process.pid, data)))
            writer.write(page)

        async with Web({"/": last_drop}) as web:
            desk.config["sources"][0]["url"] = web.url()
            desk.config["sources"][0]["listing"] = {"item": "li", "title": "a"}
            process = await desk._start("once", "--wait", "0s")
            out, err = await asyncio.wait_for(process.communicate(), 60)
            line = f"embassy: {web.url()}: not recorded: {data}/feedbot.db: "
        assert process.returncode == 1, err.decode()
        assert out.decode().startswith(line)
        assert "0 sent, 0 still owed, 0 failed" in out.decode()
        assert line in err.decode()
        assert "Traceback" not in err.decode()
