"""The rows of an HTML page, found by the selectors of a rule.

    page → rows (item) → each row walked once → title, link, date, summary, image → Item

A row that lacks something is still a row; one that cannot be read at all is reported in the
listing's warnings, and the others stand. A table's heading row (nothing but `<th>`, no link) is no
row.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote, urldefrag
from zoneinfo import ZoneInfo

from feedbot.errors import ParseError
from feedbot.model import Item, Listing, ListingRule, PageDate, SourceKind
from feedbot.source.dates import find_date, may_hold_date, understand
from feedbot.source.page import Element, Page, Walk, absolute, is_link, parse_page, text_of, walk
from feedbot.source.selectors import (
    CompiledRule,
    Found,
    Selector,
    check_rule,
    compile_rule,
)
from feedbot.source.tidy import (
    SEPARATORS,
    one_line,
    repeats,
    says_something,
    shorten,
    strip_separators,
    words,
)

__all__ = ["CompiledRule", "check_rule", "compile_rule", "own_address", "read_listing"]

_WARNINGS = 20  # named one by one; the rest are counted
_TITLE_LENGTH = 300  # of a title made from a row's text, which may be an article
_EMPTY_LINKS = frozenset(
    "more|read more|read|read on|read full article|full text|continue|continue reading|details"
    "|learn more|view|view more|here|link|permalink|more details|see more|open"
    "|подробнее|далее|читать далее|читать|читать полностью|читать дальше|дальше|ещё|еще"
    "|узнать больше|подробности|полный текст|читать подробнее|ссылка|открыть|весь текст".split("|")
)
_IMAGE_ATTRIBUTES = ("src", "data-src", "data-original", "content", "href")


@dataclass(frozen=True, slots=True)
class _Context:
    """What every row of a page is read with."""

    page: Page
    rule: CompiledRule
    url: str
    zone: ZoneInfo
    language: str | None


@dataclass(slots=True)
class _Row:
    """A row being read.

    used: ranges of its pieces that are title or date, and so no summary
    date_text: a date found in running text, as written there
    """

    element: Element
    walk: Walk
    used: list[tuple[int, int]]
    date_text: str = ""
    unread_date: str = ""

    def text(self, found: Found | None) -> str:
        """The text of what a selector found, paragraphs kept; it may stand outside the row."""
        if found is None:
            return ""
        if isinstance(found, str):
            return one_line(found)
        span = self.walk.spans.get(found)
        return self.walk.lines(*span) if span else text_of(found)

    def use(self, element: Element) -> None:
        """Keep an element's text out of the summary."""
        span = self.walk.spans.get(element)
        if span:
            self.used.append(span)


def read_listing(
    html: str, rule: ListingRule, *, url: str, zone: ZoneInfo, language: str | None
) -> Listing:
    """Read a decoded page's rows.

    url:      where the page came from (after redirects); links are made absolute by it
    zone:     of times that name none
    language: decides day/month order, see `dates.understand`

    Raises ParseError where it is no HTML or shows no rows, and nothing else.
    """
    compiled = compile_rule(rule)
    page = parse_page(html, url)
    context = _Context(page, compiled, url, zone, language)
    items: list[Item] = []
    warnings: list[str] = []
    for number, element in enumerate(_rows(page, compiled), start=1):
        try:
            item, unread = _read_row(element, context)
        except Exception as error:  # one bad row, whatever is wrong with it, never loses the rest
            warnings.append(f"row {number}: left out: {type(error).__name__}: {error}")
            continue
        if item is None:
            warnings.append(f"row {number}: left out: it has neither text nor link")
            continue
        items.append(item)
        if unread:
            warnings.append(f"row {number}: date not understood: {shorten(unread, 60)!r}")
    if not items:
        raise ParseError(_nothing_found(rule, page, warnings))
    return Listing(
        tuple(items), SourceKind.HTML, page.title, page.language, tuple(_capped(warnings))
    )


def _rows(page: Page, rule: CompiledRule) -> list[Element]:
    """The elements that are rows."""
    try:
        found = rule.item.all(page.root)
    except Exception as error:  # an XPath may fail on what only this page has
        raise ParseError(f"listing.item {rule.rule.item!r} fails on this page: {error}") from error
    rows = [element for element in found if not isinstance(element, str)]
    return [row for row in rows if row.tag != "tr" or not _is_table_head(row)]


def _is_table_head(row: Element) -> bool:
    """Whether a table row has heading cells alone, and no link."""
    cells = list(row)
    return (
        bool(cells) and all(cell.tag == "th" for cell in cells) and row.find(".//a[@href]") is None
    )


