"""`feedbot sources`: how each source is read, and how it fares."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from feedbot.config import Settings
from feedbot.model import Extractor, Source, SourceKind, Take
from feedbot.operator.beside import beside, print_json, say
from feedbot.render.toml import rule_keys, rule_lines
from feedbot.status import local_time, rfc3339
from feedbot.store import sources
from feedbot.store.sources import SourceState


@dataclass(frozen=True, slots=True)
class _Known:
    """A configured source, its row where a process has seen it, and how it is read."""

    source: Source
    state: SourceState | None
    extractor: Extractor | None


async def show_list(settings: Settings, *, as_json: bool) -> int:
    """Print a line for each source; 1 if none is configured. Raises StoreError."""
    found = await _known(settings)
    if as_json:
        print_json({"sources": [_fields(one) for one in found]})
    for one in [] if as_json else found:
        say(_line(one, ZoneInfo(settings.timezone)))
    return 0 if found else 1


async def show(settings: Settings, name: str, *, as_json: bool) -> int:
    """Print all that is known of how a source is read; 1 if there is none. Raises StoreError."""
    one = next((one for one in await _known(settings) if one.source.name == name), None)
    if one is None:
        say(f"{name}: no such source; `feedbot sources list` names them")
        return 1
    if as_json:
        print_json(_fields(one))
        return 0
    for line in _lines(one, ZoneInfo(settings.timezone)):
        say(line)
    return 0


async def _known(settings: Settings) -> list[_Known]:
    async with beside(settings) as store, store.reading() as connection:
        states = {state.name: state for state in await sources.load_all(connection)}
    found = []
    for source in settings.effective_sources():
        state = states.get(source.name)
        extractor = sources.remembered(source, state) if state else None
        found.append(_Known(source, state, extractor))
    return found


def _from(one: _Known) -> str:
    """What a source's items are taken from."""
    extractor = one.extractor
    if one.source.listing is not None:
        return "rows, as configured"
    if extractor is None:
        if one.source.kind is not SourceKind.AUTO:
            return f"{one.source.kind.value}, as configured"
        if one.state is None or one.state.baseline_at is None:
            return "not known yet: no poll has found anything"
        return "its URL, which is a feed, an endpoint or a sitemap itself"
    if extractor.take is Take.FEED:
        return f"the feed {extractor.url}"
    if extractor.take is Take.DATA:
        return "data in the page (JSON-LD or microdata)"
    return "rows that were found on it"


def _line(one: _Known, zone: ZoneInfo) -> str:
    state = one.state
    entries = state.entries if state else 0
    last = local_time(state.last_ok_at if state else None, zone, "never")
    failing = f", fails: {state.last_error}" if state and state.last_error else ""
    return f"{one.source.name}: {_from(one)}; {entries} entries, last good poll {last}{failing}"


def _lines(one: _Known, zone: ZoneInfo) -> Iterator[str]:
    source, state = one.source, one.state
    yield f"{source.name}: {source.title}"
    yield f"  url             {source.url}"
    yield f"  read from       {_from(one)}"
    for number, why in enumerate(one.extractor.why if one.extractor else ()):
        yield f"  {'' if number else 'because':15} {why}"
    if state is not None:
        yield f"  entries         {state.entries}, of which {_listed(state)} in the list now"
        yield f"  polls           {state.polls} good ones, {state.failures} failed since the last"
        yield f"  last good poll  {local_time(state.last_ok_at, zone, 'never')}"
        upcoming = state.due_at if state.active else None
        yield f"  next poll       {local_time(upcoming, zone, 'none: it is paused')}"
        if state.last_error:
            yield f"  fails           {state.last_error}"
        if state.doubtful_since:
            yield f"  another list    since {local_time(state.doubtful_since, zone, '')}"
    rule = source.listing or (one.extractor and one.extractor.rule)
    if rule:
        yield ""
        yield from rule_lines(rule)


def _listed(state: SourceState) -> int:
    return sum(place.absent_since is None for place in state.places)


def _fields(one: _Known) -> dict[str, Any]:
    """A source as `--json` prints it; times in RFC 3339, UTC."""
    source, state, extractor = one.source, one.state, one.extractor
    rule = source.listing or (extractor and extractor.rule)
    return {
        "name": source.name,
        "title": source.title,
        "url": source.url,
        "kind": source.kind.value,
        "take": extractor.take.value if extractor else None,
        "feed": extractor.url if extractor else None,
        "why": list(extractor.why) if extractor else [],
        "listing": rule_keys(rule) if rule else None,
        "entries": state.entries if state else 0,
        "listed": _listed(state) if state else 0,
        "polls": state.polls if state else 0,
        "failures": state.failures if state else 0,
        "last_ok": rfc3339(state.last_ok_at) if state else None,
        "next": rfc3339(state.due_at) if state and state.active else None,
        "error": state.last_error if state else None,
        "doubtful_since": rfc3339(state.doubtful_since) if state else None,
    }
