"""What is to be published, as configured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from zoneinfo import ZoneInfo

from feedbot.model import Combined, Counter, Source

#: The feed of all sources, unless a source or a configured combination has taken the name.
ALL = "all"
_ALL_TITLES = {"en": "All sources", "ru": "Все источники"}
#: How long a reader may keep a feed without asking: as often as we look, within these.
_SHORTEST, _LONGEST = timedelta(minutes=1), timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything a publisher has to know of the configuration.

    base_url:  where the web server is reached, without a slash at its end
    limit:     entries in each feed
    combined:  the feeds made of several sources, `all` among them
    counters:  those that have a feed
    hub:       the WebSub hub that is told of changes
    authority: the host name in newly minted ids
    timezone, language: of feeds that are no source's
    """

    sources: Mapping[str, Source]
    base_url: str
    limit: int = 50
    combined: tuple[Combined, ...] = ()
    counters: tuple[Counter, ...] = ()
    hub: str | None = None
    authority: str = "feedbot.invalid"
    timezone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    language: str = "en"

    @property
    def root(self) -> str:
        """The URL that all feeds stand below."""
        return f"{self.base_url}/feeds"

    @property
    def names(self) -> list[str]:
        """The feeds that are no source's."""
        return [*(one.name for one in self.combined), *map(counter_feed, self.counters)]

    def members(self, combined: Combined) -> list[Source]:
        """The sources whose entries a combined feed has."""
        if combined.sources is None:
            return list(self.sources.values())
        return [self.sources[name] for name in combined.sources if name in self.sources]

    def combined_of(self, source: str) -> Iterator[Combined]:
        """The combined feeds that a source's entries may be in."""
        for one in self.combined:
            if one.sources is None or source in one.sources:
                yield one


def counter_feed(counter: Counter) -> str:
    """What a counter's feed is called; no source's is called so."""
    return f"counters/{counter.name}"


def everything(language: str) -> Combined:
    """The feed of all sources, where the configuration says nothing else of it."""
    return Combined(ALL, _ALL_TITLES.get(language, _ALL_TITLES["en"]))


def rhythm(*sources: Source) -> int:
    """For how many seconds a reader need not ask again: the interval of the one polled most."""
    often = min((source.every for source in sources), default=_LONGEST)
    return int(max(_SHORTEST, min(often, _LONGEST)).total_seconds())
