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
from typing import Literal
from zoneinfo import ZoneInfo

import feedparser
import pytest
from lxml import etree

from feedbot.clock import SimulatedClock
from feedbot.counters import is_milestone
from feedbot.diff import Rules, diff
from feedbot.errors import PublishError
from feedbot.identity import identify
from feedbot.model import Combined, Counter, Item, Source
from feedbot.publish import Plan, Publisher, everything
from feedbot.publish.files import replace_file
from feedbot.store import counters, entries, sources
from feedbot.store.counters import Count
from feedbot.store.engine import Store
from feedbot.store.recall import recall

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


async def put(
    store: Store,
    *numbers: int,
    name: str = "embassy",
    now: datetime = NOW,
    summary: str = "Told.",
) -> None:
    """Store a listing as a sound poll would."""
    items = [
        Item(f"Event {n}", f"https://press.example.org/{n}", date=date(2020, 5, n), summary=summary)
        for n in numbers
    ]
    rows = identify(items, SOURCE.url)
    async with store.transaction() as connection:
        state = await sources.load(connection, name)
        known = await recall(connection, state, rows)
        decided = diff(rows, known, state.places, state.polls + 1, Rules())
        applied = await entries.apply(
            connection, state, decided, rows, source=SOURCE, authority="a.example", now=now
        )
        await sources.record_sound(connection, replace(applied.state, baseline_at=NOW))


PLAN = Plan({"embassy": SOURCE}, "https://feeds.example.org", limit=3, combined=(everything("en"),))


def publisher(
    store: Store, folder: Path, clock: SimulatedClock | None = None, plan: Plan = PLAN
) -> Publisher:
    return Publisher(store, clock or SimulatedClock(NOW), plan, directory=folder)


async def sync(store: Store, *configured: Source, now: datetime = NOW) -> None:
    async with store.transaction() as connection:
        await sources.sync(connection, configured, "press.example.org", now)


async def test_the_file_holds_the_newest_entries_newest_first(store: Store, tmp_path: Path) -> None:
    await put(store, 5, 4, 3, 2)
    await publisher(store, tmp_path / "feeds").publish_all()
    feed = feedparser.parse((tmp_path / "feeds" / "embassy.atom").read_bytes())
    assert [entry.title for entry in feed.entries] == ["Event 5", "Event 4", "Event 3"]
    links = {link.rel: link.href for link in feed.feed.links}
    assert links == {
        "self": "https://feeds.example.org/feeds/embassy.atom",
        "alternate": SOURCE.url,
        "prev-archive": "https://feeds.example.org/feeds/embassy/3/1.atom",
    }
    assert feed.entries[0].published == "2020-05-05T12:00:00+01:00"


async def test_before_the_baseline_there_is_no_feed(store: Store, tmp_path: Path) -> None:
    publishing = publisher(store, tmp_path)
    await publishing.publish_all()
    assert publishing.get("embassy.atom") is None
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
    feeds = [one.get("embassy.atom") for one in (first, second)]
    assert len({(feed.body, feed.etag, feed.modified) for feed in feeds if feed}) == 1


async def test_of_builds_at_the_same_time_the_last_one_counts(store: Store, tmp_path: Path) -> None:
    """A reload publishes everything, and so does a poll that ends meanwhile."""
    await put(store, 5)
    publishing = publisher(store, tmp_path)
    for turn in range(20):
        builds = []
        for number in range(5):
            publishing.configure(replace(PLAN, base_url=f"https://{turn}-{number}.example.org"))
            builds.append(asyncio.create_task(publishing.publish("embassy")))
            await asyncio.sleep(0)
        await asyncio.gather(*builds)
        body = (tmp_path / "embassy.atom").read_bytes()
        assert f"https://{turn}-4.example.org".encode() in body
        feed = publishing.get("embassy.atom")
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
        feed = publishing.get("embassy.atom")
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


