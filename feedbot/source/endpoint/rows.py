"""The rows of a JSON document, by the paths of a rule or by a guess.

A path to an array that is there and empty is a sound list of nothing; one that leads nowhere is
not.
"""

from __future__ import annotations

import json
from typing import Any
from zoneinfo import ZoneInfo

from feedbot.errors import ParseError
from feedbot.model import MAX_ROWS, Extractor, Item, Listing, ListingRule, Source, SourceKind, Take
from feedbot.source.auto import Found
from feedbot.source.bounds import refuse_many_values
from feedbot.source.endpoint.dates import json_date
from feedbot.source.endpoint.guess import guess_rule
from feedbot.source.endpoint.paths import Path, PathProblem, Paths, Template, as_text, compile_paths
from feedbot.source.most import first
from feedbot.source.naming import own_address
from feedbot.source.page import absolute, parse_page, text_of
from feedbot.source.tidy import clean, one_line, repeats, shorten

_WARNINGS = 20
_TITLE_LENGTH = 300
_DEFAULTS = {
    "title": ("title", "headline", "name", "subject"),
    "link": ("url", "link", "href", "permalink"),
    "date": ("published", "published_at", "datePublished", "date", "created_at", "pubDate"),
    "summary": ("summary", "description", "excerpt"),
    "image": ("image", "thumbnail"),
}


def parse_json(text: str) -> Any:
    """A JSON document. Raises ParseError."""
    start = text.lstrip("\ufeff \t\r\n\0")
    # Some answer with a prefix that keeps a script from running the JSON.
    start = start.removeprefix(")]}',").removeprefix("while(1);").lstrip()
    refuse_many_values(start)
    try:
        return json.loads(start, strict=False)
    except (ValueError, RecursionError) as error:
        what = "an HTML page" if start.startswith("<") else f"{one_line(start[:60])[:40]!r}"
        raise ParseError(f"not JSON: this is {what} ({error})") from error


def read_json(
    document: Any,
    rule: ListingRule,
    *,
    url: str,
    zone: ZoneInfo,
    language: str | None,
    most: int = MAX_ROWS,
) -> Listing:
    """The rows that a rule's paths lead to in a document fetched from `url`.

    zone: of times that name none
    most: how many are read

    Raises ParseError, with the key, where a path is wrong.
    """
    paths = compile_paths(rule)
    rows, warnings = first(_rows(document, paths), most)
    items: list[Item] = []
    for number, row in enumerate(rows, start=1):
        try:
            item = _item(row, rule, paths, url, zone, language)
        except PathProblem as problem:
            raise ParseError(f"row {number}: {problem}") from problem
        if item is None:
            warnings.append(f"row {number}: left out: it has neither title nor link")
            continue
        items.append(item)
        if rule.date and item.date is None:
            warnings.append(f"row {number}: date not understood")
    if rows and not items:
        raise ParseError(f"none of the {len(rows)} rows has a title or a link ({warnings[0]})")
    return Listing(tuple(items), SourceKind.JSON, warnings=tuple(warnings[:_WARNINGS]))


def guess_json(document: Any, zone: ZoneInfo) -> ListingRule:
    """The paths of the list in a document. Raises ParseError where there is none."""
    rule = guess_rule(document, zone)
    if rule is None:
        raise ParseError(
            "no list in this JSON: no array of objects with titles was found;"
            " name it with [sources.listing] `item`"
        )
    return rule


def _rows(document: Any, paths: Paths) -> list[Any]:
    try:
        rows = paths.item.of(document)
    except PathProblem as problem:
        raise ParseError(f"listing.item: {problem}") from problem
    if isinstance(rows, dict):  # a table of rows by their ids
        rows = list(rows.values())
    if not isinstance(rows, list):
        what = "nothing" if rows is None else "no list"
        raise ParseError(f"listing.item {paths.item.text!r} leads to {what}{_keys(document)}")
    return rows


def _keys(document: Any) -> str:
    """What there is to name instead."""
    if not isinstance(document, dict):
        return ""
    named = ", ".join(map(one_line, list(document)[:8]))
    return f"; the document has {shorten(named, 120)}" if named else "; the document is empty"


def _item(
    row: Any, rule: ListingRule, paths: Paths, url: str, zone: ZoneInfo, language: str | None
) -> Item | None:
    """One row, None where nothing names it. A part without a path is found by its usual names."""
    title = _plain(as_text(_value(paths.title, row, "title")), url)
    link = absolute(_link(paths, row), url)
    date = json_date(_value(paths.date, row, "date"), language, zone, date_format=rule.date_format)
    summary = _plain(as_text(_value(paths.summary, row, "summary")), url)
    full = one_line(title) or shorten(one_line(summary), _TITLE_LENGTH) or link
    if not full:
        return None
    identity = row.get("id") if isinstance(row, dict) else None
    return Item(
        title=full,
        link=link or own_address(as_text(identity) or None, full, date, url),
        own_link=link is not None,
        guid=as_text(identity) or None,
        date=date,
        summary="" if repeats(summary, full) else summary,
        image=absolute(_image(_value(paths.image, row, "image")), url),
    )


def _value(path: Path | None, row: Any, part: str) -> Any:
    """What a path leads to; without one, the first of the part's usual names that is there."""
    if path is not None:
        return path.of(row)
    if isinstance(row, str):
        return row if part == "title" else None
    if not isinstance(row, dict):
        return None
    return next((row[name] for name in _DEFAULTS[part] if row.get(name)), None)


def _link(paths: Paths, row: Any) -> str | None:
    if isinstance(paths.link, Template):
        return paths.link.of(row)
    return as_text(_value(paths.link, row, "link")) or None


def _image(value: Any) -> str:
    """An address, or that in an object of an image."""
    if isinstance(value, list) and value:
        value = value[0]
    if isinstance(value, dict):
        value = next((value[name] for name in ("url", "src", "href") if value.get(name)), None)
    return as_text(value)


def _plain(text: str, url: str) -> str:
    """Plain text of a field that may hold HTML."""
    if "<" not in text and "&" not in text:
        return clean(text)
    return text_of(parse_page(f"<body>{text}</body>", url).root)


def find_json(text: str, source: Source, url: str, known: ListingRule | None) -> Found:
    """The list of a JSON document: as configured, as it was found before, else as guessed.

    Raises ParseError.
    """
    document = parse_json(text)

    def read(rule: ListingRule) -> Listing:
        return read_json(
            document,
            rule,
            url=url,
            zone=source.timezone,
            language=source.language,
            most=source.max_rows,
        )

    if source.listing is not None:
        return Found(read(source.listing))
    if known is not None:
        try:
            again = read(known)
        except ParseError:
            again = None
        if again is not None:
            return Found(again, Extractor(Take.LISTING, rule=known))
    rule = guess_json(document, source.timezone)
    why = (f"the array {rule.item!r} looks most like a list",)
    return Found(read(rule), Extractor(Take.LISTING, rule=rule, why=why))
