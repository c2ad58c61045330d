"""`feedbot run` from outside: serving, delivering, signals, and what else may run beside it."""

from __future__ import annotations

import asyncio
import gzip
import signal
import socket
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from feedbot.demo.botapi import Fault, FaultKind
from feedbot.demo.site import Event
from feedbot.demo.site import Fault as Held
from tests.commands import Desk, Running


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with Desk(tmp_path) as desk:
        desk.config["sources"][0]["every"] = "1s"
        yield desk


def event(number: int) -> Event:
    return Event(datetime.now(UTC).date(), f"Event number {number}", f"What came of {number}")


def titles(*numbers: int) -> list[str]:
    return [f"Event number {number}" for number in numbers]


async def serves(running: Running, path: str = "/feeds/embassy.atom") -> bool:
    return (await running.http.get(path)).status_code == 200


async def baseline(desk: Desk, running: Running) -> None:
    await running.until(lambda: "baseline of 10 entries" in running.err)
    await running.until(lambda: (desk.folder / "feeds" / "embassy.atom").exists())


async def test_it_serves_delivers_and_lets_others_look_on(desk: Desk) -> None:
    async with desk.running("-v") as running:
        await baseline(desk, running)
        http = running.http
        health = await http.get("/healthz")
        assert (health.status_code, health.text) == (200, "ok\n")
        plain = await http.get("/feeds/embassy.atom", headers={"Accept-Encoding": "identity"})
        assert plain.content == (desk.folder / "feeds" / "embassy.atom").read_bytes()
        assert plain.headers["content-type"] == "application/atom+xml; charset=utf-8"
        conditions = {"If-None-Match": plain.headers["etag"], "Accept-Encoding": "identity"}
        unchanged = await http.get("/feeds/embassy.atom", headers=conditions)
        assert (unchanged.status_code, unchanged.content) == (304, b"")
        request = http.build_request("GET", "/feeds/embassy.atom")
        request.headers["Accept-Encoding"] = "gzip"
        packed = await http.send(request, stream=True)
        assert gzip.decompress(b"".join([part async for part in packed.aiter_raw()])) == (
            plain.content
        )
        home = await http.get("/")
        assert "feeds/all.atom" in home.text

        desk.site.publish(event(1))
        await running.until(desk.posted)
        assert desk.posted() == titles(1)
        fresh = await http.get("/feeds/embassy.atom", headers=conditions)
        assert fresh.status_code == 200
        assert "Event number 1" in fresh.text

        for command in ("once", "run"):  # its address is another's business: the store comes first
            second = await desk.feedbot(command)
            assert second.code == 2
            assert second.err.splitlines()[-1] == (
                f"feedbot: {desk.folder}/feedbot.db: another feedbot (run or once) works on this"
                " store; stop it first"
            )
        status = (await desk.feedbot("status", "--json")).json
        assert status["deliveries"]["sent"] == 1
        assert status["sources"][0]["entries"] == 11
        assert (await desk.feedbot("backup", "copy.db")).code == 0
        with closing(sqlite3.connect(desk.folder / "copy.db")) as copy:
            assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert copy.execute("SELECT count(*) FROM entries").fetchone() == (11,)
        again = await desk.feedbot("backup", "copy.db")
        assert (again.code, "exists already" in again.err) == (2, True)

        assert await running.end(signal.SIGTERM) == 0
        assert "stopping" in running.err
        assert "Traceback" not in running.err


