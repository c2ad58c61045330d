"""How well lists are found from nothing but their pages, page by page and family by family.

    python -m benchmarks.detect [FOLDER] [--folds] [--full]

FOLDER holds NAME.html with NAME.json, as `../shared/listings` does; without it both that and our
own pages are measured. Scored by the `score.py` beside those listings: F1 over links, the share of
labelled rows with the right day, the share of readable titles that came out right. Timed: what a
page costs that nothing is known of, and what it costs once its layout is remembered, each the best
of three, beside lxml parsing the same page.

--folds: the weights are fitted anew on four fifths of the families and tried on the last, in turn
--full:  20,000 mutations of pages up to 20 KB: none may fail, none may take over a second
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import random
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import mean
from types import ModuleType
from typing import Any
from zoneinfo import ZoneInfo

from lxml import html

from benchmarks.folds import cross
from feedbot.errors import ParseError
from feedbot.model import Listing, Source
from feedbot.source.auto import Found
from feedbot.source.read import look
from feedbot.source.text import decode

_HERE = Path(__file__).parent
_SHARED = _HERE.parents[1] / "shared" / "listings"
_OWN = _HERE.parent / "tests" / "data" / "corpus"
_LATER = _OWN.with_name("later")
GOALS = {"F1": 0.90, "dates": 0.85, "titles": 0.85}  # means over ../shared/listings
FIRST, AGAIN = 0.150, 0.008  # seconds a page: found, and read once the layout is known
_NOON = "T12:00:00+00:00"
_SMALL, _SLOW = 20_000, 1.0


@dataclass(frozen=True, slots=True)
class Sheet:
    """A labelled page."""

    name: str
    body: bytes
    label: dict[str, Any]

    @property
    def now(self) -> datetime:
        """The moment the page is seen: labelled, or now."""
        today = self.label.get("today")
        return datetime.fromisoformat(today + _NOON) if today else datetime.now(UTC)

    @property
    def source(self) -> Source:
        """A source with a name and a URL, and the zone where the label has one."""
        zone = ZoneInfo(self.label.get("timezone") or "UTC")
        return Source(name="page", url=self.label["base_url"], title="Page", timezone=zone)

    def look(self, known: Found | None = None, body: bytes | None = None) -> Found:
        """What a poll would find."""
        extractor = known.extractor if known else None
        raw = self.body if body is None else body
        kind = self.label.get("content_type")
        return look(raw, kind, self.source, self.label["base_url"], extractor, now=self.now)


def sheets(folder: Path) -> list[Sheet]:
    """The labelled lists of a folder."""
    found = []
    for file in sorted(folder.glob("*.html")):
        label = json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
        found.append(Sheet(file.stem, file.read_bytes(), label))
    return found


def scorer() -> ModuleType:
    """The score of `../shared/listings`; exits where it is not there."""
    spec = importlib.util.spec_from_file_location("score", _SHARED / "score.py")
    if spec is None or spec.loader is None or not (_SHARED / "score.py").exists():
        sys.exit(f"needs {_SHARED / 'score.py'}, which counts what was found")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def items(listing: Listing | None) -> list[dict[str, str]]:
    """A listing as `preview --json` prints it."""
    rows = listing.items if listing else ()
    return [{"url": row.link, "title": row.title, "published": str(row.date or "")} for row in rows]


def best(work: Callable[[], object]) -> float:
    """Seconds, the best of three."""
    times = []
    for _ in range(3):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return min(times)


def measure(folder: Path, score: ModuleType) -> dict[str, float]:
    """Print a folder's pages, families and means; returns the means."""
    rows = []
    firsts, agains, parses = [], [], []
    for sheet in sheets(folder):
        found = sheet.look()
        got = items(found.listing)
        text = decode(sheet.body, sheet.label.get("content_type"))
        seen = score.page_text(text.encode("utf-8", "ignore").decode("utf-8").lstrip("\ufeff"))
        marks = score.score(sheet.label["items"], got, seen)
        rows.append((sheet.name, sheet.label["family"], len(sheet.label["items"]), len(got), marks))
        firsts.append(best(sheet.look))
        agains.append(best(partial(sheet.look, found)))
        parses.append(best(partial(html.fromstring, text)))
    print(f"\n{folder.name}: {len(rows)} pages")
    means = dict(zip(("P", "R", "F1", "dates", "titles"), score.report(rows), strict=True))
    families: dict[str, list[float]] = {}
    for _, family, _, _, marks in rows:
        families.setdefault(family, []).append(marks[2])
    worst = min(families, key=lambda family: mean(families[family]))
    print(f"worst family: {worst}, F1 {mean(families[worst]):.2f}")
    for name, times in (("found", firsts), ("layout known", agains), ("lxml parses", parses)):
        print(f"{name}: {mean(times) * 1e3:.1f} ms a page, {max(times) * 1e3:.1f} ms the longest")
    return {**means, "first": mean(firsts), "again": mean(agains)}


def mutated(raw: bytes, chance: random.Random) -> bytes:
    """A page cut, doubled or overwritten at random places."""
    start, end = sorted(chance.randrange(len(raw)) for _ in range(2))
    return chance.choice(
        [
            raw[:start],
            raw[:start] + raw[end:],
            raw[:end] + raw[start : start + 2_000] * 3 + raw[end:],
            raw[:start] + chance.randbytes(40) + raw[start:],
        ]
    )


def fuzz(count: int) -> bool:
    """Whether every mutation was read or refused, and none took too long."""
    slowest = 0.0
    chance = random.Random(20)
    small = [page for page in sheets(_OWN) if len(page.body) <= _SMALL]
    for number in range(count):
        page = chance.choice(small)
        raw = mutated(page.body, chance)
        begin = time.process_time()
        try:
            page.look(body=raw)
        except ParseError:
            pass
        except Exception as error:  # what must not happen is what is counted
            print(f"mutation {number} of {page.name} fails: {error!r}")
            return False
        slowest = max(slowest, time.process_time() - begin)
    print(f"\n{count} mutations of pages up to {_SMALL} bytes: none fails, slowest {slowest:.2f} s")
    return slowest <= _SLOW


def main() -> int:
    """1 where a goal is missed."""
    arguments = argparse.ArgumentParser(prog="python -m benchmarks.detect")
    arguments.add_argument("folder", nargs="?", type=Path)
    arguments.add_argument("--folds", action="store_true")
    arguments.add_argument("--full", action="store_true")
    chosen = arguments.parse_args()
    score = scorer()
    folders = [chosen.folder] if chosen.folder else [_OWN, _LATER, _SHARED]
    missed = False
    for folder in folders:
        means = measure(folder, score)
        if folder == _SHARED:
            missed |= any(means[name] < goal for name, goal in GOALS.items())
            missed |= means["first"] > FIRST or means["again"] > AGAIN
    if chosen.folds:
        cross([page for folder in folders for page in sheets(folder)], score)
    if chosen.full:
        missed |= not fuzz(20_000)
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
