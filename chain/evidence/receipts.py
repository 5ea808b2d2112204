"""Receipts that a reader holds: what the log acknowledged, and a package must not leave out.

``evidence.md``, section 6. A receipt is an entry and its tlog-proof. It can show that a
history was cut short; that it was not is shown by the head index alone. Proved by
``tests/chain/evidence/test_hostile_packages.py``.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from chain.evidence import names
from chain.evidence.entries import check_inclusion, read_entry, read_proof
from chain.evidence.fault import Fault, Unchecked
from chain.evidence.histories import MATTER
from chain.evidence.package import Package
from chain.evidence.report import Findings
from chain.evidence.signatures import examine, read_checkpoint
from chain.hashes import leaf_hash
from chain.quorum import Policy
from chain.vkey import KeyType


class HeldReceipt(NamedTuple):
    """What a party was given when an event was recorded."""

    place: int
    """Leaf index."""
    entry: bytes
    proof: bytes


def check_receipts(
    package: Package, receipts: Sequence[HeldReceipt], policy: Policy | None, findings: Findings
) -> None:
    """Note what valid *receipts* contradict; without a policy none is valid."""
    claim = "history_complete"
    for each in receipts if policy is not None else ():
        header = _header(each, package, policy)
        if header is None:
            continue
        here = package.files.get(names.entry_name(each.place))
        if here is None:
            same = [e for e in package.bundle["entries"] if _is_same(e, header)]
            code = "receipt_conflict" if same else "receipt_missing"
            findings.fail(claim, code, header["stream"])
        elif here != each.entry:
            findings.fail(claim, "receipt_conflict", header["stream"])


def _header(receipt: HeldReceipt, package: Package, policy: Policy | None) -> dict[str, Any] | None:
    """Return the header in *receipt* if it is true and concerns a history shown in full."""
    if policy is None:
        return None
    try:
        proof = read_proof(receipt.proof)
        signed = read_checkpoint(proof.checkpoint)
        vouched = examine(signed, policy)
        check_inclusion(leaf_hash(receipt.entry), receipt.place, proof, signed.checkpoint)
        header = read_entry(receipt.entry).header
    except (Fault, Unchecked):
        return None
    log = package.bundle["log"]
    is_true = (
        signed.checkpoint.origin == log["origin"]
        and not vouched.false
        and bool(vouched.signers[KeyType.ED25519])
    )
    shown = {e["stream"] for e in package.bundle["streams"] if e["role"] == MATTER}
    is_ours = header["stream"] in shown and receipt.place < log["size"]
    return header if is_true and is_ours else None


def _is_same(entry: dict[str, Any], header: dict[str, Any]) -> bool:
    return bool(entry["stream"] == header["stream"] and entry["seq"] == header["seq"])
