"""Which charset bytes are in, by the letters that they make in each.

The wrong charset makes rare letters, capitals inside words, or signs where letters belong.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise

_HIGH_ANY = re.compile(rb"[\x80-\xff]+")
_HIGH_NEAR = re.compile(rb"[\x80-\xff]+[A-Za-z]?")
_DOUBTFUL = 0.65  # share of letters of one language below which a page is in another script
_ENOUGH = 4  # accented letters that say something about a charset


def _frequency(*groups: tuple[str, float]) -> dict[str, float]:
    return {letter: percent for letters, percent in groups for letter in letters}


# How often each letter stands in prose, in percent; Ukrainian and Bulgarian are near enough.
_RUSSIAN = _frequency(
    ("о", 11.0), ("еа", 8.2), ("и", 7.4), ("нт", 6.5), ("с", 5.5), ("рвл", 4.5), ("к", 3.5),
    ("мдпу", 2.9), ("яы", 2.0), ("ьгзб", 1.7), ("ч", 1.4), ("йіїєґ", 1.2), ("хжш", 0.9),
    ("юцщэф", 0.4), ("ъё", 0.1),
)  # fmt: skip
_GREEK = _frequency(
    ("αο", 9.5), ("ετι", 8.2), ("νσ", 7.5), ("ρη", 4.5), ("κπ", 4.2), ("ςμλυ", 3.6), ("όίά", 2.2),
    ("έήδωγ", 1.8), ("χθύ", 1.2), ("ώφβ", 0.8), ("ξζψϊϋΐ", 0.3),
)  # fmt: skip
_HEBREW = _frequency(
    ("יו", 10.8), ("ה", 9.0), ("לא", 7.2), ("רבתשמ", 5.3), ("נם", 3.5), ("דעחקכ", 2.6),
    ("פןס", 1.8), ("גצזט", 1.2), ("ךףץ", 0.6),
)  # fmt: skip
_ARABIC = _frequency(
    ("ا", 14.5), ("ل", 11.5), ("ي", 7.3), ("منو", 6.0), ("رت", 5.0), ("ةبع", 3.8), ("دسه", 3.2),
    ("فكحقأ", 2.3), ("جصش", 1.4), ("طإخىضزئ", 0.9), ("ثذغءآظؤ", 0.5),
)  # fmt: skip
_SCRIPTS = {
    "cp1251": _RUSSIAN, "koi8-r": _RUSSIAN, "cp866": _RUSSIAN, "iso8859-5": _RUSSIAN,
    "cp1253": _GREEK, "cp1255": _HEBREW, "cp1256": _ARABIC, "iso8859-6": _ARABIC,
}  # fmt: skip
#: Charsets that differ from these in a few signs alone.
KIN = {"koi8-u": "koi8-r", "koi8-t": "koi8-r", "iso8859-7": "cp1253", "iso8859-8": "cp1255"}
_PLAIN = 3.2  # the mean frequency above which it is prose: 6 is usual, the wrong charset gives 2
_SIGNS = "«»—–№“”„’…\xa0،؟"

# The letters beyond ASCII of languages, and the charsets their pages are in.
_ALPHABETS = (
    ("àâæçèéêëîïôœùûüÿ", ("cp1252",)),
    ("äöüßµ", ("cp1252",)),
    ("áéíñóúüçàãâêôõïè¿¡ªº", ("cp1252",)),
    ("àèéìíîòóùú", ("cp1252",)),
    ("åäöæøéü", ("cp1252",)),
    ("áðéíóúýþæö", ("cp1252",)),
    ("ąćęłńóśźż", ("cp1250", "iso8859-2")),
    ("áčďéěíňóřšťúůýžľĺŕôä", ("cp1250", "iso8859-2")),
    ("áéíóöőúüű", ("cp1250", "iso8859-2")),
    ("ăâîşţ", ("cp1250", "iso8859-2")),
    ("čćđšž", ("cp1250", "iso8859-2")),
    ("çğıöşüâîİ", ("cp1254",)),
)


def has_script(charset: str) -> bool:
    """Whether it is one of a script whose letters can be counted."""
    return KIN.get(charset, charset) in _SCRIPTS


def score(high: bytes, charset: str) -> float:
    """The mean frequency of the letters that bytes make in a charset of Cyrillic, Greek, Hebrew or
    Arabic; oddities count against it."""
    family = KIN.get(charset, charset)
    return _score(high, family)


@lru_cache(maxsize=32)  # asked for again by each declaration of one page
def _score(high: bytes, charset: str) -> float:
    frequency = _SCRIPTS[charset]
    total = result = 0.0
    before = " "
    for char in high.decode(charset, "replace"):
        if char > "\x7f":
            total += 1
            result += frequency.get(char.lower(), 0.0 if char in _SIGNS else -6.0)
            # A capital after a small letter is what the wrong charset makes of ordinary words.
            if before.islower() and char.isupper():
                result -= 8.0
        before = char
    return result / total if total else 0.0


def best_script(high: bytes) -> str | None:
    """The charset in which the bytes read best, None where they read badly in all."""
    if len(high) < 2:
        return None
    best = max(_SCRIPTS, key=lambda charset: score(high, charset))
    return best if score(high, best) > _PLAIN else None


def best_latin(body: bytes, declared: str | None) -> str | None:
    """The charset in which the accented letters are those of one language, None where in none.

    declared: taken where it does as well as any, else cp1252 is
    """
    shares = latin_shares(body)
    usual = [declared] if declared in shares else []
    if len(b"".join(_HIGH_ANY.findall(body))) < _ENOUGH:
        return next(iter(usual), "cp1252")
    best = max(shares.values())
    if best < _DOUBTFUL:
        return None
    return next(name for name in (*usual, *shares) if shares[name] >= best - 0.05)


def latin_shares(body: bytes) -> dict[str, float]:
    """Of each Western charset the share of bytes above 0x7f that are letters of one language.

    Signs count where they do not begin a word.
    """
    near = b" ".join(_HIGH_NEAR.findall(body))[:4_096]
    shares: dict[str, float] = {}
    for letters, charsets in _ALPHABETS:
        known = frozenset(letters + letters.upper())
        for charset in charsets:
            share = _share(near.decode(charset, "replace") + " ", known)
            shares[charset] = max(shares.get(charset, 0.0), share)
    return shares


def _share(text: str, known: frozenset[str]) -> float:
    good = total = 0
    for char, following in pairwise(text):
        if char > "\x7f":
            total += 1
            good += char in known or (
                char != "\ufffd" and not char.isalpha() and not following.isalpha()
            )
    return good / total if total else 1.0


def contradicts(body: bytes, charset: str) -> bool:
    """Whether a Western charset makes signs and foreign letters of what are another one's letters,
    or of another script."""
    shares = latin_shares(body)
    if charset not in shares or len(b"".join(_HIGH_ANY.findall(body))) < _ENOUGH:
        return False
    best = max(shares.values())
    return best < _DOUBTFUL or (shares[charset] < 0.85 and best > 0.97)
