"""Which of a group's places is the title, which the link, which the date."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date as Day
from datetime import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

from feedbot.source.dates import AHEAD, Written, settle
from feedbot.source.detect.extras import author_of, bylines_of, pictures_of, summary_of
from feedbot.source.detect.groups import Row
from feedbot.source.detect.labels import DATE_LABEL, OTHER_DATE, TITLE_LABEL
from feedbot.source.detect.marks import Marks, is_version, naming
from feedbot.source.detect.outline import Outline, stem
from feedbot.source.detect.slots import Segment, Slot, sample, slots
from feedbot.source.page import Element
from feedbot.source.tidy import words

#: What rows call their titles, their publication dates, and dates that are something else.
_NUMBERS, _NAMES = 0.1, 0.3  # how well numbers do as titles at best, and names at least
_PICTURE = re.compile(r"\.(?:jpe?g|png|gif|webp|avif|svg)(?:$|[?#])", re.I)
_MEDIA = re.compile(r"\.(?:mp[34]|m4[av]|ogg|webm|wav|zip|gz|ics)(?:$|[?#])", re.I)
_OPEN = re.compile(
    r"(?:view|open|read|download|voir|ouvrir|ansehen|öffnen|ver|открыть|читать)\s+", re.I
)
_DIGIT = re.compile(r"\d")
_HEADINGS = frozenset("h1 h2 h3 h4 h5 h6 dt".split())
_ENDS = (".", "!", "?", "…", "。", "！", "؟")
_UTC = ZoneInfo("UTC")
_NO_LINK = 2.0  # of a row's link: below it the links are in the text, or everywhere the same
_DOCUMENT = re.compile(r"\.(?:pdf|docx?|odt|rtf|txt|html?|aspx?|php)(?:$|[?#])", re.I)


@dataclass(frozen=True, slots=True)
class Fields:
    """The places chosen, in the rows that were looked at.

    quality: how good the title is; comparable on one page
    days:    of the rows (by number) that have a date
    """

    looked: tuple[Row, ...]
    title: Slot | None
    link: Slot | None
    date: Slot | None
    summary: Slot | None
    author: Slot | None
    bylines: dict[int, Element]
    pictures: dict[int, Element]
    quality: float
    days: dict[int, Day]


def fields(page: Outline, rows: Sequence[Row], marks: Marks, now: datetime | None = None) -> Fields:
    """Choose."""
    looked = sample(rows)
    places = slots(page, looked)
    n = len(looked)
    title = _titles(page, places, n, marks)
    quality = _title(page, title, n, marks) if title else 0.0
    own = title is not None and _distinct_links(page, title) * len(title.segments) >= 0.7 * n
    links = [slot for slot in places if _has_links(slot)]
    link = title if own else max(links, key=lambda s: _link(page, s, n), default=None)
    if not own and title is not None:
        alike = [slot for slot in links if _is_named_alike(page, slot, title)]
        # The last one above the text: before it come labels, tags, a side column.
        text = summary_of(places, (title,), n)
        above = [slot for slot in alike if text is None or slot.order < text.order]
        link = max(above or alike, key=lambda slot: slot.order, default=link)
    if link is not None and not own and not _leads_on(page, title, link, n):
        link = None
    link = next((slot for slot in links if _opens(page, slot, n)), link)
    dates = [slot for slot in places if _written(slot, marks)]
    date = max(dates, key=lambda s: _date(s, n, marks, now), default=None)
    days = _days(_written(date, marks), now) if date else {}
    author = author_of(page, places, (title, date), n, marks)
    return Fields(
        tuple(looked),
        title,
        link,
        date,
        summary_of(places, (title, date, author), n),
        author,
        bylines_of(page, looked),
        pictures_of(page, looked),
        quality,
        days,
    )


def _titles(page: Outline, places: Sequence[Slot], n: int, marks: Marks) -> Slot | None:
    """The place of the titles. Numbers ("SC-25-0508", "HB 71") are, where nothing else names."""
    ranked = sorted(places, key=lambda slot: -_title(page, slot, n, marks))
    if not ranked or not _is_numbers(page, ranked[0], marks):
        return ranked[0] if ranked else None
    for slot in ranked[1:]:
        parts = slot.segments.values()
        if len(parts) < 0.9 * n or slot.label or any(part.in_text for part in parts):
            continue
        if _names(page, slot, marks) >= _NAMES and len({part.text for part in parts}) > 0.8 * n:
            return slot
    return ranked[0]


def _is_numbers(page: Outline, slot: Slot, marks: Marks) -> bool:
    parts = slot.segments.values()
    numbered = sum(_DIGIT.search(part.text) is not None for part in parts)
    return numbered * 10 >= 9 * len(parts) and _names(page, slot, marks) < _NUMBERS


def _names(page: Outline, slot: Slot, marks: Marks) -> float:
    parts = list(slot.segments.values())
    return _named(page, parts, [_less_dates(part, marks) for part in parts])


def _title(page: Outline, slot: Slot, n: int, marks: Marks) -> float:
    parts = list(slot.segments.values())
    cover = len(parts) / n
    texts = [_less_dates(part, marks) for part in parts]
    is_heading = _heading(page, parts[0].node)
    named = _named(page, parts, texts)
    distinct = len(set(texts)) / len(texts)
    length = sum(map(len, texts)) / len(texts)
    ended = sum(len(text) > 40 and text.endswith(_ENDS) for text in texts) / len(texts)
    score = 2.5 * named + 1.5 * cover + 1.2 * distinct - 0.9 * ended
    score += 0.8 * is_heading
    if sum(part.in_text for part in parts) * 2 > len(parts):
        score -= 1.5
    score -= 1.5 * _lead_to(_PICTURE, _hrefs(page, slot))
    if slot.label and parts[0].link < 0:
        score += 1.2 if TITLE_LABEL.search(slot.label) else -0.3
    if length > 160:
        score -= min((length - 160) / 200, 1.5)
    if parts[0].link >= 0:
        score += 0.4 + 0.4 * _distinct_links(page, slot)
    return score - 0.08 * min(slot.order, 12)


def _named(page: Outline, parts: Sequence[Segment], texts: Sequence[str]) -> float:
    """How well these texts would do as titles, less what most of them have in common."""
    own = _own_words(texts)
    return sum(
        naming(text, is_link=part.link >= 0, is_strong=page.strong[part.node])
        for text, part in zip(own, parts, strict=True)
    ) / len(parts)


def _less_dates(part: Segment, marks: Marks) -> str:
    """A segment's text without its dates."""
    if not any(marks.days[part.first : part.last]):
        return part.value
    return " ".join("".join(marks.rest[k] for k in range(part.first, part.last)).split())


