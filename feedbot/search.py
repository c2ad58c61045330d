"""What a search looks for: words in the form they are indexed in, and what was found marked.

    text ─→ words ─→ stems ─→ index          query ─→ Query of stems ─→ index ─→ entries ─→ marked

A word is a run of letters and digits, in small letters; Chinese and Japanese have no spaces, there
each sign is one. Words in Cyrillic are stemmed as Russian, words in Latin letters as English
(Snowball), whatever the language of the text: a page in one often quotes the other.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.metadata import version
from typing import Any

from markupsafe import Markup, escape

_SIGNS = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
_WORD = re.compile(f"[{_SIGNS}]|[^\\W_{_SIGNS}]+")
_CYRILLIC = re.compile("[а-яё]")
_MARKS = re.compile("[\u0300-\u036f]")
_LATIN = re.compile("[a-z\u00c0-\u024f\u1e00-\u1eff]")
_TERM = re.compile(r'(-?)(?:"([^"]*)"?|([^\s"]+))')
_LONGEST_WORD = 60
_SHORTEST_PREFIX = 2  # half of all words begin with one of a few letters
_MOST_TERMS = 12
_MOST_WORDS = 40  # of all terms together
_AROUND = 12  # words of a text before and after the first that was found

#: Moves when words are indexed in another way, so that the index is made anew.
RECIPE = f"1/{version('snowballstemmer')}"


@dataclass(frozen=True, slots=True)
class Term:
    """Words that stand next to each other; the last is only begun where there is a `prefix`.

    prefix: the letters it begins with, as they were typed
    """

    stems: tuple[str, ...]
    prefix: str = ""

    @property
    def whole(self) -> str:
        """The stem of what was begun, which may be shorter than that."""
        return stem(self.prefix)


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for: all of `wanted` and none of `unwanted`."""

    wanted: tuple[Term, ...] = ()
    unwanted: tuple[Term, ...] = ()


@cache
def _stemmer(language: str) -> Any:
    """Loaded when there is something to stem: it brings forty languages along."""
    import snowballstemmer

    return snowballstemmer.stemmer(language)


@lru_cache(maxsize=65_536)  # a language has few words, and says them often
def stem(word: str) -> str:
    """A word in the form that it is indexed in."""
    word = word.casefold().replace("ё", "е")
    if _CYRILLIC.search(word):
        return str(_stemmer("russian").stemWord(word))
    if _LATIN.search(word):
        bare = _MARKS.sub("", unicodedata.normalize("NFD", word))
        return str(_stemmer("english").stemWord(bare))
    return word


def stems(text: str) -> str:
    """A text as it is indexed: its words' stems with spaces between them."""
    return " ".join(stem(word) for word in _words(text))


def _words(text: str) -> Iterator[str]:
    for found in _WORD.finditer(text):
        yield found[0][:_LONGEST_WORD]


def parse_query(text: str) -> Query:
    """A query as people type it: words, "words in a row", -without, begin*.

    Whatever is typed is a query; one without anything to look for finds nothing.
    """
    wanted: list[Term] = []
    unwanted: list[Term] = []
    budget = _MOST_WORDS
    for minus, phrase, word in _TERM.findall(text):
        said = phrase or word
        words = list(_words(said))[:budget]
        budget -= len(words)
        if words and len(wanted) + len(unwanted) < _MOST_TERMS:
            (unwanted if minus else wanted).append(_term(words, begun=said.endswith("*")))
    return Query(tuple(wanted), tuple(unwanted))


def _term(words: Sequence[str], *, begun: bool) -> Term:
    begun = begun and len(words[-1]) >= _SHORTEST_PREFIX
    whole = words[:-1] if begun else words
    prefix = words[-1].casefold().replace("ё", "е") if begun else ""
    return Term(tuple(stem(word) for word in whole), prefix)


def marked(text: str, query: Query) -> Markup:
    """`text` with what a query found in it marked."""
    parts: list[Markup] = []
    end = 0
    for found in _WORD.finditer(text):
        if _is_found(found[0], query):
            parts += [escape(text[end : found.start()]), Markup("<mark>{}</mark>").format(found[0])]
            end = found.end()
    return Markup("").join([*parts, escape(text[end:])])


def _is_found(word: str, query: Query) -> bool:
    own = stem(word[:_LONGEST_WORD])
    return any(
        own in term.stems or (term.prefix and _begins(word, own, term.prefix))
        for term in query.wanted
    )


def _begins(word: str, own: str, prefix: str) -> bool:
    return word.casefold().replace("ё", "е").startswith(prefix) or own == stem(prefix)


def passage(text: str, query: Query) -> Markup:
    """The part of a text around the first word that was found, with what was found marked."""
    spans = list(_WORD.finditer(text))
    at = next((number for number, one in enumerate(spans) if _is_found(one[0], query)), 0)
    first, last = max(0, at - _AROUND), min(len(spans), at + 3 * _AROUND)
    if not spans:
        return Markup("")
    start = 0 if first == 0 else spans[first].start()
    end = len(text) if last == len(spans) else spans[last - 1].end()
    shown = marked(" ".join(text[start:end].split()), query)
    return Markup("{}{}{}").format("… " if start else "", shown, " …" if end < len(text) else "")
