"""What a page does must look like news: lists that are short, replaced, or shown otherwise."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from random import Random

import pytest

from feedbot.failing import TELL_AFTER
from tests.guarding import TODAY, Line, Watch, days


@pytest.fixture
async def watch(tmp_path: Path) -> AsyncIterator[Watch]:
    async with Watch.open(tmp_path) as watch:
        watch.rows = days(10)
        await watch.poll(2)
        yield watch


def titled(rows: Sequence[Line], *titles: str) -> list[Line]:
    """The rows with other titles, under the links they had."""
    return [
        replace(row, title=titles[n % len(titles)], link=f"/{row.title.replace(' ', '-')}")
        for n, row in enumerate(rows)
    ]


# --- everything has changed ----------------------------------------------------------------------

WRONG = {
    "a test entry": [Line("Test, please ignore", TODAY)],
    "access denied": titled(days(10), "Access denied"),
    "another language": titled(days(10), *(f"Заявление номер {n}" for n in range(10))),
    "a log-in page": [Line(name) for name in ("Sign in", "Help", "Terms", "Privacy")],
    "a parked domain": [Line(f"Cheap offer {n}") for n in range(12)],
    "dates all today, all ids new": [
        replace(row, day=TODAY, link=f"/id/{n}") for n, row in enumerate(days(10))
    ],
    "other rows, all of today": [Line(f"Imported {n}", TODAY) for n in range(10)],
    "an old list": [Line(f"Of old {n}", date(2019, 5, n + 1)) for n in range(10)],
    "the same title under ten links": [
        Line("Access denied", TODAY, link=f"/x/{n}") for n in range(10)
    ],
}


@pytest.mark.parametrize("rows", WRONG.values(), ids=WRONG)
async def test_a_list_that_has_changed_altogether_is_doubtful_not_news(
    watch: Watch, rows: list[Line]
) -> None:
    right, feed = watch.rows, await watch.feed()
    watch.rows = rows
    for _ in range(TELL_AFTER):
        assert "does not look like news" in str((await watch.poll()).error)
    assert "fails since" in (await watch.told())[0]
    watch.rows = right
    watch.add("The news after it")
    await watch.poll(3)
    assert await watch.posted() == ["The news after it"]
    assert await watch.feed() == ["The news after it", *feed]
    assert "works again" in (await watch.told())[-1]
    assert len(await watch.told()) == 2
    assert await watch.held() == []


async def test_a_list_whose_dates_have_moved_by_a_year_is_neither_news_nor_edited(
    watch: Watch,
) -> None:
    updated = (await watch.state()).last_updated
    watch.rows = days(10, last=date(2021, 5, 27))
    await watch.poll(3)
    assert await watch.posted() == []
    assert (await watch.state()).last_updated == updated


async def test_what_lasts_a_day_is_the_list_from_then_on_and_not_announced(watch: Watch) -> None:
    watch.rows = [Line(f"Offer {n}", date(2019, 1, 1)) for n in range(10)]
    watch.every = timedelta(hours=6)
    await watch.poll(5)
    assert (await watch.state()).doubtful == 5
    await watch.poll(2)
    assert (await watch.state()).doubtful == 0
    assert await watch.posted() == []
    assert "has shown something else since 2020-05-27" in (await watch.told())[-2]
    watch.add("News of the new list")
    await watch.poll(2)
    assert await watch.posted() == ["News of the new list"]


async def test_a_list_that_is_replaced_again_and_again_is_believed(watch: Watch) -> None:
    watch.every = timedelta(hours=6)
    for week in range(2):
        watch.rows = [Line(f"Week {week}, {n}") for n in range(9)]
        await watch.poll(8)
    watch.rows = [Line(f"Week 3, {n}") for n in range(4)]
    await watch.poll(2)
    assert len(await watch.posted()) == 4


async def test_news_after_a_long_silence_is_news_though_nothing_is_known_any_more(
    watch: Watch,
) -> None:
    watch.clock.advance(timedelta(days=30))
    watch.rows = days(10, last=watch.clock.now().date())
    watch.rows = [replace(row, title=f"{row.title}, later") for row in watch.rows]
    await watch.poll()
    assert len(await watch.posted()) == 10


# --- short ---------------------------------------------------------------------------------------


async def test_half_a_page_takes_nothing_for_gone_and_lets_news_through(watch: Watch) -> None:
    full, feed = list(watch.rows), await watch.feed()
    watch.rows = [full[0], full[7]]
    await watch.poll(5)
    watch.add("News on half a page")
    await watch.poll(5)
    assert await watch.posted() == ["News on half a page"]
    assert await watch.feed() == ["News on half a page", *feed]
    watch.rows = [watch.rows[0], *full]
    await watch.poll(5)
    assert await watch.posted() == ["News on half a page"]
    assert await watch.feed() == ["News on half a page", *feed]


async def test_an_old_row_of_a_short_list_is_held(watch: Watch) -> None:
    watch.rows = [*watch.rows[:2], Line("Out of the cellar", TODAY - timedelta(days=300))]
    await watch.poll()
    assert await watch.posted() == []
    assert [one.title for one in await watch.held()] == ["Out of the cellar"]


async def test_a_list_that_stays_short_is_so_after_a_day_and_is_said(watch: Watch) -> None:
    feed = await watch.feed()
    watch.rows = [watch.rows[0], watch.rows[9]]  # what stood between them is gone
    await watch.poll(24)
    assert await watch.feed() == feed
    await watch.poll(1)
    assert (await watch.state()).usual == 2
    [said] = await watch.told()
    assert "lists 2 items where there were 10, since 2020-05-27" in said
    await watch.poll(3)
    assert await watch.feed() == [feed[0], feed[9]]
    assert await watch.posted() == []


async def test_a_day_of_few_polls_is_not_enough(watch: Watch) -> None:
    watch.rows = watch.rows[:2]
    watch.every = timedelta(days=1)
    await watch.poll(4)
    assert (await watch.state()).usual == 10
    await watch.poll(2)
    assert (await watch.state()).usual == 2


async def test_a_list_known_to_be_short_at_times_is_not_doubted_then(watch: Watch) -> None:
    full = list(watch.rows)
    watch.rows = full[:3]
    await watch.poll(30)
    watch.rows = full
    await watch.poll(2)
    watch.rows = full[:4]
    await watch.poll()
    assert (await watch.state()).short_since is None


# --- each once -----------------------------------------------------------------------------------


async def test_what_comes_and_goes_comes_once(watch: Watch) -> None:
    watch.add("Now and then")
    with_it, without = watch.rows, watch.rows[1:]
    for turn in range(20):
        watch.rows = with_it if turn % 2 else without
        await watch.poll(1 + turn % 5)
    assert await watch.posted() == ["Now and then"]


async def test_two_servers_views_bring_each_row_once(watch: Watch) -> None:
    old = list(watch.rows)
    watch.add("Known to one server")
    views = [watch.rows, old]
    for turn in range(12):
        watch.rows = views[turn % 2]
        await watch.poll()
    views[1] = [Line("Known to the other", TODAY + timedelta(days=1)), *old]
    for turn in range(12):
        watch.rows = views[turn % 2]
        await watch.poll()
    assert await watch.posted() == ["Known to one server", "Known to the other"]


async def test_random_order_brings_each_row_once(watch: Watch) -> None:
    random, feed = Random(5), set(await watch.feed())
    for turn in range(12):
        if turn % 4 == 3:
            watch.add(f"News {turn}")
        watch.rows = random.sample(list(watch.rows), len(watch.rows))
        await watch.poll()
    assert await watch.posted() == ["News 3", "News 7", "News 11"]
    assert set(await watch.feed()) == feed | set(await watch.posted())


async def test_the_most_read_in_place_of_the_latest_brings_nothing_twice(watch: Watch) -> None:
    latest = list(watch.rows)
    older = [Line(f"Much read {n}", TODAY - timedelta(days=200 + n)) for n in range(6)]
    for _ in range(3):
        watch.rows = [latest[3], *older, latest[7]]
        await watch.poll()
        watch.rows = latest
        await watch.poll()
    assert await watch.posted() == []
    assert len(await watch.held()) == 6


# --- edits ---------------------------------------------------------------------------------------


async def test_counts_in_every_row_are_no_edits(watch: Watch) -> None:
    shown = list(watch.rows)
    updated = (await watch.state()).last_updated
    for views in (100, 100, 101, 101, 250, 250):
        watch.rows = [replace(row, text=f"{row.text} {views} views") for row in shown]
        await watch.poll()
    assert (await watch.state()).last_updated == updated


async def test_an_advertisement_in_every_row_is_no_edit(watch: Watch) -> None:
    shown = list(watch.rows)
    updated = (await watch.state()).last_updated
    for offer in ("Buy this", "Buy this", "Or that", "Or that"):
        watch.rows = [replace(row, text=f"{row.text} {offer}!") for row in shown]
        await watch.poll()
    assert (await watch.state()).last_updated == updated


async def test_dates_that_are_lost_and_come_back_are_no_edits_and_stop_no_news(
    watch: Watch,
) -> None:
    shown, feed = list(watch.rows), await watch.feed()
    updated = (await watch.state()).last_updated
    watch.rows = [replace(row, day=None) for row in shown]
    await watch.poll(3)
    assert (await watch.state()).last_updated == updated
    watch.rows = [Line("Undated news"), *watch.rows]
    await watch.poll(3)
    watch.rows = [Line("Undated news", TODAY), *shown]
    await watch.poll(3)
    assert await watch.posted() == ["Undated news"]
    assert await watch.feed() == ["Undated news", *feed]


async def test_one_row_among_many_that_is_edited_is(watch: Watch) -> None:
    watch.rows = [replace(watch.rows[0], text="Corrected."), *watch.rows[1:]]
    updated = (await watch.state()).last_updated
    await watch.poll(2)
    assert (await watch.state()).last_updated != updated
