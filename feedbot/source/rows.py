"""Where the rows of a page begin and end, as a rule says it.

Where a row is more than one element, what belongs to it is put into a `<div>` of its own, in its
place; from there on every row is one element. The page is changed by that.
"""

from __future__ import annotations

from collections.abc import Callable

from lxml import etree

from feedbot.errors import ParseError
from feedbot.source.dates import may_hold_date, period_of
from feedbot.source.page import Element, is_link, text_of, walk
from feedbot.source.row import Context, whole_date
from feedbot.source.tidy import one_line

_FAR = 60  # rows that one cell goes beside
_LINE_ENDS = frozenset(
    "br hr p div ul ol li dl dt dd table tr td th h1 h2 h3 h4 h5 h6 section article blockquote"
    " pre form".split()
)


def rows_of(root: Element, context: Context) -> list[Element]:
    """The rows, each an element, in the page's order.

    Raises ParseError where the item selector fails on this page.
    """
    rule = context.rule
    try:
        found = [item for item in rule.item.all(root) if not isinstance(item, str)]
    except Exception as error:  # an XPath may fail on what only this page has
        raise ParseError(f"listing.item {rule.rule.item!r} fails on this page: {error}") from error
    has_cells = any(item.tag == "tr" and item.find("td") is not None for item in found)
    items = [item for item in found if item.tag != "tr" or not _is_table_head(item, has_cells)]
    match rule.rule.rows:
        case "elements":
            return items
        case "following":
            return _with_following(items, items)
        case "dated":
            return _with_following([item for item in items if _has_date(item, context)], items)
        case "linked":
            return _with_following([item for item in items if _has_link(item)], items)
        case "linked-lines":
            return [row for holder in items for row in _lines(holder, _has_link)]
        case "dated-lines":
            return [
                row
                for holder in items
                for row in _lines(holder, lambda line: _has_date(line, context))
            ]


def days_above(rows: list[Element], root: Element, context: Context) -> dict[Element, str]:
    """The heading that each row stands under, as text; by the rule's `day`.

    A month alone is one of the year above it.
    """
    selector = context.rule.day
    if selector is None:
        return {}
    headings = {item for item in selector.all(root) if not isinstance(item, str)}
    wanted = set(rows)
    above: dict[Element, str] = {}
    current = year = ""
    for element in root.iter():
        if element in headings:
            current = one_line(text_of(element))
            period = period_of(current, context.language)
            if period and period.year:
                year = str(period.year)
            elif period and year:
                current = f"{current} {year}"
        elif element in wanted and current:
            above[element] = current
    return above


def cell_beside(row: Element, context: Context) -> str:
    """The date in a cell that began in a row above and goes on beside this one; "" for none."""
    if row.tag != "tr":
        return ""
    for far, above in enumerate(row.itersiblings("tr", preceding=True), start=1):
        if far > _FAR:
            break
        for cell in above.iter("td", "th"):
            span = cell.get("rowspan", "")
            if span.isdigit() and int(span) > far:
                text = one_line(text_of(cell))
                if may_hold_date(text) and whole_date(text, context.language):
                    return text
    return ""


def _is_table_head(row: Element, has_cells: bool) -> bool:
    """Whether a table row has heading cells alone, and no link but such as sort what is below.

    has_cells: other rows have more than headings
    """
    cells = list(row)
    if not cells or any(cell.tag != "th" for cell in cells):
        return False
    return has_cells or row.find(".//a[@href]") is None


def _has_date(element: Element, context: Context) -> bool:
    if element.tag == "time" or element.find(".//time") is not None:
        return True
    return any(
        may_hold_date(text) and whole_date(text, context.language) is not None
        for text, _ in walk(element).pieces
    )


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


def _lines(holder: Element, marks: Callable[[Element], bool]) -> list[Element]:
    """The rows of an element whose rows are lines: from each marked line to the next."""
    lines = [line for line in _cut(holder) if len(line) or (line.text or "").strip()]
    rows: list[Element] = []
    for line in lines:
        if marks(line):
            rows.append(etree.SubElement(holder, "div"))
        (rows[-1] if rows else holder).append(line)
    return rows


def _cut(holder: Element) -> list[Element]:
    """The lines of an element, each a `<div>`; nothing else stays in it.

    Old pages open a font or a paragraph and never close it, so that lines lie in each other.
    """
    lines = [etree.Element("div")]

    def text(piece: str | None) -> None:
        if piece:
            line = lines[-1]
            if len(line):
                line[-1].tail = (line[-1].tail or "") + piece
            else:
                line.text = (line.text or "") + piece

    pending: list[tuple[Element, bool]] = [(child, False) for child in reversed(holder)]
    text(holder.text)
    holder.text = None
    while pending:
        child, is_left = pending.pop()
        if is_left:
            lines.append(etree.Element("div"))
            text(child.tail)
            continue
        if child.tag not in _LINE_ENDS and not _has_line_end(child):
            tail, child.tail = child.tail, None
            lines[-1].append(child)
            text(tail)
            continue
        lines.append(etree.Element("div"))
        pending.append((child, True))
        pending.extend((inner, False) for inner in reversed(child))
        text(child.text)
    for child in list(holder):
        holder.remove(child)
    return lines


def _has_line_end(element: Element) -> bool:
    return any(inner.tag in _LINE_ENDS for inner in element.iterdescendants())
