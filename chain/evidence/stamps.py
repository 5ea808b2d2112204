"""Time stamps in a package: over which checkpoint, by whom, and what they date.

``evidence.md``, section 7. A token dates a checkpoint; consistency carries the date to every
entry of its tree, so an entry has the earliest time among the stamped trees that hold it. A
token's own bytes are read and verified by a `StampTool`; roots are the reader's. Proved by
``tests/chain/evidence/test_stamps.py``.
"""

import re
from typing import Any, Protocol

from chain.checkpoint import Checkpoint
from chain.errors import ChainError
from chain.evidence import names
from chain.evidence.consistency_file import ConsistencyFile
from chain.evidence.fault import Fault, Unchecked
from chain.evidence.package import Package
from chain.evidence.report import Findings
from chain.evidence.signatures import read_checkpoint

_TOKEN = re.compile(r"stamps/([0-9]{12})\.tsr")
CLAIM = "timestamps"


class StampTool(Protocol):
    """Reads and verifies RFC 3161 tokens."""

    def check_imprint(self, token: bytes, signed: bytes) -> None:
        """Check that *token* was granted, over *signed*; needs no roots.

        Raises:
            Fault: ``status`` or ``imprint``.
        """

    def check(
        self, token: bytes, signed: bytes, roots: bytes | None, *, is_test_allowed: bool
    ) -> str:
        """Return the time in *token* once an authority under *roots* vouches for it.

        Raises:
            Fault: ``untrusted``, ``usage``, ``expired``, or as `check_imprint`.
            Unchecked: ``test_authority``, ``no_outside_roots`` or ``no_openssl``.
        """


def check_stamps(
    package: Package,
    roots: bytes | None,
    tool: StampTool | None,
    findings: Findings,
    *,
    is_test_allowed: bool,
) -> None:
    """Note whether every token holds, and from when the entries are known to be no younger."""
    times: dict[int, str] = {}

    def check(token: bytes, signed: bytes, name: str) -> str:
        if tool is None:
            raise Unchecked("no_openssl", name)
        try:
            tool.check_imprint(token, signed)
            return tool.check(token, signed, roots, is_test_allowed=is_test_allowed)
        except Fault as fault:
            raise Fault(fault.code, name) from None
        except Unchecked as unchecked:
            raise Unchecked(unchecked.code, name) from None

    tokens = sorted(name for name in package.files if name.endswith(".tsr"))
    for name in tokens:
        token = package.files[name]
        with findings.about(CLAIM):
            if name == names.ISSUE_STAMP:
                check(token, package.files[names.BUNDLE], name)
                continue
            size, signed, is_consistent = _stamped(package, name)
            time = check(token, signed, name)
            if not is_consistent:
                raise Fault("not_consistent", name)
            times[size] = time
    if not tokens:
        findings.skip(CLAIM, "none_present")
    findings.facts["entry_times"] = [_dated(each, times, findings) for each in _entries(package)]


def _entries(package: Package) -> list[dict[str, Any]]:
    return list(package.bundle["entries"])


def _stamped(package: Package, name: str) -> tuple[int, bytes, bool]:
    """Return size and bytes of the checkpoint under token *name*, and whether it is a prefix.

    Raises:
        Fault: there is no such checkpoint.
    """
    match = _TOKEN.fullmatch(name)
    assert match is not None  # noqa: S101 — the grammar of names
    size, tree = int(match[1]), package.tree()
    other = package.files.get(name.replace(".tsr", ".txt"))
    if other is None:
        if size != tree.size:
            raise Fault("not_consistent", name)
        return size, package.files.get(names.CHECKPOINT, b""), True
    try:
        old = read_checkpoint(other).checkpoint
    except Fault:
        raise Fault("not_consistent", name) from None
    proof = package.files.get(name.replace(".tsr", ".consistency"), b"")
    return size, other, _begins(old, size, tree, proof)


def _begins(old: Checkpoint, size: int, tree: Checkpoint, proof: bytes) -> bool:
    if (old.origin, old.size) != (tree.origin, size):
        return False
    try:
        ConsistencyFile.parse(proof).verify(old, tree)
    except ChainError:
        return False
    return True


def _dated(entry: dict[str, Any], times: dict[int, str], findings: Findings) -> dict[str, Any]:
    earliest = min((time for size, time in times.items() if size > entry["index"]), default=None)
    if earliest is not None and entry["at"] > earliest:
        findings.note("at_after_stamp", names.entry_name(entry["index"]))
    return {"index": entry["index"], "no_later_than": earliest}
