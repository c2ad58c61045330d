"""What rows have beside title, link and date: a summary, an author, a picture."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from feedbot.source.detect.groups import Row
from feedbot.source.detect.marks import Marks
from feedbot.source.detect.outline import Outline
from feedbot.source.detect.slots import Segment, Slot
from feedbot.source.naming import BY
from feedbot.source.page import Element

_AUTHOR_LABEL = re.compile(
    r"^(?:author|by|from|writer|written by|posted by|speaker|autor\w*|auteur|autore|von"
    r"|verfasser\w*|par|por|di|opublikował\w*|автор|опубликовал\w*|作者|发布人|저자|작성자|글쓴이"
    r"|著者|投稿者|yazar)$",
    re.I,
)
_SAYS_BY = re.compile(r"(?:^|\s)(?:by|von|par|por|от)\s*+(?::\s*+)?$", re.I)
_PERSON = re.compile(r"[/?&:._-](?:author|user|member|profile)s?[/=:?_-]", re.I)
_AUTHOR_NAME = re.compile(
    r"(?:^|[-_ ])(?:author|byline|by-line|writer|creator|autor|auteur|avtor)(?:$|[-_ ])", re.I
)
_SENTENCE = 30  # characters of a summary, on average


def summary_of(places: Sequence[Slot], taken: Iterable[Slot | None], n: int) -> Slot | None:
    """The one place with sentences; None where there are several, or none."""
    used = {id(slot) for slot in taken}
    found = []
    for slot in places:
        parts = list(slot.segments.values())
        if id(slot) in used or slot.key[1] or len(parts) < 0.5 * n:
            continue
        texts = {part.value for part in parts}
        if len(texts) * 2 > len(parts) and sum(map(len, texts)) >= _SENTENCE * len(texts):
            found.append(slot)
    return found[0] if len(found) == 1 else None


def author_of(
    page: Outline, places: Sequence[Slot], taken: Iterable[Slot | None], n: int, marks: Marks
) -> Slot | None:
    """The place that says in so many words who wrote it."""
    used = {id(slot) for slot in taken}
    for slot in places:
        parts = list(slot.segments.values())
        if id(slot) in used or len(parts) < 0.5 * n:
            continue
        if any(any(marks.days[part.first : part.last]) for part in parts):
            continue
        texts = [BY.sub("", part.value) for part in parts]
        if not all(map(_is_name, texts)):
            continue
        said = sum(
            text != part.value or _is_said(page, part)
            for text, part in zip(texts, parts, strict=True)
        )
        if said * 2 > len(parts) or _AUTHOR_LABEL.match(slot.label):
            return slot
    return None


def _is_said(page: Outline, part: Segment) -> bool:
    """Whether "by" stands before a place, or its link leads to a person's page."""
    href = (page.elements[part.link].get("href") or "") if part.link >= 0 else ""
    before = page.runs[part.first - 1].text if part.first else ""
    return _PERSON.search(href) is not None or _SAYS_BY.search(before) is not None


def bylines_of(page: Outline, rows: Sequence[Row]) -> dict[int, Element]:
    """The element of each row (by number) whose own name says that it has the author's."""
    found: dict[int, Element] = {}
    for number, row in enumerate(rows):
        for node in range(row.node, row.stop):
            element = page.elements[node]
            names = (element.get(key) for key in ("class", "itemprop", "rel"))
            if any(name and _AUTHOR_NAME.search(name) for name in names):
                text = page.text(page.first[node], page.last[node])
                if _is_name(BY.sub("", text)):
                    found[number] = element
                    break
    return found if len(found) * 2 >= len(rows) else {}


def _is_name(text: str) -> bool:
    return len(text) <= 60 and len(text.split()) <= 6 and any(char.isalpha() for char in text)


def pictures_of(page: Outline, rows: Sequence[Row]) -> dict[int, Element]:
    """The first picture of each row (by number) that has one; empty where few do, or all one."""
    found: dict[int, Element] = {}
    for number, row in enumerate(rows):
        for node in range(row.node, row.stop):
            if page.tag[node] == "img":
                found[number] = page.elements[node]
                break
    sources = {_source(image) for image in found.values()}
    if len(found) * 2 < len(rows) or len(sources) * 2 < len(found):
        return {}
    return found


def _source(image: Element) -> str:
    return image.get("data-src") or image.get("src") or ""
