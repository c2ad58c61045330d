"""The first schema: sources, entries, the outbox, subscribers, counters."""

import sqlalchemy as sa
from alembic import op

from feedbot.store.migrations import guard
from feedbot.store.migrations.catalogue import create_catalogue

revision = "0001"
down_revision = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make every table, and say which schema a program must know."""
    op.create_table(
        "articles",
        sa.Column("id", KEY, nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_articles")),
        sa.UniqueConstraint("key", name=op.f("uq_articles_key")),
    )
    op.create_table(
        "bots",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("update_offset", sa.BigInteger()),
        sa.Column("hold_until", TIME),
        sa.Column("refused", sa.Text()),
        sa.Column("last_id", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bots")),
    )
    op.create_table(
        "counters",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("first_seen", TIME, nullable=False),
        sa.Column("last_owed", sa.Date()),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_counters")),
    )
    op.create_table(
        "counts",
        sa.Column("counter", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("milestone", sa.Boolean(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["counter"], ["counters.name"], name=op.f("fk_counts_counter")),
        sa.PrimaryKeyConstraint("counter", "day", name=op.f("pk_counts")),
    )
    op.create_table(
        "documents",
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("modified", TIME, nullable=False),
        sa.PrimaryKeyConstraint("path", name=op.f("pk_documents")),
    )
    op.create_table(
        "feeds",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("feed_id", sa.String(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_feeds")),
        sa.UniqueConstraint("feed_id", name=op.f("uq_feeds_feed_id")),
    )
    op.create_table(
        "meta",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_meta")),
    )
    op.create_table(
        "sources",
        sa.Column("id", KEY, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("feed_id", sa.String(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("paused_at", TIME),
        sa.Column("removed_at", TIME),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("due_at", TIME, nullable=False),
        sa.Column("retry_after", TIME),
        sa.Column("extractor", sa.Text()),
        sa.Column("reading", sa.String()),
        sa.Column("answered_by", sa.String()),
        sa.Column("etag", sa.String()),
        sa.Column("last_modified", sa.String()),
        sa.Column("body_hash", sa.String()),
        sa.Column("polls", sa.Integer(), nullable=False),
        sa.Column("verdict_at", sa.Integer()),
        sa.Column("places", sa.Text(), nullable=False),
        sa.Column("baseline_at", TIME),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("positions", sa.Integer(), nullable=False),
        sa.Column("last_updated", TIME),
        sa.Column("last_ok_at", TIME),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failed_since", TIME),
        sa.Column("last_error", sa.Text()),
        sa.Column("moved_to", sa.String()),
        sa.Column("pace", sa.Text()),
        sa.Column("doubtful", sa.Integer(), nullable=False),
        sa.Column("doubtful_since", TIME),
        sa.Column("told_at", TIME),
        sa.Column("usual", sa.Integer(), nullable=False),
        sa.Column("short_since", TIME),
        sa.Column("short_poll", sa.Integer()),
        sa.Column("replaced", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sources")),
        sa.UniqueConstraint("feed_id", name=op.f("uq_sources_feed_id")),
        sa.UniqueConstraint("name", name=op.f("uq_sources_name")),
    )
    op.create_index("ix_sources_due", "sources", ["active", "due_at"], unique=False)
    op.create_table(
        "subscribers",
        sa.Column("id", KEY, nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("chat_id", sa.BigInteger()),
        sa.Column("topic", sa.Integer(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("kind", sa.String()),
        sa.Column("title", sa.Text()),
        sa.Column("hold_until", TIME),
        sa.Column("last_id", sa.BigInteger()),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscribers")),
        sa.UniqueConstraint("address", "topic", name=op.f("uq_subscribers_address_topic")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "deliveries",
        sa.Column("id", KEY, nullable=False),
        sa.Column("subscriber_id", KEY, nullable=False),
        sa.Column("dedupe_key", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("due_at", TIME, nullable=False),
        sa.Column("fresh_from", TIME),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("resent", sa.Integer(), nullable=False),
        sa.Column("started_at", TIME),
        sa.Column("after_id", sa.BigInteger()),
        sa.Column("digest", sa.String()),
        sa.Column("finished_at", TIME),
        sa.Column("error", sa.Text()),
        sa.ForeignKeyConstraint(
            ["subscriber_id"],
            ["subscribers.id"],
            name=op.f("fk_deliveries_subscriber_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint("dedupe_key", name=op.f("uq_deliveries_dedupe_key")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_deliveries_dropped",
        "deliveries",
        ["finished_at"],
        unique=False,
        sqlite_where=sa.text("state = 'dropped'"),
        postgresql_where=sa.text("state = 'dropped'"),
    )
    op.create_index(
        "ix_deliveries_failed",
        "deliveries",
        ["finished_at"],
        unique=False,
        sqlite_where=sa.text("state = 'failed'"),
        postgresql_where=sa.text("state = 'failed'"),
    )
    op.create_index(
        "ix_deliveries_unsent",
        "deliveries",
        ["subscriber_id", "kind", "id"],
        unique=False,
        sqlite_where=sa.text("state IN ('pending', 'sending', 'in_doubt')"),
        postgresql_where=sa.text("state IN ('pending', 'sending', 'in_doubt')"),
    )
    op.create_table(
        "entries",
        sa.Column("id", KEY, nullable=False),
        sa.Column("atom_id", sa.String(), nullable=False),
        sa.Column("source_id", KEY, nullable=False),
        sa.Column("article_id", KEY, nullable=False),
        sa.Column("baseline", sa.Boolean(), nullable=False),
        sa.Column("guid", sa.String()),
        sa.Column("link_key", sa.String()),
        sa.Column("title_key", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("pending", sa.Text()),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("link", sa.Text(), nullable=False),
        sa.Column("page_date", sa.String()),
        sa.Column("published", TIME, nullable=False),
        sa.Column("updated", TIME, nullable=False),
        sa.Column("first_seen", TIME, nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("content", sa.Text()),
        sa.Column("author", sa.Text()),
        sa.Column("image", sa.Text()),
        sa.Column("more_images", sa.Text()),
        sa.Column("categories", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("gone_at", TIME),
        sa.Column("retracted_at", TIME),
        sa.ForeignKeyConstraint(
            ["article_id"], ["articles.id"], name=op.f("fk_entries_article_id")
        ),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=op.f("fk_entries_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entries")),
        sa.UniqueConstraint("atom_id", name=op.f("uq_entries_atom_id")),
    )
    op.create_index("ix_entries_article", "entries", ["article_id"], unique=False)
    op.create_index("ix_entries_gone", "entries", ["source_id", "gone_at"], unique=False)
    op.create_index("ix_entries_position", "entries", ["source_id", "position"], unique=False)
    op.create_table(
        "editions",
        sa.Column("entry_id", KEY, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("source_id", KEY, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("link", sa.Text(), nullable=False),
        sa.Column("updated", TIME, nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("content", sa.Text()),
        sa.Column("author", sa.Text()),
        sa.Column("image", sa.Text()),
        sa.Column("categories", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"], name=op.f("fk_editions_entry_id")),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=op.f("fk_editions_source_id")),
        sa.PrimaryKeyConstraint("entry_id", "revision", name=op.f("pk_editions")),
    )
    op.create_index("ix_editions_position", "editions", ["source_id", "position"], unique=False)
    op.create_table(
        "archives",
        sa.Column("source_id", KEY, nullable=False),
        sa.Column("recipe", sa.String(), nullable=False),
        sa.Column("positions", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["source_id"], ["sources.id"], name=op.f("fk_archives_source_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("source_id", name=op.f("pk_archives")),
    )
    op.create_table(
        "backfills",
        sa.Column("source_id", KEY, nullable=False),
        sa.Column("goal", sa.String(), nullable=False),
        sa.Column("trail", sa.Text(), nullable=False),
        sa.Column("extractor", sa.Text()),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("due_at", TIME, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("done_at", TIME),
        sa.ForeignKeyConstraint(
            ["source_id"], ["sources.id"], name=op.f("fk_backfills_source_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("source_id", name=op.f("pk_backfills")),
    )
    op.create_table(
        "restated",
        sa.Column("source_id", KEY, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["source_id"], ["sources.id"], name=op.f("fk_restated_source_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("source_id", "position", name=op.f("pk_restated")),
    )
    op.create_index("ix_entries_updated", "entries", ["updated"], unique=False)
    op.create_index("ix_entries_guid", "entries", ["source_id", "guid"], unique=False)
    op.create_index("ix_entries_link", "entries", ["source_id", "link_key"], unique=False)
    op.create_index("ix_entries_newest", "entries", ["source_id", "gone_at", "id"], unique=False)
    op.create_index(
        "ix_entries_retracted",
        "entries",
        ["source_id"],
        unique=False,
        sqlite_where=sa.text("retracted_at IS NOT NULL"),
        postgresql_where=sa.text("retracted_at IS NOT NULL"),
    )
    op.create_index("ix_entries_title", "entries", ["source_id", "title_key"], unique=False)
    op.create_table(
        "texts",
        sa.Column("entry_id", KEY, nullable=False),
        sa.Column("source_id", KEY, nullable=False),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("turn", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("due_at", TIME, nullable=False),
        sa.Column("hold_until", TIME),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text()),
        sa.Column("content", sa.Text()),
        sa.Column("author", sa.Text()),
        sa.Column("image", sa.Text()),
        sa.Column("published", TIME),
        sa.Column("section", sa.Text()),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"], name=op.f("fk_texts_entry_id")),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=op.f("fk_texts_source_id")),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_texts")),
    )
    op.create_index(
        "ix_texts_waiting",
        "texts",
        ["host", "turn"],
        unique=False,
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index(
        "ix_texts_unread",
        "texts",
        ["source_id", "state"],
        unique=False,
        sqlite_where=sa.text("state IN ('waiting', 'failed')"),
        postgresql_where=sa.text("state IN ('waiting', 'failed')"),
    )
    op.create_table(
        "pictures",
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("source_id", KEY, nullable=False),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("due_at", TIME),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("type", sa.String()),
        sa.Column("length", sa.BigInteger()),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=op.f("fk_pictures_source_id")),
        sa.PrimaryKeyConstraint("url", name=op.f("pk_pictures")),
    )
    op.create_index(
        "ix_pictures_due",
        "pictures",
        ["host", "due_at"],
        unique=False,
        sqlite_where=sa.text("due_at IS NOT NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    create_catalogue()
    op.create_table(
        "causes",
        sa.Column("delivery_id", KEY, nullable=False),
        sa.Column("entry_id", KEY, nullable=False),
        sa.ForeignKeyConstraint(
            ["delivery_id"],
            ["deliveries.id"],
            name=op.f("fk_causes_delivery_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"], name=op.f("fk_causes_entry_id")),
        sa.PrimaryKeyConstraint("delivery_id", "entry_id", name=op.f("pk_causes")),
    )
    op.create_index("ix_causes_entry", "causes", ["entry_id"], unique=False)
    op.create_table(
        "messages",
        sa.Column("delivery_id", KEY, nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("chat_id", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("sent_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["delivery_id"],
            ["deliveries.id"],
            name=op.f("fk_messages_delivery_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("delivery_id", "part", name=op.f("pk_messages")),
    )
    op.create_index("ix_messages_sent", "messages", ["sent_at"], unique=False)
    guard.make()
    #
    op.execute("INSERT INTO meta (key, value) VALUES ('min_compatible', '1')")
