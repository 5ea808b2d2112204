"""The demo's story: what the log is good for, each claim checked while it is told.

Every check has a name and stands in `Story.checks`; the demo fails if one does not hold.
Nothing here changes the log: the copy that is tampered with lies in a folder of its own.
``tests/scripts/test_demo.py``.
"""

import os
import shutil
import tempfile
from base64 import b64encode
from dataclasses import asdict
from pathlib import Path
from time import monotonic
from typing import Any

from api.bootstrap import Deployment
from chain.errors import ChainError
from chain.quorum import verify_checkpoint
from chain.store.auditor import audit_both, audit_files
from chain.store.reader import StoredEntry
from chain.store.signer import read_verifier_keys
from chain.tiles import TILE_WIDTH, bundle_bytes, bundle_of, bundle_path, parse_bundle
from scripts.audit import counted
from scripts.audit import words_of as words_of_finding
from scripts.log import history_lines
from scripts.screen import Screen
from scripts.verify import verify_files, words_of

PROOF_FILE = "refund.tlog-proof"
POLICY_FILE = "log.policy"
FINDINGS_SHOWN = 3
LONGEST_HISTORY = 40
"""Lines of a history that are shown."""


class Story:
    """Tells and checks; `facts` is what ``--json`` says of it.

    Args:
        ledger: with a log that is published up to its end.
        screen: where it is told.
    """

    def __init__(self, ledger: Deployment, screen: Screen) -> None:
        self._ledger = ledger
        self.screen = screen
        self.checks: dict[str, bool] = {}
        self.facts: dict[str, Any] = {}

    def tell(self) -> None:
        """Tell all of it."""
        self._tell_log()
        found = self._tell_order()
        if found is not None:
            self._tell_proof(found)
            self._tell_tampering(found)

    def check(self, name: str, text: str, *, good: bool) -> None:
        """Keep and show whether *name* held, saying *text*."""
        self.checks[name] = good
        self.screen.check(good=good, text=text)

    def _tell_log(self) -> None:
        """Show size, root and checkpoint, and check that they are one and signed."""
        screen, ledger = self.screen, self._ledger
        screen.heading("2. The log: how much there is, and what commits to all of it")
        head = ledger.reader.head()
        note = ledger.files.read("checkpoint")
        root = b64encode(head.root()).decode()
        screen.say(f"size {head.size:,}   root {root}")
        screen.say("the published checkpoint, as anybody may fetch it:")
        for line in note.decode().splitlines():
            screen.say(f"  | {line:.88}{'...' if len(line) > 88 else ''}")  # noqa: PLR2004 — a screen's width
        witnessed = verify_checkpoint(note, ledger.policy())
        self.check(
            "checkpoint",
            f"it is signed by {' and '.join(key.type.name for key in witnessed.logs)},"
            " and has the size and root of the database",
            good=(witnessed.checkpoint.size, witnessed.checkpoint.root) == (head.size, head.root())
            and len(witnessed.logs) == 2,  # noqa: PLR2004 — a curve and a lattice
        )
        self.facts |= {"size": head.size, "root": root, "checkpoint": note.decode()}

    def _tell_order(self) -> StoredEntry | None:
        """Show the history of a refunded order; return the entry of its refund."""
        screen = self.screen
        screen.heading("3. One refunded order: who did what, when, at which place in the log")
        found = self._find("order.refunded", "refund.executed", "order.placed")
        if found is None:
            screen.say("there is no order in this log")
            self.checks["order"] = False
            return None
        history = list(self._ledger.reader.history(found.stream))
        # The entry with the money in it, where there is one.
        refund = next((each for each in history if each.type == "refund.executed"), found)
        screen.say(refund.stream)
        for line in history_lines(history[:LONGEST_HISTORY]):
            screen.say(line)
        versions = [each.seq for each in history]
        self.check(
            "order",
            f"{len(history)} events, versions 1 to {len(history)} without a gap",
            good=versions == list(range(1, len(history) + 1)),
        )
        self.facts["order"] = {
            "stream": refund.stream,
            "refund_index": refund.leaf_index,
            "types": [each.type for each in history],
            "indexes": [each.leaf_index for each in history],
        }
        return refund

    def _find(self, *types: str) -> StoredEntry | None:
        """Return the first entry of the first of *types* that the log has any of."""
        recorder = self._ledger.trade.recorder
        for kind in types:
            for each in recorder.select_notifications(1, 1, topics=[kind]):
                return self._ledger.reader.entry(each.id - 1)
        return None

    def _tell_proof(self, refund: StoredEntry) -> None:
        """Write the proof of the refund and the policy, and verify them as a stranger would."""
        screen, ledger = self.screen, self._ledger
        screen.heading(
            "4. The proof of that refund, checked offline with two files and no database"
        )
        proof, policy = ledger.home / PROOF_FILE, ledger.home / POLICY_FILE
        proof.write_bytes(ledger.prover.prove(refund.leaf_index))
        policy.write_bytes(ledger.policy().to_bytes())
        screen.say(f"{proof}  ({proof.stat().st_size:,} bytes)")
        screen.say(f"{policy}  ({policy.stat().st_size:,} bytes)")
        try:
            facts = verify_files(proof, policy)
        except ChainError as error:
            self.check("proof", f"verification failed: {error}", good=False)
            return
        for line in words_of(facts).splitlines():
            screen.say(line)
        self.check(
            "proof",
            f"xiyou verify {proof} --policy {policy}",
            good=facts["index"] == refund.leaf_index and facts["stream"] == refund.stream,
        )
        self.facts["proof"] = {"file": str(proof), "policy": str(policy), **facts}

    def _tell_tampering(self, refund: StoredEntry) -> None:
        """Change one byte in a copy of the published log, and let an audit find it."""
        screen, ledger = self.screen, self._ledger
        screen.heading("5. A copy of the published log, one byte of one entry changed")
        with tempfile.TemporaryDirectory(prefix="tampered-", dir=ledger.home) as folder:
            copy = Path(folder) / "log"
            # Links, not bytes: only the one bundle that is changed is written anew.
            shutil.copytree(ledger.files.root, copy, copy_function=os.link)
            index = refund.leaf_index
            before, after = tamper(copy, index, self.facts["size"])
            screen.say(f"entry {index} said {before}; the copy says {after}")
            self._audit_copy(copy, index)
        self._audit_real()

    def _audit_copy(self, copy: Path, index: int) -> None:
        """Let an audit read the copy; it must name the entry at *index*, and say why."""
        keys = read_verifier_keys(self._ledger.home)
        with self.screen.progress("auditing the copy") as advance:
            report = audit_files(copy, keys=keys, progress=counted(advance))
        first = report.first
        if first is not None:
            self.screen.say(f"the audit of the copy: {words_of_finding(first)}")
        self.check(
            "tampering",
            f"it names entry {index}" if first else "it found nothing",
            good=first is not None and first.index == index,
        )
        self.facts["tampered"] = {
            "index": index,
            "found": asdict(first) if first else None,
        }

    def _audit_real(self) -> None:
        """Let an audit read the real log, database against files: it must find nothing."""
        ledger = self._ledger
        began = monotonic()
        with self.screen.progress("auditing the real log") as advance:
            report = audit_both(
                ledger.database, ledger.home, vault=ledger.vault, progress=counted(advance)
            )
        seconds = monotonic() - began
        rate = report.size / max(seconds, 1e-9)
        for each in report.findings[:FINDINGS_SHOWN]:
            self.screen.say(words_of_finding(each))
        self.check(
            "audit",
            f"the real log, database against files: {report.size:,} entries,"
            f" {len(report.findings)} findings, {seconds:.1f} s, {rate:,.0f} entries/s",
            good=not report.findings,
        )
        self.facts["audit"] = {
            "size": report.size,
            "findings": len(report.findings),
            "seconds": round(seconds, 3),
            "entries_per_second": round(rate, 1),
        }


def tamper(folder: Path, index: int, size: int) -> tuple[str, str]:
    """Change one byte of the entry at *index* in the published files in *folder*.

    The bundle is written as a new file: *folder* may hold links to the real ones.

    Args:
        folder: of published files; a copy.
        index: of the entry.
        size: of the published tree.

    Returns:
        What stood around the byte, and what stands there now.
    """
    bundle = bundle_of(index, size)
    path, width = folder / bundle.path, bundle.width
    if not path.exists():
        path, width = folder / bundle_path(bundle.number), TILE_WIDTH
    entries = parse_bundle(path.read_bytes(), width)
    entry = bytearray(entries[index % TILE_WIDTH])
    at = entry.find(b'"amount":') + len('"amount":') if b'"amount":' in entry else len(entry) // 2
    before = bytes(entry[max(0, at - 9) : at + 6])
    entry[at] = ord("9") if entry[at] != ord("9") else ord("1")
    after = bytes(entry[max(0, at - 9) : at + 6])
    entries[index % TILE_WIDTH] = bytes(entry)
    path.unlink()
    path.write_bytes(bundle_bytes(entries))
    return before.decode(errors="replace"), after.decode(errors="replace")
