"""The store itself: schema, locks, durability, and what happens when it says no."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from feedbot.errors import StoreBusyError, StoreError, StoreTooNewError, StoreUnwritableError
from feedbot.store import counters
from feedbot.store.engine import Store
from feedbot.store.migrate import HEAD
from feedbot.store.schema import SCHEMA, meta, metadata, sources

NOW = datetime(2020, 5, 27, 20, 55, tzinfo=UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "feedbot.db"


async def opened(path: Path) -> Store:
    return await Store.open(f"sqlite:///{path}")


def _is_no_index_of_words(name: str | None, kind: str, _: Any) -> bool:
    """FTS5's own tables are SQLite's to know."""
    return not (kind == "table" and name and name.startswith("fulltext"))


async def test_migrations_make_the_schema_that_the_queries_speak_of(path: Path) -> None:
    await (await opened(path)).close()
    engine = sa.create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        ours = {"compare_type": True, "include_name": _is_no_index_of_words}
        context = MigrationContext.configure(connection, opts=ours)
        assert compare_metadata(context, metadata) == []
        assert context.get_current_revision() == HEAD
    engine.dispose()


async def test_each_connection_is_durable_and_checks_references(path: Path) -> None:
    store = await opened(path)
    async with store.transaction() as connection:
        pragmas = {
            name: (await connection.exec_driver_sql(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    await store.close()
    assert pragmas == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "busy_timeout": 5_000,
    }


async def test_a_transaction_is_all_or_nothing(path: Path) -> None:
    store = await opened(path)
    with pytest.raises(RuntimeError):
        async with store.transaction() as connection:
            await counters.sync(connection, ["a", "b"], NOW)
            raise RuntimeError
    async with store.reading() as connection:
        assert await counters.load_all(connection) == {}
    await store.close()


async def test_times_are_aware_and_come_back_in_utc(path: Path) -> None:
    store = await opened(path)
    elsewhere = NOW.astimezone(timezone(timedelta(hours=3)))
    async with store.transaction() as connection:
        await counters.sync(connection, ["a"], elsewhere)
        await counters.mark_owed(connection, "a", date(2020, 5, 27))
    async with store.reading() as connection:
        state = (await counters.load_all(connection))["a"]
    assert (state.first_seen, state.first_seen.tzinfo) == (NOW, UTC)
    assert state.last_owed == date(2020, 5, 27)
    with pytest.raises(sa.exc.StatementError, match="naive"):
        async with store.transaction() as connection:
            await counters.sync(connection, ["b"], NOW.replace(tzinfo=None))
    await store.close()


async def test_a_second_scheduler_is_refused_and_a_reader_is_not(path: Path) -> None:
    first, second = await opened(path), await opened(path)
    assert not second.has_scheduler()
    first.become_scheduler()
    assert second.has_scheduler()
    with pytest.raises(StoreBusyError, match=r"another feedbot .* stop it first"):
        second.become_scheduler()
    async with second.reading() as connection:
        assert await counters.load_all(connection) == {}
    await first.close()
    second.become_scheduler()
    await second.close()


async def test_a_killed_scheduler_leaves_no_lock_behind(path: Path) -> None:
    script = (
        "import asyncio, sys\n"
        "from feedbot.store.engine import Store\n"
        "async def main():\n"
        f"    store = await Store.open('sqlite:///{path}')\n"
        "    store.become_scheduler()\n"
        "    print('ready', flush=True)\n"
        "    await asyncio.Event().wait()\n"
        "asyncio.run(main())\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
        store = await opened(path)
        assert store.has_scheduler()
        process.kill()
        process.wait()
    assert not store.has_scheduler()
    store.become_scheduler()
    await store.close()


async def test_a_store_of_a_newer_feedbot_is_left_alone_if_it_says_so(path: Path) -> None:
    await (await opened(path)).close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    await (await opened(path)).close()  # newer, but we may use it
    with sqlite3.connect(path) as connection:
        connection.execute(
            "UPDATE meta SET value = ? WHERE key = 'min_compatible'", (str(SCHEMA + 1),)
        )
    before = path.read_bytes()
    with pytest.raises(StoreTooNewError, match=f"schema {SCHEMA + 1}, this one knows {SCHEMA}"):
        await opened(path)
    assert path.read_bytes() == before
    connection.close()


async def test_what_is_no_database_is_one_line_and_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "feedbot.db"
    path.write_text("this is not a database, and long enough to be looked at" * 50)
    with pytest.raises(StoreError, match=r"feedbot\.db: file is not a database; restore") as caught:
        await opened(path)
    assert "\n" not in str(caught.value)
    assert path.read_text().startswith("this is not")


async def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnwritableError, match=r"file: File exists; check storage\.url"):
        await opened(tmp_path / "file" / "feedbot.db")


async def test_a_full_disk_is_one_line_and_loses_nothing(path: Path) -> None:
    store = await opened(path)
    async with store.transaction() as connection:
        await counters.sync(connection, ["a"], NOW)
        pages = (await connection.exec_driver_sql("PRAGMA page_count")).scalar_one()
    async with store.reading() as connection:  # SQLite's own "disk full", without filling a disk
        await connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
    with pytest.raises(StoreUnwritableError, match="disk is full"):
        for _ in range(8):  # whichever pooled connection has the small limit
            async with store.transaction() as connection:
                await connection.execute(
                    sa.insert(meta), [{"key": f"k{n}{_}", "value": "x" * 4000} for n in range(50)]
                )
    async with store.reading() as connection:
        assert set(await counters.load_all(connection)) == {"a"}
        assert (await connection.exec_driver_sql("PRAGMA integrity_check")).scalar() == "ok"
    await store.close()


async def test_a_locked_database_is_one_line(path: Path) -> None:
    store = await opened(path)
    blocker = sqlite3.connect(path, isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    async with store.reading() as connection:  # readers do not wait for writers
        assert await counters.load_all(connection) == {}
        await connection.exec_driver_sql("PRAGMA busy_timeout=1")  # five seconds would do as well
    with pytest.raises(StoreUnwritableError, match="is locked"):
        async with store.transaction() as connection:
            pass  # pragma: no cover
    blocker.execute("ROLLBACK")
    blocker.close()
    await store.check_writable(NOW)
    await store.close()


async def test_a_backup_is_consistent_and_overwrites_nothing(path: Path, tmp_path: Path) -> None:
    store = await opened(path)
    async with store.transaction() as connection:
        await counters.sync(connection, ["a"], NOW)
    target = tmp_path / "copy.db"
    await store.backup(target)
    with pytest.raises(StoreError, match="never overwrites"):
        await store.backup(target)
    with pytest.raises(StoreError, match=r"no-folder/copy\.db: backup failed"):
        await store.backup(tmp_path / "no-folder" / "copy.db")
    await store.close()
    copy = await opened(target)
    async with copy.reading() as connection:
        assert set(await counters.load_all(connection)) == {"a"}
    await copy.close()
    assert sorted(file.name for file in tmp_path.iterdir() if file.is_file()) == ["copy.db"]


async def test_a_folder_is_what_it_is_called(tmp_path: Path) -> None:
    """`%41` is no A, and `#` ends nothing: settings, lock and backup mean the same file."""
    path = tmp_path / "50%41 #1" / "feedbot.db"
    store = await opened(path)
    assert store.path == path
    assert path.exists()
    async with store.transaction() as connection:
        await counters.sync(connection, ["a"], NOW)
    await store.backup(tmp_path / "copy.db")
    await store.close()
    copy = await opened(tmp_path / "copy.db")
    async with copy.reading() as connection:
        assert set(await counters.load_all(connection)) == {"a"}
    await copy.close()
    assert sorted(file.name for file in tmp_path.iterdir() if file.is_dir()) == ["50%41 #1"]


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (sa.select(sources).where(sources.c.active, sources.c.due_at <= NOW), "ix_sources_due"),
    ],
)
async def test_what_a_tick_asks_is_answered_by_an_index(
    path: Path, query: sa.Select[tuple[object, ...]], index: str
) -> None:
    store = await opened(path)
    async with store.reading() as connection:
        sql = str(query.compile(connection.sync_connection, compile_kwargs={"literal_binds": True}))
        plan = " ".join(
            row.detail for row in await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}")
        )
    await store.close()
    assert index in plan
