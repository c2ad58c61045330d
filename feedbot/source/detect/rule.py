"""A list that was found, as the rule that finds it again: one a person could have written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace

from feedbot.model import ListingRule
from feedbot.source.dates import date_in_url
from feedbot.source.detect.fields import Fields
from feedbot.source.detect.find import Candidate
from feedbot.source.detect.outline import Outline
from feedbot.source.detect.selectors import compiled, for_rows, in_rows
from feedbot.source.detect.slots import Segment, Slot
from feedbot.source.page import Element
from feedbot.source.row import Context
from feedbot.source.rows import rows_of
from feedbot.source.selectors import compile_rule

_NO_LINK = "none"  # an element that no page has: a row's links are not its own
_FIT = 0.5  # F1 of the rows that a selector finds; below it, it finds something else


def rule_for(page: Outline, chosen: Candidate, context: Context) -> ListingRule | None:
    """A rule that finds the candidate's rows again; None where no selector does."""
    group = chosen.group
    root = page.page.root
    item, fit = for_rows(page, group.starts, root)
    if fit < _FIT:
        return None
    rule = ListingRule(item, rows=group.kind)
    if chosen.days:
        rule = replace(rule, day=_headings(page, chosen.days, root))
    copies: dict[Element, Element] = {}
    if group.kind != "elements":
        copy = deepcopy(root)
        copies = dict(zip(root.iter(), copy.iter(), strict=True))
        root = copy
    rows = rows_of(root, replace(context, rule=compile_rule(rule)))
    return _with_fields(page, rule, chosen.fields, rows, copies, chosen.boxes)


def _headings(page: Outline, nodes: Sequence[int], root: Element) -> str | None:
    """A selector of headings, a part for each kind of them; of their text's own elements if that
    is nearer, as a table's row is around its cell.
    """
    best, best_fit = "", 0.0
    for choice in (nodes, [page.runs[page.first[node]].node for node in nodes]):
        kinds: dict[int, list[int]] = {}
        for node in choice:
            kinds.setdefault(page.tags[node], []).append(node)
        found = [for_rows(page, alike, root) for alike in kinds.values()]
        fit = min(fit for _, fit in found)
        if fit > best_fit + 0.001:
            best, best_fit = ", ".join(css for css, _ in found), fit
    return best or None


def _with_fields(
    page: Outline,
    rule: ListingRule,
    chosen: Fields,
    rows: Sequence[Element],
    copies: dict[Element, Element],
    boxes: dict[int, int],
) -> ListingRule:
    places = _Places(page, rows, copies)
    link = places.of_link(chosen.link) if chosen.link else places.of_anchor()
    title = places.of_text(chosen.title)
    date = places.of_date(chosen.date, boxes) if chosen.date is not chosen.title else None
    if chosen.link and link and not chosen.date and not rule.day and places.dated(chosen.link):
        date = link  # "/2024/04/30/…"
    return replace(
        rule,
        title=title,
        link=link,
        date=date,
        summary=places.of_text(chosen.summary),
        author=places.of_elements(chosen.bylines) or places.of_text(chosen.author),
        image=places.of_elements(chosen.pictures),
    )


