"""Bringing a database to this program's schema, by Alembic, from any older one.

A store says which schema a program must at least know (`meta.min_compatible`); a store that says
more than ours is left untouched. Alembic is loaded only for a store that is not of our schema, as
that takes longer than many a command.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from feedbot.errors import StoreTooNewError
from feedbot.store.schema import SCHEMA

if TYPE_CHECKING:
    from alembic.config import Config

#: Alembic's name of the newest migration.
HEAD = f"{SCHEMA:04}"


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
            current = _revision(connection)
            if current != HEAD:
                _upgrade(connection, path, current)
            connection.commit()
    except BaseException:
        engine.dispose()
        if ours:
            path.unlink(missing_ok=True)
        raise
    engine.dispose()


def _revision(connection: sa.Connection) -> str | None:
    """The newest migration that a database has seen, as Alembic keeps it; None: it is a new one."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    version = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return None if version is None else str(version)


def _upgrade(connection: sa.Connection, path: Path, current: str | None) -> None:
    """Bring a database up from `current`. One of a newer program that we may use stays as it is."""
    from alembic import command
    from alembic.script import ScriptDirectory

    config = _config(connection)
    known = {step.revision for step in ScriptDirectory.from_config(config).walk_revisions()}
    if current is None or current in known:
        command.upgrade(config, "head")
        return
    wanted = min_compatible(connection)
    if wanted > SCHEMA:
        raise StoreTooNewError(
            f"{path}: written by a newer feedbot (schema {wanted}, this one knows {SCHEMA});"
            " install that version, or restore an older backup"
        )


def min_compatible(connection: sa.Connection) -> int:
    """The schema that a program must know to use this store."""
    query = sa.text("SELECT value FROM meta WHERE key = 'min_compatible'")
    return int(connection.execute(query).scalar_one())


def _config(connection: sa.Connection) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "feedbot:store/migrations")
    config.attributes["connection"] = connection
    return config
