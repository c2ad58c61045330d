"""One source from the page to the commit: a real server, a real store, no deliverer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from feedbot.clock import SimulatedClock
from feedbot.demo.site import LISTINGS, Event, Fault, PressSite, SampleSite, Theme
from feedbot.errors import StoreUnwritableError
from feedbot.failing import TELL_AFTER
from feedbot.fetch import Fetcher
from feedbot.model import Entry, Source, SourceKind
from feedbot.owing import Follower
from feedbot.poll import Audience, Polled, Poller
from feedbot.store import feeds, sources, turns
from feedbot.store.engine import Store
from feedbot.store.schema import causes, deliveries, subscribers
from feedbot.store.schema import entries as stored
from tests import seed

START = datetime(2020, 5, 27, 20, 55, tzinfo=UTC)
LONDON = ZoneInfo("Europe/London")


@dataclass
class Bench:
    """A press site, a source that reads it, and everything a poll needs."""

    site: PressSite
    server: SampleSite
    store: Store
    clock: SimulatedClock
    poller: Poller
    source: Source

    async def poll(self, times: int = 1) -> Polled:
        for _ in range(times):
            polled = await self.poller.poll(self.source)
            self.clock.advance(timedelta(minutes=5))
        return polled

    async def state(self) -> sources.SourceState:
        async with self.store.reading() as connection:
            return await sources.load(connection, self.source.name)

    async def feed(self, limit: int = 50) -> list[Entry]:
        state = await self.state()
        async with self.store.reading() as connection:
            return [one.entry for one in await feeds.newest(connection, state.id, limit)]

    async def owed(self) -> list[dict[str, Any]]:
        titles = (
            sa.select(sa.func.group_concat(stored.c.title, "|"))
            .join_from(causes, stored, stored.c.id == causes.c.entry_id)
            .where(causes.c.delivery_id == deliveries.c.id)
            .scalar_subquery()
        )
        query = sa.select(
            deliveries.c.subscriber_id,
            deliveries.c.kind,
            deliveries.c.payload,
            titles.label("titles"),
        ).order_by(deliveries.c.id)
        async with self.store.reading() as connection:
            return [dict(row._mapping) for row in await connection.execute(query)]

    async def titles_owed(self, subscriber: int = 1) -> list[str]:
        return [
            row["titles"]
            for row in await self.owed()
            if row["subscriber_id"] == subscriber and row["kind"] == "news"
        ]

    async def notices(self) -> list[str]:
        return [row["payload"]["text"] for row in await self.owed() if row["kind"] == "notice"]


async def add_subscriber(store: Store, address: str) -> None:
    async with store.transaction() as connection:
        await connection.execute(
            sa.insert(subscribers).values(
                address=address, topic=0, origin="config", state="active", created_at=START
            )
        )


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with AsyncExitStack() as stack:
        site = PressSite()
        server = await stack.enter_async_context(SampleSite(site))
        store = await Store.open(f"sqlite:///{tmp_path}/feedbot.db")
        stack.push_async_callback(store.close)
        clock = SimulatedClock(START)
        fetcher = await stack.enter_async_context(
            Fetcher(contact=None, timeout=5, allow_private_networks=True)
        )
        await add_subscriber(store, "@channel")
        await add_subscriber(store, "1")

        async def followers(_: Any) -> list[Follower]:
            return [Follower(1)]

        async def operator(_: Any) -> int | None:
            return 2

        audience = Audience(followers, operator)
        poller = Poller(
            store, fetcher, clock, audience, authority="press.example", random=Random(1)
        )
        source = Source(
            name="embassy",
            url=f"{server.url}/",
            title="Press office",
            kind=SourceKind.HTML,
            timezone=LONDON,
            listing=LISTINGS[Theme.PARAGRAPHS],
        )
        async with store.transaction() as connection:
            await sources.sync(connection, [source], "press.example", clock.now())
        yield Bench(site, server, store, clock, poller, source)


def event(title: str, day: date = date(2020, 5, 28), summary: str = "What happened.") -> Event:
    return Event(day=day, title=title, summary=summary)


async def test_the_first_sound_poll_fills_the_feed_and_announces_nothing(bench: Bench) -> None:
    polled = await bench.poll()
    assert (polled.error, polled.new, polled.feed_changed) == (None, 0, True)
    feed = await bench.feed()
    assert [entry.title for entry in feed] == [row.title for row in seed.ROWS]
    assert [entry.page_date for entry in feed] == [row.date for row in seed.ROWS]
    assert await bench.owed() == []


async def test_dates_alone_are_noon_of_that_day_where_the_page_lives(bench: Bench) -> None:
    await bench.poll()
    published = [entry.published.astimezone(LONDON) for entry in await bench.feed()]
    first_seen = START  # the page's own day: what was first seen then is published then
    assert published[0] == first_seen.astimezone(LONDON)
    assert [(when.date(), when.hour) for when in published[1:]] == [
        (row.date, 12) for row in seed.ROWS[1:]
    ]


async def test_entries_of_one_commit_are_updated_a_second_apart_newest_last(bench: Bench) -> None:
    await bench.poll()
    stamps = [entry.updated for entry in await bench.feed()]
    assert stamps == [START - timedelta(seconds=n) for n in range(len(stamps))]


async def test_the_next_days_rows_are_owed_once_oldest_first(bench: Bench) -> None:
    await bench.poll()
    new = bench.site.next_day()
    polled = await bench.poll()
    assert polled.new == len(new)
    assert polled.owes
    assert await bench.titles_owed() == [row.title for row in reversed(new)]
    await bench.poll(3)
    assert len(await bench.owed()) == len(new)
    stamps = [entry.updated for entry in await bench.feed()]
    assert len(set(stamps)) == len(stamps)


async def test_ids_survive_changed_titles_links_hosts_and_layouts(bench: Bench) -> None:
    await bench.poll()
    before = {entry.title: entry.id for entry in await bench.feed()}
    assert len(set(before.values())) == 10
    assert all(id.startswith("tag:press.example,2020-05-27:embassy/") for id in before.values())
    shown = bench.site.latest[2]
    bench.site.change(shown, title="A corrected title")
    await bench.poll(2)
    bench.site.redesign(Theme.TABLE)
    bench.source = replace(bench.source, listing=LISTINGS[Theme.TABLE])
    await bench.poll(2)
    after = {entry.title: entry.id for entry in await bench.feed()}
    before["A corrected title"] = before.pop(shown.title)
    assert after == before
    assert await bench.owed() == []


async def test_a_change_moves_updated_when_seen_twice_and_published_never(bench: Bench) -> None:
    await bench.poll()
    shown = bench.site.latest[4]
    old = next(entry for entry in await bench.feed() if entry.title == shown.title)
    bench.site.change(shown, title="A corrected title", summary="And its words.")
    assert not (await bench.poll()).feed_changed
    assert (await bench.poll()).feed_changed
    new = next(entry for entry in await bench.feed() if entry.id == old.id)
    assert (new.title, new.summary) == ("A corrected title", "And its words.")
    assert new.published == old.published
    assert new.updated == bench.clock.now() - timedelta(minutes=5)
    assert not (await bench.poll()).feed_changed


async def test_unchanged_pages_and_304s_write_the_polls_own_record_only(bench: Bench) -> None:
    await bench.poll()
    first = await bench.state()
    await bench.poll()  # 304
    bench.site.etag = bench.site.last_modified = False
    await bench.poll()  # the same body
    third = await bench.state()
    assert third.polls == 3
    assert third.last_ok_at == START + timedelta(minutes=10)
    moved = {"polls", "last_ok_at", "due_at"}
    for name in set(sources.SourceState.__dataclass_fields__) - moved:
        assert getattr(first, name) == getattr(third, name), name


async def test_a_304_completes_a_change_and_a_retraction(bench: Bench) -> None:
    bench.site.rows = 9  # so that taking one away does not bring an older one up
    await bench.poll()
    edited, retracted = bench.site.latest[1], bench.site.latest[3]
    bench.site.change(edited, title="A corrected title")
    bench.site.remove(retracted)
    bench.site.rows = 8
    await bench.poll()
    hits = len(bench.server.hits)
    assert (await bench.poll()).feed_changed
    titles = [entry.title for entry in await bench.feed()]
    assert "A corrected title" in titles
    assert retracted.title in titles
    assert (await bench.poll()).feed_changed
    assert retracted.title not in [entry.title for entry in await bench.feed()]
    assert len(bench.server.hits) == hits + 2
    assert await bench.owed() == []


async def test_what_comes_back_is_the_same_entry_and_no_news(bench: Bench) -> None:
    bench.site.rows = 9
    await bench.poll()
    gone = bench.site.latest[3]
    old = next(entry for entry in await bench.feed() if entry.title == gone.title)
    bench.site.remove(gone)
    bench.site.rows = 8
    await bench.poll(3)
    bench.site.restore(gone)
    bench.site.rows = 9
    assert (await bench.poll()).feed_changed
    assert old.id in {entry.id for entry in await bench.feed()}
    assert await bench.owed() == []


@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=404),
        Fault(status=500),
        Fault(body=b""),
        Fault(body=b"<html><body><p>Please come back later.</p></body></html>"),
        Fault(body=b"%PDF-1.7", headers={"content-type": "application/pdf"}),
    ],
    ids=["404", "500", "empty", "no rows", "not a page"],
)
async def test_a_poll_that_failed_changes_nothing(bench: Bench, fault: Fault) -> None:
    await bench.poll()
    before, feed = await bench.state(), await bench.feed()
    bench.server.faults.set("/", fault)
    polled = await bench.poll()
    assert polled.error
    assert polled.error.startswith(f"embassy: {bench.source.url}: ")
    assert "\n" not in polled.error
    after = await bench.state()
    assert (after.polls, after.places, after.etag) == (before.polls, before.places, before.etag)
    assert after.failures == 1
    assert after.last_error
    bench.server.faults.clear()
    new = bench.site.publish(event("After the fault"))
    assert (await bench.poll()).error is None
    assert await bench.titles_owed() == [new.title]
    assert len(await bench.feed()) == len(feed) + 1
    assert (await bench.state()).last_error is None


async def test_a_first_poll_that_fails_is_no_baseline(bench: Bench) -> None:
    bench.server.faults.set("/", Fault(status=503))
    await bench.poll()
    bench.server.faults.clear()
    await bench.poll()
    assert await bench.owed() == []
    assert len(await bench.feed()) == 10


async def test_failures_back_off_and_the_servers_word_is_kept(bench: Bench) -> None:
    await bench.poll()
    bench.server.faults.set("/", Fault(status=500))
    pauses = []
    for _ in range(12):
        await bench.poller.poll(bench.source)
        pauses.append((await bench.state()).due_at - bench.clock.now())
    minutes = [pause / timedelta(minutes=1) for pause in pauses]
    assert 4.5 < minutes[0] < 5.5
    assert all(later > earlier * 1.7 for earlier, later in pairwise(minutes[:7]))
    assert 340 < minutes[-1] < 380
    bench.server.faults.set("/", Fault(status=503, headers={"retry-after": "86400"}))
    await bench.poller.poll(bench.source)
    state = await bench.state()
    assert state.retry_after is not None
    assert state.due_at >= state.retry_after > datetime.now(UTC) + timedelta(hours=23)


async def test_a_restart_tries_what_failed_again_and_takes_up_a_shorter_interval(
    bench: Bench,
) -> None:
    async def restart(source: Source) -> sources.SourceState:
        async with bench.store.transaction() as connection:
            await sources.sync(connection, [source], "press.example", bench.clock.now())
        return await bench.state()

    await bench.poll()
    before = await bench.state()
    assert await restart(bench.source) == before
    shorter = replace(bench.source, every=timedelta(minutes=1))
    assert (await restart(shorter)).due_at < bench.clock.now() + timedelta(seconds=64)
    bench.server.faults.set("/", Fault(status=500))
    for _ in range(3):
        await bench.poller.poll(bench.source)
    assert (await restart(bench.source)).due_at == bench.clock.now()
    bench.server.faults.set("/", Fault(status=503, headers={"retry-after": "86400"}))
    await bench.poller.poll(bench.source)
    held = await restart(bench.source)
    assert held.due_at == held.retry_after


async def test_the_operator_is_told_of_a_lasting_failure_and_of_its_end(bench: Bench) -> None:
    await bench.poll()
    bench.server.faults.set("/", Fault(status=500))
    await bench.poll(TELL_AFTER - 1)
    assert await bench.notices() == []
    await bench.poll(5)
    (told,) = await bench.notices()
    assert told.startswith(f"Press office ({bench.source.url}) fails since 2020-05-27 21:00 UTC")
    assert "500" in told
    bench.server.faults.clear()
    await bench.poll(2)  # a 304 is as good a sign as a page
    assert [text.split(") ")[1] for text in (await bench.notices())[1:]] == ["works again"]
    assert await bench.titles_owed() == []


async def test_changed_selectors_are_read_anew_although_the_page_has_not_changed(
    bench: Bench,
) -> None:
    await bench.poll()
    assert bench.source.listing is not None
    title_only = replace(bench.source.listing, summary="xpath:./nothing")
    bench.source = replace(bench.source, listing=title_only)
    await bench.poll(2)
    assert {entry.summary for entry in await bench.feed()} == {""}


async def test_a_removed_source_sleeps_and_goes_on_without_a_second_baseline(bench: Bench) -> None:
    await bench.poll()
    async with bench.store.transaction() as connection:
        await sources.sync(connection, [], "press.example", bench.clock.now())
        assert await turns.due(connection, bench.clock.now(), busy=[], limit=9) == []
    missed = bench.site.publish(event("While it was away"))
    async with bench.store.transaction() as connection:
        await sources.sync(connection, [bench.source], "press.example", bench.clock.now())
        (state,) = await turns.due(connection, bench.clock.now(), busy=[], limit=9)
    assert state.name == "embassy"
    await bench.poll()
    assert await bench.titles_owed() == [missed.title]


async def test_one_article_in_two_sources_is_one_delivery_with_two_causes(bench: Bench) -> None:
    second = replace(bench.source, name="second", url=f"{bench.server.url}/rss.xml")
    second = replace(second, kind=SourceKind.FEED, listing=None)
    async with bench.store.transaction() as connection:
        await sources.sync(connection, [bench.source, second], "press.example", bench.clock.now())
    await bench.poll()
    await bench.poller.poll(second)
    new = bench.site.publish(event("In both"))
    await bench.poll()
    await bench.poller.poll(second)
    assert await bench.titles_owed() == [f"{new.title}|{new.title}"]


async def test_a_poll_that_cannot_be_stored_leaves_nothing_behind(bench: Bench) -> None:
    await bench.poll()
    bench.site.publish(event("Not now"))
    before = await bench.state()
    async with bench.store.transaction() as connection:
        await connection.execute(
            sa.text(
                "CREATE TRIGGER full BEFORE INSERT ON causes"
                " BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END"
            )
        )
    with pytest.raises(StoreUnwritableError):
        await bench.poller.poll(bench.source)
    assert await bench.state() == before
    assert len(await bench.feed()) == 10
    async with bench.store.transaction() as connection:
        await connection.execute(sa.text("DROP TRIGGER full"))
    await bench.poll()
    assert await bench.titles_owed() == ["Not now"]


async def test_many_unchanged_polls_commit_together(bench: Bench) -> None:
    others = [replace(bench.source, name=f"s{n}") for n in range(30)]
    async with bench.store.transaction() as connection:
        await sources.sync(connection, others, "press.example", bench.clock.now())
    for _ in range(2):
        polled = await asyncio.gather(*(bench.poller.poll(source) for source in others))
    assert not any(result.error for result in polled)
    async with bench.store.reading() as connection:
        states = [await sources.load(connection, source.name) for source in others]
    assert {state.polls for state in states} == {2}


async def test_a_defect_in_reading_is_that_sources_failure(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bench.poll()
    bench.site.publish(event("Unreadable"))

    def broken(*_: Any) -> None:
        raise ZeroDivisionError("ours")

    with monkeypatch.context() as patch:
        patch.setattr("feedbot.reading.look", broken)
        polled = await bench.poll()
    assert polled.error
    assert "by a defect of feedbot: ZeroDivisionError('ours')" in polled.error
    assert (await bench.state()).failures == 1
    await bench.poll()
    assert await bench.titles_owed() == ["Unreadable"]


async def test_a_new_row_at_a_link_that_an_old_one_left_is_told(bench: Bench) -> None:
    row = (
        '<div class="event"><p class="line"><span class="date">{0}.05.2020</span> - '
        '<a href="{1}">{2}</a></p><p class="announce">{3}</p></div>'
    )

    async def show(*rows: tuple[int, str, str, str]) -> None:
        body = f"<div id=latest>{''.join(row.format(*one) for one in rows)}</div>".encode()
        bench.server.faults.set("/", Fault(body=body, headers={"content-type": "text/html"}))
        assert (await bench.poll()).error is None

    older = (25, "/older", "Older", "Nought.")
    await show(older)  # the baseline
    await show((26, "/agenda", "Agenda", "One."), older)
    for _ in range(2):  # now two rows have the link, and it says nothing of either
        await show((27, "/agenda", "More", "Two."), (26, "/agenda", "Agenda", "Revised."), older)
    await show((28, "/agenda", "Something else", "Three."), older)
    assert await bench.titles_owed() == ["Agenda", "More", "Something else"]
