"""Text as people should see it: no stray whitespace, no invisible or forbidden characters."""

from __future__ import annotations

import re
import unicodedata

# Control characters, lone surrogates, noncharacters (XML 1.0 has no way to write most of these),
# zero-width space and word joiner, soft hyphen, byte order mark, overrides of writing direction.
_JUNK = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"
    "\xad\u180e\u200b\u2060-\u206f\ufeff\u202a-\u202e"
    + "".join(chr(plane + end) for plane in range(0x1FFFE, 0x110000, 0x10000) for end in (0, 1))
    + "]"
)
# Joiners shape Persian and Indic words and emoji; beside ASCII or spaces they are litter.
_JOINER = re.compile(r"(?<![^\x00-\x7f\s])[\u200c\u200d]|[\u200c\u200d](?![^\x00-\x7f\s])")

_NO_WORD = re.compile(r"[\W_]+")
_WORD = re.compile(r"[^\W_]")

#: What stands between a date and a title, or around a summary, and says nothing.
SEPARATORS = " \t\n-–—−―‒‐‑|¦•·∙●▪■◦‣*:;,/\\»›→>~_=…"
_TRAILING = SEPARATORS.translate(dict.fromkeys(map(ord, "…»›")))


def one_line(text: str) -> str:
    """`text` on one line, cleaned; NBSP and the like become plain spaces."""
    return " ".join(clean(text).split())


def clean(text: str) -> str:
    """`text` without invisible and forbidden characters; whitespace stays as it is."""
    # Most text is printable but for its whitespace, and this takes a tenth of the search below.
    if text.isprintable() or "".join(text.split()).isprintable():
        return text
    if _JUNK.search(text):
        text = _JUNK.sub("", text)
    if "\u200c" in text or "\u200d" in text:
        text = _JOINER.sub("", text)
    return text


def words(text: str) -> str:
    """What is left for comparing: letters and digits, case-folded, one space between words."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return _NO_WORD.sub(" ", text.casefold()).strip()


def says_something(text: str) -> bool:
    """Whether there is a letter or a digit in it."""
    return _WORD.search(text) is not None


def repeats(summary: str, title: str) -> bool:
    """Whether `summary` only says the title again."""
    shorter, longer = sorted((len(summary), len(title)))
    if longer > 2 * shorter + 40:  # that much punctuation is no repetition
        return False
    return _may_begin_alike(summary, title) and words(summary) == words(title)


def _may_begin_alike(one: str, other: str) -> bool:
    """False where two plain texts have different first letters; cheap."""
    if not (one.isascii() and other.isascii()):
        return True
    first, second = _WORD.search(one), _WORD.search(other)
    return not first or not second or first[0].lower() == second[0].lower()


def strip_separators(text: str) -> str:
    """`text` without dashes, bullets and the like at either end."""
    return text.lstrip(SEPARATORS).rstrip(_TRAILING)


def shorten(text: str, length: int) -> str:
    """At most `length` characters, cut at a word, with an ellipsis where something is missing."""
    if len(text) <= length:
        return text
    cut = text[: length - 1]
    head, space, _ = cut.rpartition(" ")
    return (head if space and len(head) > length // 2 else cut).rstrip(SEPARATORS) + "…"
