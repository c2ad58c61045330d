"""How a source is read, as the store remembers it from poll to poll."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from feedbot.model import Extractor, ListingRule, Source, SourceKind, Take
from feedbot.store import sources
from feedbot.store.engine import Store

NOW = datetime(2020, 5, 27, 20, 55, tzinfo=UTC)
SOURCE = Source(name="embassy", url="https://press.example.org/", title="Embassy")
FOUND = (
    Extractor(Take.FEED, url="https://press.example.org/feed", why=("named by the page",)),
    Extractor(Take.LISTING, rule=ListingRule(item="li", date="time", date_format="%d.%m.%Y")),
    Extractor(Take.DATA),
)


async def stored(path: Path, extractor: Extractor | None) -> sources.SourceState:
    store = await Store.open(f"sqlite:///{path}/feedbot.db")
    async with store.transaction() as connection:
        await sources.sync(connection, [SOURCE], "press.example", NOW)
        state = await sources.load(connection, SOURCE.name)
        state = replace(state, extractor=sources.remember(SOURCE, extractor))
        await sources.record_sound(connection, state)
        state = await sources.load(connection, SOURCE.name)
    await store.close()
    return state


@pytest.mark.parametrize("extractor", [*FOUND, None])
async def test_what_was_found_out_is_there_again(
    tmp_path: Path, extractor: Extractor | None
) -> None:
    assert sources.remembered(SOURCE, await stored(tmp_path, extractor)) == extractor


async def test_it_is_forgotten_when_the_operator_says_something_else(tmp_path: Path) -> None:
    state = await stored(tmp_path, FOUND[0])
    others = (
        replace(SOURCE, url="https://press.example.org/news"),
        replace(SOURCE, kind=SourceKind.HTML),
        replace(SOURCE, listing=ListingRule("li")),
    )
    assert [sources.remembered(source, state) for source in others] == [None, None, None]
    same = replace(SOURCE, title="Press", language="ru", paused=True)
    assert sources.remembered(same, state) == FOUND[0]


def test_a_body_read_in_another_way_is_read_anew() -> None:
    keys = {sources.reading_key(SOURCE, "1", extractor) for extractor in (*FOUND, None)}
    assert len(keys) == 4
    worded = replace(FOUND[0], why=("in other words",))
    assert sources.reading_key(SOURCE, "1", worded) in keys
