"""No query of a poll reads a table through that grows with what has been published."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from feedbot.demo.site import Fault
from feedbot.store.engine import Store
from tests.test_poll import Bench, bench, event

__all__ = ["bench"]  # the fixture

#: Tables with a row for each source or chat, or for each thing that is under way.
_SMALL = {"sources", "subscribers", "meta", "bots", "counters"}
_SCAN = re.compile(r"^SCAN (?:TABLE )?(\w+)(?! USING INDEX)(?! USING COVERING INDEX)")


class Watched:
    """Notes the statements that a store executes, each once."""

    def __init__(self, store: Store) -> None:
        self.said: dict[str, Any] = {}
        sa.event.listen(store._engine.sync_engine, "before_cursor_execute", self._note)

    def _note(self, _: Any, __: Any, statement: str, parameters: Any, ___: Any, many: bool) -> None:
        rows = many and isinstance(parameters[0], tuple | list)
        self.said.setdefault(statement, tuple((parameters[0] if rows else parameters) or ()))


async def scans(store: Store, watched: Watched) -> dict[str, str]:
    """Statements that read a table through, and how."""
    found = {}
    said = dict(watched.said)
    async with store.reading() as connection:
        for statement, parameters in said.items():
            if not statement.lstrip().upper().startswith(("SELECT", "UPDATE", "DELETE", "INSERT")):
                continue
            plan = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            for row in plan:
                match = _SCAN.match(row.detail)
                if match and match[1] not in _SMALL and match[1] in _tables():
                    found[statement] = row.detail
    return found


def _tables() -> set[str]:
    from feedbot.store.schema import metadata

    return set(metadata.tables)


async def test_no_query_of_a_poll_scans_what_grows(bench: Bench, tmp_path: Path) -> None:
    watched = Watched(bench.store)
    await bench.poll(2)  # the baseline, and a 304
    bench.site.publish(event("Something new"))
    assert (await bench.poll()).new == 1
    bench.site.change(bench.site.latest[2], title="A corrected title")
    await bench.poll(2)
    bench.site.remove(bench.site.latest[1])
    await bench.poll(4)
    bench.server.faults.set("/", Fault(status=500))
    await bench.poll(4)
    bench.server.faults.clear()
    await bench.poll(2)
    assert len(watched.said) > 20
    assert await scans(bench.store, watched) == {}


async def test_a_scan_is_found_out(bench: Bench) -> None:
    watched = Watched(bench.store)
    async with bench.store.reading() as connection:
        await connection.execute(sa.text("SELECT count(*) FROM entries WHERE title = 'x'"))
    assert len(await scans(bench.store, watched)) == 1


@pytest.mark.parametrize("detail", ["SCAN entries", "SCAN TABLE entries"])
def test_what_a_scan_is_called(detail: str) -> None:
    assert _SCAN.match(detail)
    assert not _SCAN.match("SEARCH entries USING INDEX ix_entries_link (source_id=?)")
