"""What a check of the doctor found: what, why it matters, and the remedy."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from psycopg import Connection, Cursor

from api.bootstrap import Deployment
from chain.errors import ChainError

State = Literal["good", "bad", "skipped"]
GOOD: Final = ""


class Skipped(Exception):  # noqa: N818 — nothing is wrong; the text says why it was not looked at
    """A check does not apply here."""


@dataclass(frozen=True, slots=True)
class Exam:
    """What is examined.

    Attributes:
        ledger: the deployment, open.
        connection: to its database, as the application.
        newest: the revision that its schema should have.
        lock: the file of locked versions.
        deep: look at every entry.
    """

    ledger: Deployment
    connection: Connection
    newest: str
    lock: Path
    deep: bool = False


def one(cursor: Cursor[Any]) -> Any:  # noqa: ANN401 — a column's value
    """Return the first column of the first row that *cursor* has, None if there is none."""
    row = cursor.fetchone()
    return row[0] if row else None


@dataclass(frozen=True, slots=True)
class Check:
    """One check.

    Attributes:
        number: in ``reliability.md``, 7.4.
        what: must be so.
        why: it matters.
        fix: what helps where it is not so.
        look: returns what is wrong, or `GOOD`; raises `Skipped`.
    """

    number: int
    what: str
    why: str
    fix: str
    look: Callable[[Exam], str]


Look = Callable[[Exam], str]
CHECKS: Final[dict[int, Check]] = {}
"""Every check by its number, once the modules beside this one are imported."""


def check(number: int, what: str, *, why: str, fix: str) -> Callable[[Look], Look]:
    """Declare a function a check: see `Check`."""

    def declare(look: Look) -> Look:
        CHECKS[number] = Check(number, what, why, fix, look)
        return look

    return declare


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found."""

    check: Check
    state: State
    found: str

    def line(self) -> str:
        """Return it for a person; remedy and reason where it is bad."""
        named = f"D{self.check.number:<3}{self.state:<8}{self.check.what}"
        if self.state == "good":
            return named
        if self.state == "skipped":
            return f"{named} ({self.found})"
        return (
            f"{named}\n      {self.found}\n      why: {self.check.why}\n      fix: {self.check.fix}"
        )

    def facts(self) -> dict[str, str]:
        """Return it for ``--json``."""
        check = self.check
        named = {"check": f"D{check.number}", "state": self.state, "what": check.what}
        return named | {"found": self.found, "why": check.why, "fix": check.fix}


def find(check: Check, exam: Exam) -> Finding:
    """Carry out *check*; one that cannot be carried out is bad."""
    try:
        found = check.look(exam)
    except Skipped as reason:
        return Finding(check, "skipped", str(reason))
    except ChainError as error:
        found = str(error)
    except Exception as error:  # noqa: BLE001 — one check that fails must not hide the others
        found = f"cannot be looked at: {type(error).__name__}"
    return Finding(check, "bad" if found else "good", found)
