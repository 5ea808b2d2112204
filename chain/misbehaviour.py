"""Proof of misbehaviour: two checkpoints of one log that cannot both be of an honest one.

Two shapes, both offline and trusting nobody but the log's own signatures
(``evidence.md``, section 6; ``reliability.md`` F16):

- *split view*: two roots for one size. The two signed notes are all of it.
- *rewritten*: the larger tree does not begin with the smaller one. A consistency proof that
  fails shows nothing, for anybody can spoil one. What shows it are hashes that lead to the
  larger signed root, and by the very same hashes to another root for the smaller size than
  the one that was signed: the larger tree fixes both.

Whoever holds the smaller checkpoint and can read the tiles of the larger tree can make one;
the smaller tree itself is not needed. The file, at most 4 KiB because a note is kept with
one Ed25519 signature of its log:

    xiyou-misbehaviour/1
    old <bytes of the first note>
    new <bytes of the second note>
    <base64 hash>                       none for a split view, else one a line
    <empty line>
    <first note><second note>

Proved by ``tests/chain/test_misbehaviour.py``.
"""

import re
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple, Self

from chain.checkpoint import Checkpoint, open_checkpoint
from chain.consistency import implied_roots, prove_consistency
from chain.cosignature import verifier_of
from chain.errors import MalformedError, VerificationError
from chain.hashes import TreeHash
from chain.merkle import NodeReader, check_hashes, subtree_hashes
from chain.note import MAX_NOTE_SIZE, Note
from chain.vkey import KeyType, VerifierKey, decode_base64

FORMAT: Final = "xiyou-misbehaviour/1"
FILE_EXTENSION: Final = ".misbehaviour"
MAX_HASHES: Final = 64
MAX_PROOF_SIZE: Final = 2 * MAX_NOTE_SIZE + 4_096

_LENGTHS = re.compile(r"old ([1-9][0-9]{0,6})\nnew ([1-9][0-9]{0,6})")


class NoContradictionError(VerificationError):
    """The two checkpoints can both be of one honest log; this proves nothing against it."""


