"""The tables. They are the truth: what is owed, when, and in which order stands here.

    sources ─< entries >─ articles          what was read
                 │ └─ texts, pictures                           and at the articles' own pages
                 ├─ catalogue, labels           what readers can look through, by date
    feeds, documents                        what is published of it, and with which validators
                 └─< causes >─ deliveries >─ subscribers      what is owed to whom, and why
                                 └─< messages                 what Telegram made of it
    held, days, alarms (guard_schema)                 what is kept back, usual, or wrong
    counters, bots, meta

The schema is made by migrations (`migrations/`); a test holds both to be the same.
"""

from __future__ import annotations

import sqlalchemy as sa

from feedbot.store.columns import Json, Key, PageDateText, Utc, metadata
from feedbot.store.feed_schema import archives, documents, editions, feeds, restated
from feedbot.store.guard_schema import alarms, days, held

__all__ = [
    "NOT_HELD",
    "SCHEMA",
    "Key",
    "alarms",
    "archives",
    "articles",
    "backfills",
    "bots",
    "causes",
    "counters",
    "counts",
    "days",
    "deliveries",
    "documents",
    "editions",
    "entries",
    "feeds",
    "held",
    "messages",
    "meta",
    "metadata",
    "restated",
    "sources",
    "subscribers",
    "texts",
]

#: The number of the newest migration this program knows.
SCHEMA = 1

meta = sa.Table(
    "meta",
    metadata,
    sa.Column("key", sa.String, primary_key=True),
    sa.Column("value", sa.String, nullable=False),
)

sources = sa.Table(
    "sources",
    metadata,
    sa.Column("id", Key, primary_key=True),
    sa.Column("name", sa.String, nullable=False, unique=True),
    sa.Column("feed_id", sa.String, nullable=False, unique=True),  # tag: URI of the feed
    sa.Column("created_at", Utc, nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),  # in the configuration and not paused
    sa.Column("paused_at", Utc),  # by the operator's command, whatever the configuration says
    sa.Column("removed_at", Utc),  # left the configuration; data stay, the feed says so
    # what the configuration says of it, for the feed of one that has left it:
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("language", sa.String, nullable=False),
    sa.Column("timezone", sa.String, nullable=False),
    sa.Column("host", sa.String, nullable=False, default=""),  # of the URL: whose turn a poll is
    sa.Column("due_at", Utc, nullable=False),
    sa.Column("retry_after", Utc),  # the server's own word; even `once` keeps to it
    sa.Column("extractor", sa.Text),  # JSON: how it is read, see sources.remember
    # what the last answer was, so that the next one can be the same:
    sa.Column("reading", sa.String),  # hash of URL and rules the validators belong to
    sa.Column("answered_by", sa.String),  # the URL that gave the validators, after redirects
    sa.Column("etag", sa.String),
    sa.Column("last_modified", sa.String),
    sa.Column("body_hash", sa.String),
    # what the list looks like:
    sa.Column("polls", sa.Integer, nullable=False),  # sound ones, counted
    sa.Column("verdict_at", sa.Integer),  # the poll number at which one falls due
    sa.Column("places", sa.Text, nullable=False),  # JSON: [[entry id, absent since poll | null], …]
    sa.Column("baseline_at", Utc),
    sa.Column("entries", sa.Integer, nullable=False),  # how many are stored
    sa.Column("positions", sa.Integer, nullable=False, default=0),  # given, the last is the newest
    sa.Column("last_updated", Utc),  # the newest `updated` given, so that no two are equal
    # how it fares:
    sa.Column("last_ok_at", Utc),
    sa.Column("failures", sa.Integer, nullable=False),  # in a row
    sa.Column("failed_since", Utc),
    sa.Column("last_error", sa.Text),
    sa.Column("moved_to", sa.String),  # a permanent redirect, as last seen
    sa.Column("pace", sa.Text),  # JSON: what decides when and how it is asked, see pace.Pace
    sa.Column("doubtful", sa.Integer, nullable=False),  # polls in which it showed another list
    sa.Column("doubtful_since", Utc),
    sa.Column("told_at", Utc),  # the operator was told of the failure that lasts
    # what it is used to show, see judge.History:
    sa.Column("usual", sa.Integer, nullable=False, default=0),  # rows, when last believed
    sa.Column("short_since", Utc),  # it has far fewer rows
    sa.Column("short_poll", sa.Integer),  # the number of the poll that first had
    sa.Column("replaced", sa.Integer, nullable=False, default=0),  # times all of it was, for good
    sa.Index("ix_sources_due", "active", "due_at"),
)

