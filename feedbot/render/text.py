"""Plain text made fit to be shown: characters that survive XML and Telegram, lengths, shortening.

Both XML 1.0 (section 2.2) and Telegram refuse or drop certain characters; one of them in one title
must never cost a feed or a message. Telegram counts lengths in UTF-16 code units.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from urllib.parse import quote, urlsplit, urlunsplit

ELLIPSIS = "…"

#: Not characters of XML 1.0, or C1 controls, or U+FFFD, which only says that one was lost before.
_REFUSED = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ufdd0-\ufdef\ufffd-\uffff]")
#: What Telegram takes out of every message: directional overrides, three overlong marks (once they
#: are not part of a composed letter), and all but the last of several directional marks.
_OVERRIDES = re.compile("[\u202a-\u202e]")
_LONG_MARKS = re.compile("[\u0333\u033f\u030a]")
_MARKS = re.compile("[\u200e\u200f]+(?=[\u200e\u200f])")
_SURROGATE = re.compile("[\ud800-\udfff]")
#: Whatever `clean` looks for, in one class: most texts have none of it, and one search shows that.
_UNCLEAN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u030a\u0333\u033f\u200e\u200f\u2028-\u202e\ud800-\udfff\ufdd0-\ufdef"
    "\ufffd-\uffff]"
)
_LINE_END = re.compile("\r\n|[\r\v\f\x1c-\x1e\x85\u2028]")
_PARAGRAPH_END = re.compile(r"\n[^\S\n]*(?:\n[^\S\n]*)+")
_SPACES = re.compile(r"[^\S\n]+")
#: Spaces, controls, and marks with nothing to stand on.
_BLANK = frozenset({"Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Mn", "Mc", "Me"})
#: Letters and marks that draw nothing; a text of them alone is blank for a reader.
_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
#: How far a cut goes back to keep an emoji or a letter with its marks whole.
_CLUSTER_LIMIT = 32
_URL_SAFE = "/?:@!$&'()*+,;=-._~%"
#: User, host and port, after international names were encoded; IPv6 in brackets.
_NETLOC = re.compile(r"[\w.~!$&'()*+,;=%:@\[\]-]+", re.ASCII)


def clean(text: str) -> str:
    """`text` without what XML or Telegram refuses; line ends become `\\n`, marks are composed."""
    if text.isascii() and text.replace("\n", "").replace("\t", "").isprintable():
        return text  # as the next line would find, in a tenth of the time
    if not _UNCLEAN.search(text) and unicodedata.is_normalized("NFC", text):
        return text
    text = _LINE_END.sub("\n", _whole(text)).replace("\u2029", "\n\n")
    text = _MARKS.sub("", _OVERRIDES.sub("", _REFUSED.sub("", text)))
    text = _LONG_MARKS.sub("", unicodedata.normalize("NFC", text))
    return unicodedata.normalize("NFC", text)


def _whole(text: str) -> str:
    """`text` with halves of characters that belong together joined, single ones dropped."""
    if not _SURROGATE.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")


def one_line(text: str) -> str:
    """`text` cleaned, every run of white space one space."""
    return " ".join(clean(text).split())


def paragraphs(text: str) -> list[str]:
    """The paragraphs of `text` (parted by blank lines), cleaned; single line breaks are kept."""
    parts = _PARAGRAPH_END.split(clean(text))
    lines = ("\n".join(one.strip() for one in _SPACES.sub(" ", part).split("\n")) for part in parts)
    return [part for part in (line.strip() for line in lines) if part]


def is_blank(text: str) -> bool:
    """Whether a reader would see nothing of `text`."""
    return all(unicodedata.category(char)[0] in "ZCM" or char in _INVISIBLE for char in text)


def utf16_len(text: str) -> int:
    """The length of `text` in UTF-16 code units, which is how Telegram counts."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def clip(text: str, limit: int) -> str:
    """`text` in at most `limit` UTF-16 units, shortened at a word and marked with an ellipsis.

    A word longer than half of the room is cut inside, but no letter is parted from its marks.
    """
    if limit < 1:
        return ""
    if len(text) <= limit and utf16_len(text) <= limit:
        return text
    units = text[:limit].encode("utf-16-le", "surrogatepass")[: 2 * (limit - 1)]
    end = len(units.decode("utf-16-le", "ignore"))
    return text[: _word_end(text, end)].rstrip() + ELLIPSIS


def _word_end(text: str, end: int) -> int:
    """The last place at or before `end` where `text` may be cut."""
    if text[end].isspace():
        return end
    space = max(text.rfind(" ", 0, end), text.rfind("\n", 0, end))
    return space if 2 * space >= end else cluster_end(text, end)


def cluster_end(text: str, end: int) -> int:
    """The last place at or before `end` that does not tear what is drawn as one character."""
    for at in range(end, max(0, end - _CLUSTER_LIMIT), -1):
        if not joined(text, at):
            return at
    return end


def joined(text: str, at: int) -> bool:
    """Whether the characters on both sides of `at` are drawn as one."""
    before, after = text[at - 1], text[at]
    if before == "\u200d" or after == "\u200d" or unicodedata.category(after)[0] == "M":
        return True
    if "\U0001f3fb" <= after <= "\U0001f3ff":  # skin tones
        return True
    if not (_is_flag_half(before) and _is_flag_half(after)):
        return False
    start = at
    while start and at - start < _CLUSTER_LIMIT and _is_flag_half(text[start - 1]):
        start -= 1
    return (at - start) % 2 == 1


def _is_flag_half(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"


@lru_cache(maxsize=4096)  # a feed is built anew for each entry that comes, mostly of links it had
def safe_url(url: str, schemes: frozenset[str]) -> str | None:
    """`url` as an absolute URI (RFC 3986) of one of `schemes` with a host, all ASCII.

    None where it is none, so that no `javascript:` and nothing relative is ever published.
    """
    url = _REFUSED.sub("", _LINE_END.sub("", _whole(url))).strip()  # not composed: bytes matter
    try:
        parts = urlsplit(url)
        place = _ascii_netloc(parts.netloc)
        usable = parts.scheme in schemes and bool(parts.hostname)
        _ = parts.port  # out of range raises
    except ValueError:
        return None
    if not usable or not _NETLOC.fullmatch(place):
        return None
    rest = (quote(part, safe=_URL_SAFE) for part in (parts.path, parts.query, parts.fragment))
    return urlunsplit((parts.scheme, place, *rest))


def _ascii_netloc(netloc: str) -> str:
    """User, host and port with a host of any script in its ASCII form. Raises ValueError."""
    if netloc.isascii():
        return netloc
    user, at, place = netloc.rpartition("@")
    host, colon, port = place.partition(":")
    return f"{quote(user, safe=':%')}{at}{host.encode('idna').decode()}{colon}{port}"
