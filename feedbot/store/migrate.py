"""Bringing a database to this program's schema, by Alembic, from any older one.

A store says which schema a program must at least know (`meta.min_compatible`); a store that says
more than ours is left untouched.
"""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from feedbot.errors import StoreTooNewError
from feedbot.store.schema import SCHEMA


def upgrade(path: Path, is_new: bool) -> None:
    """Create or upgrade the SQLite database at `path`; one process at a time.

    A new database that fails to be made is taken away again, so that no half of one stays.
    Raises StoreTooNewError and SQLAlchemy's errors.
    """
    url = sa.URL.create("sqlite", database=str(path))
    engine = sa.create_engine(url, connect_args={"timeout": 5})
    ours = False  # while another process holds the lock, a new database is that one's
    try:
        with engine.connect() as connection:
            # One writer from the look at the version to the end of the change.
            connection.exec_driver_sql("PRAGMA journal_mode=WAL")
            connection.rollback()
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            ours = is_new
            if _needs_upgrade(connection, path):
                command.upgrade(_config(connection), "head")
            connection.commit()
    except BaseException:
        engine.dispose()
        if ours:
            path.unlink(missing_ok=True)
        raise
    engine.dispose()


def _needs_upgrade(connection: sa.Connection, path: Path) -> bool:
    script = ScriptDirectory.from_config(_config(connection))
    current = MigrationContext.configure(connection).get_current_revision()
    if current == script.get_current_head():
        return False
    if current is not None and current not in {step.revision for step in script.walk_revisions()}:
        wanted = min_compatible(connection)
        if wanted > SCHEMA:
            raise StoreTooNewError(
                f"{path}: written by a newer feedbot (schema {wanted}, this one knows {SCHEMA});"
                " install that version, or restore an older backup"
            )
        return False
    return True


def min_compatible(connection: sa.Connection) -> int:
    """The schema that a program must know to use this store."""
    query = sa.text("SELECT value FROM meta WHERE key = 'min_compatible'")
    return int(connection.execute(query).scalar_one())


def _config(connection: sa.Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", "feedbot:store/migrations")
    config.attributes["connection"] = connection
    return config
