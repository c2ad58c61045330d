"""What delivery and bot need of the configuration, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from feedbot.model import Chat, Counter, Source


@dataclass(frozen=True, slots=True)
class Posting:
    """The part of the configuration that decides what a message says and who is let in.

    sources, counters: by name
    language:          of notices, and of answers to people whose own language we do not speak
    open:              whether anyone may /start
    admin_chat:        the only chat that may let others in
    """

    chats: tuple[Chat, ...] = ()
    sources: Mapping[str, Source] = field(default_factory=dict)
    counters: Mapping[str, Counter] = field(default_factory=dict)
    language: str = "en"
    open: bool = True
    admin_chat: int | str | None = None