def _own_words(texts: Sequence[str]) -> list[str]:
    """Texts without numbers and the words that most of them have: "PDF", "KB", "Case No."."""
    split = [text.split() for text in texts]
    counts = Counter(word for line in split for word in set(line))
    often = max(3, len(texts) * 0.6)
    return [
        text
        if is_version(text)
        else " ".join(word for word in line if counts[word] < often and not _DIGIT.search(word))
        for text, line in zip(texts, split, strict=True)
    ]


def _heading(page: Outline, node: int) -> bool:
    while node >= 0:
        tag = page.tag[node]
        if tag in ("h1", "h2", "h3", "h4", "h5", "h6", "dt", "strong", "b", "summary"):
            return True
        if tag in ("div", "td", "li", "p", "article", "section", "tr"):
            return False
        node = page.parent[node]
    return False


def _has_links(slot: Slot) -> bool:
    return any(part.link >= 0 for part in slot.segments.values())


def _hrefs(page: Outline, slot: Slot) -> list[str]:
    return [
        (page.elements[part.link].get("href") or "").strip()
        for part in slot.segments.values()
        if part.link >= 0
    ]


def _distinct_links(page: Outline, slot: Slot) -> float:
    """The share of a place's links that lead where no other row's does."""
    hrefs = _hrefs(page, slot)
    return sum(count for count in Counter(hrefs).values() if count == 1) / (len(hrefs) or 1)


def _lead_to(kind: re.Pattern[str], hrefs: Sequence[str]) -> float:
    """The share of links that lead to a file of some kind."""
    return sum(kind.search(href) is not None for href in hrefs) / (len(hrefs) or 1)


def _link(page: Outline, slot: Slot, n: int) -> float:
    parts = list(slot.segments.values())
    hrefs = _hrefs(page, slot)
    off = sum("//" in href for href in hrefs) / len(hrefs) if hrefs else 0
    texts = {part.text for part in parts}
    named = sum(naming(text, is_link=True, is_strong=False) for text in texts) / len(texts)
    if len(texts) * 4 < len(parts):
        named = 0.0  # all are called the same
    score = 2.5 * len(parts) / n + 2.5 * _distinct_links(page, slot)
    score += 0.8 * named + 0.6 * _lead_to(_DOCUMENT, hrefs) - 0.6 * _lead_to(_MEDIA, hrefs)
    if sum(part.in_text for part in parts) * 2 > len(parts):
        score -= 2.5
    score -= 2.0 * _lead_to(_PICTURE, hrefs)
    return score - 0.2 * off - 0.05 * min(slot.order, 12)


