"""``xiyou-consistency/1``: the proof that one tree begins another, as a text file.

``evidence.md``, 2.2: two sizes, then the hashes of RFC 9162, one a line in base64. Proved by
``tests/chain/evidence/test_parts.py``.
"""

import re
from base64 import b64encode
from dataclasses import dataclass
from typing import Self

from chain.canonical import MAX_INTEGER
from chain.checkpoint import Checkpoint
from chain.consistency import verify_consistency
from chain.errors import MalformedError
from chain.hashes import TreeHash
from chain.merkle import check_hashes
from chain.vkey import decode_base64

_FIRST_LINE = "xiyou-consistency/1"
_SIZE = re.compile(r"(old|new) ([1-9][0-9]{0,15})")
MAX_HASHES = 64


@dataclass(frozen=True, slots=True)
class ConsistencyFile:
    """A consistency proof, none of it verified."""

    old: int
    new: int
    hashes: tuple[TreeHash, ...]

    def to_bytes(self) -> bytes:
        """Return the file.

        Raises:
            MalformedError: there is no such file.
        """
        if not 0 < self.old <= self.new <= MAX_INTEGER or len(self.hashes) > MAX_HASHES:
            raise MalformedError(f"consistency: no proof is from {self.old} to {self.new}")
        check_hashes("consistency", self.hashes)
        lines = [_FIRST_LINE, f"old {self.old}", f"new {self.new}"]
        lines += [b64encode(each).decode() for each in self.hashes]
        return "".join(f"{line}\n" for line in lines).encode()

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Return the proof in the file *data*.

        Raises:
            MalformedError: `to_bytes` would not have written *data*.
        """
        try:
            first, old, new, *rest = data.decode("ascii").split("\n")
        except (UnicodeDecodeError, ValueError):
            raise MalformedError("consistency: must be three lines and hashes") from None
        sizes = (_SIZE.fullmatch(old), _SIZE.fullmatch(new))
        if first != _FIRST_LINE or not sizes[0] or not sizes[1] or not rest or rest.pop():
            raise MalformedError("consistency: must be three lines and hashes")
        hashes = tuple(TreeHash(decode_base64("hash", line)) for line in rest)
        proof = cls(int(sizes[0][2]), int(sizes[1][2]), hashes)
        if proof.to_bytes() != data:
            raise MalformedError("consistency: not as it would be written")
        return proof

    def verify(self, old: Checkpoint, new: Checkpoint) -> None:
        """Check that *new*'s tree begins with *old*'s.

        Raises:
            MalformedError: the proof is for other sizes, or of a wrong length.
            ProofFailedError: it leads elsewhere.
        """
        if (self.old, self.new) != (old.size, new.size):
            raise MalformedError(f"consistency: is from {self.old} to {self.new}")
        verify_consistency(old.size, old.root, new.size, new.root, self.hashes)
