"""The facts everything else speaks of: sources, items, entries, subscribers, deliveries.

Frozen values without behaviour that needs I/O. Times are aware UTC unless a field says otherwise;
a `date` is a calendar day in the source's own zone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Literal
from zoneinfo import ZoneInfo

#: What a page says of when something was published: a moment (aware), a day alone, or nothing.
PageDate = datetime | date | None


def day_of(when: PageDate) -> date | None:
    """The calendar day of what a page says."""
    return when.date() if isinstance(when, datetime) else when


class SourceKind(StrEnum):
    """How a source's body is to be read."""

    AUTO = "auto"  # what it turns out to be
    HTML = "html"  # the page itself: rows found by selectors, or data in it
    FEED = "feed"  # RSS, Atom or JSON Feed
    JSON = "json"  # rows found by JMESPath, or guessed
    SITEMAP = "sitemap"  # a site's list of its pages, or an index of such


@dataclass(frozen=True, slots=True)
class ListingRule:
    """Where the rows of a page or a JSON document are, and what in a row is what.

    Of a JSON document each is a JMESPath, and only item, title, link, date, summary, image and
    date_format count (see source/endpoint/paths.py). Of a page:

    Each is a CSS selector, or `xpath:…`; `a@href` takes an attribute. All but `item` are relative
    to the row. `summary` left out: the row's text less date, title and separators.
    `date_format` is a `strptime` format; left out, dates are understood.

    rows: what of the page is a row: each `item`; or each with what follows it up to the next one,
          the next with a date, the next with a link; or the lines (`<br>`) inside an `item`, from
          one with a date, or with a link, to the next such
    day:  headings with the date of the rows below them, anywhere on the page
    """

    item: str
    rows: Literal["elements", "following", "dated", "linked", "dated-lines", "linked-lines"] = (
        "elements"
    )
    day: str | None = None
    title: str | None = None
    link: str | None = None
    date: str | None = None
    summary: str | None = None
    image: str | None = None
    author: str | None = None
    date_format: str | None = None


class Take(StrEnum):
    """What a source's items are taken from."""

    FEED = "feed"  # the feed that the page names
    DATA = "data"  # JSON-LD or microdata in the page
    LISTING = "listing"  # the page's own rows


@dataclass(frozen=True, slots=True)
class Extractor:
    """How a source is read: found out once, and used until it no longer fits.

    url:  of the feed that is fetched in the page's place (FEED)
    rule: where the rows are (LISTING)
    why:  for people: what was taken, and what was not
    """

    take: Take
    url: str | None = None
    rule: ListingRule | None = None
    why: tuple[str, ...] = ()


#: Rows that are read of one answer, where the source says nothing else.
MAX_ROWS = 2_000


@dataclass(frozen=True, slots=True)
class Source:
    """A configured page or feed to poll.

    was:     the name it had before
    render:  its page is made by a browser, as a script fills it in
    article: whether the pages its entries link to are read for their text, and whether a message
             waits for it
    every_max: the longest pause between two polls, whatever the server or `adaptive` want
    adaptive: whether the pause follows how often something changes
    robots:  whether robots.txt is obeyed
    proxy:   an HTTP proxy that it is fetched through, credentials included
    max_rows: how many rows of its list are read, the first ones
    backfill: how far its older pages are followed when it is new: to so many entries in all (0:
             the first page alone), or to a day
    burst:   how many new rows at once are announced unasked; auto: as many as its past explains
    heal:    whether its list is looked for where the configured selectors find nothing any more
    """

    name: str
    url: str
    title: str
    was: str | None = None
    kind: SourceKind = SourceKind.AUTO
    every: timedelta = timedelta(minutes=5)
    timezone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    language: str = "en"
    paused: bool = False
    author: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    cookies: Mapping[str, str] = field(default_factory=dict, repr=False)
    auth: tuple[str, str] | None = field(default=None, repr=False)
    confirm_gone: int = 3
    confirm_changed: int = 2
    render: bool = False
    show_changes: bool = False
    listing: ListingRule | None = None
    article: Literal["wait", "later", "off"] = "wait"
    backfill: int | date = 0
    burst: int | Literal["auto", "off"] = "auto"
    heal: bool = True
    every_max: timedelta = timedelta(hours=6)
    adaptive: bool = False
    robots: Literal["obey", "ignore"] = "obey"
    proxy: str | None = field(default=None, repr=False)
    max_rows: int = MAX_ROWS


@dataclass(frozen=True, slots=True)
class Counter:
    """A day count since (or until) a date, with its wording and its time of day.

    text: one wording with `{days}`, or wordings by CLDR plural category (one, few, many, other)
    at:   wall-clock time in `timezone` from which a day's count is owed
    feed: whether its feed has an entry for every day, for milestones alone, or there is none
    """

    name: str
    text: str | Mapping[str, str]
    since: date | None = None
    until: date | None = None
    at: time = time(9)
    timezone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    language: str = "en"
    source: str | None = None
    feed: Literal["day", "milestone", "none"] = "day"