def _is_named_alike(page: Outline, link: Slot, title: Slot) -> bool:
    """Whether a place's links are called what the rows' titles are: shown once, and once hidden."""
    alike = 0
    for number, part in link.segments.items():
        other = title.segments.get(number)
        text = words(part.text)
        alike += bool(other and text and text in words(other.value))
    return alike * 10 >= len(title.segments) * 7 and _distinct_links(page, link) >= 0.7


def _leads_on(page: Outline, title: Slot | None, link: Slot, n: int) -> bool:
    """Whether a link that is not the title's leads to what the row is about.

    Below a heading without a link "(#1277)" does not, while "Read more" or "PDF" does.
    """
    if _link(page, link, n) < _NO_LINK:
        return False
    if title is not None and _is_named_alike(page, link, title):
        return True
    if title is None or page.tag[next(iter(title.segments.values())).node] not in _HEADINGS:
        return True
    texts = [part.text for part in link.segments.values()]
    named = sum(naming(text, is_link=True, is_strong=False) for text in texts) / len(texts)
    return named > 0.15 or len(set(texts)) * 3 < len(texts)


def _opens(page: Outline, slot: Slot, n: int) -> bool:
    """Whether a place has a link in each row that says it opens what the page lists.

    "View Opinion" in a list of opinions: the opinion itself, where titles lead to pages about it.
    """
    parts = list(slot.segments.values())
    if len(parts) < 0.9 * n or _distinct_links(page, slot) < 0.9:
        return False
    text = parts[0].text
    match = _OPEN.match(text)
    return match is not None and any(
        stem(word) in page.subject for word in words(text[match.end() :]).split()[:1]
    )


def _written(slot: Slot, marks: Marks) -> dict[int, Written]:
    """The dates that rows (by number) have in one place."""
    found = {}
    for number, part in slot.segments.items():
        day = next((day for day in marks.days[part.first : part.last] if day), None)
        if day is not None:
            found[number] = day
    return found


def _date(slot: Slot, n: int, marks: Marks, now: datetime | None) -> float:
    written = _written(slot, marks)
    dated = [slot.segments[number] for number in written]
    score = 3.0 * len(dated) / n + 0.5 * len(dated) / len(slot.segments)
    score += 0.5 * sum(len(part.text) < 40 for part in dated) / len(dated)
    score += 0.3 * sum(day.has_year for day in written.values()) / len(dated)
    said = f"{slot.label} {_said_before(dated, list(written.values()))}"
    score += 0.9 * (DATE_LABEL.search(said) is not None)
    score -= 1.5 * (OTHER_DATE.search(said) is not None)
    score -= 0.3 * (dated[0].link >= 0 and len(dated[0].text) > 40)
    days = list(_days(written, now).values())
    if now is not None and days:
        limit = (now + AHEAD).date()
        score -= 2.0 * sum(day > limit for day in days) / len(days)
    score += 0.4 * _one_way(days)
    return score - 0.03 * min(slot.order, 12)


def _days(written: Mapping[int, Written], now: datetime | None) -> dict[int, Day]:
    """The days that rows (by number) say."""
    values = settle(list(written.values()), now=now, zone=_UTC)
    return {
        number: value.date() if isinstance(value, datetime) else value
        for number, value in zip(written, values, strict=True)
        if value
    }


def _said_before(dated: Sequence[Segment], days: Sequence[Written]) -> str:
    """What most rows say right before their date: "Posted", "Closes"."""
    said = Counter(
        words(part.text.partition(day.text)[0])[-30:] for part, day in zip(dated, days, strict=True)
    )
    text, count = said.most_common(1)[0]
    return text if count * 2 > len(dated) else ""


def _one_way(days: Sequence[Day]) -> float:
    """How nearly days go one way, 0 to 1; half where they say nothing."""
    steps = [below - above for above, below in pairwise(days) if below != above]
    if len(steps) < 2:
        return 0.5
    ups = sum(step.days > 0 for step in steps)
    return abs(len(steps) - 2 * ups) / len(steps)
