"""The tables of what is kept back, what is usual, and what is wrong."""

from __future__ import annotations

import sqlalchemy as sa

from feedbot.store.columns import Utc, metadata

held = sa.Table(
    "held",  # new entries that do not look like news: in no feed, owed to nobody
    metadata,
    sa.Column("entry_id", sa.ForeignKey("entries.id"), primary_key=True),
    sa.Column("source_id", sa.ForeignKey("sources.id"), nullable=False),
    sa.Column("batch", sa.BigInteger, nullable=False),  # what one poll brought: its lowest entry
    sa.Column("held_at", Utc, nullable=False),
    sa.Column("dropped_at", Utc),  # the operator wants nobody to see it
    sa.Index("ix_held_source", "source_id", "dropped_at"),
)

days = sa.Table(
    "days",  # what a source's polls brought, day by day (UTC)
    metadata,
    sa.Column("source_id", sa.ForeignKey("sources.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("new", sa.Integer, nullable=False),  # entries announced
    sa.Column("failed", sa.Integer, nullable=False),  # polls, doubtful ones included
    sa.Column("rows", sa.Integer),  # the fewest of a list that was believed
    sa.Column("dated", sa.Integer),  # of the rows last read, those with a date
    sa.Index("ix_days_day", "day"),
)

alarms = sa.Table(
    "alarms",  # what is wrong, or was until lately
    metadata,
    sa.Column("kind", sa.String, primary_key=True),
    sa.Column("about", sa.String, primary_key=True),  # a source's name, "" for all of feedbot
    sa.Column("since", Utc, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("ended_at", Utc),
    sa.Column("times", sa.Integer, nullable=False),  # it has begun
    sa.Column("posted", sa.Integer, nullable=False),  # what the webhook knows: 1 begun, 2 ended
)
