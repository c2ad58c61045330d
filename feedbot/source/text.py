"""Bytes to text, before anything is parsed.

Who is believed, in this order: a byte order mark; then whatever the Content-Type header, `<meta>`
or the XML declaration say, in that order, as long as the bytes do not contradict it; then the bytes
alone. (WHATWG HTML, "determining the character encoding", believes the header blindly: pages served
with a server-wide default charset are then garbled, so we look at the bytes first.)

The bytes contradict a declaration when they are invalid in it, when they are valid UTF-8 though
something else is declared, when a page in Cyrillic, Greek, Hebrew or Arabic reads better in another
charset (see `letters`), and when a Western charset would make words of accented letters only, or
signs and foreign letters where another makes those of one language.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

from feedbot.source.letters import best_latin, best_script, contradicts, has_script, score

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

# Labels that browsers read as a wider charset than their name says (WHATWG Encoding), and common
# misspellings that Python does not know.
_WIDER = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "big5": "big5hkscs",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "utf-8-sig": "utf-8",
    "koi8-r": "koi8-u",  # Ukrainian letters where nobody draws boxes
}
_MISSPELT = {
    "unicode": "utf-8",
    "win-1251": "cp1251",
    "win1251": "cp1251",
    "windows1251": "cp1251",
    "cp-1251": "cp1251",
    "koi8": "koi8-r",
    "koi8r": "koi8-r",
    "x-sjis": "cp932",
    "x-gbk": "gb18030",
    "dos-866": "cp866",
}
# Python also calls base64, rot13, idna and the like "encodings"; only charsets are wanted here.
_CHARSET = re.compile(
    r"utf-(8|16|32)(-[lb]e)?|cp\d{3,4}|iso8859-\d+|koi8-[rut]|mac-[a-z]+|gb18030|big5hkscs"
    r"|euc_\w+|shift_jis\w*|iso2022_\w+|kz1048|ptcp154|hz|johab"
)
_WESTERN = frozenset({"cp1252", "cp1254", "cp1250", "cp1257", "iso8859-2", "iso8859-15"})
_KNOWN_TO_WEB = [
    *("gb18030", "big5hkscs", "cp932", "euc_jp", "cp949", "iso2022_jp"),
    *("cp1252", "cp1250", "cp1253", "cp1254", "cp1255", "cp1256", "cp874"),
    *("cp1251", "koi8-r", "cp866", "iso8859-5"),
]
_MULTIBYTE = frozenset({"gb18030", "big5hkscs", "cp932", "cp949", "euc_jp", "johab"})

_HEADER_CHARSET = re.compile(r"charset\s{0,9}=\s{0,9}[\"']?([^\s\"';,]{1,40})", re.I)
_META_CHARSET = re.compile(rb"<meta\s[^>]{0,400}?charset\s{0,9}=\s{0,9}[\"']?([\w.:-]{1,40})", re.I)
_XML_CHARSET = re.compile(
    rb"^\s{0,99}<\?xml\s[^>]{0,200}?encoding\s{0,9}=\s{0,9}[\"']([\w.:-]{1,40})"
)
_HIGH_RUN = re.compile(rb"[\x80-\xff]{3,}")
_HIGH_PAIR = re.compile(rb"[\x80-\xff]{2}")  # without one: signs here and there
_HIGH_WORDS = re.compile(rb"(?:[\x80-\xff]+[ ,.\-]?)+")
_HIGH_ANY = re.compile(rb"[\x80-\xff]+")
_ACCENTED = re.compile(rb"[A-Za-z][\x80-\xff](?![\x80-\xff])|(?<![\x80-\xff])[\x80-\xff][A-Za-z]")
_ISO_2022 = re.compile(rb"\x1b[$(][@BJ]")  # switches to Japanese and back
_TAG = re.compile(rb"<[^<>]{0,2000}>")
_SCANNED = 65_536  # bytes in which a page says what charset it has, and that are judged
_JUDGED = 4_096  # bytes above 0x7f that are enough to tell charsets apart


def decode(body: bytes, content_type: str | None) -> str:
    """The text of `body`; never raises.

    `content_type`: the HTTP header's value, where there is one. The byte order mark is not part of
    the text; bytes that mean nothing in the charset become U+FFFD.
    """
    for bom, charset in _BOMS:
        if body.startswith(bom):
            return body[len(bom) :].decode(charset, "replace")
    if body.isascii() and b"\0" not in body and b"\x1b" not in body:
        return body.decode("ascii")
    return body.decode(_charset(body, content_type), "replace")


def _charset(body: bytes, content_type: str | None) -> str:
    """The charset that declarations and bytes agree on."""
    declared = list(_declared(body, content_type))
    wide = _utf16_without_mark(body)
    if wide is not None:
        return wide
    if _ISO_2022.search(body) and body.isascii():
        return "iso2022_jp"
    if _is_utf8(body, declared):
        return "utf-8"
    high = b" ".join(_HIGH_WORDS.findall(body))[:_JUDGED]
    for charset in declared:
        if _believable(charset, body, high):
            return charset
    return _detected(body, high, declared)


def _declared(body: bytes, content_type: str | None) -> Iterator[str]:
    """Charsets named by header, meta and XML declaration, as Python calls them."""
    head = body[:_SCANNED]
    header = _HEADER_CHARSET.search(content_type or "")
    labels = [header[1]] if header else []
    for found in (_META_CHARSET.search(head), _XML_CHARSET.match(head)):
        if found:
            labels.append(found[1].decode("ascii", "replace"))
    for label in labels:
        charset = _python_name(label)
        # A page in UTF-16 or UTF-32 has zero bytes; one that says so and has none is not.
        if charset is not None and (b"\0" in head or charset[:6] not in ("utf-16", "utf-32")):
            yield charset


def _python_name(label: str) -> str | None:
    """Python's name for a charset label, None where it is no charset we read."""
    name = label.strip().lower()
    try:
        name = codecs.lookup(_MISSPELT.get(name, name)).name
    except (LookupError, ValueError):
        return None
    name = _WIDER.get(name, name)
    return name if _CHARSET.fullmatch(name) else None


