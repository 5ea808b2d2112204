"""What a party keeps of its own: each entry that concerns it, and that entry's tlog-proof.

``evidence.md``, section 6: a receipt is what later shows that an event was left out. Two files
an entry, ``<index>.txt`` with its exact bytes and ``<index>.tlog-proof``, the index in twelve
digits, as ``--receipts FOLDER`` of the verifiers reads them. A proof is against the final
checkpoint where the entry is under it, else against the newest signed one, and is replaced by
a later call when it has become final. Whom an entry concerns is decided above. Proved by
``tests/chain/store/test_party_receipts.py``.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from chain.errors import ChainError, VerificationError
from chain.quorum import Policy
from chain.store.files import Folder, MissingFileError
from chain.store.prover import Prover
from chain.tlog_proof import FILE_EXTENSION, TlogProof, verify_proof


class Written(NamedTuple):
    """What was done with the entries of a party."""

    final: int
    """Receipts that are in the folder and final by the policy."""

    signed: int
    """Receipts that are in the folder and still lack the quorum."""

    waiting: int
    """Entries that no checkpoint covers yet."""


def write_receipts(
    folder: Path, indexes: Iterable[int], prover: Prover, policy: Policy, signed: int
) -> Written:
    """Write a receipt into *folder* for each of *indexes* that is signed.

    Args:
        folder: of one party; made if it is not there.
        indexes: of the entries that concern it.
        prover: of the log.
        policy: the log's, with its witnesses.
        signed: size of the newest signed checkpoint, whose tiles are published.

    Raises:
        VerificationError: the published files do not lead to the signed root.
        OSError: a file cannot be written.
    """
    files = Folder(folder)
    files.clean()
    final = _published_size(prover)
    counts = {"final": 0, "signed": 0, "waiting": 0}
    for index in indexes:
        if index >= max(final, signed):
            counts["waiting"] += 1
        elif _has_final(files, index, policy):
            counts["final"] += 1
        else:
            size = final if index < final else signed
            proof = prover.prove(index, size, with_entry=False)
            entry = prover.entry(index, size)
            # The entry goes first: a proof without it is never left behind.
            files.replace(receipt_path(index, ".txt"), entry)
            files.replace(receipt_path(index, FILE_EXTENSION), proof)
            counts["final" if _has_final(files, index, policy) else "signed"] += 1
    return Written(**counts)


def _published_size(prover: Prover) -> int:
    try:
        return prover.checkpoint()[0].size
    except MissingFileError:
        return 0


def receipt_path(index: int, extension: str) -> str:
    """Return the name of a receipt's file."""
    return f"{index:012d}{extension}"


def _has_final(files: Folder, index: int, policy: Policy) -> bool:
    """Say whether *files* has a receipt for *index* that meets *policy*."""
    try:
        entry = files.read(receipt_path(index, ".txt"))
        proof = TlogProof.parse(files.read(receipt_path(index, FILE_EXTENSION)))
        verify_proof(proof, policy, entry)
    except ChainError:
        return False
    if proof.index != index:
        raise VerificationError(f"receipt {index}: its proof is of entry {proof.index}")
    return True
