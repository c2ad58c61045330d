"""A source's entries as an Atom feed (RFC 4287): from the same entries, always the same bytes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape, unescape
from typing import Any
from zoneinfo import ZoneInfo

from feedgen.entry import FeedEntry
from feedgen.ext.base import BaseEntryExtension
from feedgen.feed import FeedGenerator

from feedbot import __version__
from feedbot.model import Entry
from feedbot.render.text import clean, clip, one_line, paragraphs, safe_url

_WEB = frozenset({"http", "https"})
_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")
#: A title is a line, not an essay; readers choke on more.
MAX_TITLE = 1000
#: XML parsers refuse a text node above 10 MB; a text above this (in characters) is shortened.
MAX_TEXT = 2_000_000
MAX_CATEGORIES = 50
#: Markup that has strayed into plain text: validators and readers would take it for HTML.
_END_TAG = re.compile(r"</\w+>")
_REFERENCE = re.compile(r"&#?\w{1,32};")


@dataclass(frozen=True, slots=True)
class FeedMeta:
    """What a feed says of itself.

    id:       `tag:` URI, permanent
    url:      the page it was made from (the alternate link)
    self_url: where the feed is served, None where that is not known
    author:   always needed (RFC 4287, 4.1.1); empty: the title stands in
    timezone: in whose offset times are written
    fallback_updated: the feed's `updated` (aware) while it has no entries
    """

    id: str
    title: str
    url: str
    self_url: str | None
    language: str
    author: str
    timezone: ZoneInfo
    fallback_updated: datetime


class _AlternateLink(BaseEntryExtension):  # type: ignore[misc]  # feedgen has no types
    """Gives an entry's link its `rel`, which feedgen loses."""

    def extend_atom(self, entry: Any) -> Any:
        for link in entry.findall("link"):
            link.attrib["rel"] = "alternate"
        return entry


def render_atom(meta: FeedMeta, entries: Sequence[Entry]) -> bytes:
    """The feed as UTF-8 bytes, entries in the order given.

    Nothing but the arguments goes in: no clock, no locale, no hash order. Characters that XML
    refuses are taken out, so that no entry can cost the feed.
    """
    feed = FeedGenerator()
    title = _title(meta.title) or _title(meta.url) or _title(meta.id)
    feed.id(clean(meta.id))
    feed.title(title)
    feed.author(name=_title(meta.author) or title)
    feed.generator("feedbot", version=__version__)
    feed.updated(_moment(_newest(meta, entries), meta.timezone))
    if _LANGUAGE.fullmatch(meta.language):
        feed.language(meta.language)
    if page := safe_url(meta.url, _WEB):
        feed.link(href=page, rel="alternate")
    if own := safe_url(meta.self_url or "", _WEB):
        feed.link(href=own, rel="self", type="application/atom+xml")
    for entry in entries:
        feed.add_entry(_entry(meta, entry), order="append")
    return bytes(feed.atom_str(pretty=True))


def _newest(meta: FeedMeta, entries: Sequence[Entry]) -> datetime:
    return max((entry.updated for entry in entries), default=meta.fallback_updated)


def _entry(meta: FeedMeta, entry: Entry) -> FeedEntry:
    """One entry; its title is the summary where it says no more (RFC 4287, 4.1.1.1)."""
    link = safe_url(entry.link, _WEB) or safe_url(meta.url, _WEB) or meta.id
    title = _title(entry.title) or _title(link)
    made = FeedEntry()
    made.register_extension("alternate", _AlternateLink, rss=False)
    made.id(clean(entry.id))
    made.title(title)
    made.published(_moment(entry.published, meta.timezone))
    made.updated(_moment(entry.updated, meta.timezone))
    made.link(href=link)
    if author := _title(entry.author or ""):
        made.author(name=author)
    content = clean(entry.content or "").strip()
    if content and len(content) <= MAX_TEXT:
        made.content(content, type="html")
    if summary := _html(entry.summary) or ("" if content else f"<p>{escape(title)}</p>"):
        made.summary(summary, type="html")
    for term in _terms(entry.categories):
        made.category(term=term)
    return made


def _title(text: str) -> str:
    """`text` as one line of plain text without stray markup."""
    text = _REFERENCE.sub(lambda found: unescape(found[0]), text)
    return clip(one_line(_END_TAG.sub("", text)), MAX_TITLE)


def _html(text: str) -> str:
    """Plain `text` as HTML paragraphs; a line break within one stays."""
    shown = paragraphs(clip(text, MAX_TEXT))
    return "".join(f"<p>{escape(part).replace(chr(10), '<br>')}</p>" for part in shown)


def _terms(categories: Sequence[str]) -> list[str]:
    """Category terms, cleaned, each once, in the order given."""
    lines = (clip(one_line(term), MAX_TITLE) for term in categories)
    return list(dict.fromkeys(term for term in lines if term))[:MAX_CATEGORIES]


def _moment(when: datetime, zone: ZoneInfo) -> datetime:
    """`when` to the second, with the zone's offset where RFC 3339 can write it (whole minutes)."""
    when = when.astimezone(UTC).replace(microsecond=0)
    try:
        local = when.astimezone(zone)
    except OverflowError:  # the first and last day that can be counted
        return when
    offset = local.utcoffset()
    return when if offset is None or offset.total_seconds() % 60 else local
