"""The catalogue: where entries stand in it, and that no page scans a table that grows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from feedbot.store import catalogue
from feedbot.store.catalogue import Range, place_of
from feedbot.store.engine import Store
from feedbot.store.schema import meta
from tests.public import PLAN, Visitor, show
from tests.test_public_pages import item
from tests.test_publish import NOW, SOURCE

PAST = place_of(NOW + timedelta(days=1))


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with Visitor.of(tmp_path, PLAN) as visitor:
        yield visitor.store


def test_places_are_in_the_order_of_dates_then_numbers() -> None:
    first, last = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    second = timedelta(seconds=1)
    places = [
        place_of(first, 5),
        place_of(NOW - second, (1 << 24) - 1),
        place_of(NOW),
        place_of(NOW, 1),
        place_of(NOW, 2),
        place_of(NOW + second),
        place_of(last, 5),
    ]
    assert places == sorted(set(places))
    assert max(map(abs, places)) < 1 << 63


async def test_its_version_moves_with_what_is_shown(store: Store) -> None:
    async def version() -> str:
        async with store.reading() as connection:
            return (await catalogue.version(connection)).key

    seen = [await version()]
    await show(store, SOURCE, item(1))
    seen.append(await version())
    await show(store, SOURCE, item(1))
    assert await version() == seen[-1]
    await show(store, SOURCE, item(2), item(1))
    seen.append(await version())
    assert len(set(seen)) == 3


async def test_it_is_written_with_the_entries_or_not_at_all(store: Store) -> None:
    with pytest.raises(RuntimeError):
        async with store.transaction() as connection:
            await connection.execute(sa.insert(meta).values(key="x", value="y"))
            await catalogue.enter(connection, [1], NOW)
            raise RuntimeError
    async with store.reading() as connection:
        assert (await catalogue.version(connection)).key == ""


@pytest.mark.parametrize(
    "within",
    [
        Range([1]),
        Range(range(1, 20)),
        Range(range(1, 50)),
        Range([1], since=-5, until=PAST),
        Range(range(1, 50), since=-5, until=PAST),
        Range([1], category="Visas"),
        Range(range(1, 50), category="Visas", since=-5, until=PAST),
    ],
    ids=str,
)
async def test_a_page_is_found_by_indexes_alone(store: Store, within: Range) -> None:
    asked: list[tuple[str, Any]] = []

    def note(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
        asked.append((statement, parameters))

    engine = store._engine.sync_engine
    await show(store, SOURCE, item(1, categories=("Visas",)))
    sa.event.listen(engine, "before_cursor_execute", note)
    async with store.reading() as connection:
        await catalogue.newest(connection, within, 30, before=place_of(NOW))
        await catalogue.next_newer(connection, within, 30, after=0)
        await catalogue.periods(connection, within, lambda when: when.replace(day=1))
        await catalogue.find(connection, 1)
        await catalogue.version(connection)
    sa.event.remove(engine, "before_cursor_execute", note)
    assert len(asked) >= 4
    async with store.reading() as connection:
        for statement, parameters in asked:
            plan = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            for row in plan:
                told = str(row.detail)
                assert "TEMP B-TREE" not in told, (told, statement)
                assert not told.startswith("SCAN") or "INDEX" in told, (told, statement)
