"""How much of an answer is parsed, in parts: a tree takes a hundred times its text's memory.

Three megabytes can be a thousand articles, or a million elements that nobody reads.
"""

from __future__ import annotations

import re
from itertools import islice, pairwise
from typing import NamedTuple

from feedbot.errors import ParseError

#: Of a page, and of the text of an entry: 2,000 rows of 15 elements have them.
MAX_ELEMENTS = 30_000
#: Characters of such a text.
MAX_TEXT = 1_000_000
#: Tags of a sitemap, values of a JSON document: less than one in eight bytes of the most allowed.
MAX_PARTS = 400_000
_OPENING = re.compile(r"<[A-Za-z]")


def first_elements(html: str, most: int = MAX_ELEMENTS) -> str:
    """An HTML document's text before what is beyond its first `most` elements."""
    if html.count("<") <= most:
        return html
    beyond = next(islice(_OPENING.finditer(html), most, None), None)
    return html[: beyond.start()] if beyond else html


class Entries(NamedTuple):
    """An XML feed with its first entries alone, how many it had, and about how long the longest."""

    text: str
    number: int
    longest: int


def first_entries(text: str, prefix: str, most: int) -> Entries:
    """An XML feed with its first `most` entries; `prefix`: of its vocabulary, with the colon."""
    opening = re.compile(f"<{re.escape(prefix)}(?:item|entry)(?=[\\s/>])")
    starts = [found.start() for found in opening.finditer(text)]
    longest = max((end - start for start, end in pairwise([*starts, len(text)])), default=0)
    if len(starts) <= most:
        return Entries(text, len(starts), longest)
    closing = max(text.rfind(f"</{prefix}{name}>") for name in ("item", "entry"))
    end = text.find(">", max(closing, starts[-1])) + 1
    kept = text[: starts[most]] + (text[end:] if end else "")
    return Entries(kept, len(starts), longest)


def refuse_many_tags(text: str) -> None:
    """Raise ParseError for XML of so many tags that its tree would take too much memory."""
    if text.count("<") > MAX_PARTS:
        raise ParseError(f"more than {MAX_PARTS} tags in it")


def refuse_many_values(text: str) -> None:
    """Raise ParseError for JSON of so many values that they would take too much memory."""
    if sum(map(text.count, ",[{")) > MAX_PARTS:
        raise ParseError(f"more than {MAX_PARTS} values in it")
