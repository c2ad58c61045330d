"""What the seed's page says, read from its text: the expectations of the tests.

Written apart from the sample site's own parser, so that the two check each other.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

FOLDER = Path(__file__).parent / "data" / "seed"
PAGE = FOLDER / "press-page-2020-05-27.txt"
LONDON = ZoneInfo("Europe/London")
MOSCOW = ZoneInfo("Europe/Moscow")


@dataclass(frozen=True)
class SeedRow:
    """A row of LATEST EVENTS; `summary` is "" where it is only the title again."""

    date: date
    title: str
    summary: str


@dataclass(frozen=True)
class SeedArticle:
    section: str
    date: date
    title: str
    paragraphs: tuple[str, ...]


@dataclass(frozen=True)
class SeedCounter:
    """`text` has `{days}` where the number stood."""

    days: int
    text: str


@dataclass(frozen=True)
class Capture:
    """The counters as the page showed them; `at` in UTC."""

    at: datetime
    london: datetime
    moscow: time
    counts: tuple[int, int]


def _day(text: str) -> date:
    day, month, year = text.split(".")
    return date(int(year), int(month), int(day))


def _row(day: str, title: str, summary: str) -> SeedRow:
    return SeedRow(_day(day), title, "" if summary == title else summary)


def _counter(number: str, text: str) -> SeedCounter:
    return SeedCounter(int(number), "{days} " + " ".join(text.split()))


def _article(text: str) -> SeedArticle:
    section, day, title, *paragraphs = re.split(r"\n{2,}", text.strip())
    return SeedArticle(section, _day(day), title, tuple(paragraphs))


TEXT = PAGE.read_text("utf-8")
_TOP, _REST = TEXT.split("\nSPEECHES", 1)
_ARTICLE, _LIST = _REST.split("LATEST EVENTS", 1)

#: The ten rows of the list, top first.
ROWS = tuple(
    _row(*match)
    for match in re.findall(r"^(\d\d\.\d\d\.\d{4}) - (.+)\n\n(.+)\n", _LIST, flags=re.MULTILINE)
)
ARTICLE = _article("SPEECHES" + _ARTICLE)
COUNTERS = tuple(
    _counter(*match) for match in re.findall(r"(\d+) (days have.+?)(?:\xa0{2,}|\s*\n|$)", _TOP)
)
DAY = datetime.strptime(_TOP.splitlines()[0], "%d %B %Y").replace(tzinfo=UTC).date()
#: City and time as written: {"Moscow": "23:55", "London": "21:55"}.
CLOCKS = dict(re.findall(r"^(\w+): (\d\d:\d\d)$", _TOP, flags=re.MULTILINE))
#: The lines between the clocks and the counters.
CONTACTS = tuple(
    line.strip() for line in _TOP.split(CLOCKS["London"])[1].splitlines()[:-1] if line.strip()
)[:3]
#: The moment the page was read, UTC.
NOW = datetime.combine(DAY, time.fromisoformat(CLOCKS["London"]), LONDON).astimezone(UTC)

_CAPTURES = tomllib.loads((FOLDER / "captures.toml").read_text("utf-8"))
#: The days the two counters count from.
SINCE: tuple[date, ...] = tuple(counter["since"] for counter in _CAPTURES["counter"])
CAPTURES = tuple(
    Capture(
        at=row["london"].replace(tzinfo=LONDON).astimezone(UTC),
        london=row["london"].replace(tzinfo=LONDON),
        moscow=row["moscow"],
        counts=(row["counter_1"], row["counter_2"]),
    )
    for row in _CAPTURES["capture"]
)
