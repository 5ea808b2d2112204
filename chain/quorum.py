"""Quorum: which logs and which sets of witnesses a verifier trusts.

c2sp.org/tlog-policy, as a text file of ``log``, ``witness``, ``group`` and ``quorum``
lines. Trust never comes from the evidence itself: a checkpoint is good if one of the
policy's logs has signed it and enough of the policy's witnesses have cosigned it.
Comments and spacing are free in the format, so `Policy.to_bytes` writes a plain form of what
`Policy.parse` read. Proved by ``tests/chain/test_quorum.py``.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Self

from chain.checkpoint import Checkpoint, open_checkpoint
from chain.cosignature import cosigned_at, verifier_of
from chain.errors import MalformedError, QuorumNotMetError, SignatureFailedError
from chain.note import Note
from chain.vkey import KeyType, VerifierKey

MAX_POLICY_SIZE = 1_000_000
"""Bytes; 32 logs and 32 witnesses with ML-DSA-44 keys need an eighth of it."""

NO_QUORUM = "none"
"""The predefined name that asks for no cosignature."""

_COSIGNING = (KeyType.ED25519_COSIGNATURE, KeyType.ML_DSA_44)
_LOG_SIGNING = (KeyType.ED25519, KeyType.TREE_HEAD, KeyType.ML_DSA_44)
_WORD = re.compile(r"[^ \t\n]+")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_THRESHOLD = re.compile(r"[1-9][0-9]{0,8}")


@dataclass(frozen=True, slots=True)
class PolicyLog:
    """A log: its key, named like its origin, and where it may be reached."""

    key: VerifierKey
    url: str | None = None


@dataclass(frozen=True, slots=True)
class PolicyWitness:
    """A witness: its cosigning key, and where checkpoints may be sent."""

    key: VerifierKey
    url: str | None = None


@dataclass(frozen=True, slots=True)
class PolicyGroup:
    """Witnesses and groups of which *threshold* must have witnessed a checkpoint."""

    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True)
class Policy:
    """Logs, witnesses, groups and the quorum, checked on construction.

    Witnesses and groups stand under the names that the policy gives them, in the order of
    their lines. The names are opaque octets (here surrogate-escaped UTF-8) and mean
    nothing outside the policy.
    """

    logs: tuple[PolicyLog, ...] = ()
    witnesses: Mapping[str, PolicyWitness] = field(default_factory=dict)
    groups: Mapping[str, PolicyGroup] = field(default_factory=dict)
    quorum: str = NO_QUORUM

    def __post_init__(self) -> None:
        draft = _Draft()
        for log in self.logs:
            draft.add_log(log)
        for name, witness in self.witnesses.items():
            draft.add_witness(name, witness)
        for name, group in self.groups.items():
            draft.add_group(name, group)
        draft.set_quorum(self.quorum)

    def to_bytes(self) -> bytes:
        """Return the policy file: logs, witnesses, groups, quorum."""
        lines = [_line("log", log.key.text(), log.url) for log in self.logs]
        lines += [
            _line("witness", name, witness.key.text(), witness.url)
            for name, witness in self.witnesses.items()
        ]
        lines += [
            _line("group", name, str(group.threshold), *group.members)
            for name, group in self.groups.items()
        ]
        lines.append(_line("quorum", self.quorum))
        return "".join(lines).encode("utf-8", "surrogateescape")

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Return the policy in the file *data*.

        Raises:
            MalformedError: *data* is not a policy; the message names the line.
        """
        if len(data) > MAX_POLICY_SIZE:
            raise MalformedError(f"policy: {len(data)} bytes are more than {MAX_POLICY_SIZE}")
        lines = data.decode("utf-8", "surrogateescape").split("\n")
        if lines.pop():
            raise MalformedError("policy: the last line must end in a newline")
        draft = _Draft()
        for number, line in enumerate(lines, 1):
            try:
                draft.read(line)
            except MalformedError as error:
                raise MalformedError(f"policy line {number}: {error}") from None
        if draft.quorum is None:
            raise MalformedError("policy: has no quorum line; 'quorum none' asks for no witness")
        return cls(tuple(draft.logs), draft.witnesses, draft.groups, draft.quorum)

    def is_met(self, cosigners: frozenset[str]) -> bool:
        """Say whether the witnesses named *cosigners* make up the quorum."""
        met = {NO_QUORUM, *cosigners}
        # Groups refer to earlier ones only, so one pass settles them all.
        for name, group in self.groups.items():
            if sum(member in met for member in group.members) >= group.threshold:
                met.add(name)
        return self.quorum in met


class WitnessedCheckpoint(NamedTuple):
    """A checkpoint that meets a policy, and who vouched for it."""

    checkpoint: Checkpoint
    logs: tuple[VerifierKey, ...]
    """Keys of the log that have signed; at least one."""

    witnesses: tuple[tuple[str, int], ...]
    """Names, in the policy, of the witnesses, and when each cosigned (POSIX seconds)."""


