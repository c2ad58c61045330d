"""Every kind of feed, made from the seed, real listings and hostile input, before its judges.

The W3C validator reads all Atom and RSS that a publisher has written, archives and last feeds
included; JSON Feed is held against its schema. The listings lie beside the checkout where there are
any; without them the rest is judged.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import jsonschema
import pytest
from lxml import etree

from feedbot.diff import Rules, diff
from feedbot.identity import identify
from feedbot.model import Combined, Counter, Item, Source
from feedbot.publish import Plan, everything
from feedbot.store import counters, entries, sources
from feedbot.store.counters import Count
from feedbot.store.engine import Store
from feedbot.store.recall import recall
from tests import seed
from tests.require import VALIDATOR, needs
from tests.test_publish import NOW, publisher, sync
from tests.test_render_formats import SCHEMA, hostile

LISTINGS = VALIDATOR.parents[1] / "listings"
ROOT = "https://feeds.example.org/feeds/"


def source(name: str, **keys: Any) -> Source:
    return Source(name, f"https://{name}.example.org/", f"Site {name}", **keys)


def of_seed() -> list[Item]:
    return [
        Item(row.title, f"https://seed.example.org/{number}", date=row.date, summary=row.summary)
        for number, row in enumerate(seed.ROWS)
    ]


def of_listings() -> dict[str, list[Item]]:
    """Each listing's rows, by a name that a source can have."""
    found = {}
    for file in sorted(LISTINGS.glob("*.json")):
        page = json.loads(file.read_text("utf-8"))
        found[file.stem.replace("_", "-")] = [
            Item(
                row["title"],
                urljoin(page["base_url"], row["href"] or ""),
                date=date.fromisoformat(row["date"]) if row["date"] else None,
            )
            for row in page["items"]
        ]
    return found


def of_hostile() -> list[Item]:
    """What a feed may say, but for halves of characters: these no database takes."""
    return [
        Item(
            title=_stored(entry.title) or "\x00",
            link=f"https://hostile.example.org/{number}",
            guid=f"g{number}",
            summary=_stored(entry.summary),
            content=entry.content,
            author=_stored(entry.author or ""),
            image=_stored(entry.image or ""),
            categories=tuple(map(_stored, entry.categories)),
        )
        for number, entry in enumerate(hostile())
    ]


def _stored(text: str) -> str:
    return text.encode("utf-8", "ignore").decode()


async def poll(store: Store, of: Source, items: Sequence[Item], now: datetime) -> None:
    rows = identify(items, of.url)
    async with store.transaction() as connection:
        state = await sources.load(connection, of.name)
        known = await recall(connection, state, rows)
        decided = diff(rows, known, state.places, state.polls + 1, Rules())
        applied = await entries.apply(
            connection, state, decided, rows, source=of, authority="a.example", now=now
        )
        await sources.record_sound(
            connection, replace(applied.state, baseline_at=state.baseline_at or now)
        )


async def published(folder: Path, listings: dict[str, list[Item]]) -> Path:
    """A folder with every kind of feed there is, and one for each listing."""
    pages = {"seed": of_seed(), "hostile": of_hostile(), "removed": of_seed(), **listings}
    watched = {name: source(name, show_changes=True) for name in pages}
    store = await Store.open(f"sqlite:///{folder}/feedbot.db")
    await sync(store, *watched.values())
    for name, items in pages.items():
        await poll(store, watched[name], items, NOW)
    changed = [replace(item, summary=f"{item.summary} And more.") for item in of_seed()]
    for hours in range(1, 6):  # all but one entry change, and that one goes
        await poll(store, watched["seed"], changed[:4] + changed[5:], NOW + timedelta(hours=hours))
    await sync(store, *(one for name, one in watched.items() if name != "removed"))
    counter = Counter("since", "{days} days", since=date(2018, 3, 4))
    async with store.transaction() as connection:
        await counters.sync(connection, ["since"], NOW)
        for day in range(3):
            at = datetime(2020, 5, 25 + day, 9, tzinfo=UTC)
            count = Count(at.date(), f"{813 + day} days", at)
            await counters.record(connection, "since", count, milestone=False)
    plan = Plan(
        {name: one for name, one in watched.items() if name != "removed"},
        ROOT.removesuffix("/feeds/"),
        limit=4,
        combined=(everything("ru"), Combined("two", "Two", ("seed", "hostile"), True)),
        counters=(counter,),
        hub="https://hub.example.org/",
    )
    publishing = publisher(store, folder / "feeds", plan=plan)
    await publishing.publish_all()
    publishing.archives.due &= {"seed", "hostile"}
    await publishing.archives.write()
    await store.close()
    return folder / "feeds"


def judged(folder: Path, paths: Sequence[Path]) -> list[str]:
    """What the validator has against these files, where they are served: a run for each folder."""
    found = []
    for place in sorted({path.parent for path in paths}):
        at = f"{ROOT}{place.relative_to(folder).as_posix()}/".replace("/./", "/")
        found += _run(at + "{name}", [path for path in paths if path.parent == place])
    return found


def _run(at: str, files: Sequence[Path]) -> list[str]:
    done = subprocess.run(
        [sys.executable, str(VALIDATOR), "--at", at, *map(str, files)],
        capture_output=True,
        text=True,
    )
    assert done.returncode in (0, 1), done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    return [
        f"{Path(event['file']).name}:{event['line']} {event['kind']} {event['params']}"
        for event in events
        if not (event["kind"] == "UnknownNamespace" and "tombstones" in str(event["params"]))
    ]


@needs("validator")
@pytest.mark.timeout(300)
async def test_all_that_is_published_is_valid(tmp_path: Path) -> None:
    folder = await published(tmp_path, of_listings())
    archives = [
        folder / f"seed/4/{number}.{end}" for number in (1, 2, 5) for end in ("atom", "rss")
    ]
    feeds = [*folder.glob("*.atom"), *folder.glob("*.rss")]
    feeds += [folder / "counters/since.atom", folder / "counters/since.rss"]
    assert {"all.atom", "two.rss", "removed.atom", "hostile.atom"} < {path.name for path in feeds}
    assert judged(folder, [*feeds, *archives]) == []


async def test_all_json_fits_the_schema_and_all_opml_can_be_read(tmp_path: Path) -> None:
    folder = await published(tmp_path, {})
    found = sorted(folder.rglob("*.json"))
    assert len(found) > 10
    for path in found:
        feed = json.loads(path.read_bytes())
        jsonschema.Draft202012Validator(SCHEMA).validate(feed)
        assert feed["feed_url"] == ROOT + path.relative_to(folder).as_posix()
    assert etree.parse(folder / "all.opml").getroot().tag == "opml"
