"""Weights fitted without some families of pages, and tried on them.

For each page all groups of rows are measured once; a choice of weights picks one of them, which is
worth the F1 of its rows: those with just one labelled link are right. Titles and links within rows
have no weights that are fitted, so nothing of them is measured here.
"""

from __future__ import annotations

import random
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter, mul
from statistics import mean
from types import ModuleType
from typing import TYPE_CHECKING

from feedbot.source.detect.days import find_heads, heads_of
from feedbot.source.detect.groups import Group, groups
from feedbot.source.detect.marks import mark
from feedbot.source.detect.outline import Outline, outline
from feedbot.source.detect.score import WEIGHTS, Features, measure
from feedbot.source.listing import written_in
from feedbot.source.page import parse_page
from feedbot.source.text import decode

if TYPE_CHECKING:
    from benchmarks.detect import Sheet

FOLDS = 5
_STEPS = (-0.6, -0.3, 0.3, 0.6)
_ROUNDS = 2
_KEPT = 60  # groups of a page, the best by the weights in use: no others come near

_values = attrgetter(*Features.__slots__)


@dataclass(frozen=True, slots=True)
class Choice:
    """A page's groups: the features of each, and what it is worth."""

    family: str
    features: tuple[tuple[float, ...], ...]
    worth: tuple[float, ...]

    def by(self, weights: Sequence[float]) -> float:
        """What the group is worth that some weights choose."""
        scores = [sum(map(mul, row, weights)) for row in self.features]
        return self.worth[max(range(len(scores)), key=scores.__getitem__)]


def cross(pages: Sequence[Sheet], score: ModuleType) -> None:
    """Print what the weights are worth on the pages they were fitted to, and on the others."""
    choices = [choice for page in pages if (choice := _choice(page, score)) is not None]
    families = sorted({choice.family for choice in choices})
    random.Random(1).shuffle(families)
    start = _values(WEIGHTS)
    inside, outside = [], []
    for fold in range(FOLDS):
        left_out = set(families[fold::FOLDS])
        train = [choice for choice in choices if choice.family not in left_out]
        test = [choice for choice in choices if choice.family in left_out]
        weights = _fitted(train, [1.0 if value > 0 else -1.0 for value in start])
        inside.append(mean(choice.by(weights) for choice in train))
        outside += [choice.by(weights) for choice in test]
    print(f"\nrows of {len(choices)} pages in {len(families)} families, {FOLDS} folds")
    print(f"best group there is:          F1 {mean(max(c.worth) for c in choices):.3f}")
    print(f"weights in use:               F1 {mean(c.by(start) for c in choices):.3f}")
    print(f"fitted, on what they fit:     F1 {mean(inside):.3f}")
    print(f"fitted, on families left out: F1 {mean(outside):.3f}")


def _fitted(train: Sequence[Choice], weights: list[float]) -> list[float]:
    """Weights climbed to from plain ones, one at a time; ties keep what is."""
    best = mean(choice.by(weights) for choice in train)
    for _ in range(_ROUNDS):
        for at in range(len(weights)):
            for step in _STEPS:
                tried = [*weights[:at], weights[at] + step, *weights[at + 1 :]]
                value = mean(choice.by(tried) for choice in train)
                if value > best + 1e-9:
                    best, weights = value, tried
    return weights


def _choice(page: Sheet, score: ModuleType) -> Choice | None:
    parsed = parse_page(decode(page.body, page.label.get("content_type")), page.label["base_url"])
    lines = outline(parsed)
    marks = mark(lines, written_in(parsed, "en"))
    heads = find_heads(lines, marks.days)
    wanted = {score.tail(row["href"]) for row in page.label["items"]}
    links = [
        (number, tail)
        for number in lines.links
        if (tail := _label(score.tail(lines.elements[number].get("href")), wanted)) is not None
    ]
    if not links:
        return None  # its rows have no links of their own
    rated = []
    for group in groups(lines, marks.dated):
        share, days = heads_of(lines, group, heads)
        features = measure(lines, group, marks, share, len(days))
        rated.append((features.score, _values(features), _worth(lines, group, links, len(wanted))))
    rated.sort(key=lambda one: -one[0])
    kept = [*rated[:_KEPT], max(rated, key=lambda one: one[2])]
    return Choice(
        page.label["family"], tuple(one[1] for one in kept), tuple(one[2] for one in kept)
    )


def _label(tail: str, wanted: set[str]) -> str | None:
    """The labelled address that a link has, the end of a longer one included."""
    if tail in wanted:
        return tail
    return next((one for one in wanted if len(one) > 5 and tail.endswith(one)), None)


def _worth(page: Outline, group: Group, links: Sequence[tuple[int, str]], wanted: int) -> float:
    """F1 of a group's rows."""
    numbers = [number for number, _ in links]
    right: set[str] = set()
    rows = 0
    for row in group.rows:
        inside = {
            tail
            for number, tail in links[bisect_left(numbers, row.node) :]
            if number < row.stop and row.first <= page.first[number] < row.last
        }
        if len(inside) == 1:
            rows += 1
            right |= inside
    precision, recall = rows / len(group.rows), len(right) / wanted
    return 2 * precision * recall / (precision + recall) if right else 0.0
