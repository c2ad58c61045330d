"""From what a caller sends as text to what Telegram keeps: parsed, cleaned, untangled, trimmed.

https://core.telegram.org/bots/api#formatting-options. Offsets and lengths are UTF-16 units.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import Any

from feedbot.demo.botapi.entities import Entity, in_order, utf16
from feedbot.demo.botapi.errors import ApiError, bad_request
from feedbot.demo.botapi.html import EntityError, parse_html
from feedbot.demo.botapi.links import checked_link, integer

MAX_RAW_BYTES = 1 << 15  # before parsing, markup included
MAX_ENTITIES = 100  # those after it are dropped in silence

_STYLES = ("bold", "italic", "underline", "strikethrough", "spoiler")
_QUOTES = ("blockquote", "expandable_blockquote")
_OPAQUE = ("pre", "code", "date_time")  # nothing may be styled inside them
_FOUND = ("mention", "hashtag", "cashtag", "bot_command", "url", "email", "phone_number",
          "bank_card_number")  # fmt: skip  # Telegram finds these by itself
_NEEDS = {"text_link": "url", "text_mention": "user", "custom_emoji": "custom_emoji_id",
          "date_time": "unix_time"}  # fmt: skip

_REMOVED = re.compile("[\r\u2028-\u202e\u0333\u033f\u030a]")
_BLANKED = re.compile("[\x00-\x09\x0b\x0c\x0e-\x1f]")
_MARK_RUN = re.compile("[\u200e\u200f]+(?=[\u200e\u200f])")
_UNSOUND = re.compile("[\x00-\x09\x0b-\x1f\u2028-\u202e\u0333\u033f\u030a\u200e\u200f]")
_VISIBLE = re.compile(
    "[^ \n\u00a0\u1680\u180e\u2000-\u200f\u202f\u205f\u2800\u3000\ufeff\ufffc\U000e0000-\U000e007f]"
)


def formatted(text: str, parse_mode: str, entities: Any = None) -> tuple[str, list[Entity]]:
    """What Telegram keeps of a text and its markup; ApiError where it answers 400.

    parse_mode: "", "HTML"; "Markdown" and "MarkdownV2" are refused
    entities:   a list of MessageEntity objects, used where there is no parse mode
    An empty text stays empty.
    """
    if len(text) > MAX_RAW_BYTES // 4 and len(text.encode()) > MAX_RAW_BYTES:
        raise bad_request("text is too long")
    mode = parse_mode.lower()
    if not text:
        return "", []
    if mode in ("", "none"):
        found = _given(entities)
    elif mode == "html":
        try:
            text, found = parse_html(text)
        except EntityError as error:
            raise bad_request(f"can't parse entities: {error}") from None
    elif mode in ("markdown", "markdownv2"):
        raise bad_request(f"{parse_mode} is not understood by this server; use HTML or entities")
    else:
        raise bad_request("unsupported parse_mode")
    return fixed(text, found)


def fixed(text: str, entities: list[Entity], *, trim: bool = True) -> tuple[str, list[Entity]]:
    """Text and entities as they are stored: cleaned, in order, nothing overlapping, trimmed."""
    if entities:
        entities = untangled([entity for entity in entities if entity["length"] > 0])
        _check_bounds(text, entities)
    if _UNSOUND.search(text):
        text, entities = _cleaned(text, entities)
        entities = untangled(entities)
    if not text.strip(" \n"):
        raise bad_request("text must be non-empty")
    if trim:
        text, entities = _trimmed(text, entities)
        if not _VISIBLE.search(text):
            raise bad_request("text must be non-empty")
    return text, entities[:MAX_ENTITIES]


def _given(value: Any) -> list[Entity]:
    """A caller's own entities, as far as Telegram takes them."""
    if not isinstance(value, list):
        return []
    return [entity for entity in map(_given_entity, value) if entity is not None]


def _given_entity(value: Any) -> Entity | None:
    def refuse(why: str) -> ApiError:
        return bad_request(f"can't parse MessageEntity: {why}")

    if not isinstance(value, dict):
        raise refuse("expected an Object")
    for name in ("offset", "length", "type"):
        if name not in value:
            raise refuse(f'can\'t find field "{name}"')
    kind = value["type"]
    if kind in _FOUND:
        return None
    if kind not in (*_STYLES, *_QUOTES, *_OPAQUE, *_NEEDS):
        raise refuse("unsupported type specified")
    offset, length = integer(str(value["offset"]), 32), integer(str(value["length"]), 32)
    if offset is None or length is None or not 0 <= offset <= 10**6 or not 0 <= length <= 10**6:
        raise bad_request("receive an entity with incorrect offset or length")
    entity: Entity = {"type": kind, "offset": offset, "length": length}
    for name in (_NEEDS.get(kind), *(("language",) if kind == "pre" else ())):
        if name is not None and value.get(name):
            entity[name] = value[name]
    if kind == "text_mention" and not isinstance(value.get("user"), dict):
        raise refuse('field "user" must be of type Object')
    if kind == "text_link":
        entity["url"] = checked_link(str(value.get("url", "")))
    return entity if kind not in _NEEDS or entity.get(_NEEDS[kind]) else None


