"""How each source is read, as the operator sees it; and what is shown can be pasted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import tomlkit

from tests import seed
from tests.commands import Desk

ROWS = len(seed.ROWS)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with Desk(tmp_path) as desk:
        yield desk


async def test_what_was_found_is_shown_and_can_be_pasted(desk: Desk) -> None:
    desk.config["sources"] = [
        {"name": "found", "url": f"{desk.server.url}/", "kind": "html", "article": "off"},
        desk.source("said", title="As said"),
    ]
    none = await desk.feedbot("sources", "list")
    assert (none.code, "there is no store here yet" in none.err) == (2, True)
    await desk.feedbot("once")
    listed = await desk.feedbot("sources", "list")
    assert [line.partition(";")[0] for line in listed.out.splitlines()] == [
        "found: rows that were found on it",
        "said: rows, as configured",
    ]
    shown = (await desk.feedbot("sources", "show", "found")).out
    facts, _, table = shown.partition("[sources.listing]\n")
    assert f"  because         {ROWS} rows, {ROWS} with a date, {ROWS} with a link: " in facts
    assert f"  entries         {ROWS}, of which {ROWS} in the list now\n" in facts
    assert "  polls           1 good ones, 0 failed since the last\n" in facts

    known = (await desk.feedbot("sources", "show", "found", "--json")).json
    assert known["listing"] == tomlkit.parse(table).unwrap()
    assert (known["take"], known["entries"], known["error"]) == ("listing", ROWS, None)
    desk.config["sources"][0]["listing"] = known["listing"]
    again = await desk.feedbot("once")
    assert again.code == 0
    after = (await desk.feedbot("sources", "list", "--json")).json["sources"][0]
    assert (after["take"], after["entries"], after["listed"]) == (None, ROWS, ROWS)


async def test_a_source_that_fails_or_is_not_there(desk: Desk) -> None:
    desk.config["sources"].append({"name": "gone", "url": f"{desk.server.url}/nowhere"})
    await desk.feedbot("once")
    shown = await desk.feedbot("sources", "show", "gone")
    assert "  read from       not known yet: no poll has found anything\n" in shown.out
    assert "  fails           HTTP 404 Not Found\n" in shown.out
    other = await desk.feedbot("sources", "show", "nobody")
    assert (other.code, other.out) == (
        1,
        "nobody: no such source; `feedbot sources list` names them\n",
    )
