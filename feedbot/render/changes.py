"""What has changed in an entry, for those who want to know: a dated note in HTML."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from html import escape
from itertools import pairwise
from zoneinfo import ZoneInfo

from feedbot.model import Entry
from feedbot.render.document import moment, plain_title
from feedbot.render.language import date_text
from feedbot.render.text import one_line

_WORDS = {
    "en": {
        "changed": "Changed on {when}:",
        "title": "the title was",
        "link": "it leads elsewhere",
        "text": "text",
        "whole": "the text",
        "other": "details",
    },
    "ru": {
        "changed": "Изменено {when}:",
        "title": "заголовок был",
        "link": "другая ссылка",
        "text": "текст",
        "whole": "текст",
        "other": "подробности",
    },
}
#: The last so many changes are told.
_MOST = 5
#: A longer text is not compared word by word: that takes time by the square of its length.
_LONGEST = 400
#: Words shown on both sides of a change.
_AROUND = 3


def changes_note(editions: Sequence[Entry], zone: ZoneInfo, language: str) -> str:
    """A paragraph for each of the last changes; `editions`: what the entry said, oldest first."""
    words = _WORDS.get(language, _WORDS["en"])
    notes = []
    for old, new in list(pairwise(editions))[-_MOST:]:
        when = words["changed"].format(when=date_text(moment(new.updated, zone), language))
        said = "; ".join(_changes(old, new, words)) or words["other"]
        notes.append(f"<p><small>{escape(when)} {said}.</small></p>")
    return "".join(reversed(notes))


def _changes(old: Entry, new: Entry, words: dict[str, str]) -> Iterator[str]:
    if old.title != new.title:
        yield f"{words['title']} “<del>{escape(plain_title(old.title))}</del>”"
    if old.summary != new.summary:
        before, after = one_line(old.summary).split(), one_line(new.summary).split()
        if max(len(before), len(after)) <= _LONGEST:
            yield f"{words['text']}: {_difference(before, after)}"
        else:
            yield words["whole"]
    elif old.content != new.content:
        yield words["whole"]
    if old.link != new.link:
        yield words["link"]


def _difference(before: Sequence[str], after: Sequence[str]) -> str:
    """What was taken out and put in, with a few words around; the rest is an ellipsis."""
    parts: list[str] = []
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind == "equal":
            parts.append(_around(after[c:d], first=c == 0, last=d == len(after)))
            continue
        gone, came = " ".join(before[a:b]), " ".join(after[c:d])
        parts += [f"<del>{escape(gone)}</del>"] if gone else []
        parts += [f"<ins>{escape(came)}</ins>"] if came else []
    return " ".join(part for part in parts if part)


def _around(words: Sequence[str], *, first: bool, last: bool) -> str:
    head = [] if first else words[:_AROUND]
    tail = [] if last else words[max(len(head), len(words) - _AROUND) :]
    left_out = len(head) + len(tail) < len(words)
    return escape(" ".join([*head, *(["…"] if left_out else []), *tail]))