@dataclass(frozen=True, slots=True)
class Combined:
    """A feed made of several sources'. `sources` None: of all.

    include/exclude: plain words, or `re:` patterns (google-re2)
    show_changes:    whether a changed entry says what has changed
    """

    name: str
    title: str
    sources: tuple[str, ...] | None = None
    show_changes: bool = False
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Chat:
    """A chat named in the configuration. `sources`/`counters` None: all of them.

    address:  numeric id, or "@name"
    topic:    `message_thread_id` of a forum topic
    language, timezone: of dates; None: those of the source
    template: Jinja2 text of a news message, or None for the default one
    text:     how much of an article is told: nothing but its title, its summary, all there is
    long:     what becomes of a text longer than a message
    preview:  how Telegram shows the article's page below the text; None: as it likes
    photo:    whether an entry's images are posted, with the text as their caption
    include/exclude: plain words, or `re:` patterns (google-re2)
    backlog:  how many earlier entries it is told of when it is new
    """

    address: int | str
    topic: int | None = None
    sources: tuple[str, ...] | None = None
    counters: tuple[str, ...] | None = None
    silent: bool = False
    language: str | None = None
    timezone: ZoneInfo | None = None
    template: str | None = None
    text: Literal["title", "summary", "full"] = "summary"
    long: Literal["shorten", "split"] = "shorten"
    preview: Literal["large", "small", "none"] | None = None
    photo: bool = False
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    backlog: int = 0


@dataclass(frozen=True, slots=True)
class Item:
    """One row of a listing as parsed; it has no history.

    title:   plain text, one line, never empty (a row without a title takes its text)
    link:    absolute; a row without one links to the page with a fragment (`own_link` False)
    guid:    a feed's own id for the row
    date:    what the page says, see PageDate
    drifts:  the date was counted from the fetch ("3 hours ago"), so it comes out a little different
             each time; its changes are none
    summary: plain text, paragraphs separated by a blank line; "" where there is none
    content: sanitised HTML of the text, where a feed carries one
    whole:   whether `content` is all there is to read, and no teaser
    image:   absolute URL
    more_images: of a feed's item with several, the URLs of the further ones
    """

    title: str
    link: str
    own_link: bool = True
    guid: str | None = None
    date: PageDate = None
    drifts: bool = False
    summary: str = ""
    content: str | None = None
    author: str | None = None
    image: str | None = None
    categories: tuple[str, ...] = ()
    more_images: tuple[str, ...] = ()
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often a feed says that it is worth reading.

    least: the shortest pause; hours, days: of the day and the week (Monday is 0) left out, in UTC
    """

    least: timedelta | None = None
    hours: tuple[int, ...] = ()
    days: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Listing:
    """What one fetch of a source showed, in the page's order.

    kind:     what it was read as (HTML or FEED)
    warnings: one line each: rows dropped or mended, dates not understood
    rhythm:   what a feed says of it
    """

    items: tuple[Item, ...]
    kind: SourceKind
    title: str | None = None
    language: str | None = None
    warnings: tuple[str, ...] = ()
    rhythm: Rhythm | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """The stored, published form of an item (RFC 4287 `entry`).

    id:        `tag:` URI, minted once, permanent
    published: never moves after first seen
    updated:   moves when a change has been confirmed
    image_type, image_length: media type and bytes, as the image's server says; None: not known
    """

    id: str
    title: str
    link: str
    published: datetime
    updated: datetime
    summary: str = ""
    content: str | None = None
    author: str | None = None
    image: str | None = None
    image_type: str | None = None
    image_length: int | None = None
    categories: tuple[str, ...] = ()
    page_date: PageDate = None


class ChangeKind(StrEnum):
    """A verdict of the diff."""

    NEW = "new"
    CHANGED = "changed"
    MOVED = "moved"  # another link, or the same thing in another layout: no edit
    GONE = "gone"
    BACK = "back"


class TextState(StrEnum):
    """How the text of an entry's article stands."""

    WAITING = "waiting"  # its page is to be read
    READ = "read"  # the text is here
    SKIPPED = "skipped"  # the link leads to no page: a PDF, a film
    GONE = "gone"  # the page is not there (404, 410)
    FAILED = "failed"  # given up


class DeliveryKind(StrEnum):
    """What a delivery carries."""

    NEWS = "news"  # an article
    COUNTER = "counter"  # a day count
    NOTICE = "notice"  # something the operator should know; goes to the admin chat
    REPLY = "reply"  # an answer to a command in a chat
    RETRACT = "retract"  # no message: one that is out is to go
    HUB = "hub"  # no message: a WebSub hub is to know that a feed has changed


class DeliveryState(StrEnum):
    """Where a delivery stands."""

    PENDING = "pending"  # owed, not being sent
    SENDING = "sending"  # committed before the call
    IN_DOUBT = "in_doubt"  # was being sent when the process died or the answer was lost
    SENT = "sent"  # accepted, message ids recorded; a retraction: done
    FAILED = "failed"  # refused for good; kept until looked at
    DROPPED = "dropped"  # given up by the operator, or with its chat; never owed again by itself
