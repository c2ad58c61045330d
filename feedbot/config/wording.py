"""The words of a refusal: what is wrong with a value, and the nearest right one."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable

#: A bot's token, or a URL's credentials: people paste them under the wrong key too.
_SECRET = re.compile(r"(?<!\d)\d+:[\w-]{20,}|(?<=//)[^/\s]*(?=@)", re.ASCII)


class WrongValueError(ValueError):
    """A value that cannot be used: `what` is wrong with it and its `cure`."""

    def __init__(self, what: str, cure: str = "") -> None:
        self.what = what
        self.cure = cure
        super().__init__(f"{what}; {cure}" if cure else what)


def masked(text: str) -> str:
    """`text` without what looks like a token or a password in it."""
    return _SECRET.sub("********", text)


def quoted(value: object) -> str:
    """`value`, masked, as one short line in quotes."""
    text = masked(str(value))
    return json.dumps(text if len(text) <= 60 else text[:59] + "…", ensure_ascii=False)


def printable(text: str) -> str:
    """`text` on one line: whatever cannot be printed is escaped as TOML would."""
    return "".join(sign if sign.isprintable() else json.dumps(sign)[1:-1] for sign in text)


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that `word` was probably meant to be, or None."""
    by_fold = {name.casefold(): name for name in known}
    close = difflib.get_close_matches(word.casefold(), by_fold, n=1)
    return by_fold[close[0]] if close else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A cure for an unknown word: the nearest known one, or all of them where they are few."""
    names = sorted(set(known))
    near = nearest(word, names)
    if near is not None:
        return f"did you mean {quoted(near)}?"
    return f"known: {', '.join(map(quoted, names))}" if 0 < len(names) <= 12 else ""
