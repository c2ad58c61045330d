"""The configuration as values: every key of config.toml with its type, default and meaning.

Sections are models; `effective_sources`, `effective_counters` and `effective_chats` give the
values the rest of feedbot speaks of, with what is inherited filled in. Where a key came from is
kept beside the values (`origin`) and is no part of them: two configurations are equal when their
values are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import Field, PrivateAttr, Strict

from feedbot import model
from feedbot.config.alerts import Alerts
from feedbot.config.amounts import Zone
from feedbot.config.public import Site
from feedbot.config.sections import Feeds, Http, Language, Section, Storage, Telegram, Web
from feedbot.config.watched import Counter, Source

#: Where a value stands: keys and list indexes from the root.
KeyPath = tuple[str | int, ...]


class Settings(Section):
    """The configuration in effect."""

    timezone: Zone = Field(default="UTC", description="The time zone (IANA) of pages and counters.")
    language: Language = Field(default="en", description="The language of pages and messages.")
    storage: Storage = Field(default=Storage(), description="Where feedbot keeps what it knows.")
    http: Http = Field(default=Http(), description="How pages and feeds are fetched.")
    feeds: Feeds = Field(default=Feeds(), description="The feed files.")
    web: Web = Field(default=Web(), description="The web server of `feedbot run`.")
    site: Site = Field(default=Site(), description="The public pages.")
    telegram: Telegram = Field(default=Telegram(), description="The bot.")
    alerts: Alerts = Field(
        default=Alerts(), description="How you are told that something is wrong."
    )
    sources: Annotated[tuple[Source, ...], Strict(False)] = Field(
        default=(), description="The pages and feeds to watch."
    )
    counters: Annotated[tuple[Counter, ...], Strict(False)] = Field(
        default=(), description="Counts of days."
    )

    _origins: dict[KeyPath, str] = PrivateAttr(default_factory=dict)
    _warnings: tuple[str, ...] = PrivateAttr(default=())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Settings) and self.__dict__ == other.__dict__

    __hash__ = None  # type: ignore[assignment]  # holds tables of headers

    def noted(self, origins: Mapping[KeyPath, str], warnings: Sequence[str]) -> Settings:
        """The same values, with where they came from and what is doubtful about them."""
        copy = self.model_copy()
        copy._origins, copy._warnings = dict(origins), tuple(warnings)
        return copy

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is allowed and probably not meant, a line each."""
        return self._warnings

    def origin(self, path: KeyPath) -> str:
        """Where a value came from: a file, an environment variable, or `default`."""
        return self._origins.get(path, "default")

    def effective_sources(self) -> tuple[model.Source, ...]:
        """The sources, in the file's order."""
        return tuple(source.value(self.timezone, self.language) for source in self.sources)

    def effective_counters(self) -> tuple[model.Counter, ...]:
        """The counters, in the file's order."""
        sources = {source.name: source for source in self.effective_sources()}
        return tuple(
            counter.value(sources.get(counter.source or ""), self.timezone, self.language)
            for counter in self.counters
        )

    def effective_combined(self) -> tuple[model.Combined, ...]:
        """The feeds made of several sources', in the file's order."""
        return tuple(combined.value() for combined in self.feeds.combined)

    def effective_chats(self) -> tuple[model.Chat, ...]:
        """The chats, in the file's order."""
        return tuple(chat.value() for chat in self.telegram.chats)
