"""A source's whole history in archives that stay as they are (RFC 5005)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from lxml import etree

from feedbot.clock import SimulatedClock
from feedbot.publish import Publisher
from feedbot.store import editions, retract, schema
from feedbot.store.engine import Store
from tests.test_publish import NOW, PLAN, SOURCE, publisher, put, sync

ATOM = "{http://www.w3.org/2005/Atom}"
ARCHIVE = "{http://purl.org/syndication/history/1.0}archive"
STONE = "{http://purl.org/atompub/tombstones/1.0}deleted-entry"
ROOT = "https://feeds.example.org/feeds/"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = await Store.open(f"sqlite:///{tmp_path}/feedbot.db")
    await sync(store, SOURCE)
    yield store
    await store.close()


async def publish(publishing: Publisher) -> None:
    await publishing.publish("embassy")
    await publishing.archives.write()


def parse(folder: Path, path: str) -> etree._Element:
    return etree.parse(folder / f"{path}.atom").getroot()


def links(feed: etree._Element) -> dict[str, str]:
    return {
        link.get("rel"): link.get("href").removeprefix(ROOT).removesuffix(".atom")
        for link in feed.findall(ATOM + "link")
    }


def titles(feed: etree._Element) -> list[str]:
    return [entry.findtext(ATOM + "title") for entry in feed.findall(ATOM + "entry")]


def walk(folder: Path, rel: str, path: str = "embassy") -> list[str]:
    """The documents that a reader comes to."""
    found = [path]
    while further := links(parse(folder, found[-1])).get(rel):
        found.append(further)
    return found


def bodies(folder: Path) -> dict[str, bytes]:
    """Every archive there is, by path."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted((folder / "embassy").rglob("*"))
        if path.is_file()
    }


def complete(folder: Path) -> dict[str, bytes]:
    """Those that are never to change."""
    found = bodies(folder)
    names = {path.split(".")[0] for path in found}
    whole = {name for name in names if parse(folder, name).find(ARCHIVE) is not None}
    return {path: body for path, body in found.items() if path.split(".")[0] in whole}


async def test_a_reader_finds_all_there_ever_was(store: Store, tmp_path: Path) -> None:
    publishing = publisher(store, tmp_path)
    await put(store, 2, 1)
    await publish(publishing)
    assert walk(tmp_path, "prev-archive") == ["embassy"]
    before: dict[str, bytes] = {}
    for newest in range(3, 12):
        await put(store, *range(newest, max(0, newest - 5), -1))
        await publish(publishing)
        seen = walk(tmp_path, "prev-archive")
        found = {title for path in seen for title in titles(parse(tmp_path, path))}
        assert found == {f"Event {number}" for number in range(1, newest + 1)}
        after = complete(tmp_path)
        assert before.items() <= after.items()  # what was complete has not changed by a byte
        before = after
    assert walk(tmp_path, "prev-archive") == [
        "embassy", "embassy/3/3", "embassy/3/2", "embassy/3/1"
    ]  # fmt: skip
    assert walk(tmp_path, "next-archive", "embassy/3/1") == [
        f"embassy/3/{number}" for number in range(1, 5)
    ]
    assert links(parse(tmp_path, "embassy/3/2"))["current"] == "embassy"
    growing = parse(tmp_path, "embassy/3/4")
    assert growing.find(ARCHIVE) is None
    assert titles(growing) == ["Event 11", "Event 10"]
    feed = json.loads((tmp_path / "embassy.json").read_bytes())
    assert feed["next_url"] == f"{ROOT}embassy/3/3.json"


async def test_a_changed_entry_comes_anew_and_its_archive_stays(
    store: Store, tmp_path: Path
) -> None:
    publishing = publisher(store, tmp_path)
    await put(store, 7, 6, 5, 4, 3, 2, 1)
    await publish(publishing)
    before = complete(tmp_path)
    assert len(before) == 2 * 3 * 2
    for _ in range(2):  # a change has to be seen twice
        await put(store, 7, 6, 5, 4, 3, 2, 1, summary="Told anew.")
    await publish(publishing)
    assert before.items() <= complete(tmp_path).items()
    feed = parse(tmp_path, "embassy")
    assert len(titles(feed)) == 3
    summaries = {entry.findtext(ATOM + "summary") for entry in feed.findall(ATOM + "entry")}
    assert summaries == {"<p>Told anew.</p>"}
    old = parse(tmp_path, "embassy/3/1")
    assert titles(old) == ["Event 3", "Event 2", "Event 1"]
    assert b"<p>Told.</p>" in (tmp_path / "embassy/3/1.json").read_bytes()


async def test_what_left_leaves_its_archive_and_a_tombstone(store: Store, tmp_path: Path) -> None:
    publishing = publisher(store, tmp_path)
    await put(store, 7, 6, 5, 4, 3, 2, 1)
    await publish(publishing)
    before = bodies(tmp_path)
    for _ in range(3):
        await put(store, 7, 6, 5, 4, 3, 1)
    await publish(publishing)
    archive = parse(tmp_path, "embassy/3/1")
    assert titles(archive) == ["Event 3", "Event 1"]
    assert len(archive.findall(STONE)) == len(parse(tmp_path, "embassy").findall(STONE)) == 1
    after = bodies(tmp_path)
    rewritten = {path.split(".")[0] for path in after if after[path] != before[path]}
    assert rewritten == {"embassy/3/1"}
    await put(store, 7, 6, 5, 4, 3, 2, 1)  # it is back
    await publish(publishing)
    assert titles(parse(tmp_path, "embassy/3/1")) == ["Event 3", "Event 2", "Event 1"]


