"""Which part of the archive a request means, and how its page shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from feedbot.store import catalogue
from feedbot.store.catalogue import Listed, Range, place_of
from feedbot.web.site.views import View, by_day, newer_and_older

ROWS = 30
_YEARS = range(1, 9999)


@dataclass(frozen=True, slots=True)
class Asked:
    """What of the archive: all of it, or of one source, category, year, month of a year.

    before, after: the place where the page begins or ends
    """

    source: str = ""
    category: str = ""
    year: int = 0
    month: int = 0
    before: int | None = None
    after: int | None = None

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Asked | None:
        """What the query's parameters say; None where they make no sense."""
        try:
            year, month = int(query.get("year") or 0), int(query.get("month") or 0)
            before, after = (_place(query.get(name)) for name in ("before", "after"))
        except ValueError:
            return None
        if (year and year not in _YEARS) or not 0 <= month <= 12 or (month and not year):
            return None
        return cls(query.get("source", ""), query.get("category", ""), year, month, before, after)

    def query(self) -> dict[str, object]:
        """What links to the same part carry."""
        return {
            "source": self.source,
            "category": self.category,
            "year": self.year,
            "month": self.month,
        }


def _place(text: str | None) -> int | None:
    place = int(text) if text else None
    if place is not None and abs(place) >= 1 << 62:
        raise ValueError("no place is so far away")
    return place


@dataclass(frozen=True, slots=True)
class Found:
    """A page of the archive: its entries, whether there are older ones, years or months."""

    entries: tuple[Listed, ...]
    older: bool
    periods: tuple[datetime, ...]


async def look(connection: AsyncConnection, view: View, asked: Asked) -> Found:
    """Read what a page of the archive shows."""
    within = _range(view, asked)
    if asked.after is not None:
        found = await catalogue.next_newer(connection, within, ROWS, after=asked.after)
        older = True
    else:
        found = await catalogue.newest(connection, within, ROWS + 1, before=asked.before)
        older = len(found) > ROWS
    months = Range(within.sources, None, *_bounds(view, asked.year, 0))
    periods = await catalogue.periods(
        connection, months, lambda when: _start(view, when, monthly=bool(asked.year))
    )
    return Found(tuple(found[:ROWS]), older, tuple(periods))


def _range(view: View, asked: Asked) -> Range:
    shown = [id for id, one in view.sources.items() if asked.source in ("", one.name)]
    return Range(shown, asked.category or None, *_bounds(view, asked.year, asked.month))


def _bounds(view: View, year: int, month: int) -> tuple[int | None, int | None]:
    """The places between which a year, or a month of it, lies."""
    if not year:
        return None, None
    zone = view.plan.timezone
    following = (year, month + 1) if 0 < month < 12 else (year + 1, 1)
    return (
        place_of(datetime(year, month or 1, 1, tzinfo=zone)),
        place_of(datetime(*following, 1, tzinfo=zone)),
    )


def _start(view: View, when: datetime, *, monthly: bool) -> datetime:
    there = when.astimezone(view.plan.timezone)
    first = there.replace(day=1, hour=0, minute=0, second=0, microsecond=0, fold=0)
    return (first if monthly else first.replace(month=1)).astimezone(UTC)


def archive_page(view: View, asked: Asked, found: Found) -> dict[str, Any]:
    """The page."""
    source = next((one for one in view.sources.values() if one.name == asked.source), None)
    paged = asked.before is not None or asked.after is not None
    links = newer_and_older(view, "all", asked.query(), found.entries, found.older)
    return {
        "days": by_day(view, found.entries),
        "asked": asked,
        "source": source,
        "month_name": _month(view, asked),
        "sources": [
            {"title": one.title, "href": view.to("all", source=one.name), "name": one.name}
            for one in view.sources.values()
        ],
        "periods": [_period(view, asked, when) for when in found.periods],
        "newer": links["newer"] if paged else "",
        "older": links["older"],
        "newest": view.to("all", **asked.query()),
        "indexed": not paged,
    }


def _month(view: View, asked: Asked) -> str:
    when = datetime(asked.year, asked.month, 1, tzinfo=UTC) if asked.month else None
    return view.language.month(when) if when else ""


def _period(view: View, asked: Asked, when: datetime) -> dict[str, Any]:
    there = when.astimezone(view.plan.timezone)
    of = asked.query() | {"year": there.year}
    if asked.year:
        of |= {"month": there.month}
        return {
            "text": view.language.month(there),
            "href": view.to("all", **of),
            "now": there.month == asked.month,
        }
    return {"text": str(there.year), "href": view.to("all", **of), "now": False}
