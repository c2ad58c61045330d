"""Telegram's HTML: the few tags it knows, its entities, its complaints.

https://core.telegram.org/bots/api#html-style says what may be written; what happens to everything
else was taken from what Telegram's own parser answers, which the tests ask again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from feedbot.demo.botapi.entities import Entity, in_order, utf16
from feedbot.demo.botapi.links import checked_link, integer, lower, mentioned_user

_STYLES = {
    "b": "bold", "strong": "bold", "i": "italic", "em": "italic",
    "u": "underline", "ins": "underline",
    "s": "strikethrough", "strike": "strikethrough", "del": "strikethrough",
    "tg-spoiler": "spoiler", "span": "spoiler",
}  # fmt: skip
_TAGS = {*_STYLES, "a", "pre", "code", "blockquote", "tg-emoji", "tg-time"}
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_SPACE = frozenset(" \t\r\n\0\v")
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_DIGITS = frozenset("0123456789")
_HEX = frozenset("0123456789abcdefABCDEF")
_NAME_END = _SPACE | frozenset("=>/\"'")
_TOKEN = _LETTERS | _DIGITS | frozenset(".-")


class EntityError(ValueError):
    """The text cannot be parsed; the message is Telegram's, without its `can't parse entities:`."""


@dataclass(slots=True)
class _Tag:
    """An open tag: its name, what its attributes said, and where its text begins."""

    name: str
    at: int
    argument: str = ""
    unix_time: int = 0
    offset: int = 0
    start: int = 0


def _has_surrogates(text: str) -> bool:
    return not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text)


def parse_html(source: str) -> tuple[str, list[Entity]]:
    """The plain text and its entities. EntityError where Telegram answers 400."""
    if "<" not in source and "&" not in source:
        return source, []
    return _Parser(source).parse()


@dataclass(slots=True)
class _Parser:
    source: str  # a NUL is added behind its end, so that looking ahead needs no length checks
    at: int = 0
    units: int = 0
    out: list[str] = field(default_factory=list)
    stack: list[_Tag] = field(default_factory=list)
    entities: list[Entity] = field(default_factory=list)

    def parse(self) -> tuple[str, list[Entity]]:
        size = len(self.source)
        self.source += "\0"
        while self.at < size:
            char = self.source[self.at]
            if char == "<":
                self._end_tag() if self.source[self.at + 1] == "/" else self._start_tag()
                continue
            if char == "&":
                self._put(self._reference() or self._step())
            else:
                self._put(self._run())
        if self.stack:
            name = self.stack[-1].name
            raise EntityError(f'Can\'t find end tag corresponding to start tag "{name}"')
        text = "".join(self.out)
        if _has_surrogates(text):
            raise EntityError(
                "Text contains invalid Unicode characters after decoding HTML entities, "
                "check for unmatched surrogate code units"
            )
        for entity in self.entities:
            entity.pop("code_language", None)
        return text, in_order(self.entities)

    def _put(self, text: str) -> None:
        self.out.append(text)
        self.units += utf16(text)

    def _step(self) -> str:
        self.at += 1
        return self.source[self.at - 1]

    def _run(self) -> str:
        """All text up to the next mark."""
        start = self.at
        ends = [
            end for end in (self.source.find("<", start), self.source.find("&", start)) if end >= 0
        ]
        self.at = min(ends, default=len(self.source) - 1)
        return self.source[start : self.at]

    def _reference(self) -> str | None:
        """The character that a reference at `at` stands for, moving behind it; None: no such."""
        source, end = self.source, self.at + 1
        if source[end] == "#":
            hexadecimal = source[end + 1] == "x"
            start = end = end + (2 if hexadecimal else 1)
            end = self._while(end, _HEX if hexadecimal else _DIGITS)
            code = int(source[start:end] or "0", 16 if hexadecimal else 10)
            if code == 0 or code >= 0x10FFFF or end - self.at >= 10:
                return None
            char = chr(code)
        else:
            end = self._while(end, _LETTERS)
            named = _NAMED.get(source[self.at + 1 : end])
            if named is None:
                return None
            char = named
        self.at = end + 1 if source[end] == ";" else end
        return char

    def _while(self, at: int, allowed: frozenset[str]) -> int:
        while self.source[at] in allowed:
            at += 1
        return at

    def _until(self, at: int, stops: frozenset[str]) -> int:
        while self.source[at] not in stops:
            at += 1
        return at

    def _skip_space(self) -> None:
        while self.source[self.at] in _SPACE and self.source[self.at] != "\0":
            self.at += 1

    def _offset(self, at: int) -> str:
        return f"at byte offset {len(self.source[:at].encode('utf-8', 'surrogatepass'))}"

    def _start_tag(self) -> None:
        begin = self.at
        self.at = self._until(begin + 1, _SPACE | {">"})
        if self.source[self.at] == "\0":
            raise EntityError(f"Unclosed start tag {self._offset(begin)}")
        tag = _Tag(lower(self.source[begin + 1 : self.at]), begin)
        if tag.name not in _TAGS:
            raise EntityError(f'Unsupported start tag "{tag.name}" {self._offset(begin)}')
        while self.source[self.at] != ">":
            self._skip_space()
            if self.source[self.at] == ">":
                break
            self._attribute(tag)
        self.at += 1
        if tag.name == "span" and tag.argument != "spoiler":
            where = self._offset(begin)
            raise EntityError(f'Tag "span" must have class "tg-spoiler" {where}')
        tag.offset, tag.start = self.units, len(self.out)
        self.stack.append(tag)

    def _attribute(self, tag: _Tag) -> None:
        start = self.at
        self.at = self._until(start, _NAME_END)
        name = self.source[start : self.at]
        if not name:
            where = self._offset(tag.at)
            raise EntityError(f'Empty attribute name in the tag "{tag.name}" {where}')
        self._skip_space()
        unclosed = f'Unclosed start tag "{tag.name}" {self._offset(tag.at)}'
        if self.source[self.at] != "=":
            if self.source[self.at] == "\0":
                raise EntityError(unclosed)
            if (tag.name, name) == ("blockquote", "expandable"):
                tag.argument = "1"
            return
        self.at += 1
        self._skip_space()
        if self.source[self.at] == "\0":
            raise EntityError(unclosed)
        quoted = self.source[self.at] in "'\""
        value = self._quoted() if quoted else self._token()
        if self.source[self.at] == "\0":
            raise EntityError(f"Unclosed start tag {self._offset(tag.at)}")
        _take(tag, name, value)

    def _token(self) -> str:
        start = self.at
        self.at = self._while(start, _TOKEN)
        if self.source[self.at] not in _SPACE and self.source[self.at] != ">":
            raise EntityError(f"Unexpected end of name token {self._offset(start)}")
        return lower(self.source[start : self.at])

    def _quoted(self) -> str:
        quote, value = self._step(), []
        stops = frozenset((quote, "&", "\0"))
        while True:
            start = self.at
            self.at = self._until(start, stops)
            value.append(self.source[start : self.at])
            if self.source[self.at] != "&":
                break
            value.append(self._reference() or self._step())
        if self.source[self.at] == quote:
            self.at += 1
        return "".join(value)

    def _end_tag(self) -> None:
        begin = self.at
        if not self.stack:
            raise EntityError(f"Unexpected end tag {self._offset(begin)}")
        self.at = self._until(begin + 2, _SPACE | {">"})
        name = lower(self.source[begin + 2 : self.at])
        self._skip_space()
        if self.source[self.at] != ">":
            raise EntityError(f"Unclosed end tag {self._offset(begin)}")
        self.at += 1
        tag = self.stack[-1]
        if name and name != tag.name:
            names = f'expected "</{tag.name}>", found "</{name}>"'
            raise EntityError(f"Unmatched end tag {self._offset(begin)}, {names}")
        if self.units > tag.offset:
            self._close(tag, {"offset": tag.offset, "length": self.units - tag.offset})
        self.stack.pop()

    def _close(self, tag: _Tag, place: Entity) -> None:
        if tag.name in _STYLES:
            self._add(_STYLES[tag.name], place)
        elif tag.name == "a":
            self._link(tag, place)
        elif tag.name in ("pre", "code"):
            self._code(tag, place)
        elif tag.name == "blockquote":
            self._add("expandable_blockquote" if tag.argument else "blockquote", place)
        elif tag.name == "tg-emoji":
            if not integer(tag.argument):
                raise EntityError("Invalid custom emoji identifier specified")
            self._add("custom_emoji", place, custom_emoji_id=tag.argument)
        else:
            form = _date_format(tag.argument)
            if tag.unix_time > 0:
                self._add("date_time", place, unix_time=tag.unix_time, date_time_format=form)

    def _add(self, kind: str, place: Entity, **extra: Any) -> None:
        self.entities.append({"type": kind, **place, **extra})

    def _link(self, tag: _Tag, place: Entity) -> None:
        link = tag.argument or "".join(self.out[tag.start :])
        user = mentioned_user(link)
        if user is not None:
            return self._add("text_mention", place, user={"id": user})
        url = checked_link(link)
        if url is not None and not _has_surrogates(url):
            self._add("text_link", place, url=url)
        return None

    def _code(self, tag: _Tag, place: Entity) -> None:
        """`pre` and `code` around the same text are one `pre` with the code's language."""
        last = self.entities[-1] if self.entities else {}
        same = last.get("offset") == place["offset"] and last.get("length") == place["length"]
        if tag.name == "pre":
            language = last.pop("code_language", "") if same else ""
            if language:
                last.update(type="pre", language=language)
            else:
                self._add("pre", place)
        elif same and last["type"] == "pre" and "language" not in last and tag.argument:
            last["language"] = tag.argument
        else:
            self._add("code", place, **({"code_language": tag.argument} if tag.argument else {}))


def _date_format(letters: str) -> str:
    """A `tg-time` format in its shortest form: weekday, date, time; `r` for a relative one."""
    if letters in ("r", "R"):
        return "r"
    if set(letters) - set("tTdDwW"):
        raise EntityError("Invalid date format used")
    weekday = "w" if set(letters) & set("wW") else ""
    date = next((letter for letter in "dD" if letter in letters), "")
    return weekday + date + next((letter for letter in "tT" if letter in letters), "")


def _take(tag: _Tag, name: str, value: str) -> None:
    """Keep what an attribute says where the tag has a use for it."""
    match (tag.name, name):
        case ("a", "href") | ("tg-emoji", "emoji-id") | ("tg-time", "format"):
            tag.argument = value
        case ("code", "class") if value.startswith("language-"):
            tag.argument = value[len("language-") :]
        case ("span", "class") if value.startswith("tg-"):
            tag.argument = value[len("tg-") :]
        case ("blockquote", "expandable"):
            tag.argument = "1"
        case ("tg-time", "unix"):
            digits = value[: next((i for i, c in enumerate(value) if c not in _DIGITS), len(value))]
            tag.unix_time = min(int(digits or "0"), (1 << 31) - 1)
