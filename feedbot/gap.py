"""What came and went while nothing was polled: older pages are read until one shows what is known.

    first page without a known row → older pages, one at a time → one with a known row
                                                                    ↓
                              what stands above that is news, with the first page, in one poll

Nothing is written here: a poll that is cut off finds the gap again.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from feedbot.clock import Clock
from feedbot.diff import Diff, Verdict, oldest_first, on_top
from feedbot.errors import FetchError, ParseError
from feedbot.fetch import Fetcher
from feedbot.identity import Row, identify
from feedbot.matching import Known
from feedbot.model import ChangeKind, Item, Source, day_of
from feedbot.older import first_pages, matched, may_pass, read_older
from feedbot.reading import Reading, off_loop
from feedbot.source.part import Way, ways_on
from feedbot.source.trail import Trail, is_of_the_list
from feedbot.store.engine import Store
from feedbot.store.sources import SourceState

log = logging.getLogger(__name__)

#: Pages read in one poll at most, after the first.
MOST_PAGES = 10
#: Polls in a row that a page may make fail which is perhaps there a little later.
_PATIENCE = 2


async def bridged(
    store: Store,
    fetcher: Fetcher,
    clock: Clock,
    source: Source,
    state: SourceState,
    reading: Reading,
    rows: tuple[Row, ...],
) -> tuple[Row, ...]:
    """The rows of a poll, and those between them and what is known of the source.

    rows: of the first page, which was read as the last time

    Raises FetchError where an older page may be there a little later, StoreError.
    """
    if state.baseline_at is None or not state.places or not rows:
        return rows
    if len(rows) > 1 and oldest_first(rows)[0] == 0:  # its newest rows are on another page
        return rows
    async with store.reading() as connection:
        known, standing = await matched(connection, state, rows)
    if known:
        return rows
    return await _Gap(store, fetcher, clock, source, state, reading, rows).closed(standing)


def on_first_page(decided: Diff, shown: int) -> Diff:
    """The same, with the list as it stands ending with the first page: so many rows of it."""
    order, left = [], shown
    for place in decided.order:
        if left == 0:
            break
        order.append(place)
        left -= place.absent_since is None
    return replace(decided, order=tuple(order))


class _Gap:
    """One way back, from a first page without a known row."""

    def __init__(
        self,
        store: Store,
        fetcher: Fetcher,
        clock: Clock,
        source: Source,
        state: SourceState,
        reading: Reading,
        rows: Sequence[Row],
    ) -> None:
        self._store = store
        self._fetcher = fetcher
        self._clock = clock
        self._source = source
        self._state = state
        self._reading = reading
        self._first = list(rows)

    async def closed(self, standing: Sequence[Known]) -> tuple[Row, ...]:
        """The first page's rows, and those of older pages that are news or known."""
        reading, source = self._reading, self._source
        fetched = reading.fetched
        ways: tuple[Way, ...] = await off_loop(
            source, ways_on, fetched.body, fetched.content_type, reading.listing, fetched.url
        )
        further = first_pages(source, reading.extractor)[1:]
        trail = Trail().read((fetched.url,), self._first, (*ways, *further))
        extractor, items = reading.extractor, [row.item for row in self._first]
        while not trail.is_over(MOST_PAGES + 1):
            way = trail.waiting[0]
            try:
                page = await read_older(self._fetcher, self._clock, source, way.url, extractor)
            except (FetchError, ParseError) as error:
                if may_pass(error) and self._state.failures < _PATIENCE:
                    raise
                log.info("%s: %s: %s", source.name, way.url, error)
                trail = trail.passed(way.url)
                continue
            async with self._store.reading() as connection:
                known, _ = await matched(connection, self._state, page.rows)
            proof = way.proof or page.part.found
            if not is_of_the_list(page.rows, known, trail, proof=proof):
                trail = trail.passed(way.url)
                continue
            items += [row.item for row in page.rows if not trail.has_seen(row)]
            extractor = page.part.extractor
            if known:
                return await self._down_to_the_known(items, trail.pages)
            trail = trail.read((way.url, page.url), page.rows, page.part.onward)
        return self._without_end(items, standing, trail.pages)

    async def _down_to_the_known(self, items: Sequence[Item], pages: int) -> tuple[Row, ...]:
        """All rows but those that are unknown and older than what is known."""
        rows = identify(items, self._reading.fetched.url)
        async with self._store.reading() as connection:
            known, _ = await matched(connection, self._state, rows)
        news = {id(row) for row in on_top(rows, _decided(rows, known))}
        first = len(self._first)
        kept = tuple(
            row
            for index, row in enumerate(rows)
            if index < first or index in known or id(row) in news
        )
        log.info("%s: %d older pages read, back to what is known", self._source.name, pages)
        return kept

    def _without_end(
        self, items: Sequence[Item], standing: Sequence[Known], pages: int
    ) -> tuple[Row, ...]:
        """Of the older pages only what is later than all that is known: the rest may be old."""
        days = [day for entry in standing if (day := day_of(entry.date)) is not None]
        newest = max(days, default=None)
        rows = identify(items, self._reading.fetched.url)
        kept = tuple(
            row
            for index, row in enumerate(rows)
            if index < len(self._first) or _is_after(row, newest)
        )
        log.warning(
            "%s: %s: nothing known on this page, nor on %d older ones; entries may be missing",
            self._source.name,
            self._source.url,
            pages - 1,
        )
        return kept


def _decided(rows: Sequence[Row], known: Mapping[int, Known]) -> Diff:
    new = (n for n in range(len(rows)) if n not in known)
    return Diff(tuple(Verdict(ChangeKind.NEW, row=rows[n], index=n) for n in new))


def _is_after(row: Row, newest: date | None) -> bool:
    day = day_of(row.item.date)
    return day is not None and newest is not None and day > newest
