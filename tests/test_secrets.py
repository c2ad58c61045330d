"""A day in the life of the whole program, at debug level: nothing of it holds a secret."""

from __future__ import annotations

import base64
import traceback
from datetime import UTC, datetime
from pathlib import Path

import pytest

from feedbot.config.load import load
from feedbot.demo.botapi import TOKEN, FaultKind
from feedbot.demo.botapi import Fault as Refusal
from feedbot.demo.site import Event, Fault
from feedbot.errors import FetchError
from feedbot.fetch import Fetcher, Request
from tests.commands import Desk
from tests.conftest import SECRETS

#: As it stands in a header, and as it stands in a URL.
ENCODED = (
    base64.b64encode(b"reader:hush-hush").decode(),
    *(one.replace("-", "%2D") for one in SECRETS),
)
KEPT = {"config.toml"}  # the operator wrote it there


def shows(text: str) -> list[str]:
    return [secret for secret in (*SECRETS, *ENCODED) if secret in text]


async def test_nothing_that_a_debug_run_leaves_or_says_holds_a_secret(tmp_path: Path) -> None:
    async with Desk(tmp_path) as desk:
        desk.config["sources"][0] |= {
            "every": "1s",
            "article": "later",
            "auth": {"username": "reader", "password": "hush-hush"},
            "cookies": {"session": "hush-hush"},
            "headers": {"X-Key": "hush-hush"},
        }
        broken = desk.source("broken", "/missing", auth={"username": "a", "password": "hush-hush"})
        desk.config["sources"] += [broken]
        desk.api.faults.add(Refusal(FaultKind.ERROR, error_code=500, times=1))
        async with desk.running("-v") as running:
            await running.until(lambda: "baseline of 10 entries" in running.err)
            desk.site.publish(Event(datetime.now(UTC).date(), "News of it", "What came of it"))
            await running.until(lambda: desk.posted() == ["News of it"])
            desk.server.faults.set("/", Fault(status=500, times=1))
            await running.until(lambda: "HTTP 500" in running.err)
            pages = [await running.http.get(path) for path in ("/", "/healthz?full=1", "/metrics")]
            said = [running.out, running.err, *(page.text for page in pages)]
        for command in (("status", "--json"), ("sources", "show", "embassy"), ("check",)):
            done = await desk.feedbot("-v", *command)
            said += [done.out, done.err]
        assert "hush-hush" in {hit.headers.get("x-key") for hit in desk.server.hits}
        assert "DEBUG" in said[1]
        assert not [text for text in said if shows(text)]
        files = [path for path in tmp_path.rglob("*") if path.is_file() and path.name not in KEPT]
        assert {path.suffix for path in files} > {".atom", ".json", ".db"}
        assert not [path for path in files if shows(path.read_bytes().decode("latin-1"))]


async def test_no_traceback_nor_repr_holds_a_secret(tmp_path: Path) -> None:
    request = Request(
        "http://reader:hush-hush@nowhere.invalid:8000/",
        headers={"X": "hush-hush"},
        cookies={"a": "hush-hush"},
        auth=("reader", "hush-hush"),
    )
    hook = "http://reader:hush-hush@127.0.0.1:1/hook"  # a traceback shows the line of the call
    async with Fetcher(allow=["127.0.0.1"]) as fetcher:
        with pytest.raises(FetchError) as caught:
            await fetcher.post(hook, json={})
    told = "".join(traceback.format_exception(caught.value))
    path = tmp_path / "config.toml"
    path.write_text(
        "[telegram]\n"
        f"token = '{TOKEN}'\nproxy = 'socks5://reader:hush-hush@127.0.0.1:9'\n"
        "[[sources]]\nname = 'a'\nurl = 'http://a.example/'\nheaders = { X = 'hush-hush' }\n"
        "cookies = { b = 'hush-hush' }\nauth = { username = 'reader', password = 'hush-hush' }\n"
    )
    settings = load(path, {})
    [source] = settings.effective_sources()
    assert not shows(f"{told} {request!r} {caught.value!r} {settings!r} {source!r}")


def test_a_test_that_logs_a_secret_fails(pytester: pytest.Pytester) -> None:
    ours = Path(__file__).with_name("conftest.py").read_text(encoding="utf-8")
    pytester.makeconftest(ours.replace("hush-hush", "be-still"))  # this test is not to fail itself
    pytester.makepyfile(
        """
        import logging
        def test_log(): logging.getLogger("x").warning("key be-%s", "still")
        def test_print(): print("be-" + "still")
        def test_none(): print("still")
        """
    )
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    result.assert_outcomes(passed=1, failed=2)
