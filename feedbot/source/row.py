"""One row being read: its text, and when it says it was published."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from feedbot.model import PageDate
from feedbot.source.dates import (
    Written,
    completed,
    date_in_url,
    day_under,
    may_hold_date,
    period_of,
    scan,
    understand,
)
from feedbot.source.page import Element, Page, Walk, text_of
from feedbot.source.selectors import CompiledRule, Found
from feedbot.source.tidy import SEPARATORS, one_line

_BOX = 30  # characters of a date in pieces

#: What a row says of its date: as it is written, for the whole list to settle; or what it is.
Said = Written | PageDate


@dataclass(frozen=True, slots=True)
class Context:
    """What every row of a page is read with. now: the moment of the fetch, aware, where known."""

    page: Page
    rule: CompiledRule
    url: str
    zone: ZoneInfo
    language: str | None
    now: datetime | None = None


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
    _lines: str | None = None

    @property
    def lines(self) -> str:
        """The row's whole text, made once."""
        if self._lines is None:
            self._lines = self.walk.lines()
        return self._lines

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


def date_of(row: Row, selected: list[Found], context: Context) -> Said:
    """The row's date: what the rule selects, else a `<time>`, else one found in the text."""
    if context.rule.date is not None:
        return _selected_date(row, selected, context)
    for element in row.walk.times:
        said = _time_element(element, row, context)
        if said is not None:
            row.use(element)
            return said
    return _date_in_text(row, context)


def under(said: Said, row: Row, above: str, context: Context) -> Said:
    """What a row says of its date, completed by the heading above it: a date, a month or a year."""
    period = period_of(above, context.language)
    if period is None:
        return said if said is not None else next(iter(scan(above, context.language)), None)
    if isinstance(said, Written):
        return completed(said, period) or said
    return said if said is not None else day_under(row.unread_date, context.language, period)


def _selected_date(row: Row, selected: list[Found], context: Context) -> Said:
    """The first of what the rule selects that can be read."""
    for found in selected:
        said, text = _read_selected(found, row, context)
        if not isinstance(found, str):
            row.use(found)
        if said is not None:
            return said
        row.unread_date = row.unread_date or text
    return None


def _read_selected(found: Found, row: Row, context: Context) -> tuple[Said, str]:
    """What one selected thing says, and its text."""
    date_format = context.rule.rule.date_format
    text = row.text(found)
    if date_format is not None:
        return (
            understand(text, date_format=date_format, language=context.language, zone=context.zone),
            text,
        )
    if not isinstance(found, str) and (found.tag == "time" or found.get("datetime")):
        return _time_element(found, row, context), text
    if not isinstance(found, str) and (piece := _in_pieces(found, row, context)):
        return piece, text
    if isinstance(found, str) and "/" in text and (stated := _in_address(text)):
        return stated, text
    return _said(text, context), text


def _in_pieces(element: Element, row: Row, context: Context) -> Written | None:
    """The date of one of an element's pieces, or of all together where none is one alone.

    A count of views may stand right after it, with nothing between.
    """
    span = row.walk.spans.get(element)
    pieces = [text.strip() for text, _ in row.walk.pieces[slice(*span)]] if span else []
    if len(pieces) < 2:
        return None
    for piece in pieces:
        if may_hold_date(piece) and (found := whole_date(piece, context.language)):
            return found
    if len(pieces) > 4 or sum(map(len, pieces)) > _BOX:
        return None
    return date_in_box(pieces, context.language)


def whole_date(text: str, language: str | None) -> Written | None:
    """The first whole date in a text; what is written as much else is too must be all of it."""
    for one in scan(text, language):
        if not one.is_relative and one.readings[0].day is None:
            continue
        if not one.weak or not around(text, (one.start, one.end)):
            return one
    return None


def _in_address(text: str) -> PageDate:
    """The day that a link has in it; a month alone is none."""
    found = date_in_url(text) if " " not in text and text.count("/") > 2 else None
    return date(found.year, found.month, found.day) if found and found.day else None


def date_in_box(pieces: Sequence[str], language: str | None) -> Written | None:
    """A date whose pieces stand in elements of their own ("12", "May"), whichever comes first."""
    pieces = [piece.strip() for piece in pieces]
    texts = [" ".join(pieces), "-".join(reversed(pieces)), " ".join(reversed(pieces))]
    if any(piece.endswith(("月", "월")) for piece in pieces):
        texts += [text.replace(" ", "") + "日" for text in (texts[2], texts[0])]
    for text in texts:
        for one in scan(text, language):
            if one.readings and one.readings[0].day and not around(text, (one.start, one.end)):
                return one
    return None


def _said(text: str, context: Context) -> Said:
    """The first whole date in a text that should be one."""
    found = next(_whole(text, context), None)
    if found is not None:
        return found
    return understand(text, language=context.language, zone=context.zone, now=context.now)


def _whole(text: str, context: Context) -> Iterator[Written]:
    """The dates in a text that name a day."""
    for one in scan(text, context.language):
        if one.is_relative or one.readings[0].day is not None:
            yield one


def _time_element(element: Element, row: Row, context: Context) -> Said:
    """The date of a `<time>`: its `datetime` attribute, else its text."""
    stated = element.get("datetime")
    if stated and (said := _said(stated, context)) is not None:
        return said
    span = row.walk.spans.get(element)
    text = row.walk.lines(*span) if span else ""
    return _said(text, context) if text else None


def _date_in_text(row: Row, context: Context) -> Said:
    """A date in the row's text.

    One that stands by itself is believed before one that begins a line, and that before one in the
    middle of a sentence, which may be when the event was. What is written as much else is too
    ("3/5") must stand by itself.
    """
    dated = [number for number, piece in enumerate(row.walk.pieces) if may_hold_date(piece[0])]
    if not dated:
        return None
    for number in dated:
        text = row.walk.pieces[number][0]
        for one in _whole(text, context):
            if not around(text, (one.start, one.end)):
                row.used.append((number, number + 1))
                return one
    text = row.lines
    first: Written | None = None
    for line in text.split("\n"):
        for one in _whole(line, context):
            if one.weak:
                continue
            if not line[: one.start].strip(SEPARATORS):
                row.date_text = line[one.start : one.end]
                return one
            if first is None:
                first = one
                row.date_text = line[one.start : one.end]
    return first


def around(text: str, span: tuple[int, int]) -> str:
    """What else than separators and brackets stands beside a span."""
    return (text[: span[0]] + text[span[1] :]).strip(SEPARATORS + "()[]\xa0\r\f")
