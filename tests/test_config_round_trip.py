"""Properties: what is loaded and written out again is the same; nothing else is ever raised."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

import tomlkit
from hypothesis import given, settings
from hypothesis import strategies as st

from feedbot.config import load, show
from feedbot.config.amounts import format_duration, format_size, parse_duration
from feedbot.config.outline import ANY, keys_of, sections
from feedbot.config.show import MASK
from feedbot.errors import ConfigError

LINES = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=20).filter(
    lambda text: bool(text.strip())
)
WORDS = st.text(st.characters(categories=("Ll", "Lu")), min_size=1, max_size=10)
NAMES = st.from_regex(r"[a-z0-9][a-z0-9-]{0,20}", fullmatch=True)
ZONES = st.sampled_from(sorted(available_timezones()))
LANGUAGES = st.sampled_from(["en", "ru"])
SPANS = st.integers(1, 366 * 86400).flatmap(
    lambda seconds: st.sampled_from([seconds, format_duration(parse_duration(seconds))])
)
SIZES = st.integers(1000, 10**9).flatmap(lambda size: st.sampled_from([size, format_size(size)]))
URLS = st.sampled_from(
    ["https://press.example.org/", "http://a.example:81/x?y=ü#z", "https://[::1]/"]
)
ROOTS = st.sampled_from(["https://feeds.example.org", "http://127.0.0.1:8081/api/"])
FILES = st.text(st.characters(categories=("L", "N")), min_size=1, max_size=20)
CHATS = st.one_of(
    st.integers(-(2**51), 2**51).filter(bool),
    st.from_regex(r"@[A-Za-z][A-Za-z0-9_]{3,31}", fullmatch=True),
)
SECRETS = st.just(MASK)  # written out masked, and so the same again
HEADERS = st.dictionaries(st.from_regex(r"[A-Za-z.~|-]{1,12}", fullmatch=True), SECRETS, max_size=3)
PATTERNS = st.lists(st.one_of(WORDS, WORDS.map(lambda word: f"re:{word}+")), max_size=3)
WORDINGS = st.one_of(
    st.just("{days} days"),
    st.just({"one": "{days} a", "few": "{days} b", "many": "{days} c", "other": "{days} d"}),
)


def table(required: dict[str, Any], **optional: Any) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(required, optional=optional)


LISTINGS = table(
    {"item": st.sampled_from(["li", "ul.events > li", "xpath://li[@class='a']"])},
    title=st.sampled_from(["a", "xpath:.//b"]),
    link=st.just("a@href"),
    date=st.just("time@datetime"),
    summary=st.just(".summary"),
    image=st.just("img@src"),
    date_format=st.just("%d.%m.%Y"),
)
SOURCE = {
    "name": NAMES,
    "url": URLS,
}
SOURCES = table(
    SOURCE,
    title=LINES,
    kind=st.sampled_from(["auto", "feed"]),
    every=SPANS,
    timezone=ZONES,
    language=LANGUAGES,
    paused=st.booleans(),
    author=LINES,
    headers=HEADERS,
    cookies=HEADERS,
    auth=table({"username": LINES, "password": SECRETS}),
    confirm_gone=st.integers(1, 1000),
    confirm_changed=st.integers(1, 1000),
    listing=LISTINGS,
)


def counters(sources: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    day = st.dates()
    optional: dict[str, Any] = {"at": st.times().map(lambda at: f"{at:%H:%M}"), "timezone": ZONES}
    if sources:
        optional["source"] = st.sampled_from(sources)
    base = {"name": NAMES, "text": WORDINGS}
    return st.one_of(
        table({**base, "since": day}, **optional), table({**base, "until": day}, **optional)
    )


def chats(sources: list[str], counted: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    return table(
        {"id": CHATS},
        topic=st.integers(1, 2**31 - 1),
        sources=st.lists(st.sampled_from(sources), unique=True) if sources else st.just([]),
        counters=st.lists(st.sampled_from(counted), unique=True) if counted else st.just([]),
        silent=st.booleans(),
        text=st.sampled_from(["title", "summary", "full"]),
        long=st.sampled_from(["shorten", "split"]),
        preview=st.sampled_from(["large", "small", "none"]),
        photo=st.booleans(),
        template=st.just('<b>{{ title }}</b>\n<a href="{{ link }}">{{ date }}</a>'),
        include=PATTERNS,
        exclude=PATTERNS,
        backlog=st.integers(0, 1000),
    )


def unique(rows: st.SearchStrategy[dict[str, Any]], key: str) -> st.SearchStrategy[list[Any]]:
    return st.lists(rows, max_size=3, unique_by=lambda row: str(row[key]).casefold())


@st.composite
def configurations(draw: st.DrawFn) -> dict[str, Any]:
    """Any right configuration, as tables."""
    sources = draw(unique(SOURCES, "name"))
    named = [source["name"] for source in sources]
    counted = draw(unique(counters(named), "name"))
    telegram = table(
        {"chats": unique(chats(named, [counter["name"] for counter in counted]), "id")},
        token=SECRETS,
        api_url=ROOTS,
        admin_chat=CHATS,
        open=st.booleans(),
        keep_sent=SPANS,
        keep_trying=SPANS,
        when_unsure=st.sampled_from(["resend", "skip"]),
        rate=st.integers(1, 1000),
        burst=st.integers(1, 10),
    )
    sections = table(
        {},
        timezone=ZONES,
        language=LANGUAGES,
        storage=table({}, url=FILES.map(lambda name: f"sqlite:///{name}.db")),
        http=table(
            {},
            contact=st.sampled_from(["https://example.org/bot", "bot@example.org"]),
            timeout=SPANS,
            max_bytes=SIZES,
            allow=st.lists(
                st.sampled_from(["192.168.1.0/24", "fd00::/8", "10.0.0.5", "nas.home.arpa"])
            ),
            allow_private_networks=st.booleans(),
        ),
        feeds=table({}, directory=FILES, base_url=ROOTS, entries=st.integers(1, 1000)),
        web=table({}, listen=st.sampled_from(["127.0.0.1:0", "[::1]:8080", "localhost:65535"])),
        telegram=telegram,
    )
    return {**draw(sections), "sources": sources, "counters": counted}


#: Two busy cores decide how long an example takes, not what it shows.
unhurried = settings(deadline=None)


def loaded(folder: str, text: str) -> Any:
    path = Path(folder) / "config.toml"
    path.write_text(text, encoding="utf-8")
    return load(path, {})


@unhurried
@given(configurations())
def test_a_configuration_written_out_and_loaded_again_is_equal(data: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        first = loaded(folder, tomlkit.dumps(data))
        again = loaded(folder, show(first))
    assert again == first
    assert again.effective_sources() == first.effective_sources()
    assert again.effective_counters() == first.effective_counters()
    assert again.effective_chats() == first.effective_chats()
    assert [source.name for source in first.sources] == [row["name"] for row in data["sources"]]


ANYTHING = st.recursive(
    st.one_of(
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
        st.sampled_from(["re:(", "{days}", "a@href", "sqlite:///x", "https://x", "5m", "-"]),
        st.dates(),
        st.times(),
        st.datetimes(),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(WORDS, inner, max_size=3)),
    max_leaves=4,
)


def rough(pattern: tuple[str, ...]) -> st.SearchStrategy[Any]:
    """A table with the right keys, and anything at all as their values."""
    optional: dict[str, Any] = {}
    for name in keys_of(pattern):
        inner: st.SearchStrategy[Any] = ANYTHING
        if (*pattern, name) in sections():
            inner = st.one_of(rough((*pattern, name)), ANYTHING)
        elif (*pattern, name, ANY) in sections():
            inner = st.one_of(st.lists(rough((*pattern, name, ANY)), max_size=2), ANYTHING)
        optional[name] = inner
    return st.fixed_dictionaries({}, optional=optional)


@unhurried
@given(rough(()))
def test_anything_else_gets_lines_and_never_a_traceback(data: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        lines: list[str] = []
        count = 0
        try:
            loaded(folder, tomlkit.dumps(data))
        except ConfigError as error:
            lines, count = str(error).splitlines(), len(error.problems)
    assert len(lines) == count
    assert all(line.startswith(f"{folder}/config.toml: ") for line in lines)


@given(st.integers(1, 366 * 86400))
def test_a_span_is_written_as_it_is_read(seconds: int) -> None:
    assert parse_duration(format_duration(parse_duration(seconds))) == parse_duration(seconds)
