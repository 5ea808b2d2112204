"""A file of raw keys, of any size, brought into stock (``features.md``, G1, E1; T17, T18).

The file is read twice: once for its keyed digest, which stands in ``product.import_started``,
and once line by line. Every thousand lines are one command, named after batch and number,
so that an import that was killed goes on where the log says that it was: a chunk with a
receipt is told again from its entries, one without is decided. Several chunks are on their
way at a time; lines that meet those of a chunk before them wait for its end. Rejected lines
stand in the batch's stream, keys in streams of their own. Memory holds a few chunks,
whatever the file. ``tests/domain/keys/test_importing.py``.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from itertools import islice
from typing import BinaryIO, Final

from eventsourcing.persistence import IntegrityError

from domain.catalogue.batch import (
    Batch,
    ProductImportFinished,
    ProductImportLineRejected,
    ProductImportStarted,
)
from domain.command import Command
from domain.errors import ConcurrentChangeError, OtherFileError
from domain.event import Event
from domain.keys.acceptance import Acceptance, Line, Verdict
from domain.keys.content import WatchedFile, digest_of
from domain.keys.events import KeyImported, KeyQuarantined
from domain.keys.fingerprint import IndexRing
from domain.keys.intake import TRIES, Intake, Upload
from domain.keys.known_keys import KnownKeys
from domain.keys.line import read_lines

CHUNK: Final = 1_000
"""Lines of a command: at most three events each, so that one fits a commit."""
IN_FLIGHT: Final = 4
"""Chunks on their way at once."""

TOLD: Final = ("key.imported", "key.quarantined", "product.import_line_rejected")


@dataclass(slots=True)
class Totals:
    """What has become of the lines so far."""

    lines: int = 0
    accepted: int = 0
    """Keys made, those set aside on arrival among them."""
    quarantined: int = 0
    rejected: int = 0
    known: int = 0
    """Of the lines: those that the log had before this run."""

    def add(self, verdicts: Sequence[Verdict]) -> None:
        """Count *verdicts*."""
        self.lines += len(verdicts)
        for each in verdicts:
            self.rejected += each.outcome == "rejected"
            self.accepted += each.outcome != "rejected"
            self.quarantined += each.outcome == "quarantined"


@dataclass(frozen=True, slots=True)
class _Chunk:
    number: int
    lines: list[Line]
    verdicts: list[Verdict]
    future: Future[list[int]]


class KeyImport:
    """One import; `run` takes it from the file's first line to the end of the batch.

    Args:
        desk: records it.
        ring: the keys of fingerprints.
        new_command: makes a command of whoever brings the file, by its id.
        new_key: gives the identifier of the key made from a line.
        report: told what became of each line, in the file's order; never a raw key.
        on_progress: told after every chunk.
        chunk: lines of a command, where this import begins.
    """

    def __init__(
        self,
        desk: Intake,
        ring: IndexRing,
        new_command: Callable[[str], Command],
        new_key: Callable[[int], str],
        *,
        report: Callable[[Sequence[Verdict]], None] = lambda _: None,
        on_progress: Callable[[Totals], None] = lambda _: None,
        chunk: int = CHUNK,
    ) -> None:
        self._desk = desk
        self._ring = ring
        self._new_command = new_command
        self._new_key = new_key
        self._report = report
        self._on_progress = on_progress
        self._chunk = chunk
        self._shelf = KnownKeys(desk, ring)
        self._waiting: deque[_Chunk] = deque()
        self._totals = Totals()
        self._acceptance: Acceptance
        self._batch: Batch

    def run(self, upload: Upload, file: BinaryIO) -> Totals:
        """Bring the lines of *file*; what the log has of the batch already is not done again.

        Args:
            upload: the batch; its own lines are none.
            file: at its beginning, and able to go back there.

        Raises:
            OtherFileError: the batch was begun with another file, merchant or product, or
                the file changed meanwhile; whole chunks before that stay.
            Refusal: the merchant may not bring goods, or the product is another's.
            eventsourcing.persistence.OperationalError: the database was lost; run it again.
        """
        # Listing asks guards that change while an import runs: `Intake.list_batch` does.
        upload = replace(upload, listed=False)
        started = self._start(upload, file)
        terms = self._desk.terms_of(upload, self._new_command("").meta.actor)
        self._acceptance = Acceptance(
            terms, self._ring, self._shelf, self._new_key, self._desk.suspects
        )
        key = self._ring.find(started.index_key or self._ring.current.id)
        file.seek(0)
        watched = WatchedFile(file, upload.batch, key)
        lines: Iterator[Line] = enumerate(read_lines(watched), 1)
        number = 0
        while chunk := list(islice(lines, started.chunk)):
            number += 1
            self._bring(number, chunk)
        while self._waiting:
            self._settle()
        if watched.digest() != started.content:
            raise OtherFileError(f"{upload.batch}: the file was changed while it was read")
        self._finish()
        return self._totals

    def _start(self, upload: Upload, file: BinaryIO) -> ProductImportStarted:
        """Record that the batch begins, or return how it began."""
        self._batch = batch = Batch(upload.batch)
        command = self._new_command(f"import/{batch.id}/start")
        ids = self._desk.find_receipt(command.id)
        if ids is None:
            self._desk.terms_of(upload, command.meta.actor)
            started = ProductImportStarted(
                *batch.follows(command),
                upload.merchant,
                upload.product,
                upload.units,
                chunk=self._chunk,
                content=digest_of(file, batch.id, self._ring.current),
                index_key=self._ring.current.id,
                reviewers=upload.reviewers or None,
            )
            batch.start(command, started)
            self._desk.record(command)
            return started
        [known] = self._events(ids)
        if not isinstance(known, ProductImportStarted) or known.index_key is None:
            raise OtherFileError(f"{batch.id}: is no batch of a file")
        content = digest_of(file, batch.id, self._ring.find(known.index_key))
        asked = (upload.merchant, upload.product, upload.units, upload.reviewers, content)
        had = (known.merchant, known.product, known.units, known.reviewers or (), known.content)
        if asked != had:
            raise OtherFileError(
                f"{batch.id}: was begun with another file, merchant, product, units or reviewers:"
                " go on with those, or bring this file as another batch"
            )
        known.apply(batch)
        batch.state = "open"
        self._catch_up()
        return known

    def _bring(self, number: int, lines: list[Line]) -> None:
        """Decide a chunk and send it on its way, unless the log has it."""
        ids = self._desk.find_receipt(self._name(number))
        if ids is not None:
            while self._waiting:
                self._settle()
            self._tell(self._verdicts(number, lines, ids), known=True)
            self._catch_up()
            return
        reading = self._acceptance.read(lines)
        if self._shelf.awaits(reading.wanted):
            while self._waiting:
                self._settle()
        command = self._new_command(self._name(number))
        verdicts = self._acceptance.decide(command, self._batch, reading, number)
        # Dying before its commit leaves nothing of the chunk; after it, the receipt says so.
        self._waiting.append(_Chunk(number, lines, verdicts, self._desk.submit(command)))
        if len(self._waiting) > IN_FLIGHT:
            self._settle()

    def _settle(self) -> None:
        """Wait for the chunk that has been on its way the longest."""
        chunk = self._waiting.popleft()
        try:
            chunk.future.result()
        except IntegrityError:
            # A raw key came in stock from elsewhere, or somebody else brings this batch.
            self._decide_anew([chunk, *self._waiting])
            return
        self._shelf.close(chunk.number)
        self._tell(chunk.verdicts)

    def _decide_anew(self, chunks: list[_Chunk]) -> None:
        """Bring *chunks*, the first of which was refused, one after the other."""
        self._waiting.clear()
        for each in chunks:
            # Those behind it rest on it and are refused too, or are in the log.
            each.future.exception()
            self._shelf.close(each.number)
        for each in chunks:
            self._insist(each.number, each.lines)

    def _insist(self, number: int, lines: list[Line]) -> None:
        reading = self._acceptance.read(lines)
        for _ in range(TRIES):
            self._catch_up()
            ids = self._desk.find_receipt(self._name(number))
            if ids is not None:
                self._tell(self._verdicts(number, lines, ids))
                return
            command = self._new_command(self._name(number))
            verdicts = self._acceptance.decide(command, self._batch, reading, number)
            self._shelf.close(number)
            try:
                self._desk.submit(command).result()
            except IntegrityError:
                continue
            self._tell(verdicts)
            return
        raise ConcurrentChangeError(f"{self._name(number)}: others bring the same keys: try again")

    def _finish(self) -> None:
        command = self._new_command(f"import/{self._batch.id}/end")
        if self._desk.find_receipt(command.id) is None:
            self._catch_up()
            totals = self._totals
            follows = self._batch.follows(command)
            finished = ProductImportFinished(*follows, totals.accepted, totals.rejected)
            self._batch.happen(command, finished)
            self._desk.record(command)

    def _tell(self, verdicts: Sequence[Verdict], *, known: bool = False) -> None:
        self._report(verdicts)
        self._totals.add(verdicts)
        self._totals.known += len(verdicts) if known else 0
        self._on_progress(self._totals)

    def _verdicts(self, number: int, lines: list[Line], ids: Sequence[int]) -> list[Verdict]:
        """Return what the entries of a chunk say of its lines."""
        found: dict[int, Verdict] = {}
        line_of: dict[str, int] = {}
        for each in self._events(ids):
            if isinstance(each, KeyImported) and each.line is not None:
                line_of[each.originator_id] = each.line
                found[each.line] = Verdict(each.line, "accepted", None, each.originator_id)
            elif isinstance(each, KeyQuarantined):
                line = line_of[each.originator_id]
                found[line] = Verdict(line, "quarantined", each.cause, each.originator_id)
            elif isinstance(each, ProductImportLineRejected):
                found[each.line] = Verdict(each.line, "rejected", each.fault)
        if sorted(found) != [line for line, _ in lines]:
            raise OtherFileError(f"{self._name(number)}: is in the log with other lines")
        return [found[line] for line, _ in lines]

    def _events(self, ids: Sequence[int]) -> Iterator[Event]:
        """Give those events of a command that say what became of lines."""
        topics = ("product.import_started", *TOLD)
        stored = self._desk.recorder.select_notifications(
            ids[0], len(ids), stop=ids[-1], topics=topics
        )
        for each in stored:
            event = self._desk.mapper.to_domain_event(each)
            assert isinstance(event, Event)  # noqa: S101 — our own mapper
            yield event

    def _catch_up(self) -> None:
        """Take over how far the batch's stream has come."""
        last = list(self._desk.recorder.select_events(self._batch.id, desc=True, limit=1))
        self._batch.version = last[0].originator_version

    def _name(self, number: int) -> str:
        return f"import/{self._batch.id}/{number}"
