"""What delivery and bot need of the configuration, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from feedbot.model import Chat, Counter, Source
from feedbot.telegram.limits import Limits


@dataclass(frozen=True, slots=True)
class Posting:
    """The part of the configuration that decides what a message says and who is let in.

    sources, counters: by name
    language:          of notices, and of answers to people whose own language we do not speak
    open:              whether anyone may /start; else the admin chat decides
    when_unsure:       what becomes of a message of which it cannot be found out whether it was
                       accepted: "resend" or "skip"
    keep_trying:       how old a message gets that cannot be delivered, before it is given up
    """

    chats: tuple[Chat, ...] = ()
    sources: Mapping[str, Source] = field(default_factory=dict)
    counters: Mapping[str, Counter] = field(default_factory=dict)
    language: str = "en"
    open: bool = True
    when_unsure: str = "resend"
    keep_trying: timedelta = timedelta(days=3)


class Secret(Protocol):
    """A value that shows itself only when asked (pydantic's SecretStr)."""

    def get_secret_value(self) -> str:
        """The value."""
        ...


class ConfiguredBot(Protocol):
    """The `[telegram]` section, as far as it is used here."""

    @property
    def token(self) -> Secret | None: ...  # noqa: D102 - see config.example.toml
    @property
    def api_url(self) -> str: ...  # noqa: D102
    @property
    def proxy(self) -> Secret | None: ...  # noqa: D102
    @property
    def admin_chat(self) -> int | str | None: ...  # noqa: D102
    @property
    def open(self) -> bool: ...  # noqa: D102
    @property
    def when_unsure(self) -> str: ...  # noqa: D102
    @property
    def keep_trying(self) -> timedelta: ...  # noqa: D102
    @property
    def rate(self) -> int: ...  # noqa: D102
    @property
    def burst(self) -> int: ...  # noqa: D102


class Configured(Protocol):
    """The configuration, as far as it is used here: this layer does not import it."""

    @property
    def telegram(self) -> ConfiguredBot: ...  # noqa: D102
    @property
    def language(self) -> str: ...  # noqa: D102
    def effective_chats(self) -> tuple[Chat, ...]: ...  # noqa: D102
    def effective_sources(self) -> tuple[Source, ...]: ...  # noqa: D102
    def effective_counters(self) -> tuple[Counter, ...]: ...  # noqa: D102


def posting_of(settings: Configured) -> Posting:
    """What posting needs of the configuration."""
    return Posting(
        chats=settings.effective_chats(),
        sources={source.name: source for source in settings.effective_sources()},
        counters={counter.name: counter for counter in settings.effective_counters()},
        language=settings.language,
        open=settings.telegram.open,
        when_unsure=settings.telegram.when_unsure,
        keep_trying=settings.telegram.keep_trying,
    )


def limits_of(telegram: ConfiguredBot) -> Limits:
    """How fast the configured bot may write."""
    return Limits(per_bot=telegram.rate, burst=telegram.burst)
