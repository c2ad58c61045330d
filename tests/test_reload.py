"""A reload takes up all of a configuration or nothing of it."""

from __future__ import annotations

import signal
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.commands import Desk


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with Desk(tmp_path) as desk:
        desk.config["sources"][0]["every"] = "1s"
        yield desk


async def test_a_file_that_is_just_being_written_ends_nothing(desk: Desk) -> None:
    async with desk.running() as running:
        await running.until(lambda: "baseline of 10 entries" in running.err)
        (desk.folder / "config.toml").write_text("")
        running.send(signal.SIGHUP)
        await running.until(lambda: "the old one stays" in running.err)
        assert "config.toml: sources: there is nothing to watch; add [[sources]]" in running.err
        assert "no longer in the configuration" not in running.err
        assert (await desk.feedbot("status", "--json")).json["sources"][0]["next"]


async def test_a_store_that_refuses_leaves_the_old_configuration_whole(desk: Desk) -> None:
    def alter(statement: str) -> None:
        with closing(sqlite3.connect(desk.folder / "feedbot.db")) as store:
            store.execute(statement)

    async with desk.running() as running:
        await running.until(lambda: "baseline of 10 entries" in running.err)
        alter(
            "CREATE TRIGGER refused BEFORE INSERT ON sources"
            " BEGIN SELECT RAISE(ABORT, 'no more sources'); END"
        )
        desk.config["sources"].append(desk.source("whole", "/all", every="1s"))
        desk.save()
        running.send(signal.SIGHUP)
        await running.until(lambda: "not reloaded, the old one stays" in running.err)
        assert "feedbot.db: no more sources; " in running.err
        assert "feeds/whole.atom" not in (await running.http.get("/")).text
        alter("DROP TRIGGER refused")
        running.send(signal.SIGHUP)
        await running.until(lambda: "whole: baseline of 20 entries" in running.err)
        assert "Traceback" not in running.err
