"""The auditor: recomputes a whole log and names the first place where it is wrong.

From the database alone, from the published files alone, or both against each other. The
arithmetic is `chain.audit`'s; this package reads, joins what stretches of the log hold,
and weighs what was found. It streams through a log of any size in the same memory.

    stretches.py    many stretches at once, each read and hashed by a process
    chains.py       streams across stretches
    receipts.py     commands' runs and digests
    cosigned.py     what witnesses have signed under kept checkpoints
    vouched.py      kept checkpoints and the signer's history
    committed.py    what is committed of the stream index
    sealed.py       sealed values and data keys
    partitions.py   what does not fit in memory, set aside by a hash
    progress.py     where an audit stands, to take it up again
    verdict.py      which entry is at fault
    database.py published.py    the two audits
    rebuild.py      published files made anew from the database

What each mode can see. The *database alone*: everything but a removed checkpoint, and of
an entry that was changed together with every hash after it only the run of entries between
two kept checkpoints. *Both*, in the home of the log: the exact entry, removed checkpoints
too. Sealed values and data keys are judged by their references; with the vault they are
opened. Proved by ``tests/chain/store/test_auditor.py`` and
``tests/chain/store/test_f12_tampered_row.py``.
"""

from collections.abc import Collection, Sequence
from pathlib import Path

from chain.audit import Finding
from chain.store.auditor.database import DatabaseAudit, Outside
from chain.store.auditor.published import FilesAudit, published_leaves
from chain.store.auditor.rebuild import rebuild
from chain.store.auditor.report import AuditReport, Progress
from chain.store.auditor.verdict import sort
from chain.store.database import Database
from chain.store.files import Folder, MissingFileError
from chain.store.publisher import CHECKPOINT, LOG_FOLDER
from chain.store.reader import LogReader
from chain.store.signed_history import SignedHistory
from chain.store.signer import history_of, read_verifier_keys
from chain.store.vault import Vault
from chain.vkey import VerifierKey

__all__ = [
    "AuditReport",
    "Finding",
    "Progress",
    "audit_both",
    "audit_database",
    "audit_files",
    "rebuild",
]

PROCESSES = 2
"""The work is two thirds hashing and a third reading: a second process nearly halves it."""


def audit_database(  # noqa: PLR0913 — what an audit may be held against, each by its name
    database: Database,
    *,
    keys: Sequence[VerifierKey] = (),
    witnesses: Sequence[VerifierKey] = (),
    signed: SignedHistory | None = None,
    vault: Vault | None = None,
    erased: Collection[str] = (),
    progress: Progress | None = None,
    state: Path | None = None,
    processes: int = PROCESSES,
) -> AuditReport:
    """Audit the log from its database alone.

    Args:
        database: the log's.
        keys: the log's; without any, kept checkpoints are compared and not verified.
        witnesses: their keys; without them cosignatures are judged by their form.
        signed: the signer's history, to miss checkpoints that were removed.
        vault: opens every sealed value.
        erased: what the log says was erased and may be gone: digests in hex, or data subjects.
        progress: called with entries done and entries in all.
        state: folder for notes of where the audit stands; an audit that was interrupted
            and is called again with the same folder goes on from there. It is removed
            when the audit has come to its end. See `chain.store.auditor.progress` on
            whom it must be kept from.
        processes: how many read and hash; 1 to start none.

    Raises:
        psycopg.OperationalError: the database is out of reach.
    """
    outside = Outside(keys, signed, vault, witnesses=witnesses, erased=erased)
    return DatabaseAudit(
        database, outside, progress=progress, state=state, processes=processes
    ).run()


def audit_files(
    folder: Path,
    *,
    keys: Sequence[VerifierKey] = (),
    known: Sequence[bytes] = (),
    progress: Progress | None = None,
    processes: int = PROCESSES,
) -> AuditReport:
    """Audit the log from its published files alone.

    Args:
        folder: with ``checkpoint`` and ``tile/``.
        keys: the log's; without any, no signature is verified.
        known: checkpoints that the auditor kept from earlier: the best protection there is.
        progress: called with entries done and entries in all.
        processes: how many read and hash; 1 to start none.

    Raises:
        ChainError: one of *known* is not a checkpoint of this log.
    """
    return FilesAudit(folder, keys, known, progress=progress, processes=processes).run()


def audit_both(
    database: Database,
    home: Path,
    *,
    witnesses: Sequence[VerifierKey] = (),
    vault: Vault | None = None,
    erased: Collection[str] = (),
    progress: Progress | None = None,
    processes: int = PROCESSES,
) -> AuditReport:
    """Audit database and published files of *home*, and each against the other.

    Args:
        database: the log's.
        home: the deployment's folder, with its keys, signer's history and ``log/``.
        witnesses: their keys; without them cosignatures are judged by their form.
        vault: opens every sealed value.
        erased: what the log says was erased and may be gone: digests in hex, or data subjects.
        progress: called with entries done and entries in all, files and rows together.
        processes: how many read and hash; 1 to start none.

    Raises:
        MissingFileError: *home* has no keys.
        psycopg.OperationalError: the database is out of reach.
    """
    keys = read_verifier_keys(home)
    folder = home / LOG_FOLDER
    told = progress or (lambda _done, _all: None)
    size = LogReader(database).size() if progress else 0
    reader = LogReader(database)
    if not (folder / CHECKPOINT).exists() and reader.checkpoint() is None:
        files = None  # nothing has been published yet
    else:
        files = audit_files(
            folder,
            keys=keys,
            progress=lambda done, every: told(done, every + size),
            processes=processes,
        )
    published = files.size if files else 0
    clean = files is not None and not files.findings
    outside = Outside(
        keys,
        history_of(home),
        vault,
        # Files that are at fault themselves prove nothing against the database.
        (lambda low, high: published_leaves(folder, published, low, high)) if clean else None,
        erased=erased,
        witnesses=witnesses,
    )
    report = DatabaseAudit(
        database,
        outside,
        progress=lambda done, every: told(published + done, published + every),
        state=None,
        processes=processes,
    ).run()
    findings = [*(files.findings if files else ()), *report.findings]
    if not any(each.where == "head" and each.index is None for each in report.findings):
        findings += _check_published(reader, folder, published, report.size)
    return AuditReport(report.size, report.root, tuple(sort(findings)), report.erased)


def _check_published(reader: LogReader, folder: Path, published: int, size: int) -> list[Finding]:
    """Compare the published checkpoint with the kept ones, and its size with the log's."""
    try:
        shown = Folder(folder).read(CHECKPOINT)
    except MissingFileError:
        return []
    if published > size:
        what = f"entries {size} to {published - 1} are published, and not in the database"
        return [Finding(size, what, "entries")]
    kept = reader.checkpoint(published)
    # Cosignatures may have come since it was published; they stand below.
    if published and not (kept or b"").startswith(shown):
        what = "the published checkpoint is not the one that is kept"
        return [Finding(published - 1, what, "checkpoints")]
    return []