async def test_a_removed_source_leaves_a_last_feed_that_says_so(
    store: Store, tmp_path: Path
) -> None:
    await put(store, 5, 4)
    await publisher(store, tmp_path).publish_all()
    await sync(store, now=NOW + timedelta(days=3))
    later = publisher(store, tmp_path)
    later.configure(replace(PLAN, sources={}, combined=()))
    await later.publish_all()
    for ending in ("atom", "rss", "json"):
        assert later.get(f"embassy.{ending}") is None
        assert later.gone(f"embassy.{ending}")
        assert not (tmp_path / f"all.{ending}").exists()
        assert not (tmp_path / f"all.{ending}.gz").exists()
    assert later.gone("all.atom")
    last = feedparser.parse((tmp_path / "embassy.atom").read_bytes())
    assert [entry.title for entry in last.entries] == [
        "This feed has ended", "Event 5", "Event 4"
    ]  # fmt: skip
    assert last.feed.title == "Press office"
    assert "Since 30 May 2020" in last.entries[0].summary
    assert last.entries[0].updated > last.entries[1].updated

    await sync(store, SOURCE)
    again = publisher(store, tmp_path)
    await again.publish_all()
    assert not again.gone("embassy.atom")
    assert not again.gone("all.atom")
    back = feedparser.parse((tmp_path / "embassy.atom").read_bytes())
    assert [entry.title for entry in back.entries] == ["Event 5", "Event 4"]


async def test_every_feed_lies_there_in_three_formats_and_packed(
    store: Store, tmp_path: Path
) -> None:
    await put(store, 5)
    await publisher(store, tmp_path).publish_all()
    names = [
        f"{name}.{ending}" for name in ("all", "embassy") for ending in ("atom", "json", "rss")
    ]
    both = [*names, "all.opml", "feed.css"]
    assert {path.name for path in tmp_path.iterdir() if path.suffix != ".db"} >= {
        *both, *(f"{name}.gz" for name in both)
    }  # fmt: skip
    for name in both:
        plain, packed = tmp_path / name, tmp_path / f"{name}.gz"
        assert gzip.decompress(packed.read_bytes()) == plain.read_bytes()
        assert packed.stat().st_mtime == plain.stat().st_mtime


async def test_opml_lists_all_feeds(store: Store, tmp_path: Path) -> None:
    await publisher(store, tmp_path).publish_all()
    outlines = etree.parse(tmp_path / "all.opml").getroot().findall("body/outline")
    assert [(line.get("text"), line.get("xmlUrl"), line.get("htmlUrl")) for line in outlines] == [
        ("All sources", "https://feeds.example.org/feeds/all.atom", None),
        ("Press office", "https://feeds.example.org/feeds/embassy.atom", SOURCE.url),
    ]


COURT = replace(SOURCE, name="court", url="https://court.example.org/", title="Court")


def titles(folder: Path, name: str) -> list[str]:
    feed = feedparser.parse((folder / f"{name}.atom").read_bytes())
    assert not feed.bozo
    return [entry.title for entry in feed.entries]


async def test_combined_feeds_have_what_they_ask_for(store: Store, tmp_path: Path) -> None:
    plan = replace(
        PLAN,
        sources={"embassy": SOURCE, "court": COURT},
        combined=(
            everything("en"),
            Combined("one", "Only the court", ("court",)),
            Combined("some", "Some", include=("Event 5", "re:Event [24]$"), exclude=("Event 2",)),
        ),
    )
    await sync(store, SOURCE, COURT)
    await put(store, 5, 4)
    await put(store, 3, 2, name="court")
    publishing = publisher(store, tmp_path, plan=plan)
    await publishing.publish_all()
    assert titles(tmp_path, "all") == ["Event 5", "Event 3", "Event 2"]  # the last three to come
    assert titles(tmp_path, "one") == ["Event 3", "Event 2"]
    assert titles(tmp_path, "some") == ["Event 5", "Event 4"]
    whole = feedparser.parse((tmp_path / "all.atom").read_bytes())
    assert [entry.source.title for entry in whole.entries] == ["Press office", "Court", "Court"]
    assert len({entry.updated for entry in whole.entries}) == 3
    await put(store, 6, 3, 2, name="court")
    await publishing.publish("court")
    await publishing.publish_combined("court")
    assert titles(tmp_path, "all")[0] == titles(tmp_path, "one")[0] == "Event 6"
    assert titles(tmp_path, "some") == ["Event 5", "Event 4"]


