"""What was seen of a place, in lines for people and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from feedbot.model import Item, Listing, PageDate, Take, day_of
from feedbot.preview.see import Shown, Sight
from feedbot.preview.table import cut, padded, rows
from feedbot.render.toml import rule_keys, rule_lines

_TAKEN = {
    Take.FEED: "the page's feed",
    Take.DATA: "data in the page (JSON-LD, microdata)",
    Take.LISTING: "the page's rows",
}
_LONG = 300  # characters of a title that is more than one
_NAME = 40  # columns of a list's first title


def told(
    sight: Sight, listing: Listing, columns: int | None, *, explain: bool = False
) -> Iterator[str]:
    """All that is to be said of the list that was found; columns: see `rows`."""
    yield from rows(listing.items, sight.source.timezone, columns)
    yield summed(listing)
    yield from taken(sight)
    yield from (f"missing: {line}" for line in missing(sight, listing))
    if explain:
        yield from explained(sight)
    else:
        yield from _others(sight, columns)


def summed(listing: Listing) -> str:
    """How many rows there are, and of what."""
    dated = sum(item.date is not None for item in listing.items)
    count = _count(len(listing.items), "row")
    return f"{count}, {dated} with a date, read as {listing.kind}"


def taken(sight: Sight) -> Iterator[str]:
    """What the list was taken from and why, where nobody has said it."""
    extractor = sight.extractor
    if extractor is not None:
        where = f" {extractor.url}" if extractor.url else ""
        yield f"taken from: {_TAKEN[extractor.take]}{where}"
        yield from extractor.why


def missing(sight: Sight, listing: Listing) -> Iterator[str]:
    """What a reader of the feed would miss, with what helps where something does."""
    items, source = listing.items, sight.source
    if undated := sum(item.date is None for item in items):
        yield f"a date, in {_of(undated, items)}: they have the time they are first seen"
    if unlinked := sum(not item.own_link for item in items):
        yield f"a link, in {_of(unlinked, items)}: they lead to the page itself"
    if unnamed := sum(item.title == item.link for item in items):
        yield f"a title, in {_of(unnamed, items)}: they are called by their links"
    if longer := sum(len(item.title) > _LONG for item in items):
        yield f"a short title, in {_of(longer, items)}: name one with listing.title"
    if again := len(items) - len({item.title for item in items}):
        yield f"a title of their own, in {_of(again, items)}"
    if not listing.title and source.title == source.name:
        yield "a title of the whole: set `title`"
    if not listing.language:
        yield f"the page's word for its language: it is taken for {source.language!r}"
    yield from _feeds_left(sight)


def _feeds_left(sight: Sight) -> Iterator[str]:
    """The feeds that the page names and that were not looked at; where one is taken, none."""
    extractor = sight.extractor
    if extractor is not None and extractor.take is Take.FEED:
        return
    said = " ".join(extractor.why) if extractor else ""
    for feed in sight.feeds:
        if feed not in said:
            yield f"a look at the feed {feed}, which the page names"


def _of(some: int, items: tuple[Item, ...]) -> str:
    return f"{some} of {_count(len(items), 'row')}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


# ---------------------------------------------------------------- the lists on the page


def _others(sight: Sight, columns: int | None) -> Iterator[str]:
    """The lists that were not taken, a line each."""
    others = [one for one in sight.shown if one.rule != sight.rule]
    if others:
        yield "other lists on the page (--list N takes one, --explain says more):"
    for one in others:
        first = padded(one.listing.items[0].title, _NAME)
        line = f"  {one.number}  {len(one.listing.items):>3} rows  {first}  {one.rule.item}"
        yield cut(line, columns) if columns else line


def explained(sight: Sight) -> Iterator[str]:
    """Each list on the page: what speaks for it and against it, and the rule to paste."""
    for one in sight.shown:
        mark = " (taken)" if one.rule == sight.rule else ""
        yield ""
        yield f"list {one.number}{mark}: {one.why}"
        yield f"  first: {one.listing.items[0].title}"
        good, bad = speaks(one)
        yield f"  for it: {'; '.join(good) or 'nothing'}"
        yield f"  against it: {'; '.join(bad) or 'nothing'}"
        yield from (f"  {line}" for line in rule_lines(one.rule))
    if sight.rule is not None and all(one.rule != sight.rule for one in sight.shown):
        yield ""
        yield from rule_lines(sight.rule)


def speaks(one: Shown) -> tuple[list[str], list[str]]:
    """What speaks for a list, and what against it."""
    items = one.listing.items
    days = [day for item in items if (day := day_of(item.date))]
    titles = {item.title for item in items}
    links = {item.link for item in items if item.own_link}
    said = (
        (len(items) >= 5, _count(len(items), "row")),
        (len(days) * 10 >= len(items) * 9, f"{len(days)} with a date"),
        (len(links) * 10 >= len(items) * 9, f"{len(links)} with a link of their own"),
        (len(titles) * 10 >= len(items) * 9, f"{len(titles)} different titles"),
    )
    good = [text for is_good, text in said if is_good]
    bad = [f"only {text}" for is_good, text in said if not is_good]
    if len(set(days)) > 1:
        falls = all(one >= other for one, other in pairwise(days))
        rises = all(one <= other for one, other in pairwise(days))
        good += ["the newest first"] * falls + ["the newest last"] * rises
        bad += ["in no order of dates"] * (not falls and not rises)
    texts = sum(bool(item.summary) for item in items)
    good += [f"{texts} with a text"] * bool(texts)
    return good, bad


# ---------------------------------------------------------------- nothing found


def searched(sight: Sight) -> Iterator[str]:
    """What was looked for where nothing was found, a line each."""
    found = sight.searched
    if found is None:
        return
    yield f"looked for feeds that the page names: {', '.join(found.feeds) or 'none'}"
    yield f"looked for data in it (JSON-LD, microdata): {found.data or 'none'}"
    lists = ", ".join(_count(len(one.listing.items), "row") for one in sight.shown) or "none"
    yield f"looked for lists of rows: {lists}, among {_count(found.links, 'link')}"


# ---------------------------------------------------------------- JSON


def document(sight: Sight, problem: str | None) -> dict[str, Any]:
    """What `--json` prints."""
    listing, zone = sight.listing, sight.source.timezone
    rule = sight.rule
    return {
        "kind": str(listing.kind) if listing else None,
        "title": listing.title if listing else None,
        "language": listing.language if listing else None,
        "taken": list(taken(sight)),
        "rule": rule_keys(rule) if rule else None,
        "missing": list(missing(sight, listing)) if listing else [],
        "warnings": list(listing.warnings) if listing else [],
        "problem": problem,
        "looked_for": list(searched(sight)),
        "lists": [_list(one) for one in sight.shown],
        "items": [_row(item, zone) for item in listing.items] if listing else [],
    }


def _list(one: Shown) -> dict[str, Any]:
    return {
        "list": one.number,
        "rows": len(one.listing.items),
        "first": one.listing.items[0].title,
        "why": one.why,
        "rule": rule_keys(one.rule),
    }


def _row(item: Item, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "url": item.link,
        "title": item.title,
        "published": stamp(item.date, zone),
        "summary": item.summary,
    }


def stamp(when: PageDate, zone: ZoneInfo) -> str | None:
    """RFC 3339 with the source's offset; the date alone where the page gives no time."""
    if isinstance(when, datetime):
        return when.astimezone(zone).isoformat(timespec="seconds")
    return when.isoformat() if isinstance(when, date) else None
