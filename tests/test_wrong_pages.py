"""Pages that mislead, as the Atom that `once` writes of them: no row is lost, no date guessed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.commands import Desk
from tests.require import needs
from tests.web import Web, reply


async def published(
    folder: Path, pages: Mapping[str, bytes], at: datetime | None = None, **keys: Any
) -> Mapping[str, list[Any]]:
    """The feed entries of each page, by the name of its source, in the page's order."""
    async with Web({f"/{name}": page for name, page in pages.items()}) as web, Desk(folder) as desk:
        rule = {"item": "li", "title": "a", "link": "a@href"}
        desk.config["sources"] = [
            {"name": name, "url": web.url(f"/{name}"), "listing": rule, **keys} for name in pages
        ]
        done = await desk.feedbot("once", at=at)
        assert done.code == 0, done.err
        feeds = {name: desk.feed(name).entries for name in pages}
    return {name: sorted(feed, key=lambda entry: entry.link) for name, feed in feeds.items()}


def listing(rows: Iterable[str]) -> str:
    """A page with these rows; links are numbered, so that they sort in the page's order."""
    items = (f"<li>{row.replace('<a>', f'<a href=/{n:02}>')}" for n, row in enumerate(rows))
    return f"<title>News</title><ul>{''.join(items)}</ul>"


# -- encodings -------------------------------------------------------------------------------------

TITLES = [
    "Посольство выражает соболезнования",
    "О ходе переговоров в Лондоне",
    "Ответ пресс-службы на вопрос газеты",
]
#: The true encoding, what the header says, what the page says.
ENCODINGS = {
    "utf8-as-cp1251": ("utf-8", "windows-1251", "windows-1251"),
    "cp1251-as-utf8": ("windows-1251", "utf-8", "utf-8"),
    "koi8-undeclared": ("koi8-r", None, None),
    "cp1251-undeclared": ("windows-1251", None, None),
    "koi8-as-cp1251": ("koi8-r", "windows-1251", None),
    "utf8-header-wrong": ("utf-8", "iso-8859-1", "utf-8"),
}


def encoded(true: str, header: str | None, meta: str | None) -> bytes:
    declared = f'<meta charset="{meta}">' if meta else ""
    text = declared + listing(f"<a>{title}</a> 27.05.2020" for title in TITLES)
    kind = "text/html" + (f"; charset={header}" if header else "")
    return reply(text.encode(true), Content_Type=kind)


@pytest.fixture(scope="module")
def decoded(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, list[Any]]:
    pages = {name: encoded(*said) for name, said in ENCODINGS.items()}
    return asyncio.run(published(tmp_path_factory.mktemp("encodings"), pages))


@pytest.mark.parametrize("name", ENCODINGS)
def test_another_encoding_than_declared(decoded: Mapping[str, list[Any]], name: str) -> None:
    assert [entry.title for entry in decoded[name]] == TITLES


# -- dates -----------------------------------------------------------------------------------------

NOW = datetime(2020, 5, 27, 20, 55, tzinfo=UTC)  # 08:55 of the 28th in Auckland
SEEN = "when it was first seen"
DATES = {
    "a date alone": ("<a>One</a> 27.05.2020", "2020-05-27T12:00:00+12:00"),
    "a date alone, today there": ("<a>One</a> 28.05.2020", SEEN),
    "a date alone, tomorrow": ("<a>One</a> 29.05.2020", "2020-05-29T12:00:00+12:00"),
    "a date alone, two days and more ahead": ("<a>One</a> 30.05.2020", SEEN),
    "a far future": ("<a>One</a> 1 January 2030", SEEN),
    "a future moment": ("<a>One</a> 2020-05-29T20:50:00Z", "2020-05-30T08:50:00+12:00"),
    "a moment too far ahead": ("<a>One</a> 2020-05-29T21:50:00Z", SEEN),
    "a moment": ("<a>One</a> 27.05.2020 18:30", "2020-05-27T18:30:00+12:00"),
    "no date": ("<a>One</a> without a date", SEEN),
    "no such date": ("<a>One</a> 32.13.2020", SEEN),
    "two dates": ("<b>26.05.2020</b> <a>One</a> <i>25.05.2020</i>", "2020-05-26T12:00:00+12:00"),
    "two dates, one of the event": (
        "<a>One</a> <p>What was said on 1 May 2020 in London</p> <b>26.05.2020</b>",
        "2020-05-26T12:00:00+12:00",
    ),
}


@pytest.fixture(scope="module")
def dated(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:
    rows = listing(row.replace("One", key) for key, (row, _) in DATES.items())
    page = reply(rows.encode(), Content_Type="text/html; charset=utf-8")
    folder = tmp_path_factory.mktemp("dates")
    feeds = asyncio.run(published(folder, {"page": page}, NOW, timezone="Pacific/Auckland"))
    return dict(zip(DATES, feeds["page"], strict=True))


@needs("faketime")
@pytest.mark.parametrize(("case", "expected"), [(case, when) for case, (_, when) in DATES.items()])
def test_dates(dated: Mapping[str, Any], case: str, expected: str) -> None:
    entry = dated[case]
    assert entry.title == case
    if expected != SEEN:
        assert entry.published == expected
        return
    first_seen = datetime.fromisoformat(entry.published)
    assert first_seen.utcoffset() == timedelta(hours=12)
    assert timedelta(0) <= first_seen - NOW < timedelta(minutes=1)
