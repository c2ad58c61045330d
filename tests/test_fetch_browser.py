"""A page as Chromium makes it, and that Chromium reaches nobody but through the guarded proxy.

Run in a network namespace with loopback alone: whatever the browser tried, no packet could leave.
"""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from feedbot.errors import FetchError
from feedbot.fetch import Fetcher, Request
from feedbot.model import ListingRule, Source
from feedbot.reading import request
from feedbot.source.read import read
from feedbot.store.sources import reading_key
from tests.rendering import INSIDE
from tests.require import needs

ROOT = Path(__file__).resolve().parent.parent
LONELY = ("unshare", "-rn", "sh", "-ec", 'ip link set lo up\nexec "$@"', "sh")


@cache
def seen() -> dict[str, Any]:
    """What `tests.rendering` tells; it is run once."""
    done = subprocess.run(
        [*LONELY, sys.executable, "-m", "tests.rendering"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


@needs("chromium")
@needs("loopback")
def test_a_list_that_a_script_fills_in_is_read() -> None:
    told = seen()
    source = Source(
        "news",
        "http://press.example/news",
        "News",
        timezone=ZoneInfo("UTC"),
        listing=ListingRule("#root li"),
    )
    body = told["html"].encode()
    found = read(body, "text/html; charset=utf-8", source, "http://press.example/news")
    assert [item.title for item in found.items] == ["Visit 1", "Visit 2", "Visit 3"]
    assert found.items[0].link == "http://press.example/news/1"
    assert told["url"] == "/news"
    assert {"/", "/news", "/api"} <= set(told["asked"])
    assert told["cookies"] == ["session=own"] or told["cookies"] == ["", "session=own"]
    [agent] = told["agents"]
    assert agent.startswith("feedbot/")


@needs("chromium")
@needs("loopback")
def test_what_the_page_asks_for_elsewhere_is_refused_without_a_packet() -> None:
    told = seen()
    assert told["other"] == []
    assert set(told["elsewhere"]) - {"127.0.0.1"} <= set(INSIDE)
    assert {"10.0.0.1", "192.168.0.7"} <= set(told["elsewhere"])
    assert "other:200" not in told["html"]
    assert "socket:refused" in told["html"]


@needs("chromium")
@needs("loopback")
def test_the_guard_and_the_status_hold_for_the_page_itself() -> None:
    told = seen()
    assert told["sockets"] == []
    assert told["refused"].startswith("address 127.0.0.1 is not public; ")
    assert told["missing"] == "HTTP 404"


async def test_without_a_chromium_it_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    async with Fetcher(allow_private_networks=True) as fetcher:
        with pytest.raises(FetchError, match="needs a Chromium"):
            await fetcher.fetch(Request("http://127.0.0.1:1/", render=True))


def test_only_the_page_itself_is_rendered() -> None:
    source = Source("news", "http://press.example/news", "News", render=True)
    assert request(source, source.url).render
    assert not request(source, "http://press.example/feed").render
    plain = Source("news", "http://press.example/news", "News")
    assert reading_key(plain, "1") != reading_key(source, "1")
