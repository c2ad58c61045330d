"""What all tables are made with: their names, keys, and the types that SQL does not have."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import TypeDecorator

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# BigInteger everywhere for keys; SQLite wants the very word INTEGER to number rows by itself.
Key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


class Utc(TypeDecorator[datetime]):
    """An aware datetime, kept in UTC; a naive one is refused at the door."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """To the column."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive datetime {value}: times in the store are aware UTC")
        return value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> datetime | None:
        """From the column; SQLite forgets the zone."""
        if value is None:
            return None
        moment: datetime = value
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


class PageDateText(TypeDecorator[datetime | date]):
    """A PageDate as ISO text: `2020-05-27`, or a time with its offset."""

    impl = sa.String
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> str | None:
        """To the column."""
        return None if value is None else value.isoformat()

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> datetime | date | None:
        """From the column."""
        return page_date(value)


def page_date(text: str | None) -> datetime | date | None:
    """A PageDate from its ISO text."""
    if text is None:
        return None
    return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)


class Json(TypeDecorator[Any]):
    """A JSON value as text, written the same way every time."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> str | None:
        """To the column."""
        return None if value is None else json.dumps(value, ensure_ascii=True, sort_keys=True)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> Any:
        """From the column."""
        return None if value is None else json.loads(value)
