"""Words made comparable: case, accents and full stops do not count."""

from __future__ import annotations

import unicodedata

_PLAIN = str.maketrans({"ı": "i", "’": "'", ".": None, "\u200c": " "})


def fold(text: str) -> str:
    """`text` in small letters without accents or full stops, its spaces single."""
    text = text.lower()
    if not text.isascii():
        parts = unicodedata.normalize("NFD", text)
        text = unicodedata.normalize(
            "NFC", "".join(char for char in parts if unicodedata.category(char) != "Mn")
        )
    return " ".join(text.translate(_PLAIN).split())
