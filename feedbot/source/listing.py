"""The rows of an HTML page, found by the selectors of a rule.

    page → rows (item) → each row walked once → title, link, date, summary, image → Item

A row that lacks something is still a row; one that cannot be read at all is reported in the
listing's warnings, and the others stand. A table's heading row (nothing but `<th>`, no link) is no
row.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from feedbot.errors import ParseError
from feedbot.model import Item, Listing, ListingRule, PageDate, SourceKind
from feedbot.source.dates import Orders, count_years, orders, scan
from feedbot.source.naming import (
    anchor_of,
    link_of,
    name_of,
    own_address,
    says_read_on,
    title_of,
    without_date,
)
from feedbot.source.page import Element, Page, absolute, parse_page, walk
from feedbot.source.pagekind import recognise
from feedbot.source.row import Context, Row, date_of
from feedbot.source.rows import days_above, rows_of
from feedbot.source.selectors import CompiledRule, Found, Selector, check_rule, compile_rule
from feedbot.source.tidy import (
    SEPARATORS,
    one_line,
    repeats,
    says_something,
    shorten,
    strip_separators,
)

__all__ = ["CompiledRule", "check_rule", "compile_rule", "read_listing"]

_NUMBERS = re.compile(r"\d\s?[./-]\s?\d")  # whose order the page may have to tell
_WARNINGS = 20  # named one by one; the rest are counted
_TITLE_LENGTH = 300  # of a title made from a row's text, which may be an article
_IMAGE_ATTRIBUTES = ("src", "data-src", "data-original", "content", "href")


def read_listing(
    html: str,
    rule: ListingRule,
    *,
    url: str,
    zone: ZoneInfo,
    language: str | None,
    now: datetime | None = None,
) -> Listing:
    """Read a decoded page's rows.

    url:      where the page came from (after redirects); links are made absolute by it
    zone:     of times that name none
    language: decides day/month order where the page's dates do not, see `dates.orders`
    now:      of the fetch, see `dates.understand`

    Raises ParseError where it is no HTML or shows no rows, and nothing else.
    """
    compiled = compile_rule(rule)
    page = parse_page(html, url)
    context = Context(page, compiled, url, zone, language, now)
    items: list[Item] = []
    read: list[tuple[Element, Row]] = []
    warnings: list[str] = []
    rows = rows_of(page.root, context)
    above = days_above(rows, page.root, context)
    context = replace(context, decided=_orders(rows, context))
    for number, element in enumerate(rows, start=1):
        try:
            item, row = _read_row(element, above.get(element, ""), context)
        except Exception as error:  # one bad row, whatever is wrong with it, never loses the rest
            warnings.append(f"row {number}: left out: {type(error).__name__}: {error}")
            continue
        if item is None:
            warnings.append(f"row {number}: left out: it has neither text nor link")
            continue
        items.append(item)
        read.append((element, row))
        if row.unread_date:
            warnings.append(f"row {number}: date not understood: {shorten(row.unread_date, 60)!r}")
    if not items:
        raise ParseError(_nothing_found(rule, page, warnings))
    for index, date in _other_years(items, [row for _, row in read]):
        element = read[index][0]
        item, _ = _read_row(element, above.get(element, ""), context, date)
        items[index] = item or items[index]
    doubt = recognise(page, rows=len(items))
    warnings = [*([str(doubt)] if doubt else []), *_capped(warnings)]
    return Listing(tuple(items), SourceKind.HTML, page.title, page.language, tuple(warnings))


def _orders(rows: list[Element], context: Context) -> Orders:
    """Whether the page writes the day or the month first, by all of its rows."""
    texts = (text for row in rows for text in row.itertext() if _NUMBERS.search(text))
    found = [one for text in texts for one in scan(text, context.language)]
    return orders(found, now=context.now, language=context.language)


def _other_years(items: list[Item], rows: list[Row]) -> Iterator[tuple[int, PageDate]]:
    """Which of the dates that leave out their year are of another year, by their neighbours."""
    is_open = [row.written is not None and row.written.is_open for row in rows]
    if sum(is_open) < 2:
        return
    days = [item.date.date() if isinstance(item.date, datetime) else item.date for item in items]
    for index, (before, after) in enumerate(zip(days, count_years(days, is_open), strict=True)):
        date = items[index].date
        if before != after and after is not None and date is not None:
            yield index, date.replace(year=after.year)


def _nothing_found(rule: ListingRule, page: Page, warnings: list[str]) -> str:
    """Why there is no listing."""
    about = f" on the page {page.title!r}" if page.title else ""
    if warnings:
        return f"no row could be read{about} ({warnings[0]}); rows looked for: {rule.item!r}"
    kind = recognise(page)
    said = f"{kind}; " if kind else ""
    return f"no rows{about}: {said}nothing matches listing.item {rule.item!r}"


def _capped(warnings: list[str]) -> list[str]:
    """The first warnings and the number of the others."""
    if len(warnings) <= _WARNINGS:
        return warnings
    return [*warnings[:_WARNINGS], f"{len(warnings) - _WARNINGS} more rows like these"]


def _read_row(
    element: Element, above: str, context: Context, known: PageDate = None
) -> tuple[Item | None, Row]:
    """The item of one row (None where it holds nothing), and what was read of it.

    above: the heading the row stands under, whose date it has if it has none itself
    known: its date, where that is known better than the row alone tells
    """
    rule = context.rule
    titles, dates = _all(rule.title, element), _all(rule.date, element)
    summaries = _all(rule.summary, element)
    marked = [node for node in (*titles, *dates, *summaries) if not isinstance(node, str)]
    row = Row(element, walk(element, marked, dirty=context.page.dirty), [])

    found_title = _first(titles, row)
    date = date_of(row, dates, context)
    if date is None and above:
        date, row.written = context.plain_date(above)
    date = known or date
    link_element, link = link_of(row, found_title, context)
    title, may_begin_with_date = title_of(row, found_title, link_element, context)
    summary = _summary(row, title, summaries, context)
    if not title:
        title, summary = _title_from(summary, rule.summary is not None, row)
    if may_begin_with_date:
        title = without_date(title, date, context)
    if not title and link is None:
        return None, row
    title = title or name_of(link_element) or link or ""
    item = Item(
        title=title,
        link=link or own_address(anchor_of(element), title, date, context.url),
        own_link=link is not None,
        date=date,
        drifts=row.written is not None and row.written.is_drifting,
        summary="" if repeats(summary, title) else summary,
        image=_image(rule.image, element, context.page.base),
    )
    return item, row


def _title_from(summary: str, is_selected: bool, row: Row) -> tuple[str, str]:
    """Title and summary of a row that has no title: its first paragraph, and the rest.

    is_selected: the rule chose the summary, so that the title is taken from the row's own text
    """
    text = row.walk.without(row.used) if is_selected else summary
    first, _, rest = text.partition("\n\n")
    first = strip_separators(_less_date(one_line(first), row.date_text))
    title = shorten(first, _TITLE_LENGTH)
    if is_selected:
        return title, summary
    return title, (rest if title == first else text)


def _all(selector: Selector | None, row: Element) -> list[Found]:
    return [] if selector is None else selector.all(row)


def _first(found: list[Found], row: Row) -> Found | None:
    """The first thing selected that has text in it, else the first."""
    if len(found) > 1:
        return next((node for node in found if row.text(node)), found[0])
    return found[0] if found else None


def _summary(row: Row, title: str, selected: list[Found], context: Context) -> str:
    """The rule's summary, else the row's text less date, title, separators and empty links."""
    if context.rule.summary is not None:
        return "\n\n".join(text for text in map(row.text, selected) if text)
    for link in row.walk.links:
        if says_read_on(row.walk.lines(*row.walk.spans[link])):
            row.use(link)
    kept = []
    for paragraph in row.walk.without(row.used).split("\n\n"):
        text = strip_separators(_less_date(paragraph, row.date_text))
        if says_something(text) and not repeats(text, title):
            kept.append(text)
    return "\n\n".join(kept)


def _less_date(paragraph: str, date_text: str) -> str:
    """A paragraph without the row's date where that begins or ends it; in a sentence it stays."""
    if not date_text:
        return paragraph
    if paragraph.lstrip(SEPARATORS + "([").startswith(date_text):
        return paragraph.lstrip(SEPARATORS + "([")[len(date_text) :].lstrip(SEPARATORS + ")]")
    if paragraph.rstrip(SEPARATORS + ")]").endswith(date_text):
        return paragraph.rstrip(SEPARATORS + ")]")[: -len(date_text)].rstrip(SEPARATORS + "([")
    return paragraph


def _image(selector: Selector | None, row: Element, base: str) -> str | None:
    """The absolute URL of the row's image, where the rule names one."""
    for found in _all(selector, row):
        if isinstance(found, str):
            stated = [found]
        else:
            element = found if found.tag in ("img", "source", "a") else found.find(".//img")
            stated = (
                [element.get(name) for name in _IMAGE_ATTRIBUTES] if element is not None else []
            )
        for reference in stated:
            image = absolute(reference, base)
            if image is not None:
                return image
    return None