@dataclass(frozen=True, slots=True)
class MisbehaviourProof:
    """Two notes, the one of the smaller tree first, and the hashes that set them at odds."""

    old: bytes
    new: bytes
    hashes: tuple[TreeHash, ...] = ()

    def to_bytes(self) -> bytes:
        """Return the file.

        Raises:
            MalformedError: there is no such file.
        """
        for note in (self.old, self.new):
            if not 0 < len(note) <= MAX_NOTE_SIZE:
                raise MalformedError(f"misbehaviour: a note must have 1 to {MAX_NOTE_SIZE} bytes")
        if len(self.hashes) > MAX_HASHES:
            raise MalformedError(f"misbehaviour: more than {MAX_HASHES} hashes")
        check_hashes("misbehaviour", self.hashes)
        lines = [FORMAT, f"old {len(self.old)}", f"new {len(self.new)}"]
        lines += [b64encode(each).decode() for each in self.hashes]
        return "\n".join([*lines, "", ""]).encode() + self.old + self.new

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Return the proof in the file *data*, nothing of it verified.

        Raises:
            MalformedError: `to_bytes` would not have written *data*.
        """
        if len(data) > MAX_PROOF_SIZE:
            raise MalformedError(f"misbehaviour: more than {MAX_PROOF_SIZE} bytes")
        head, _, notes = data.partition(b"\n\n")
        try:
            first, *lines = head.decode("ascii").split("\n")
        except UnicodeDecodeError as error:
            raise MalformedError(f"misbehaviour: not ASCII at byte {error.start}") from None
        if first != FORMAT:
            raise MalformedError(f"misbehaviour: the first line must be {FORMAT}")
        lengths = _LENGTHS.fullmatch("\n".join(lines[:2]))
        if lengths is None:
            raise MalformedError("misbehaviour: needs the lines 'old' and 'new' with byte counts")
        hashes = tuple(TreeHash(decode_base64("hash", line)) for line in lines[2:])
        middle = int(lengths[1])
        proof = cls(notes[:middle], notes[middle:], hashes)
        if proof.to_bytes() != data:
            raise MalformedError("misbehaviour: not as it would be written")
        return proof


class Misbehaviour(NamedTuple):
    """What a log has done, proved."""

    old: Checkpoint
    new: Checkpoint
    implied_root: TreeHash
    """Root that the smaller size has in the tree of `new`; `old.root` is another."""

    @property
    def is_split_view(self) -> bool:
        """Whether the sizes are equal."""
        return self.old.size == self.new.size


def make_misbehaviour_proof(
    one: bytes, other: bytes, keys: Iterable[VerifierKey], read: NodeReader | None = None
) -> MisbehaviourProof:
    """Return the proof that *one* and *other*, two notes of a log, contradict each other.

    Args:
        one: a note, as it was published or handed out.
        other: another, in any order.
        keys: the log's.
        read: hashes of the larger tree; not needed where the sizes are equal.

    Raises:
        MalformedError: a note is not of a checkpoint, or *read* is needed.
        SignatureFailedError: the log has not signed one of them.
        NoContradictionError: they do not contradict each other.
        VerificationError: they are of two logs, or *read* is not of the larger tree.
    """
    known = tuple(keys)
    old, new = sorted((one, other), key=lambda note: _open(note, known).size)
    smaller, larger = _open(old, known), _open(new, known)
    hashes: list[TreeHash] = []
    if 0 < smaller.size < larger.size:
        if read is None:
            raise MalformedError(
                f"the checkpoints have {smaller.size} and {larger.size} leaves: the tiles of the"
                " larger tree are needed"
            )
        if smaller.size & (smaller.size - 1) == 0:
            hashes += subtree_hashes([(0, smaller.size)], read)
        hashes += prove_consistency(smaller.size, larger.size, read)
    proof = MisbehaviourProof(_shortest(old, known), _shortest(new, known), tuple(hashes))
    verify_misbehaviour(proof, known)
    return proof


def verify_misbehaviour(proof: MisbehaviourProof, keys: Iterable[VerifierKey]) -> Misbehaviour:
    """Return what the log with *keys* has done, once *proof* shows it.

    Raises:
        MalformedError: a note is not of a checkpoint, or the hashes do not fit the sizes.
        SignatureFailedError: the log has not signed one of them.
        NoContradictionError: they do not contradict each other.
        VerificationError: they are of two logs, or the hashes are not of the larger tree.
    """
    known = tuple(keys)
    old, new = _open(proof.old, known), _open(proof.new, known)
    if old.origin != new.origin:
        raise VerificationError(
            f"misbehaviour: of two logs, {old.origin} and {new.origin}: neither contradicts the"
            " other"
        )
    if old.size > new.size:
        raise MalformedError("misbehaviour: the smaller tree must come first")
    if old.size == new.size:
        if proof.hashes:
            raise MalformedError("misbehaviour: equal sizes need no hashes")
        implied = new.root
    elif old.size == 0:
        implied = old.root  # every tree begins with the empty one
    else:
        implied, led = implied_roots(old.size, new.size, proof.hashes)
        if led != new.root:
            raise VerificationError(
                "misbehaviour: the hashes do not lead to the larger signed root, so they show"
                " nothing"
            )
    if implied == old.root:
        raise NoContradictionError(
            f"the checkpoints of sizes {old.size} and {new.size} agree: the log is honest here"
        )
    return Misbehaviour(old, new, implied)


def _open(note: bytes, keys: tuple[VerifierKey, ...]) -> Checkpoint:
    verifiers = [verifier_of(key) for key in keys]
    checkpoint, verified = open_checkpoint(note, verifiers, extensions=True)
    # A key speaks for the log that has its name, and for no other.
    if all(each.name != checkpoint.origin for each in verified):
        raise VerificationError(f"misbehaviour: no key of {checkpoint.origin} has signed")
    return checkpoint


def _shortest(note: bytes, keys: tuple[VerifierKey, ...]) -> bytes:
    """Return *note* with one signature by its log, the shortest: Ed25519 where there is one."""
    parsed = Note.parse(note)
    origin = parsed.text.split("\n", 1)[0]
    known = {(key.name, key.id): key for key in keys if key.name == origin}
    short = [place for place, key in known.items() if key.type is KeyType.ED25519]
    found = [each for each in parsed.signatures if (each.name, each.key_id) in known]
    found.sort(key=lambda each: (each.name, each.key_id) not in short)
    return Note(parsed.text, (found[0],)).to_bytes()