def _nothing_found(rule: ListingRule, page: Page, warnings: list[str]) -> str:
    """Why there is no listing."""
    about = f" on the page {page.title!r}" if page.title else ""
    if warnings:
        return f"no row could be read{about} ({warnings[0]}); rows looked for: {rule.item!r}"
    return f"no rows{about}: nothing matches listing.item {rule.item!r}"


def _capped(warnings: list[str]) -> list[str]:
    """The first warnings and the number of the others."""
    if len(warnings) <= _WARNINGS:
        return warnings
    return [*warnings[:_WARNINGS], f"{len(warnings) - _WARNINGS} more rows like these"]


def _read_row(element: Element, context: _Context) -> tuple[Item | None, str]:
    """The item of one row (None where it holds nothing), and its date's text if not understood."""
    rule = context.rule
    titles, dates = _all(rule.title, element), _all(rule.date, element)
    summaries = _all(rule.summary, element)
    marked = [node for node in (*titles, *dates, *summaries) if not isinstance(node, str)]
    row = _Row(element, walk(element, marked, dirty=context.page.dirty), [])

    found_title = _first(titles, row)
    date = _date(row, dates, context)
    link_element, link = _link(row, found_title, context)
    title, may_begin_with_date = _title(row, found_title, link_element, context)
    summary = _summary(row, title, summaries, context)
    if not title:
        title, summary = _title_from(summary, rule.summary is not None, row)
    if may_begin_with_date:
        title = _without_date(title, date, context)
    if not title and link is None:
        return None, ""
    title = title or _name_of(link_element) or link or ""
    item = Item(
        title=title,
        link=link or own_address(_anchor(element), title, date, context.url),
        own_link=link is not None,
        date=date,
        summary="" if repeats(summary, title) else summary,
        image=_image(rule.image, element, context.page.base),
    )
    return item, row.unread_date


def _title_from(summary: str, is_selected: bool, row: _Row) -> tuple[str, str]:
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


def _first(found: list[Found], row: _Row) -> Found | None:
    """The first thing selected that has text in it, else the first."""
    if len(found) > 1:
        return next((node for node in found if row.text(node)), found[0])
    return found[0] if found else None


# --- date ----------------------------------------------------------------------------------------


def _date(row: _Row, selected: list[Found], context: _Context) -> PageDate:
    """The row's date: what the rule selects, else a `<time>`, else one found in the text."""
    if context.rule.date is not None:
        return _selected_date(row, selected, context)
    for element in row.walk.times:
        date = _time_element(element, row, context)
        if date is not None:
            row.use(element)
            return date
    return _date_in_text(row, context)


def _selected_date(row: _Row, selected: list[Found], context: _Context) -> PageDate:
    """The first of what the rule selects that can be read."""
    date_format = context.rule.rule.date_format
    for found in selected:
        text = ""
        date: PageDate = None
        if date_format is None and not isinstance(found, str) and found.tag == "time":
            date = _time_element(found, row, context)
        if date is None:
            text = row.text(found)
            date = understand(
                text, date_format=date_format, language=context.language, zone=context.zone
            )
        if not isinstance(found, str):
            row.use(found)
        if date is not None:
            return date
        row.unread_date = row.unread_date or text
    return None


def _time_element(element: Element, row: _Row, context: _Context) -> PageDate:
    """The date of a `<time>`: its `datetime` attribute, else its text."""
    stated = element.get("datetime")
    if stated:
        date = understand(stated, language=context.language, zone=context.zone)
        if date is not None:
            return date
    span = row.walk.spans.get(element)
    text = row.walk.lines(*span) if span else ""
    return understand(text, language=context.language, zone=context.zone) if text else None


def _date_in_text(row: _Row, context: _Context) -> PageDate:
    """A date in the row's text.

    One that stands by itself is believed before one that begins a line, and that before one in the
    middle of a sentence, which may be when the event was.
    """
    dated = [number for number, piece in enumerate(row.walk.pieces) if may_hold_date(piece[0])]
    if not dated:
        return None
    for number in dated:
        text = row.walk.pieces[number][0]
        alone, within = find_date(text, language=context.language, zone=context.zone)
        if within and not _around(text, within):
            row.used.append((number, number + 1))
            return alone
    text = row.walk.lines()
    date, span = find_date(text, language=context.language, zone=context.zone)
    if span is None:
        return None
    for line in text.split("\n"):
        begins, within = find_date(line, language=context.language, zone=context.zone)
        if within and not line[: within[0]].strip(SEPARATORS):
            row.date_text = line[within[0] : within[1]]
            return begins
    row.date_text = text[span[0] : span[1]]
    return date


def _around(text: str, span: tuple[int, int]) -> str:
    """What else than separators and brackets stands beside a span."""
    return (text[: span[0]] + text[span[1] :]).strip(SEPARATORS + "()[]\xa0\r\f")


