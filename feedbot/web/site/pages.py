"""Which pages there are, and what of the store each needs.

A page is read on the event loop and made off it: reading gives a function without arguments that
makes the template's values.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from feedbot.search import parse_query
from feedbot.store import catalogue, editions, fulltext
from feedbot.store.catalogue import Listed, Range
from feedbot.store.engine import Store
from feedbot.web.site.archive import Asked, archive_page, look
from feedbot.web.site.entry import entry_page, retracted_page
from feedbot.web.site.finding import MOST, ROWS, search_page
from feedbot.web.site.languages import LANGUAGES
from feedbot.web.site.views import View, about, by_day, counter_lines, follow, lead, timely

#: Among the template's values: the HTTP status, if it is not 200.
STATUS = "status"
_LATEST = 20
_IN_A_SITEMAP = 5_000
Make = Callable[[], dict[str, Any]]


class Unknown(Exception):
    """There is no such page."""


@dataclass(frozen=True, slots=True)
class Making:
    """One page to be made; `parts` are the groups of its path."""

    view: View
    store: Store
    parts: tuple[str, ...]

    @property
    def query(self) -> dict[str, str]:
        """The parameters of its address."""
        return dict(self.view.query)


@dataclass(frozen=True, slots=True)
class Page:
    """A kind of page.

    path:   without language, a regular expression
    timely: it shows the time, so it is made anew each minute
    """

    path: str
    template: str
    read: Callable[[Making], Awaitable[Make]]
    timely: bool = False


async def _home(making: Making) -> Make:
    view = making.view
    within = Range(list(view.sources))
    async with making.store.reading() as connection:
        latest = [
            one for one in await catalogue.newest(connection, within, _LATEST) if not one.gone_at
        ]
        of_lead = [id for id, one in view.sources.items() if one.name == view.plan.lead]
        leading = await catalogue.newest(connection, Range(of_lead), 1) if of_lead else latest
    first = next((one for one in leading if one.entry.content or of_lead), None)
    if of_lead:
        latest = [one for one in latest if one.source_id not in of_lead]
    return lambda: timely(view) | _front(view, first, latest)


def _front(view: View, first: Listed | None, latest: list[Listed]) -> dict[str, Any]:
    return {
        "lead": lead(view, first) if first else None,
        "days": by_day(view, latest),
        "counters": counter_lines(view),
        "follow": follow(view),
        "many": len({one.source_id for one in latest}) > 1,
    }


async def _archive(making: Making) -> Make:
    asked = Asked.of(making.query)
    if asked is None:
        raise Unknown
    view = making.view
    async with making.store.reading() as connection:
        found = await look(connection, view, asked)
    return lambda: archive_page(view, asked, found) | {"many": len(view.sources) > 1}


async def _search(making: Making) -> Make:
    view, text = making.view, making.query.get("q", "").strip()
    asked = Asked.of({"before": making.query.get("before", "")})
    if asked is None:
        raise Unknown
    query, shown = parse_query(text), list(view.sources)
    async with making.store.reading() as connection:
        found = await catalogue.search(connection, query, shown, ROWS + 1, asked.before)
        number = await fulltext.count(connection, query, shown, MOST + 1)
    return lambda: search_page(view, text, query, found, number) | {"many": len(view.sources) > 1}


async def _entry(making: Making) -> Make:
    view, number = making.view, int(making.parts[0])
    async with making.store.reading() as connection:
        one = await catalogue.find(connection, number)
        if one is None or one.source_id not in view.sources:
            raise Unknown
        if one.retracted_at:
            taken = one
            return lambda: retracted_page(view, taken) | {STATUS: 410, "indexed": False}
        before = (await editions.history(connection, [number])).get(number, [])
    said = [*(edition.entry for edition in before), one.entry]
    return lambda: entry_page(view, one, said) | {"many": len(view.sources) > 1}


async def _counters(making: Making) -> Make:
    view = making.view
    return lambda: timely(view) | {"counters": counter_lines(view, whole=True)}


async def _about(making: Making) -> Make:
    view = making.view
    return lambda: about(view)


async def _privacy(_: Making) -> Make:
    return dict


async def _robots(making: Making) -> Make:
    below = urlsplit(making.view.base).path
    return lambda: {"below": below}


async def _sitemap(making: Making) -> Make:
    async with making.store.reading() as connection:
        parts = await catalogue.parts(connection, _IN_A_SITEMAP)
    return lambda: {"parts": parts}


async def _sitemap_of_entries(making: Making) -> Make:
    view, first = making.view, int(making.parts[0]) * _IN_A_SITEMAP
    async with making.store.reading() as connection:
        found = await catalogue.numbers(
            connection, list(view.sources), first, first + _IN_A_SITEMAP
        )
    return lambda: {
        "urls": [
            {"loc": f"{view.base}/entries/{number}", "lastmod": updated.isoformat()}
            for number, updated in found
        ]
    }


async def _sitemap_of_pages(making: Making) -> Make:
    view = making.view
    paths = ["", "all", "counters", "about", "privacy"]
    prefixes = ["", *(f"{code}/" for code in LANGUAGES if code != view.plan.language)]
    return lambda: {
        "urls": [
            {"loc": f"{view.base}/{prefix}{path}", "lastmod": ""}
            for path in paths
            for prefix in prefixes
        ]
    }


#: In the order in which they are looked for.
PAGES = (
    Page("", "home.html", _home, timely=True),
    Page("all", "archive.html", _archive),
    Page("search", "search.html", _search),
    Page(r"entries/(-?\d{1,18})", "entry.html", _entry),
    Page("counters", "counters.html", _counters, timely=True),
    Page("about", "about.html", _about),
    Page("privacy", "privacy.html", _privacy),
    Page(r"robots\.txt", "robots.txt", _robots),
    Page(r"sitemap\.xml", "sitemap.xml", _sitemap),
    Page(r"sitemaps/pages\.xml", "urls.xml", _sitemap_of_pages),
    Page(r"sitemaps/(-?\d{1,12})\.xml", "urls.xml", _sitemap_of_entries),
)
