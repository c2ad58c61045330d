"""Reading the page of an article, beside bare trafilatura.

    python -m benchmarks.article [--full]

feedbot: `read_article`, from the bytes to the text: the part the title heads found, what the page
says of itself read, trafilatura, nh3. Bare: trafilatura's `extract` of the same page to HTML, with
the same options. One page is the seed's, as the sample site shows it, the other is long.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import sys
from collections.abc import Awaitable, Callable
from zoneinfo import ZoneInfo

from trafilatura import extract

from benchmarks.measure import Row, in_turn, show
from feedbot.demo.site import SEED, PressSite, render_page
from feedbot.demo.site.render import LEAD_PATH
from feedbot.source.article import read_article

_URL = f"http://press.example{LEAD_PATH}"
_TYPE = "text/html; charset=utf-8"
_ZONE = ZoneInfo("Europe/London")
_PARAGRAPHS = 600
_MOST_SECONDS = 30


def pages() -> list[tuple[str, bytes]]:
    """(name, body) of what is measured here."""
    body = render_page(PressSite(), LEAD_PATH).body
    first = f"<p>{SEED.article.paragraphs[0]}</p>"
    more = "".join(
        f"<p>Paragraph {n} of a long text, and what it says.</p>" for n in range(_PARAGRAPHS)
    )
    return [
        ("the seed's", body),
        ("long", body.replace(first.encode(), first.encode() + more.encode())),
    ]


def by_feedbot(body: bytes) -> Callable[[], Awaitable[int]]:
    """Read it as it is read for an entry."""

    async def run() -> int:
        read_article(body, _TYPE, url=_URL, link=_URL, title=SEED.article.title, zone=_ZONE)
        return 1

    return run


def by_trafilatura(body: bytes) -> Callable[[], Awaitable[int]]:
    """Its text alone."""

    async def run() -> int:
        extract(
            body.decode(),
            output_format="html",
            fast=True,
            include_comments=False,
            include_formatting=True,
            include_images=True,
            include_links=True,
        )
        return 1

    return run


async def main(*, full: bool) -> int:
    """Run; the exit code."""
    rounds = 300 if full else 40
    rows = []
    for name, body in pages():
        gc.collect()
        sample = await in_turn(
            by_feedbot(body), by_trafilatura(body), rounds=rounds, seconds=_MOST_SECONDS
        )
        rows.append(Row(f"{name}, {len(body):,} bytes", "trafilatura", sample, None))
    return show("pages", rows)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.article", description=__doc__)
    parser.add_argument("--full", action="store_true", help="more rounds")
    sys.exit(asyncio.run(main(full=parser.parse_args().full)))
