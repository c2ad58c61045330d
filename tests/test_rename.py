"""A source that gets another name keeps everything, and its readers find it."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from feedbot.demo.site import Event
from feedbot.model import Source
from feedbot.store import schema, sources
from feedbot.store.engine import Store
from feedbot.store.rename import former_names
from tests.commands import Desk

NOW = datetime(2020, 5, 27, 12, tzinfo=UTC)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with Desk(tmp_path) as desk:
        yield desk


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = await Store.open(f"sqlite:///{tmp_path / 'feedbot.db'}")
    yield store
    await store.close()


def named(name: str, was: str | None = None) -> Source:
    return Source(name=name, url="https://press.example.org/", title=name, was=was)


async def sync(store: Store, *configured: Source) -> list[str]:
    async with store.transaction() as connection:
        return await sources.sync(connection, configured, "press.example", NOW)


async def known(store: Store) -> tuple[dict[str, str], dict[str, str]]:
    """Names with the ids of their feeds; former names."""
    async with store.reading() as connection:
        states = await sources.load_all(connection)
        return {state.name: state.feed_id for state in states}, await former_names(connection)


async def test_a_name_follows_the_configuration_as_often_as_it_changes(store: Store) -> None:
    await sync(store, named("first"))
    feed_id = (await known(store))[0]["first"]
    assert await sync(store, named("second", "first")) == [
        "source second: was first, and keeps all that was known of it"
    ]
    assert await sync(store, named("second", "first")) == []
    await sync(store, named("third", "second"))
    assert await known(store) == ({"third": feed_id}, {"first": "third", "second": "third"})

    await sync(store, named("third"), named("first"))  # the name is somebody's again
    names, former = await known(store)
    assert (set(names), former) == ({"first", "third"}, {"second": "third"})
    assert names["third"] == feed_id


async def test_a_former_name_nobody_had_is_harmless(store: Store) -> None:
    assert await sync(store, named("page", "never")) == []
    names, former = await known(store)
    assert (set(names), former) == ({"page"}, {})


async def test_two_that_both_have_entries_are_not_mixed(store: Store) -> None:
    await sync(store, named("old"), named("new"))
    assert await sync(store, named("new", "old")) == [
        "source new: was old, and keeps all that was known of it"  # nothing was known of `new`
    ]
    await sync(store, named("old"), named("new"))
    async with store.transaction() as connection:
        state = await sources.load(connection, "new")
        await connection.execute(
            sa.update(schema.sources).where(schema.sources.c.id == state.id).values(entries=1)
        )
    assert await sync(store, named("new", "old")) == [
        "source new: it and old both have entries; they stay apart"
    ]


async def test_nothing_is_posted_again_and_the_old_address_leads_on(desk: Desk) -> None:
    desk.config["sources"] = [desk.source("london", every="1s")]
    await desk.feedbot("once")
    desk.site.publish(Event(datetime.now(UTC).date(), "Before the change", "It was"))
    await desk.feedbot("once")
    before = desk.feed("london")
    async with desk.running() as running:
        answer = await running.http.get("/feeds/london.atom")
        assert answer.status_code == 200
        desk.config["sources"] = [desk.source("embassy", every="1s", was="london")]
        desk.save()
        running.send(signal.SIGHUP)
        await running.until(lambda: "configuration reloaded" in running.err)
        assert "source embassy: was london, and keeps all that was known of it" in running.err
        moved = await running.http.get("/feeds/london.atom")
        assert (moved.status_code, moved.headers["location"]) == (301, "embassy.atom")
        followed = await running.http.get("/feeds/london.atom", follow_redirects=True)
        assert followed.status_code == 200
        assert followed.url.path == "/feeds/embassy.atom"
        desk.site.publish(Event(datetime.now(UTC).date(), "After the change", "It is"))
        await running.until(lambda: len(desk.posted()) == 2)
        assert await running.end() == 0
    assert not (desk.folder / "feeds/london.atom").exists()
    after = desk.feed("embassy")
    assert after.feed.id == before.feed.id
    assert [entry.id for entry in after.entries[1:]] == [entry.id for entry in before.entries]
    assert desk.posted() == ["Before the change", "After the change"]
    await desk.feedbot("once")  # the line may stay in the configuration
    assert desk.posted() == ["Before the change", "After the change"]
