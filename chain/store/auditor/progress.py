"""Where an audit stands, so that it can be interrupted and taken up again.

The state is the auditor's own note to itself: whoever can change it can make the audit
skip what it has already read, so it belongs with the auditor and not with the audited.
A torn or foreign state is refused and the audit begins anew; one that was changed on
purpose still cannot make a tree fit that is compared with signed roots in the end.
"""

import json
import shutil
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path

from chain.audit import BrokenLink, Finding
from chain.store.auditor.receipts import BadRun
from chain.store.auditor.vouched import OtherTree
from chain.store.files import STAGING, Folder, MissingFileError

FILE = "state.json"
VERSION = 1


CHAINS = "chains"
SEALED = "sealed"
"""Folders of what was set aside, beside the state."""


def forget(folder: Path) -> None:
    """Remove what an audit noted in *folder*, and the folder if nothing else is in it."""
    for name in (CHAINS, SEALED, STAGING):
        shutil.rmtree(folder / name, ignore_errors=True)
    (folder / FILE).unlink(missing_ok=True)
    with suppress(OSError):
        folder.rmdir()


@dataclass(slots=True)
class State:
    """An audit at the end of a stretch."""

    log: str
    """What was audited: a state fits nothing else."""

    position: int = 0
    edge: str = ""
    at: str = ""
    receipts_from: int = 0
    good: int = 0
    is_indexed: bool = False
    chains: list[int] = field(default_factory=list)
    sealed: list[int] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    broken_links: list[BrokenLink] = field(default_factory=list)
    bad_runs: list[BadRun] = field(default_factory=list)
    other_trees: list[OtherTree] = field(default_factory=list)

    def save(self, folder: Path) -> None:
        """Make the state durable in *folder*, in one step."""
        body = json.dumps({"version": VERSION, **asdict(self)}, sort_keys=True)
        digest = sha256(body.encode()).hexdigest()
        Folder(folder).replace(FILE, f"{digest}\n{body}\n".encode())

    @classmethod
    def load(cls, folder: Path, log: str) -> "State | None":
        """Return the state in *folder*, None if there is none of *log* that is whole."""
        try:
            digest, body, _ = Folder(folder).read(FILE).decode().split("\n")
        except (MissingFileError, ValueError):
            return None
        if sha256(body.encode()).hexdigest() != digest:
            return None
        members = json.loads(body)
        if members.pop("version", None) != VERSION or members.get("log") != log:
            return None
        for name, kind in (
            ("findings", Finding),
            ("broken_links", BrokenLink),
            ("bad_runs", BadRun),
        ):
            members[name] = [kind(**each) for each in members[name]]
        members["other_trees"] = [OtherTree(*each) for each in members["other_trees"]]
        return cls(**members)