articles = sa.Table(
    "articles",
    metadata,
    sa.Column("id", Key, primary_key=True),
    sa.Column("key", sa.String, nullable=False, unique=True),  # identity.Row.article_key
)

entries = sa.Table(
    "entries",
    metadata,
    sa.Column("id", Key, primary_key=True),  # grows in the order of events
    sa.Column("atom_id", sa.String, nullable=False, unique=True),  # tag: URI, minted once
    sa.Column("source_id", sa.ForeignKey("sources.id"), nullable=False),
    sa.Column("article_id", sa.ForeignKey("articles.id"), nullable=False),
    sa.Column("baseline", sa.Boolean, nullable=False),
    # what it is recognised by:
    sa.Column("guid", sa.String),
    sa.Column("link_key", sa.String),
    sa.Column("title_key", sa.String, nullable=False),
    sa.Column("fingerprint", sa.String, nullable=False),
    sa.Column("pending", Json),  # {"item": …, the row's keys, "since": poll}: a change to confirm
    # what is published:
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("link", sa.Text, nullable=False),
    sa.Column("page_date", PageDateText),
    sa.Column("published", Utc, nullable=False),
    sa.Column("updated", Utc, nullable=False),
    sa.Column("first_seen", Utc, nullable=False),
    sa.Column("summary", sa.Text, nullable=False),
    sa.Column("content", sa.Text),
    sa.Column("author", sa.Text),
    sa.Column("image", sa.Text),
    sa.Column("more_images", Json),  # the further ones; None: there are none
    sa.Column("categories", Json, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("position", sa.Integer, nullable=False, default=0),  # in its source's history
    sa.Column("gone_at", Utc),
    sa.Column("retracted_at", Utc),  # taken back by the operator: in no feed, told to nobody
    sa.Index("ix_entries_guid", "source_id", "guid"),
    sa.Index("ix_entries_link", "source_id", "link_key"),
    sa.Index("ix_entries_title", "source_id", "title_key"),
    sa.Index("ix_entries_newest", "source_id", "gone_at", "id"),
    sa.Index("ix_entries_position", "source_id", "position"),
    sa.Index("ix_entries_updated", "updated"),
    sa.Index("ix_entries_gone", "source_id", "gone_at"),
    sa.Index("ix_entries_article", "article_id"),
    sa.Index(
        "ix_entries_retracted",
        "source_id",
        sqlite_where=sa.text("retracted_at IS NOT NULL"),
        postgresql_where=sa.text("retracted_at IS NOT NULL"),
    ),
)

#: True of an entry that is not kept back: part of every query for what is to be shown.
NOT_HELD = entries.c.id.not_in(sa.select(held.c.entry_id))

texts = sa.Table(
    "texts",
    metadata,
    sa.Column("entry_id", sa.ForeignKey("entries.id"), primary_key=True),
    sa.Column("source_id", sa.ForeignKey("sources.id"), nullable=False),
    sa.Column("host", sa.String, nullable=False),  # pages of one host are read one at a time
    sa.Column("turn", sa.BigInteger, nullable=False),  # the lowest is next at its host
    sa.Column("state", sa.String, nullable=False),  # model.TextState
    sa.Column("due_at", Utc, nullable=False),
    sa.Column("hold_until", Utc),  # deliveries with this `due_at` wait for the text
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("error", sa.Text),  # of the last attempt
    # what the article's page says:
    sa.Column("content", sa.Text),
    sa.Column("author", sa.Text),
    sa.Column("image", sa.Text),
    sa.Column("published", Utc),  # where the list gives a day alone, or nothing
    sa.Column("section", sa.Text),
    sa.Index(
        "ix_texts_waiting",
        "host",
        "turn",
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    ),
    sa.Index(
        "ix_texts_unread",
        "source_id",
        "state",
        sqlite_where=sa.text("state IN ('waiting', 'failed')"),
        postgresql_where=sa.text("state IN ('waiting', 'failed')"),
    ),
)

pictures = sa.Table(
    "pictures",
    metadata,
    sa.Column("url", sa.Text, primary_key=True),  # as entries and texts have it
    sa.Column("source_id", sa.ForeignKey("sources.id"), nullable=False),  # that showed it first
    sa.Column("host", sa.String, nullable=False),  # asked like the pages of that host, in turn
    sa.Column("due_at", Utc),  # when to ask its server; None: that is done
    sa.Column("attempts", sa.Integer, nullable=False),
    # what the server said, where it did:
    sa.Column("type", sa.String),
    sa.Column("length", sa.BigInteger),  # bytes
    sa.Index(
        "ix_pictures_due",
        "host",
        "due_at",
        sqlite_where=sa.text("due_at IS NOT NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL"),
    ),
)

subscribers = sa.Table(
    "subscribers",
    metadata,
    sa.Column("id", Key, primary_key=True),
    sa.Column("address", sa.String, nullable=False),  # "-100123…", "123" or "@name"
    sa.Column("chat_id", sa.BigInteger),  # what a "@name" stood for when it was first written to
    sa.Column("topic", sa.Integer, nullable=False),  # message_thread_id; 0: none
    sa.Column("origin", sa.String, nullable=False),  # config | chat | admin
    sa.Column("state", sa.String, nullable=False),  # active | paused | asking | leaving | removed
    sa.Column("reason", sa.Text),  # why it is not active
    sa.Column("kind", sa.String),  # Chat.type as last heard: private, group, supergroup, channel
    sa.Column("title", sa.Text),  # how to call it to the operator
    sa.Column("hold_until", Utc),  # retry_after
    sa.Column("last_id", sa.BigInteger),  # of a channel or supergroup: its newest known message id
    sa.Column("created_at", Utc, nullable=False),
    sa.UniqueConstraint("address", "topic"),
    sqlite_autoincrement=True,  # the number of a chat that left is never another's
)

deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("id", Key, primary_key=True),  # the order owed
    sa.Column("subscriber_id", sa.ForeignKey("subscribers.id", ondelete="CASCADE"), nullable=False),
    sa.Column("dedupe_key", sa.String, nullable=False, unique=True),
    sa.Column("kind", sa.String, nullable=False),  # model.DeliveryKind
    sa.Column("state", sa.String, nullable=False),  # model.DeliveryState
    sa.Column("payload", Json, nullable=False),  # what a message needs beside its causes
    sa.Column("created_at", Utc, nullable=False),
    sa.Column("due_at", Utc, nullable=False),
    # What its age is counted from while it cannot be delivered; None: from the next failure on.
    sa.Column("fresh_from", Utc),
    sa.Column("attempts", sa.Integer, nullable=False),  # calls begun
    sa.Column("resent", sa.Integer, nullable=False),  # calls begun although one was in doubt
    sa.Column("started_at", Utc),  # of the last call
    sa.Column("after_id", sa.BigInteger),  # the newest message id known there when it began
    sa.Column("digest", sa.String),  # of the text it sent
    sa.Column("finished_at", Utc),
    sa.Column("error", sa.Text),
    # One small index over what is unsent: claiming never looks at what was sent.
    sa.Index(
        "ix_deliveries_unsent",
        "subscriber_id",
        "kind",
        "id",
        sqlite_where=sa.text("state IN ('pending', 'sending', 'in_doubt')"),
        postgresql_where=sa.text("state IN ('pending', 'sending', 'in_doubt')"),
    ),
    sa.Index(
        "ix_deliveries_failed",
        "finished_at",
        sqlite_where=sa.text("state = 'failed'"),
        postgresql_where=sa.text("state = 'failed'"),
    ),
    sa.Index(
        "ix_deliveries_dropped",
        "finished_at",
        sqlite_where=sa.text("state = 'dropped'"),
        postgresql_where=sa.text("state = 'dropped'"),
    ),
    sqlite_autoincrement=True,  # the order owed survives deletions
)