def _check_bounds(text: str, entities: list[Entity]) -> None:
    """Refuse entities that begin or end where no character does (only a caller's own can)."""
    units = utf16(text)
    inside: set[int] = set()
    if units != len(text):
        at = 0
        for char in text:
            if char > "\uffff":
                inside.add(at + 1)
            at += 1 + (char > "\uffff")
    for entity in entities:
        start, end = entity["offset"], entity["offset"] + entity["length"]
        if start >= units:
            where = f"at UTF-16 offset {start}"
            raise bad_request(f"entity begins after the end of the text {where}")
        if end > units:
            raise bad_request(
                f"entity beginning at UTF-16 offset {start} ends after the end of the text "
                f"at UTF-16 offset {end}"
            )
        if start in inside or end in inside:
            raise bad_request("entity begins or ends in a middle of a UTF-16 symbol")


def _cleaned(text: str, entities: list[Entity]) -> tuple[str, list[Entity]]:
    """Control characters made blanks, direction and line marks removed, places moved along."""
    if entities:
        removed = [utf16(text[: match.start()]) for match in _REMOVED.finditer(text)]
        entities = [_moved(entity, removed) for entity in entities]
        entities = [entity for entity in entities if entity["length"] > 0]
    text = _BLANKED.sub(" ", _REMOVED.sub("", text))
    return _MARK_RUN.sub(lambda run: "\u200c" * len(run[0]), text), entities


def _moved(entity: Entity, removed: list[int]) -> Entity:
    end = entity["offset"] + entity["length"]
    start = entity["offset"] - bisect_left(removed, entity["offset"])
    return {**entity, "offset": start, "length": end - bisect_left(removed, end) - start}


def _trimmed(text: str, entities: list[Entity]) -> tuple[str, list[Entity]]:
    """Without blanks and line ends around it; before an entity they stay."""
    text = text.rstrip(" \n")
    if not entities:
        return text.lstrip(" \n"), entities
    units = utf16(text)
    kept = [
        {**entity, "length": min(entity["length"], units - entity["offset"])}
        for entity in entities
        if entity["offset"] < units
    ]
    leading = len(text) - len(text.lstrip(" \n"))
    cut = min(leading, kept[0]["offset"]) if kept else leading
    return text[cut:], in_order([{**e, "offset": e["offset"] - cut} for e in kept])


def untangled(entities: list[Entity]) -> list[Entity]:
    """Entities in Telegram's order, the overlapping ones dropped or split, styles in pieces.

    Links, code and the like keep their first; quotes beat what crosses their ends; styles are
    joined where they touch and cut wherever another entity begins or ends.
    """
    if len(entities) < 2:
        return entities
    ordered = in_order(entities)
    styles = [entity for entity in ordered if entity["type"] in _STYLES]
    quotes = _apart([entity for entity in ordered if entity["type"] in _QUOTES])
    whole = _apart([e for e in ordered if e["type"] not in _STYLES and e["type"] not in _QUOTES])
    whole = [e for e in whole if not any(_crosses(e, quote) for quote in quotes)]
    others = in_order(whole + quotes)
    return in_order(others + _split_styles(styles, others))


def _apart(ordered: list[Entity]) -> list[Entity]:
    kept: list[Entity] = []
    end = 0
    for entity in ordered:
        if entity["offset"] >= end:
            kept.append(entity)
            end = entity["offset"] + entity["length"]
    return kept


def _crosses(entity: Entity, quote: Entity) -> bool:
    start, end = entity["offset"], entity["offset"] + entity["length"]
    return any(start < at < end for at in (quote["offset"], quote["offset"] + quote["length"]))


def _split_styles(styles: list[Entity], others: list[Entity]) -> list[Entity]:
    """Styles cut at the ends of `others` and where another style begins; none inside code."""
    cutter = _Cutter(styles)
    around: list[Entity] = []
    for other in [*others, {"type": "", "offset": utf16_end(styles, others), "length": 0}]:
        while around and other["offset"] >= around[-1]["offset"] + around[-1]["length"]:
            inner = around.pop()
            before = len(cutter.pieces)
            cutter.cut(inner["offset"] + inner["length"])
            if inner["type"] in _OPAQUE:
                del cutter.pieces[before:]
        cutter.cut(other["offset"])
        around.append(other)
    return cutter.pieces


def utf16_end(*groups: list[Entity]) -> int:
    """The last place any of the entities reaches."""
    return max((e["offset"] + e["length"] for group in groups for e in group), default=0)


class _Cutter:
    """Walks over styles from left to right and gives them out in pieces."""

    def __init__(self, styles: list[Entity]) -> None:
        self.pieces: list[Entity] = []
        self._waiting = list(reversed(styles))
        self._open: dict[str, list[int]] = {}

    def cut(self, at: int) -> None:
        """Give out everything before `at`; what goes on behind it begins anew there."""
        while self._waiting and self._waiting[-1]["offset"] < at:
            style = self._waiting.pop()
            kind, start, end = style["type"], style["offset"], style["offset"] + style["length"]
            span = self._open.get(kind)
            if span is not None and start <= span[1]:
                span[1] = max(span[1], end)
            else:
                self._flush(start)
                self._open[kind] = [start, end]
        self._flush(at)

    def _flush(self, at: int) -> None:
        for kind in _STYLES:
            span = self._open.get(kind)
            if span is None or span[0] >= at:
                continue
            end = min(span[1], at)
            self.pieces.append({"type": kind, "offset": span[0], "length": end - span[0]})
            if span[1] <= at:
                del self._open[kind]
            else:
                span[0] = at
