"""Alembic's entry point: connect as the owner, one transaction a migration.

The connection comes from the caller (``scripts.migrate``) or, when alembic is called by
hand, from ``XIYOU_OWNER_DATABASE_URL``. Migrations import nothing of ours: they must mean
the same in ten years.
"""

import os

from alembic import context
from sqlalchemy import Connection, create_engine, pool, text


def run(connection: Connection) -> None:
    """Bring the schema of *connection*'s database to the version that was asked for."""
    connection.execute(text("CREATE SCHEMA IF NOT EXISTS ledger"))
    connection.execute(text("SET lock_timeout = '2s'"))
    connection.commit()
    context.configure(
        connection=connection, version_table_schema="ledger", transaction_per_migration=True
    )
    with context.begin_transaction():
        context.run_migrations()


def connect_and_run() -> None:
    """Take the caller's connection, or make one from the environment."""
    given = context.config.attributes.get("connection")
    if given is not None:
        run(given)
        return
    url = os.environ["XIYOU_OWNER_DATABASE_URL"].replace("postgresql://", "postgresql+psycopg://")
    engine = create_engine(url, poolclass=pool.NullPool)
    with engine.connect() as connection:
        run(connection)


connect_and_run()
