"""`feedbot preview`: rows that fit, what was taken, what is missing, what else is there."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedbot import config
from feedbot.config import Settings
from feedbot.errors import FeedbotError
from feedbot.model import Item, Listing, ListingRule, SourceKind
from feedbot.preview.command import preview, stranger
from feedbot.preview.see import Sight
from feedbot.preview.table import cut, padded, rows, width
from feedbot.preview.words import missing
from feedbot.render.toml import rule_lines
from tests.corpus import corpus
from tests.web import Web, reply

ZONE = ZoneInfo("Europe/London")
TWO_LISTS = corpus()["gov-bitrix"]
NO_LIST = [page for page in corpus().values() if page.kind is not None]
FEED = b"""<rss version="2.0"><channel><title>Notices</title>%s</channel></rss>"""
ENTRY = (
    b"<item><title>%s</title><link>%s</link><pubDate>Mon, 13 May 2024 10:00:00 GMT</pubDate></item>"
)


@pytest.fixture
def settings() -> Settings:
    return config.load(None, {"FEEDBOT_HTTP__ALLOW_PRIVATE_NETWORKS": "true"})


def item(title: str = "A title", link: str = "https://a.example/1", **more: Any) -> Item:
    return Item(title=title, link=link, **more)


def sight(items: Sequence[Item], title: str | None = "All", language: str | None = "en") -> Sight:
    listing = Listing(tuple(items), SourceKind.HTML, title, language)
    return Sight(stranger(config.load(None, {}), "https://a.example/"), listing)


def lacks(seen: Sight) -> list[str]:
    assert seen.listing is not None
    return list(missing(seen, seen.listing))


def written(page: Any, folder: Path) -> str:
    """A page of the corpus as a file."""
    file = folder / f"{page.name}.html"
    file.write_bytes(page.raw)
    return str(file)


# ------------------------------------------------------------------ the table


def test_wide_characters_take_two_columns_and_marks_none() -> None:
    assert [width(text) for text in ("abc", "学校", "か゛", "e\u0301", "😀", "")] == [
        3,
        4,
        4,
        1,
        2,
        0,
    ]
    assert cut("学校与山海", 6) == "学校…"
    assert width(padded("学校与山海", 6)) == 6
    assert cut("Short", 5) == "Short"


@given(
    st.lists(st.tuples(st.text(min_size=1), st.text(alphabet="abc/?=é学")), min_size=1, max_size=5),
    st.integers(24, 200),
)
def test_no_line_is_wider_than_the_terminal(pairs: list[tuple[str, str]], columns: int) -> None:
    items = [item(title, f"https://a.example/{path}") for title, path in pairs]
    lines = list(rows(items, ZONE, columns))
    assert len(lines) == len(items)
    assert all(width(line) <= columns and line.isprintable() for line in lines)


def test_dates_are_the_sources_and_links_to_one_host_are_short_on_a_terminal() -> None:
    items = [
        item("One", date=datetime(2020, 5, 27, 20, 55, tzinfo=UTC)),
        item("Two", "https://a.example/2", date=date(2020, 5, 26)),
        item("Three", "https://b.example/3"),
    ]
    assert list(rows(items, ZONE, 80)) == [
        "2020-05-27 21:55  One    /1",
        "2020-05-26        Two    /2",
        "no date           Three  b.example/3",
    ]
    assert next(rows(items, ZONE)) == "2020-05-27 21:55  One    https://a.example/1"
    assert list(rows(items, ZONE, 40))[1] == "2020-05-26        Two"


def test_where_nothing_limits_the_line_nothing_is_cut() -> None:
    long = item("Long " * 40, f"https://a.example/{'x' * 200}")
    [line] = rows([long], ZONE)
    assert long.title in line
    assert line.endswith(long.link)


# ------------------------------------------------------------------ what is missing


def test_what_a_reader_would_miss_is_counted() -> None:
    good = item("One", date=date(2020, 1, 1))
    bad = item("https://a.example/", "https://a.example/", own_link=False)
    assert lacks(sight([good, replace(good, title="Two")])) == []
    assert lacks(sight([good, bad, replace(good, title="x" * 400)], None, None)) == [
        "a date, in 1 of 3 rows: they have the time they are first seen",
        "a link, in 1 of 3 rows: they lead to the page itself",
        "a title, in 1 of 3 rows: they are called by their links",
        "a short title, in 1 of 3 rows: name one with listing.title",
        "a title of the whole: set `title`",
        "the page's word for its language: it is taken for 'en'",
    ]
    assert lacks(sight([good, good])) == ["a title of their own, in 1 of 2 rows"]


@given(st.text(), st.text(min_size=1))
def test_a_rule_can_be_pasted_whatever_is_in_it(title: str, selector: str) -> None:
    rule = ListingRule(selector, rows="dated", title=title)
    pasted = tomllib.loads("[[sources]]\n" + "\n".join(rule_lines(rule)))
    said = {"item": selector, "rows": "dated", "title": title}
    sayable = {name: text.encode("utf-8", "replace").decode() for name, text in said.items()}
    assert pasted == {"sources": [{"listing": sayable}]}


# ------------------------------------------------------------------ the command


async def test_a_page_shows_its_rows_and_the_other_lists(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = written(TWO_LISTS, tmp_path)
    assert await preview(settings, place, base_url=TWO_LISTS.base_url) == 0
    out = capsys.readouterr().out.splitlines()
    count = len(TWO_LISTS.items)
    for line, row in zip(out, TWO_LISTS.items, strict=False):
        assert line.startswith(f"{row.date}  {row.title}")
    assert out[count] == f"{count} rows, {count} with a date, read as html"
    assert out[count + 1] == "taken from: the page's rows"
    others = out[out.index(next(line for line in out if line.startswith("other lists"))) + 1 :]
    assert [line.split()[0] for line in others] == ["2", "3"]
    assert await preview(settings, place, base_url=TWO_LISTS.base_url, number=2, as_json=True) == 0
    second = json.loads(capsys.readouterr().out)
    assert second["items"][0]["title"] in others[0]
    assert second["rule"]["item"] == others[0].split()[-1]
    assert second["taken"][1].startswith("list 2 of the page, as --list says: ")
    with pytest.raises(FeedbotError, match=r"^--list: 9: .*it shows 3: name one of 1 to 3$"):
        await preview(settings, place, number=9)


async def test_what_it_explains_can_be_pasted_and_reads_the_same(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = written(TWO_LISTS, tmp_path)
    assert await preview(settings, place, explain=True) == 0
    explained = capsys.readouterr().out.partition("\nlist 1 (taken): ")[2].partition("\nlist 2")[0]
    assert "with a date; " in explained
    assert "the newest first" in explained
    assert "against it: nothing" in explained
    table = explained[explained.index("[sources.listing]") :]
    file = tmp_path / "config.toml"
    source = '[[sources]]\nname = "pasted"\nurl = "https://a.example/"\n'
    file.write_text(source + table, encoding="utf-8")
    pasted = config.load(file, {})
    assert await preview(settings, place, as_json=True) == 0
    found = json.loads(capsys.readouterr().out)
    assert await preview(pasted, place, source_name="pasted", as_json=True) == 0
    again = json.loads(capsys.readouterr().out)
    assert again["rule"] == found["rule"]
    assert [row["title"] for row in again["items"]] == [row["title"] for row in found["items"]]


async def test_a_feed_that_was_taken_or_left_is_named(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    head = b'<link rel="alternate" type="application/rss+xml" href="/feed.xml"></head>'
    page = TWO_LISTS.raw.replace(b"</head>", head, 1)
    titles = [row.title.encode() for row in TWO_LISTS.items]
    other = FEED % b"".join(
        ENTRY % (b"Other %d" % n, b"https://b.example/%d" % n) for n in range(9)
    )
    async with Web({"/": reply(page, Content_Type=TWO_LISTS.content_type)}) as web:
        links = [web.url(row.href).encode() for row in TWO_LISTS.items]
        same = FEED % b"".join(ENTRY % pair for pair in zip(titles, links, strict=True))
        for feed, said in ((same, "taken from: the page's feed"), (other, "not the feed")):
            web.routes["/feed.xml"] = reply(feed, Content_Type="application/rss+xml")
            assert await preview(settings, web.url("/")) == 0
            assert said in capsys.readouterr().out
        assert await preview(settings, web.url("/"), kind="html") == 0
        told = capsys.readouterr().out
        assert f"missing: a look at the feed {web.url('/feed.xml')}" in told
        assert "read as html" in told
        assert await preview(settings, web.url("/"), kind="feed") == 1
        assert capsys.readouterr().err.count("\n") == 4


@pytest.mark.parametrize("page", NO_LIST, ids=lambda page: page.name)
async def test_a_page_without_a_list_says_what_it_is_and_what_was_looked_for(
    page: Any, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    async with Web({"/": reply(page.raw, Content_Type=page.content_type)}) as web:
        assert await preview(settings, web.url("/"), as_json=True) == 1
        said = capsys.readouterr()
        url = web.url("/")
    document = json.loads(said.out)
    assert document["items"] == []
    assert document["problem"].startswith(url)
    first, *looked = said.err.splitlines()
    assert first == f"feedbot: {document['problem']}"
    assert [line.partition(":")[2].split()[2] for line in looked] == ["feeds", "data", "lists"]
    assert looked == [f"feedbot: {line}" for line in document["looked_for"]]


@pytest.mark.parametrize(
    ("body", "said"),
    [(b"", "the body is empty"), (b"%PDF-1.7", "this is a PDF"), (b"words", "no markup")],
)
async def test_what_is_no_page_is_one_line(
    body: bytes, said: str, settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "body"
    file.write_bytes(body)
    assert await preview(settings, str(file)) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith(f"feedbot: {file}: ")
    assert said in line
    assert await preview(settings, "http://127.0.0.1:1/", as_json=True) == 1
    refused = capsys.readouterr()
    assert json.loads(refused.out)["problem"] == refused.err.removeprefix("feedbot: ").strip()