async def test_many_sources_are_combined_by_what_came_last(store: Store, tmp_path: Path) -> None:
    several = [replace(SOURCE, name=f"site-{number}") for number in range(25)]
    await sync(store, *several)
    for number, source in enumerate(several):
        await put(store, 1 + number % 5, name=source.name, now=NOW + timedelta(minutes=number))
    plan = replace(PLAN, sources={source.name: source for source in several})
    await publisher(store, tmp_path, plan=plan).publish_all()
    feed = feedparser.parse((tmp_path / "all.atom").read_bytes())
    assert sorted(entry.updated for entry in feed.entries) == [
        f"2020-05-27T21:{minute}:00.0000{number}+00:00"
        for minute, number in (("17", 24), ("18", 25), ("19", 26))
    ]


async def test_an_id_of_a_combined_feed_stays_when_everything_moves(
    store: Store, tmp_path: Path
) -> None:
    await put(store, 5)
    ids = []
    for base_url in ("https://feeds.example.org", "https://other.example.net/news"):
        plan = replace(PLAN, base_url=base_url, authority="other.example.net")
        await publisher(store, tmp_path, plan=plan).publish_all()
        feed = feedparser.parse((tmp_path / "all.atom").read_bytes())
        ids.append((feed.feed.id, feed.entries[0].id))
        assert {link.rel: link.href for link in feed.feed.links}["self"].startswith(base_url)
    assert ids[0] == ids[1]
    assert ids[0][0].startswith("tag:other.example.net,2020-05-27:all/")


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


SINCE = Counter(
    "since", "{days} days", since=date(2018, 3, 4), timezone=ZoneInfo("Europe/London"),
    source="embassy",
)  # fmt: skip


@pytest.mark.parametrize(("feed", "shown"), [("day", ["815 days", "800 days"]),
                                             ("milestone", ["800 days"])])  # fmt: skip
async def test_a_counter_has_a_feed(
    store: Store, tmp_path: Path, feed: Literal["day", "milestone"], shown: list[str]
) -> None:
    counter = replace(SINCE, feed=feed)
    async with store.transaction() as connection:
        await counters.sync(connection, ["since"], NOW)
        for number in (800, 815):
            day = date(2018, 3, 4) + timedelta(days=number)
            at = datetime(day.year, day.month, day.day, 8, tzinfo=UTC)
            count = Count(day, f"{number} days", at)
            await counters.record(connection, "since", count, milestone=is_milestone(counter, day))
    plan = replace(PLAN, counters=(counter,))
    publishing = publisher(store, tmp_path, plan=plan)
    await publishing.publish_all()
    assert titles(tmp_path, "counters/since") == shown
    made = feedparser.parse((tmp_path / "counters" / "since.atom").read_bytes())
    assert made.entries[0].link == SOURCE.url
    assert made.entries[0].id.startswith(f"{made.feed.id}/20")
    assert b"../feed.css" in (tmp_path / "counters" / "since.rss").read_bytes()
    document = await publishing.document("counters/since.json")
    assert document is not None
    assert [article.title for article in document.articles] == shown
    assert b"counters/since.atom" in (tmp_path / "all.opml").read_bytes()
    publishing.configure(PLAN)
    await publishing.publish_all()
    assert publishing.gone("counters/since.atom")
    assert not list((tmp_path / "counters").iterdir())
