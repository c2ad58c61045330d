"""MessageEntity objects: where in a text they stand, and in what order Telegram lists them.

https://core.telegram.org/bots/api#messageentity
"""

from __future__ import annotations

from typing import Any

Entity = dict[str, Any]  #: a MessageEntity as the Bot API writes it; offsets in UTF-16 units

#: At equal place and length, the outer entity comes first.
ORDER = {
    "blockquote": 0, "expandable_blockquote": 0, "pre": 10, "code": 20, "date_time": 30,
    "text_link": 49, "text_mention": 49, "bold": 90, "italic": 91, "underline": 92,
    "strikethrough": 93, "spoiler": 94, "custom_emoji": 99,
}  # fmt: skip


def utf16(text: str) -> int:
    """Length in UTF-16 units, as Telegram counts."""
    return len(text) if text.isascii() else len(text) + sum(char > "\uffff" for char in text)


def in_order(entities: list[Entity]) -> list[Entity]:
    """Entities as Telegram lists them: by place, the longer first, then the outer first."""
    return sorted(entities, key=lambda e: (e["offset"], -e["length"], _order(e)))


def _order(entity: Entity) -> int:
    # A pre with a language is a type of its own for Telegram, and ranks one before a plain one.
    rank = ORDER.get(entity["type"], 50)
    return rank + 1 if entity["type"] == "pre" and "language" not in entity else rank
