"""Checkpoints: the log's origin, size and root hash, as the text of a signed note.

c2sp.org/tlog-checkpoint. Our log signs each with Ed25519 (type 01), which tlog-tiles asks
for, and ML-DSA-44 (type 06), so that evidence kept for decades does not rest on a curve
alone (formats.md, section 4); `chain.cosignature.signer_of` makes both signers. We write
no extension lines and accept them only when asked to, as a witness of other logs must.
``tests/chain/test_checkpoint.py`` runs ``tests/vectors/mldsa44_checkpoint.json`` and the
checkpoints of ``tests/vectors/tessera_testlog.json``.
"""

import re
from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

from chain.errors import MalformedError
from chain.hashes import EMPTY_ROOT, TreeHash, TreeSize
from chain.merkle import check_hashes
from chain.note import Signature, Signer, Verifier, open_note, sign_note
from chain.vkey import decode_base64

MAX_TREE_SIZE = 2**63 - 1

_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")
_FIXED_LINES = 3


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A log's state: *size* leaves under *root*."""

    origin: str
    """The log's unique name, which is also the name of its keys."""

    size: TreeSize
    root: TreeHash
    extensions: tuple[str, ...] = ()
    """Further lines, opaque; our log writes none."""

    def text(self) -> str:
        """Return the text of the note: three lines, then the extensions.

        Raises:
            MalformedError: there is no such checkpoint.
        """
        for line in (self.origin, *self.extensions):
            if not line or any(c < " " for c in line):
                raise MalformedError("checkpoint: a line must not be empty or hold a control")
        if not 0 <= self.size <= MAX_TREE_SIZE:
            raise MalformedError(f"checkpoint: size {self.size} is not from 0 to 2^63-1")
        check_hashes("checkpoint root", [self.root])
        if not self.size and self.root != EMPTY_ROOT:
            raise MalformedError("checkpoint: size 0 has the root of the empty tree and no other")
        lines = (self.origin, str(self.size), b64encode(self.root).decode(), *self.extensions)
        return "".join(f"{line}\n" for line in lines)

    @classmethod
    def parse(cls, text: str, *, extensions: bool = False) -> Self:
        """Return the checkpoint that *text* spells.

        One checkpoint has one spelling: leading zeros, loose base64 and any other text
        than `text` would write are refused, and extension lines unless *extensions*.

        Raises:
            MalformedError: *text* is not a checkpoint.
        """
        lines = text.split("\n")
        if len(lines) <= _FIXED_LINES or lines.pop():
            raise MalformedError("checkpoint: must be three lines, each ended by a newline")
        origin, size, root, *others = lines
        if not _SIZE.fullmatch(size):
            raise MalformedError(f"checkpoint: size {size[:80]!r} is not a decimal number")
        if others and not extensions:
            raise MalformedError(f"checkpoint: extension line {others[0][:80]!r} is not accepted")
        checkpoint = cls(
            origin,
            TreeSize(int(size)),
            TreeHash(decode_base64("checkpoint root", root)),
            tuple(others),
        )
        checkpoint.text()
        return checkpoint


class OpenedCheckpoint(NamedTuple):
    """A checkpoint that known keys have signed."""

    checkpoint: Checkpoint
    verified: tuple[Signature, ...]


def sign_checkpoint(
    checkpoint: Checkpoint, signers: Sequence[Signer], *, seconds: int = 0
) -> bytes:
    """Return *checkpoint* as a note signed by the log.

    Args:
        checkpoint: what the caller has proved to extend the last one that was signed.
        signers: the log's, all named like the origin.
        seconds: POSIX time for ML-DSA-44; 0 makes no statement about time.

    Raises:
        MalformedError: there is no such checkpoint, or a signer has another name.
    """
    for signer in signers:
        if signer.key.name != checkpoint.origin:
            raise MalformedError(
                f"checkpoint: key {signer.key.name} must have the origin's name,"
                f" {checkpoint.origin}"
            )
    return sign_note(checkpoint.text(), signers, seconds=seconds)


def open_checkpoint(
    data: bytes, verifiers: Iterable[Verifier], *, extensions: bool = False
) -> OpenedCheckpoint:
    """Return the checkpoint in the note *data* once a known key has vouched for it.

    Raises:
        MalformedError: *data* is not a note of a checkpoint.
        SignatureFailedError: as `chain.note.open_note`.
    """
    text, verified = open_note(data, verifiers)
    return OpenedCheckpoint(Checkpoint.parse(text, extensions=extensions), verified)