causes = sa.Table(
    "causes",
    metadata,
    sa.Column("delivery_id", sa.ForeignKey("deliveries.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("entry_id", sa.ForeignKey("entries.id"), primary_key=True),
    sa.Index("ix_causes_entry", "entry_id"),
)

messages = sa.Table(
    "messages",
    metadata,
    sa.Column("delivery_id", sa.ForeignKey("deliveries.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("part", sa.Integer, primary_key=True),  # 0, 1, …: a delivery may take several
    sa.Column("chat_id", sa.BigInteger, nullable=False),
    sa.Column("message_id", sa.BigInteger, nullable=False),
    sa.Column("sent_at", Utc, nullable=False),
    sa.Index("ix_messages_sent", "sent_at"),
)

counters = sa.Table(
    "counters",
    metadata,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("first_seen", Utc, nullable=False),
    sa.Column("last_owed", sa.Date),  # local date in the counter's zone
)

counts = sa.Table(
    "counts",  # what counters said, for those who follow them by feed
    metadata,
    sa.Column("counter", sa.ForeignKey("counters.name"), primary_key=True),
    sa.Column("day", sa.Date, primary_key=True),  # local date in the counter's zone
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("milestone", sa.Boolean, nullable=False),
    sa.Column("at", Utc, nullable=False),
)

catalogue = sa.Table(
    "catalogue",  # what the public pages list, see catalogue.py
    metadata,
    sa.Column("entry_id", sa.ForeignKey("entries.id"), primary_key=True),
    sa.Column("source_id", sa.ForeignKey("sources.id"), nullable=False),
    sa.Column("place", sa.BigInteger, nullable=False),  # grows with the date
    sa.Index("ix_catalogue_place", "place"),
    sa.Index("ix_catalogue_source", "source_id", "place"),
)

labels = sa.Table(
    "labels",  # the same by category
    metadata,
    sa.Column("entry_id", sa.ForeignKey("entries.id"), primary_key=True),
    sa.Column("category", sa.Text, primary_key=True),
    sa.Column("source_id", sa.ForeignKey("sources.id"), nullable=False),
    sa.Column("place", sa.BigInteger, nullable=False),
    sa.Index("ix_labels_category", "category", "place"),
)

backfills = sa.Table(
    "backfills",  # the way back through the older pages of a source, see source/trail.py
    metadata,
    sa.Column("source_id", sa.ForeignKey("sources.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("goal", sa.String, nullable=False),  # as configured: another one begins anew
    sa.Column("trail", Json, nullable=False),
    sa.Column("extractor", sa.Text),  # JSON: how its pages are read, see sources.remember
    sa.Column("entries", sa.Integer, nullable=False),  # brought so far
    sa.Column("due_at", Utc, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),  # at the next page
    sa.Column("done_at", Utc),
)

bots = sa.Table(
    "bots",
    metadata,
    sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),  # the bot's user id
    sa.Column("update_offset", sa.BigInteger),  # getUpdates: the next update_id to ask for
    sa.Column("hold_until", Utc),  # a retry_after that holds the whole bot
    sa.Column("refused", sa.Text),  # what Telegram says where it takes the token no more
    # The newest known message id of all people and basic groups: they share one sequence.
    sa.Column("last_id", sa.BigInteger),
)