def _utf16_without_mark(body: bytes) -> str | None:
    """UTF-16 told by the zero bytes its markup must have (`<` is 3C 00 or 00 3C)."""
    head = body[:_SCANNED]
    if len(head) < 4 or head.count(0) * 5 < len(head):
        return None
    even, odd = head[::2].count(0), head[1::2].count(0)
    if odd > 4 * even:
        return "utf-16-le"
    return "utf-16-be" if even > 4 * odd else None


def _is_utf8(body: bytes, declared: list[str]) -> bool:
    """Whether the bytes are UTF-8, perhaps cut off or with a few broken characters."""
    text = body.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    if broken == 0:
        if not declared or declared[0] not in _MULTIBYTE:
            return b"\x1b" not in body or not text.isascii()
        # One pair of Chinese bytes in seven is valid UTF-8 by chance; six pairs in a row are not.
        return len(text) + 5 < len(body)
    if broken == 1 and text.endswith("\ufffd") and len(text) > 1 and not text[:-1].isascii():
        return True
    characters = sum(1 for char in text[:_SCANNED] if "\x7f" < char != "\ufffd")
    broken = text[:_SCANNED].count("\ufffd")
    # Other charsets hardly ever make a whole character by chance: where UTF-8 is declared, a page
    # of few of them may have lost one.
    return characters > (1 if declared[:1] == ["utf-8"] else 8) * broken


def _believable(charset: str, body: bytes, high: bytes) -> bool:
    """Whether the bytes do not contradict a declared charset other than UTF-8."""
    if charset == "utf-8":
        return False  # it was looked at first
    if charset in _WESTERN:
        return not _in_runs(high) and not contradicts(body[:_SCANNED], charset)
    try:
        text = body.decode(charset, "replace")
    except (LookupError, ValueError):
        return False
    bad = text.count("\ufffd")
    if bad > 1 and bad * 50 > len(high):
        return False
    if not has_script(charset):
        return True
    if _among_latin(body):
        return False
    best = best_script(high)
    if best is None:
        return len(high) < 20 or score(high, charset) > 1
    return score(high, charset) >= 0.8 * score(high, best)


def _in_runs(high: bytes) -> bool:
    """Whether most bytes above 0x7f stand in runs, as no Western language has them."""
    runs = sum(len(run) for run in _HIGH_RUN.findall(high))
    return runs * 2 > sum(1 for byte in high if byte > 0x7F)


def _among_latin(body: bytes) -> bool:
    """Whether bytes above 0x7f are single letters inside words of ASCII letters."""
    head = body[:_SCANNED]
    return 0 < len(_HIGH_ANY.findall(head)) <= len(_ACCENTED.findall(head)) * 2


def _detected(body: bytes, high: bytes, declared: list[str]) -> str:
    """The charset by the bytes alone; where they do not tell, the declared one."""
    if _among_latin(body) or not _HIGH_PAIR.search(body):
        latin = best_latin(body[:_SCANNED], next(iter(declared), None))
        if latin is not None:
            return latin
    else:
        script = best_script(high)
        if script is not None:
            return _WIDER.get(script, script)
    # Loaded here: most pages are UTF-8 and never need it.
    from charset_normalizer import from_bytes

    found = from_bytes(_TAG.sub(b" ", body[:_SCANNED]), cp_isolation=_KNOWN_TO_WEB).best()
    charset = _python_name(found.encoding) if found is not None else None
    return charset or next((name for name in declared if name != "utf-8"), "cp1252")
