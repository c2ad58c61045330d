"""The rows of an HTML page, found by the selectors of a rule.

    page → rows (item) → each row walked once → title, link, date, summary, image → Item

A row that lacks something is still a row; one that cannot be read at all is reported in the
listing's warnings, and the others stand. A table's heading row (nothing but `<th>`, no link) is no
row.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from feedbot.errors import ParseError
from feedbot.model import MAX_ROWS, Item, Listing, ListingRule, PageDate, SourceKind
from feedbot.source.bounds import MAX_ELEMENTS
from feedbot.source.dates import Written, settle
from feedbot.source.most import first
from feedbot.source.naming import (
    BY,
    anchor_of,
    link_of,
    name_of,
    own_address,
    says_read_on,
    title_of,
    without_date,
)
from feedbot.source.page import Element, Page, absolute, labelled, parse_page, walk
from feedbot.source.pagekind import recognise
from feedbot.source.row import Context, Row, Said, date_of, under
from feedbot.source.rows import cell_beside, days_above, rows_of
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

_WARNINGS = 20  # named one by one; the rest are counted
_SURE = 3  # dated rows with links
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
    most: int = MAX_ROWS,
) -> Listing:
    """Read a decoded page's rows.

    url:      where the page came from (after redirects); links are made absolute by it
    zone:     of times that name none
    language: what the page's dates are written in, unless the page names its own
    now:      the moment of the fetch (aware), from which "yesterday" and a date without its year
              are counted
    most:     how many rows are read

    Raises ParseError where it is no HTML or shows no rows, and nothing else.
    """
    page = parse_page(html, url)
    return read_rows(
        page, Context(page, compile_rule(rule), url, zone, written_in(page, language), now), most
    )


def written_in(page: Page, language: str | None) -> str | None:
    """The language of a page: its own word, more exactly where the source's is (`en-GB`)."""
    if page.language is None or language is None:
        return page.language or language
    if language.lower().startswith(page.language.lower()):
        return language
    return page.language


def read_rows(page: Page, context: Context, most: int = MAX_ROWS) -> Listing:
    """Read the rows of a parsed page, which may be changed by it. Raises as `read_listing`."""
    rule = context.rule.rule
    warnings: list[str] = []
    elements, too_many = first(rows_of(page.root, context), most)
    if page.cut:
        too_many.append(f"the first {MAX_ELEMENTS} elements of the page are read, and no more")
    above = days_above(elements, page.root, context)
    rows: list[_Looked] = []
    for number, element in enumerate(elements, start=1):
        with _left_out(number, warnings):
            rows.append(_look(number, element, above.get(element, ""), context))
    items: list[Item] = []
    for row, date in zip(rows, _settled([row.said for row in rows], context), strict=True):
        with _left_out(row.number, warnings):
            item = _item(row, date, context)
            if item is None:
                raise ValueError("it has neither text nor link")
            items.append(item)
            if date is None and row.row.unread_date:
                unread = shorten(row.row.unread_date, 60)
                warnings.append(f"row {row.number}: date not understood: {unread!r}")
    items = _less_pagers(items)
    if not items:
        raise ParseError(_nothing_found(rule, page, warnings))
    # Pages that come in a list's place have no dated rows with links, and telling them takes time.
    sure = sum(item.own_link and item.date is not None for item in items) >= _SURE
    doubt = None if sure else recognise(page, rows=len(items))
    warnings = [*([str(doubt)] if doubt else []), *too_many, *_capped(warnings)]
    return Listing(tuple(items), SourceKind.HTML, page.title, page.language, tuple(warnings))


def _less_pagers(items: list[Item]) -> list[Item]:
    """The rows of a list with dates and names, without such as have numbers alone ("1 2 3 »")."""
    named = [item for item in items if item.date or any(map(str.isalpha, item.title))]
    dated = sum(item.date is not None for item in named)
    return named if dated >= _SURE and dated * 10 >= 9 * len(named) else items


@contextmanager
def _left_out(number: int, warnings: list[str]) -> Iterator[None]:
    """One bad row, whatever is wrong with it, never loses the rest."""
    try:
        yield
    except Exception as error:
        why = str(error) if type(error) is ValueError else f"{type(error).__name__}: {error}"
        warnings.append(f"row {number}: left out: {why}")


def _settled(said: Sequence[Said], context: Context) -> list[PageDate]:
    """What the rows' dates mean, decided by all of them together."""
    written = [one for one in said if isinstance(one, Written)]
    values = iter(settle(written, now=context.now, zone=context.zone, language=context.language))
    return [next(values) if isinstance(one, Written) else one for one in said]


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


@dataclass(frozen=True, slots=True)
class _Looked:
    """A row that has been looked at, before the dates are settled."""

    number: int
    row: Row
    title: Found | None
    summaries: list[Found]
    said: Said


def _look(number: int, element: Element, above: str, context: Context) -> _Looked:
    """Walk a row once, and find what it says of its date.

    above: the heading the row stands under, whose date it has if it has none itself
    """
    rule = context.rule
    titles, dates = _all(rule.title, element), _all(rule.date, element)
    summaries = _all(rule.summary, element)
    marked = [node for node in (*titles, *dates, *summaries) if not isinstance(node, str)]
    row = Row(element, walk(element, marked, dirty=context.page.dirty), [])
    titles, dates = titles or _after_label(rule.title, row), dates or _after_label(rule.date, row)
    summaries = summaries or _after_label(rule.summary, row)
    said = date_of(row, dates, context)
    if said is None and not above:
        above = cell_beside(element, context)
    if above:
        said = under(said, row, above, context)
    return _Looked(number, row, _first(titles, row), summaries, said)


def _item(looked: _Looked, date: PageDate, context: Context) -> Item | None:
    """The item of one row, None where it holds nothing."""
    rule, row = context.rule, looked.row
    element = row.element
    link_element, link = link_of(row, looked.title, context)
    title, may_hold_its_date = title_of(row, looked.title, link_element, context)
    summary = _summary(row, title, looked.summaries, context)
    if not title:
        title, summary = _title_from(summary, rule.summary is not None, row)
    if may_hold_its_date:
        title = without_date(title, date, context)
    if not title and link is None:
        return None
    title = title or name_of(link_element) or link or ""
    return Item(
        title=title,
        link=link or own_address(anchor_of(element), title, date, context.url),
        own_link=link is not None,
        date=date,
        drifts=isinstance(looked.said, Written) and looked.said.is_drifting,
        summary="" if repeats(summary, title) else summary,
        image=_image(rule.image, element, context.page.base),
        author=_author(rule.author, row),
    )


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
    """What is selected in a row by its markup."""
    return [] if selector is None or selector.label is not None else selector.all(row)


def _after_label(selector: Selector | None, row: Row) -> list[Found]:
    """What is selected by a label, in the text of a row that has been walked."""
    if selector is None or selector.label is None:
        return []
    found = labelled(row.lines, selector.label)
    return [] if found is None else [found]


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


def _author(selector: Selector | None, row: Row) -> str | None:
    """Who wrote it, where the rule says so, without "By"."""
    for found in _all(selector, row.element) or _after_label(selector, row):
        name = BY.sub("", one_line(row.text(found)))
        if name:
            return name
    return None


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
