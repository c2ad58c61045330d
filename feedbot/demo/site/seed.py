"""The seed: the text of one press page as a reader saw it on 27 May 2020, and its parts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from importlib.resources import files

from feedbot.demo.site.model import (
    LONDON,
    Article,
    DayCounter,
    Event,
    Header,
    PressPage,
)

_TEXT_FILE = "data/press-page-2020-05-27.txt"
#: The list's newest article has this number; the page itself does not show them.
_NEWEST_NUMBER = 6521
_ROW = re.compile(r"(\d\d\.\d\d\.\d{4}) - (.+)")
_CLOCK = re.compile(r"\b(\w++): (\d\d:\d\d)")
_COUNTER = re.compile(r"(\d+)( days have passed .+)")


def seed_text() -> str:
    """The page's text, as it was copied."""
    return files(__package__).joinpath(_TEXT_FILE).read_text("utf-8")


def parse_page(text: str) -> PressPage:
    """The parts of a page's text: header, counters, leading article, events in the page's order."""
    top, _, rest = text.partition("SPEECHES, INTERVIEWS, ARTICLES")
    article, _, events = rest.partition("LATEST EVENTS")
    header = _header(top)
    return PressPage(
        header=header,
        counters=tuple(_counters(top, header.day)),
        article=_article("SPEECHES, INTERVIEWS, ARTICLES", article),
        events=tuple(_events(events)),
    )


def _header(top: str) -> Header:
    lines = [line for line in map(str.strip, top.splitlines()) if line]
    clocks = {city: time.fromisoformat(shown) for city, shown in _CLOCK.findall("\n".join(lines))}
    contacts = [line for line in lines[1:] if not _CLOCK.match(line) and "days" not in line]
    day = datetime.strptime(lines[0], "%d %B %Y").replace(tzinfo=UTC).date()
    return Header(day, clocks, tuple(contacts))


def _counters(top: str, day: date) -> Iterator[DayCounter]:
    # Both stand on one line, held apart by no-break spaces.
    for part in re.split(r"\n|\u00a0{2,}", top):
        if match := _COUNTER.fullmatch(part.strip()):
            yield DayCounter(day - timedelta(days=int(match[1])), "{days}" + match[2])


def _article(section: str, text: str) -> Article:
    day, title, *paragraphs = _blocks(text)
    return Article(section, _day(day), title, tuple(paragraphs))


def _events(text: str) -> Iterator[Event]:
    *blocks, _all_messages = _blocks(text)
    for index, (head, summary) in enumerate(zip(blocks[::2], blocks[1::2], strict=True)):
        match = _ROW.fullmatch(head)
        if match is None:
            raise ValueError(f"not a row of the list: {head!r}")
        title = match[2]
        section = "fnapr" if "Minister Sergey" in title else "article"
        yield Event(_day(match[1]), title, summary, section, _NEWEST_NUMBER - index)


def _blocks(text: str) -> list[str]:
    return [block.strip() for block in re.split(r"\n\s*\n", text) if block.strip()]


def _day(text: str) -> date:
    return datetime.strptime(text, "%d.%m.%Y").replace(tzinfo=UTC).date()


#: The page as it was read.
SEED = parse_page(seed_text())
#: The moment it was read, UTC.
SEED_NOW = datetime.combine(SEED.header.day, SEED.header.clocks["London"], LONDON).astimezone(UTC)
