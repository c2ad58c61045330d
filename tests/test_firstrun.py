"""A first configuration, by `init` or in a container: one clear file, or one clear line."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
import tomllib
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedbot import config
from feedbot.config.first import Wish, first_config, wish
from feedbot.errors import FeedbotError
from feedbot.firstrun import first_run, init
from feedbot.model import Listing, ListingRule, SourceKind
from feedbot.source.page import parse_page
from tests.corpus import corpus
from tests.web import Web, reply

PAGE = corpus()["charity-blocks"]
FEED = b"""<rss version="2.0"><channel><title>Notices</title></channel></rss>"""
SECRET = "0123:hush-hush"
HERE = {"FEEDBOT_HTTP__ALLOW_PRIVATE_NETWORKS": "true", "FEEDBOT_TELEGRAM__TOKEN": SECRET}
NOTHING = Listing((), SourceKind.HTML)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


@pytest.fixture
async def web() -> AsyncIterator[Web]:
    login = corpus()["no-login"]
    routes = {
        "/": reply(PAGE.raw, Content_Type=PAGE.content_type),
        "/feed.xml": reply(FEED, Content_Type="application/rss+xml"),
        "/login": reply(login.raw, Content_Type=login.content_type),
    }
    async with Web(routes) as web:
        yield web


def text(
    asked: Wish, listing: Listing = NOTHING, found: tuple[str, ...] = (), variables: str = ""
) -> str:
    return first_config(asked, listing, found, None, variables)


async def refusal(path: Path, url: str, chat: str = "") -> str:
    with pytest.raises(FeedbotError) as caught:
        await first_run(path, HERE | {"FEEDBOT_URL": url, "FEEDBOT_CHAT": chat})
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value)


# ------------------------------------------------------------------ the text


def test_it_says_what_to_watch_and_where_to_post() -> None:
    listing = Listing((), SourceKind.HTML, " News\n of the town ", "ru-RU")
    written = text(wish("https://www.example.org/a?b=%22", "@news"), listing)
    assert tomllib.loads(written) == {
        "storage": {"url": "sqlite:///feedbot.db"},
        "feeds": {"directory": "feeds"},
        "telegram": {"chats": [{"id": "@news"}]},
        "sources": [
            {
                "name": "example-org",
                "title": "News of the town",
                "url": "https://www.example.org/a?b=%22",
                "language": "ru",
                "every": "5m",
            }
        ],
    }


def test_what_is_not_known_or_not_to_be_had_is_left_out() -> None:
    [source] = tomllib.loads(
        text(wish("https://a.example/", "", "mine"), Listing((), SourceKind.HTML, None, "de"))
    )["sources"]
    assert source == {"name": "mine", "url": "https://a.example/", "every": "5m"}


def test_without_a_chat_it_shows_where_one_goes_and_its_examples_are_right() -> None:
    written = text(wish("https://a.example/", ""))
    assert tomllib.loads(written)["telegram"] == {}
    lines = (
        line.removeprefix("# ") if "=" in line or "[[" in line else line
        for line in written.split("\n")
    )
    loaded = tomllib.loads("\n".join(lines))
    assert loaded["timezone"] == "Europe/London"
    assert loaded["feeds"]["base_url"] == "https://feeds.example.org"
    assert loaded["telegram"]["chats"] == [{"id": "@name"}]


def test_the_selectors_count_once_the_signs_before_them_are_taken_away(path: Path) -> None:
    rule = ListingRule('li[title="a\\62"]', title="a", rows="dated")
    written = first_config(wish("https://a.example/", ""), NOTHING, ["found: 1 row"], rule, "")
    kept = written[written.index("# [sources.listing]") :]
    path.write_text(written.replace(kept, kept.replace("# ", "")), encoding="utf-8")
    assert config.load(path, {}).effective_sources()[0].listing == rule


@given(st.text(), st.lists(st.text()))
def test_no_title_and_no_finding_breaks_it(title: str, found: list[str]) -> None:
    plain = text(wish("https://a.example/", "1"))
    listing = Listing((), SourceKind.HTML, title)
    written = text(wish("https://a.example/", "1"), listing, tuple(found))
    loaded = tomllib.loads(written.encode().decode())
    assert loaded["sources"][0].pop("title", None) != ""
    assert loaded == tomllib.loads(plain)


@given(st.text(), st.text(min_size=1))
def test_a_pages_own_title_cannot_break_it(before: str, after: str) -> None:
    page = f"<title>{before}&quot;&#10;[x]{after}</title><p>{after}"
    listing = Listing((), SourceKind.HTML, parse_page(page, "https://a.example/").title)
    [source] = tomllib.loads(text(wish("https://a.example/", ""), listing))["sources"]
    assert source["url"] == "https://a.example/"


@given(st.from_regex(r"https?://[a-z]{1,9}\.example/[^\s]*", fullmatch=True))
def test_any_address_is_refused_or_comes_back_as_it_was(url: str) -> None:
    try:
        asked = wish(url, "")
    except FeedbotError:
        assert not url.isprintable() or "\\" in url
    else:
        assert tomllib.loads(text(asked))["sources"][0]["url"] == url


# ------------------------------------------------------------------ what is asked for


@pytest.mark.parametrize(
    ("given_chat", "chat"),
    [("-1001234567890", -1001234567890), ("42", 42), ("@abc_1", "@abc_1")],
)
def test_a_chat_is_a_number_or_a_name(given_chat: str, chat: int | str) -> None:
    written = text(wish("https://a.example/", given_chat))
    assert tomllib.loads(written)["telegram"]["chats"] == [{"id": chat}]


@pytest.mark.parametrize("chat", ["news", "@", "@1", "12a", "https://t.me/news", '@x"\n[a]'])
async def test_another_chat_is_refused(path: Path, chat: str) -> None:
    assert (await refusal(path, "https://a.example/", chat)).startswith("FEEDBOT_CHAT: ")
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
def test_the_name_comes_from_the_host(url: str, name: str) -> None:
    assert wish(url, "").name == name


def test_a_name_that_is_none_is_refused_with_one_that_is() -> None:
    with pytest.raises(FeedbotError, match=r'^--name: .*e\.g\. "my-page"$'):
        wish("https://a.example/", "", "My page")


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
async def test_another_address_is_refused_and_not_repeated(path: Path, url: str) -> None:
    message = await refusal(path, url)
    assert message.startswith("FEEDBOT_URL: ")
    assert "hush" not in message
    assert not path.exists()


async def test_nothing_to_watch_is_said(path: Path) -> None:
    message = await refusal(path, " ")
    assert message.startswith(f"{path}: ")
    assert "set FEEDBOT_URL" in message


# ------------------------------------------------------------------ the file


@pytest.mark.parametrize("place", ["/", "/feed.xml"])
async def test_feedbot_reads_what_it_wrote_of_a_page_and_of_a_feed(
    path: Path, web: Web, place: str
) -> None:
    environ = HERE | {"FEEDBOT_URL": f" {web.url(place)}\n", "FEEDBOT_CHAT": "@news"}
    assert await first_run(path, environ) == 0
    settings = config.load(path, environ | {"FEEDBOT_CONFIG": str(path)})
    [source] = settings.effective_sources()
    assert (source.name, source.url, source.listing) == ("127-0-0-1", web.url(place), None)
    assert source.title == ("Notices" if place == "/feed.xml" else "Blog – The Riverkeepers")
    assert len(settings.telegram.chats) == 1
    assert settings.feeds.directory == path.parent / "feeds"
    assert settings.storage.path == path.parent / "feedbot.db"
    written = path.read_text(encoding="utf-8")
    assert "from FEEDBOT_URL and FEEDBOT_CHAT." in written
    assert ("# [sources.listing]" in written) is (place == "/")
    assert SECRET not in written
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


async def test_where_nothing_is_found_nothing_is_written(
    path: Path, web: Web, capsys: pytest.CaptureFixture[str]
) -> None:
    for place, said in (("/login", "asks to log in"), ("/none", "404")):
        assert await first_run(path, HERE | {"FEEDBOT_URL": web.url(place)}) == 1
        assert said in capsys.readouterr().err
        assert await init(path, wish(web.url(place), ""), HERE) == 1
        shown = capsys.readouterr()
        assert (shown.out, said in shown.err) == ("", True)
    assert list(path.parent.iterdir()) == []


async def test_a_file_is_never_touched(path: Path, web: Web) -> None:
    path.write_text("mine", encoding="utf-8")
    assert await first_run(path, HERE | {"FEEDBOT_URL": web.url("/")}) == 0
    assert await first_run(path, {}) == 0
    with pytest.raises(FeedbotError, match="is there already, and init never overwrites a file"):
        await init(path, wish(web.url("/"), ""), HERE)
    assert path.read_text(encoding="utf-8") == "mine"
    assert web.asked == []


async def test_nor_one_that_comes_into_being_meanwhile(path: Path, web: Web) -> None:
    async def meanwhile(_: Any, writer: Any) -> None:
        path.write_text("mine", encoding="utf-8")
        writer.write(reply(PAGE.raw, Content_Type=PAGE.content_type))

    web.routes["/"] = meanwhile
    assert await first_run(path, HERE | {"FEEDBOT_URL": web.url("/")}) == 0
    path.unlink()
    with pytest.raises(FeedbotError, match="never overwrites"):
        await init(path, wish(web.url("/"), ""), HERE)
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
async def test_a_folder_it_may_not_write_is_named_with_the_cure(owner: int) -> None:
    folder = Path(tempfile.mkdtemp())  # one that every user can reach, unlike pytest's
    try:
        owned = os.geteuid() == 0
        if owned:
            os.chown(folder, owner, owner)
        with powerless_over(folder) as user:
            message = await refusal(folder / "config.toml", "https://a.example/")
    finally:
        shutil.rmtree(folder)
    assert message.startswith(f"{folder}: user {user} may not write there")
    assert f"`chown {user} DIR`" in message
    assert ("--user 12345:12345" in message) is (owned and owner == 12345)


async def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    message = await refusal(tmp_path / "no" / "config.toml", "https://a.example/")
    assert f"{tmp_path / 'no'}" in message
