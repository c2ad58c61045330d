"""Loading: file, environment and secret files; what is inherited; where each value came from."""

from __future__ import annotations

import subprocess
import sys
from datetime import date, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from feedbot import model
from feedbot.config import Settings, find, load, parse_duration, show
from feedbot.errors import ConfigError

FULL = """
timezone = "Europe/London"
language = "ru"

[storage]
url = "sqlite:///data/store.db"

[http]
contact = "https://example.org/bot"
timeout = "1m30s"
max_bytes = 5000000
allow_private_networks = true

[feeds]
directory = "out"
base_url = "https://feeds.example.org/"
entries = 20

[web]
listen = "[::1]:9000"

[telegram]
token = "12:abc"
api_url = "http://127.0.0.1:8081/"
admin_chat = "@ops_room"
proxy = "socks5://user:hidden@127.0.0.1:1080"
open = false
keep_sent = "2d"
keep_trying = "1d"
when_unsure = "skip"
rate = 100
burst = 3

[[telegram.chats]]
id = -1001234567890
topic = 7
sources = ["embassy"]
counters = []
silent = true
include = ["visa", 're:\\bvisas?\\b']
exclude = ["weather"]
backlog = 5

[[telegram.chats]]
id = "@everything"

[[sources]]
name = "embassy"
title = "Embassy"
url = "https://press.example.org/"
kind = "feed"
every = "10m"
timezone = "Europe/Moscow"
language = "en"
paused = true
author = "Press office"
headers = { X-Key = "hidden" }
cookies = { session = "hidden" }
auth = { username = "reader", password = "hidden" }
confirm_gone = 5
confirm_changed = 1

[[sources]]
name = "other"
url = "http://other.example.org/feed"

[[counters]]
name = "one"
since = 2018-03-04
text = "{days} days"
source = "embassy"

[[counters]]
name = "two"
until = "2030-01-01"
text = { one = "{days} день", few = "{days} дня", many = "{days} дней" }
at = 21:30:00

[[counters]]
name = "three"
since = 2018-03-04
text = "{days}"
at = "7:05"
timezone = "Asia/Tokyo"
source = "embassy"
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "config.toml"
    path.write_text(text, encoding="utf-8")
    return path


def problems(path: Path | None, environ: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(path, environ or {})
    return [str(problem) for problem in caught.value.problems]


def test_without_a_file_there_are_defaults_and_a_word_on_what_they_mean(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = load(None, {})
    assert settings.timezone == "UTC"
    assert settings.language == "en"
    assert settings.storage.path == tmp_path / "feedbot.db"
    assert settings.http.timeout == timedelta(seconds=30)
    assert settings.http.max_bytes == 3_000_000
    assert settings.feeds.directory == tmp_path / "feeds"
    assert settings.web.address == ("127.0.0.1", 8080)
    assert settings.telegram.api_url == "https://api.telegram.org"
    assert settings.effective_sources() == ()
    assert [line.split(":")[0] for line in settings.warnings] == ["telegram.token", "sources"]
    assert "nothing will be posted to Telegram" in settings.warnings[0]


def test_every_key_arrives(tmp_path: Path) -> None:
    settings = load(written(tmp_path, FULL), {})
    assert settings.storage.path == tmp_path / "data/store.db"
    assert settings.storage.url == f"sqlite:///{tmp_path}/data/store.db"
    assert settings.http.timeout == timedelta(seconds=90)
    assert settings.http.max_bytes == 5_000_000
    assert settings.http.allow_private_networks
    assert settings.feeds.directory == tmp_path / "out"
    assert settings.feeds.base_url == "https://feeds.example.org"
    assert settings.web.address == ("::1", 9000)
    assert settings.telegram.api_url == "http://127.0.0.1:8081"
    assert settings.telegram.admin_chat == "@ops_room"
    assert settings.telegram.proxy is not None
    assert "hidden" in settings.telegram.proxy.get_secret_value()
    assert not settings.telegram.open
    assert settings.telegram.keep_sent == timedelta(days=2)
    assert settings.telegram.keep_trying == timedelta(days=1)
    assert settings.telegram.when_unsure == "skip"
    assert (settings.telegram.rate, settings.telegram.burst) == (100, 3)


def test_sources_inherit_zone_and_language_from_the_top(tmp_path: Path) -> None:
    embassy, other = load(written(tmp_path, FULL), {}).effective_sources()
    assert embassy == model.Source(
        name="embassy",
        url="https://press.example.org/",
        title="Embassy",
        kind=model.SourceKind.FEED,
        every=timedelta(minutes=10),
        timezone=ZoneInfo("Europe/Moscow"),
        language="en",
        paused=True,
        author="Press office",
        headers={"X-Key": "hidden"},
        cookies={"session": "hidden"},
        auth=("reader", "hidden"),
        confirm_gone=5,
        confirm_changed=1,
    )
    assert (other.title, other.timezone.key, other.language) == ("other", "Europe/London", "ru")


def test_counters_inherit_from_their_source_then_from_the_top(tmp_path: Path) -> None:
    one, two, three = load(written(tmp_path, FULL), {}).effective_counters()
    assert (one.timezone.key, one.language, one.at) == ("Europe/Moscow", "en", time(9))
    assert (one.since, one.until, one.text) == (date(2018, 3, 4), None, "{days} days")
    assert (two.timezone.key, two.language, two.at) == ("Europe/London", "ru", time(21, 30))
    assert two.until == date(2030, 1, 1)
    assert two.text == {"one": "{days} день", "few": "{days} дня", "many": "{days} дней"}
    assert (three.timezone.key, three.at) == ("Asia/Tokyo", time(7, 5))


def test_chats_follow_everything_unless_they_say(tmp_path: Path) -> None:
    some, everything = load(written(tmp_path, FULL), {}).effective_chats()
    assert some == model.Chat(
        address=-1001234567890,
        topic=7,
        sources=("embassy",),
        counters=(),
        silent=True,
        include=("visa", r"re:\bvisas?\b"),
        exclude=("weather",),
        backlog=5,
    )
    assert everything == model.Chat(address="@everything")


def test_listing_selectors_become_the_rule(tmp_path: Path) -> None:
    text = """
    [[sources]]
    name = "page"
    url = "https://press.example.org/"
    kind = "html"
    [sources.listing]
    item = "li.event"
    link = "a@href"
    date_format = "%d.%m.%Y"
    """
    (source,) = load(written(tmp_path, text), {}).effective_sources()
    rule = model.ListingRule(item="li.event", link="a@href", date_format="%d.%m.%Y")
    assert source.listing == rule


def test_environment_stands_over_the_file_and_the_file_over_the_default(tmp_path: Path) -> None:
    path = written(tmp_path, "timezone = 'Europe/Paris'\nlanguage = 'ru'\n[feeds]\nentries = 5\n")
    environ = {
        "FEEDBOT_TIMEZONE": "Asia/Tokyo",
        "FEEDBOT_HTTP__TIMEOUT": "2m",
        "FEEDBOT_HTTP__MAX_BYTES": "4MB",
        "FEEDBOT_FEEDS__ENTRIES": "7",
        "FEEDBOT_TELEGRAM__OPEN": "false",
        "FEEDBOT_TELEGRAM__ADMIN_CHAT": "-100123",
        "FEEDBOT_WEB__LISTEN": "",
    }
    settings = load(path, environ)
    assert (settings.timezone, settings.language) == ("Asia/Tokyo", "ru")
    assert settings.http.timeout == timedelta(minutes=2)
    assert settings.http.max_bytes == 4_000_000
    assert settings.feeds.entries == 7
    assert settings.telegram.open is False
    assert settings.telegram.admin_chat == -100123
    assert settings.web.listen == "127.0.0.1:8080"
    assert settings.origin(("timezone",)) == "FEEDBOT_TIMEZONE"
    assert settings.origin(("language",)) == str(path)
    assert settings.origin(("web", "listen")) == "default"


def test_a_wrong_variable_is_named(tmp_path: Path) -> None:
    environ = {
        "FEEDBOT_FEEDS__ENTRIES": "many",
        "FEEDBOT_HTTP__TIMEOUT": "P400D",
        "FEEDBOT_TELEGRAM__OPEN": "perhaps",
    }
    lines = problems(None, environ)
    for name, key in zip(environ, ("feeds.entries", "http.timeout", "telegram.open"), strict=True):
        assert any(line.startswith(f"{name}: {key}: ") for line in lines), lines


def test_an_unknown_variable_is_warned_of_and_a_known_one_is_not(tmp_path: Path) -> None:
    known = dict.fromkeys(("FEEDBOT_CONFIG", "FEEDBOT_URL", "FEEDBOT_CHAT", "FEEDBOT_REQUIRE"), "x")
    environ = {
        **known,
        "FEEDBOT_TELEGRAM__TOKN": "12:secret",
        "FEEDBOT_SOURCES__0__URL": "https://press.example.org/",
        "HOME": "/home/reader",
    }
    warned = [line for line in load(None, environ).warnings if line.startswith("FEEDBOT_")]
    assert len(warned) == 2
    assert "file" in warned[0]
    assert 'did you mean "FEEDBOT_TELEGRAM__TOKEN"?' in warned[1]
    assert "secret" not in "".join(warned)


def test_paths_of_the_environment_are_relative_to_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "etc").mkdir()
    path = written(tmp_path / "etc", "[feeds]\ndirectory = 'out'\n")
    monkeypatch.chdir(tmp_path)
    settings = load(Path("etc/config.toml"), {"FEEDBOT_STORAGE__URL": "sqlite:///here.db"})
    assert settings.feeds.directory == path.parent / "out"
    assert settings.storage.path == tmp_path / "here.db"


def test_a_folder_that_would_break_the_stores_url_is_named(tmp_path: Path) -> None:
    (tmp_path / "what?").mkdir()
    (line,) = problems(written(tmp_path / "what?", ""))
    assert "storage.url: leads to a folder with a `?`" in line


def test_a_token_comes_from_a_file_without_its_last_line_break(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("12:from-file\r\n")
    path = written(tmp_path, "[telegram]\ntoken_file = 'token'\n")
    settings = load(path, {})
    assert settings.telegram.token is not None
    assert settings.telegram.token.get_secret_value() == "12:from-file"
    assert settings.origin(("telegram", "token")) == str(tmp_path / "token")


@pytest.mark.parametrize("in_file", ["token = '12:file'", "token_file = 'nowhere'"])
@pytest.mark.parametrize("by_file", [False, True])
def test_a_token_of_the_environment_replaces_the_files(
    tmp_path: Path, in_file: str, by_file: bool
) -> None:
    (tmp_path / "token").write_text("12:env\n")
    environ = (
        {"FEEDBOT_TELEGRAM__TOKEN_FILE": str(tmp_path / "token")}
        if by_file
        else {"FEEDBOT_TELEGRAM__TOKEN": "12:env"}
    )
    settings = load(written(tmp_path, f"[telegram]\n{in_file}\n"), environ)
    assert settings.telegram.token is not None
    assert settings.telegram.token.get_secret_value() == "12:env"


def test_a_password_comes_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("open sesame\n")
    text = """
    [[sources]]
    name = "page"
    url = "https://press.example.org/"
    auth = { username = "reader", password_file = "password" }
    """
    (source,) = load(written(tmp_path, text), {}).effective_sources()
    assert source.auth == ("reader", "open sesame")


@pytest.mark.parametrize(
    ("content", "what"), [(None, "No such file"), (b"\n", "is empty"), (b"\xff\xfe", "UTF-8")]
)
def test_a_secret_file_that_gives_nothing_is_a_problem(
    tmp_path: Path, content: bytes | None, what: str
) -> None:
    if content is not None:
        (tmp_path / "token").write_bytes(content)
    path = written(tmp_path, "[telegram]\ntoken_file = 'token'\n")
    (line,) = problems(path)
    assert line.startswith(f"{path}: telegram.token_file: {tmp_path / 'token'}")
    assert what in line


def test_a_token_given_twice_at_one_level_is_a_problem(tmp_path: Path) -> None:
    path = written(tmp_path, "[telegram]\ntoken = '12:a'\ntoken_file = 'token'\n")
    assert "stands beside `token`" in problems(path)[0]
    environ = {"FEEDBOT_TELEGRAM__TOKEN": "12:a", "FEEDBOT_TELEGRAM__TOKEN_FILE": "token"}
    assert problems(None, environ)[0].startswith("FEEDBOT_TELEGRAM__TOKEN_FILE: ")


def test_no_secret_is_shown(tmp_path: Path) -> None:
    settings = load(written(tmp_path, FULL), {"FEEDBOT_TELEGRAM__TOKEN": "12:hidden"})
    texts = [repr(settings), str(settings), show(settings), repr(settings.effective_sources())]
    texts += [settings.model_dump_json(), *settings.warnings]
    for text in texts:
        assert "hidden" not in text
    assert show(settings).count('"********"') == 5


def test_warnings_say_what_is_allowed_and_probably_not_meant(tmp_path: Path) -> None:
    text = """
    [telegram]
    token = "no colon"
    """.replace("no colon", "nocolon")
    text += """
    open = false
    [[sources]]
    name = "page"
    url = "https://press.example.org/"
    every = "29s"
    [[sources]]
    name = "calm"
    url = "https://press.example.org/feed"
    every = "30s"
    """
    warnings = load(written(tmp_path, text), {}).warnings
    assert [line.split(":")[0] for line in warnings] == [
        "telegram.token",
        "telegram.admin_chat",
        "telegram.open",
        "sources[page].every",
    ]
    assert "nocolon" not in "".join(warnings)


def test_equal_values_are_equal_wherever_they_stand(tmp_path: Path) -> None:
    environ = {"FEEDBOT_STORAGE__URL": f"sqlite:///{tmp_path}/feedbot.db"}
    environ["FEEDBOT_FEEDS__DIRECTORY"] = str(tmp_path / "feeds")
    from_file, from_environment = load(written(tmp_path, ""), {}), load(None, environ)
    assert from_file == from_environment
    assert from_file != load(written(tmp_path, "language = 'ru'"), {})
    assert from_file != "a text"


def test_find_takes_the_named_file_then_the_folder_then_xdg(tmp_path: Path) -> None:
    cwd, home, xdg = tmp_path / "cwd", tmp_path / "home", tmp_path / "xdg"
    for folder in (cwd, home / ".config/feedbot", xdg / "feedbot"):
        folder.mkdir(parents=True)
    environ = {"HOME": str(home)}
    assert find(environ, cwd) is None
    in_home = written(home / ".config/feedbot", "")
    assert find(environ, cwd) == in_home
    assert find({**environ, "XDG_CONFIG_HOME": "relative"}, cwd) == in_home
    in_xdg = written(xdg / "feedbot", "")
    assert find({**environ, "XDG_CONFIG_HOME": str(xdg)}, cwd) == in_xdg
    in_cwd = written(cwd, "")
    assert find(environ, cwd) == in_cwd
    assert find({**environ, "FEEDBOT_CONFIG": "gone.toml"}, cwd) == cwd / "gone.toml"
    assert find({}, home) is None
    assert find({"HOME": f"/{'x' * 5000}"}, home) is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("5m", 300), ("1h30m", 5400), ("1h 30m", 5400), ("2d", 172800), (45, 45)],
)
def test_durations_as_people_write_them(text: str | int, seconds: int) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text", ["", "5", "m", "5 minutes", "-5m", "1m1h", "400d", -3, "9999999999s"]
)
def test_other_durations_are_refused(text: str | int) -> None:
    with pytest.raises(ValueError, match=r"span of time|366 days"):
        parse_duration(text)


def test_importing_the_configuration_is_light() -> None:
    heavy = ("lxml", "dateparser", "jinja2", "babel", "re2", "httpx", "sqlalchemy", "tomlkit")
    code = f"import sys, feedbot.config; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_settings_are_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Settings().timezone = "UTC"
