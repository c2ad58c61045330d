"""A burst is held and not posted: what passes, what the operator is asked, what their word does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from feedbot.owing import Follower
from feedbot.poll import Audience, Poller
from feedbot.store import feeds
from tests.commands import Desk
from tests.guarding import TODAY, Line, Watch, days
from tests.test_commands_operator import lines, publish

OLD = TODAY - timedelta(days=100)


@pytest.fixture
async def watch(tmp_path: Path) -> AsyncIterator[Watch]:
    async with Watch.open(tmp_path) as watch:
        watch.rows = days(10)
        await watch.poll(2)
        yield watch


def numbered(*numbers: int) -> list[str]:
    return [f"Flood number {number}" for number in numbers]


async def flood(watch: Watch, count: int = 30) -> None:
    """A page that shows old things: more rows than it ever brought, below what is known."""
    watch.rows = [*watch.rows, *(Line(title, OLD) for title in numbered(*range(count)))]
    await watch.poll()


async def test_five_at_once_are_news_and_six_are_not(watch: Watch) -> None:
    undated = [Line(f"Five {number}") for number in range(5)]
    watch.rows = [*undated, *watch.rows]
    await watch.poll()
    assert len(await watch.posted()) == 5
    watch.rows = [*(Line(f"Six {number}") for number in range(6)), *watch.rows]
    await watch.poll()
    assert len(await watch.posted()) == 5
    assert len(await watch.held()) == 6


async def test_a_flood_of_old_rows_is_in_no_chat_and_in_no_feed(watch: Watch) -> None:
    before = await watch.feed()
    await flood(watch)
    assert await watch.posted() == []
    assert await watch.feed() == before
    assert len(await watch.held()) == 30
    await watch.poll(5)
    assert len(await watch.held()) == 30
    assert await watch.posted() == []


async def test_the_news_of_the_day_is_not_delayed_by_a_flood(watch: Watch) -> None:
    watch.add("The news of the day")
    await flood(watch)
    assert await watch.posted() == ["The news of the day"]
    assert (await watch.feed())[0] == "The news of the day"
    assert [one.title for one in await watch.held()] == numbered(*reversed(range(30)))


async def test_of_a_flood_of_newer_rows_as_many_pass_as_on_a_busy_day(watch: Watch) -> None:
    watch.add(*numbered(*range(30)))
    await watch.poll()
    assert await watch.posted() == numbered(25, 26, 27, 28, 29)
    assert len(await watch.held()) == 25


async def test_what_a_busy_day_brings_is_learnt(watch: Watch) -> None:
    for number in range(8):
        watch.add(f"Morning {number}")
        await watch.poll()
    watch.clock.advance(timedelta(days=1))
    watch.add(*(f"Noon {number}" for number in range(8)))
    await watch.poll()
    assert len(await watch.posted()) == 16
    assert await watch.held() == []


async def test_what_came_on_several_days_is_no_burst(watch: Watch) -> None:
    watch.clock.advance(timedelta(days=6))
    watch.add(*numbered(*range(12)))
    await watch.poll()
    assert len(await watch.posted()) == 12


@pytest.mark.parametrize(("burst", "posted"), [("off", 30), (30, 30), (29, 29)])
async def test_a_source_can_say_how_much_is_too_much(watch: Watch, burst: Any, posted: int) -> None:
    watch.source = replace(watch.source, burst=burst)
    watch.add(*numbered(*range(30)))
    await watch.poll()
    assert len(await watch.posted()) == posted
    assert len(await watch.held()) == 30 - posted


async def test_the_operator_gets_the_list_with_buttons(watch: Watch) -> None:
    await flood(watch)
    [question] = await watch.told()
    assert "30 new at once, where more than 5 have not come on one day" in question
    assert "Flood number 0" in question
    assert "15 more" in question
    assert [label for label, _ in await watch.buttons()] == ["Post", "Only to the feed", "Drop"]


async def test_a_source_that_floods_all_day_asks_three_times(watch: Watch) -> None:
    for wave in range(5):
        watch.rows = [*watch.rows, *(Line(f"Wave {wave} {n}", OLD) for n in range(6))]
        await watch.poll()
    assert len(await watch.held()) == 30
    *_, last = told = await watch.told()
    assert len(told) == 3
    assert "only there" in last


async def test_post_lets_all_of_it_into_feed_and_chats_once(watch: Watch) -> None:
    await flood(watch)
    (_, post), *_ = await watch.buttons()
    assert "30 posted" in str(await watch.press(post))
    assert await watch.posted() == numbered(*reversed(range(30)))
    assert set(numbered(*range(30))) < set(await watch.feed())
    assert await watch.press(post) == "Nothing of it waits any more."
    await watch.poll(3)
    assert len(await watch.posted()) == 30


async def test_only_to_the_feed_posts_nothing(watch: Watch) -> None:
    await flood(watch)
    _, (_, feed), _ = await watch.buttons()
    assert "in the feed, and not posted" in str(await watch.press(feed))
    assert await watch.posted() == []
    assert len(await watch.feed()) == 40
    assert await watch.held() == []


async def test_drop_is_for_good_and_nowhere(watch: Watch) -> None:
    await flood(watch)
    *_, (_, drop) = await watch.buttons()
    assert "dropped" in str(await watch.press(drop))
    assert await watch.held() == []
    await watch.poll(3)
    assert await watch.posted() == []
    assert len(await watch.feed()) == 10


async def test_a_button_decides_on_what_it_was_shown_with(watch: Watch) -> None:
    await flood(watch, 6)
    (_, post), *_ = await watch.buttons()
    watch.rows = [*watch.rows, *(Line(f"Later {n}", OLD) for n in range(6))]
    await watch.poll()
    await watch.press(post)
    assert sorted(await watch.posted()) == numbered(*range(6))
    assert len(await watch.held()) == 6


async def test_what_has_gone_from_the_page_meanwhile_is_not_posted(watch: Watch) -> None:
    row = Line("A slip of the hand", TODAY - timedelta(days=5))
    flooding = [Line(title, TODAY - timedelta(days=5)) for title in numbered(*range(6))]
    watch.rows = [*watch.rows[:5], row, *flooding, *watch.rows[5:]]
    await watch.poll()
    watch.rows = [one for one in watch.rows if one != row]
    await watch.poll(4)
    assert await watch.decide("post") == 6
    assert row.title not in await watch.posted()
    assert row.title not in await watch.feed()


async def test_what_is_posted_late_stands_as_new_in_feed_and_archive(watch: Watch) -> None:
    await flood(watch, 6)
    positions = (await watch.state()).positions
    watch.add("News")
    await watch.poll()
    await watch.decide("post")
    state = await watch.state()
    assert state.positions == positions + 7
    async with watch.store.reading() as connection:
        found = await feeds.newest(connection, state.id, 7)
    released = [one for one in found if one.entry.title in numbered(*range(6))]
    assert [one.position for one in sorted(released, key=lambda one: one.position)] == list(
        range(positions + 2, positions + 8)
    )
    newest = max(found, key=lambda one: one.position)
    assert newest.entry.updated == state.last_updated


async def test_a_crash_before_the_commit_leaves_neither_entry_nor_hold(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any) -> None:
        raise RuntimeError("power cut")

    with monkeypatch.context() as patched:
        patched.setattr("feedbot.store.sources.record_sound", broken)
        with pytest.raises(RuntimeError):
            await flood(watch)
    assert (await watch.state()).entries == 10
    assert await watch.held() == []
    await watch.poll()
    assert len(await watch.held()) == 30


async def test_without_an_admin_chat_it_is_held_all_the_same(watch: Watch) -> None:
    async def followers(_: Any) -> list[Follower]:
        return [Follower(1)]

    async def nobody(_: Any) -> None:
        return None

    audience = Audience(followers, nobody)
    old = watch.poller
    watch.poller = Poller(
        old._store, old._fetcher, old._clock, audience, authority="x", random=old._random
    )
    await flood(watch)
    assert await watch.told() == []
    assert len(await watch.held()) == 30


async def test_the_command_line_lists_shows_and_decides_beside_a_run(tmp_path: Path) -> None:
    async with Desk(tmp_path) as desk:
        desk.config["sources"][0]["burst"] = 2
        await lines(desk, "once")
        publish(desk, *range(1, 6))
        assert "embassy: 2 new; " in (await lines(desk, "once"))[0]
        [listed] = await lines(desk, "held", "list")
        assert listed.startswith("embassy: 3, since ")
        shown = await lines(desk, "held", "show", "embassy")
        assert [line.split("  ")[-2].strip() for line in shown] == [
            f"Event number {n}" for n in (1, 2, 3)
        ]
        assert await lines(desk, "held", "show", "nothing", code=1) == ["nothing: nothing is held"]
        async with desk.running() as run:
            await run.until(lambda: "feeds at" in run.err)
            [said] = await lines(desk, "held", "post", "embassy")
            assert said.endswith("3 posted, as far as a chat wants them.")
            await run.until(lambda: len(desk.posted()) == 5)
            await run.until(lambda: "Event number 1<" in feed_file(desk))
        assert await lines(desk, "held", "list", code=1) == []


def feed_file(desk: Desk) -> str:
    return (desk.folder / "feeds" / "embassy.atom").read_text(encoding="utf-8")
