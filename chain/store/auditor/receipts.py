"""Audits receipts: that their runs tile the log, and that each is of its entries."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import orjson

from chain.audit import MAX_FINDINGS, Finding, RangeReport
from chain.errors import MalformedError
from chain.hashes import HASH_SIZE
from chain.receipt import receipt_prefix
from chain.store.reader import StoredReceipt

WHERE = "receipts"


@dataclass(frozen=True, slots=True)
class BadRun:
    """A receipt whose digest is not that of the entries ``[first, end)``."""

    first: int
    end: int
    command_id: str


@dataclass(slots=True)
class _Open:
    """The receipt whose run is being read."""

    receipt: StoredReceipt
    end: int
    digest: "hashlib._Hash"
    name: bytes


class Receipts:
    """Follows the receipts along the log.

    Args:
        receipts: in the order of ``first_index``, from the first that ends beyond *start*.
        start: the leaf index to begin with.
        size: of the log.
    """

    def __init__(self, receipts: Iterator[StoredReceipt], start: int, size: int) -> None:
        self._receipts = receipts
        self._next = next(receipts, None)
        self._position = start
        self._size = size
        self._open: _Open | None = None
        self.findings: list[Finding] = []
        self.bad_runs: list[BadRun] = []
        self.other_commands: list[tuple[int, StoredReceipt]] = []
        """Entries that seem to name another command than their receipt's."""

    @property
    def restart(self) -> int:
        """Leaf index from which a later audit must read the receipts again."""
        return self._open.receipt.first_index if self._open else self._position

    def take(self, report: RangeReport) -> None:
        """Follow the receipts over the entries of *report*."""
        names = _Names(report.commands)
        while self._position < report.stop:
            if self._open is None and not self._begin(report.stop):
                continue
            self._go_on(report, names)

    def end(self) -> None:
        """Judge the receipts that are left when the log has ended."""
        if self._open is not None:
            receipt = self._open.receipt
            # With others left over it is this one that claims too much; else the log is short.
            index = self._size if self._next is None else receipt.first_index
            self._find(
                index,
                f"receipt {receipt.command_id} claims {receipt.events} entries from"
                f" {receipt.first_index}, and the log has {self._size} in all",
            )
        while self._next is not None:
            self._misplaced(self._next, min(self._next.first_index, self._size))
            self._next = next(self._receipts, None)

    def _begin(self, stop: int) -> bool:
        """Open the receipt of the entry at the position; return whether there is one."""
        found, at = self._next, self._position
        if found is None or found.first_index > at:
            self._find(at, "belongs to no receipt")
            self._position = min(stop, self._size if found is None else found.first_index)
            return False
        self._next = next(self._receipts, None)
        end = found.first_index + found.events
        if found.first_index < at or found.events <= 0:
            self._misplaced(found, found.first_index)
            return False
        try:
            digest = hashlib.sha256(receipt_prefix(found.command_id))
        except MalformedError as error:
            self._find(at, f"receipt {found.command_id[:80]!r}: {error}")
            digest = hashlib.sha256()
        name = orjson.dumps(found.command_id)[1:-1]
        self._open = _Open(found, end, digest, name)
        return True

    def _go_on(self, report: RangeReport, names: "_Names") -> None:
        """Take the open receipt's leaves from *report*, and close it after its last."""
        run = self._open
        assert run is not None  # noqa: S101 — our own arithmetic
        stop = min(run.end, report.stop)
        low, high = self._position - report.start, stop - report.start
        run.digest.update(report.leaves[low * HASH_SIZE : high * HASH_SIZE])
        other = names.other(self._position, stop, run.name)
        if other is not None and len(self.other_commands) < MAX_FINDINGS:
            self.other_commands.append((other, run.receipt))
        self._position = stop
        if stop == run.end:
            self._open = None
            if run.digest.digest() != run.receipt.digest and len(self.bad_runs) < MAX_FINDINGS:
                first = run.receipt.first_index
                self.bad_runs.append(BadRun(first, run.end, run.receipt.command_id))

    def _misplaced(self, receipt: StoredReceipt, index: int) -> None:
        what = (
            f"receipt {receipt.command_id} claims {receipt.events} entries from"
            f" {receipt.first_index}: they are not in the log, or belong to another receipt"
        )
        self._find(index if index >= 0 else None, what)

    def _find(self, index: int | None, what: str) -> None:
        if len(self.findings) < MAX_FINDINGS:
            self.findings.append(Finding(index, what, WHERE))


class _Names:
    """Which command the entries of a stretch name, asked for run after run."""

    def __init__(self, commands: Sequence[tuple[int, bytes | None]]) -> None:
        self._commands = commands
        self._place = 0

    def other(self, start: int, stop: int, name: bytes) -> int | None:
        """Return the first index of ``[start, stop)`` that names another one than *name*."""
        commands, place = self._commands, self._place
        while place + 1 < len(commands) and commands[place + 1][0] <= start:
            place += 1
        self._place = place
        while place < len(commands) and commands[place][0] < stop:
            begins, found = commands[place]
            if found is not None and found != name:
                return max(begins, start)
            place += 1
        return None


_BODY = re.compile(rb"[^\n]*\n(.*)\n", re.DOTALL)


def named_command(entry: bytes) -> str | None:
    """Return the command id in the ``meta`` of *entry*, None if its body has none."""
    match = _BODY.fullmatch(entry)
    try:
        members = orjson.loads(match[1]) if match else None
    except orjson.JSONDecodeError:
        return None
    meta = members.get("meta") if isinstance(members, dict) else None
    found = meta.get("command_id") if isinstance(meta, dict) else None
    return found if isinstance(found, str) else None
