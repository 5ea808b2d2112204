"""A home with keys, and places for published files that fail when told to."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from chain.store.files import Folder
from chain.store.signer import create_keys
from tests.chain.store.writing import Command, Event

ORIGIN = "ledger.example/test"
AT = datetime(2026, 11, 22, 12, tzinfo=UTC)


def make_home(home: Path) -> Path:
    create_keys(home, ORIGIN, Random(5).randbytes)
    return home


def commands(first: int, count: int, *, each: int = 1, streams: int = 9) -> list[Command]:
    """Return *count* commands of *each* events, numbered from *first*."""
    return [
        Command(
            f"cmd-{n}", [Event(f"ord_{(n * 3 + k) % streams}", data={"n": n}) for k in range(each)]
        )
        for n in range(first, first + count)
    ]


class FailingFolder(Folder):
    """Reports that its Nth change failed, which did or did not happen."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.changes = 0
        self.fail_at: int | None = None
        self.kept = False

    def write(self, files: Iterable[tuple[str, bytes]]) -> None:
        held = list(files)
        self._change(lambda: super(FailingFolder, self).write(held))

    def replace(self, path: str, content: bytes) -> None:
        self._change(lambda: super(FailingFolder, self).replace(path, content))

    def remove(self, folder: str) -> None:
        self._change(lambda: super(FailingFolder, self).remove(folder))

    def _change(self, change: Callable[[], None]) -> None:
        number, self.changes = self.changes, self.changes + 1
        if number != self.fail_at:
            change()
            return
        if self.kept:
            change()
        raise OSError(f"change {number} failed")
