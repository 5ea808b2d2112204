"""What the platform says beside the facts: the statement and the extraction record (提取笔录).

``evidence.md``, 10.1: members that are not known are null; the statement is neutral.
Proved by ``tests/scripts/test_evidence.py``.
"""

import platform
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from chain.evidence.claims import published
from chain.evidence.digests import sha256_hex
from chain.evidence.writing import Hidden, Statement
from domain.evidence.exporting import Approval

NO_COMMIT = "0" * 40
"""Where the program does not run from a checkout."""


@dataclass(frozen=True, slots=True)
class Extraction:
    """One extraction from the log."""

    number: str
    now: str
    origin: str
    database_version: str
    subject: str
    matter: Mapping[str, str | None]
    parties: Sequence[Mapping[str, Any]]
    actor: str
    approval: Approval
    hidden: Sequence[Hidden]
    entries: Sequence[int]
    """Bytes of each entry."""


def statement_of(extraction: Extraction) -> Statement:
    """Return what the package says beside its facts."""
    software = {"name": "xiyou-ledger", "version": version("xiyou-ledger"), "commit": commit()}
    return Statement(
        number=extraction.number,
        created=extraction.now,
        subject=extraction.subject,
        matter=extraction.matter,
        platform={"name": extraction.origin, "uscc": None},
        parties=extraction.parties,
        software=software,
        environment=f"{platform.platform()}; Python {platform.python_version()};"
        f" PostgreSQL {extraction.database_version}",
        custody=_custody(extraction, software),
    )


@cache
def commit() -> str:
    """Return the commit that the program runs from; zeros outside of a checkout."""
    command = ["git", "rev-parse", "HEAD"]
    try:
        done = subprocess.run(  # noqa: S603 — fixed words
            command, cwd=Path(__file__).parent, capture_output=True, text=True, check=False
        )
    except OSError:
        return NO_COMMIT
    found = done.stdout.strip()
    return found if done.returncode == 0 and len(found) == len(NO_COMMIT) else NO_COMMIT


def _custody(extraction: Extraction, software: Mapping[str, str]) -> dict[str, Any]:
    approver, now = extraction.approval.approver, extraction.now
    opens = any(each.state == "opened" for each in extraction.hidden)
    steps = [("select_streams", f"{len(extraction.entries)} entries, whole streams")]
    steps.append(("choose_checkpoint", "the newest published one that covers them"))
    steps += [
        (
            "open_value" if each.state == "opened" else "withhold_value",
            f"{each.index}{each.pointer}: {each.state}, {each.reason}",
        )
        for each in extraction.hidden
    ]
    steps.append(("write_bundle", extraction.number))
    return {
        "requested_by": {"role": None, "name_masked": None, "organisation": None},
        "request_reference": extraction.matter["court_case"],
        "legal_basis": extraction.approval.basis,
        "requested_at": None,
        "extracted_by": {"staff_reference": extraction.actor, "role": "staff"},
        "second_person": {"staff_reference": approver, "role": "staff"} if opens else None,
        "started_at": now,
        "finished_at": now,
        "source": {
            "system": "xiyou-ledger",
            "origin": extraction.origin,
            "database_version": extraction.database_version,
        },
        "tool": {
            "name": "xiyou evidence export",
            "version": software["version"],
            "commit": software["commit"],
            "verify_py_sha256": sha256_hex(published("verify.py.txt")),
        },
        "clock": {"source": "the system's", "offset_ms": None},
        "steps": [{"at": now, "action": action, "result": result} for action, result in steps],
        "exhibits": {"count": len(extraction.entries), "bytes": sum(extraction.entries)},
        "transfers": [],
        "statement": "提取自日志原始字节 / Taken from the log's own bytes, unchanged.",
    }
