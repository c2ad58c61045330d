"""The tables of what is published: editions and archives of sources, and the documents made."""

from __future__ import annotations

import sqlalchemy as sa

from feedbot.store.columns import Json, Utc, metadata

editions = sa.Table(
    "editions",  # what entries said before they were changed
    metadata,
    sa.Column("entry_id", sa.ForeignKey("entries.id"), primary_key=True),
    sa.Column("revision", sa.Integer, primary_key=True),
    sa.Column("source_id", sa.ForeignKey("sources.id"), nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("link", sa.Text, nullable=False),
    sa.Column("updated", Utc, nullable=False),
    sa.Column("summary", sa.Text, nullable=False),
    sa.Column("content", sa.Text),
    sa.Column("author", sa.Text),
    sa.Column("image", sa.Text),
    sa.Column("categories", Json, nullable=False),
    sa.Index("ix_editions_position", "source_id", "position"),
)

archives = sa.Table(
    "archives",  # how far a source's are written (RFC 5005)
    metadata,
    sa.Column("source_id", sa.ForeignKey("sources.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("recipe", sa.String, nullable=False),  # hash of what all of them are made with
    sa.Column("positions", sa.Integer, nullable=False),
)

restated = sa.Table(
    "restated",  # positions whose archive has to be written anew
    metadata,
    sa.Column("source_id", sa.ForeignKey("sources.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
)

feeds = sa.Table(
    "feeds",  # those that are no source's: combined ones, counters'
    metadata,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("feed_id", sa.String, nullable=False, unique=True),  # tag: URI
    sa.Column("created_at", Utc, nullable=False),
)

documents = sa.Table(
    "documents",
    metadata,
    sa.Column("path", sa.String, primary_key=True),  # below feeds.directory and /feeds/
    sa.Column("digest", sa.String, nullable=False),  # sha256 of the body
    sa.Column("modified", Utc, nullable=False),  # Last-Modified: never goes back
)
