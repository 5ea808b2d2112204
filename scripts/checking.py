"""What a checking witness holds a log to, joined: the published entries, the rules, its memory.

``xiyou witness serve --check-index``; ``tests/scripts/test_checking.py``.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Self

from chain.checkpoint import Checkpoint, open_checkpoint
from chain.cosignature import verifier_of
from chain.rules import BrokenRuleError
from chain.store.checked_log import CheckedLog
from chain.store.files import Folder, MissingFileError, ReadableFiles
from chain.store.http import UnreachableError
from chain.store.publisher import CHECKPOINT
from chain.store.served_files import ServedFiles
from chain.vkey import VerifierKey
from chain.witness import NotCheckedYetError
from domain.witnessing.invariants import Invariants

SECONDS: Final = 5.0
"""For which one answer checks at most: a log waits for its witnesses no longer than that."""


class Checking:
    """Checks one log. A context manager.

    Args:
        folder: of the witness's memory of it.
        keys: the log's.
        source: where it publishes: a URL, or a folder of this machine.

    Raises:
        MalformedError: *source* is a URL that is none.
        VerificationError: the memory is damaged.
    """

    def __init__(self, folder: Path, keys: Sequence[VerifierKey], source: str) -> None:
        self._verifiers = [verifier_of(key) for key in keys]
        self._files = files_at(source)
        self._log = CheckedLog(folder, self._files, Invariants)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._log.close()

    def check(self, checkpoint: Checkpoint) -> None:
        """Check what is under *checkpoint*, as `chain.store.witness.Check`."""
        self._log.reach(checkpoint, SECONDS)

    def catch_up(self) -> str:
        """Check all that is published, however long it takes; say how it ended.

        A log that publishes nothing yet, or that breaks a rule, is no reason not to serve.
        """
        try:
            note = self._files.read(CHECKPOINT)
            checkpoint = open_checkpoint(note, self._verifiers, extensions=True).checkpoint
            self._log.reach(checkpoint)
        except (BrokenRuleError, NotCheckedYetError, MissingFileError, UnreachableError) as error:
            return f"checked {self._log.size} entries: {error}"
        return f"checked {self._log.size} entries: all are good"


def files_at(source: str) -> ReadableFiles:
    """Return the published files at *source*.

    Raises:
        MalformedError: it is a URL that is none.
    """
    if source.startswith(("http://", "https://")):
        return ServedFiles(source)
    return Folder(Path(source))


def checked_facts(folder: Path) -> dict[str, Any]:
    """Return how far a log is checked, and what it broke, if it did."""
    log = CheckedLog(folder, Folder(folder), Invariants)
    broken = log.broken
    log.close()
    return {"checked": log.size, "broken": None if broken is None else str(broken)}
