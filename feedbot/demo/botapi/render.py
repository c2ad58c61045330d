"""A chat as a reader sees it, in plain text for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from feedbot.demo.botapi.entities import Entity
from feedbot.demo.botapi.log import SENDS, Log, LogEntry

_WIDTH = 78
_KINDS = {"private": "chat with", "group": "group", "supergroup": "group", "channel": "channel"}
_METHODS = {"editMessageText", "editMessageCaption"}


@dataclass(slots=True)
class _Shown:
    """One message as it stands now."""

    sent: datetime
    text: str
    entities: list[Entity]
    message: Mapping[str, Any]
    edited: bool = False
    pinned: bool = False


def chat_as_text(log: Log, chat_id: int, *, zone: tzinfo | None = None) -> str:
    """What stands in the chat now, oldest first: time, text, the addresses behind its links.

    Edits show their latest text, deleted messages are gone. zone: None shows UTC.
    """
    shown: dict[int, _Shown] = {}
    heading: Mapping[str, Any] = {}
    for entry in log.entries:
        if entry.chat_id == chat_id:
            heading = entry.message.get("chat", heading)
            _apply(shown, entry)
    lines = [_heading(chat_id, heading, len(shown)), "─" * _WIDTH]
    for one in shown.values():
        lines += [*_message(one, zone), ""]
    return "\n".join(lines).rstrip() + "\n"


def _apply(shown: dict[int, _Shown], entry: LogEntry) -> None:
    """Let an accepted call take its effect on what is shown."""
    number = entry.message_id
    if entry.method in SENDS:
        shown[number] = _Shown(entry.time, entry.text, entry.entities, entry.message)
    elif entry.method == "deleteMessage":
        shown.pop(number, None)
    elif number in shown and entry.method == "pinChatMessage":
        shown[number].pinned = True
    elif number in shown and entry.method in _METHODS:
        old = shown[number]
        old.text, old.entities, old.message = entry.text, entry.entities, entry.message
        old.edited = True


def _heading(chat_id: int, chat: Mapping[str, Any], count: int) -> str:
    name = chat.get("title") or chat.get("first_name") or str(chat_id)
    address = f" (@{chat['username']})" if chat.get("username") else ""
    kind = _KINDS.get(str(chat.get("type")), "chat")
    messages = "1 message" if count == 1 else f"{count or 'no'} messages"
    return f"{kind.capitalize()} “{name}”{address}: {messages}"


def _message(one: _Shown, zone: tzinfo | None) -> list[str]:
    moment = one.sent.astimezone(zone) if zone else one.sent
    marks = [moment.strftime("%d %b %Y %H:%M %Z")]
    if thread := one.message.get("message_thread_id"):
        marks.append(f"topic {thread}")
    marks += [name for name in ("edited", "pinned") if getattr(one, name)]
    body = [f"[photo] {one.text}".rstrip()] if "photo" in one.message else [one.text]
    lines = [" · ".join(marks)]
    for line in "\n".join(body).split("\n"):
        lines += textwrap.wrap(line, _WIDTH - 2, initial_indent="  ", subsequent_indent="  ",
                               break_long_words=False, break_on_hyphens=False) or [""]  # fmt: skip
    return lines + [f"  → {link}" for link in _links(one)]


def _links(one: _Shown) -> list[str]:
    """Addresses behind the text, each once, in order; then those of the buttons."""
    links = [entity["url"] for entity in one.entities if entity["type"] == "text_link"]
    rows = one.message.get("reply_markup", {}).get("inline_keyboard", [])
    links += [button["url"] for row in rows for button in row if "url" in button]
    return list(dict.fromkeys(link for link in links if link not in one.text))