class _Places:
    """Writes selectors of places, for rows as a rule has them."""

    def __init__(
        self, page: Outline, rows: Sequence[Element], copies: dict[Element, Element]
    ) -> None:
        self.page = page
        self.copies = copies
        self.rows = rows
        self.owner: dict[Element, int] = {}
        for number, row in enumerate(rows):
            for element in row.iter():
                self.owner[element] = number

    def targets(self, elements: Iterable[Element]) -> dict[int, Element]:
        """The element of each row (by number) that has one of these, as the rule's rows have it."""
        out: dict[int, Element] = {}
        for found in elements:
            element = self.copies.get(found, found)
            row = self.owner.get(element)
            if row is not None:
                out.setdefault(row, element)
        return out

    def nodes(self, slot: Slot, boxes: Mapping[int, int]) -> dict[int, Element]:
        """The elements of a place; a date in pieces has the one around them."""
        parts = slot.segments.values()
        return self.targets(self.page.elements[boxes.get(part.first, part.node)] for part in parts)

    def links(self, slot: Slot) -> list[Element]:
        """The links of a place."""
        parts = slot.segments.values()
        return [self.page.elements[part.link] for part in parts if part.link >= 0]

    def of_anchor(self) -> str | None:
        """The address of rows whose links lead elsewhere: the page, and the row's own name."""
        named = [row for row in self.rows if row.get("id")]
        if len(named) * 10 >= len(self.rows) * 9:
            return "xpath:concat('#', @id)"
        has_links = any(True for row in self.rows for _ in row.iter("a"))
        return _NO_LINK if has_links else None

    def of_link(self, slot: Slot) -> str | None:
        """The address of a place's link."""
        targets = self.targets(self.links(slot))
        if not targets:
            return None
        if self.is_row(targets):
            return "@href"
        found = self._select(slot, targets)
        return f"{found}@href" if found else None

    def of_elements(self, elements: Mapping[int, Element]) -> str | None:
        """Elements that rows have one of each, as they were found in the page."""
        targets = self.targets(elements.values())
        known = sorted(targets)
        return in_rows([self.rows[row] for row in known], [targets[row] for row in known])

    def is_row(self, targets: Mapping[int, Element]) -> bool:
        """Whether they are the rows themselves."""
        return all(target is self.rows[row] for row, target in targets.items())

    def dated(self, slot: Slot) -> bool:
        """Whether the links of a place have a day in them."""
        hrefs = [link.get("href") for link in self.links(slot)]
        days = [found for href in hrefs if (found := date_in_url(href)) and found.day]
        return len(hrefs) > 2 and len(days) * 4 >= len(hrefs) * 3 and len(set(days)) > 1

    def of_date(self, slot: Slot | None, boxes: dict[int, int]) -> str | None:
        """The element with the date in it, whatever else is."""
        if slot is None:
            return None
        parts = list(slot.segments.values())
        part = parts[len(parts) // 2]
        if part.inline and not part.whole:
            return f"label:{part.label}"
        targets = self.nodes(slot, boxes)
        if not targets or self.is_row(targets):
            return None
        return self._select(slot, targets)

    def of_text(self, slot: Slot | None) -> str | None:
        """A place's text: an element's, after a label, or one of several in an element."""
        if slot is None:
            return None
        parts = list(slot.segments.values())
        part = parts[len(parts) // 2]
        if part.inline and (part.value != part.text or not part.whole):
            return f"label:{part.label}"
        targets = self.nodes(slot, {})
        if not targets:
            return None
        if sum(part.whole for part in parts) * 2 > len(parts):
            return None if self.is_row(targets) else self._select(slot, targets)
        return self._text_node(slot, part, targets)

    def _text_node(self, slot: Slot, part: Segment, targets: dict[int, Element]) -> str | None:
        """The place of a text that shares its element with others."""
        page = self.page
        element = page.elements[part.node]
        texts = [element.text, *(child.tail for child in element)]
        plain = [" ".join(text.split()) for text in texts if text and text.strip()]
        first = page.runs[part.first].text.strip()
        place = next((n for n, text in enumerate(plain, 1) if text == first), None)
        if place is None:  # it begins in an element of its own: the name in "<i>A v. B</i>, No. 5"
            parts = slot.segments.values()
            inner = self.targets(page.elements[page.runs[part.first].node] for part in parts)
            return None if self.is_row(inner) else self._select(slot, inner)
        if self.is_row(targets):
            return f"xpath:./text()[normalize-space()][{place}]"
        found = self._select(slot, targets)
        selector = compiled(found) if found else None
        if selector is None:
            return None
        path = str(selector.path.path)
        return f"xpath:({path})[1]/text()[normalize-space()][{place}]"

    def _select(self, slot: Slot, targets: dict[int, Element]) -> str | None:
        known = sorted(targets)
        texts = {part.text for part in slot.segments.values()}
        return in_rows(
            [self.rows[row] for row in known],
            [targets[row] for row in known],
            not_called=slot.others,
            called=texts.pop() if len(texts) == 1 else "",
        )
