"""``xiyou import``: bring a file of raw keys into stock, and check what is in stock.

Proved by ``tests/scripts/test_import_keys.py``.
"""

import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic, time
from typing import Annotated, Any, BinaryIO, Final, NamedTuple

import typer

from api.bootstrap import Deployment
from domain.command import Command
from domain.errors import Refusal
from domain.event import Event, Meta
from domain.identifiers import RANDOM_BITS, check, derive, make
from domain.keys.acceptance import Verdict
from domain.keys.conservation import Conservation
from domain.keys.content import digest_of
from domain.keys.importing import KeyImport, Totals
from domain.keys.intake import Upload
from domain.keys.key import KEY_TABLE
from domain.keys.stock import FINGERPRINTS, PLATFORM_KEYS, rebuilt, rows_by_key
from scripts.deploying import deployment
from scripts.memory import peak_memory
from scripts.options import Home, Json
from scripts.outcome import Exit, InputError, Outcome
from scripts.screen import Advance, Screen

app = typer.Typer(
    help="Bring a file of raw keys into stock, and check what is in stock.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

PAGE: Final = 5_000
LISTED_AT_ONCE: Final = 500
CHECKED: Final = (*KEY_TABLE, "product.import_line_rejected", "product.import_finished")

File = Annotated[
    Path,
    typer.Argument(
        help="Raw keys, one a line, in UTF-8.", exists=True, dir_okay=False, readable=True
    ),
]


@app.command()
def keys(  # noqa: PLR0913, PLR0917 — the options of one command
    file: File,
    merchant: Annotated[str, typer.Option(help="Whose keys they are.")],
    product: Annotated[str, typer.Option(help="Identifier of the product they are keys of.")],
    batch: Annotated[
        str | None,
        typer.Option(help="Identifier of the batch. Default: what follows from the file itself."),
    ] = None,
    units: Annotated[int, typer.Option(help="Units of each key.", min=1, max=10_000)] = 1,
    reviewer: Annotated[
        list[str] | None,
        typer.Option(help="One of the two of staff who let raw keys that are dead come back."),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(help="Write what became of each line to this CSV file.", dir_okay=False),
    ] = None,
    home: Home = None,
    *,
    list_them: Annotated[
        bool, typer.Option("--list", help="Then put on the shelf what may be listed.")
    ] = False,
    as_json: Json = False,
) -> Outcome:
    """Bring a file of raw keys into stock; run it again after an interruption, and it goes on.

    Raw keys are sealed as they are read and stand in no report, message or log.
    """
    if not file.is_file():
        raise InputError(f"{file}: is read twice, so it must be a file and no pipe")
    if report is not None and report.exists() and report.samefile(file):
        raise InputError("--report: is the file of raw keys itself: name another")
    screen, began = Screen(as_json=as_json), monotonic()
    with deployment(home) as ledger, file.open("rb") as opened:
        name = check(batch, "bat") if batch else _default_batch(ledger, opened, merchant, product)
        upload = Upload(
            name, merchant, product, (), units, listed=False, reviewers=tuple(reviewer or ())
        )
        screen.say(f"batch {name}: after an interruption, run the same command again")
        with screen.progress("import") as advance, _report(report) as tell:
            pace = Pace(opened, file.stat().st_size, advance)
            bringing = KeyImport(
                ledger.trade,
                ledger.index_ring,
                commands(ledger, merchant),
                new_key,
                report=tell,
                on_progress=pace.told,
            )
            totals = bringing.run(upload, opened)
        times = Times(monotonic() - began, monotonic() - pace.new_since)
        listed, left = list_keys(ledger, merchant, name) if list_them else (0, None)
    return _outcome(name, totals, times, (listed, left), list_them=list_them)


@app.command("check")
def check_stock(home: Home = None, *, as_json: Json = False) -> Outcome:
    """Compute the registers of raw keys again from the log, and balance every batch."""
    del as_json
    with deployment(home) as ledger:
        fold = Conservation()
        tables = rebuilt(_folded(ledger, fold))
        found = {}
        for register in (FINGERPRINTS, PLATFORM_KEYS):
            kept = rows_by_key(register, ledger.trade.rows_of(register))
            wanted = tables[register.name]
            differing = [key for key in kept.keys() | wanted if kept.get(key) != wanted.get(key)]
            found[register.name] = {"rows": len(wanted), "differing": len(differing)}
    unbalanced = [each.batch for each in fold.unbalanced()]
    good = not unbalanced and not any(each["differing"] for each in found.values())
    facts = {"ok": good, **found, "batches": len(fold.batches), "unbalanced": unbalanced}
    words = "\n".join(
        [
            f"{name}: {each['rows']:,} rows, {each['differing']} differ"
            for name, each in found.items()
        ]
        + [f"batches: {len(fold.batches):,}, {len(unbalanced)} do not balance"]
    )
    return Outcome(facts, words, Exit.GOOD if good else Exit.UNTRUE)


def commands(ledger: Deployment, merchant: str) -> Callable[[str], Command]:
    """Return what makes the commands of a merchant's file."""
    vault = ledger.vault

    def make_command(command_id: str) -> Command:
        meta = Meta(
            actor=merchant,
            role="merchant",
            source="cli",
            channel="file",
            command_id=command_id,
            correlation_id=command_id,
        )
        return Command(meta, vault, secrets.token_bytes)

    return make_command


def new_key(_: int) -> str:
    """Return a new key's identifier."""
    return make("key", int(time() * 1000), secrets.randbits(RANDOM_BITS))


def list_keys(ledger: Deployment, merchant: str, batch: str) -> tuple[int, str | None]:
    """List the keys of *batch* as far as they may be; return how many, and why not the others."""
    trade, new = ledger.trade, commands(ledger, merchant)
    listed, reason, run = 0, None, secrets.token_hex(8)
    for number, some in enumerate(_keys_of(ledger, batch)):
        try:
            listed += len(trade.list_batch(new(f"list/{batch}/{run}/{number}"), some, _now()))
        except Refusal as error:
            reason = reason or str(error)
    return listed, reason


def _keys_of(ledger: Deployment, batch: str) -> Iterator[list[str]]:
    """Give the keys of a batch that is at its end, some at a time, in the log's order."""
    trade = ledger.trade
    first, last = (trade.find_receipt(f"import/{batch}/{each}") for each in ("start", "end"))
    assert first is not None  # noqa: S101 — the import has ended
    assert last is not None  # noqa: S101 — see above
    start = first[0]
    while page := trade.recorder.select_notifications(
        start, LISTED_AT_ONCE, stop=last[0], topics=["key.imported"]
    ):
        events = [trade.mapper.to_domain_event(each) for each in page]
        ours = [each.originator_id for each in events if getattr(each, "batch", None) == batch]
        if ours:
            yield [str(each) for each in ours]
        start = page[-1].id + 1


def _folded(ledger: Deployment, fold: Conservation) -> Iterator[Event]:
    """Give the events that the checks rest on, each after *fold* has taken it."""
    trade, start = ledger.trade, 1
    while page := trade.recorder.select_notifications(start, PAGE, topics=CHECKED):
        for each in page:
            event = trade.mapper.to_domain_event(each)
            assert isinstance(event, Event)  # noqa: S101 — our own mapper
            fold.take(event)
            yield event
        start = page[-1].id + 1


def _default_batch(ledger: Deployment, file: BinaryIO, merchant: str, product: str) -> str:
    """Return the identifier that follows from the file: the same file is the same batch."""
    names = []
    for key in ledger.index_ring.keys:
        digest = digest_of(file, f"{merchant}/{product}", key)
        names.append(derive("bat", 0, digest))
    # During a rotation of the index key: what was begun under the old one goes on.
    begun = [each for each in names if ledger.trade.find_receipt(f"import/{each}/start")]
    return [*begun, *names][0]


class Times(NamedTuple):
    """Seconds of a run: all, and since the first line that was new to the log."""

    all: float
    new: float


class Pace:
    """How fast lines go in, apart from those that the log had before.

    Args:
        file: being read.
        size: its bytes.
        advance: shows it.
    """

    def __init__(self, file: BinaryIO, size: int, advance: Advance) -> None:
        self._file = file
        self._size = max(size, 1)
        self._advance = advance
        self.new_since = monotonic()

    def told(self, totals: Totals) -> None:
        """Show how far the import is."""
        if totals.known == totals.lines:
            self.new_since = monotonic()
        done = min(self._file.tell() / self._size, 0.99)
        rate = (totals.lines - totals.known) / max(monotonic() - self.new_since, 1e-9)
        self._advance(done, f"{totals.lines:,} lines, {totals.rejected:,} rejected, {rate:,.0f}/s")


@contextmanager
def _report(path: Path | None) -> Iterator[Callable[[Sequence[Verdict]], None]]:
    """Give what writes verdicts; the report has its name once it is whole."""
    if path is None:
        yield lambda _: None
        return
    part = path.with_name(f"{path.name}.part")
    with part.open("w", encoding="ascii", newline="") as written:
        written.write("line,outcome,reason,key\r\n")

        def tell(verdicts: Sequence[Verdict]) -> None:
            written.writelines(
                f"{line},{outcome},{reason or ''},{key or ''}\r\n"
                for line, outcome, reason, key in verdicts
            )

        yield tell
        written.flush()
        os.fsync(written.fileno())
    part.replace(path)


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _outcome(
    batch: str,
    totals: Totals,
    times: Times,
    listing: tuple[int, str | None],
    *,
    list_them: bool,
) -> Outcome:
    listed, left = listing
    brought = totals.lines - totals.known
    facts: dict[str, Any] = {
        "ok": True,
        "batch": batch,
        "lines": totals.lines,
        "accepted": totals.accepted,
        "quarantined": totals.quarantined,
        "rejected": totals.rejected,
        "known_before": totals.known,
        "seconds": round(times.all, 3),
        "new_seconds": round(times.new, 3),
        "lines_per_second": round(brought / max(times.new, 1e-9)),
        "peak_mb": round(peak_memory() / 2**20),
    }
    keys = f"{totals.accepted:,} keys, {totals.quarantined:,} of them set aside"
    words = [
        f"{batch}: {totals.lines:,} lines in {times.all:.1f} s",
        f"  {keys}; {totals.rejected:,} lines rejected",
    ]
    if totals.known:
        words.append(f"  {totals.known:,} lines were in the log before this run")
    if list_them:
        facts |= {"listed": listed, "not_listed_because": left}
        words.append(f"  {listed:,} on the shelf{f'; not the others: {left}' if left else ''}")
    return Outcome(facts, "\n".join(words))
