"""Where on an article's page its text stands, told by the title that the list gave it.

    the heading with that title → up the tree, as long as far more prose comes into view
    → what stands before the heading goes, and boxes of links, forms, hidden and foreign things

Prose is text outside of blocks that are links for the most part: menus, teasers, tags.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from lxml import etree

from feedbot.source.page import Element, Page, absolute, text_of
from feedbot.source.tidy import one_line, words

_DROPPED = frozenset(
    "script style template noscript svg select textarea button input iframe object embed canvas"
    " nav aside footer menu dialog map applet frame label fieldset audio video".split()
)
_ROLES = frozenset({"navigation", "complementary", "contentinfo", "search", "menu", "dialog"})
#: Words in classes and ids of what is beside an article, in the names that sites use.
_BESIDE = frozenset(
    "share sharing social related recommended recommendations comments comment breadcrumb"
    " breadcrumbs pager pagination newsletter subscribe cookie cookies consent promo advert"
    " advertisement ad ads banner sponsor sponsored sidebar widget menu nav navbar navigation foot"
    " footer popup modal teaser teasers counter counters skip".split()
)
_KICKERS = frozenset("section rubric rubrik category kicker topic eyebrow".split())
_DATELINES = frozenset("date day time published posted meta dateline".split())
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_NAME_PARTS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.I)
_LINKS = 0.3  # the share of text in links from which a block is no prose
_FEW = 20  # characters that are no text yet: a date, a byline
_JUMP = 250  # characters more that are worth climbing for, if they double what there is
_ALIKE = 15  # characters of a title that a shortened one must share
_SECTION = 80
_DATELINE = 60


@dataclass(frozen=True, slots=True)
class MainText:
    """The part of a page that is the article.

    html:    its markup after the heading, as the page has it, links not absolute yet
    prose:   how many characters of it are outside of links
    rich:    whether white space in it means something (`<pre>`)
    section: the heading's kicker: what kind of thing it is
    """

    html: str
    prose: int
    rich: bool
    section: str | None


def find_heading(page: Page, title: str) -> Element | None:
    """The element that bears `title`, or the page's only `<h1>`."""
    wanted = words(title)
    tops = [one for one in page.root.iter(*_HEADINGS) if not _leads_away(one, page)]
    named = [(one, words(text_of(one))) for one in tops]
    for one, name in named:
        if name == wanted:
            return one
    for one, name in named:
        short, long = sorted((name, wanted), key=len)
        if len(short) >= _ALIKE and long.startswith(short):
            return one
    for one in page.root.iter("p", "div", "td", "strong", "b", "span", "font"):
        if len(one) == 0 and one.text and words(one.text) == wanted and _in_sight(one):
            return one
    heads = [one for one in tops if one.tag == "h1"]
    return heads[0] if len(heads) == 1 else None


def _leads_away(heading: Element, page: Page) -> bool:
    """Whether it is the link to another page, as in a list of news."""
    link = heading if heading.tag == "a" else heading.find(".//a[@href]")
    link = next(heading.iterancestors("a"), None) if link is None else link
    if link is None:
        return False
    target = absolute(link.get("href"), page.base) or ""
    return _place(target) != _place(page.base)


def _place(url: str) -> str:
    return urlsplit(url).path.rstrip("/")


def _in_sight(element: Element) -> bool:
    return not any(one.tag in ("a", "nav", "head", "title") for one in element.iterancestors())


def main_text(page: Page, heading: Element) -> MainText | None:
    """The article that `heading` heads; None where no text follows it. The tree is cut up."""
    above = {heading, *heading.iterancestors()}
    _drop(page.root, above)
    prose = _prose(page.root)
    container = _climb(heading, prose)
    if container is None:
        return None
    section = _cut_before(heading, container)
    _drop_links(container, prose)
    _trim(container, page)
    return MainText(
        html=etree.tostring(container, method="html", encoding="unicode", with_tail=False),
        prose=_prose(container)[container],
        rich=container.find(".//pre") is not None,
        section=section,
    )


def _drop(root: Element, above: set[Element]) -> None:
    """Take out what is no text, or is beside the article by its name."""
    for element in [one for one in root.iter() if one not in above and _is_beside(one)]:
        _remove(element)
    for form in list(root.iter("form")):
        if form not in above and len("".join(form.itertext())) < 500:
            _remove(form)  # a search box; some sites wrap the whole page in one
    for image in root.iter("img"):
        source = image.get("src", "")
        lazy = image.get("data-src") or image.get("data-original") or image.get("data-lazy-src")
        if lazy and (not source or source.startswith("data:")):
            image.set("src", lazy)


def _is_beside(element: Element) -> bool:
    if not isinstance(element.tag, str) or element.tag in _DROPPED:
        return True
    if "hidden" in element.attrib or element.get("aria-hidden") == "true":
        return True
    if element.get("role") in _ROLES or _HIDDEN.search(element.get("style", "")):
        return True
    return element.tag not in ("body", "main", "article") and bool(_names(element) & _BESIDE)


