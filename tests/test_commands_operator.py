"""What the operator does by hand, with nobody at work and beside a `run` that is."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from feedbot.demo.botapi import Fault, FaultKind
from feedbot.demo.site import Event
from tests import seed
from tests.commands import CHANNEL, Desk, Running

GUESTS = ("guests", "visitors", "newcomers")
KEPT = (".db", ".atom")


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with Desk(tmp_path) as desk:
        yield desk


def publish(desk: Desk, *numbers: int) -> None:
    for number in numbers:
        day = datetime.now(UTC).date()
        desk.site.publish(Event(day, f"Event number {number}", f"What came of {number}"))


def titles(*numbers: int) -> list[str]:
    return [f"Event number {number}" for number in numbers]


async def lines(desk: Desk, *arguments: str, code: int = 0) -> list[str]:
    done = await desk.feedbot(*arguments)
    assert done.code == code, (done.out, done.err)
    return done.out.splitlines()


async def chat(desk: Desk) -> dict[str, Any]:
    """How the channel stands."""
    [found] = (await desk.feedbot("chats", "list", "--json")).json["chats"]
    assert found["chat"] == CHANNEL
    return dict(found)


async def test_what_failed_is_listed_shown_tried_again_and_given_up(desk: Desk) -> None:
    none = await desk.feedbot("deliveries", "list")
    assert (none.code, "there is no store here yet" in none.err) == (2, True)
    assert not (desk.folder / "feedbot.db").exists()
    await desk.feedbot("once")
    assert await lines(desk, "deliveries", "list", code=1) == []

    refusal = f"Bad Request: message text is empty: {desk.api.token}"
    desk.api.faults.add(
        Fault(FaultKind.ERROR, method="sendMessage", error_code=400, description=refusal, times=2)
    )
    publish(desk, 1, 2, 3)
    assert (await desk.feedbot("once")).code == 1
    first, second = await lines(desk, "deliveries", "list")
    assert first.split()[:4] == ["1", "failed", CHANNEL, "news"]
    assert "Event number 1; Message text is empty: <bot token>" in first
    assert "Event number 2" in second
    sent = await desk.feedbot("deliveries", "list", "--state", "sent", "--chat", "@PRESS", "--json")
    assert [(one["id"], one["what"]) for one in sent.json["deliveries"]] == [(3, titles(3)[0])]
    [last] = await lines(desk, "deliveries", "list", "--limit", "1")
    assert last == second
    shown = (await desk.feedbot("deliveries", "show", "3", "--json")).json
    assert shown["state"] == "sent"
    assert shown["messages"] == [{"chat": desk.chat.id, "message": 1}]
    [cause] = shown["entries"]
    assert (cause["source"], cause["title"]) == ("embassy", "Event number 3")
    told = await lines(desk, "deliveries", "show", "1")
    assert "state:     failed" in told
    assert f"entries:   embassy  Event number 1  {desk.server.url}" in "\n".join(told)
    assert await lines(desk, "deliveries", "show", "9", code=1) == ["9: no such delivery"]

    assert await lines(desk, "deliveries", "retry", "1", "3", "9", code=1) == [
        "1: owed again",
        "3: sent already",
        "9: no such delivery",
    ]
    assert await lines(desk, "deliveries", "drop", "2") == ["2: dropped"]
    assert [line.split()[:2] for line in await lines(desk, "deliveries", "list")] == [
        ["1", "pending"]
    ]
    assert (await desk.feedbot("once")).code == 0
    assert desk.posted() == titles(3, 1)
    assert (await desk.feedbot("status", "--json")).json["deliveries"] == {
        "owed": 0, "sent": 2, "in_doubt": 0, "resent": 0, "failed": 0, "dropped": 1
    }  # fmt: skip
    dropped = ("--chat", CHANNEL, "--state", "dropped")
    assert await lines(desk, "deliveries", "retry", *dropped) == ["2: owed again"]
    assert await lines(desk, "deliveries", "drop", "--state", "pending") == ["2: dropped"]
    assert await lines(desk, "deliveries", "drop", "--state", "failed", code=1) == [
        "nothing stands so: failed"
    ]
    for command in ("retry", "drop"):
        assert await lines(desk, "deliveries", command, "--chat", "-1001", code=1) == [
            "-1001: no such chat; `feedbot chats list` names them"
        ]
    for wrong in (["retry"], ["drop", "1", "--state", "failed"], ["list", "--state", "odd"], []):
        refused = await desk.feedbot("deliveries", *wrong)
        assert (refused.code, "usage: feedbot deliveries" in refused.err) == (2, True)


async def test_one_dropped_while_in_doubt_is_still_in_doubt_when_tried_again(desk: Desk) -> None:
    await desk.feedbot("once")
    desk.config["sources"][0]["every"] = "1s"
    desk.api.faults.add(Fault(FaultKind.SILENT, method="sendMessage", times=1))
    async with desk.running() as running:
        publish(desk, 1)
        await running.until(desk.posted)
        [being] = await lines(desk, "deliveries", "drop", "--chat", CHANNEL)
        assert being == "1: dropped; it was being sent and may arrive"
        await running.end(signal.SIGKILL)
    assert (await desk.feedbot("once")).code == 0
    assert desk.posted() == titles(1)
    await lines(desk, "deliveries", "retry", "1")
    assert (await desk.feedbot("status", "--json")).json["deliveries"]["in_doubt"] == 1


async def test_a_chat_rests_and_is_written_to_again_beside_a_run(desk: Desk) -> None:
    desk.config["sources"][0]["every"] = "1s"
    async with desk.running() as running:
        await running.until(lambda: "baseline of 10 entries" in running.err)
        assert await lines(desk, "chats", "pause", CHANNEL) == [
            f"{CHANNEL}: paused; what it is owed waits"
        ]
        running.send(signal.SIGHUP)  # a reload is no word of the operator about this chat
        await running.until(lambda: "configuration reloaded" in running.err)
        publish(desk, 1)
        await owed(desk, running, 1)
        [line] = await lines(desk, "chats", "list")
        assert line == f"{CHANNEL}  config  paused: paused by the operator  owed 1, failed 0"
        assert desk.posted() == []
        assert await lines(desk, "chats", "resume", CHANNEL) == [f"{CHANNEL}: resumed"]
        await running.until(desk.posted)
        assert await lines(desk, "chats", "resume", CHANNEL, code=1) == [f"{CHANNEL}: not paused"]

        await lines(desk, "chats", "pause", CHANNEL)
        publish(desk, 2)
        await owed(desk, running, 1)
        assert await lines(desk, "deliveries", "drop", "--chat", CHANNEL) == ["2: dropped"]
        await lines(desk, "chats", "resume", CHANNEL)

        gone = Fault(
            FaultKind.ERROR, method="sendMessage", error_code=403, times=1,
            description="Forbidden: bot was kicked from the channel chat",
        )  # fmt: skip
        desk.api.faults.add(gone)
        publish(desk, 3)
        await running.until(lambda: "Nothing can be posted to" in running.err)
        assert (await chat(desk))["state"] == "paused"
        assert await lines(desk, "deliveries", "retry", "3") == [f"{CHANNEL}: resumed"]
        await running.until(lambda: len(desk.posted()) == 2)
        assert desk.posted() == titles(1, 3)
        assert await running.end() == 0


async def test_only_chats_of_the_configuration_are_paused(desk: Desk) -> None:
    await desk.feedbot("once")
    desk.config["telegram"] |= {"chats": [], "admin_chat": 42}
    await desk.feedbot("once")
    for address in ("42", CHANNEL):
        assert await lines(desk, "chats", "pause", address, code=1) == [
            f"{address}: not a chat of the configuration; only those can be paused"
        ]
    found = (await desk.feedbot("chats", "list", "--json")).json["chats"]
    assert [(one["chat"], one["origin"], one["state"]) for one in found] == [
        (CHANNEL, "config", "removed"),
        ("42", "admin", "active"),
    ]


async def test_a_chat_added_later_begins_with_its_backlog(desk: Desk) -> None:
    await desk.feedbot("once")
    publish(desk, 1, 2)
    await desk.feedbot("once")
    chats = desk.config["telegram"]["chats"]
    plain, picky, late = (desk.api.add_supergroup(name, username=name) for name in GUESTS)
    chats += [
        {"id": f"@{GUESTS[0]}"},
        {"id": f"@{GUESTS[1]}", "backlog": 3, "exclude": ["number 2"]},
    ]
    for _ in range(2):
        assert (await desk.feedbot("once")).code == 0
        assert desk.posted(plain.id) == []
        assert desk.posted(picky.id) == [seed.ROWS[1].title, seed.ROWS[0].title, *titles(1)]
    returning = chats.pop()
    await desk.feedbot("once")
    chats.append(returning | {"backlog": 9})  # one that is back is told of new things only
    async with desk.running() as running:
        await running.until(lambda: "page at" in running.err)
        chats.append({"id": f"@{GUESTS[2]}", "backlog": 1})
        desk.save()
        running.send(signal.SIGHUP)
        await running.until(lambda: desk.posted(late.id))
        assert await running.end() == 0
    assert desk.posted(late.id) == titles(2)
    assert len(desk.posted(picky.id)) == 3
    assert desk.posted() == titles(1, 2)


async def test_a_test_is_posted_as_all_is_and_deleted(desk: Desk) -> None:
    await desk.feedbot("once")
    group = desk.api.add_supergroup("Forum", username="forum")
    desk.config["telegram"]["chats"].append({"id": "@forum"})
    assert await lines(desk, "chats", "test", "@forum") == ["@forum: posted and deleted"]
    desk.config["sources"][0]["every"] = "1s"
    refusal = Fault(
        FaultKind.ERROR, chat_id=group.id, method="sendMessage", times=1,
        error_code=400, description="Bad Request: message text is empty",
    )  # fmt: skip
    async with desk.running() as running:
        publish(desk, 1)
        await running.until(lambda: desk.posted() and titles(1)[0] in desk.posted(group.id))
        assert await lines(desk, "chats", "test", "@forum") == ["@forum: posted and deleted"]
        desk.api.faults.add(refusal)
        refused = await lines(desk, "chats", "test", "@forum", code=1)
        assert refused == ["@forum: Message text is empty"]
        assert await running.end() == 0
    test = "This is a test. It will be deleted at once."
    assert desk.posted(group.id) == [test, titles(1)[0], test]
    calls = [
        (one.method, one.message_id) for one in desk.api.log.entries if one.chat_id == group.id
    ]
    assert [method for method, _ in calls] == [
        "sendMessage", "deleteMessage", "sendMessage", "sendMessage", "deleteMessage"
    ]  # fmt: skip
    assert calls[0][1] == calls[1][1]
    assert calls[3][1] == calls[4][1]

    await lines(desk, "chats", "pause", "@forum")
    assert await lines(desk, "chats", "test", "@forum", code=1) == [
        "@forum: paused; resume it first"
    ]
    late = Fault(
        FaultKind.ERROR, method="sendMessage", times=None, error_code=500, description="Oops"
    )
    desk.api.faults.add(late)
    said = await lines(desk, "chats", "test", CHANNEL, "--wait", "1s", code=1)
    assert said == [f"{CHANNEL}: not sent in time"]
    assert (await desk.feedbot("status", "--json")).json["deliveries"]["owed"] == 0


async def test_a_dry_run_shows_every_message_and_leaves_all_as_it_was(desk: Desk) -> None:
    desk.config["sources"].append(desk.source("broken", "/nowhere"))
    assert sorted(await lines(desk, "once", "--dry-run", code=1)) == [
        f"broken: {desk.server.url}/nowhere: HTTP 404 Not Found",
        "dry run: 0 would be sent; nothing was sent, stored or written",
        "embassy: 0 new",
    ]
    assert [path.name for path in desk.folder.iterdir()] == ["config.toml"]

    desk.config["sources"].pop()
    await desk.feedbot("once")
    await lines(desk, "chats", "pause", CHANNEL)
    desk.config["telegram"]["chats"].append({"id": "@guests"})
    guests = desk.api.add_supergroup("Guests", username="guests")
    publish(desk, 1, 2)
    before = contents(desk.folder)
    shown = await lines(desk, "once", "--dry-run", "-v")
    assert shown[0] == "embassy: 2 new"
    assert [line for line in shown if line.startswith("to ")] == ["to @guests: news"] * 2
    told = "\n".join(shown)
    one, two = (told.index(f"    {title}") for title in titles(1, 2))
    assert one < told.index("    What came of 1") < two
    assert shown[-1].startswith("dry run: 2 would be sent, 2 wait for a paused chat; nothing was")
    assert contents(desk.folder) == before
    assert desk.posted(guests.id) == []
    assert (await desk.feedbot("once")).code == 1  # what waits for the paused chat is still owed
    assert desk.posted(guests.id) == titles(1, 2)


def contents(folder: Path) -> dict[str, bytes]:
    """The store and the feeds; what SQLite lays beside a store says only that it was open."""
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.suffix in KEPT}


async def owed(desk: Desk, running: Running, number: int) -> None:
    """Return when the channel is owed so many."""
    feed = desk.folder / "feeds" / "embassy.atom"
    newest = desk.site.latest[0].title
    await running.until(lambda: newest in feed.read_text(encoding="utf-8"))
    assert (await chat(desk))["owed"] == number


async def test_a_post_is_taken_back_with_nobody_at_work_and_beside_a_run(desk: Desk) -> None:
    await desk.feedbot("once")
    publish(desk, 1, 2)
    await desk.feedbot("once")
    [first] = [entry for entry in desk.feed().entries if entry.title == titles(1)[0]]
    told = await lines(desk, "post", "retract", first.link)
    assert told == ["embassy: out of its feed: Event number 1", f"{CHANNEL}: message 1: deleted"]
    assert list(desk.chat.messages) == [2]
    assert len(desk.feed().entries) == 11

    desk.config["sources"][0]["every"] = "1s"
    async with desk.running() as running:  # it is on the page still
        told = await lines(desk, "post", "retract", "12")
        assert told[-1] == f"{CHANNEL}: message 2: deleted"
        await running.until(lambda: len(desk.feed().entries) == 10)
        feed = await running.http.get("/feeds/embassy.atom")
        assert "Event number" not in feed.text
        assert await running.end() == 0
    assert desk.chat.messages == {}
    assert desk.posted() == titles(1, 2)
    listed = await lines(desk, "post", "list", "--limit", "2")
    assert [line.split()[0] for line in listed] == ["11", "12"]
    assert all("  embassy  retracted  Event number" in line for line in listed)


async def test_a_dry_run_goes_on_until_stopped_beside_the_real_one(desk: Desk) -> None:
    await desk.feedbot("once")
    publish(desk, 1)
    desk.config["sources"][0]["every"] = "1s"
    desk.config["telegram"]["chats"].append({"id": -1001, "silent": True})
    before = contents(desk.folder)
    async with desk.running("--dry-run", ready=False) as dry:
        await dry.until(lambda: titles(1)[0] in dry.out)
        publish(desk, 2)
        await dry.until(lambda: dry.out.count(titles(2)[0]) == 2)
        assert await dry.end() == 0
    shown = dry.out.splitlines()
    assert shown[:2] == ["dry run: shows every message until stopped", f"to {CHANNEL}: news"]
    assert shown[2].startswith(f"    {titles(1)[0]} ({desk.server.url}/")
    assert shown[-1] == "dry run: 4 would be sent; nothing was sent, stored or written"
    assert contents(desk.folder) == before
    assert desk.api.log.entries == []
