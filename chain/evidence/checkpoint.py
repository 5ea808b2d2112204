"""The package's checkpoint: who signed it, by which of the reader's keys, and who witnessed it.

``evidence.md``, 3.1, steps 4 and 5. Ed25519 and ML-DSA-44 are claims of their own, and so are
the witnesses. Proved by the table of hostile packages.
"""

from base64 import b64encode

from chain.evidence import names
from chain.evidence.fault import Fault
from chain.evidence.package import Package
from chain.evidence.report import Findings
from chain.evidence.signatures import Vouched, examine, read_checkpoint, time_of
from chain.quorum import Policy
from chain.vkey import KeyType

ED25519, MLDSA44, WITNESSES = "checkpoint_signed", "checkpoint_mldsa44", "witness_quorum"


def check_checkpoint(
    package: Package, policy: Policy, findings: Findings, *, is_outside: bool
) -> None:
    """Note who signed the checkpoint, and keep it for the proofs.

    Args:
        package: to be checked.
        policy: the reader's, or else the package's own.
        findings: where it is noted.
        is_outside: whether *policy* is the reader's; nothing is verified by another.
    """
    name = names.CHECKPOINT
    try:
        signed = read_checkpoint(package.files.get(name, b""))
    except Fault as fault:
        findings.fail(ED25519, fault.code, name)
        findings.skip(MLDSA44, "blocked")
        findings.skip(WITNESSES, "blocked")
        return
    package.checkpoint = checkpoint = signed.checkpoint
    vouched = examine(signed, policy)
    _check_log(package, vouched, findings)
    _check_mldsa(vouched, findings)
    _check_witnesses(vouched, findings)
    for claim in (ED25519, MLDSA44, WITNESSES):
        findings.hold(claim)
        if not is_outside:
            findings.skip(claim, "only_package_keys", name)
    for each in vouched.unknown:
        findings.note("unknown_signature", each)
    findings.facts["checkpoint"] = {
        "origin": checkpoint.origin,
        "root": b64encode(checkpoint.root).decode(),
        "signers": [*vouched.signers[KeyType.ED25519], *vouched.signers[KeyType.ML_DSA_44]],
        "size": checkpoint.size,
        "witnesses": [{"name": who, "time": time_of(when)} for who, when in vouched.witnesses],
    }


def _check_log(package: Package, vouched: Vouched, findings: Findings) -> None:
    name, log, checkpoint = names.CHECKPOINT, package.bundle["log"], package.tree()
    said = (log["origin"], log["size"], log["root"])
    found = (checkpoint.origin, checkpoint.size, b64encode(checkpoint.root).decode())
    if not vouched.is_known_log:
        findings.fail(ED25519, "unknown_log", name)
    elif found != said:
        findings.fail(ED25519, "mismatch", name)
    if "ed25519" in vouched.false:
        findings.fail(ED25519, "bad_signature", name)
    elif vouched.is_known_log and not vouched.signers[KeyType.ED25519]:
        findings.fail(ED25519, "no_known_key", name)


def _check_mldsa(vouched: Vouched, findings: Findings) -> None:
    if not vouched.has_mldsa:
        findings.skip(MLDSA44, "none_in_policy", names.CHECKPOINT)
    elif "mldsa44" in vouched.false:
        findings.fail(MLDSA44, "bad_signature", names.CHECKPOINT)
    elif not vouched.signers[KeyType.ML_DSA_44]:
        findings.fail(MLDSA44, "no_known_key", names.CHECKPOINT)


def _check_witnesses(vouched: Vouched, findings: Findings) -> None:
    if "witness" in vouched.false:
        findings.fail(WITNESSES, "bad_signature", names.CHECKPOINT)
    elif vouched.asks_none:
        findings.skip(WITNESSES, "policy_has_none", names.CHECKPOINT)
    elif not vouched.is_met:
        findings.fail(WITNESSES, "quorum_not_met", names.CHECKPOINT)
