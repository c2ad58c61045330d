"""A text longer than a message as several: parted where a reader pauses, all markup kept.

A part ends at a paragraph or line if one ends in its second half, else at a sentence, else at a
word, else between two characters as they are drawn; never inside a link, unless the link alone is
longer than a part. Tags still open are closed and opened again in the next part.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import escape

from feedbot.render.telegram_html import MAX_TEXT, decode, fits, parse
from feedbot.render.text import cluster_end, joined

#: More parts than this would be a flood; the text is shortened to as many.
MAX_PARTS = 10
_COUNT = len("\n\n(999/999)")
#: The ends of what is read in one breath, the longest first; a part may end where a match begins.
_PAUSES = (
    re.compile(r"\n"),
    re.compile(r"(?<=[.!?…])\s|(?<=[.!?…][\"'»”’)\]])\s|(?<=[。！？])"),
    re.compile(r"\s"),
)
_SMALL = 64  # units; markup too heavy even for so little text is left out


@dataclass(slots=True)
class _Span:
    """What an opening tag (as written) and its end enclose: text[start:end]."""

    name: str
    raw: str
    start: int
    end: int


def split(html: str, limit: int = MAX_TEXT) -> list[str]:
    """`html` as messages of at most `limit` UTF-16 units, counted `(1/3)` where there are several.

    Joined, without the counts and the white space where they were parted, they are all of its text.
    Raises MarkupError.
    """
    if fits(html, limit):
        return [html]
    text, spans = _flat(html)
    parts = list(_parts(text, spans, limit - _COUNT))
    return [f"{part}\n\n({number}/{len(parts)})" for number, part in enumerate(parts, 1)]


def _flat(html: str) -> tuple[str, list[_Span]]:
    """The visible text, and what encloses which of it, outer before inner."""
    text: list[str] = []
    length = 0
    spans: list[_Span] = []
    open_spans: list[_Span] = []
    for token in parse(html):
        if isinstance(token, str):
            text.append(decode(token))
            length += len(text[-1])
        elif token.closing:
            open_spans.pop().end = length
        else:
            open_spans.append(_Span(token.name, token.raw, length, length))
            spans.append(open_spans[-1])
    return "".join(text), [span for span in spans if span.start < span.end]


def _parts(text: str, spans: Sequence[_Span], room: int) -> Iterator[str]:
    at, stop = _trimmed(text, 0, len(text))
    while at < stop:
        size = room
        while True:
            end = _end(text, spans, at, stop, size)
            html = _markup(text, spans, *_trimmed(text, at, end))
            if fits(html, room):
                break
            size //= 2
            if size < _SMALL:
                html = str(escape(text[at:end]))
                break
        yield html
        at, _ = _trimmed(text, end, stop)


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """The ends of text[start:end] without white space around it."""
    while start < end and text[start].isspace():
        start += 1
    while start < end and text[end - 1].isspace():
        end -= 1
    return start, end


def _end(text: str, spans: Sequence[_Span], at: int, stop: int, size: int) -> int:
    """Where the part that begins at `at` ends, at most `size` UTF-16 units on."""
    units = text[at : min(at + size, stop)].encode("utf-16-le")[: 2 * size]
    last = at + len(units.decode("utf-16-le", "ignore"))
    if last >= stop:
        return stop
    links = [
        span
        for span in spans
        if span.name == "a"
        and (span.start < last and at < span.end)
        # a link from before this part to beyond it cannot be kept whole
        and not (span.start <= at and last < span.end)
    ]
    half = at + max(1, (last - at) // 2)
    for pause in _PAUSES:
        ends = [match.start() for match in pause.finditer(text, half, last + 1)]
        for end in reversed(ends):
            if end <= last and not joined(text, end) and not _within(links, end):
                return end
    end = min([span.start for span in links if span.start < last < span.end], default=last)
    whole = cluster_end(text, end)
    return whole if whole > at else end


def _within(links: Sequence[_Span], place: int) -> bool:
    return any(link.start < place < link.end for link in links)


def _markup(text: str, spans: Sequence[_Span], start: int, end: int) -> str:
    """text[start:end] with the tags of what encloses it."""
    written: list[str] = []
    open_spans: list[_Span] = []
    at = start

    def write(to: int) -> None:
        nonlocal at
        written.append(str(escape(text[at:to])))
        at = to

    def close(until: int) -> None:
        while open_spans and open_spans[-1].end <= until:
            write(min(open_spans[-1].end, end))
            written.append(f"</{open_spans.pop().name}>")

    for span in spans:
        if span.end <= start or span.start >= end:
            continue
        close(span.start)
        write(max(span.start, start))
        written.append(span.raw)
        open_spans.append(span)
    close(len(text))
    write(end)
    return "".join(written)
