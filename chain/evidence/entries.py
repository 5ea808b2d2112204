"""The entries of a package and their proofs (``evidence.md``, 3.1, steps 6 and 7).

Stricter than `chain.entry`, which must also read what users of the library log: versions
from 1, a dotted type, a body that is canonical JSON. Proved by
``tests/chain/evidence/test_hostile_packages.py`` and the table of hostile packages.
"""

import re
from typing import Any, NamedTuple

from chain.canonical import JSON, MAX_INTEGER
from chain.checkpoint import Checkpoint
from chain.entry import MAX_ENTRY_SIZE
from chain.errors import MalformedError, VerificationError
from chain.evidence import spelling
from chain.evidence.fault import Fault, Unchecked
from chain.hashes import LeafHash, TreeHash
from chain.inclusion import verify_inclusion
from chain.tlog_proof import TlogProof

TYPE = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)+")
_MAX_TYPE_SIZE = 64
_STREAM = re.compile(r"[!-~]{1,128}")
_HEX = re.compile(r"[0-9a-f]{64}")
_LINES = 3
_MEMBERS = {"at", "prev", "seq", "stream", "type", "v"}
_DIGEST_MEMBER = "sealed"


class ReadEntry(NamedTuple):
    """An entry, read."""

    header: dict[str, Any]
    body: JSON
    is_nfc: bool


def read_entry(data: bytes) -> ReadEntry:
    """Return the entry that *data* spells.

    Raises:
        Fault: it is not in its form.
        Unchecked: its format is another than 1.
    """
    if len(data) > MAX_ENTRY_SIZE:
        raise Fault("too_long")
    lines = data.split(b"\n")
    if len(lines) != _LINES or lines[-1]:
        raise Fault("not_canonical")
    try:
        header, is_nfc = spelling.read(lines[0])
    except MalformedError:
        raise Fault("not_canonical") from None
    if not isinstance(header, dict):
        raise Fault("header")
    version = header.get("v")
    if type(version) is int and version > 1:
        raise Unchecked("unknown_entry_version")
    if not _is_header(header):
        raise Fault("header")
    try:
        body = spelling.read(lines[1])
        _check_reserved(body.value)
    except MalformedError:
        raise Fault("not_canonical") from None
    return ReadEntry(header, body.value, is_nfc and body.is_nfc)


def sealed_places(body: JSON) -> list[tuple[str, str]]:
    """Return pointer (RFC 6901) and digest of every hidden value in *body*, by pointer."""
    found: list[tuple[str, str]] = []
    waiting: list[tuple[str, JSON]] = [("", body)]
    while waiting:
        pointer, value = waiting.pop()
        if isinstance(value, dict):
            digest = value.get(_DIGEST_MEMBER)
            if isinstance(digest, str):
                found.append((pointer, digest))
            waiting += [(f"{pointer}/{name}", each) for name, each in value.items()]
        elif isinstance(value, list):
            waiting += [(f"{pointer}/{place}", each) for place, each in enumerate(value)]
    return sorted(found)


def value_at(body: JSON, pointer: str) -> JSON:
    """Return what stands at *pointer* in *body*; None where nothing does."""
    value = body
    for step in pointer.split("/")[1:]:
        if isinstance(value, dict) and step in value:
            value = value[step]
        elif isinstance(value, list) and re.fullmatch("0|[1-9][0-9]{0,5}", step):
            place = int(step)
            value = value[place] if place < len(value) else None
        else:
            return None
    return value


def read_proof(data: bytes) -> TlogProof:
    """Return the proof in the file *data*.

    Raises:
        Fault: it is not in its form, or carries an entry of its own.
    """
    try:
        proof = TlogProof.parse(data)
    except MalformedError:
        raise Fault("proof_form") from None
    if proof.extra is not None or proof.index > MAX_INTEGER:
        raise Fault("proof_form")
    return proof


def check_inclusion(leaf: LeafHash, index: int, proof: TlogProof, checkpoint: Checkpoint) -> None:
    """Check that *checkpoint*'s tree has *leaf* at *index*, as *proof* shows.

    Raises:
        Fault: it does not; the code says how.
    """
    if proof.index != index or index >= checkpoint.size:
        raise Fault("index")
    try:
        verify_inclusion(leaf, index, checkpoint.size, proof.hashes, TreeHash(checkpoint.root))
    except VerificationError:
        raise Fault("root") from None
    except MalformedError:
        # The index and every length are right by now: there are too few or too many.
        raise Fault("path_length") from None


def _is_header(header: dict[str, Any]) -> bool:
    if header.keys() != _MEMBERS or header["v"] is True or header["v"] != 1:
        return False
    seq, prev, stream, kind = (header[name] for name in ("seq", "prev", "stream", "type"))
    return (
        spelling.is_time(header["at"])
        and type(seq) is int
        and seq >= 1
        and (prev is None) == (seq == 1)
        and (prev is None or (isinstance(prev, str) and bool(_HEX.fullmatch(prev))))
        and isinstance(stream, str)
        and bool(_STREAM.fullmatch(stream))
        and isinstance(kind, str)
        and len(kind) <= _MAX_TYPE_SIZE
        and bool(TYPE.fullmatch(kind))
    )


def _check_reserved(value: JSON) -> None:
    """Check that an object with the member ``sealed`` is a reference and nothing else.

    Raises:
        MalformedError: one is not.
    """
    if isinstance(value, dict):
        if _DIGEST_MEMBER in value:
            digest = value[_DIGEST_MEMBER]
            if len(value) != 1 or not isinstance(digest, str) or not _HEX.fullmatch(digest):
                raise MalformedError("the member sealed is reserved")
        for each in value.values():
            _check_reserved(each)
    elif isinstance(value, list):
        for each in value:
            _check_reserved(each)
