"""Bring a database's schema to the newest version, as its owner.

By command only, never at the start of the application (``reliability.md`` 7.6).
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, pool

MIGRATIONS = Path(__file__).parent / "migrations"


def migrate(owner_url: str, revision: str = "head") -> None:
    """Run the migrations up to *revision* on the database at *owner_url*.

    Args:
        owner_url: ``postgresql://…`` of a role that owns the schema ``ledger`` or may create it.
        revision: an Alembic revision.

    Raises:
        sqlalchemy.exc.DBAPIError: the database is out of reach or refuses.
    """
    url = owner_url.replace("postgresql://", "postgresql+psycopg://", 1)
    engine = create_engine(url, poolclass=pool.NullPool)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
