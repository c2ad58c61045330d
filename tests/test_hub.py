"""A WebSub hub is told of every change, once it can be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs

import pytest
import sqlalchemy as sa

from feedbot.clock import SimulatedClock
from feedbot.fetch import Fetcher
from feedbot.hub import HubTeller, is_topic
from feedbot.model import DeliveryKind, DeliveryState
from feedbot.publish import Publisher
from feedbot.store import outbox
from feedbot.store.engine import Store
from feedbot.store.outbox import Counts
from feedbot.store.roster import standings
from feedbot.store.schema import deliveries
from tests.test_publish import NOW, PLAN, SOURCE, publisher, put, sync

ROOT = "https://feeds.example.org/feeds/"
TOPICS = [f"{name}.{end}" for name in ("embassy", "all") for end in ("atom", "rss", "json")]


class Hub:
    """A hub on loopback: what it heard, in order; it answers `status`."""

    def __init__(self) -> None:
        self.heard: list[dict[str, list[str]]] = []
        self.status = "202 Accepted"

    async def __aenter__(self) -> Hub:
        self._server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}/"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.partition("content-length:")[2].split("\r\n")[0])
        self.heard.append(parse_qs((await reader.readexactly(length)).decode()))
        answer = f"HTTP/1.1 {self.status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        writer.write(answer.encode())
        await writer.drain()
        writer.close()

    def topics(self) -> list[str]:
        """What it was told of since it was asked last."""
        told = [form["hub.url"][0].removeprefix(ROOT) for form in self.heard]
        assert all(form["hub.mode"] == ["publish"] for form in self.heard)
        assert all(form["hub.topic"] == form["hub.url"] for form in self.heard)
        self.heard.clear()
        return told


class Desk:
    """A publisher with a hub, over a real store."""

    def __init__(self, store: Store, fetcher: Fetcher, folder: Path, hub: Hub) -> None:
        self.store = store
        self.fetcher = fetcher
        self.clock = SimulatedClock(NOW)
        plan = replace(PLAN, hub=hub.url)
        self.publisher: Publisher = publisher(store, folder, self.clock, plan)
        self.restart()

    def restart(self) -> None:
        shelf = self.publisher.shelf
        self.teller = HubTeller(
            self.store, self.fetcher, self.clock, lambda: self.publisher.plan, shelf.unsettled
        )
        shelf.changed = self.teller.owe

    async def states(self) -> list[str]:
        async with self.store.reading() as connection:
            query = sa.select(deliveries.c.state).where(deliveries.c.kind == DeliveryKind.HUB)
            return list((await connection.execute(query)).scalars())


@pytest.fixture
async def hub() -> AsyncIterator[Hub]:
    async with Hub() as hub:
        yield hub


@pytest.fixture
async def desk(tmp_path: Path, hub: Hub) -> AsyncIterator[Desk]:
    store = await Store.open(f"sqlite:///{tmp_path}/feedbot.db")
    await sync(store, SOURCE)
    await put(store, 5)
    async with Fetcher(allow_private_networks=True) as fetcher:
        desk = Desk(store, fetcher, tmp_path / "feeds", hub)
        yield desk
        await desk.teller.stop()
    await store.close()


async def test_feeds_name_the_hub_and_it_is_told_of_each_change(desk: Desk, hub: Hub) -> None:
    await desk.publisher.publish_all()
    feed = desk.publisher.get("embassy.atom")
    assert feed
    assert f'<link href="{hub.url}" rel="hub"/>'.encode() in feed.body
    await desk.teller.tell()
    assert sorted(hub.topics()) == sorted(TOPICS)
    assert await desk.states() == []  # it knows
    await desk.publisher.publish_all()  # nothing has changed
    await desk.teller.tell()
    assert hub.topics() == []
    await put(desk.store, 6, 5)
    await desk.publisher.publish("embassy")
    await desk.teller.tell()
    assert hub.topics() == TOPICS[:3]


async def test_a_feed_that_is_just_being_written_is_told_of_when_it_is_there(
    desk: Desk, hub: Hub
) -> None:
    await desk.publisher.publish_all()
    desk.publisher.shelf.unsettled.add("all.rss")
    await desk.teller.tell()
    assert sorted(hub.topics()) == sorted(set(TOPICS) - {"all.rss"})
    desk.publisher.shelf.unsettled.clear()
    await desk.teller.tell()
    assert hub.topics() == ["all.rss"]


async def test_a_hub_that_fails_is_told_later_and_of_each_topic_once(desk: Desk, hub: Hub) -> None:
    hub.status = "503 Service Unavailable"
    await desk.publisher.publish_all()
    await desk.teller.tell()
    hub.topics()
    await put(desk.store, 6, 5)
    desk.clock.advance(timedelta(seconds=30))
    await desk.publisher.publish_all()
    hub.status = "204 No Content"
    desk.clock.advance(timedelta(minutes=5))
    await desk.teller.tell()
    assert sorted(hub.topics()) == sorted(TOPICS)
    assert await desk.states() == []


async def test_what_was_being_told_when_the_process_ended_is_told_again(
    desk: Desk, hub: Hub
) -> None:
    await desk.publisher.publish_all()
    async with desk.store.transaction() as connection:
        await connection.execute(sa.update(deliveries).values(state=DeliveryState.SENDING))
        assert await outbox.doubt_leftovers(connection, NOW) == 0
    desk.restart()
    await desk.teller.tell()
    assert sorted(hub.topics()) == sorted(TOPICS)


async def test_a_hub_that_refuses_is_not_asked_again(
    desk: Desk, hub: Hub, caplog: pytest.LogCaptureFixture
) -> None:
    hub.status = "404 Not Found"
    await desk.publisher.publish_all()
    await desk.teller.tell()
    assert set(await desk.states()) == {DeliveryState.FAILED}
    assert caplog.messages[0].endswith("answered 404 about " + ROOT + "embassy.atom; given up")
    hub.topics()
    desk.clock.advance(timedelta(days=1))
    await desk.teller.tell()
    assert hub.topics() == []


async def test_a_tick_tells_in_the_background(desk: Desk, hub: Hub) -> None:
    await desk.publisher.publish_all()
    await desk.teller.tick()
    async with asyncio.timeout(20):
        while await desk.states():  # noqa: ASYNC110 - it is the store that says so
            await asyncio.sleep(0.01)
    assert len(hub.topics()) == 6


async def test_a_hub_is_no_chat(desk: Desk) -> None:
    await desk.publisher.publish_all()
    async with desk.store.transaction() as connection:
        assert await outbox.counts(connection) == Counts()
        assert await outbox.owed_chats(connection) == []
        assert await standings(connection) == []


async def test_another_hub_takes_the_place_of_the_first(desk: Desk, hub: Hub) -> None:
    await desk.publisher.publish_all()
    desk.publisher.configure(replace(desk.publisher.plan, hub=f"{hub.url}other"))
    await desk.publisher.publish_all()  # the feeds name it
    await desk.teller.tell()
    assert sorted(hub.topics()) == sorted(TOPICS)
    desk.publisher.configure(replace(desk.publisher.plan, hub=None))
    await desk.publisher.publish_all()
    await desk.teller.tell()
    assert hub.topics() == []


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("embassy.atom", True),
        ("counters/since.json", True),
        ("embassy/50/3.atom", False),
        ("all.opml", False),
        ("feed.css", False),
    ],
)
def test_only_feeds_are_topics(path: str, expected: bool) -> None:
    assert is_topic(path) is expected
