"""Checking what somebody uploads: an evidence package, or a single tlog-proof.

The trust is this log's own policy: who needs a verdict that does not rest on us runs
``xiyou verify``, ``verify.py`` or ``verify.html``, and the report says so.
``tests/api/access/test_cases.py``.
"""

from base64 import b64encode
from importlib.metadata import version
from threading import BoundedSemaphore
from typing import Any, BinaryIO, Final

from api.bootstrap import Deployment
from chain.entry import Entry
from chain.errors import ChainError, MalformedError
from chain.evidence.store.archive_file import ArchiveFile
from chain.evidence.verification import Source, Trust, verify_package
from chain.hashes import leaf_hash
from chain.tlog_proof import TlogProof, verify_proof

MAX_PROOF: Final = 1 << 20
"""Bytes."""
ZIP_MARK: Final = b"PK"
TOOL: Final = {
    "name": "xiyou over HTTP",
    "sha256": None,
    "version": version("xiyou-ledger"),
}

_at_once = BoundedSemaphore(2)
"""Packages that are checked at once: each may take seconds of a core."""


def verify_upload(ledger: Deployment, file: BinaryIO) -> dict[str, Any]:
    """Return the report on the package in *file*, or on the proof.

    Raises:
        MalformedError: it is neither.
    """
    mark = file.read(len(ZIP_MARK))
    file.seek(0)
    if mark != ZIP_MARK:
        return _verify_proof(ledger, file.read(MAX_PROOF + 1))
    with _at_once:
        return verify_package(Source(ArchiveFile(file)), _trust(ledger), TOOL)


def _trust(ledger: Deployment) -> Trust:
    # Half a second to import, and few ask for it.
    from chain.evidence.seal import check_certificate  # noqa: PLC0415 — see above
    from domain.evidence.replaying import replay_package  # noqa: PLC0415 — see above

    roots = [each.roots.read_bytes() for each in ledger.settings.stamp_authorities]
    return Trust(
        policy=ledger.policy().to_bytes(),
        tsa_roots=b"".join(roots) or None,
        replayer=replay_package,
        seal_tool=check_certificate,
    )


def _verify_proof(ledger: Deployment, data: bytes) -> dict[str, Any]:
    if len(data) > MAX_PROOF:
        raise MalformedError("proof: is too long")
    proof = TlogProof.parse(data)
    if proof.extra is None:
        raise MalformedError("proof: holds no entry: send one with the entry in it")
    said: dict[str, Any] = {"index": proof.index, "leaf_hash": leaf_hash(proof.extra).hex()}
    try:
        witnessed = verify_proof(proof, ledger.policy())
        entry = Entry.parse(proof.extra)
    except ChainError as error:
        return {"verdict": "failed", "cause": str(error), **said}
    checkpoint = witnessed.checkpoint
    return {
        "verdict": "verified",
        **said,
        "origin": checkpoint.origin,
        "size": checkpoint.size,
        "root": b64encode(checkpoint.root).decode(),
        "witnesses": [name for name, _ in witnessed.witnesses],
        "entry": {"stream": entry.stream, "seq": entry.seq, "type": entry.type, "at": entry.at},
    }