def verify_checkpoint(
    data: bytes, policy: Policy, *, extensions: bool = False
) -> WitnessedCheckpoint:
    """Return the checkpoint in the note *data* once it meets *policy*.

    Raises:
        MalformedError: *data* is not a note of a checkpoint.
        SignatureFailedError: none of the policy's logs has signed, or a signature by one
            of the policy's keys is false.
        QuorumNotMetError: too few of the policy's witnesses have cosigned.
    """
    # Nothing is believed yet: the origin only picks the keys that must vouch for it.
    origin = Checkpoint.parse(Note.parse(data).text, extensions=extensions).origin
    logs = {log.key for log in policy.logs if log.key.name == origin}
    if not logs:
        raise SignatureFailedError(f"the policy knows no log with the origin {origin}")
    names = {witness.key: name for name, witness in policy.witnesses.items()}
    keys = sorted(logs | names.keys(), key=lambda key: (key.name, key.id))
    opened = open_checkpoint(data, map(verifier_of, keys), extensions=extensions)
    by_id = {(key.name, key.id): key for key in keys}
    signed = [(by_id[each.name, each.key_id], each) for each in opened.verified]
    vouching = tuple(key for key, _ in signed if key in logs)
    if not vouching:
        raise SignatureFailedError(f"the log {origin} has not signed, only witnesses have")
    witnesses = tuple((names[key], cosigned_at(each)) for key, each in signed if key in names)
    if not policy.is_met(frozenset(name for name, _ in witnesses)):
        present = ", ".join(name for name, _ in witnesses) or "nobody"
        raise QuorumNotMetError(
            f"the quorum {policy.quorum} is not met: of its witnesses {present} cosigned"
        )
    return WitnessedCheckpoint(opened.checkpoint, vouching, witnesses)


class _Draft:
    """A policy while its lines are read, in the order in which they may refer back."""

    def __init__(self) -> None:
        self.logs: list[PolicyLog] = []
        self.witnesses: dict[str, PolicyWitness] = {}
        self.groups: dict[str, PolicyGroup] = {}
        self.quorum: str | None = None
        self._members: set[str] = set()
        self._log_keys: set[bytes] = set()
        self._witness_keys: set[bytes] = set()

    def read(self, line: str) -> None:
        """Take one line in."""
        control = _CONTROL.search(line)
        if control is not None:
            raise MalformedError(f"control character {control[0]!r} at column {control.start()}")
        match _WORD.findall(line):
            case []:
                return
            case [first, *_] if first.startswith("#"):
                return
            case ["log", vkey, *url] if len(url) <= 1:
                self.add_log(PolicyLog(VerifierKey.parse(vkey), *url))
            case ["witness", name, vkey, *url] if len(url) <= 1:
                self.add_witness(name, PolicyWitness(VerifierKey.parse(vkey), *url))
            case ["group", name, threshold, *members]:
                wanted = _threshold(threshold, len(members))
                self.add_group(name, PolicyGroup(wanted, tuple(members)))
            case ["quorum", name]:
                self.set_quorum(name)
            case _:
                raise MalformedError(
                    "must be 'log VKEY [URL]', 'witness NAME VKEY [URL]',"
                    " 'group NAME all|any|K NAME...' or 'quorum NAME'"
                )

    def add_log(self, log: PolicyLog) -> None:
        _check_type("log", log.key, _LOG_SIGNING)
        _check_url(log.url)
        if log.key.public in self._log_keys:
            raise MalformedError(f"log {log.key.name}: its public key is listed twice")
        self._log_keys.add(log.key.public)
        self.logs.append(log)

    def add_witness(self, name: str, witness: PolicyWitness) -> None:
        self._check_new(name)
        _check_type(f"witness {name}", witness.key, _COSIGNING)
        _check_url(witness.url)
        if witness.key.public in self._witness_keys:
            raise MalformedError(f"witness {name}: its public key is listed twice")
        self._witness_keys.add(witness.key.public)
        self.witnesses[name] = witness

    def add_group(self, name: str, group: PolicyGroup) -> None:
        self._check_new(name)
        if not 1 <= group.threshold <= len(group.members):
            raise MalformedError(
                f"group {name}: cannot ask for {group.threshold} of {len(group.members)} members"
            )
        for member in group.members:
            self._check_known(member)
            if member in self._members:
                raise MalformedError(f"{member}: is already a member; a name counts once")
            self._members.add(member)
        self.groups[name] = group

    def set_quorum(self, name: str) -> None:
        if self.quorum is not None:
            raise MalformedError("a policy has one quorum line")
        if name != NO_QUORUM:
            self._check_known(name)
        self.quorum = name

    def _check_new(self, name: str) -> None:
        if not _WORD.fullmatch(name) or _CONTROL.search(name):
            raise MalformedError(f"name {name!r}: must be a word without spaces or controls")
        if name == NO_QUORUM or name in self.witnesses or name in self.groups:
            raise MalformedError(f"name {name}: is already taken")

    def _check_known(self, name: str) -> None:
        if name not in self.witnesses and name not in self.groups:
            raise MalformedError(f"{name}: no witness or group of that name stands above")


def _threshold(text: str, count: int) -> int:
    if text == "any":
        return 1
    if text == "all":
        return count
    if not _THRESHOLD.fullmatch(text):
        raise MalformedError(f"threshold {text!r}: must be all, any or a decimal number")
    return int(text)


def _check_type(what: str, key: VerifierKey, allowed: tuple[KeyType, ...]) -> None:
    if key.type not in allowed:
        kinds = ", ".join(f"{each:02x}" for each in allowed)
        raise MalformedError(f"{what}: key {key.name} is of type {key.type:02x}, not of {kinds}")


def _check_url(url: str | None) -> None:
    if url is not None and (not _WORD.fullmatch(url) or _CONTROL.search(url)):
        raise MalformedError(f"url {url!r}: must be a word without spaces or controls")


def _line(*words: str | None) -> str:
    return " ".join(word for word in words if word is not None) + "\n"
