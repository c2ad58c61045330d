"""HTML as a tree that can be walked: parsing, links, and text in document order."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

from lxml import etree

from feedbot.errors import ParseError
from feedbot.source.bounds import first_elements
from feedbot.source.tidy import clean, one_line, words

# lxml ships no types; an element is Any to the type checker.
Element = Any

#: Elements whose text nobody reads; elements before and after which a line ends.
UNSEEN = frozenset({"script", "style", "template", "noscript", "svg", "head", "select", "textarea"})
BLOCKS = frozenset(
    "address article aside blockquote body caption center dd details dialog div dl dt fieldset"
    " figcaption figure footer form h1 h2 h3 h4 h5 h6 header hr li main nav ol p pre section"
    " summary table tbody td tfoot th thead tr ul".split()
)
_FILED = frozenset({"a", "time", "h1", "h2", "h3", "h4", "h5", "h6"})
_CONTROLS = bytes(byte for byte in range(32) if byte not in b"\t\n\r") + b"\x7f"
_UNWRITABLE = re.compile(r"[\s\x00-\x20\x7f-\xa0\ud800-\udfff\"<>\\^`{|}]")
_HTTP = ("http", "https")
_SCHEME = re.compile(r"\s*([A-Za-z][A-Za-z0-9+.-]*):")
# What else comes in place of a page, by its first characters (binary ones as any charset has them).
_OTHERS = (
    *(
        ('{"', "JSON"),
        ("{\n", "JSON"),
        ("{ ", "JSON"),
        ("{\r", "JSON"),
        ('["', "JSON"),
        ("[{", "JSON"),
    ),
    *(("%PDF-", "a PDF"), ("PK\x03\x04", "a ZIP file")),
    *(("GIF8", "an image"), ("\x89PNG", "an image"), ("RIFF", "an image")),
)
# In UTF-8, whatever `clean` may take out, and references that may stand for it: C1 controls, soft
# hyphen, U+180E, U+200B-U+200F, U+202A-U+202E, U+2060-U+206F, U+FEFF, noncharacters.
_DIRT = re.compile(
    rb"&(?:#|shy|zw|lrm|rlm|NoB|Zero|Neg|ic;|it;|af;|Inv|App)|\xc2[\x80-\x9f\xad]|\xe1\xa0\x8e"
    rb"|\xe2(?:\x80[\x8b-\x8f\xaa-\xae]|\x81[\xa0-\xaf])|\xef(?:\xbb\xbf|\xb7|\xbf[\xbe\xbf])"
    rb"|[\xf0-\xf4].[\xbf].",
    re.S,
)
_MARKUP = re.compile(r"<[A-Za-z!]")


@dataclass(frozen=True, slots=True)
class Page:
    """A parsed page: its tree, the URL that links are relative to, and what it says of itself.

    cut:   it has more elements than are read
    dirty: whether it may hold invisible or forbidden characters, as such or as references
    """

    root: Element
    base: str
    title: str | None
    language: str | None
    dirty: bool
    cut: bool = False


def parse_page(html: str, url: str) -> Page:
    """The tree of a decoded page fetched from `url`.

    Truncated and deeply nested pages come out as far as they go, the largest as far as
    MAX_ELEMENTS. Raises ParseError where there is no HTML.
    """
    start = html[:200].lstrip("\ufeff \t\r\n\0")
    if not start and not html.strip("\ufeff \t\r\n\0"):
        raise ParseError("the page is empty")
    other = next((name for sign, name in _OTHERS if start.startswith(sign)), None)
    if other or not _MARKUP.search(html):
        what = f"this is {other}" if other else "there is no markup in it"
        raise ParseError(f"not HTML: {what}, it starts with {one_line(start)[:40]!r}")
    read = first_elements(html)
    data = read.encode("utf-8", "ignore").translate(None, _CONTROLS)
    parser = etree.HTMLParser(
        encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True, no_network=True
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.LxmlError, ValueError) as error:
        raise ParseError(f"not HTML: {error}") from error
    if root is None:
        raise ParseError("not HTML: no element in it")
    base = root.find(".//base[@href]")
    title = root.find(".//title")
    heading = one_line(title.text or "") if title is not None else ""
    return Page(
        root=root,
        base=(absolute(base.get("href"), url) if base is not None else None) or url,
        title=heading or None,
        language=one_line(root.get("lang") or "") or None,
        dirty=_DIRT.search(data) is not None,
        cut=len(read) < len(html),
    )


def absolute(href: str | None, base: str) -> str | None:
    """The absolute http(s) URL of a reference, None where it leads nowhere (`javascript:`, …).

    Fragment and query are kept: they may tell rows apart.
    """
    if href is None:
        return None
    href = href.strip() if href.isascii() else clean(href.strip())
    if not href:
        return None
    scheme = _SCHEME.match(href)
    if scheme and scheme[1].lower() not in _HTTP:
        return None
    if href[0] == "/" and href[1:2] != "/" and "/." not in href:
        joined = _origin(base) + href  # the commonest kind of link, spared the slow way
    else:
        try:
            full = scheme and href.startswith("//", scheme.end())
            joined = href if full else urljoin(base, href)
            if not urlsplit(joined).hostname:
                return None
        except ValueError:  # "Invalid IPv6 URL" and the like
            return None
    if not _UNWRITABLE.search(joined):
        return joined
    return _UNWRITABLE.sub(lambda found: quote(found[0], safe="", errors="ignore"), joined)


@lru_cache(maxsize=64)
def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def is_link(element: Element) -> bool:
    """Whether it is a link over http that leads off its own page."""
    href = (element.get("href") or "").strip()
    if href[:1] in ("", "#"):
        return False
    scheme = _SCHEME.match(href)
    return scheme is None or scheme[1].lower() in _HTTP


#: A run of text as it stands in one element, and what stands before it: 0 nothing, 1 a line break,
#: 2 the edge of a block.
Piece = tuple[str, int]


@dataclass(slots=True)
class Walk:
    """One walk over a row: its text in document order, and what else a reader looks for.

    spans: for each element of interest, the range of `pieces` inside it
    """

    pieces: list[Piece] = field(default_factory=list)
    spans: dict[Element, tuple[int, int]] = field(default_factory=dict)
    links: list[Element] = field(default_factory=list)
    headings: list[Element] = field(default_factory=list)
    times: list[Element] = field(default_factory=list)

    def file(self, element: Element, tag: str) -> None:
        """Keep an element by what it is."""
        if tag == "a":
            self.links.append(element)
        elif tag == "time":
            self.times.append(element)
        else:
            self.headings.append(element)

    def lines(self, start: int = 0, end: int | None = None) -> str:
        """The text of a range of pieces, see `lines`."""
        pieces = self.pieces[start:end]
        if len(pieces) == 1:  # a cell, a link: the commonest case, spared the joining
            return " ".join(pieces[0][0].split())
        return lines(pieces)

    def without(self, spans: Iterable[tuple[int, int]]) -> str:
        """The text outside some ranges of pieces; what they stood between stays apart."""
        dropped = {number for start, end in spans for number in range(start, end)}
        if not dropped:
            return lines(self.pieces)
        kept = []
        gap = 0
        for number, (text, before) in enumerate(self.pieces):
            if before > gap:
                gap = before
            if number not in dropped:
                kept.append((text, gap))
                gap = 0
        return lines(kept)


def walk(row: Element, marked: Iterable[Element] = (), *, dirty: bool = True) -> Walk:
    """Read `row` once; `marked` elements get a span besides links and headings.

    dirty: whether there may be characters in it that must go, see `Page.dirty`
    """
    found = Walk()
    pieces = found.pieces
    opened: dict[Element, int] = dict.fromkeys(marked, 0)
    gap = 2
    walker = etree.iterwalk(row, events=("start", "end"))
    for event, element in walker:
        tag = element.tag
        if event == "start":
            if tag in UNSEEN or "hidden" in element.keys():  # noqa: SIM118 - it iterates over children
                walker.skip_subtree()
                continue
            if tag in BLOCKS:
                gap = 2
            elif tag == "br":
                gap = min(gap + 1, 2)
            if tag in _FILED:
                found.file(element, tag)
                opened[element] = len(pieces)
            elif element in opened:
                opened[element] = len(pieces)
            text = element.text
            if text and not (gap and text.isspace()):
                pieces.append((clean(text) if dirty else text, gap))
                gap = 0
            continue
        if element in opened:
            found.spans[element] = (opened[element], len(pieces))
        if tag in BLOCKS:
            gap = 2
        text = None if element is row else element.tail
        if text and not (gap and text.isspace()):
            pieces.append((clean(text) if dirty else text, gap))
            gap = 0
    return found


def lines(pieces: Iterable[Piece]) -> str:
    """Cleaned text: a blank line between blocks, a line break where the page has one."""
    out: list[str] = []
    for gap, line in _lines(pieces):
        if out:
            out.append("\n\n" if gap == 2 else "\n")
        out.append(line)
    return "".join(out)


def _lines(pieces: Iterable[Piece]) -> Iterator[tuple[int, str]]:
    """Each line with the gap before it; empty ones are left out."""
    buffer = ""
    before = 0
    for text, gap in pieces:
        if not gap:
            buffer += text
            continue
        line = " ".join(buffer.split())
        if line:
            yield before, line
            before = 0
        if gap > before:
            before = gap
        buffer = text
    line = " ".join(buffer.split())
    if line:
        yield before, line


def text_of(element: Element) -> str:
    """An element's text, paragraphs separated by a blank line."""
    return lines(walk(element).pieces)


def labelled(text: str, label: str) -> str | None:
    """What follows a label in a row's text, on its line or, if nothing does, the next one.

    label: as `words` gives it; a line that begins with it is meant ("Filed: 27 May")
    """
    after = False
    for line in text.split("\n"):
        if after and line:
            return line
        head, colon, rest = line.partition(":")
        if words(head) == label and (colon or not rest):
            if rest.strip():
                return rest.strip()
            after = True
    return None
