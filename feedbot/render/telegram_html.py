"""Telegram's HTML, which is not HTML: checked, measured, cut and undone.

Rules as Telegram's own parser has them (https://core.telegram.org/bots/api#html-style): a few
tags, properly nested; `<` is always a tag; four named entities and the numeric ones; all else is
text. Length is counted in UTF-16 units after parsing, the raw text is capped, and entities beyond
a hundred are dropped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from markupsafe import escape

from feedbot.render.text import ELLIPSIS, clip, safe_url, utf16_len

MAX_TEXT = 4096  # a message, after parsing; a caption has 1024
MAX_RAW = 32_000  # bytes; the parser refuses somewhat above 32 KiB
MAX_ENTITIES = 100
#: Telegram links to these. `mailto:` is not among them: it makes a broken `http://mailto:` of it.
LINK_SCHEMES = frozenset({"http", "https", "tg"})
#: A link longer than this would crowd the text out of the 32 KiB of a message.
MAX_LINK = 2048

TAGS = frozenset(
    {"a", "b", "strong", "i", "em", "s", "strike", "del", "u", "ins", "tg-spoiler", "span", "pre",
     "code", "blockquote", "tg-emoji"}
)  # fmt: skip

#: A tag, with quoted values that may hold `>`. Possessive: no backtracking on hostile input.
_TAG = re.compile(r"""<(/?+)([^\s>]*+)((?:[^>"']|"[^"]*+"|'[^']*+')*+)>""")
_ENTITY = re.compile(r"&(?:#(x[0-9a-fA-F]{1,8}|[0-9]{1,8})|(lt|gt|amp|quot));?")
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_SPOILER = re.compile(r"""\sclass\s*=\s*["']?tg-spoiler["']?(\s|$)""", re.IGNORECASE)
_EMOJI = re.compile(r"""\semoji-id\s*=\s*["']?[1-9][0-9]*["']?(\s|$)""", re.IGNORECASE)
_ATTRIBUTES = re.compile(r"""(?:\s++[\w-]++(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'))?+)*+\s*+""")
_HREF = re.compile(r"""\shref\s*=\s*(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)


class MarkupError(ValueError):
    """Telegram would answer "can't parse entities"; the message says what is wrong."""


@dataclass(frozen=True, slots=True)
class Tag:
    """One tag: its name in lower case, what stands after the name, and all of it as written."""

    name: str
    closing: bool
    attributes: str
    raw: str


def parse(html: str) -> list[str | Tag]:
    """`html` as raw text runs and tags, well nested. Raises MarkupError."""
    tokens: list[str | Tag] = []
    open_tags: list[str] = []
    for token in _tokens(html):
        if isinstance(token, Tag):
            _nest(token, open_tags)
        tokens.append(token)
    if open_tags:
        raise MarkupError(f"<{open_tags[-1]}> is not closed")
    return tokens


def _tokens(html: str) -> Iterator[str | Tag]:
    """Raw text runs and tags in order, each tag one that Telegram knows."""
    at = 0
    while at < len(html):
        start = html.find("<", at)
        if start < 0:
            yield html[at:]
            return
        if start > at:
            yield html[at:start]
        found = _TAG.match(html, start)
        if not found:
            raise MarkupError("a < that begins no tag; write &lt;")
        tag = Tag(found[2].lower(), found[1] == "/", found[3], found[0])
        _check(tag)
        yield tag
        at = found.end()


def _check(tag: Tag) -> None:
    if tag.name not in TAGS and not (tag.closing and not tag.name):
        raise MarkupError(f"<{tag.name[:20]}> is no tag of Telegram's; it has {known_tags()}")
    if tag.closing:
        return
    if not _ATTRIBUTES.fullmatch(tag.attributes):
        raise MarkupError(f"<{tag.name}> has an attribute that cannot be read; put it in quotes")
    if tag.name == "span" and not _SPOILER.search(tag.attributes):
        raise MarkupError('<span> must have class="tg-spoiler"')
    if tag.name == "tg-emoji" and not _EMOJI.search(tag.attributes):
        raise MarkupError("<tg-emoji> must have a numeric emoji-id")


def _nest(tag: Tag, open_tags: list[str]) -> None:
    if not tag.closing:
        open_tags.append(tag.name)
    elif not open_tags:
        raise MarkupError(f"</{tag.name}> closes nothing")
    elif tag.name and tag.name != open_tags[-1]:
        raise MarkupError(f"</{tag.name}> closes <{open_tags[-1]}>")
    else:
        open_tags.pop()


def known_tags() -> str:
    """The tags Telegram knows, for messages."""
    return " ".join(sorted(TAGS))


def safe_link(url: str) -> str:
    """`url` where Telegram will link to it, else ""."""
    safe = safe_url(url, LINK_SCHEMES) or ""
    return safe if len(safe) <= MAX_LINK else ""


def decode(raw: str) -> str:
    """`raw` text with Telegram's character references resolved; all others are literal."""
    return _ENTITY.sub(_character, raw)


def _character(found: re.Match[str]) -> str:
    if found[2]:
        return _NAMED[found[2]]
    code = int(found[1][1:], 16) if found[1][0] == "x" else int(found[1])
    if not 0 < code < 0x110000 or 0xD800 <= code < 0xE000:
        return found[0]
    return chr(code)


def visible_text(html: str) -> str:
    """What a reader sees of `html`. Raises MarkupError."""
    return "".join(decode(token) for token in parse(html) if isinstance(token, str))


def links(html: str) -> list[tuple[str, str]]:
    """Where each link of `html` leads, and its visible text. Raises MarkupError."""
    found: list[tuple[str, str]] = []
    open_tags: list[tuple[str | None, int]] = []
    text = ""
    for token in parse(html):
        if isinstance(token, str):
            text += decode(token)
        elif not token.closing:
            open_tags.append((_address(token), len(text)))
        else:
            address, start = open_tags.pop()
            if address:
                found.append((address, text[start:]))
    return found


def _address(tag: Tag) -> str | None:
    """Where a tag links to, if it does."""
    found = _HREF.search(tag.attributes) if tag.name == "a" else None
    return decode(found[1] or found[2] or "") if found else None


def fits(html: str, limit: int = MAX_TEXT) -> bool:
    """Whether Telegram takes `html` as one message, all of it. Raises MarkupError."""
    tokens = parse(html)
    entities = sum(isinstance(token, Tag) and not token.closing for token in tokens)
    text = "".join(decode(token) for token in tokens if isinstance(token, str))
    return utf16_len(text) <= limit and len(html.encode()) <= MAX_RAW and entities <= MAX_ENTITIES


def cut(html: str, limit: int = MAX_TEXT) -> str:
    """`html` shortened outside its tags until `limit` and Telegram's other bounds hold.

    Tags still open are closed; markup beyond the hundredth entity is left out, its text kept.
    Raises MarkupError.
    """
    html = bounded(html)
    size = limit
    while not fits(html, limit):  # once for the length; again where markup makes it heavy
        html = shorten(html, size)
        size = size * 3 // 4
        if not size:
            return ""
    return html


def bounded(html: str, most: int = MAX_ENTITIES) -> str:
    """`html` with no more than `most` pairs of tags, all of its text kept. Raises MarkupError."""
    return "".join(_bounded(parse(html), most))


def _bounded(tokens: list[str | Tag], most: int) -> Iterator[str]:
    kept: list[bool] = []
    entities = 0
    for token in tokens:
        if isinstance(token, str):
            yield token
            continue
        if not token.closing:
            kept.append(entities < most)
            entities += 1
            wanted = kept[-1]
        else:
            wanted = kept.pop()
        if wanted:
            yield token.raw


def shorten(html: str, size: int) -> str:
    """`html` up to `size` UTF-16 units of text and an ellipsis. Raises MarkupError."""
    return "".join(_cut(parse(html), size))


def _cut(tokens: list[str | Tag], size: int) -> Iterator[str]:
    """The tokens up to `size` UTF-16 units of text, and the closing tags this leaves missing."""
    open_tags: list[str] = []
    for token in tokens:
        if isinstance(token, Tag):
            if token.closing:
                open_tags.pop()
            else:
                open_tags.append(token.name)
            yield token.raw
            continue
        text = decode(token)
        if utf16_len(text) > size:
            yield str(escape(clip(text, size) or ELLIPSIS))
            break
        size -= utf16_len(text)
        yield token
    yield from (f"</{name}>" for name in reversed(open_tags))


def to_plain(html: str, limit: int = MAX_TEXT) -> str:
    """`html` as plain text, for when Telegram refuses its markup: tags out, links written behind.

    Never raises: markup that cannot be read is shown with whatever looks like a tag taken out.
    """
    try:
        tokens = parse(html)
    except MarkupError:
        return clip(decode(re.sub(r"<[^<>]*>", "", html)).strip(), limit)
    parts: list[str] = []
    addresses: list[str | None] = []
    for token in tokens:
        if isinstance(token, str):
            parts.append(decode(token))
        elif not token.closing:
            addresses.append(_address(token))
        elif address := addresses.pop():
            parts.append(f" ({address})")
    return clip("".join(parts).strip(), limit)
