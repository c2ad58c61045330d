"""A page on which the configured selectors find nothing any more, and which is otherwise sound.

Its list is looked for as that of a page without selectors would be. It is taken if items on it are
known; the operator is told the selectors that find it now.
"""

from __future__ import annotations

from dataclasses import replace

from feedbot.errors import ParseError
from feedbot.fetch import Fetched
from feedbot.model import Extractor, Source, SourceKind, Take
from feedbot.reading import Reader, Reading
from feedbot.render.toml import rule_lines
from feedbot.store.engine import Store
from feedbot.store.recall import past
from feedbot.store.sources import SourceState

_PROOF = 3  # of so many rows one at least is known
_PAGES = (SourceKind.AUTO, SourceKind.HTML)


async def healed(
    store: Store,
    reader: Reader,
    source: Source,
    state: SourceState,
    fetched: Fetched,
    known: Extractor | None,
) -> Reading | None:
    """What is found on the page without its selectors, None where nothing proves it.

    known: how it was found before, since the selectors find nothing
    """
    if source.listing is None or not source.heal or source.kind not in _PAGES:
        return None
    async with store.reading() as connection:
        before = await past(connection, state)
    if not before:
        return None
    bare = replace(source, listing=None, kind=SourceKind.HTML)
    try:
        reading = await reader.read(bare, fetched, known, before)
    except ParseError:
        return None
    items, taken = reading.listing.items, reading.extractor
    carried = before.carried(items, fetched.url, relaid=True)
    proved = carried * _PROOF >= min(len(items), len(before.entries))
    return reading if taken and taken.take is Take.LISTING and proved else None


def advice(extractor: Extractor) -> str:
    """What there is to tell the operator."""
    rule = "\n".join(rule_lines(extractor.rule)) if extractor.rule else ""
    return f"is laid out anew: its selectors find nothing. Its list is found by these:\n{rule}"
