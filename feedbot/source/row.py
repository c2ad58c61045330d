"""One row being read: its text, and when it says it was published."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from feedbot.model import PageDate
from feedbot.source.dates import (
    Dated,
    Orders,
    Written,
    first_date,
    may_hold_date,
    plain_date,
    understand,
)
from feedbot.source.page import Element, Page, Walk, text_of
from feedbot.source.selectors import CompiledRule, Found
from feedbot.source.tidy import SEPARATORS, one_line


@dataclass(frozen=True, slots=True)
class Context:
    """What every row of a page is read with.

    now:     the moment of the fetch, see `dates.understand`
    decided: whether the page writes the day or the month first
    """

    page: Page
    rule: CompiledRule
    url: str
    zone: ZoneInfo
    language: str | None
    now: datetime | None = None
    decided: Orders | None = None

    def first_date(self, text: str) -> Dated:
        """See `dates.first_date`."""
        return first_date(
            text, language=self.language, zone=self.zone, now=self.now, decided=self.decided
        )

    def plain_date(self, text: str) -> Dated:
        """See `dates.plain_date`."""
        return plain_date(
            text, language=self.language, zone=self.zone, now=self.now, decided=self.decided
        )


@dataclass(slots=True)
class Row:
    """A row being read.

    used: ranges of its pieces that are title or date, and so no summary
    date_text: a date found in running text, as written there
    written: how the row's date is written, where we have read it ourselves
    """

    element: Element
    walk: Walk
    used: list[tuple[int, int]]
    date_text: str = ""
    unread_date: str = ""
    written: Written | None = None

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
            date = _understood(text, date_format, row, context)
        if not isinstance(found, str):
            row.use(found)
        if date is not None:
            return date
        row.unread_date = row.unread_date or text
    return None


def _understood(text: str, date_format: str | None, row: Row, context: Context) -> PageDate:
    """What a text says that should be a date."""
    if date_format is not None:
        return understand(
            text, date_format=date_format, language=context.language, zone=context.zone
        )
    date, row.written = context.first_date(text)
    return date


def _time_element(element: Element, row: Row, context: Context) -> PageDate:
    """The date of a `<time>`: its `datetime` attribute, else its text."""
    stated = element.get("datetime")
    if stated:
        date, row.written = context.first_date(stated)
        if date is not None:
            return date
    span = row.walk.spans.get(element)
    text = row.walk.lines(*span) if span else ""
    return _understood(text, None, row, context) if text else None


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
        alone, written = context.plain_date(text)
        if written and not around(text, (written.start, written.end)):
            row.used.append((number, number + 1))
            row.written = written
            return alone
    text = row.walk.lines()
    date, written = context.plain_date(text)
    if written is None:
        return None
    for line in text.split("\n"):
        begins, beginning = context.plain_date(line)
        if beginning and not line[: beginning.start].strip(SEPARATORS):
            date, written = begins, beginning
            break
    row.written, row.date_text = written, written.text
    return date


def around(text: str, span: tuple[int, int]) -> str:
    """What else than separators and brackets stands beside a span."""
    return (text[: span[0]] + text[span[1] :]).strip(SEPARATORS + "()[]\xa0\r\f")
