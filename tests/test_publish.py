"""From the store to the file: atomic, stable, unchanged bytes left alone."""

from __future__ import annotations

import asyncio
import gzip
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import feedparser
import pytest

from feedbot.clock import SimulatedClock
from feedbot.diff import Rules, diff
from feedbot.errors import PublishError
from feedbot.identity import identify
from feedbot.model import Item, Source
from feedbot.publish import Publisher, replace_file
from feedbot.store import entries, sources
from feedbot.store.engine import Store

NOW = datetime(2020, 5, 27, 20, 55, tzinfo=UTC)
SOURCE = Source(
    name="embassy",
    url="https://press.example.org/",
    title="Press office",
    timezone=ZoneInfo("Europe/London"),
)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = await Store.open(f"sqlite:///{tmp_path}/feedbot.db")
    async with store.transaction() as connection:
        await sources.sync(connection, [SOURCE], "press.example.org", NOW)
    yield store
    await store.close()


async def put(store: Store, *numbers: int, baseline: datetime = NOW) -> None:
    """Store a listing as a sound poll would."""
    items = [
        Item(f"Event {n}", f"https://press.example.org/{n}", date=date(2020, 5, n), summary="Told.")
        for n in numbers
    ]
    rows = identify(items, SOURCE.url)
    async with store.transaction() as connection:
        state = await sources.load(connection, "embassy")
        known = await entries.recall(connection, state, rows)
        decided = diff(rows, known, state.places, state.polls + 1, Rules())
        applied = await entries.apply(
            connection, state, decided, rows, source=SOURCE, authority="a.example", now=NOW
        )
        await sources.record_sound(connection, replace(applied.state, baseline_at=baseline))


def publisher(store: Store, folder: Path, clock: SimulatedClock | None = None) -> Publisher:
    return Publisher(
        store,
        clock or SimulatedClock(NOW),
        {"embassy": SOURCE},
        directory=folder,
        base_url="https://feeds.example.org",
        limit=3,
    )


async def test_the_file_holds_the_newest_entries_newest_first(store: Store, tmp_path: Path) -> None:
    await put(store, 5, 4, 3, 2)
    await publisher(store, tmp_path / "feeds").publish_all()
    feed = feedparser.parse((tmp_path / "feeds" / "embassy.atom").read_bytes())
    assert [entry.title for entry in feed.entries] == ["Event 5", "Event 4", "Event 3"]
    links = {link.rel: link.href for link in feed.feed.links}
    assert links == {
        "self": "https://feeds.example.org/feeds/embassy.atom",
        "alternate": SOURCE.url,
    }
    assert feed.entries[0].published == "2020-05-05T12:00:00+01:00"


async def test_before_the_baseline_there_is_no_feed(store: Store, tmp_path: Path) -> None:
    publishing = publisher(store, tmp_path)
    await publishing.publish_all()
    assert publishing.get("embassy") is None
    assert not (tmp_path / "embassy.atom").exists()


async def test_unchanged_bytes_are_not_written_again(store: Store, tmp_path: Path) -> None:
    await put(store, 5, 4)
    clock = SimulatedClock(NOW)
    first = publisher(store, tmp_path, clock)
    await first.publish_all()
    before = (tmp_path / "embassy.atom").stat()
    clock.advance(timedelta(hours=1))
    await first.publish("embassy")
    second = publisher(store, tmp_path, clock)
    await second.publish_all()
    after = (tmp_path / "embassy.atom").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert second.get("embassy") == first.get("embassy")


async def test_of_builds_at_the_same_time_the_last_one_counts(store: Store, tmp_path: Path) -> None:
    """A reload publishes everything, and so does a poll that ends meanwhile."""
    await put(store, 5)
    publishing = publisher(store, tmp_path)
    for turn in range(20):
        builds = []
        for number in range(5):
            base_url = f"https://{turn}-{number}.example.org"
            publishing.configure({"embassy": SOURCE}, base_url, 3)
            builds.append(asyncio.create_task(publishing.publish("embassy")))
            await asyncio.sleep(0)
        await asyncio.gather(*builds)
        body = (tmp_path / "embassy.atom").read_bytes()
        assert f"https://{turn}-4.example.org".encode() in body
        feed = publishing.get("embassy")
        assert feed is not None
        assert feed.body == body


async def test_last_modified_moves_by_a_second_with_the_body_whatever_the_clock_says(
    store: Store, tmp_path: Path
) -> None:
    clock = SimulatedClock(NOW)
    publishing = publisher(store, tmp_path, clock)
    seen = []
    for newest, step in ((4, 0), (5, 0), (6, -3600), (7, 7200)):
        clock.advance(timedelta(seconds=step))
        await put(store, newest, 3)
        await publishing.publish("embassy")
        feed = publishing.get("embassy")
        assert feed is not None
        seen.append((feed.modified, feed.etag))
        assert gzip.decompress(feed.gzipped) == feed.body
    assert [moment for moment, _ in seen] == [
        NOW,
        NOW + timedelta(seconds=1),
        NOW + timedelta(seconds=2),
        NOW + timedelta(hours=1),
    ]
    assert len({etag for _, etag in seen}) == 4


async def test_other_processes_write_the_same_bytes(store: Store, tmp_path: Path) -> None:
    await put(store, 5, 4, 3)
    script = (
        "import asyncio, sys\n"
        "from datetime import UTC, datetime\n"
        "from pathlib import Path\n"
        "from feedbot.clock import SimulatedClock\n"
        "from feedbot.store.engine import Store\n"
        "from tests.test_publish import publisher\n"
        "async def main():\n"
        "    store = await Store.open('sqlite:///' + sys.argv[1])\n"
        "    clock = SimulatedClock(datetime(int(sys.argv[3]), 1, 1, tzinfo=UTC))\n"
        "    await publisher(store, Path(sys.argv[2]), clock).publish_all()\n"
        "    await store.close()\n"
        "asyncio.run(main())\n"
    )
    written = []
    for seed, year, zone in (("0", "2020", "UTC"), ("4242", "2033", "Asia/Tokyo")):
        folder = tmp_path / seed
        subprocess.run(
            [sys.executable, "-c", script, str(store.path), str(folder), year],
            env=os.environ | {"PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": "C"},
            cwd=Path(__file__).parent.parent,
            check=True,
        )
        written.append((folder / "embassy.atom").read_bytes())
    assert written[0] == written[1]


async def test_a_removed_sources_feed_stays_as_it_is(store: Store, tmp_path: Path) -> None:
    await put(store, 5)
    await publisher(store, tmp_path).publish_all()
    later = publisher(store, tmp_path)
    later.configure({}, "https://feeds.example.org", 3)
    await later.publish_all()
    feed = later.get("embassy")
    assert feed is not None
    assert feed.body == (tmp_path / "embassy.atom").read_bytes()


async def test_a_folder_that_cannot_be_written_is_one_line(store: Store, tmp_path: Path) -> None:
    await put(store, 5)
    (tmp_path / "file").write_text("")
    publishing = publisher(store, tmp_path / "file" / "feeds")
    for attempt in (publishing.publish_all(),):
        with pytest.raises(PublishError, match=r"check feeds\.directory"):
            await attempt
    with pytest.raises(PublishError, match=r"Not a directory|File exists"):
        publishing.check_writable()


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "feed.atom"
    replace_file(target, b"old", 1_000_000)
    assert int(target.stat().st_mtime) == 1_000_000
    target.with_name(f".{target.name}.{os.getpid()}.part").mkdir()  # makes the writing fail
    with pytest.raises(OSError, match="directory"):
        replace_file(target, b"new")
    assert target.read_bytes() == b"old"
