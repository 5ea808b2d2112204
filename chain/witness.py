"""What a witness answers to a log that submits a checkpoint; pure, no I/O.

c2sp.org/tlog-witness, ``add-checkpoint``. The checks, in the order of the specification, and
the status of each refusal:

    400  not a submission, or its old size is larger than the checkpoint's
    404  the checkpoint's origin is none of the witness's logs
    403  no key of that log has signed it
    409  the old size is not that of the latest checkpoint cosigned; the body is that size
    409  the old size is the checkpoint's own, and the roots differ: a split view
    422  the consistency proof does not lead from the one to the other
    422  an entry under it breaks a rule (a checking witness alone: `chain.rules`)
    503  its entries could not all be checked yet (the same)

What passes them all must be made the latest checkpoint, durably, before it is cosigned, and
between reading the latest one and replacing it nobody else may:
`chain.store.witness` does that. Proved by ``tests/chain/test_witness.py``.
"""

import re
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, NamedTuple, Self

from chain.checkpoint import MAX_TREE_SIZE, Checkpoint, open_checkpoint
from chain.consistency import verify_consistency
from chain.cosignature import signer_of, verifier_of
from chain.errors import ChainError, MalformedError, ProofFailedError, SignatureFailedError
from chain.hashes import TreeHash
from chain.merkle import check_hashes
from chain.note import MAX_NOTE_SIZE, Note, Signature, make_signature, parse_signature
from chain.rules import BrokenRuleError
from chain.vkey import SigningKey, VerifierKey, decode_base64

PATH: Final = "/add-checkpoint"
"""Of the call, under the witness's submission prefix."""

MAX_PROOF_LENGTH: Final = 63
MAX_SUBMISSION_SIZE: Final = MAX_NOTE_SIZE + 4_096
"""Bytes; the proof has 63 lines of 45 at most."""

SIZE_TYPE: Final = "text/x.tlog.size"
TEXT_TYPE: Final = "text/plain; charset=utf-8"

_OLD = re.compile(r"old (0|[1-9][0-9]{0,18})")


class UnknownLogError(ChainError):
    """The checkpoint is of a log that this witness does not watch."""


class NotSignedError(ChainError):
    """No trusted key of the log has signed the checkpoint."""


class ConflictingSizeError(ChainError):
    """The submission starts from another size than the latest cosigned one, `known_size`."""

    def __init__(self, old: int, known_size: int) -> None:
        """Say from which size the log must start."""
        super().__init__(f"old size {old}: the latest checkpoint cosigned has {known_size} leaves")
        self.known_size = known_size


class SplitViewError(ChainError):
    """The log has signed another root for the size that was cosigned."""


class NotConsistentError(ChainError):
    """The proof does not show that the new tree begins with the one cosigned last."""


class NotCheckedYetError(ChainError):
    """A witness that checks entries has not come so far; the log asks again."""


STATUSES: Final[Mapping[type[ChainError], HTTPStatus]] = {
    MalformedError: HTTPStatus.BAD_REQUEST,
    UnknownLogError: HTTPStatus.NOT_FOUND,
    NotSignedError: HTTPStatus.FORBIDDEN,
    ConflictingSizeError: HTTPStatus.CONFLICT,
    SplitViewError: HTTPStatus.CONFLICT,
    NotConsistentError: HTTPStatus.UNPROCESSABLE_ENTITY,
    BrokenRuleError: HTTPStatus.UNPROCESSABLE_ENTITY,
    NotCheckedYetError: HTTPStatus.SERVICE_UNAVAILABLE,
}
"""Every refusal that the specification names, those of a checking witness, and the status."""


