"""The corpus: listing pages of our own, each with what a careful reader takes from it.

NAME.html in tests/data/corpus is the page's bytes as served, NAME.json its labels: where it was
read, what the header said, the day it is seen on, and its rows. Every listing has a redesign, a
second page of the same site with the same rows, a few newer ones, and another layout. What lies in
no-list has a `kind` and no rows: it is no listing (a log-in, a script's empty shell, …).

Pages in tests/data/later were made when the finder was there, by somebody who did not know it; what
they came out at when they were first seen is in benchmarks/README.md. They have no redesign.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "data" / "corpus"
LATER = FOLDER.with_name("later")


@dataclass(frozen=True)
class CorpusRow:
    """`href` and `image` as they stand in the page; `date` None where the page does not say."""

    title: str
    href: str
    date: date | None
    summary: str | None
    image: str | None
    author: str | None


@dataclass(frozen=True)
class CorpusPage:
    """`content_type` is the header, with or without a charset; `encoding` what the bytes are in.

    `timezone` is the source's, IANA, where it is known; `today` the site's day when it is seen;
    `redesign_of` the name of the page before; `kind` says what a page without a list is.
    """

    name: str
    raw: bytes
    base_url: str
    family: str
    language: str
    timezone: str | None
    content_type: str
    encoding: str
    today: date
    redesign_of: str | None
    kind: str | None
    note: str | None
    items: tuple[CorpusRow, ...]

    @property
    def text(self) -> str:
        return self.raw.decode(self.encoding).removeprefix("\ufeff")


def _row(label: dict[str, Any]) -> CorpusRow:
    day = label["date"]
    return CorpusRow(
        title=label["title"],
        href=label["href"],
        date=None if day is None else date.fromisoformat(day),
        summary=label.get("summary"),
        image=label.get("image"),
        author=label.get("author"),
    )


def _page(file: Path) -> CorpusPage:
    case = json.loads(file.read_text(encoding="utf-8"))
    return CorpusPage(
        name=file.stem,
        raw=file.with_suffix(".html").read_bytes(),
        base_url=case["base_url"],
        family=case["family"],
        language=case["language"],
        timezone=case.get("timezone"),
        content_type=case["content_type"],
        encoding=case["encoding"],
        today=date.fromisoformat(case["today"]),
        redesign_of=case.get("redesign_of"),
        kind=case.get("kind"),
        note=case.get("note"),
        items=tuple(map(_row, case["items"])),
    )


@cache
def corpus() -> dict[str, CorpusPage]:
    """Name → page, all of them, in the order of their names."""
    return {file.stem: _page(file) for file in sorted(FOLDER.rglob("*.json"))}


def later() -> list[CorpusPage]:
    """Those made later."""
    return [_page(file) for file in sorted(LATER.glob("*.json"))]


def listings() -> list[CorpusPage]:
    return [page for page in corpus().values() if page.kind is None]


def redesigns() -> list[tuple[CorpusPage, CorpusPage]]:
    """(before, after) of every site."""
    pages = corpus()
    return [(pages[page.redesign_of], page) for page in pages.values() if page.redesign_of]
