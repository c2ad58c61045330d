"""Where in a JSON document its list is, when nobody says so.

    document → every array of objects → what each key holds in most rows → title, link, date, …
             → the array that looks most like a list of titled, dated, linked things

The result is a rule of JMESPaths, like one that a person writes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from feedbot.model import ListingRule
from feedbot.source.endpoint.dates import json_date
from feedbot.source.endpoint.paths import as_text

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_DEEP = 6  # objects in objects above a list
_INSIDE = 2  # and inside a row
_SAMPLE = 30  # rows looked at
_MOST = 0.7  # of the rows have to agree
_LONGEST = 400  # characters of a title

# What rows call their parts, the likeliest first; where none is so called, the values alone tell.
_TITLE = "title headline name subject caption heading label titel titre titulo titolo заголовок"
_LINK = "url link href permalink weburl htmlurl pageurl canonicalurl shareurl uri guid path slug"
_DATE = (
    "published publishedat datepublished publicationdate pubdate publishdate postedat date"
    " createdat created releasedate firstpublished timestamp time start modified updatedat updated"
)
_SUMMARY = "summary description excerpt abstract teaser lead subtitle intro standfirst body text"
_IMAGE = "image imageurl thumbnail thumbnailurl picture photo cover img"
_NAMES = frozenset(f"{_TITLE} {_LINK} {_DATE} {_SUMMARY} {_IMAGE}".split())


@dataclass(frozen=True, slots=True)
class _Column:
    """A key that rows share: its path, and its value in each row of the sample ("" where none)."""

    path: str
    name: str
    values: tuple[Any, ...]

    def share(self, fits: Callable[[Any], bool]) -> float:
        return sum(map(fits, self.values)) / len(self.values)


def guess_rule(document: Any, zone: ZoneInfo) -> ListingRule | None:
    """The rule of the array that looks most like a list of news; None where none does."""
    best: tuple[float, ListingRule] | None = None
    for path, rows in _arrays(document, "", 0):
        found = _rule(path, rows, zone)
        if found is not None and (best is None or found[0] > best[0]):
            best = found
    return best[1] if best else None


def _arrays(value: Any, path: str, depth: int) -> Iterator[tuple[str, list[Any]]]:
    """Every array of objects, and the path that leads to it."""
    if isinstance(value, list):
        if value and sum(isinstance(row, dict) for row in value) >= _MOST * len(value):
            yield path or "@", value
    elif isinstance(value, dict) and depth < _DEEP:
        for name, inner in value.items():
            yield from _arrays(inner, _joined(path, name), depth + 1)


def _joined(path: str, name: str) -> str:
    quoted = name if _PLAIN.fullmatch(name) else json.dumps(name)
    return f"{path}.{quoted}" if path else quoted


def _rule(path: str, rows: Sequence[Any], zone: ZoneInfo) -> tuple[float, ListingRule] | None:
    """The rule for one array, and how much it looks like news; None without titles."""
    sample = [row for row in rows if isinstance(row, dict)][:_SAMPLE]
    columns = list(_columns(sample))
    title = _best(columns, _TITLE, _is_title, _titled)
    if title is None:
        return None
    link = _best(columns, _LINK, _is_link, lambda column: 0.0)
    date = _best(
        columns,
        _DATE,
        lambda value: _is_date(value, zone),
        lambda column: 0.0 if _dated(column) else None,
    )
    summary = _best([one for one in columns if one != title], _SUMMARY, _is_text, lambda _: None)
    image = _best([one for one in columns if one != link], _IMAGE, _is_link, lambda _: None)
    score = min(len(rows), 20) / 20 + 2 * (link is not None) + 2 * (date is not None)
    rule = ListingRule(
        item=path,
        title=title.path,
        link=link.path if link else None,
        date=date.path if date else None,
        summary=summary.path if summary else None,
        image=image.path if image else None,
    )
    return score + bool(summary), rule


def _columns(rows: Sequence[dict[str, Any]]) -> Iterator[_Column]:
    """The keys that most rows have, those of objects within them too."""
    for path, name, values in _within(rows, "", "", 0):
        column = _Column(path, name, values)
        if column.share(lambda value: bool(as_text(value))) >= _MOST:
            yield column


def _within(
    rows: Sequence[Any], path: str, above: str, depth: int
) -> Iterator[tuple[str, str, tuple[Any, ...]]]:
    names = dict.fromkeys(name for row in rows if isinstance(row, dict) for name in row)
    for name in names:
        values = [row.get(name) if isinstance(row, dict) else None for row in rows]
        here, called = _joined(path, name), re.sub(r"[\W_]", "", name).lower()
        # `image.url` is an image, `title.rendered` a title.
        called = above if above in _NAMES else called
        yield here, called, tuple(values)
        if depth < _INSIDE and any(isinstance(value, dict) for value in values):
            yield from _within(values, here, called, depth + 1)


def _best(
    columns: Sequence[_Column],
    names: str,
    fits: Callable[[Any], bool],
    unnamed: Callable[[_Column], float | None],
) -> _Column | None:
    """The column that fits and has the best name; else, of those without one, the best `unnamed`.

    unnamed: what a column is worth by its values alone, None where that proves nothing
    """
    known = names.split()
    worth: list[tuple[float, int, _Column]] = []
    for place, column in enumerate(columns):
        if column.share(fits) < _MOST:
            continue
        rank = next((-n for n, name in enumerate(known) if column.name == name), None)
        value = float(rank) if rank is not None else unnamed(column)
        if value is not None:
            deep = column.path.count(".")
            worth.append((value - 10 * deep - 100 * (rank is None), -place, column))
    return max(worth)[2] if worth else None


def _is_title(value: Any) -> bool:
    text = as_text(value) if isinstance(value, str) else ""
    return 3 <= len(text) <= _LONGEST and any(map(str.isalpha, text)) and not _is_address(text)


def _titled(column: _Column) -> float | None:
    """What texts without a telling name are worth as titles: several words, all different."""
    texts = [as_text(value) for value in column.values]
    different = len(set(texts)) / len(texts)
    spaced = sum(" " in text or not text.isascii() for text in texts) / len(texts)
    return different + spaced if different > _MOST and spaced > _MOST else None


def _is_address(text: str) -> bool:
    return bool(urlsplit(text[:2_000]).netloc) if "//" in text and "[" not in text else False


def _is_link(value: Any) -> bool:
    text = as_text(value) if isinstance(value, str) else ""
    return " " not in text and (_is_address(text) or (text.startswith("/") and len(text) > 1))


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and any(map(str.isalpha, value)) and not _is_address(value)


def _is_date(value: Any, zone: ZoneInfo) -> bool:
    if isinstance(value, str) and not any(map(str.isdigit, value)):
        return False
    return json_date(value, None, zone) is not None


def _dated(column: _Column) -> bool:
    """Whether values are dates beyond doubt: numbers may be anything."""
    return all(isinstance(value, str) for value in column.values if value is not None)
