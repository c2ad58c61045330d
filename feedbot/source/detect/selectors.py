"""Selectors a person could have written, for elements that were found without any."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice

from feedbot.source.detect.outline import Outline, lasting
from feedbot.source.page import Element
from feedbot.source.selectors import Selector, SelectorProblem, compile_selector

_PLAIN = re.compile(r"-?[A-Za-z_\u00a0-\uffff][\w\u00a0-\uffff-]*")
#: Made by a build: "css-1q2w3e", "sc-bdVaJa", "Card_title__3xYz1", "jsx_a8f". They change with it.
_HASHED = re.compile(r"\d|(?:^|[-_])(?=[a-zA-Z]*[A-Z][a-z]*[A-Z])[A-Za-z]{5,}$|__[A-Za-z0-9]{5}$")
_TRIES = 90  # selectors tried for one place
#: Elements that rows have and what stands between rows has not.
_TELLING = ("h2", "h3", "h4", "time", "a", "td", "img", "p", "strong")


@lru_cache(maxsize=2_048)
def compiled(selector: str) -> Selector | None:
    """A selector as the reader of pages has it, None where it cannot be written (odd tags).

    Pages of one make ask for the same ones.
    """
    try:
        return compile_selector(selector)
    except SelectorProblem:
        return None


def names(element: Element) -> tuple[str, ...]:
    """Class names to select by: lasting, and such that CSS can write them plainly."""
    return tuple(
        name
        for name in lasting(element.get("class") or "")
        if _PLAIN.fullmatch(name) and not _HASHED.search(name)
    )


def for_rows(page: Outline, nodes: Sequence[int], root: Element) -> tuple[str, float]:
    """A selector of these elements and no others, and how nearly it is that (F1).

    Extra elements without any text do no harm, and do not count.
    """
    wanted = {page.elements[node] for node in nodes}
    best, best_fit = "", 0.0
    for css in islice(_row_choices(page, nodes), _TRIES):
        selector = compiled(css)
        found = set(selector.all(root)) if selector else set()
        hits = len(found & wanted)
        if not hits:
            continue
        extra = sum(_has_text(element) for element in found - wanted)
        fit = 2 * hits / (len(wanted) + hits + extra)
        if fit > best_fit + 0.001:
            best, best_fit = css, fit
        if best_fit > 0.999:
            break
    return best, best_fit


def _has_text(element: Element) -> bool:
    return any(text.strip() for text in element.itertext() if isinstance(text, str))


def _row_choices(page: Outline, nodes: Sequence[int]) -> Iterator[str]:
    """Selectors that could do, the plainest first."""
    elements = [page.elements[node] for node in nodes]
    ways = [*_ways(elements), *_with_inside(elements)]
    parents = sorted({page.parent[node] for node in nodes})
    for way in ways:
        yield way
    above = [page.elements[parent] for parent in parents]
    over = list(_ways(above))
    for way in ways:
        for outer in over:
            yield _inside(f"{outer} >", way)
    chain = _ancestors(page, parents)
    for outer in chain:
        for way in ways:
            yield _inside(outer, way)
            for middle in over[:2]:
                yield _inside(f"{outer} {middle} >", way)
    for outer in _positions(page, parents):
        for way in ways:
            yield _inside(f"{outer} >", way)


def _inside(outer: str, way: str) -> str:
    """A way below another; each of several gets it."""
    return ", ".join(f"{outer} {one}" for one in way.split(", "))


def _ways(elements: Sequence[Element]) -> Iterator[str]:
    """How to name some elements: by an id, their tag with a class name they share, their tag."""
    tags = {element.tag for element in elements}
    if len(elements) == 1 and (own := _id(elements[0])):
        yield own
    shared = set.intersection(*(set(names(element)) for element in elements))
    if len(tags) > 1:
        yield from (f".{name}" for name in sorted(shared, key=lambda name: (-len(name), name))[:3])
        return
    (tag,) = tags
    ordered = sorted(shared, key=lambda name: (-len(name), name))
    for name in ordered[:4]:
        yield f"{tag}.{name}"
    if len(ordered) > 1:
        yield f"{tag}.{'.'.join(ordered[:4])}"
    if not ordered and (union := _union(elements)):
        yield union
    yield tag


def _union(elements: Sequence[Element]) -> str | None:
    """Elements of two or three class names that stand for each other."""
    chosen: list[str] = []
    left = list(elements)
    while left and len(chosen) < 3:
        own = names(left[0])
        if not own:
            return None
        chosen.append(f"{left[0].tag}.{max(own, key=len)}")
        left = [element for element in left if max(own, key=len) not in names(element)]
    return ", ".join(chosen) if not left and len(elements) > 2 * len(chosen) else None


def _with_inside(elements: Sequence[Element]) -> Iterator[str]:
    """A tag and what only such elements have in them: a cell of a class, a link."""
    tags = {element.tag for element in elements}
    if len(tags) > 1:
        return
    (tag,) = tags
    inside = set.intersection(
        *(
            {f"{child.tag}.{name}" for child in element for name in names(child)}
            for element in elements
        )
    )
    for child in sorted(inside, key=lambda name: (-len(name), name))[:3]:
        yield f"{tag}:has(> {child})"
    for child in _TELLING:
        if all(element.find(f".//{child}") is not None for element in elements):
            yield f"{tag}:has({child})"


def _id(element: Element) -> str | None:
    own = element.get("id") or ""
    return f"#{own}" if _PLAIN.fullmatch(own) and not re.search(r"\d{2,}", own) else None


def _ancestors(page: Outline, parents: Sequence[int]) -> Iterator[str]:
    """What the rows stand in, from the nearest on."""
    node = common(page, parents)
    while node >= 0:
        element = page.elements[node]
        if element.tag == "body":
            return
        yield from (way for way in _ways([element]) if way != "div")
        node = page.parent[node]


def common(page: Outline, nodes: Sequence[int]) -> int:
    """The smallest element around some elements, which may be one of them."""
    node, last = nodes[0], nodes[-1]
    while node >= 0 and not (page.end[node] > last and node <= nodes[0]):
        node = page.parent[node]
    return node


def _positions(page: Outline, parents: Sequence[int]) -> Iterator[str]:
    """A path by tags and positions from the nearest id or the body: the last resort."""
    if len(parents) > 1:
        yield from _positions_of_many(page, parents)
        return
    node = parents[0]
    steps: list[str] = []
    while node >= 0:
        element = page.elements[node]
        own = _id(element)
        if own or element.tag == "body":
            steps.append(own or "body")
            break
        steps.append(f"{element.tag}:nth-of-type({_position(element)})")
        node = page.parent[node]
    yield " > ".join(reversed(steps))


def _positions_of_many(page: Outline, parents: Sequence[int]) -> Iterator[str]:
    """A path to several parents: by position as far as they share the way, by tags from there."""
    holder = common(page, parents)
    for outer in _positions(page, [holder]):
        steps = []
        node = parents[0]
        while node > holder:
            steps.append(page.tag[node])
            node = page.parent[node]
        yield " > ".join([outer, *reversed(steps)])


def _position(element: Element) -> int:
    return 1 + sum(1 for _ in element.itersiblings(element.tag, preceding=True))


def in_rows(
    rows: Sequence[Element],
    targets: Sequence[Element | None],
    *,
    not_called: Iterable[str] = (),
    called: str = "",
) -> str | None:
    """A selector whose first match in each row is that row's target; None where there is none.

    targets:    one for each row, None where a row has none; most rows must be right
    not_called: texts of others in the same place; called: the text of all of the targets
    """
    known = [(row, target) for row, target in zip(rows, targets, strict=True) if target is not None]
    if not known:
        return None
    best, best_share = None, 0.0
    for choice in islice(_field_choices(known, tuple(not_called), called), _TRIES):
        selector = compiled(choice)
        if selector is None:
            continue
        select = selector.all
        right = wrong = 0
        for row, target in zip(rows, targets, strict=True):
            found = select(row)
            if target is None:
                wrong += bool(found)
            else:
                right += bool(found) and found[0] is target
        share = (right - 0.3 * wrong) / len(known)
        if share > best_share + 0.004:
            best, best_share = choice, share
        if best_share > 0.999:
            break
    return best if best_share >= 0.6 else None


def _field_choices(
    known: Sequence[tuple[Element, Element]], not_called: Sequence[str], called: str
) -> Iterator[str]:
    """Selectors of a place in rows, the plainest first."""
    row, target = known[len(known) // 2]
    targets = [target for _, target in known]
    same = [element for element in targets if element.tag == target.tag]
    ways = list(_ways(same))
    yield from ways
    steps: list[Element] = []
    node = target.getparent()
    while node is not None and node is not row:
        steps.append(node)
        node = node.getparent()
    for step in steps:
        for outer in _ways([step]):
            for way in ways[-1:] if len(ways) > 2 else ways:
                if not outer.startswith("#"):
                    yield f"{outer} {way}"
    if called and "'" not in called:
        yield f"xpath:.//{target.tag}[normalize-space()='{called}']"
    quoted = [f"normalize-space()='{text}'" for text in not_called if "'" not in text]
    if quoted:
        yield f"xpath:.//{target.tag}[not({' or '.join(quoted)})]"
    for step in steps:
        if step.tag in ("td", "th", "dd", "div", "p", "span", "li"):
            place = 1 + sum(1 for _ in step.itersiblings(preceding=True))
            yield f"{step.tag}:nth-child({place}) {target.tag}"
    place = 1 + sum(1 for _ in target.itersiblings(preceding=True))
    yield f"{target.tag}:nth-child({place})"
    path = [f"{target.tag}:nth-of-type({_position(target)})"]
    for step in steps:
        path.append(f"{step.tag}:nth-of-type({_position(step)})")
    for length in range(1, len(path) + 1):
        yield " > ".join(reversed(path[:length]))
    yield "> " + " > ".join(reversed(path))
