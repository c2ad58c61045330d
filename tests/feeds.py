"""A feed for tests of rendering: its channel, its entries, and what judges make of its bytes."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from feedbot.model import Entry
from feedbot.render.atom import render_atom
from feedbot.render.document import Channel, Document, Place, Shown, make_document
from feedbot.render.jsonfeed import render_json
from feedbot.render.rss import render_rss
from tests.require import VALIDATOR

ROOT = "https://feeds.example.org/feeds"
PLACE = Place(ROOT, "press")
SELF = f"{ROOT}/press.atom"
CHANNEL = Channel(
    id="tag:example.org,2020-05-27:press",
    title="Press & news",
    url="https://example.org/press",
    language="en",
    author="The Embassy",
    timezone=ZoneInfo("Europe/London"),
    fallback_updated=datetime(2020, 1, 1, tzinfo=UTC),
)
ENTRY = Entry(
    id="tag:example.org,2020-05-27:press/1",
    title="Q&A of 26 May",
    link="https://example.org/article/1?a=1&b=2",
    published=datetime(2020, 5, 27, 11, 0, 0, 123, tzinfo=UTC),
    updated=datetime(2020, 5, 27, 20, 55, tzinfo=UTC),
    summary="First <paragraph>.\nIts second line.\n\nSecond.",
    categories=("News", "News", " \x00", "Speeches"),
)
#: Of an entry that has all there is.
WHOLE = replace(
    ENTRY,
    content='<p>Whole, with <a href="https://example.org/">a link</a> &amp; more</p>',
    author="N. N.",
    image="https://example.org/lead.JPG?size=2",
)
MEASURED = replace(WHOLE, image_type="image/webp", image_length=34_567)
#: An archive with everything an archive can have, and a feed with what only that has.
ARCHIVE = Place(ROOT, "press/50/2", "press/50/1", "press/50/3", "press", archive=True)
HUB = Place(ROOT, "press", prev="press/50/2", hub="https://hub.example.org/")
GONE = (("tag:example.org,2020-05-27:press/gone", datetime(2020, 5, 27, 21, 0, tzinfo=UTC)),)


def several(number: int) -> list[Entry]:
    """So many entries, each its own."""
    return [
        replace(ENTRY, id=f"{ENTRY.id}{at}", updated=ENTRY.updated - timedelta(seconds=at))
        for at in range(number)
    ]


def document(
    channel: Channel,
    *entries: Entry,
    place: Place = PLACE,
    gone: tuple[tuple[str, datetime], ...] = (),
    combined: bool = False,
) -> Document:
    """A document of these entries; combined: each with the channel as its origin."""
    origin = CHANNEL if combined else None
    shown = [
        Shown(entry, origin=origin, origin_name="press", origin_number=number if combined else 0)
        for number, entry in enumerate(entries)
    ]
    return make_document(channel, shown, place, gone)


def atom(channel: Channel, *entries: Entry, place: Place = PLACE) -> bytes:
    """The document as Atom."""
    return render_atom(document(channel, *entries, place=place))


def kinds() -> dict[str, Document]:
    """Every kind of document there is, by name."""
    return {
        "plain": document(CHANNEL, *several(3)),
        "empty": document(CHANNEL),
        "whole": document(CHANNEL, WHOLE, place=HUB, gone=GONE),
        "archive": document(CHANNEL, MEASURED, place=ARCHIVE, gone=GONE),
        "combined": document(replace(CHANNEL, url=None), WHOLE, *several(3), combined=True),
        "nowhere": document(replace(CHANNEL, url=None, author=""), WHOLE, place=Place()),
    }


def everything() -> bytes:
    """Every kind of document in every format."""
    made = []
    for one in kinds().values():
        made += [render_atom(one, "feed.css"), render_rss(one, "feed.css"), render_json(one)]
    return b"\n".join(made)


def complaints(folder: Path, feed: bytes, name: str = "press.atom") -> list[dict[str, object]]:
    """What the W3C validator has against a feed served below ROOT; tombstones it does not know."""
    file = folder / name.replace("/", "_")
    file.write_bytes(feed)
    done = subprocess.run(
        [sys.executable, str(VALIDATOR), "--at", f"{ROOT}/{name}", str(file)],
        capture_output=True,
        text=True,
    )
    assert done.returncode in (0, 1), done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    return [event for event in found if not _about_tombstones(event)]


def _about_tombstones(event: dict[str, object]) -> bool:
    return event["kind"] == "UnknownNamespace" and "tombstones" in str(event["params"])
