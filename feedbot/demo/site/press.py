"""The press site's state: what is published, what day it is, how it is dressed and delivered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

from feedbot.demo.site.model import LONDON, Event, Language, Links, Theme
from feedbot.demo.site.notices import archive, demo_events, numbered
from feedbot.demo.site.seed import SEED, SEED_NOW

_NEW_ROWS_A_DAY = 3


@dataclass(slots=True)
class PressSite:
    """A press site at one moment. Change what it shows through the methods, which also move
    Last-Modified by a second or more; `etag`, `last_modified` and `gzip` may be set at any time.

    now:           what the page's clocks show (aware UTC); it moves only when told to
    declared:      the charset named by header and page: None the true one, "" none at all
    domain:        the bare host of absolute links
    rows:          how many events the front page keeps
    etag, last_modified: whether answers carry the validator and honour it
    gzip:          whether bodies are compressed for those who accept it
    """

    language: Language = Language.EN
    theme: Theme = Theme.PARAGRAPHS
    encoding: str = "utf-8"
    declared: str | None = None
    links: Links = Links.RELATIVE
    domain: str = "press.example"
    rows: int = 10
    now: datetime = SEED_NOW
    etag: bool = True
    last_modified: bool = True
    gzip: bool = True
    modified: datetime = field(init=False)
    _events: list[Event] = field(init=False, repr=False)
    _hidden: set[str] = field(init=False, repr=False, default_factory=set)

    def __post_init__(self) -> None:
        oldest = SEED.events[-1]
        older = archive(oldest.day - timedelta(days=1), self.language)
        self._events = [*SEED.events, *numbered(older, oldest.number - 1)]
        self.modified = self.now

    @property
    def today(self) -> date:
        """The page's date: the day in London."""
        return self.now.astimezone(LONDON).date()

    @property
    def events(self) -> tuple[Event, ...]:
        """Everything published and not removed, newest first: what "all messages" lists."""
        return tuple(event for event in self._events if event.path not in self._hidden)

    @property
    def latest(self) -> tuple[Event, ...]:
        """The rows of the front page. A removed row makes room for the next older one."""
        return self.events[: self.rows]

    def find(self, path: str) -> Event | None:
        """The event whose article is at `path`, if it is there now."""
        return next((event for event in self.events if event.path == path), None)

    def publish(self, event: Event) -> Event:
        """Put an event on top of the list; returns it with the number it got."""
        number = max(known.number for known in self._events) + 1
        published = replace(event, number=number)
        self._events.insert(0, published)
        self._touch()
        return published

    def change(
        self, event: Event, *, title: str | None = None, summary: str | None = None
    ) -> Event:
        """Give a published event another title or summary; its address and place stay."""
        index = self._index(event)
        old = self._events[index]
        changed = replace(
            old,
            title=old.title if title is None else title,
            summary=old.summary if summary is None else summary,
            edited=self.now,
        )
        self._events[index] = changed
        self._touch()
        return changed

    def remove(self, event: Event) -> None:
        """Take an event off the site, its article too."""
        self._hidden.add(self._events[self._index(event)].path)
        self._touch()

    def restore(self, event: Event) -> None:
        """Put a removed event back where it stood."""
        self._hidden.discard(self._events[self._index(event)].path)
        self._touch()

    def next_day(self, events: Sequence[Event] | None = None) -> tuple[Event, ...]:
        """Let a day pass: date and counters move on, and new rows come on top.

        events: what to publish, first one first; left out, three neutral ones, other ones each day
        Returns the new rows as the page shows them, top first.
        """
        local = self.now.astimezone(LONDON)
        self.move_to(datetime.combine(local.date() + timedelta(days=1), local.timetz()))
        published = [self.publish(event) for event in events or self._new_rows()]
        return tuple(reversed(published))

    def move_to(self, now: datetime) -> None:
        """Set the page's clocks to `now` (aware)."""
        self.now = now.astimezone(UTC)
        self._touch()

    def redesign(self, theme: Theme) -> None:
        """Show the same contents in another markup."""
        self.theme = theme
        self._touch()

    def encode(self, encoding: str, declared: str | None = None) -> None:
        """Send pages in `encoding`; what it has no sign for becomes a character reference."""
        self.encoding, self.declared = encoding, declared
        self._touch()

    def link_as(self, links: Links, domain: str | None = None) -> None:
        """Spell the addresses of articles another way."""
        self.links, self.domain = links, domain or self.domain
        self._touch()

    def _new_rows(self) -> tuple[Event, ...]:
        script = demo_events(self.today, self.language)
        first = ((self.today - SEED.header.day).days - 1) * _NEW_ROWS_A_DAY
        return tuple(script[(first + step) % len(script)] for step in range(_NEW_ROWS_A_DAY))

    def _index(self, event: Event) -> int:
        for index, known in enumerate(self._events):
            if known.path == event.path:
                return index
        raise KeyError(f"{event.path} was never published here")

    def _touch(self) -> None:
        # HTTP dates have whole seconds; two changes within one must still differ.
        self.modified = max(self.modified + timedelta(seconds=1), self.now)
