"""``xiyou audit``: recompute everything, and name the first leaf index that is wrong.

From the database alone, from the published files alone, or both against each other.
Proved by ``tests/scripts/test_audit.py``.
"""

import os
from base64 import b64encode
from dataclasses import asdict
from pathlib import Path
from time import monotonic
from typing import Annotated, Any

import typer

from api.settings import load_settings
from chain.audit import Finding
from chain.store.auditor import AuditReport, audit_both, audit_database, audit_files
from chain.store.files import MissingFileError
from chain.store.publisher import CHECKPOINT, LOG_FOLDER
from chain.store.signer import history_of, read_verifier_keys
from domain.identity.erasure import erased
from scripts.deploying import deployment
from scripts.options import Home, Json
from scripts.outcome import Exit, InputError, Outcome
from scripts.screen import Advance, Screen

app = typer.Typer(rich_markup_mode=None, add_completion=False)

STATE_FOLDER = "audit"
"""In the home: where an audit that may be resumed notes how far it is."""


@app.command()
def audit(
    home: Home = None,
    *,
    database: Annotated[bool, typer.Option("--database", help="The database alone.")] = False,
    files: Annotated[bool, typer.Option("--files", help="The published files alone.")] = False,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume", help="With --database: note progress, and go on where one was interrupted."
        ),
    ] = False,
    every: Annotated[
        bool, typer.Option("--all", help="Name every finding, not the first alone.")
    ] = False,
    as_json: Json = False,
) -> Outcome:
    """Re-hash every entry, stream, tile and root; without options, database against files.

    Ends with 0 if all is as it was signed, with 1 if anything is not.
    """
    if resume and (files or not database):
        raise InputError("--resume: only an audit of the database alone can be resumed")
    screen = Screen(as_json=as_json)
    began = monotonic()
    with screen.progress("auditing") as advance:
        if files and not database:
            settings = load_settings(os.environ, home)
            report, what = _audit_files(settings.home, advance), "the published files"
        elif database and not files:
            report, what = _audit_database(home, advance, resume=resume), "the database"
        else:
            report, what = _audit_both(home, advance), "database and published files"
    return outcome(report, what, monotonic() - began, every=every)


def outcome(report: AuditReport, what: str, seconds: float, *, every: bool) -> Outcome:
    """Return what an audit has found as a command's outcome."""
    first = report.first
    facts: dict[str, Any] = {
        "ok": first is None,
        "audited": what,
        "size": report.size,
        "root": b64encode(report.root).decode(),
        "seconds": round(seconds, 3),
        "entries_per_second": round(report.size / max(seconds, 1e-9), 1),
        "first_bad_index": first.index if first else None,
        "erased_values": report.erased,
        "findings": [asdict(each) for each in report.findings],
    }
    read = f"{what}: {report.size:,} entries in {seconds:.1f} s"
    if first is None:
        words = f"nothing is wrong with {read}\n  root {facts['root']}"
        if report.erased:
            words += f"\n  {report.erased:,} sealed values read erased, as the log says"
        return Outcome(facts, words)
    shown = report.findings if every else report.findings[:1]
    lines = [f"{len(report.findings)} findings in {read}, the first one:"]
    if every:
        lines = [f"{len(report.findings)} findings in {read}:"]
    lines += [f"  {words_of(each)}" for each in shown]
    return Outcome(facts, "\n".join(lines), Exit.UNTRUE)


def words_of(finding: Finding) -> str:
    """Say one finding in one line."""
    place = "no entry" if finding.index is None else f"entry {finding.index}"
    return f"{place}: {finding.what}  ({finding.where})"


def counted(advance: Advance) -> Any:  # noqa: ANN401 — the auditor's own kind of callback
    """Return what an audit calls with entries done and entries in all."""
    began = monotonic()

    def tell(done: int, size: int) -> None:
        rate = done / max(monotonic() - began, 1e-9)
        advance(done / max(size, 1), f"{done:,} of {size:,}, {rate:,.0f}/s")

    return tell


def _audit_files(home: Path, advance: Advance) -> AuditReport:
    keys = read_verifier_keys(home)
    if not (home / LOG_FOLDER / CHECKPOINT).exists():
        raise MissingFileError(f"{home / LOG_FOLDER / CHECKPOINT}")
    return audit_files(home / LOG_FOLDER, keys=keys, progress=counted(advance))


def _audit_database(home: Path | None, advance: Advance, *, resume: bool) -> AuditReport:
    with deployment(home) as ledger:
        return audit_database(
            ledger.database,
            keys=read_verifier_keys(ledger.home),
            witnesses=[each.key for each in ledger.settings.witnesses],
            signed=history_of(ledger.home),
            vault=ledger.vault,
            erased=erased(ledger.trade.recorder).judged(),
            progress=counted(advance),
            state=ledger.home / STATE_FOLDER if resume else None,
        )


def _audit_both(home: Path | None, advance: Advance) -> AuditReport:
    with deployment(home) as ledger:
        return audit_both(
            ledger.database,
            ledger.home,
            witnesses=[each.key for each in ledger.settings.witnesses],
            vault=ledger.vault,
            erased=erased(ledger.trade.recorder).judged(),
            progress=counted(advance),
        )
