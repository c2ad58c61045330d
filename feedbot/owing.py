"""Who is owed what: from verdicts and followers to outbox rows. Pure.

A dedupe key says what a delivery is; owing the same thing again is a no-op, or one more cause.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import islice
from types import MappingProxyType
from typing import Any

from feedbot.filters import Filter
from feedbot.identity import Row
from feedbot.model import DeliveryKind
from feedbot.render.body import text_of

#: In a notice's payload: (label, callback data) of each button below it.
BUTTONS = "buttons"
#: In a notice's payload: it comes without a sound.
QUIET = "quiet"
#: The revision a new entry is announced with.
FIRST = 1


@dataclass(frozen=True, slots=True)
class Follower:
    """A subscriber that may be owed something.

    sources/counters: names followed, None for all
    filter:           which news it wants
    """

    id: int
    sources: frozenset[str] | None = None
    counters: frozenset[str] | None = None
    filter: Filter | None = None

    def wants_news(self, source_name: str, source_title: str, row: Row) -> bool:
        """Whether a new row of this source is for it."""
        item = row.item
        return self.wants_text(source_name, source_title, item.title, item.summary, item.content)

    def wants_text(
        self, source_name: str, source_title: str, title: str, summary: str, content: str | None
    ) -> bool:
        """Whether an entry of this source that says this is for it; content: HTML."""
        if self.sources is not None and source_name not in self.sources:
            return False
        if self.filter is None or not (self.filter.include or self.filter.exclude):
            return True
        return self.filter.wants(title, summary, source_title, text_of(content or ""))

    def wants_counter(self, name: str) -> bool:
        """Whether this counter's days are for it."""
        return self.counters is None or name in self.counters


@dataclass(frozen=True, slots=True)
class Owed:
    """A delivery to be written to the outbox.

    entry_id:   the cause, for news
    payload:    what the message needs beside its causes (JSON)
    hold_until: it may wait for the article's text until then
    """

    subscriber_id: int
    kind: DeliveryKind
    dedupe_key: str
    entry_id: int | None = None
    payload: Mapping[str, Any] = field(default_factory=dict)
    hold_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Announced:
    """A new entry as stored: what there is to tell."""

    entry_id: int
    article_id: int
    revision: int
    row: Row


@dataclass(frozen=True, slots=True)
class Told:
    """An entry of earlier days; `source` is its source's name."""

    entry_id: int
    article_id: int
    published: datetime
    title: str
    summary: str
    source: str
    source_title: str
    content: str | None = None


def owe_news(
    announced: Sequence[Announced],
    source_name: str,
    source_title: str,
    followers: Iterable[Follower],
    holds: Mapping[int, datetime] = MappingProxyType({}),
) -> list[Owed]:
    """One delivery for each follower and article, articles in the order of events.

    holds: of entries whose message waits for the article's text, until when it may
    """
    everyone = list(followers)
    return [
        Owed(
            follower.id,
            DeliveryKind.NEWS,
            _news_key(follower.id, news.article_id, news.revision),
            entry_id=news.entry_id,
            hold_until=holds.get(news.entry_id),
        )
        for news in announced
        for follower in everyone
        if follower.wants_news(source_name, source_title, news.row)
    ]


def owe_backlog(told: Iterable[Told], follower: Follower, number: int) -> list[Owed]:
    """The last `number` articles that a new follower wants, oldest first.

    Announced again, by another source or after a change, such an article is owed already.
    """
    wanted = [
        one
        for one in told
        if follower.wants_text(one.source, one.source_title, one.title, one.summary, one.content)
    ]
    wanted.sort(key=lambda one: (one.published, one.entry_id))
    newest_first = dict.fromkeys(one.article_id for one in reversed(wanted))
    last = set(islice(newest_first, number))
    return [
        Owed(
            follower.id,
            DeliveryKind.NEWS,
            _news_key(follower.id, one.article_id, FIRST),
            entry_id=one.entry_id,
        )
        for one in wanted
        if one.article_id in last
    ]


def _news_key(subscriber_id: int, article_id: int, revision: int) -> str:
    return f"news:{subscriber_id}:{article_id}:{revision}"


def owe_counter(name: str, day: date, text: str, followers: Iterable[Follower]) -> list[Owed]:
    """One delivery for each follower and local date of a counter; `text` is its wording."""
    return [
        Owed(
            follower.id,
            DeliveryKind.COUNTER,
            f"counter:{follower.id}:{name}:{day.isoformat()}",
            payload={"counter": name, "day": day.isoformat(), "text": text},
        )
        for follower in followers
        if follower.wants_counter(name)
    ]


def owe_notice(
    subscriber_id: int,
    key: str,
    text: str,
    buttons: Sequence[tuple[str, str]] = (),
    *,
    quiet: bool = False,
) -> Owed:
    """Something the operator should know; `key` tells one occasion from the next.

    buttons: (label, callback data) of each, to be shown below it
    quiet:   without a sound
    """
    asked: dict[str, Any] = {BUTTONS: [list(one) for one in buttons]} if buttons else {}
    if quiet:
        asked[QUIET] = True
    return Owed(
        subscriber_id,
        DeliveryKind.NOTICE,
        f"notice:{subscriber_id}:{key}",
        payload={"text": text, **asked},
    )
