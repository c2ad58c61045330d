"""A page as numbers: its elements in document order, its text in runs, and sums over both.

Everything that is asked of a part of the page (how much text, how many links, which dates) is then
the difference of two sums, whatever part it is: an element, or an element and what follows it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import accumulate

from lxml import etree

from feedbot.source.naming import name_of
from feedbot.source.page import BLOCKS, UNSEEN, Element, Page, is_link
from feedbot.source.tidy import one_line, words

_HEADINGS = frozenset("h1 h2 h3 h4 h5 h6 dt summary legend".split())
_PICTURES = frozenset("img picture".split())
_STRONG = frozenset("b strong em th".split())
#: Parts of a page that go around what it is about (HTML and WAI-ARIA landmarks).
_AROUND_TAGS = frozenset("nav header footer aside".split())
_AROUND_ROLES = frozenset(
    "navigation banner contentinfo complementary search menu menubar toolbar tablist".split()
)
_AROUND_NAMES = re.compile(
    r"(?:^|[-_ ])(?:nav|navbar|navigation|menu|submenu|megamenu|breadcrumbs?|footer|foot|sidebar"
    r"|side|aside|pager|pagination|paging|related|cookies?|consent|social|share|tags?|tagcloud"
    r"|widgets?|promo|banner|popular|trending|archives?|toolbar|skip|links)(?:$|[-_ ])",
    re.I,
)
_VARYING = re.compile(
    r"\d|^(?:odd|even|first|last|active|current|selected|open|new|sticky|alt|featured)$", re.I
)


@dataclass(slots=True)
class Run:
    """A piece of text as it stands in one element.

    node: the element (by number) it stands in
    link: the link it stands in, -1 for none
    gap:  what stands before it: 0 nothing, 1 a line break, 2 the edge of a block
    """

    text: str
    node: int
    link: int
    gap: int


@dataclass(slots=True)
class Outline:
    """Elements by number, in document order; `end` is one past an element's last descendant.

    path:   elements with the same tags and lasting class names from the root have the same number
    tags:   likewise, by tags alone
    runs:   `first[i]` to `last[i]` are the runs inside element i
    around: how many elements that go around a page's matter an element stands in
    """

    page: Page
    elements: list[Element] = field(default_factory=list)
    tag: list[str] = field(default_factory=list)
    parent: list[int] = field(default_factory=list)
    end: list[int] = field(default_factory=list)
    path: list[int] = field(default_factory=list)
    tags: list[int] = field(default_factory=list)
    first: list[int] = field(default_factory=list)
    last: list[int] = field(default_factory=list)
    around: list[int] = field(default_factory=list)
    strong: list[bool] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    links: list[int] = field(default_factory=list)  # elements that are links
    pictures: list[int] = field(default_factory=lambda: [0])  # sums over elements
    letters: Sequence[int] = ()  # sums over runs, one longer than they
    link_letters: Sequence[int] = ()
    subject: frozenset[str] = frozenset()  # words of the page's title and main heading

    def text(self, start: int, end: int) -> str:
        """The text of a range of runs, on one line."""
        out: list[str] = []
        for run in self.runs[start:end]:
            if run.gap and out:
                out.append(" ")
            out.append(run.text)
        return " ".join("".join(out).split())


def largest(page: Outline, node: int) -> int:
    """The largest element around one that holds no more text."""
    runs = page.last[node] - page.first[node]
    while (above := page.parent[node]) >= 0 and page.last[above] - page.first[above] == runs:
        node = above
    return node


@lru_cache(maxsize=8_192)
def lasting(names: str) -> tuple[str, ...]:
    """Class names that say what an element is, not which one of many or how it looks now."""
    return tuple(sorted({name for name in names.split() if not _VARYING.search(name)}))


@lru_cache(maxsize=8_192)
def _goes_around(names: str) -> bool:
    return _AROUND_NAMES.search(names) is not None


class _Builder:
    """The state of one walk."""

    def __init__(self, page: Page) -> None:
        self.out = Outline(page)
        self.open: list[int] = []
        self.paths: dict[object, int] = {}
        self.link = -1
        self.gap = 2

    def start(self, element: Element, tag: str) -> None:
        """Note an element that begins."""
        out = self.out
        number = len(out.elements)
        parent = self.open[-1] if self.open else -1
        names = element.get("class") or ""
        out.elements.append(element)
        out.tag.append(tag)
        out.parent.append(parent)
        out.end.append(number + 1)
        path = (out.path[parent] if parent >= 0 else -1, tag, lasting(names))
        tags = (out.tags[parent] if parent >= 0 else -1, tag)
        out.path.append(self.paths.setdefault(path, len(self.paths)))
        out.tags.append(self.paths.setdefault(tags, len(self.paths)))
        out.first.append(len(out.runs))
        out.last.append(len(out.runs))
        inherited = out.around[parent] if parent >= 0 else 0
        out.around.append(inherited + (parent >= 0 and _is_around(element, tag, names)))
        out.strong.append(
            tag in _STRONG or tag in _HEADINGS or (parent >= 0 and out.strong[parent])
        )
        self.open.append(number)
        out.pictures.append(out.pictures[-1] + (tag in _PICTURES))
        if tag == "a" and is_link(element):
            out.links.append(number)
            self.link = number
        self.edge(tag)
        self.add(element.text, number)

    def stop(self, element: Element, tag: str) -> None:
        """Note that an element ends."""
        out = self.out
        number = self.open.pop()
        if self.link == number and out.first[number] == len(out.runs):
            # A link around an image says what it is elsewhere, and is a link all the same.
            out.runs.append(Run(name_of(element), number, number, self.gap))
            self.gap = 0
        out.end[number] = len(out.elements)
        out.last[number] = len(out.runs)
        if self.link == number:
            self.link = -1
        self.edge(tag)
        if self.open:
            self.add(element.tail, self.open[-1])

    def edge(self, tag: str) -> None:
        if tag in BLOCKS:
            self.gap = 2
        elif tag == "br":
            self.gap = max(self.gap, 1)

    def add(self, text: str | None, node: int) -> None:
        """Note text; what is nothing but space is kept only as a space."""
        if not text:
            return
        runs = self.out.runs
        if text.isspace():
            if runs and not self.gap and not runs[-1].text.endswith(" "):
                runs[-1].text += " "
            return
        plain = one_line(text)
        if not plain:
            return
        if text[:1].isspace() and not self.gap:
            plain = " " + plain
        if text[-1:].isspace():
            plain += " "
        runs.append(Run(plain, node, self.link, self.gap))
        self.gap = 0


def outline(page: Page) -> Outline:
    """Read a page into numbers; what is not shown (scripts, `hidden`) is left out."""
    builder = _Builder(page)
    body = page.root.find("body")
    walker = etree.iterwalk(page.root if body is None else body, events=("start", "end"))
    skipped: Element = None
    for event, element in walker:
        tag = element.tag
        if event == "start":
            if tag in UNSEEN or "hidden" in element.attrib:
                walker.skip_subtree()
                skipped = element
                continue
            builder.start(element, tag)
        elif element is skipped:
            builder.edge(tag)
            if builder.open:
                builder.add(element.tail, builder.open[-1])
        else:
            builder.stop(element, tag)
    out = builder.out
    lengths = [len(run.text) for run in out.runs]
    out.letters = [0, *accumulate(lengths)]
    out.link_letters = [
        0,
        *accumulate(
            length if run.link >= 0 else 0 for run, length in zip(out.runs, lengths, strict=True)
        ),
    ]
    out.subject = frozenset(_subject(out))
    return out


def _subject(out: Outline) -> Iterator[str]:
    texts = [out.page.title or ""]
    texts += [out.text(out.first[i], out.last[i]) for i, tag in enumerate(out.tag) if tag == "h1"]
    for text in texts:
        for word in words(text).split():
            yield stem(word)


def stem(word: str) -> str:
    """A word without its plural's ending."""
    return word[:-1] if len(word) > 3 and word.endswith("s") else word


def _is_around(element: Element, tag: str, names: str) -> bool:
    if tag in _AROUND_TAGS or element.get("role") in _AROUND_ROLES:
        return True
    if tag in ("body", "main", "article", "tr", "td", "a", "li", "span"):
        return False
    return bool(names and _goes_around(names)) or bool(
        (name := element.get("id")) and _goes_around(name)
    )
