"""Words made comparable: case, accents and full stops do not count."""

from __future__ import annotations

import re
import unicodedata

#: Marks that are accents; those of Thai or Hindi are vowels, and tell January from March.
_ACCENTS = re.compile("[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670]")
_PLAIN = str.maketrans({"ı": "i", "’": "'", ".": None, "\u200c": " "})


def fold(text: str) -> str:
    """`text` in small letters without accents or full stops, its spaces single."""
    text = text.lower()
    if not text.isascii():
        text = unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFD", text)))
    return " ".join(text.translate(_PLAIN).split())
