"""What the rows of a group have in common: the places where each has a text, a link or a date.

row → segments (text that belongs together) → slot: the same place in every row
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from feedbot.source.detect.groups import Row
from feedbot.source.detect.outline import Outline, lasting
from feedbot.source.tidy import words

_LABEL = re.compile(r"([^:]{2,34}):\s+(?=\S)")
_CELLS = ("td", "th")
_SAMPLE = 60  # rows looked at to know the places; the others are like them


@dataclass(slots=True)
class Segment:
    """Text of a row that belongs together: no line or link ends in it.

    node:  the smallest element around it
    whole: it is all the text of that element
    label: what the row says of it ("Filed:"), in words; "" where it says nothing
    value: the text without the label
    inline: the label stands in the row, not in the table's heading
    in_text: a link in a sentence
    """

    text: str
    node: int
    first: int
    last: int
    link: int
    whole: bool
    label: str = ""
    value: str = ""
    inline: bool = False
    in_text: bool = False


@dataclass(slots=True)
class Slot:
    """One place in the rows: for each row (by number) the segment there.

    order:  how far into a row it stands
    others: what other links in the same place are called
    """

    key: tuple[object, ...]
    segments: dict[int, Segment] = field(default_factory=dict)
    order: float = 0.0
    others: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """What rows call it, in words."""
        return next(iter(self.segments.values())).label


def sample(rows: Sequence[Row]) -> list[Row]:
    """Rows from all over a long list."""
    if len(rows) <= _SAMPLE:
        return list(rows)
    step = len(rows) / _SAMPLE
    return [rows[int(number * step)] for number in range(_SAMPLE)]


def slots(page: Outline, rows: Sequence[Row]) -> list[Slot]:
    """The places of some rows, those most have first; labels and other constant texts are none."""
    split = [segments(page, row) for row in rows]
    constant = _constant([[part.text for part in parts] for parts in split])
    repeated = _repeated(split)
    heads = _column_heads(page, rows)
    found: dict[tuple[object, ...], Slot] = {}
    for number, (row, parts) in enumerate(zip(rows, split, strict=True)):
        label = ""
        counts: Counter[tuple[object, ...]] = Counter()
        for place, part in enumerate(parts):
            path = path_in(page, part.node, row)
            plain = words(part.text)
            if part.link < 0 and _is_label(part, constant, heads):
                label = plain
                continue
            part.label, part.value = label, part.text
            label = ""
            match = _LABEL.match(part.text)
            if match and (words(match[1]) in constant or match[1] in repeated):
                part.label, part.value = words(match[1]), part.text[match.end() :]
            part.inline = bool(part.label)
            if not part.label:
                part.label = _column_label(page, part.node, row, heads)
            # Where a link is says more than what stands before it; what all are called, more yet.
            if part.link >= 0:
                key = (path, True, plain if plain in constant else "")
            else:
                key = (path, False, part.label)
            counts[key] += 1
            slot = found.setdefault((*key, counts[key]), Slot((*key, counts[key])))
            slot.segments[number] = part
            slot.order += place
    called: dict[object, set[str]] = {}
    for slot in found.values():
        slot.order /= len(slot.segments)
        if slot.key[1] and slot.key[2]:
            texts = {part.text for part in slot.segments.values()}
            called.setdefault(slot.key[0], set()).update(texts)
    for slot in found.values():
        if slot.key[1] and not slot.key[2]:
            slot.others = tuple(sorted(called.get(slot.key[0], ()))[:4])
    return sorted(found.values(), key=lambda slot: (-len(slot.segments), slot.order))


def _is_label(part: Segment, constant: set[str], heads: dict[int, str]) -> bool:
    """Whether it only says what the next text is. A cell under a heading has its label there."""
    if len(part.text) > 40:
        return False
    return part.text.rstrip().endswith(":") or (not heads and words(part.text) in constant)


def segments(page: Outline, row: Row) -> list[Segment]:
    """A row's text, cut where lines and links begin and end."""
    out: list[Segment] = []
    start = row.first
    runs = page.runs
    for k in range(row.first + 1, row.last + 1):
        if k < row.last and not runs[k].gap and runs[k].link == runs[start].link:
            continue
        text = page.text(start, k)
        if runs[start].link >= 0 or any(char.isalnum() for char in text):
            node = _around(page, start, k)
            link = runs[start].link
            if link >= 0 and (page.first[link], page.last[link]) == (start, k):
                node = link  # whatever is bold or a span inside it
            whole = page.first[node] == start and page.last[node] == k
            part = Segment(text, node, start, k, link, whole)
            before = out[-1] if out and not runs[start].gap else None
            part.in_text = link >= 0 and before is not None and len(before.text) > 40
            out.append(part)
        start = k
    return out


def _around(page: Outline, first: int, last: int) -> int:
    """The smallest element around some runs."""
    node = page.runs[first].node
    while not (page.first[node] <= first and last <= page.last[node]):
        node = page.parent[node]
    return node


def path_in(page: Outline, node: int, row: Row) -> tuple[object, ...]:
    """How to get from a row to an element in it: tags, class names, columns."""
    steps: list[object] = []
    while node > row.node or (row.stop > page.end[row.node] and node >= row.node):
        tag = page.tag[node]
        steps.append((tag, lasting(page.elements[node].get("class") or "")))
        if tag in _CELLS:
            steps.append(column(page, node))
        node = page.parent[node]
        if node < 0:
            break
    return tuple(reversed(steps))


def column(page: Outline, cell: int) -> int:
    """The number of a cell in its row."""
    number = 0
    for other in page.elements[page.parent[cell]].iterchildren("td", "th"):
        if other is page.elements[cell]:
            return number
        number += int(other.get("colspan") or 1) if (other.get("colspan") or "1").isdigit() else 1
    return number


def _constant(texts: Iterable[Sequence[str]]) -> set[str]:
    """Texts that most rows show: labels, "Read more"."""
    rows = [{words(text) for text in row} for row in texts]
    counts = Counter(text for row in rows for text in row)
    least = max(3, len(rows) * 0.3)
    return {text for text, count in counts.items() if count >= least and text}


def _repeated(split: Sequence[Sequence[Segment]]) -> set[str]:
    """What many rows begin a text with, before a colon."""
    counts = Counter[str]()
    for parts in split:
        matches = map(_LABEL.match, (part.text for part in parts))
        counts.update({match[1] for match in matches if match})
    least = max(3, len(split) * 0.3)
    return {label for label, count in counts.items() if count >= least}


def _column_heads(page: Outline, rows: Sequence[Row]) -> dict[int, str]:
    """What a table's heading row says of each column."""
    row = rows[0]
    if page.tag[row.node] != "tr":
        return {}
    table = row.node
    while table >= 0 and page.tag[table] != "table":
        table = page.parent[table]
    if table < 0:
        return {}
    for number in range(table, page.end[table]):
        if page.tag[number] == "tr":
            cells = [i for i in range(number, page.end[number]) if page.parent[i] == number]
            heading = cells and all(page.tag[cell] == "th" for cell in cells)
            if len(cells) < 2:
                continue
            if heading or (number < row.node and number not in {r.node for r in rows}):
                return {
                    column(page, cell): words(page.text(page.first[cell], page.last[cell]))[:40]
                    for cell in cells
                }
            if number >= row.node:
                break
    return {}


def _column_label(page: Outline, node: int, row: Row, heads: dict[int, str]) -> str:
    if not heads:
        return ""
    while node > row.node and page.parent[node] != row.node:
        node = page.parent[node]
    return heads.get(column(page, node), "") if page.tag[node] in _CELLS else ""
