"""Reading one listing of 186 KB, beside bare parsers.

    python -m benchmarks.parse [--full]

feedbot: `read`, from the bytes to the items, dates understood. Bare: the same bytes parsed and the
rows selected by the same selector, nothing read out of them; and, for lxml, title, link and date
of each row taken as text too. The page is a court's list of opinions where it stands beside the
repository, else one made up (`benchmarks.pages`), with rows six times as dense.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from lxml import html
from lxml.cssselect import CSSSelector

from benchmarks.measure import Row, Sample, in_turn, show
from benchmarks.pages import RULE, listing
from feedbot.model import ListingRule, Source, SourceKind
from feedbot.source.read import read

GOAL = 1 / 3  # of the rate: three times the time
_BYTES = 186_000
_REAL = Path(__file__).parents[2] / "shared/listings/hawapp_example.html"
_REAL_RULE = ListingRule(
    item="#tablepress-0 tbody tr",
    title="td.column-4",
    link="td.column-3 a",
    date="td.column-1",
)
_TYPE = "text/html; charset=utf-8"
_URL = "http://press.example/"
_MOST_SECONDS = 40
_AT_ONCE = 4  # pages in a round: short rounds, so that a disturbance strikes few of the pairs


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page, and how its rows are read."""

    name: str
    body: bytes
    rule: ListingRule


def sheets() -> list[Sheet]:
    """What is measured here."""
    made = Sheet("made up", listing(_BYTES), RULE)
    return [Sheet("real", _REAL.read_bytes(), _REAL_RULE), made] if _REAL.exists() else [made]


def by_feedbot(sheet: Sheet) -> Callable[[], int]:
    """Read it as a poll does; the number of items."""
    source = Source("press", _URL, "Press", kind=SourceKind.HTML, listing=sheet.rule)
    return lambda: len(read(sheet.body, _TYPE, source, _URL).items)


def by_lxml(sheet: Sheet) -> Callable[[], int]:
    """Parse it and select the rows; their number."""
    rows = CSSSelector(sheet.rule.item)
    return lambda: len(rows(html.document_fromstring(sheet.body)))


def by_lxml_with_cells(sheet: Sheet) -> Callable[[], int]:
    """Take title, link and date as they stand as well."""
    rows = CSSSelector(sheet.rule.item)
    title, link, date = (
        CSSSelector(selector or "*", translator="html")
        for selector in (sheet.rule.title, sheet.rule.link, sheet.rule.date)
    )

    def work() -> int:
        found = [
            (
                [cell.text_content() for cell in title(row)],
                [cell.get("href") for cell in link(row)],
                [cell.text_content() for cell in date(row)],
            )
            for row in rows(html.document_fromstring(sheet.body))
        ]
        return len(found)

    return work


def by_selectolax(sheet: Sheet) -> Callable[[], int] | None:
    """Parse it and select the rows; their number. None where selectolax is not installed."""
    try:
        from selectolax.lexbor import LexborHTMLParser
    except ImportError:
        return None
    return lambda: len(LexborHTMLParser(sheet.body).css(sheet.rule.item))


async def compare(ours: Callable[[], int], bare: Callable[[], int], rounds: int) -> Sample:
    """Pages a second."""
    if ours() != bare():
        raise SystemExit("the two find different numbers of rows")
    return await in_turn(_many(ours), _many(bare), rounds=rounds, seconds=_MOST_SECONDS)


def _many(work: Callable[[], int]) -> Callable[[], Awaitable[int]]:
    async def run() -> int:
        for _ in range(_AT_ONCE):
            work()
        return _AT_ONCE

    return run


async def main(*, full: bool) -> int:
    """Run; the exit code."""
    rounds = 300 if full else 60
    rows = []
    for sheet in sheets():
        what = f"{sheet.name}, {len(sheet.body):,} bytes, {by_lxml(sheet)()} rows"
        real = sheet.rule is _REAL_RULE
        beside: list[tuple[str, Callable[[], int] | None, float | None]] = [
            ("lxml: rows", by_lxml(sheet), GOAL if real else None),
            ("lxml: rows, cells", by_lxml_with_cells(sheet), None),
            ("selectolax: rows", by_selectolax(sheet), None),
        ]
        for name, bare, goal in beside:
            if bare is None:
                print("selectolax is not installed: not measured (pip install selectolax)")
                continue
            gc.collect()
            rows.append(Row(what, name, await compare(by_feedbot(sheet), bare, rounds), goal))
    return show("pages", rows)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.parse", description=__doc__)
    parser.add_argument("--full", action="store_true", help="more rounds")
    sys.exit(asyncio.run(main(full=parser.parse_args().full)))
