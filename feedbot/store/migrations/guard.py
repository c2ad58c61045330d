"""The tables of the first schema that are about what is kept back, usual, or wrong."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TIME = sa.DateTime(timezone=True)


def make() -> None:
    """Make them; those they refer to are there."""
    op.create_table(
        "held",
        sa.Column("entry_id", _KEY, nullable=False),
        sa.Column("source_id", _KEY, nullable=False),
        sa.Column("batch", sa.BigInteger(), nullable=False),
        sa.Column("held_at", _TIME, nullable=False),
        sa.Column("dropped_at", _TIME),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"], name=op.f("fk_held_entry_id")),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=op.f("fk_held_source_id")),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_held")),
    )
    op.create_index("ix_held_source", "held", ["source_id", "dropped_at"])
    op.create_table(
        "days",
        sa.Column("source_id", _KEY, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("new", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("rows", sa.Integer()),
        sa.Column("dated", sa.Integer()),
        sa.ForeignKeyConstraint(
            ["source_id"], ["sources.id"], name=op.f("fk_days_source_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("source_id", "day", name=op.f("pk_days")),
    )
    op.create_index("ix_days_day", "days", ["day"])
    op.create_table(
        "alarms",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("since", _TIME, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("ended_at", _TIME),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("posted", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "about", name=op.f("pk_alarms")),
    )
