"""The trade that the demo runs: a seeded marketplace, or a real shop's file.

Proved by ``tests/scripts/test_demo.py`` and ``tests/scripts/test_demo_data.py``.
"""

import os
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from time import monotonic
from typing import BinaryIO

from api.bootstrap import Deployment
from chain.errors import ChainError
from domain.command import Command
from domain.credit.rules import NEWEST
from domain.credit.tally import Logged, Tally
from domain.identity.store.http_parties import HttpParties
from domain.market.marketplace import marketplace
from domain.market.reckoning import reckoning
from domain.market.teller import DAY, Teller
from domain.qualification.store.http_operator import HttpOperator
from domain.retail.figures import PUBLISHED
from domain.retail.importing import RetailImport
from domain.retail.report import Progress, Report
from domain.retail.rows import RowError, decompressed, read_rows
from scripts.outcome import InputError
from scripts.sandbox import SandboxProcess
from scripts.screen import Advance

MARKETS = 4
"""Markets that trade at once, in threads of their own, if there are orders enough."""
ORDERS_A_MARKET = 250
ACTIONS_AN_ORDER = 8.3
"""About how many commands an order leads to, for the progress bar."""

BOOK = "retail"


class DataError(InputError):
    """The file is not what the format says; `row` and `column` say where."""

    def __init__(self, path: Path, error: RowError) -> None:
        """Put the file's name before what is wrong."""
        super().__init__(
            f"{path}: {error}; nothing of that invoice was recorded: mend the file, then run"
            " the same command again"
        )
        self.row = error.row
        self.column = error.column


@dataclass(frozen=True, slots=True)
class Traded:
    """What a trade has come to."""

    commands: int
    events: int
    """That it wrote; those of a repeated import were there before."""
    seconds: float
    report: Report | None = None
    expected: dict[str, int] = field(default_factory=dict)
    """The figures that the published file must reproduce; none for any other file."""


def run_market(ledger: Deployment, orders: int, advance: Advance) -> Traded:
    """Let seeded markets with *orders* orders in all trade; each run has seeds of its own."""
    count = max(1, min(MARKETS, orders // ORDERS_A_MARKET))
    first = next_seed(ledger, count)
    shares = [orders // count + (number < orders % count) for number in range(count)]
    before, began = ledger.reader.size(), monotonic()
    trade, vault, done, stop = ledger.trade, ledger.vault, [0] * count, Event()
    ends = [0] * count

    def run(number: int, parties: HttpParties, operator: HttpOperator) -> None:
        for action in marketplace(first + number, shares[number], parties, operator, ledger.issuer):
            if stop.is_set():
                return
            action.perform(trade, vault)
            done[number] += 1
            ends[number] = max(ends[number], action.at)
            if number == 0:
                rate = sum(done) / (monotonic() - began)
                part = min(sum(done) / (orders * ACTIONS_AN_ORDER), 0.99)
                advance(part, f"{sum(done):,} commands, {rate:,.0f}/s")

    with SandboxProcess() as sandbox, ThreadPoolExecutor(count) as pool:
        parties = HttpParties.at(sandbox.endpoint)
        operator = HttpOperator.at(sandbox.endpoint)
        try:
            for each in [pool.submit(run, number, parties, operator) for number in range(count)]:
                each.result()
        finally:
            # Stopped by hand, or one has failed: the others end after what they are doing.
            stop.set()
    reckoned = reckon(ledger, Teller(first, "reckoning", max(ends) + DAY))
    events = ledger.reader.size() - before
    return Traded(sum(done) + reckoned, events, monotonic() - began)


def reckon(ledger: Deployment, teller: Teller) -> int:
    """Score the merchants on the whole log, and sanction what it shows; return the commands.

    A log that cannot be read to its end scores nobody: the demo's audit says what is wrong.
    """
    tally = Tally(NEWEST)
    stolen: list[int] = []
    late: list[int] = []
    try:
        for each in ledger.reader.entries(0, ledger.reader.size()):
            tally.take(Logged.read(each.leaf_index, each.entry))
            if each.type == "key.quarantined":
                stolen.append(each.leaf_index)
            elif each.type == "dispute.opened":
                late.append(each.leaf_index)
    except ChainError:
        return 0
    commands = 0
    for action in reckoning(teller, tally, stolen[:3], late[:3]):
        action.perform(ledger.trade, ledger.vault)
        commands += 1
    return commands


def next_seed(ledger: Deployment, count: int) -> int:
    """Return the first of *count* seeds that no market in this log has had."""
    seed = 1
    while any(ledger.reader.receipt(f"mk{seed + n}/shop/0/1") for n in range(count)):
        seed += 1
    return seed


def run_import(ledger: Deployment, path: Path, advance: Advance) -> Traded:
    """Import the Online Retail file at *path*, streamed; what is in the log already stays.

    Raises:
        DataError: a row of the file is wrong; whole invoices before it stay.
        RecordConflictError: the log holds another file's import.
    """
    before, began, commands = ledger.reader.size(), monotonic(), 0
    size = max(path.stat().st_size, 1)
    with _opened(path) as (stream, raw):

        def tell(at: Progress) -> None:
            rate = at.events / (monotonic() - began)
            words = f"{at.rows:,} rows, {at.events:,} events, {rate:,.0f}/s"
            advance(min(raw.tell() / size, 0.99), words)

        def submit(command: Command) -> "Future[list[int]]":
            nonlocal commands
            commands += 1
            return ledger.trade.submit(command)

        book = RetailImport(
            submit, ledger.vault, ledger.secret("import"), book=BOOK, on_progress=tell
        )
        try:
            report = book.run(read_rows(stream))
        except RowError as error:
            raise DataError(path, error) from error
    seconds = monotonic() - began
    figures = report.figures
    is_published = figures["rows"] == PUBLISHED["rows"]
    expected = PUBLISHED if is_published else {"closing_sum": figures["control_total"]}
    return Traded(commands, ledger.reader.size() - before, seconds, report, dict(expected))


@contextmanager
def _opened(path: Path) -> Iterator[tuple[BinaryIO, BinaryIO]]:
    """Give the content of *path* and the file below it, whose position tells how far we are."""
    with path.open("rb") as raw:
        if path.suffixes[-1:] == [".xz"]:
            with decompressed(raw) as stream:
                yield stream, raw
        else:
            yield raw, raw


def folder_size(folder: Path) -> int:
    """Return the bytes that *folder* takes on disk."""
    total = 0
    for root, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(root, name)).st_blocks * 512  # noqa: PTH118 — a million files
            except FileNotFoundError:
                continue  # a temporary or superseded file that has gone meanwhile
    return total
