"""The words of a refusal: what is wrong with a value, and the nearest right one."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable


class WrongValueError(ValueError):
    """A value that cannot be used: `what` is wrong with it and its `cure`."""

    def __init__(self, what: str, cure: str = "") -> None:
        self.what = what
        self.cure = cure
        super().__init__(f"{what}; {cure}" if cure else what)


def quoted(value: object) -> str:
    """`value` as one short line in quotes, whatever characters it holds."""
    text = str(value)
    return json.dumps(text if len(text) <= 60 else text[:59] + "…", ensure_ascii=False)


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that `word` was probably meant to be, or None."""
    by_fold = {name.casefold(): name for name in known}
    close = difflib.get_close_matches(word.casefold(), by_fold, n=1)
    return by_fold[close[0]] if close else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A cure for an unknown word: the nearest known one, or all of them where they are few."""
    names = sorted(known)
    near = nearest(word, names)
    if near is not None:
        return f"did you mean {quoted(near)}?"
    return f"known: {', '.join(map(quoted, names))}" if 0 < len(names) <= 12 else ""
