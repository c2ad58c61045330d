"""Where the rows of a page begin and end, as a rule says it.

Where a row is more than one element, what belongs to it is put into a `<div>` of its own, in its
place; from there on every row is one element. The page is changed by that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lxml import etree

from feedbot.errors import ParseError
from feedbot.source.page import Element, is_link, text_of
from feedbot.source.row import Context
from feedbot.source.tidy import one_line

_LINE_ENDS = frozenset(
    "br hr p div ul ol li dl dt dd table tr td th h1 h2 h3 h4 h5 h6 section article blockquote"
    " pre form".split()
)
_DATE_LENGTH = 80  # of a heading that is a date; a longer text mentions one


def rows_of(root: Element, context: Context) -> list[Element]:
    """The rows, each an element, in the page's order.

    Raises ParseError where the item selector fails on this page.
    """
    rule = context.rule
    try:
        found = [item for item in rule.item.all(root) if not isinstance(item, str)]
    except Exception as error:  # an XPath may fail on what only this page has
        raise ParseError(f"listing.item {rule.rule.item!r} fails on this page: {error}") from error
    items = [item for item in found if item.tag != "tr" or not _is_table_head(item)]
    match rule.rule.rows:
        case "elements":
            return items
        case "following":
            return _with_following(items, items)
        case "dated":
            return _with_following([item for item in items if _has_date(item, context)], items)
        case "linked":
            return _with_following([item for item in items if _has_link(item)], items)
        case "lines":
            return [row for holder in items for row in _lines(holder, context)]


def days_above(rows: list[Element], root: Element, context: Context) -> dict[Element, str]:
    """The heading that each row stands under, as text; by the rule's `day`."""
    selector = context.rule.day
    if selector is None:
        return {}
    headings = {item for item in selector.all(root) if not isinstance(item, str)}
    wanted = set(rows)
    above: dict[Element, str] = {}
    current = ""
    for element in root.iter():
        if element in headings:
            current = one_line(text_of(element))
        elif element in wanted and current:
            above[element] = current
    return above


def _is_table_head(row: Element) -> bool:
    """Whether a table row has heading cells alone, and no link."""
    cells = list(row)
    return (
        bool(cells) and all(cell.tag == "th" for cell in cells) and row.find(".//a[@href]") is None
    )


def _has_date(element: Element, context: Context) -> bool:
    if element.tag == "time" or element.find(".//time") is not None:
        return True
    text = one_line(text_of(element))
    return context.plain_date(text)[1] is not None


def _has_link(element: Element) -> bool:
    return any(is_link(link) for link in element.iter("a"))


def _with_following(starts: list[Element], items: list[Element]) -> list[Element]:
    """A row from each start to the next beside it.

    The last beside each other takes as many elements as the longest of the others, and only such
    as they have: what follows a list is not its last row's.
    """
    marks = set(starts)
    families: dict[Element, list[Element]] = {}
    for start in starts:
        families.setdefault(start.getparent(), []).append(start)
    known, most = _what_follows(starts, marks)
    rows = []
    for start in starts:
        parts = [start]
        for sibling in start.itersiblings():
            if sibling in marks:
                break
            if start is families[start.getparent()][-1] and (
                _kind(sibling) not in known or len(parts) >= most
            ):
                break
            parts.append(sibling)
        rows.append(_wrapped(parts))
    return rows


def _what_follows(starts: list[Element], marks: set[Element]) -> tuple[set[str], int]:
    """What stands between starts: kinds of elements, and the length of the longest row."""
    known: set[str] = set()
    most = 1
    for start in starts:
        kinds: list[str] = []
        for sibling in start.itersiblings():
            if sibling in marks:
                known.update(kinds)
                most = max(most, len(kinds) + 1)
                break
            kinds.append(_kind(sibling))
    return known, most


def _kind(element: Element) -> str:
    return f"{element.tag}.{element.get('class') or ''}"


def _wrapped(parts: list[Element]) -> Element:
    """A `<div>` around some siblings, in their place."""
    wrapper = etree.Element("div")
    parts[0].addprevious(wrapper)
    wrapper.extend(parts)
    return wrapper


def _lines(holder: Element, context: Context) -> list[Element]:
    """The rows of an element whose rows are lines.

    They begin at lines with a date where there are several, else at those with a link.
    """
    lines = list(_cut(holder))
    dated = [line for line in lines if _has_date(line, context)]
    linked = [line for line in lines if _has_link(line)]
    marks = set(dated if len(dated) >= 2 and len(dated) * 2 > len(linked) else linked)
    rows: list[Element] = []
    for line in lines:
        if line in marks:
            rows.append(etree.SubElement(holder, "div"))
        (rows[-1] if rows else holder).append(line)
    return rows


def _cut(holder: Element) -> Iterator[Element]:
    """The lines of an element, each a `<div>` that is put at its end."""
    line = etree.Element("div")
    line.text, holder.text = holder.text, None
    children = list(holder)
    for child in children:
        if child.tag in _LINE_ENDS:
            yield from _filled(line)
            line = etree.Element("div")
            tail, child.tail = child.tail, None
            if child.tag in ("br", "hr"):
                holder.remove(child)
            else:
                line.append(child)
                yield from _filled(line)
                line = etree.Element("div")
            line.text = tail
        else:
            line.append(child)
    yield from _filled(line)


def _filled(line: Element) -> Iterable[Element]:
    return [line] if len(line) or (line.text or "").strip() else []
