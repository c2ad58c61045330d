"""The tables that the public pages look through, as the first migration makes them."""

import sqlalchemy as sa
from alembic import op

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def create_catalogue() -> None:
    """Make the catalogue, its categories and, in SQLite, the index of words."""
    op.create_table(
        "catalogue",
        sa.Column("entry_id", _KEY, nullable=False),
        sa.Column("source_id", _KEY, nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"], name=op.f("fk_catalogue_entry_id")),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=op.f("fk_catalogue_source_id")),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_catalogue")),
    )
    op.create_index("ix_catalogue_place", "catalogue", ["place"], unique=False)
    op.create_index("ix_catalogue_source", "catalogue", ["source_id", "place"], unique=False)
    op.create_table(
        "labels",
        sa.Column("entry_id", _KEY, nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("source_id", _KEY, nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"], name=op.f("fk_labels_entry_id")),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=op.f("fk_labels_source_id")),
        sa.PrimaryKeyConstraint("entry_id", "category", name=op.f("pk_labels")),
    )
    op.create_index("ix_labels_category", "labels", ["category", "place"], unique=False)
    if op.get_context().dialect.name == "sqlite":
        op.execute(
            "CREATE VIRTUAL TABLE fulltext USING fts5(source, words,"
            " tokenize='unicode61 remove_diacritics 0')"
        )
