"""Telegram's own text parser, asked through tdjson's `td_execute`: it opens no connection."""

from __future__ import annotations

import json
from typing import Any

from feedbot.demo.botapi.entities import Entity

_NAMES = {
    "Bold": "bold", "Italic": "italic", "Underline": "underline", "Strikethrough": "strikethrough",
    "Spoiler": "spoiler", "Code": "code", "Pre": "pre", "PreCode": "pre",
    "BlockQuote": "blockquote", "ExpandableBlockQuote": "expandable_blockquote",
    "TextUrl": "text_link", "MentionName": "text_mention", "CustomEmoji": "custom_emoji",
    "DateTime": "date_time",
}  # fmt: skip
_TYPES = {name: kind for kind, name in _NAMES.items() if kind != "PreCode"}


class TelegramRefusal(ValueError):
    """Telegram's parser answered an error; the message is its own."""


def parse_html(text: str) -> tuple[str, list[Entity]]:
    """What Telegram makes of `text` with parse_mode HTML; offsets in UTF-16 units."""
    mode = {"@type": "textParseModeHTML"}
    return _formatted(_execute({"@type": "parseTextEntities", "text": text, "parse_mode": mode}))


def fixed(text: str, entities: list[Entity]) -> tuple[str, list[Entity]]:
    """Text and entities cleaned and put in order as before sending, but not trimmed.

    The text must hold no Markdown marks (`*_~|[` and backquotes): the request parses them too.
    """
    given = [_td_entity(entity) for entity in entities]
    body = {"@type": "formattedText", "text": text, "entities": given}
    return _formatted(_execute({"@type": "parseMarkdown", "text": body}))


def visible_length(text: str) -> int:
    """Length after parsing in UTF-16 units: what the limits of 4096 and 1024 are about."""
    return len(parse_html(text)[0].encode("utf-16-le")) // 2


def _execute(request: dict[str, Any]) -> dict[str, Any]:
    import tdjson  # a test that asks for it decides whether it may be missing

    if not _quiet:
        tdjson.td_execute(b'{"@type":"setLogVerbosityLevel","new_verbosity_level":0}')
        _quiet.append(True)
    raw = tdjson.td_execute(json.dumps(request).encode())
    assert raw is not None
    answer: dict[str, Any] = json.loads(raw)
    if answer["@type"] == "error":
        raise TelegramRefusal(answer["message"])
    return answer


_quiet: list[bool] = []


def _formatted(answer: dict[str, Any]) -> tuple[str, list[Entity]]:
    return answer["text"], [_entity(entity) for entity in answer["entities"]]


def _entity(entity: dict[str, Any]) -> Entity:
    kind = entity["type"]["@type"].removeprefix("textEntityType")
    found: Entity = {
        "type": _NAMES[kind],
        "offset": entity["offset"],
        "length": entity["length"],
    }
    match kind:
        case "TextUrl":
            found["url"] = entity["type"]["url"]
        case "MentionName":
            found["user"] = {"id": entity["type"]["user_id"]}
        case "PreCode":
            found["language"] = entity["type"]["language"]
        case "CustomEmoji":
            found["custom_emoji_id"] = entity["type"]["custom_emoji_id"]
        case "DateTime":
            found["unix_time"] = entity["type"]["unix_time"]
            found["date_time_format"] = _date_format(entity["type"].get("formatting_type"))
    return found


def _date_format(formatting: dict[str, Any] | None) -> str:
    if formatting is None:
        return ""
    if formatting["@type"] == "dateTimeFormattingTypeRelative":
        return "r"
    letters = {"None": ("", ""), "Short": ("d", "t"), "Long": ("D", "T")}
    date = formatting["date_precision"]["@type"].removeprefix("dateTimePartPrecision")
    time = formatting["time_precision"]["@type"].removeprefix("dateTimePartPrecision")
    weekday = "w" if formatting["show_day_of_week"] else ""
    return weekday + letters[date][0] + letters[time][1]


def _td_entity(entity: Entity) -> dict[str, Any]:
    kind: dict[str, Any] = {"@type": f"textEntityType{_TYPES[entity['type']]}"}
    if entity["type"] == "text_link":
        kind["url"] = entity["url"]
    elif entity["type"] == "pre" and "language" in entity:
        kind = {"@type": "textEntityTypePreCode", "language": entity["language"]}
    return {
        "@type": "textEntity",
        "offset": entity["offset"],
        "length": entity["length"],
        "type": kind,
    }
