"""``xiyou migrate``: bring the schema up to date; make the keys of a new deployment.

By command only, never at the start of the application. ``tests/scripts/test_command.py``.
"""

import typer

from scripts.deploying import deployment
from scripts.options import Home, Json
from scripts.outcome import Outcome

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def migrate(home: Home = None, *, as_json: Json = False) -> Outcome:
    """Bring the database's schema up to date as its owner; make keys where there are none."""
    del as_json
    with deployment(home, make=True) as ledger, ledger.database.connect() as connection:
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    version = row[0] if row else None
    facts = {"ok": True, "home": str(ledger.home), "origin": ledger.origin, "schema": version}
    return Outcome(facts, f"{ledger.home}: the log {ledger.origin}, schema {version}")