# --- link ----------------------------------------------------------------------------------------


def _link(row: _Row, title: Found | None, context: _Context) -> tuple[Element | None, str | None]:
    """The row's link and its element: the rule's, else the title's own, else the first."""
    base = context.page.base
    if context.rule.link is not None:
        for found in context.rule.link.all(row.element):
            href = found if isinstance(found, str) else _href(found)
            link = absolute(href, base)
            if link is not None:
                return (None if isinstance(found, str) else found), link
        return None, None
    for element in _candidates(row, title):
        link = absolute(element.get("href"), base) if is_link(element) else None
        if link is not None:
            return element, link
    return None, None


def _href(element: Element) -> str | None:
    """The reference of an element that a `link` rule selects: its own or that of a link in it."""
    href: str | None = element.get("href")
    if href is None:
        inner = element.find(".//a[@href]")
        href = None if inner is None else inner.get("href")
    return href


def _candidates(row: _Row, title: Found | None) -> Iterator[Element]:
    """Links in the order of trust: in the title, around it, then any in the row."""
    if title is not None and not isinstance(title, str):
        yield from [title] if title.tag == "a" else title.iter("a")
        yield from title.iterancestors("a")
    yield from row.walk.links
    if row.element.tag != "a":
        yield from row.element.iterancestors("a")


# --- title ---------------------------------------------------------------------------------------


def _title(
    row: _Row, selected: Found | None, link: Element | None, context: _Context
) -> tuple[str, bool]:
    """The title ("" where the row's text must serve), and whether a date may begin it."""
    if selected is not None:
        title = " ".join(row.text(selected).split())
        if title and not isinstance(selected, str):
            row.use(selected)
        return title, not isinstance(selected, str)
    for element in _title_elements(row, link):
        span = row.walk.spans.get(element)
        title = " ".join(row.walk.lines(*span).split()) if span else ""
        if _says_something(title, context):
            row.use(element)
            return title, True
    return "", True


def _title_elements(row: _Row, link: Element | None) -> list[Element]:
    """Where a title may be: the link (its heading first), one to the same place, a heading."""
    if link is None:
        return row.walk.headings
    href = link.get("href")
    inner = [heading for heading in row.walk.headings if link in heading.iterancestors("a")]
    same = [other for other in row.walk.links if other is not link and other.get("href") == href]
    return [*inner, link, *same, *row.walk.headings]


def _says_something(title: str, context: _Context) -> bool:
    """Whether a link's text names anything: not "Read more", not a date alone."""
    if not says_something(title) or _is_empty(title):
        return False
    _, span = find_date(title, language=context.language, zone=context.zone)
    return span is None or bool(_around(title, span))


def _is_empty(text: str) -> bool:
    """Whether a link's text is "Read more" or the like."""
    return len(text) < 40 and words(text) in _EMPTY_LINKS


def _without_date(title: str, date: PageDate, context: _Context) -> str:
    """A title without the row's own date at its beginning ("27.05.2020 - …")."""
    if date is None:
        return title
    found, span = find_date(title, language=context.language, zone=context.zone)
    if span is None or found != date or title[: span[0]].strip(SEPARATORS + "(["):
        return title
    return title[span[1] :].lstrip(SEPARATORS + ")]") or title


def _name_of(link: Element | None) -> str:
    """What a link without text says of itself."""
    if link is None:
        return ""
    names = [link.get("title"), link.get("aria-label")]
    names += [image.get("alt") for image in link.iter("img")]
    return next((name for name in map(one_line, filter(None, names)) if name), "")


def _anchor(row: Element) -> str | None:
    """A name that the page itself gives the row."""
    named = [row, *row.iter("a")]
    return next((name for tag in named if (name := tag.get("id") or tag.get("name"))), None)


def own_address(anchor: str | None, title: str, date: PageDate, url: str) -> str:
    """The page `url` with a fragment, for a row without a link.

    The fragment is the row's own name where it has one, else a hash of its title and date, so that
    it stays when rows are added above it.
    """
    if not anchor:
        said = f"{words(title)}\n{date.isoformat() if date else ''}"
        anchor = "row-" + hashlib.sha256(said.encode()).hexdigest()[:12]
    return f"{urldefrag(url).url}#{quote(one_line(anchor), safe='-._~!$()*+,;=:@/?')}"


# --- the rest ------------------------------------------------------------------------------------


def _summary(row: _Row, title: str, selected: list[Found], context: _Context) -> str:
    """The rule's summary, else the row's text less date, title, separators and empty links."""
    if context.rule.summary is not None:
        return "\n\n".join(text for text in map(row.text, selected) if text)
    for link in row.walk.links:
        if _is_empty(row.walk.lines(*row.walk.spans[link])):
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
