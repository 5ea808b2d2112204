"""Who issued the package: the log's own entry about it, proven under a later checkpoint.

``evidence.md``, 2.2 and 3.1, step 11: a hand-made manifest around true entries has no
``evidence.exported`` that names its digest. Proved by the table of hostile packages.
"""

from typing import Any

from chain.errors import ChainError
from chain.evidence import names
from chain.evidence.bundle import Bundle
from chain.evidence.consistency_file import ConsistencyFile
from chain.evidence.digests import sha256_hex, sm3_hex
from chain.evidence.entries import check_inclusion, read_entry, read_proof
from chain.evidence.fault import Fault, Unchecked
from chain.evidence.package import Package
from chain.evidence.report import Findings
from chain.evidence.signatures import SignedCheckpoint, Vouched, examine, read_checkpoint
from chain.hashes import leaf_hash
from chain.quorum import Policy
from chain.vkey import KeyType

EXPORTED = "evidence.exported"


def issue_stream(number: str) -> str:
    """Return the stream of the package *number*: its issue, and later hand-overs."""
    return f"evidence/{number}"


def check_issue(package: Package, policy: Policy, findings: Findings, *, is_outside: bool) -> None:
    """Note whether the log's operator issued this very manifest.

    Args:
        package: to be checked.
        policy: the reader's, or else the package's own.
        findings: where it is noted.
        is_outside: whether *policy* is the reader's.
    """
    with findings.about("issued"):
        _check_issue(package, policy)
        if not is_outside:
            raise Unchecked("only_package_keys")


def _check_issue(package: Package, policy: Policy) -> None:
    """Check all of it.

    Raises:
        Fault: the package was not issued so.
        Unchecked: the entry is of another format.
    """
    files = package.files
    entry = files.get(names.ISSUE_ENTRY, b"")
    try:
        proof = read_proof(files.get(names.ISSUE_PROOF, b""))
        signed = read_checkpoint(proof.checkpoint)
        vouched = examine(signed, policy)
        _check_log(package, signed, vouched)
    except Fault as fault:
        raise Fault(fault.code, names.ISSUE_PROOF) from None
    _check_entry(package, entry)
    try:
        _check_signatures(vouched)
        check_inclusion(leaf_hash(entry), proof.index, proof, signed.checkpoint)
    except Fault as fault:
        raise Fault(fault.code, names.ISSUE_PROOF) from None
    _check_consistency(package, signed)


def _check_log(package: Package, signed: SignedCheckpoint, vouched: Vouched) -> None:
    is_ours = signed.checkpoint.origin == package.bundle["log"]["origin"]
    if not is_ours or not vouched.is_known_log:
        raise Fault("unknown_log")


def _check_entry(package: Package, entry: bytes) -> None:
    try:
        read = read_entry(entry)
    except Fault as fault:
        raise Fault(fault.code, names.ISSUE_ENTRY) from None
    header, bundle = read.header, package.bundle
    data = read.body.get("data") if isinstance(read.body, dict) else None
    stream = issue_stream(bundle["number"])
    opened = sum(name.startswith("opened/") for name in package.files)
    is_ours = (
        header["type"] == EXPORTED
        and header["stream"] == stream
        and header["seq"] == 1
        and isinstance(data, dict)
        and _says(data, bundle, opened)
    )
    if not is_ours or not isinstance(data, dict):
        raise Fault("wrong_entry", names.ISSUE_ENTRY)
    content = package.files[names.BUNDLE]
    digests = (sha256_hex(content), sm3_hex(content))
    if (data.get("bundle_sha256"), data.get("bundle_sm3")) != digests:
        raise Fault("bundle_digest", names.ISSUE_ENTRY)


def _says(data: dict[str, Any], bundle: Bundle, opened: int) -> bool:
    said = (data.get("number"), data.get("checkpoint_size"), data.get("opened"))
    # JSON's true equals 1 in Python and nowhere else.
    is_counted = type(said[1]) is int and type(said[2]) is int
    return is_counted and said == (bundle["number"], bundle["log"]["size"], opened)


def _check_signatures(vouched: Vouched) -> None:
    if vouched.false:
        raise Fault("bad_signature")
    if not vouched.signers[KeyType.ED25519]:
        raise Fault("no_known_key")
    if not vouched.is_met:
        raise Fault("quorum_not_met")


def _check_consistency(package: Package, signed: SignedCheckpoint) -> None:
    try:
        proof = ConsistencyFile.parse(package.files.get(names.ISSUE_CONSISTENCY, b""))
        proof.verify(package.tree(), signed.checkpoint)
    except ChainError:
        raise Fault("not_consistent", names.ISSUE_CONSISTENCY) from None
