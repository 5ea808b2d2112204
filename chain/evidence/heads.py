"""Where the histories of a package end: the head index in ``heads/``.

``docs/evidence-format.md``, section 4a. A commitment of the log's own, proven under the
package's checkpoint, and for every history of the matter the proof that its last entry here
was its last when the log had N entries. Proved by the table of hostile packages, row 29.
"""

from dataclasses import dataclass
from typing import Any

from chain.errors import MalformedError
from chain.evidence import names, spelling
from chain.evidence.absence import absences
from chain.evidence.entries import ReadEntry, check_inclusion, read_entry, read_proof
from chain.evidence.fault import Fault, Unchecked
from chain.evidence.histories import MATTER
from chain.evidence.package import Package
from chain.evidence.report import Findings
from chain.evidence.signatures import read_checkpoint
from chain.hashes import LeafHash, leaf_hash
from chain.stream_index.commitment import EVENT_TYPE, STREAM, Commitment
from chain.stream_index.heads import HeadProof, verify_complete
from chain.stream_index.ranges import CoverError
from chain.stream_index.rows import StreamRow
from chain.stream_index.shown import IndexUntrueError

CLAIM = "history_complete"
SCHEMA = 1
"""Payload version of a commitment."""


@dataclass(frozen=True, slots=True)
class Committed:
    """A commitment, and where and when the log took it."""

    commitment: Commitment
    index: int
    """Leaf index of its entry."""
    at: str
    """By the platform's clock."""


def check_heads(package: Package, findings: Findings) -> None:
    """Note for every history of the matter whether the head index ends it where it ends here."""
    if not any(names.is_head(each) for each in package.files):
        findings.skip(CLAIM, "no_head_index")
        return
    try:
        committed = _read_committed(package)
    except Fault as fault:
        findings.fail(CLAIM, fault.code, fault.subject)
        return
    except Unchecked as unchecked:
        findings.skip(CLAIM, unchecked.code, unchecked.subject)
        return
    matters = [e["stream"] for e in package.bundle["streams"] if e["role"] == MATTER]
    if not matters:
        findings.skip(CLAIM, "no_head_index")
    last = {each["stream"]: each for each in package.bundle["entries"]}
    for stream in matters:
        with findings.about(CLAIM):
            _check_head(package, committed.commitment, last[stream])
    findings.facts["complete"] = {
        "absent": absences(package.bundle["entries"], matters),
        "at": committed.at,
        "index": committed.index,
        "size": committed.commitment.size,
    }


def _read_committed(package: Package) -> Committed:
    """Return the commitment, proven under the package's checkpoint.

    Raises:
        Fault: it is not in form, or not of this log.
        Unchecked: its entry, or its payload, is of a later version.
    """
    content = package.files.get(names.COMMITMENT, b"")
    try:
        read = read_entry(content)
        _check_kind(read)
    except (Fault, Unchecked) as found:
        raise type(found)(found.code, names.COMMITMENT) from None
    index = _check_included(package, content)
    commitment = _commitment_of(read)
    if index < commitment.size:
        raise Fault("index_form", names.COMMITMENT)
    return Committed(commitment, index, read.header["at"])


def _check_kind(read: ReadEntry) -> None:
    """Check that the entry is a commitment, of the version that is known here.

    Raises:
        Fault: it is another event.
        Unchecked: it is of another version.
    """
    meta = read.body.get("meta") if isinstance(read.body, dict) else None
    schema = meta.get("schema") if isinstance(meta, dict) else None
    is_ours = (read.header["stream"], read.header["type"]) == (STREAM, EVENT_TYPE)
    if not is_ours or type(schema) is not int or schema < SCHEMA:
        raise Fault("index_form")
    if schema > SCHEMA:
        raise Unchecked("unknown_body_schema")


def _check_included(package: Package, content: bytes) -> int:
    """Return the leaf index at which the package's checkpoint has the commitment *content*.

    Raises:
        Fault: it has not.
    """
    try:
        proof = read_proof(package.files.get(names.COMMITMENT_PROOF, b""))
        _check_checkpoint(package, proof.checkpoint)
        check_inclusion(leaf_hash(content), proof.index, proof, package.tree())
    except Fault as fault:
        is_root = fault.code == "root"
        name = names.COMMITMENT if is_root else names.COMMITMENT_PROOF
        raise Fault(fault.code, name) from None
    return proof.index


def _check_checkpoint(package: Package, note: bytes) -> None:
    """Check that the proof's checkpoint is the package's own.

    Raises:
        Fault: it is another one, or another log's.
    """
    if note == package.files.get(names.CHECKPOINT):
        return
    try:
        origin = read_checkpoint(note).checkpoint.origin
    except Fault:
        raise Fault("other_checkpoint") from None
    is_ours = origin == package.bundle["log"]["origin"]
    raise Fault("other_checkpoint" if is_ours else "index_log")


def _commitment_of(read: ReadEntry) -> Commitment:
    """Return what the entry commits to.

    Raises:
        Fault: its payload is not in form, or its ranges are no cover.
    """
    try:
        return Commitment.of_members(read.body.get("data") if isinstance(read.body, dict) else None)
    except CoverError as error:
        raise Fault(error.code, names.COMMITMENT) from None
    except MalformedError:
        raise Fault("index_form", names.COMMITMENT) from None


def _check_head(package: Package, commitment: Commitment, last: dict[str, Any]) -> None:
    """Check that *last*, of the manifest, is its stream's head at the commitment's size.

    Raises:
        Fault: it is not, or nothing shows that it is.
        Unchecked: it is of another format.
    """
    stream, index = last["stream"], last["index"]
    if index in package.unknown:
        raise Unchecked("unknown_entry_version", stream)
    name = names.head_name(index)
    # That the manifest repeats the entry truly is what `entry_form` says.
    row = StreamRow(stream, last["seq"], LeafHash(bytes.fromhex(last["leaf"])))
    try:
        proof = HeadProof.of_members(spelling.read(package.files.get(name, b"")).value)
        verify_complete(proof, commitment, row, index)
    except MalformedError:
        raise Fault("index_form", name) from None
    except IndexUntrueError as error:
        raise Fault(error.code, stream) from None
