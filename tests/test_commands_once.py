"""`feedbot once` from outside: the seed's page becomes a feed and a channel."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, time
from pathlib import Path

import pytest
from lxml import html

from feedbot.demo.site import Event, Fault
from tests import seed
from tests.commands import Desk


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with Desk(tmp_path) as desk:
        yield desk


def event(number: int) -> Event:
    return Event(datetime.now(UTC).date(), f"Event number {number}", f"What came of {number}")


def text(markup: str) -> str:
    return str(html.fromstring(markup).text_content()) if markup else ""


async def test_the_seeds_page_becomes_a_feed_and_each_new_row_one_message(desk: Desk) -> None:
    first = await desk.feedbot("once")
    assert first.code == 0, first.err
    assert first.out.splitlines()[0] == f"embassy: 0 new; {desk.folder}/feeds/embassy.atom"
    entries = desk.feed().entries
    assert [entry.title for entry in entries] == [row.title for row in seed.ROWS]
    assert [text(entry.get("summary", "")) for entry in entries] == [
        row.summary for row in seed.ROWS
    ]
    noons = [datetime.combine(row.date, time(12), seed.LONDON) for row in seed.ROWS]
    assert [datetime.fromisoformat(entry.published) for entry in entries] == noons
    assert [entry.published[-6:] for entry in entries] == ["+01:00"] * len(seed.ROWS)
    assert [entry.link for entry in entries] == [
        desk.server.url + shown.path for shown in desk.site.latest
    ]
    assert desk.posted() == []

    added = desk.site.next_day()
    second = await desk.feedbot("once")
    assert second.code == 0, second.err
    assert second.out.splitlines() == [
        f"embassy: {len(added)} new; {desk.folder}/feeds/embassy.atom",
        f"deliveries: {len(added)} sent, 0 still owed, 0 failed",
    ]
    assert desk.posted() == [row.title for row in reversed(added)]
    grown = desk.feed().entries
    assert [entry.title for entry in grown[: len(added)]] == [row.title for row in added]
    assert [entry.id for entry in grown[len(added) :]] == [entry.id for entry in entries]

    third = await desk.feedbot("once", "-v")
    assert third.code == 0, third.err
    assert len(desk.posted()) == len(added)
    assert desk.feed().entries == grown


async def test_what_waits_beyond_the_time_given_is_said_and_sent_the_next_time(
    desk: Desk,
) -> None:
    await desk.feedbot("once")
    for number in range(4):
        desk.site.publish(event(number))
    hasty = await desk.feedbot("once", "--wait", "0s")
    assert hasty.code == 1
    sent = len(desk.posted())
    assert sent < 4
    assert f"deliveries: {sent} sent, {4 - sent} still owed, 0 failed" in hasty.out
    assert (await desk.feedbot("status", "--json")).json["deliveries"]["owed"] == 4 - sent
    patient = await desk.feedbot("once")
    assert patient.code == 0
    assert desk.posted() == [f"Event number {number}" for number in range(4)]


async def test_sources_that_fail_stop_nobody_and_are_named_on_one_line_each(desk: Desk) -> None:
    elsewhere = desk.server.url.replace("127.0.0.1", "localhost")  # 503 lets its host rest
    desk.config["sources"] += [
        desk.source("broken", "/broken"),
        desk.source("busy", "/busy") | {"url": f"{elsewhere}/busy"},
        desk.source("empty", "/article/433"),
    ]
    desk.server.faults.set("/broken", Fault(status=500))
    desk.server.faults.set("/busy", Fault(status=503, headers={"Retry-After": "3600"}))
    first = await desk.feedbot("once")
    assert first.code == 1
    for name, path, cause in (
        ("broken", "/broken", "500"),
        ("busy", "/busy", "503"),
        ("empty", "/article/433", "row"),
    ):
        [line] = [line for line in first.err.splitlines() if f" {name}: " in line]
        root = elsewhere if name == "busy" else desk.server.url
        assert f"{name}: {root}{path}: " in line
        assert cause in line
        assert "; next try 2" in line
    assert len(desk.feed().entries) == 10
    assert not (desk.folder / "feeds" / "broken.atom").exists()
    status = {row["name"]: row for row in (await desk.feedbot("status", "--json")).json["sources"]}
    assert status["embassy"]["error"] is None
    assert "500" in status["broken"]["error"]
    assert status["broken"]["last_ok"] is None

    # Backoff does not count for `once`; what a server asked for does.
    desk.server.faults.clear()
    asked = len(desk.server.hits)
    desk.config["sources"].pop()
    second = await desk.feedbot("once")
    assert second.code == 1
    assert sorted(hit.path for hit in desk.server.hits[asked:]) == ["/", "/broken", "/robots.txt"]
    [line] = [line for line in second.out.splitlines() if line.startswith("busy: ")]
    until = datetime.fromisoformat(status["busy"]["next"])
    assert line == f"busy: its server asked to wait until {until:%Y-%m-%d %H:%M:%S} UTC; not polled"


async def test_without_a_token_the_feeds_are_written_and_it_is_said_that_nothing_is_posted(
    desk: Desk,
) -> None:
    del desk.config["telegram"]["token"]
    await desk.feedbot("once")
    desk.site.publish(event(1))
    done = await desk.feedbot("once")
    assert done.code == 0
    assert "nothing will be posted" in done.err
    assert desk.feed().entries[0].title == "Event number 1"
    assert (await desk.feedbot("status", "--json")).json["deliveries"] == {
        "owed": 0, "sent": 0, "in_doubt": 0, "resent": 0, "failed": 0, "dropped": 0
    }  # fmt: skip
    desk.config["telegram"]["token"] = desk.api.token
    desk.site.publish(event(2))
    await desk.feedbot("once")
    assert desk.posted() == ["Event number 2"]  # nobody was owed what was news before


async def test_a_source_put_back_goes_on_where_it_stopped(desk: Desk) -> None:
    embassy = desk.config["sources"][0]
    await desk.feedbot("once")
    desk.config["sources"] = [desk.source("other", "/all")]
    desk.site.publish(event(1))
    asked = len(desk.server.hits)
    without = await desk.feedbot("once")
    assert without.code == 0, without.err
    assert {hit.path for hit in desk.server.hits[asked:]} == {"/all", "/robots.txt"}
    assert desk.feed().entries[0].title == "This feed has ended"
    desk.config["sources"] = [embassy]
    again = await desk.feedbot("once")
    assert again.code == 0, again.err
    assert desk.posted() == ["Event number 1"]
    assert len(desk.feed().entries) == 11
