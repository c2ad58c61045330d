"""Which entries make a feed: from the store and the configuration to a document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from feedbot.filters import compile_filter
from feedbot.model import Combined, Counter, Entry, Source
from feedbot.publish.archives import Archives
from feedbot.publish.plan import Plan, counter_feed
from feedbot.render.changes import changes_note
from feedbot.render.document import Channel, Document, Place, Shown, make_document
from feedbot.render.language import date_text
from feedbot.render.opml import Outline
from feedbot.store import counters, editions, feeds
from feedbot.store.documents import FeedState
from feedbot.store.feeds import Stored
from feedbot.store.sources import Brief, SourceState

_ENDED = {
    "en": ("This feed has ended", "Since {day} it has no new entries. Unsubscribe, please."),
    "ru": (
        "Эта лента закрыта",
        "С {day} новых записей в ней нет. Пожалуйста, отпишитесь.",
    ),
}


def channel_of(source: Source, state: SourceState | Brief) -> Channel:
    """What a source's feed says of itself."""
    return Channel(
        id=state.feed_id,
        title=source.title,
        url=source.url,
        language=source.language,
        author=source.author or source.title,
        timezone=source.timezone,
        fallback_updated=state.baseline_at or state.created_at,
    )


async def source_document(
    connection: AsyncConnection, plan: Plan, source: Source, state: SourceState
) -> Document:
    """A source's feed: its newest entries."""
    found = await feeds.newest(connection, state.id, plan.limit)
    gone = await feeds.departed(connection, [state.id], plan.limit)
    notes = await _notes(connection, found, source) if source.show_changes else {}
    shown = [_shown(one, notes) for one in found]
    place = Archives.of(plan, source, state).current
    return make_document(channel_of(source, state), shown, place, gone)


async def archive_document(
    connection: AsyncConnection, plan: Plan, source: Source, state: SourceState, number: int
) -> Document:
    """One of a source's archives (RFC 5005): what stands at its positions."""
    kept = Archives.of(plan, source, state)
    there = await editions.stretch(connection, state.id, *kept.stretch(number))
    notes = await _notes(connection, there.shown, source) if source.show_changes else {}
    shown = [_shown(one, notes) for one in there.shown]
    return make_document(channel_of(source, state), shown, kept.place(number), there.gone)


def _shown(one: Stored, notes: Mapping[int, str]) -> Shown:
    return Shown(one.entry, notes.get(one.key, ""), changed=one.changed)


async def _notes(
    connection: AsyncConnection, found: Sequence[Stored], source: Source
) -> dict[int, str]:
    """What has changed in entries up to the edition that is shown."""
    before = await editions.history(connection, [one.key for one in found])
    zone, language = source.timezone, source.language
    return {
        one.key: changes_note([*olds, one.entry], zone, language)
        for one in found
        if (olds := [old.entry for old in before.get(one.key, ()) if old.position < one.position])
    }


async def combined_document(
    connection: AsyncConnection,
    plan: Plan,
    combined: Combined,
    feed: FeedState,
    states: Mapping[str, Brief],
) -> Document:
    """A feed of several sources: each entry names its own."""
    members = {
        states[source.name].id: (source, channel_of(source, states[source.name]))
        for source in plan.members(combined)
        if source.name in states and states[source.name].baseline_at
    }
    wanted = compile_filter(combined.include, combined.exclude)

    def passes(one: Stored) -> bool:
        entry = one.entry
        return wanted.wants(entry.title, entry.summary, members[one.source_id][0].title)

    filtered = bool(combined.include or combined.exclude)
    found = await feeds.combined(connection, members, plan.limit, passes if filtered else None)
    notes: dict[int, str] = {}
    for id in {one.source_id for one in found} if combined.show_changes else ():
        own = [one for one in found if one.source_id == id]
        notes |= await _notes(connection, own, members[id][0])
    shown = [_from(one, notes.get(one.key, ""), *members[one.source_id]) for one in found]
    gone = await feeds.departed(connection, members, plan.limit)
    channel = Channel(
        id=feed.id,
        title=combined.title,
        url=f"{plan.base_url}/",
        language=plan.language,
        author=combined.title,
        timezone=plan.timezone,
        fallback_updated=feed.created_at,
    )
    return make_document(channel, shown, Place(plan.root, combined.name, hub=plan.hub), gone)


def _from(one: Stored, note: str, source: Source, channel: Channel) -> Shown:
    return Shown(one.entry, note, channel, source.name, one.source_id, one.changed)


async def last_document(connection: AsyncConnection, plan: Plan, state: SourceState) -> Document:
    """The last feed of a source that has left the configuration: it says so, above its entries."""
    ended = state.removed_at or state.created_at
    found = await feeds.newest(connection, state.id, plan.limit)
    channel = Channel(
        id=state.feed_id,
        title=state.title,
        url=state.url,
        language=state.language,
        author=state.title,
        timezone=ZoneInfo(state.timezone),
        fallback_updated=ended,
    )
    newest = max((one.entry.updated + timedelta(seconds=1) for one in found), default=ended)
    notice = _ended(state, ended, max(ended, newest))
    shown = [Shown(notice), *(Shown(one.entry) for one in found)]
    return make_document(channel, shown, Place(plan.root, state.name))


def _ended(state: SourceState, ended: datetime, updated: datetime) -> Entry:
    title, text = _ENDED.get(state.language, _ENDED["en"])
    day = date_text(ended.astimezone(ZoneInfo(state.timezone)).date(), state.language)
    return Entry(
        id=f"{state.feed_id}/ended",
        title=title,
        link=state.url,
        published=ended,
        updated=updated,
        summary=text.format(day=day),
    )


async def counter_document(
    connection: AsyncConnection, plan: Plan, counter: Counter, feed: FeedState
) -> Document:
    """A counter's feed: what it said, day by day."""
    days = await counters.said(
        connection, counter.name, plan.limit, milestones=counter.feed == "milestone"
    )
    source = plan.sources.get(counter.source or "")
    page = source.url if source else f"{plan.base_url}/"
    shown = [
        Shown(Entry(f"{feed.id}/{one.day.isoformat()}", one.text, page, one.at, one.at))
        for one in days
    ]
    channel = Channel(
        id=feed.id,
        title=counter.name,
        url=page,
        language=counter.language,
        author=source.title if source else counter.name,
        timezone=counter.timezone,
        fallback_updated=feed.created_at,
    )
    return make_document(channel, shown, Place(plan.root, counter_feed(counter), hub=plan.hub))


def outlines(plan: Plan, sources: Sequence[Source]) -> list[Outline]:
    """Every feed there is: combined ones, sources', counters'."""
    whole = [Outline(one.title, f"{plan.root}/{one.name}.atom") for one in plan.combined]
    single = [
        Outline(source.title, f"{plan.root}/{source.name}.atom", source.url) for source in sources
    ]
    counted = [Outline(one.name, f"{plan.root}/{counter_feed(one)}.atom") for one in plan.counters]
    return whole + single + counted
