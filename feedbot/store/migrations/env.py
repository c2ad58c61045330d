"""Alembic's entry: it runs on the connection, and in the transaction, that `migrate` opened."""

from alembic import context

from feedbot.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
)
context.run_migrations()
