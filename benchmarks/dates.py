"""Finding the dates in a page's texts, beside one search for numbers; and reading dates back.

    python -m benchmarks.dates [--full]

Speed: `may_hold_date` and `scan` over all texts of a page of 3,000, nothing remembered from the
round before. Bare: the same texts searched for runs of digits, without which there is no date.

Round trip: dates in every language and style we claim, and in lists of numbers whose order only the
whole list tells; 10,000 of them, 100,000 with `--full`. One that comes back as another is printed,
and makes the exit code 1.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import re
import sys
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_skeleton

from benchmarks.measure import Row, in_turn, show
from feedbot.model import PageDate
from feedbot.source.dates import may_hold_date, scan, settle
from feedbot.source.dates.scan import forget

LEAST = 1 / 15  # of the rate of the bare search
_TEXTS = 3_000
_MOST_SECONDS = 20
_NUMBERS = re.compile(r"\d+")
_NOW = datetime(2024, 6, 15, 12, tzinfo=UTC)
_ZONE = ZoneInfo("UTC")
_LANGUAGES = (
    "en en_GB ru uk be de de_AT fr es es_MX pt pt_PT it ca gl nl pl cs sk sl hr sr sr_Latn mk bg ro"
    " hu sq el tr az kk hy ka he ar ar_SY ar_DZ ar_MA sv da nb fi et lv lt is id vi zh zh_Hant ja"
    " ko hi th"
).split()
_STYLES = ("full", "long", "medium", "yMMMd", "MMMd")
_ORDERS = ("%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%d/%m/%y", "%m/%d/%y", "%Y/%m/%d")
_SHOWN = 20  # failures printed one by one
_WORDS = "the committee on foreign affairs met members of its delegation to hear reports".split()


def texts() -> list[str]:
    """The texts of a page: titles, links, figures, and a date or figure in one of four."""
    chance = random.Random(1)  # the same page each time
    found = []
    for number in range(_TEXTS):
        day = date(2020, 1, 1) + timedelta(days=number % 1_500)
        words = " ".join(chance.choices(_WORDS, k=chance.randint(1, 18)))
        kinds = [
            f"{day:%d.%m.%Y}" if number % 24 else f"{day:%B} {day.day}, {day.year}",
            words,
            "Read more",
            f"No. {number}-{number % 97}",
            f"\n      {words}\n    ",
            f"{words}, page {number % 40}",
            *("Menu", "|", words, "\n", "Contact us", words),
        ]
        found.append(kinds[number % 12])
    return found


def by_feedbot(page: list[str]) -> int:
    """Find the dates; the texts that were looked at."""
    forget()
    for text in page:
        if may_hold_date(text):
            scan(text, "en")
    return len(page)


def by_search(page: list[str]) -> int:
    """Find the numbers."""
    for text in page:
        _NUMBERS.findall(text)
    return len(page)


def _later(work: Callable[[list[str]], int], page: list[str]) -> Callable[[], Awaitable[int]]:
    async def run() -> int:
        return work(page)

    return run


def lists(many: int) -> Iterator[tuple[list[str], list[date], str]]:
    """Texts, the days they say, and the language; `many` dates in all, a list of 20 at a time."""
    chance = random.Random(2)  # the same dates each time
    for number in range(many // 20):
        if number % 4 == 0:
            days = sorted(_days(chance, 8_000), reverse=number % 8 == 0)
            days[-1] = days[-1].replace(day=28)  # tells the order, where nothing else does
            days.sort(reverse=number % 8 == 0)
            order = chance.choice(_ORDERS)
            yield [format(day, order) for day in days], days, chance.choice(["en", "de", "fr"])
            continue
        language, style = chance.choice(_LANGUAGES), chance.choice(_STYLES)
        days = sorted(_days(chance, 360 if style == "MMMd" else 18_000), reverse=True)
        written = format_skeleton if style[-1] == "d" else format_date
        yield (
            [_written(written, day, style, language) for day in days],
            days,
            language.replace("_", "-"),
        )


def _written(how: Callable[..., str], day: date, style: str, language: str) -> str:
    return (
        how(style, day, locale=language)
        if how is format_skeleton
        else how(day, style, locale=language)
    )


def _days(chance: random.Random, back: int) -> list[date]:
    return [_NOW.date() - timedelta(days=chance.randint(0, back)) for _ in range(20)]


def round_trip(many: int) -> int:
    """Read them back; how many came back as another day."""
    wrong = read = 0
    for written, days, language in lists(many):
        found = [one for text in written for one in scan(text, language)[:1]]
        values: list[PageDate] = settle(found, now=_NOW, zone=_ZONE, language=language)
        read += len(days)
        if values == days:
            continue
        values += [None] * (len(days) - len(values))
        for text, day, value in zip(written, days, values, strict=True):
            wrong += value != day
            if value != day and wrong <= _SHOWN:
                print(f"{language}: {text!r} is {day}, and was read as {value}")
    print(f"{read:,} dates read back, {wrong:,} of them wrong\n")
    return wrong


async def main(*, full: bool) -> int:
    """Run; the exit code."""
    wrong = round_trip(100_000 if full else 10_000)
    page = texts()
    characters = sum(map(len, page))
    sample = await in_turn(
        _later(by_feedbot, page),
        _later(by_search, page),
        rounds=200 if full else 50,
        seconds=_MOST_SECONDS,
    )
    what = f"{_TEXTS:,} texts, {characters:,} characters"
    return max(show("texts", [Row(what, "re: numbers", sample, LEAST)]), int(wrong > 0))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.dates", description=__doc__)
    parser.add_argument("--full", action="store_true", help="100,000 dates, more rounds")
    sys.exit(asyncio.run(main(full=parser.parse_args().full)))
