"""What is kept of a source's answer, so that the next request for it can be a conditional one."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import replace

from feedbot import __version__
from feedbot.fetch import Fetched, Request
from feedbot.model import Extractor, Source
from feedbot.reading import Reading, request
from feedbot.store import sources
from feedbot.store.sources import SourceState

log = logging.getLogger(__name__)


def request_for(
    source: Source, state: SourceState, extractor: Extractor | None, *, known: bool
) -> Request:
    """The request of a poll. known: the last answer was read just as this one will be."""
    plain = request(source, (extractor and extractor.url) or source.url)
    if not known:
        return plain
    return replace(
        plain,
        etag=state.etag,
        last_modified=state.last_modified,
        validators_url=state.answered_by,
    )


def keep(source: Source, state: SourceState, reading: Reading) -> SourceState:
    """The state with what the answer said of itself, and how it was read."""
    fetched = reading.fetched
    if fetched.moved_to and fetched.moved_to != state.moved_to:
        log.warning(
            "%s: %s has moved for good to %s; put that in the configuration",
            source.name,
            source.url,
            fetched.moved_to,
        )
    return replace(
        state,
        extractor=sources.remember(source, reading.extractor),
        reading=sources.reading_key(source, __version__, reading.extractor),
        answered_by=fetched.url,
        etag=fetched.etag,
        last_modified=fetched.last_modified,
        body_hash=hash_of(fetched),
        moved_to=fetched.moved_to,
    )


def hash_of(fetched: Fetched) -> str:
    """Hash of a body, to know it again."""
    return hashlib.sha256(fetched.body).hexdigest()
