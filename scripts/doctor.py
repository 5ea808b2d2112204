"""``xiyou doctor``: whether the deployment is well. ``tests/scripts/test_doctor.py``.

Every check says what must be so; where it is not, why that matters and what helps. Exits with
1 if anything is bad. Changes nothing.
"""

from pathlib import Path
from typing import Annotated, Any

import typer
from alembic.config import Config
from alembic.script import ScriptDirectory

from api.bootstrap import Deployment
from api.doctor import database, house, log, views
from api.doctor.finding import CHECKS, Exam, Finding, find
from scripts.deploying import deployment
from scripts.migrate import MIGRATIONS
from scripts.options import Home, Json
from scripts.outcome import Exit, Outcome

app = typer.Typer(rich_markup_mode=None, add_completion=False)

assert all((database, house, log, views))  # noqa: S101 — importing them has declared their checks

LOCK = Path(__file__).parent.parent / "requirements.lock"


@app.command()
def doctor(
    home: Home = None,
    *,
    deep: Annotated[bool, typer.Option(help="Look at every entry, however long it takes.")] = False,
    as_json: Json = False,
) -> Outcome:
    """Check settings, database, log, keys and files; say what is wrong, why, and the remedy."""
    del as_json
    with deployment(home) as ledger:
        findings = examine(ledger, deep=deep)
    bad = [each for each in findings if each.state == "bad"]
    facts: dict[str, Any] = {
        "ok": not bad,
        "checks": [each.facts() for each in findings],
        "bad": [f"D{each.check.number}" for each in bad],
    }
    lines = [each.line() for each in findings]
    good = sum(each.state == "good" for each in findings)
    lines.append(f"{good} good, {len(bad)} bad, {len(findings) - good - len(bad)} skipped")
    return Outcome(facts, "\n".join(lines), Exit.UNTRUE if bad else Exit.GOOD)


def examine(ledger: Deployment, *, deep: bool = False, lock: Path = LOCK) -> list[Finding]:
    """Carry out every check on *ledger*, in the order of their numbers."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    newest = ScriptDirectory.from_config(config).get_current_head() or ""
    with ledger.database.connect() as connection:
        exam = Exam(ledger, connection, newest, lock, deep)
        return [find(each, exam) for _, each in sorted(CHECKS.items())]
