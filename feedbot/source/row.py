"""One row being read: its text, and when it says it was published."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from feedbot.model import PageDate
from feedbot.source.dates import find_date, may_hold_date, understand
from feedbot.source.page import Element, Page, Walk, text_of
from feedbot.source.selectors import CompiledRule, Found
from feedbot.source.tidy import SEPARATORS, one_line


@dataclass(frozen=True, slots=True)
class Context:
    """What every row of a page is read with."""

    page: Page
    rule: CompiledRule
    url: str
    zone: ZoneInfo
    language: str | None


@dataclass(slots=True)
class Row:
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


def date_of(row: Row, selected: list[Found], context: Context) -> PageDate:
    """The row's date: what the rule selects, else a `<time>`, else one found in the text."""
    if context.rule.date is not None:
        return _selected_date(row, selected, context)
    for element in row.walk.times:
        date = _time_element(element, row, context)
        if date is not None:
            row.use(element)
            return date
    return _date_in_text(row, context)


def _selected_date(row: Row, selected: list[Found], context: Context) -> PageDate:
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


def _time_element(element: Element, row: Row, context: Context) -> PageDate:
    """The date of a `<time>`: its `datetime` attribute, else its text."""
    stated = element.get("datetime")
    if stated:
        date = understand(stated, language=context.language, zone=context.zone)
        if date is not None:
            return date
    span = row.walk.spans.get(element)
    text = row.walk.lines(*span) if span else ""
    return understand(text, language=context.language, zone=context.zone) if text else None


def _date_in_text(row: Row, context: Context) -> PageDate:
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
        if within and not around(text, within):
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


def around(text: str, span: tuple[int, int]) -> str:
    """What else than separators and brackets stands beside a span."""
    return (text[: span[0]] + text[span[1] :]).strip(SEPARATORS + "()[]\xa0\r\f")
