"""Configured selectors that find nothing any more: the list is found without them, and proved."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from feedbot.deciding import in_new_layout
from feedbot.diff import Diff, Verdict
from feedbot.identity import identify
from feedbot.judge import Judgement
from feedbot.model import ChangeKind, Item, ListingRule
from tests.guarding import RULE, Line, Watch, days


@pytest.fixture
async def watch(tmp_path: Path) -> AsyncIterator[Watch]:
    async with Watch.open(tmp_path) as watch:
        watch.rows = days(10)
        await watch.poll(2)
        yield watch


def redesigned(watch: Watch) -> str:
    """The same items in a table."""
    rows = "".join(
        f"<tr class=row><td class=when>{row.day}<td><a href='/new/{row.title.replace(' ', '_')}'>"
        f"{row.title}</a><div>{row.text}</div>"
        for row in watch.rows
    )
    return f"<title>News</title><h1>News</h1><table>{rows}</table>"


async def test_a_redesign_is_healed_and_only_what_is_new_is_posted(watch: Watch) -> None:
    feed = await watch.feed()
    watch.add("News in a table")
    watch.body = redesigned(watch)
    assert (await watch.poll(3)).error is None
    assert await watch.posted() == ["News in a table"]
    assert await watch.feed() == ["News in a table", *feed]
    watch.add("More of it")
    watch.body = redesigned(watch)
    await watch.poll(2)
    assert await watch.posted() == ["News in a table", "More of it"]


async def test_the_operator_gets_the_selectors_once_and_they_work(watch: Watch) -> None:
    watch.body = redesigned(watch)
    await watch.poll(30)
    [told] = await watch.told()
    assert "its selectors find nothing" in told
    lines = told.partition("[sources.listing]\n")[2].splitlines()
    keys = {name: value.strip('"') for name, _, value in (line.partition(" = ") for line in lines)}
    watch.source = replace(watch.source, listing=ListingRule(**keys))  # type: ignore[arg-type] # its texts
    watch.add("News")
    watch.body = redesigned(watch)
    await watch.poll(2)
    assert await watch.posted() == ["News"]


async def test_when_the_old_page_is_back_its_selectors_are_used_again(watch: Watch) -> None:
    watch.body = redesigned(watch)
    await watch.poll(2)
    assert (await watch.state()).extractor
    watch.body = None
    watch.add("News")
    await watch.poll(2)
    assert (await watch.state()).extractor is None
    assert await watch.posted() == ["News"]


async def test_a_list_of_other_things_is_not_taken(watch: Watch) -> None:
    old = watch.rows
    watch.rows = [
        Line(f"Else {n}", date(2020, 1, n + 1), f"Another thing, the {n}th.") for n in range(9)
    ]
    watch.body = redesigned(watch)
    assert (await watch.poll()).error
    watch.rows, watch.body = old, None
    assert (await watch.poll()).error is None
    assert await watch.posted() == []


def test_a_known_title_is_no_news_in_a_new_layout_but_held() -> None:
    items = [Item(f"Row {n}", f"https://x.example/{n}", date=date(2020, 5, n + 1)) for n in (3, 2)]
    rows = identify(items, "https://x.example/")
    decided = Diff(tuple(Verdict(ChangeKind.NEW, row=rows[n], index=n) for n in (0, 1)))
    said = in_new_layout(Judgement((0, 1)), rows, decided, {"row 2"})
    assert (said.news, said.held) == ((0,), (1,))
    assert "known title" in said.why
    assert in_new_layout(Judgement((0, 1)), rows, decided, {"else"}) == Judgement((0, 1))


async def test_what_stands_undated_above_the_list_in_a_new_layout_is_held(watch: Watch) -> None:
    watch.rows = [Line("Perhaps news"), *watch.rows]
    watch.body = redesigned(watch)
    await watch.poll(3)
    assert await watch.posted() == []
    assert [one.title for one in await watch.held()] == ["Perhaps news"]


async def test_heal_can_be_forbidden(watch: Watch) -> None:
    watch.source = replace(watch.source, heal=False)
    watch.body = redesigned(watch)
    assert (await watch.poll()).error
    assert watch.source.listing == RULE
