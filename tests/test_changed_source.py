"""A source that is read in another way than before: nothing is posted again, nothing floods."""

from __future__ import annotations

from dataclasses import replace

from feedbot.demo.site import LISTINGS, Theme
from feedbot.model import ListingRule
from tests.test_poll import Bench, bench, event

__all__ = ["bench"]  # a fixture

#: Every row of the page anew: other titles, and none of its own links.
BLIND = ListingRule(item="#latest div.event", title="span.date")


async def known(bench: Bench) -> list[str]:
    return [entry.title for entry in await bench.feed(99)]


async def test_another_page_with_other_things_is_a_new_baseline(bench: Bench) -> None:
    await bench.poll()
    before = await known(bench)
    other = replace(bench.source, url=f"{bench.server.url}/all?page=2")
    for _ in range(3):
        await bench.poller.poll(other)
    assert len(await known(bench)) > len(before)
    assert await bench.titles_owed() == []


async def test_another_page_with_more_of_the_same_brings_only_what_is_newer(bench: Bench) -> None:
    await bench.poll()
    bench.site.publish(event("Between the two"))
    other = replace(bench.source, url=f"{bench.server.url}/all")
    for _ in range(3):
        await bench.poller.poll(other)
    assert len(await known(bench)) == 20
    assert await bench.titles_owed() == ["Between the two"]


async def test_another_selector_posts_nothing_again(bench: Bench) -> None:
    await bench.poll()
    for rule in (BLIND, LISTINGS[Theme.PARAGRAPHS], BLIND):
        for _ in range(3):
            await bench.poller.poll(replace(bench.source, listing=rule))
    assert await bench.titles_owed() == []
    bench.site.publish(event("After the change"))
    await bench.poller.poll(replace(bench.source, listing=LISTINGS[Theme.PARAGRAPHS]))
    assert await bench.titles_owed() == ["After the change"]
