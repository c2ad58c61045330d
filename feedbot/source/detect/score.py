"""How much a group of rows looks like a list of dated, titled, linked things."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import log2
from operator import attrgetter, mul

from feedbot.source.detect.groups import Group, Row
from feedbot.source.detect.marks import Marks
from feedbot.source.detect.outline import Outline, lasting

_NUMBER = re.compile(r"(?=.*\d)[\w.:/-]{6,24}", re.A)  # "SC-25-0508"
_SENTENCE = 40  # characters


@dataclass(frozen=True, slots=True)
class Features:
    """What is weighed; all but `count` are shares.

    count:        the logarithm of the number of rows, 1 for 32 of them
    dated:        rows with a date, their own or above them
    linked:       rows with a link that leads where not every row's does
    named:        how well the rows' best texts would name them
    distinct:     different ones among these
    cover:        the square root of the rows' share of the page's text
    days:         the page's dates that stand in the rows
    around:       rows in elements that go around a page's matter
    crowded:      rows with several titled links in one place, which may be rows themselves
    crowded_days: rows with more than three dates
    long:         rows as long as an article
    even:         how nearly the rows are of one length
    late:         how far into its row a title stands
    spread:       1 where a row is more than one element
    alike:        rows with the class names that most of them have
    prose:        rows with a sentence that is no link
    pictured:     rows with a picture
    """

    count: float
    dated: float
    linked: float
    named: float
    distinct: float
    cover: float
    days: float
    around: float
    crowded: float
    crowded_days: float
    long: float
    even: float
    late: float
    spread: float
    alike: float
    prose: float
    pictured: float

    @property
    def score(self) -> float:
        """One number for a group: the higher, the likelier it is the page's list."""
        return float(sum(map(mul, _values(self), _WEIGHTS)))


#: Set by hand. What they are worth on pages that weights were not made for: benchmarks/README.md.
WEIGHTS = Features(
    count=2.0,
    dated=2.5,
    linked=1.2,
    named=2.0,
    distinct=1.0,
    cover=1.5,
    days=0.7,
    around=-1.2,
    crowded=-1.5,
    crowded_days=-1.5,
    long=-1.0,
    even=0.3,
    late=-0.6,
    spread=-0.3,
    alike=1.2,
    prose=0.6,
    pictured=0.4,
)


_values: Callable[[Features], tuple[float, ...]] = attrgetter(*Features.__slots__)
_WEIGHTS = _values(WEIGHTS)


def measure(page: Outline, group: Group, marks: Marks, headed: float, heads: int) -> Features:
    """The features of a group.

    headed: the share of its rows that stand under a date of theirs; heads: how many such dates
    """
    rows = group.rows
    n = len(rows)
    dated = marks.dated
    letters = 0
    named = late = 0.0
    names: list[str] = []
    links: Counter[str] = Counter()
    hrefs: list[set[str]] = []
    sizes = []
    counts = Counter[str]()
    for row in rows:
        a, b = row.first, row.last
        days = dated[b] - dated[a]
        counts["dated"] += days > 0
        counts["crowded_days"] += days > 3
        size = page.letters[b] - page.letters[a]
        sizes.append(size)
        letters += size
        counts["long"] += size > 3000
        counts["prose"] += size - (page.link_letters[b] - page.link_letters[a]) > _SENTENCE
        counts["pictured"] += page.pictures[row.stop] > page.pictures[row.node]
        best, at = _best(marks.naming, a, b)
        named += best
        if at >= 0:
            late += (page.letters[at] - page.letters[a]) / (size or 1)
        names.append(page.runs[at].text[:80] if at >= 0 else "")
        own = {page.elements[run.link].get("href") or "" for run in page.runs[a:b] if run.link >= 0}
        hrefs.append(own)
        links.update(own)
        counts["crowded"] += _is_crowded(page, row, marks)
    often = max(2, n * 0.3)
    linked = sum(any(links[href] < often for href in own) for own in hrefs)
    inside = sum(dated[row.last] - dated[row.first] for row in rows)
    mean = letters / n
    spread = sum(abs(size - mean) for size in sizes) / (letters or 1)
    return Features(
        count=min(log2(n) / 5, 1.2),
        # A date above rows without links is an article's, above its paragraphs.
        dated=max(counts["dated"] / n, 0.9 * headed if linked * 2 >= n else 0.0),
        linked=linked / n,
        named=named / n,
        distinct=len(set(names)) / n,
        cover=(letters / (page.letters[-1] or 1)) ** 0.5,
        days=min((inside + heads) / (dated[-1] or 1), 1.0),
        around=sum(min(page.around[row.node], 2) for row in rows) / n / 2,
        crowded=counts["crowded"] / n,
        crowded_days=counts["crowded_days"] / n,
        long=counts["long"] / n,
        even=1 - min(spread, 1),
        late=late / n,
        spread=float(group.kind != "elements"),
        alike=_alike(page, rows),
        prose=counts["prose"] / n,
        pictured=counts["pictured"] / n,
    )


def _alike(page: Outline, rows: Sequence[Row]) -> float:
    """The share of rows that have the class names most of them have."""
    own = [set(lasting(page.elements[row.node].get("class") or "")) for row in rows]
    counts = Counter(name for names in own for name in names)
    common = {name for name, count in counts.items() if count * 2 >= len(rows)}
    if not common:
        return 1.0
    return sum(bool(names & common) for names in own) / len(rows)


def _is_crowded(page: Outline, row: Row, marks: Marks) -> bool:
    """Whether there are several links with titles, or with numbers of cases, in one place of a
    row: it is rows itself.
    """
    places: dict[int, set[str]] = {}
    for k in range(row.first, row.last):
        run = page.runs[k]
        if run.link >= 0 and (marks.naming[k] > 0.3 or _NUMBER.fullmatch(run.text.strip())):
            href = page.elements[run.link].get("href") or ""
            places.setdefault(page.tags[run.link], set()).add(href)
    return any(len(found) > 1 for found in places.values())


def _best(naming: Sequence[float], start: int, end: int) -> tuple[float, int]:
    best, at = 0.0, -1
    for k in range(start, end):
        if naming[k] > best:
            best, at = naming[k], k
    return best, at
