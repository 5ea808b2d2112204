"""Who has signed a checkpoint, asked signature by signature (``evidence.md``, 3.1, 4 and 5).

`chain.quorum` answers yes or no. A report says more: which of the log's two keys signed,
which witnesses and when, and what was signed by keys that nobody here knows. Proved by
``tests/chain/evidence/test_hostile_packages.py``.
"""

from datetime import UTC, datetime
from typing import NamedTuple

from chain.canonical import MAX_INTEGER
from chain.checkpoint import Checkpoint
from chain.cosignature import cosigned_at, verifier_of
from chain.errors import MalformedError, SignatureFailedError
from chain.evidence.claims import MAX_NOTE, WEAK_KEYS
from chain.evidence.fault import Fault
from chain.note import Note, Signature
from chain.quorum import NO_QUORUM, Policy
from chain.vkey import KeyType, VerifierKey

_LAST_SECOND = 253_402_300_799  # of the year 9999


class SignedCheckpoint(NamedTuple):
    """A checkpoint as read, none of its signatures verified."""

    note: Note
    checkpoint: Checkpoint


class Vouched(NamedTuple):
    """What the signatures under a checkpoint come to, by one policy."""

    is_known_log: bool
    signers: dict[KeyType, list[str]]
    """By kind of log key: ``name+id`` of those that have signed."""
    false: set[str]
    """Of ``ed25519``, ``mldsa44``, ``witness``: which have a false signature."""
    has_mldsa: bool
    """Whether the policy knows an ML-DSA-44 key of the log."""
    witnesses: list[tuple[str, int]]
    """Name in the policy and POSIX seconds."""
    is_met: bool
    asks_none: bool
    unknown: list[str]
    """``name+id`` of signatures by unknown keys."""


def read_policy(data: bytes) -> Policy:
    """Return the policy in *data*.

    Raises:
        MalformedError: it is no policy, or not in UTF-8.
    """
    try:
        data.decode()
    except UnicodeDecodeError as error:
        raise MalformedError(f"policy: not UTF-8 at byte {error.start}") from None
    policy = Policy.parse(data)
    keys = [each.key for each in policy.logs] + [each.key for each in policy.witnesses.values()]
    for key in keys:
        if key.type in (KeyType.ED25519, KeyType.ED25519_COSIGNATURE) and _is_weak(key.public):
            raise MalformedError(f"policy: key {key.name} is a point of small order")
    return policy


def read_checkpoint(data: bytes) -> SignedCheckpoint:
    """Return the checkpoint in the note *data*; believe nothing of it.

    Raises:
        Fault: it is not in its form.
    """
    if len(data) > MAX_NOTE:
        raise Fault("note_form")
    try:
        note = Note.parse(data)
        checkpoint = Checkpoint.parse(note.text)
    except MalformedError:
        raise Fault("note_form") from None
    if not 0 < checkpoint.size <= MAX_INTEGER:
        raise Fault("note_form")
    return SignedCheckpoint(note, checkpoint)


def examine(signed: SignedCheckpoint, policy: Policy) -> Vouched:
    """Verify every signature by a key that *policy* knows."""
    origin, text = signed.checkpoint.origin, signed.note.text
    logs = {_place(log.key): log.key for log in policy.logs if log.key.name == origin}
    kinds = {key.type for key in logs.values()}
    names = {_place(each.key): name for name, each in policy.witnesses.items()}
    keys = logs | {_place(each.key): each.key for each in policy.witnesses.values()}
    signers: dict[KeyType, list[str]] = {KeyType.ED25519: [], KeyType.ML_DSA_44: []}
    witnesses: dict[str, int] = {}
    false: set[str] = set()
    unknown: list[str] = []
    for each in signed.note.signatures:
        place = (each.name, each.key_id)
        if place not in keys or keys[place].type is KeyType.TREE_HEAD:
            unknown.append(_spelt(each))
            continue
        key = keys[place]
        is_good = _is_good(key, text, each)
        if place in logs:
            _sort_in(signers, false, each, key, is_good=is_good)
        elif is_good:
            witnesses.setdefault(names[place], cosigned_at(each))
        else:
            false.add("witness")
    return Vouched(
        bool(logs),
        signers,
        false,
        KeyType.ML_DSA_44 in kinds,
        list(witnesses.items()),
        policy.is_met(frozenset(witnesses)),
        policy.quorum == NO_QUORUM,
        unknown,
    )


def is_signed(data: bytes, policy: Policy) -> bool:
    """Say whether an Ed25519 key of its log in *policy* signed the note *data*, and none falsely.

    Raises:
        Fault: it is not in its form.
    """
    vouched = examine(read_checkpoint(data), policy)
    return "ed25519" not in vouched.false and bool(vouched.signers[KeyType.ED25519])


def time_of(seconds: int) -> str | None:
    """Return POSIX *seconds* as a report spells a time; None beyond the calendar."""
    if seconds > _LAST_SECOND:
        return None
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.000000Z"


def _is_weak(public: bytes) -> bool:
    """Say whether *public* is a key under which verifiers need not agree (RFC 8032, 8.9)."""
    masked = (*public[:31], *(each & 0x7F for each in public[31:32]))
    return bytes(masked).hex() in WEAK_KEYS


def _place(key: VerifierKey) -> tuple[str, bytes]:
    return key.name, key.id


def _spelt(signature: Signature) -> str:
    return f"{signature.name}+{signature.key_id.hex()}"


def _is_good(key: VerifierKey, text: str, signature: Signature) -> bool:
    try:
        verifier_of(key).verify(text, signature.data)
    except (SignatureFailedError, MalformedError):
        return False
    return True


def _sort_in(
    signers: dict[KeyType, list[str]],
    false: set[str],
    signature: Signature,
    key: VerifierKey,
    *,
    is_good: bool,
) -> None:
    if not is_good:
        false.add("mldsa44" if key.type is KeyType.ML_DSA_44 else "ed25519")
    elif _spelt(signature) not in signers[key.type]:
        signers[key.type].append(_spelt(signature))
