"""The first start of a container: one clear file, or one clear line."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedbot import config
from feedbot.errors import FeedbotError
from feedbot.firstrun import write_first_config

FEED = "https://www.example.org/news/feed.xml?a=1&b=%22"
SECRET = "0123:hush-hush"
ENVIRON = {"FEEDBOT_URL": FEED, "FEEDBOT_CHAT": "@news", "FEEDBOT_TELEGRAM__TOKEN": SECRET}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def written(path: Path, **environ: str) -> dict[str, Any]:
    assert write_first_config(path, ENVIRON | environ) is True
    return tomllib.loads(path.read_text(encoding="utf-8"))


def refusal(path: Path, **environ: str) -> str:
    with pytest.raises(FeedbotError) as caught:
        write_first_config(path, ENVIRON | environ)
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value)


def test_it_says_what_to_watch_and_where_to_post(path: Path) -> None:
    assert written(path) == {
        "storage": {"url": "sqlite:///feedbot.db"},
        "feeds": {"directory": "feeds"},
        "telegram": {"chats": [{"id": "@news"}]},
        "sources": [{"name": "example-org", "url": FEED, "every": "5m"}],
    }


@pytest.mark.parametrize("chat", ["@news", "-1001234567890", ""])
def test_feedbot_reads_what_it_wrote(path: Path, chat: str) -> None:
    written(path, FEEDBOT_CHAT=chat)
    settings = config.load(path, ENVIRON | {"FEEDBOT_CONFIG": str(path)})
    assert [source.name for source in settings.sources] == ["example-org"]
    assert len(settings.telegram.chats) == bool(chat)
    assert settings.feeds.directory == path.parent / "feeds"
    assert settings.storage.path == path.parent / "feedbot.db"
    assert SECRET not in str(settings)


def test_the_token_is_not_written_down(path: Path) -> None:
    written(path)
    assert SECRET not in path.read_text(encoding="utf-8")


def test_only_its_owner_reads_it(path: Path) -> None:
    written(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_nothing_else_is_left_in_the_folder(path: Path) -> None:
    written(path)
    assert list(path.parent.iterdir()) == [path]


def test_without_a_chat_it_shows_where_one_goes(path: Path) -> None:
    assert written(path, FEEDBOT_CHAT="")["telegram"] == {}
    lines = path.read_text(encoding="utf-8").splitlines()
    assert "# [[telegram.chats]]" in lines


def test_its_examples_are_right_too(path: Path) -> None:
    written(path, FEEDBOT_CHAT="")
    text = path.read_text(encoding="utf-8")
    lines = (
        line.removeprefix("# ") if "=" in line or "[[" in line else line
        for line in text.split("\n")
    )
    loaded = tomllib.loads("\n".join(lines))
    assert loaded["timezone"] == "Europe/London"
    assert loaded["feeds"]["base_url"] == "https://feeds.example.org"
    assert loaded["telegram"]["chats"] == [{"id": "@name"}]


@pytest.mark.parametrize(
    ("given_chat", "chat"),
    [("-1001234567890", -1001234567890), (" 42\n", 42), ("@abc_1", "@abc_1")],
)
def test_a_chat_is_a_number_or_a_name(path: Path, given_chat: str, chat: int | str) -> None:
    assert written(path, FEEDBOT_CHAT=given_chat)["telegram"]["chats"] == [{"id": chat}]


@pytest.mark.parametrize("chat", ["news", "@", "@1", "12a", "https://t.me/news", '@x"\n[a]'])
def test_another_chat_is_refused(path: Path, chat: str) -> None:
    assert refusal(path, FEEDBOT_CHAT=chat).startswith("FEEDBOT_CHAT: ")
    assert not path.exists()


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("http://www.example.org:8080/x", "example-org"),
        ("https://News.Example.ORG", "news-example-org"),
        ("https://münchen.example/", "xn-mnchen-3ya-example"),
        ("http://127.0.0.1/feed", "127-0-0-1"),
        ("http://[::1]/feed", "1"),
        ("http://[::]/feed", "source"),
        (f"http://{'a' * 63}.b.example/", "a" * 63),
    ],
)
def test_the_name_comes_from_the_host(path: Path, url: str, name: str) -> None:
    assert written(path, FEEDBOT_URL=url)["sources"][0]["name"] == name


@pytest.mark.parametrize(
    "url",
    [
        "example.org/hush",
        "ftp://me:hush@h/f",
        "https://me:hush@h/",
        "http://[hush",
        "https://h/\nhush",
        "https://h/\udcffhush",
    ],
)
def test_another_address_is_refused_and_not_repeated(path: Path, url: str) -> None:
    message = refusal(path, FEEDBOT_URL=url)
    assert message.startswith("FEEDBOT_URL: ")
    assert "hush" not in message
    assert not path.exists()


def test_nothing_to_watch_is_said(path: Path) -> None:
    message = refusal(path, FEEDBOT_URL=" ")
    assert message.startswith(f"{path}: ")
    assert "set FEEDBOT_URL" in message


def test_a_file_is_never_touched(path: Path) -> None:
    path.write_text("mine", encoding="utf-8")
    assert write_first_config(path, ENVIRON) is False
    assert write_first_config(path, {}) is False
    assert path.read_text(encoding="utf-8") == "mine"


def test_nor_one_that_comes_into_being_meanwhile(path: Path) -> None:
    class Meanwhile(dict[str, str]):
        def get(self, key: str, default: Any = None) -> Any:
            path.write_text("mine", encoding="utf-8")
            return super().get(key, default)

    assert write_first_config(path, Meanwhile(ENVIRON)) is False
    assert path.read_text(encoding="utf-8") == "mine"
    assert list(path.parent.iterdir()) == [path]


@contextmanager
def powerless_over(folder: Path) -> Iterator[int]:
    """Within, this process may not write to the folder; gives the user it then is."""
    user = os.geteuid()
    folder.chmod(0o555)
    if user == 0:
        os.seteuid(10001)
    try:
        yield os.geteuid()
    finally:
        os.seteuid(user)


@pytest.mark.parametrize("owner", [0, 12345])
def test_a_folder_it_may_not_write_is_named_with_the_cure(owner: int) -> None:
    folder = Path(tempfile.mkdtemp())  # one that every user can reach, unlike pytest's
    try:
        owned = os.geteuid() == 0
        if owned:
            os.chown(folder, owner, owner)
        with powerless_over(folder) as user:
            message = refusal(folder / "config.toml")
    finally:
        shutil.rmtree(folder)
    assert message.startswith(f"{folder}: user {user} may not write there")
    assert f"`chown {user} DIR`" in message
    assert ("--user 12345:12345" in message) is (owned and owner == 12345)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    assert f"{tmp_path / 'no'}" in refusal(tmp_path / "no" / "config.toml")


@given(st.from_regex(r"https?://[a-z]{1,9}\.example/[^\s]*", fullmatch=True))
def test_any_address_is_refused_or_comes_back_as_it_was(url: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "config.toml"
        try:
            write_first_config(path, {"FEEDBOT_URL": url})
        except FeedbotError:
            assert not url.strip().isprintable() or "\\" in url
        else:
            assert config.load(path, {}).sources[0].url == url.strip()
