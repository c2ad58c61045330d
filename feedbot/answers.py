"""What is kept of a source's answer, so that the next request for it can be a conditional one."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from feedbot import __version__
from feedbot.fetch import Fetched, Request
from feedbot.model import Extractor, Source
from feedbot.pace import MOVED_AFTER, Pace, is_whole
from feedbot.reading import Reading, request
from feedbot.store import sources
from feedbot.store.sources import SourceState

#: For the operator, where a page that showed something new had the validators of the old one.
LIES = "has changed under the same ETag or date; it is read whole at each poll now"


def request_for(
    source: Source, state: SourceState, extractor: Extractor | None, *, known: bool
) -> Request:
    """The request of a poll. known: the last answer was read just as this one will be."""
    feed = extractor and extractor.url
    pace = Pace.of(state.pace)
    moved = state.moved_to if known and not feed and pace.has_moved else None
    plain = request(source, feed or moved or source.url)
    if not known or pace.lies or is_whole(source, state.polls):
        return plain
    return replace(
        plain,
        etag=None if pace.etag_is_idle and state.last_modified else state.etag,
        last_modified=state.last_modified,
        validators_url=state.answered_by,
    )


def keep(source: Source, state: SourceState, reading: Reading, *, known: bool) -> SourceState:
    """The state with what the answer said of itself, and how it was read.

    known: the last one was read in the same way
    """
    fetched = reading.fetched
    after = _led(state, fetched)
    pace = Pace.of(after.pace).in_rhythm(reading.listing.rhythm)
    pace = replace(pace, lies=known and pace.lies, etags=0)
    return replace(
        after,
        pace=pace.text,
        extractor=sources.remember(source, reading.extractor),
        reading=sources.reading_key(source, __version__, reading.extractor),
        answered_by=fetched.url,
        etag=fetched.etag,
        last_modified=fetched.last_modified,
        body_hash=hash_of(fetched),
    )


def confirmed(state: SourceState, fetched: Fetched) -> SourceState:
    """The state after an answer that showed the same once more."""
    after, pace = _led(state, fetched), Pace.of(state.pace)
    idle = not fetched.not_modified and None not in (state.etag, fetched.etag)
    idle = idle and fetched.etag != state.etag
    dated = fetched.last_modified is not None  # else there is nothing to ask by in its place
    if idle and dated and not pace.etag_is_idle:
        pace = replace(Pace.of(after.pace), etags=pace.etags + 1)
        after = replace(after, pace=pace.text)
    return replace(
        after,
        etag=fetched.etag or state.etag,
        last_modified=fetched.last_modified or state.last_modified,
    )


def remark(before: SourceState, after: SourceState) -> str:
    """What the operator should know of the difference, "" where that is nothing."""
    was, now = Pace.of(before.pace), Pace.of(after.pace)
    if now.has_moved and not was.has_moved:
        return f"has moved for good to {after.moved_to}, where it is read now; configure that"
    return ""


def _led(state: SourceState, fetched: Fetched) -> SourceState:
    """The state with where a permanent redirect led, if one did."""
    pace = Pace.of(state.pace)
    if pace.has_moved and fetched.moved_to is None:
        return state  # it was asked where it has moved to
    same = fetched.moved_to is not None and fetched.moved_to == state.moved_to
    moves = pace.moves + 1 if same else int(fetched.moved_to is not None)
    moved = replace(pace, moves=min(moves, MOVED_AFTER))
    return replace(state, pace=moved.text, moved_to=fetched.moved_to)


def is_said_to_be_the_same(state: SourceState, fetched: Fetched) -> bool:
    """Whether another body came under the validators of the last one."""
    if fetched.url != state.answered_by or hash_of(fetched) == state.body_hash:
        return False
    if fetched.etag or state.etag:
        return fetched.etag == state.etag
    return fetched.last_modified is not None and fetched.last_modified == state.last_modified


def hash_of(fetched: Fetched) -> str:
    """Hash of a body, to know it again."""
    return hashlib.sha256(fetched.body).hexdigest()