def _names(element: Element) -> set[str]:
    """The words that its class and id are made of."""
    text = f"{element.get('class', '')} {element.get('id', '')}"[:_JUMP]
    return {part.lower() for part in _NAME_PARTS.findall(text)}


def _remove(element: Element) -> None:
    """Take an element out and leave what follows it."""
    parent = element.getparent()
    if parent is None:
        return
    if element.tail:
        before = element.getprevious()
        if before is None:
            parent.text = (parent.text or "") + element.tail
        else:
            before.tail = (before.tail or "") + element.tail
    parent.remove(element)


def _prose(root: Element) -> dict[Element, int]:
    """Of each element how many characters of prose are in it."""
    total: dict[Element, int] = {}
    linked: dict[Element, int] = {}
    prose: dict[Element, int] = {}
    for element in reversed(list(root.iter())):
        own = _length(element.text) + sum(_length(child.tail) for child in element)
        total[element] = own + sum(total[child] for child in element)
        links = total[element] if element.tag == "a" else sum(linked[child] for child in element)
        linked[element] = links
        inside = own + sum(prose[child] for child in element)
        prose[element] = 0 if links > _LINKS * total[element] else inside
    return prose


def _length(text: str | None) -> int:
    return len(" ".join(text.split())) if text else 0


def _climb(heading: Element, prose: dict[Element, int]) -> Element | None:
    """The smallest element around the heading that holds its text."""
    best, seen, child = None, 0, heading
    for parent in heading.iterancestors():
        gain = _length(child.tail)
        gain += sum(prose[one] + _length(one.tail) for one in child.itersiblings())
        if gain and (seen < _FEW or gain > max(_JUMP, seen)):
            best = parent
        seen += gain
        child = parent
        if parent.tag == "body":
            break
    return best


def _cut_before(heading: Element, container: Element) -> str | None:
    """Take out the heading and all before it in the container; returns the kicker among that."""
    section: str | None = None
    looking = True
    child = heading
    for parent in heading.iterancestors():
        for before in list(child.itersiblings(preceding=True)):
            name = one_line(text_of(before))
            if looking and name and not _is_dateline(before, name):
                looking = False
                section = name if _is_kicker(before, name) else None
            parent.remove(before)
        parent.text = None
        child = parent
        if parent is container:
            break
    _remove(heading)
    return section


def _is_kicker(element: Element, name: str) -> bool:
    named = element.tag in _HEADINGS or bool(_names(element) & _KICKERS)
    return named and len(name) <= _SECTION and any(map(str.isalpha, name))


def _is_dateline(element: Element, text: str) -> bool:
    """Whether a line is only when it was published."""
    if len(text) > _DATELINE or not any(map(str.isdigit, text)):
        return False
    digits = sum(char.isdigit() or char in ".:-/, " for char in text)
    if element.tag == "time" or element.find(".//time") is not None:
        return True
    return bool(_names(element) & _DATELINES) or 2 * digits > len(text)


def _drop_links(container: Element, prose: dict[Element, int]) -> None:
    """Take out boxes of several links and next to nothing else."""
    for element in list(container.iter("ul", "ol", "div", "section", "table", "dl")):
        if element is container or prose.get(element) or element.find(".//img") is not None:
            continue
        if sum(1 for _ in element.iter("a")) >= 3:
            _remove(element)


def _trim(container: Element, page: Page) -> None:
    """Take the dateline off the beginning, and ways back to the site off the end."""
    for block in _blocks(container):
        text = one_line(text_of(block))
        if text and not _is_dateline(block, text):
            break
        if text:
            _remove(block)
    for block in reversed(list(_blocks(container))):
        text = one_line(text_of(block))
        if text and not _leads_back(block, text, page):
            break
        if text:
            _remove(block)


def _blocks(container: Element) -> Iterator[Element]:
    """The elements below the container that hold text themselves, in order."""
    return (one for one in list(container.iter("p", "div", "time", "span", "li")) if _is_leaf(one))


def _is_leaf(element: Element) -> bool:
    return element.find("p") is None and element.find("div") is None


def _leads_back(block: Element, text: str, page: Page) -> bool:
    """Whether a block is one link to a page above this one."""
    links = list(block.iter("a"))
    if not links or one_line("".join(_texts(links))) != text:
        return False
    here = urlsplit(page.base)
    for link in links:
        href = link.get("href", "")
        target = urlsplit(absolute(href, page.base) or "")
        above = here.path.startswith(target.path.rstrip("/") + "/")
        if href[:1] != "#" and not (target.netloc == here.netloc and above):
            return False
    return True


def _texts(elements: Iterable[Element]) -> Iterator[str]:
    for element in elements:
        yield from element.itertext()
