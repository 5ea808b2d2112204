"""tlog-proof: one entry's index, inclusion proof and cosigned checkpoint in one file.

c2sp.org/tlog-proof@v1. Our files carry the entry's own bytes in the ``extra`` line, so
that the file alone, with a policy, is enough to read and verify an entry; the line is
opaque and believed only because its hash leads to the signed root.
``tests/chain/test_tlog_proof.py`` runs ``tests/vectors/tlog_proof_parse.json``.
"""

import re
from base64 import b64encode
from dataclasses import dataclass
from typing import Self

from chain.errors import MalformedError, VerificationError
from chain.hashes import TreeHash, leaf_hash
from chain.inclusion import verify_inclusion
from chain.merkle import check_hashes
from chain.quorum import Policy, WitnessedCheckpoint, verify_checkpoint
from chain.vkey import decode_base64

FILE_EXTENSION = ".tlog-proof"

MAX_PROOF_LENGTH = 63
"""Hashes: an inclusion proof in the largest tree has no more."""

_FIRST_LINE = "c2sp.org/tlog-proof@v1"
_INDEX = re.compile(r"index (0|[1-9][0-9]{0,18})")
_MAX_INDEX = 2**63 - 2


@dataclass(frozen=True, slots=True)
class TlogProof:
    """An entry's place in the log, and what shows it."""

    index: int
    hashes: tuple[TreeHash, ...]
    """The inclusion proof, from the leaf's sibling up."""

    checkpoint: bytes
    """The signed note, as the log published it."""

    extra: bytes | None = None
    """The entry's bytes, in our files; None where the line is left out."""

    def to_bytes(self) -> bytes:
        """Return the file.

        Raises:
            MalformedError: there is no such file.
        """
        if not 0 <= self.index <= _MAX_INDEX:
            raise MalformedError(f"index {self.index}: must be from 0 to 2^63-2")
        if len(self.hashes) > MAX_PROOF_LENGTH:
            raise MalformedError(f"{len(self.hashes)} hashes are more than {MAX_PROOF_LENGTH}")
        check_hashes("tlog-proof", self.hashes)
        if not self.checkpoint.endswith(b"\n"):
            raise MalformedError("checkpoint: must not be empty and must end in a newline")
        lines = [_FIRST_LINE]
        if self.extra is not None:
            if not self.extra:
                raise MalformedError("extra: leave the line out if there is nothing in it")
            lines.append(f"extra {_encode(self.extra)}")
        lines.append(f"index {self.index}")
        lines += [_encode(each) for each in self.hashes]
        return "\n".join([*lines, "", ""]).encode() + self.checkpoint

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Return the proof in the file *data*, none of it verified.

        Raises:
            MalformedError: `to_bytes` would not have written *data*.
        """
        head, blank, checkpoint = data.partition(b"\n\n")
        if not blank:
            raise MalformedError("tlog-proof: has no empty line before a checkpoint")
        try:
            first, *lines = head.decode("ascii").split("\n")
        except UnicodeDecodeError as error:
            raise MalformedError(f"tlog-proof: not ASCII at byte {error.start}") from None
        if first != _FIRST_LINE:
            raise MalformedError(f"tlog-proof: the first line must be {_FIRST_LINE}")
        extra = None
        if lines and lines[0].startswith("extra "):
            extra = decode_base64("extra", lines.pop(0).removeprefix("extra "))
        match = _INDEX.fullmatch(lines.pop(0)) if lines else None
        if match is None:
            raise MalformedError("tlog-proof: needs a line 'index' with a decimal number")
        hashes = tuple(TreeHash(decode_base64("hash", line)) for line in lines)
        proof = cls(int(match[1]), hashes, checkpoint, extra)
        if proof.to_bytes() != data:
            raise MalformedError("tlog-proof: not as it would be written")
        return proof


def verify_proof(
    proof: TlogProof, policy: Policy, entry: bytes | None = None
) -> WitnessedCheckpoint:
    """Return the checkpoint that commits to *entry*, once *policy* and the proof agree.

    Args:
        proof: from a file, trusted in nothing.
        policy: what the verifier trusts.
        entry: the entry's bytes; None to take them from the proof's extra line.

    Raises:
        MalformedError: the proof has no entry, or its checkpoint is not one.
        SignatureFailedError: the log has not signed, or a signature is false.
        QuorumNotMetError: too few witnesses have cosigned.
        ProofFailedError: the entry is not at that index of the signed tree.
        VerificationError: the proof carries another entry than *entry*.
    """
    claimed = proof.extra if entry is None else entry
    if claimed is None:
        raise MalformedError("tlog-proof: has no extra line; give the entry itself")
    if proof.extra is not None and proof.extra != claimed:
        raise VerificationError("tlog-proof: carries another entry than the one given")
    witnessed = verify_checkpoint(proof.checkpoint, policy)
    checkpoint = witnessed.checkpoint
    leaf = leaf_hash(claimed)
    verify_inclusion(leaf, proof.index, checkpoint.size, proof.hashes, checkpoint.root)
    return witnessed


def _encode(data: bytes) -> str:
    return b64encode(data).decode()
