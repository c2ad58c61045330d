"""An entry's whole text: from a feed's HTML to Telegram's.

Telegram has no paragraphs, headings or lists. Blocks become paragraphs parted by a blank line,
table rows and list items lines, items begin with a bullet, headings are bold, links are kept where
Telegram links to them. All other markup is left out, its text kept.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from lxml import etree
from markupsafe import escape

from feedbot.render.telegram_html import safe_link, visible_text

_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_PARAGRAPHS = _HEADINGS | {
    "address", "article", "aside", "blockquote", "details", "div", "dl", "figure", "footer",
    "header", "hr", "main", "nav", "ol", "p", "pre", "section", "table", "ul",
}  # fmt: skip
_LINES = frozenset({"br", "caption", "dd", "dt", "figcaption", "li", "summary", "tr"})
_CELLS = frozenset({"td", "th"})
#: What of these is between the tags is not for readers.
_UNREAD = frozenset(
    {"head", "iframe", "noscript", "object", "script", "style", "template", "title"}
)
_BULLET = "• "
_NONE, _SPACE, _LINE, _PARAGRAPH = range(4)
_GAPS = ("", " ", "\n", "\n\n")


@lru_cache(maxsize=32)
def text_of(html: str) -> str:
    """What a reader sees of `html`, of any length. Kept for the chats that ask for the same."""
    return visible_text(from_html(html)) if html else ""


def from_html(html: str) -> str:
    """`html` as Telegram's HTML, of any length; "" where there is nothing to read."""
    parser = etree.HTMLParser(encoding="utf-8", huge_tree=True, remove_comments=True)
    body = f"<body>{html}</body>".replace("\x00", "").encode("utf-8", "ignore")
    root = etree.fromstring(body, parser)
    writer = _Writer()
    skipped: Any = None
    for event, element in etree.iterwalk(root, events=("start", "end")):
        name = element.tag if isinstance(element.tag, str) else ""
        if event == "start" and skipped is None:
            if name in _UNREAD:
                skipped = element
                continue
            writer.start(name, element)
            writer.text(element.text or "")
        elif event == "end" and (skipped is None or skipped is element):
            if skipped is None:
                writer.end(name)
            skipped = None
            writer.text(element.tail or "")
    return "".join(writer.parts)


@dataclass(slots=True)
class _Writer:
    """Writes text with the gaps and tags it needs; a tag opens only when text follows.

    parts:  what was written
    tags:   of each open element the tag that stands for it, "" for none
    opened: how many of these were written
    gap:    what has to come before the next text
    bullet: whether a bullet has to
    inside: how many open elements there are of a name that matters
    """

    parts: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    opened: int = 0
    gap: int = _NONE
    bullet: bool = False
    inside: Counter[str] = field(default_factory=Counter)

    def start(self, name: str, element: Any) -> None:
        """An element begins."""
        self._part(name)
        self.bullet = self.bullet or name == "li"
        tag = self._tag(name, element)
        self.tags.append(tag)
        self.inside[tag[:2]] += 1
        self.inside[name] += 1

    def _tag(self, name: str, element: Any) -> str:
        """The tag to stand for an element; none stands within its like."""
        if name in _HEADINGS and not self.inside["<b"]:
            return "<b>"
        if name == "a" and not self.inside["<a"] and (url := safe_link(element.get("href", ""))):
            return f'<a href="{escape(url)}">'
        return ""

    def end(self, name: str) -> None:
        """The last element begun ends."""
        tag = self.tags.pop()
        self.inside[tag[:2]] -= 1
        self.inside[name] -= 1
        if self.opened > len(self.tags):
            self.opened -= 1
            if tag:
                self.parts.append(f"</{tag[1]}>")
        self.bullet = self.bullet and name != "li"
        self._part(name)

    def _part(self, name: str) -> None:
        """What comes now stands apart from what came before, as `name` asks for."""
        gap = _NONE
        if name in _PARAGRAPHS:
            gap = _LINE if self.inside["li"] else _PARAGRAPH
        elif name in _LINES:
            gap = _LINE
        elif name in _CELLS:
            gap = _SPACE
        self.gap = max(self.gap, gap)

    def text(self, text: str) -> None:
        """Text of the element that is open: white space is one space, but line ends in <pre>."""
        for number, line in enumerate(text.split("\n") if self.inside["pre"] else [text]):
            if number:
                self.gap = max(self.gap, _LINE)
            self._line(line)

    def _line(self, text: str) -> None:
        if text[:1].isspace():
            self.gap = max(self.gap, _SPACE)
        if not (words := text.split()):
            return
        self.parts.append(_GAPS[self.gap] if self.parts else "")
        self.parts.append(_BULLET if self.bullet else "")
        self.parts += self.tags[self.opened :]
        self.parts.append(str(escape(" ".join(words))))
        self.opened, self.bullet = len(self.tags), False
        self.gap = _SPACE if text[-1:].isspace() else _NONE