@dataclass(frozen=True, slots=True)
class Submission:
    """The body of one call: from which size, the proof, and the signed checkpoint."""

    old_size: int
    proof: tuple[TreeHash, ...]
    note: bytes

    def to_bytes(self) -> bytes:
        """Return the body.

        Raises:
            MalformedError: there is no such body.
        """
        if not 0 <= self.old_size <= MAX_TREE_SIZE:
            raise MalformedError(f"old size {self.old_size}: must be from 0 to 2^63-1")
        if len(self.proof) > MAX_PROOF_LENGTH:
            raise MalformedError(f"{len(self.proof)} hashes are more than {MAX_PROOF_LENGTH}")
        check_hashes("consistency proof", self.proof)
        lines = [f"old {self.old_size}", *(b64encode(each).decode() for each in self.proof)]
        return "\n".join([*lines, "", ""]).encode() + self.note

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Return the submission in *data*; its note is not looked at yet.

        Raises:
            MalformedError: `to_bytes` would not have written *data*.
        """
        if len(data) > MAX_SUBMISSION_SIZE:
            raise MalformedError(f"submission: must have at most {MAX_SUBMISSION_SIZE} bytes")
        head, blank, note = data.partition(b"\n\n")
        if not blank or not note:
            raise MalformedError("submission: has no empty line before a checkpoint")
        try:
            first, *lines = head.decode("ascii").split("\n")
        except UnicodeDecodeError as error:
            raise MalformedError(f"submission: not ASCII at byte {error.start}") from None
        match = _OLD.fullmatch(first)
        if match is None:
            raise MalformedError("submission: must begin with 'old' and a decimal size")
        proof = tuple(TreeHash(decode_base64("consistency proof", line)) for line in lines)
        submission = cls(int(match[1]), proof, note)
        submission.to_bytes()
        return submission


class Judged(NamedTuple):
    """A checkpoint whose log has signed it; nothing is known of what came before."""

    submission: Submission
    checkpoint: Checkpoint


class Answer(NamedTuple):
    """What is sent back."""

    status: HTTPStatus
    body: bytes
    content_type: str = TEXT_TYPE


def open_submission(data: bytes, logs: Mapping[str, Sequence[VerifierKey]]) -> Judged:
    """Return the submission in *data* once one of the witness's *logs* has signed it.

    Args:
        data: the body of the call.
        logs: keys of the logs that are watched, by origin. A log's name is its keys'.

    Raises:
        MalformedError: *data* is not a submission, or starts beyond its checkpoint.
        UnknownLogError: its origin is none of *logs*.
        NotSignedError: no key of that log has signed, or a signature by one is false.
    """
    submission = Submission.parse(data)
    # Nothing is believed yet: the origin only picks the keys that must vouch for it.
    origin = Checkpoint.parse(Note.parse(submission.note).text, extensions=True).origin
    if origin not in logs:
        raise UnknownLogError(f"origin {origin[:255]!r}: this witness watches no such log")
    try:
        verifiers = [verifier_of(key) for key in logs[origin]]
        checkpoint, _ = open_checkpoint(submission.note, verifiers, extensions=True)
    except SignatureFailedError as error:
        raise NotSignedError(str(error)) from None
    if submission.old_size > checkpoint.size:
        raise MalformedError(
            f"old size {submission.old_size}: is larger than the checkpoint's, {checkpoint.size}"
        )
    return Judged(submission, checkpoint)


def check_follows(judged: Judged, latest: Checkpoint | None) -> None:
    """Check that the submission follows *latest*, the last checkpoint that was cosigned.

    Raises:
        ConflictingSizeError: it starts from another size.
        SplitViewError: it has another root for the size of *latest*.
        NotConsistentError: its proof does not lead from *latest* to it.
    """
    old, proof, new = judged.submission.old_size, judged.submission.proof, judged.checkpoint
    known = 0 if latest is None else latest.size
    if old != known:
        raise ConflictingSizeError(old, known)
    if latest is not None and old == new.size and latest.root != new.root:
        raise SplitViewError(f"two roots for one size, {old}: this log shows a split view")
    if latest is None or old == 0:
        if proof:
            raise NotConsistentError("from size 0 the proof must be empty")
        return
    try:
        verify_consistency(old, latest.root, new.size, new.root, proof)
    except (MalformedError, ProofFailedError) as error:
        raise NotConsistentError(str(error)) from None


def cosign(judged: Judged, keys: Iterable[SigningKey], seconds: int) -> tuple[Signature, ...]:
    """Return a cosignature by each of *keys*, made at POSIX *seconds*.

    Only for what `check_follows` has passed and is kept as the latest checkpoint.
    """
    text = Note.parse(judged.submission.note).text
    return tuple(make_signature(text, signer_of(key), seconds) for key in keys)


def accept(cosignatures: Iterable[Signature]) -> Answer:
    """Return the answer that hands out *cosignatures*."""
    return Answer(HTTPStatus.OK, "".join(each.line() for each in cosignatures).encode())


def refuse(error: ChainError) -> Answer:
    """Return the answer to what *error* has refused, by `STATUSES`."""
    status = next(STATUSES[each] for each in type(error).__mro__ if each in STATUSES)
    if isinstance(error, ConflictingSizeError):
        return Answer(status, f"{error.known_size}\n".encode(), SIZE_TYPE)
    return Answer(status, f"{error}\n".encode())


def cosignature_in(body: bytes, text: str, key: VerifierKey) -> Signature:
    """Return the cosignature by *key* over the checkpoint *text* in a witness's answer.

    Lines by other keys are ignored, as the specification asks; any number may be there.

    Raises:
        MalformedError: *body* is not signature lines.
        SignatureFailedError: a signature by *key* is false, or there is none.
    """
    lines = body.decode("utf-8", "replace").split("\n")
    if lines.pop() or not lines:
        raise MalformedError("answer: must be signature lines, each ended by a newline")
    found = [parse_signature(line) for line in lines]
    mine = [each for each in found if (each.name, each.key_id) == (key.name, key.id)]
    if not mine:
        raise SignatureFailedError(f"the answer has no cosignature by {key.name}")
    for each in mine:
        verifier_of(key).verify(text, each.data)
    # One vote is enough: a witness that signs ten times is still one witness.
    return mine[0]


def known_size_in(body: bytes) -> int:
    """Return the size that a witness says it has cosigned last.

    Raises:
        MalformedError: *body* is not a size and a newline.
    """
    match = re.fullmatch(rb"(0|[1-9][0-9]{0,18})\n", body)
    if match is None or int(match[1]) > MAX_TREE_SIZE:
        raise MalformedError("answer: must be a decimal size and a newline")
    return int(match[1])