async def test_what_is_taken_back_leaves_every_edition(store: Store, tmp_path: Path) -> None:
    publishing = publisher(store, tmp_path)
    await put(store, 4, 3, 2, 1)
    for _ in range(2):
        await put(store, 4, 3, 2, 1, summary="Told anew.")
    await publish(publishing)
    async with store.transaction() as connection:
        query = sa.select(schema.entries.c.article_id).where(schema.entries.c.title == "Event 1")
        article = (await connection.execute(query)).scalar_one()
        await retract.retract(connection, [article], NOW)
    await publish(publishing)
    for number in (1, 2):
        assert b"Event 1<" not in (tmp_path / f"embassy/3/{number}.atom").read_bytes()
    assert len(parse(tmp_path, "embassy/3/1").findall(STONE)) == 1


async def test_a_new_entry_costs_three_documents_however_many_there_are(
    store: Store, tmp_path: Path
) -> None:
    clock = SimulatedClock(NOW)
    publishing = publisher(store, tmp_path, clock)
    await put(store, *range(28, 0, -1))
    await publish(publishing)
    for newest in range(29, 32):
        before = {path: (tmp_path / path).stat().st_mtime_ns for path in bodies(tmp_path)}
        clock.advance(timedelta(minutes=1))
        await put(store, *range(newest, newest - 20, -1))
        await publish(publishing)
        written = [
            path
            for path in bodies(tmp_path)
            if path.endswith(".rss") and (tmp_path / path).stat().st_mtime_ns != before.get(path)
        ]
        assert len(written) <= 2  # and the feed itself


async def test_another_size_or_address_writes_all_anew(store: Store, tmp_path: Path) -> None:
    await put(store, 7, 6, 5, 4, 3, 2, 1)
    await publish(publisher(store, tmp_path))
    moved = publisher(
        store, tmp_path, plan=replace(PLAN, base_url="https://other.example", limit=2)
    )
    await publish(moved)
    assert not list((tmp_path / "embassy/3").glob("*.atom*"))
    assert (
        b"https://other.example/feeds/embassy/2/2.atom"
        in (tmp_path / "embassy/2/1.atom").read_bytes()
    )


async def test_archives_somebody_took_away_are_written_again(store: Store, tmp_path: Path) -> None:
    await put(store, 7, 6, 5, 4, 3, 2, 1)
    await publish(publisher(store, tmp_path))
    before = bodies(tmp_path)
    (tmp_path / "embassy/3/1.rss").unlink()
    await publish(publisher(store, tmp_path))
    assert bodies(tmp_path) == before


async def test_an_archive_is_served_from_its_file(store: Store, tmp_path: Path) -> None:
    await put(store, 7, 6, 5, 4, 3, 2, 1)
    publishing = publisher(store, tmp_path)
    await publishing.publish_all()
    await publishing.archives.write()
    served = await publishing.fetch("embassy/3/1.atom")
    assert served is not None
    assert served.body == (tmp_path / "embassy/3/1.atom").read_bytes()
    document = await publishing.document("embassy/3/1.atom")
    assert document is not None
    assert [article.title for article in document.articles] == ["Event 3", "Event 2", "Event 1"]
    for path in ("embassy/3/9.atom", "embassy/../feedbot.db", "other/3/1.atom", "embassy/3/1.db"):
        assert await publishing.fetch(path) is None
    await sync(store)
    publishing.configure(replace(PLAN, sources={}, combined=()))
    await publishing.publish_all()
    assert await publishing.fetch("embassy/3/1.atom") is None
    assert publishing.gone("embassy/3/1.atom")
    assert bodies(tmp_path) == {}


async def test_what_an_entry_said_before_is_kept(store: Store) -> None:
    await put(store, 1)
    for _ in range(2):
        await put(store, 1, summary="Told anew.")
    async with store.reading() as connection:
        [(key, [was])] = (await editions.history(connection, [1])).items()
    assert (key, was.entry.summary, was.position) == (1, "Told.", 1)


async def test_a_feed_says_what_has_changed_where_it_is_asked_to(
    store: Store, tmp_path: Path
) -> None:
    plan = replace(PLAN, sources={"embassy": replace(SOURCE, show_changes=True)})
    await put(store, 2, 1)
    for _ in range(2):
        await put(store, 2, 1, summary="Told quite anew.", now=NOW + timedelta(hours=1))
    await publish(publisher(store, tmp_path, plan=plan))
    entry = parse(tmp_path, "embassy").find(ATOM + "entry")
    assert entry.findtext(ATOM + "summary") == (
        "<p>Told quite anew.</p><p><small>Changed on 27 May 2020, 22:54: text: "
        "<del>Told.</del> <ins>Told quite anew.</ins>.</small></p>"
    )
