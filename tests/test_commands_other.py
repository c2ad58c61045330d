"""The commands that look and tell: check, preview, status, config, demo; and wrong usage."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

import feedparser
import httpx
import pytest

from feedbot import __version__
from feedbot.demo.site import Fault
from tests import seed
from tests.commands import CHANNEL, RULE, Desk

PAGE = """\
<!doctype html><title>News</title>
<div class="row"><a href="/one">One</a> <i>27.05.2020 14:30</i> <p>With a time.</p></div>
<div class="row"><a href="two?id=2">Two</a> <i>26.01.2020</i> <p>With a day.</p></div>
<div class="row"><a href="https://other.example/3">Three</a> <p>With neither.</p></div>
"""
ROW = {"item": "div.row", "title": "a", "date": "i", "summary": "p"}


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with Desk(tmp_path) as desk:
        yield desk


def said(text: str) -> list[str]:
    """The lines of our own that are no warnings."""
    return [line for line in text.splitlines() if "warning: " not in line]


# ------------------------------------------------------------------ check


async def test_check_names_every_problem_and_each_command_refuses(desk: Desk) -> None:
    desk.config["sources"] += [
        desk.source("embassy", timezone="Europe/Londn", evry="1s"),
        desk.source("late", listing={**RULE, "item": "div["}),
    ]
    desk.config["telegram"]["chats"] += [
        {"id": "@more", "include": ["re:("], "template": "{{ x }}"}
    ]
    done = await desk.feedbot("check")
    assert done.code == 2
    assert done.out == ""
    problems = said(done.err)
    for key, hint in (
        ("sources[1].name", "two sources are called"),
        ("sources[1].timezone", "Europe/London"),
        ("sources[1].evry", "did you mean `every`?"),
        ("sources[late].listing.item", "div["),
        ("telegram.chats[@more].include", "re:("),
        ("telegram.chats[@more].template", "x"),
    ):
        found = [line for line in problems if key in line]
        assert found, (key, problems)
        assert any(hint in line for line in found), (hint, found)
        assert all(line.startswith(f"feedbot: {desk.folder}/config.toml: ") for line in found)
    assert len(problems) == 6
    refused = await desk.feedbot("once")
    assert (refused.code, said(refused.err)) == (2, problems)


async def test_check_online_asks_telegram_about_the_bot_and_its_chats(desk: Desk) -> None:
    desk.config["sources"][0]["every"] = "5s"
    offline = await desk.feedbot("check")
    assert offline.code == 0
    assert offline.out.startswith(f"{desk.folder}/config.toml: no problem found")
    assert "sources[embassy].every: 5s is often" in offline.err
    assert "nobody is told when a source fails" in offline.out
    assert desk.api.log.refused == []
    good = await desk.feedbot("check", "--online")
    assert good.code == 0, good.out
    assert f"bot: @{desk.api.bot.username}" in good.out
    assert f"chat {CHANNEL}: Press: the bot may post" in good.out

    desk.api.add_channel("Mute", username="mute", bot_status="left")
    desk.config["telegram"]["chats"] += [{"id": "@nobody"}, {"id": "@mute"}]
    bad = await desk.feedbot("check", "--online", "-v")
    assert bad.code == 1
    lines = {line.split(":")[0]: line for line in bad.out.splitlines()}
    assert "not found; check the number or @name" in lines["chat @nobody"]
    assert "add" in lines["chat @mute"]
    assert "may post" in lines[f"chat {CHANNEL}"]

    desk.config["telegram"]["token"] = desk.api.token.replace("AAH", "BBH")
    refused = await desk.feedbot("check", "--online")
    assert refused.code == 1
    assert "copy it anew from @BotFather" in refused.out
    assert desk.api.log.entries == []


# ------------------------------------------------------------------ preview


async def test_preview_shows_what_would_be_found_and_stores_nothing(desk: Desk) -> None:
    page = desk.folder / "page.html"
    page.write_text(PAGE, encoding="utf-8")
    desk.config["sources"] = [desk.source("news", listing=ROW)]
    done = await desk.feedbot(
        "preview", "page.html", "--source", "news", "--json", "--base-url", "https://a.example/b/"
    )
    assert done.code == 0, done.err
    assert done.json == {
        "kind": "html",
        "title": "News",
        "language": None,
        "taken": [],
        "rule": ROW,
        "missing": [
            "a date, in 1 of 3 rows: they have the time they are first seen",
            "the page's word for its language: it is taken for 'en'",
        ],
        "warnings": [],
        "problem": None,
        "looked_for": [],
        "lists": done.json["lists"],
        "items": [
            {
                "url": "https://a.example/one",
                "title": "One",
                "published": "2020-05-27T14:30:00+01:00",
                "summary": "With a time.",
            },
            {
                "url": "https://a.example/b/two?id=2",
                "title": "Two",
                "published": "2020-01-26",
                "summary": "With a day.",
            },
            {
                "url": "https://other.example/3",
                "title": "Three",
                "published": None,
                "summary": "With neither.",
            },
        ],
    }
    desk.config["sources"] = [desk.source("embassy")]
    shown = await desk.feedbot("preview", f"{desk.server.url}/", "--source", "embassy")
    assert shown.code == 0, shown.err
    lines = shown.out.splitlines()
    assert lines[0].startswith(f"2020-05-27  {desk.site.latest[0].title}")
    assert lines[10] == "10 rows, 10 with a date, read as html"
    narrow = ("preview", "page.html", "--source", "embassy", "--list", "1", "--kind", "html")
    fitted = await desk.feedbot(*narrow, "--explain", env={"COLUMNS": "40"})
    assert fitted.code == 0, fitted.err
    assert fitted.out.startswith("2020-05-27 14:30  One\n")
    assert '  item = "div.row"' in fitted.out.splitlines()
    stranger = await desk.feedbot("preview", "page.html", "--source", "embasy")
    assert (stranger.code, "it has: embassy" in stranger.err) == (2, True)
    assert {path.name for path in desk.folder.iterdir()} == {"page.html", "config.toml"}


async def test_preview_needs_no_configuration_for_a_feed_nor_for_a_page(
    desk: Desk, tmp_path_factory: pytest.TempPathFactory
) -> None:
    empty = tmp_path_factory.mktemp("empty")
    url = f"{desk.server.url}/atom.xml"
    guarded = await desk.feedbot("preview", url, cwd=empty)
    assert guarded.code == 1
    assert "http.allow to allow it" in guarded.err
    here = {"FEEDBOT_HTTP__ALLOW_PRIVATE_NETWORKS": "true"}
    feed = await desk.feedbot("preview", url, "--json", cwd=empty, env=here)
    assert feed.code == 0, feed.err
    items = feed.json["items"]
    assert [set(item) for item in items] == [{"url", "title", "published", "summary"}] * len(items)
    assert items[0]["url"] == desk.server.url + desk.site.latest[0].path
    assert items[0]["published"] == "2020-05-27T11:00:00+00:00"
    page = await desk.feedbot("preview", f"{desk.server.url}/", "--json", cwd=empty, env=here)
    assert (page.code, said(page.err)) == (0, [])
    assert [item["title"] for item in page.json["items"]] == [item["title"] for item in items]
    missing = await desk.feedbot("preview", "nothing.html", cwd=empty)
    assert (missing.code, len(said(missing.err))) == (2, 1)
    assert not any(empty.iterdir())


# ------------------------------------------------------------------ status


async def test_status_before_any_run_and_after(desk: Desk) -> None:
    desk.count_days(at="09:00")
    desk.config["sources"].append(desk.source("broken", "/broken"))
    desk.server.faults.set("/broken", Fault(status=500))
    began = datetime.now(seed.LONDON).date()
    before = await desk.feedbot("status", "--json")
    assert before.code == 0
    counters = before.json.pop("counters")
    assert [(row["name"], row["next"]) for row in counters] == [
        ("salisbury", None),
        ("glushkov", None),
    ]
    today = {(day - seed.SINCE[0]).days for day in (began, datetime.now(seed.LONDON).date())}
    assert counters[0]["days"] in today
    assert [set(row) for row in counters] == [{"name", "days", "next"}] * 2
    nothing: dict[str, Any] = {"last_ok": None, "next": None, "entries": 0, "error": None}
    nothing["articles"] = {"waiting": 0, "failed": 0, "error": None}
    assert before.json["sources"] == [{"name": "embassy"} | nothing, {"name": "broken"} | nothing]
    assert before.json["deliveries"] == {
        "owed": 0, "sent": 0, "in_doubt": 0, "resent": 0, "failed": 0, "dropped": 0
    }  # fmt: skip
    assert set(before.json) == {"sources", "counters", "deliveries", "bot", "alarms"}
    backup = await desk.feedbot("backup", "copy.db")
    assert (backup.code, "there is no store here yet" in backup.err) == (2, True)
    assert not (desk.folder / "feedbot.db").exists()
    assert (await desk.feedbot("once")).code == 1
    after = (await desk.feedbot("status", "--json")).json
    embassy, broken = after["sources"]
    assert (embassy["entries"], embassy["error"]) == (10, None)
    assert datetime.fromisoformat(embassy["last_ok"]) < datetime.fromisoformat(embassy["next"])
    assert (broken["entries"], broken["last_ok"]) == (0, None)
    assert "500" in broken["error"]
    assert all(datetime.fromisoformat(row["next"]).tzinfo for row in after["counters"])
    text = await desk.feedbot("status")
    assert "embassy: 10 entries, last good poll 2" in text.out
    assert f"{desk.server.url}/broken: " in text.out
    assert "owed 0, sent 0, in doubt 0, resent 0, failed 0" in text.out


# ------------------------------------------------------------------ config, secrets, usage


async def test_no_secret_is_ever_shown(desk: Desk) -> None:
    desk.config["sources"][0] |= {
        "auth": {"username": "reader", "password": "hush-hush"},
        "cookies": {"session": "hush-hush"},
        "headers": {"X-Key": "hush-hush"},
    }
    shown = await desk.feedbot("config", env={"FEEDBOT_HTTP__TIMEOUT": "7s"})  # each call looks
    assert shown.code == 0
    assert shown.out.count('"********"') == 4
    assert 'timeout = "7s"  # FEEDBOT_HTTP__TIMEOUT' in shown.out
    desk.server.faults.set("/", Fault(status=500, times=1))
    once = await desk.feedbot("-v", "--log-format", "json", "once")
    assert once.code == 1
    records = [json.loads(line) for line in said(once.err)]
    assert all(record.keys() == {"time", "level", "logger", "message"} for record in records)
    assert any("500" in record["message"] for record in records)
    assert (await desk.feedbot("preview", f"{desk.server.url}/", "--source", "embassy")).code == 0
    assert desk.server.hits[-1].headers["x-key"] == "hush-hush"
    desk.config["telegram"]["api_url"] = "hush"
    desk.config["sources"][0]["headers"] = {"X-Key": "hush-hush\n"}
    desk.config["sources"][0]["auth"] = {"user": "reader", "password": "hush-hush"}
    assert (await desk.feedbot("check")).code == 2


async def test_wrong_usage_ends_with_2_and_says_what_is_right(
    desk: Desk, tmp_path_factory: pytest.TempPathFactory
) -> None:
    version = await desk.feedbot("--version")
    assert (version.code, version.out) == (0, f"feedbot {__version__}\n")
    for arguments, hint in (
        ((), "COMMAND"),
        (("onec",), "once"),
        (("once", "--wait", "soon"), "--wait"),
        (("status", "-c", "elsewhere.toml"), "elsewhere.toml: "),
        (("-c", "elsewhere.toml", "once"), "elsewhere.toml: "),
    ):
        done = await desk.feedbot(*arguments)
        assert (done.code, done.out) == (2, ""), arguments
        assert hint in done.err
        assert "Traceback" not in done.err
    empty = tmp_path_factory.mktemp("empty")
    none = await desk.feedbot("run", cwd=empty)
    assert none.code == 2
    assert "there is no configuration here" in none.err
    schema = await desk.feedbot("config", "--schema", cwd=empty)
    assert schema.code == 0
    assert "sources" in schema.json["properties"]


# ------------------------------------------------------------------ demo


async def test_the_demo_needs_nothing_and_shows_feed_and_chat(desk: Desk, tmp_path: Path) -> None:
    began = datetime.now(seed.LONDON).date()
    done = await desk.feedbot("demo", "--once", env={"TMPDIR": str(tmp_path)}, cwd=tmp_path)
    assert done.code == 0, done.err
    assert done.err == ""
    first, *rest = done.out.splitlines()
    feed = feedparser.parse(Path(first.removeprefix("Feed: ")).read_bytes())
    assert not feed.bozo
    assert len(feed.entries) == 11
    assert [line for line in rest if line.endswith(": 3 messages")]
    [first_count, second_count] = map(int, re.findall(r"(\d+) days have passed", done.out))
    today = {(day - seed.SINCE[0]).days for day in (began, datetime.now(seed.LONDON).date())}
    assert first_count in today
    assert first_count - second_count == (seed.SINCE[1] - seed.SINCE[0]).days
    corrected = [entry for entry in feed.entries if entry.updated != entry.published]
    assert len(corrected) >= 1
    assert feed.entries[0].title in done.out


async def test_the_demo_goes_on_until_it_is_interrupted(desk: Desk) -> None:
    async with desk.demonstrating() as demo:
        await demo.until(lambda: "Stop with Ctrl-C" in demo.out)
        places = dict(re.findall(r"(?m)^  the (\w+) +(http\S+)$", demo.out))
        await demo.until(lambda: "Consular section opening hours" in demo.out)
        for place in ("site", "feed", "page"):
            async with httpx.AsyncClient(trust_env=False) as client:
                shown = await client.get(places[place])
            assert shown.status_code == 200
            assert "Consular section opening hours" in shown.text or place == "page"
        assert await demo.end(signal.SIGINT) == 0
    assert demo.err == ""
