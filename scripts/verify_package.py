"""``xiyou verify PACKAGE``: check an evidence package offline, and report every claim.

One of three verifiers that give one report (``evidence.md``, section 3); the others are the
``verify.py`` and ``verify.html`` that packages enclose. Reached through `scripts.verify`, so
that proofs are checked without it. Proved by ``tests/scripts/test_evidence.py``.
"""

from argparse import Namespace
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

import orjson

from chain.errors import MalformedError
from chain.evidence.fault import Fault
from chain.evidence.spelling import is_time
from chain.evidence.store.archive_file import ArchiveFile
from chain.evidence.store.folder import read_folder, read_limited, read_receipts
from chain.evidence.verification import Replayer, Source, Trust, verify_package
from chain.evidence.words import words_of
from scripts.outcome import Exit, InputError, Outcome


def report_on(path: Path, trust: Trust) -> dict[str, Any]:
    """Return the report on the package at *path*, an archive or a folder.

    Raises:
        InputError: it cannot be read.
        MalformedError: what the reader brings is not in its format.
    """
    tool = {"name": "xiyou verify", "sha256": _own_digest(), "version": version("xiyou-ledger")}
    try:
        if path.is_dir():
            return verify_package(_unpacked(path), trust, tool)
        with path.open("rb") as file:
            return verify_package(Source(ArchiveFile(file)), trust, tool)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None


def run(given: Namespace) -> Outcome:
    """Carry out the command on what its arguments name."""
    if given.now is not None and not is_time(given.now):
        raise InputError("--now: must be like 2026-11-22T10:00:00.000000Z")
    trust = Trust(
        policy=_read(given.policy),
        tsa_roots=_read(given.tsa_roots),
        known=_read(given.known),
        known_proof=_read(given.known_proof),
        receipts=[] if given.receipts is None else _receipts(given.receipts),
        now=given.now,
        allow_test_authority=given.allow_test_authority,
        replayer=_replayer(),
        seal_roots=_read(given.seal_roots),
        seal_tool=_check_seal,
    )
    try:
        report = report_on(given.proof, trust)
    except MalformedError as error:
        raise MalformedError(f"{given.policy or given.known}: {error}") from None
    text = (
        orjson.dumps(report, option=orjson.OPT_SORT_KEYS).decode()
        if given.json
        else words_of(report)
    )
    # The text is canonical JSON already: no second spelling of it is printed.
    return Outcome({}, text, Exit(report["exit"]))


def _replayer() -> Replayer:
    from domain.evidence.replaying import replay_package  # noqa: PLC0415 — a second's work

    return replay_package


def _check_seal(
    pdf: bytes, bundle: bytes, roots: bytes | None, /, *, is_test_allowed: bool
) -> None:
    from chain.evidence.seal import check_certificate  # noqa: PLC0415 — a second's work

    check_certificate(pdf, bundle, roots, is_test_allowed=is_test_allowed)


def _unpacked(path: Path) -> Source:
    try:
        return Source(files=read_folder(path), container="folder")
    except Fault as fault:
        return Source(fault=fault, container="folder")


def _read(path: Path | None) -> bytes | None:
    try:
        return None if path is None else read_limited(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None


def _receipts(folder: Path) -> list[Any]:
    try:
        return list(read_receipts(folder))
    except OSError as error:
        raise InputError(f"{folder}: cannot be read: {error.strerror}") from None


def _own_digest() -> str:
    """Return one digest over the sources of the verifier that is running."""
    root = Path(__file__).parents[1] / "chain"
    digest = sha256()
    for path in sorted(root.rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