async def test_a_reload_takes_up_what_is_right_and_refuses_what_is_wrong(desk: Desk) -> None:
    guests = desk.api.add_supergroup("Guests", username="guests")
    async with desk.running() as running:
        await baseline(desk, running)
        desk.config["sources"].append(desk.source("whole", "/all", every="1s"))
        desk.config["telegram"]["chats"].append({"id": "@guests", "sources": ["embassy"]})
        desk.save()
        running.send(signal.SIGHUP)
        await running.until(lambda: "configuration reloaded: 2 sources" in running.err)
        await running.until(lambda: "whole: baseline of 20 entries" in running.err)
        desk.site.publish(event(1))
        await running.until(lambda: desk.posted() and desk.posted(guests.id))
        assert desk.posted() == desk.posted(guests.id) == titles(1)

        good = desk.config["sources"]
        desk.config["sources"] = [{**good[0], "evry": "2s"}, {**good[1], "name": "embassy"}]
        desk.save()
        running.send(signal.SIGHUP)
        await running.until(lambda: "the old one stays" in running.err)
        assert "config.toml: sources[embassy].evry: " in running.err
        assert "did you mean `every`?" in running.err
        assert "two sources are called" in running.err
        desk.site.publish(event(2))
        await running.until(lambda: len(desk.posted(guests.id)) == 2)
        await running.until(lambda: len(desk.posted()) == 2)
        assert await serves(running, "/feeds/whole.atom")
        assert (await running.http.get("/healthz")).status_code == 200


async def test_a_reload_that_comes_while_it_starts_does_not_end_it(desk: Desk) -> None:
    async with desk.running(ready=False) as running:
        await running.until((desk.folder / "feedbot.db.lock").exists)
        running.send(signal.SIGHUP)
        await baseline(desk, running)
        assert await running.end(signal.SIGTERM) == 0


async def test_it_ends_in_time_with_a_call_in_flight_which_is_then_in_doubt(desk: Desk) -> None:
    desk.config["sources"].append(desk.source("slow", "/slow"))
    desk.server.faults.set("/slow", Held(hold=asyncio.Event()))
    async with desk.running() as running:
        await baseline(desk, running)
        silence = Fault(FaultKind.SILENT, method="sendMessage", times=1)
        desk.api.faults.add(silence)
        for number in (1, 2):
            desk.site.publish(event(number))
        await running.until(desk.posted)
        began = datetime.now(UTC)
        running.send(signal.SIGTERM)
        await running.until(lambda: "stopping" in running.err)
        running.send(signal.SIGHUP)  # as a closing session does
        assert await running.ended() == 0
        assert datetime.now(UTC) - began < timedelta(seconds=10)
        assert "Traceback" not in running.err
    held = (await desk.feedbot("status", "--json")).json["deliveries"]
    assert held == {"owed": 2, "sent": 0, "in_doubt": 1, "resent": 0, "failed": 0, "dropped": 0}
    desk.config["sources"].pop()
    done = await desk.feedbot("once")
    assert done.code == 0, done.err
    assert desk.posted() == titles(1, 1, 2)
    told = (await desk.feedbot("status", "--json")).json["deliveries"]
    assert told == {"owed": 0, "sent": 2, "in_doubt": 0, "resent": 1, "failed": 0, "dropped": 0}


async def test_killed_in_the_middle_it_goes_on_after_a_restart(desk: Desk) -> None:
    async with desk.running() as running:
        await baseline(desk, running)
        desk.api.faults.add(Fault(FaultKind.SILENT, method="sendMessage", after=1, times=1))
        for number in range(4):
            desk.site.publish(event(number))
        await running.until(lambda: len(desk.posted()) == 2)
        assert await running.end(signal.SIGKILL) == -signal.SIGKILL
    async with desk.running() as running:
        await running.until(lambda: len(desk.posted()) == 5)
        assert "1 deliveries were being sent when the last process ended" in running.err
        assert await running.end(signal.SIGINT) == 0
    assert desk.posted() == titles(0, 1, 1, 2, 3)
    told = (await desk.feedbot("status", "--json")).json["deliveries"]
    assert told == {"owed": 0, "sent": 4, "in_doubt": 0, "resent": 1, "failed": 0, "dropped": 0}


async def test_a_port_that_is_taken_is_one_line(desk: Desk) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        desk.config["web"] = {"listen": f"127.0.0.1:{port}"}
        done = await desk.feedbot("run")
    assert done.code == 2
    [line] = [line for line in done.err.splitlines() if "warning" not in line]
    assert line == (
        f"feedbot: web.listen: cannot listen on 127.0.0.1:{port}: Address already in use;"
        " choose another address"
    )
