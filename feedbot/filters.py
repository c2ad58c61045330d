"""Which articles a chat wants: words in any language, or patterns that cannot hang."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import re2

from feedbot.render.text import clean

PATTERN_PREFIX = "re:"
_OPTIONS = re2.Options()
_OPTIONS.log_errors = False  # the library would write to stderr by itself

#: Scripts written without spaces: there a word ends wherever its last character does.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u30ff\u31f0-\u31ff\u3400-\u9fff"
    "\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff]"
)

Matcher = Callable[[str, str], bool]  # of the text as written and as folded


@dataclass(frozen=True, slots=True)
class Filter:
    """What a chat includes (empty: everything) and excludes; exclusion wins."""

    include: tuple[Matcher, ...]
    exclude: tuple[Matcher, ...]

    def wants(self, title: str, summary: str, source: str, text: str = "") -> bool:
        """Whether the chat is to be told of an article that says this, from this source."""
        if not self.include and not self.exclude:
            return True
        texts = [(clean(part), fold(part)) for part in (title, summary, source, text)]
        if _any(self.exclude, texts):
            return False
        return not self.include or _any(self.include, texts)


def _any(matchers: Sequence[Matcher], texts: Sequence[tuple[str, str]]) -> bool:
    return any(matches(*pair) for matches in matchers for pair in texts)


def compile_filter(include: Sequence[str], exclude: Sequence[str]) -> Filter:
    """The filter of these patterns: plain words or phrases, or `re:` and a google-re2 expression.

    Words match whole and in any case; an expression matches anywhere and minds case unless it
    says `(?i)`. Title, summary, source and text are searched one by one.

    Raises ValueError for what `check_pattern` complains of.
    """
    return Filter(tuple(map(_matcher, include)), tuple(map(_matcher, exclude)))


def check_pattern(pattern: str) -> str | None:
    """What is wrong with one pattern of a filter, in one line, or None."""
    expression = pattern.removeprefix(PATTERN_PREFIX)
    if not pattern.startswith(PATTERN_PREFIX):
        return None if fold(pattern) else "is empty; write a word, or leave it out"
    if not expression.strip():
        return "has nothing after `re:`; write an expression"
    try:
        re2.compile(expression, _OPTIONS)
    except (re2.error, UnicodeEncodeError) as error:
        return (
            f"is not an expression of google-re2 ({_reason(error)});"
            " see https://github.com/google/re2/wiki/Syntax"
        )
    return None


def _reason(error: Exception) -> str:
    """The library's reason, which comes as bytes, on one line."""
    reason = error.args[0] if error.args else error
    text = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
    return " ".join(text.split())[:200]


def fold(text: str) -> str:
    """`text` as it is compared: case, width, composition and runs of spaces do not count."""
    folded = unicodedata.normalize("NFKC", clean(text)).casefold()
    folded = folded.replace("i\u0307", "i")  # the Turkish capital İ leaves its dot behind
    return " ".join(unicodedata.normalize("NFKC", folded).split())


def _matcher(pattern: str) -> Matcher:
    if problem := check_pattern(pattern):
        raise ValueError(f"{pattern[:80]!r} {problem}")
    if pattern.startswith(PATTERN_PREFIX):
        expression: Any = re2.compile(pattern.removeprefix(PATTERN_PREFIX), _OPTIONS)
        return lambda text, folded: expression.search(text) is not None
    word = fold(pattern)
    return lambda text, folded: _has_word(folded, word)


def _has_word(text: str, word: str) -> bool:
    """Whether `word` stands in `text` with nothing of another word touching it."""
    start = text.find(word)
    while start >= 0:
        if _is_edge(text, start) and _is_edge(text, start + len(word)):
            return True
        start = text.find(word, start + 1)
    return False


def _is_edge(text: str, at: int) -> bool:
    """Whether a word may begin or end between the characters on both sides of `at`."""
    if at in (0, len(text)):
        return True
    before, after = text[at - 1], text[at]
    if not (_in_word(before) and _in_word(after)):
        return True
    if unicodedata.category(after)[0] == "M":  # a mark belongs to what it stands on
        return False
    return bool(_UNSPACED.match(before) or _UNSPACED.match(after))


def _in_word(char: str) -> bool:
    return char == "_" or unicodedata.category(char)[0] in "LMN"
