"""A package that has been opened: its files, its manifest and the entries that can be read."""

from dataclasses import dataclass, field
from typing import Any, Literal

from chain.checkpoint import Checkpoint
from chain.evidence.bundle import Bundle
from chain.evidence.digests import HEX
from chain.evidence.entries import ReadEntry
from chain.hashes import TreeHash, TreeSize
from chain.vkey import decode_base64

Container = Literal["zip", "folder", "inline"]


@dataclass(slots=True)
class Package:
    """What the steps after the second work on."""

    files: dict[str, bytes]
    bundle: Bundle
    container: Container
    read: dict[int, ReadEntry] = field(default_factory=dict)
    """By leaf index: the entries in a form that is known."""
    unknown: set[int] = field(default_factory=set)
    """Leaf indexes of entries of another format."""
    _digests: dict[tuple[str, str], str] = field(default_factory=dict)
    checkpoint: Checkpoint | None = None
    """Of ``checkpoint.txt``, once it is read; nothing says yet that it is signed."""

    def digest(self, kind: str, name: str) -> str:
        """Return the ``sha256`` or ``sm3`` of the file *name*, computed once."""
        if (kind, name) not in self._digests:
            self._digests[kind, name] = HEX[kind](self.files[name])
        return self._digests[kind, name]

    @property
    def indexes(self) -> dict[int, dict[str, Any]]:
        """The manifest's entries by leaf index."""
        return {each["index"]: each for each in self.bundle["entries"]}

    def tree(self) -> Checkpoint:
        """Return the checkpoint that proofs are for: the file's, else what the manifest says."""
        if self.checkpoint is not None:
            return self.checkpoint
        log = self.bundle["log"]
        root = TreeHash(decode_base64("root", log["root"]))
        return Checkpoint(log["origin"], TreeSize(log["size"]), root)
