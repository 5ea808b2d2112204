"""``xiyou bench evidence``: what it costs to export a dispute and to verify what comes out.

Floor: reading the entries of the dispute's package and their proofs, from the same log. The
page is timed in Chromium where there is one, on a package of 1,000 events; it is left out
where there is none. Every round measures each figure and the floor once, in turns.
"""

import sys
from contextlib import ExitStack
from datetime import UTC, datetime
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any

from api.bootstrap import Deployment
from api.exporting.making import Request, make_package, write_package
from api.exporting.published import published_up_to
from api.settings import load_settings
from chain.evidence.archive import read_archive
from chain.evidence.claims import published
from chain.evidence.names import PAGE
from chain.evidence.verification import Source, Trust, verify_package
from domain.evidence.exporting import Approval
from domain.evidence.hiding import disclose
from domain.evidence.selection import Selection, select_dispute
from scripts import browser
from scripts.bench.evidence_page import milliseconds_of
from scripts.bench.machine import Rounds, machine, timed
from scripts.migrate import migrate
from scripts.trading import run_market

ORDERS, QUICK_ORDERS = 200, 40
ROUNDS, QUICK_ROUNDS = 15, 3
DISPUTE_EVENTS = 20
PAGE_EVENTS = 1_000
TOOL = {"name": "bench", "sha256": None, "version": "1"}


def run(*, quick: bool = False) -> dict[str, object]:
    """Return figures, floors and ratios."""
    rounds = Rounds()
    with ExitStack() as stack:
        home = Path(stack.enter_context(TemporaryDirectory()))
        ledger = stack.enter_context(Deployment(load_settings({}, home), migrate))
        before = machine(ledger.database)
        run_market(ledger, QUICK_ORDERS if quick else ORDERS, lambda *_: None)
        published_up_to(ledger, ledger.reader.size())
        dispute, entries = _dispute(ledger)
        policy = ledger.policy().to_bytes()
        program = _standalone(home)
        for _ in range(QUICK_ROUNDS if quick else ROUNDS):
            _measure(ledger, dispute, policy, program, rounds)
        page = _page(ledger, policy, quick=quick) if browser.PROGRAM else None
    ratios = rounds.ratios({"export_vs_reads": ("export_ms", "reads_ms")})
    for name in ("verify_ms", "verify_py_ms"):
        ratios[name] = round(rounds.median(name), 2)
    if page is not None:
        ratios["page_1000_ms"] = page
    return {
        "bench": "evidence",
        "machine": before,
        "entries": entries,
        "floors": rounds.summary(["reads_ms"]),
        "results": rounds.summary(["export_ms", "verify_ms", "verify_py_ms"]),
        "ratios": ratios,
    }


def _measure(
    ledger: Deployment, dispute: str, policy: bytes, program: ModuleType, rounds: Rounds
) -> None:
    package = b""

    def export() -> None:
        nonlocal package
        _, package, _ = make_package(ledger, _request(dispute), datetime.now(UTC))

    rounds.add("export_ms", timed(export) * 1_000)
    rounds.add("reads_ms", timed(lambda: _read(ledger, dispute)) * 1_000)
    trust = Trust(policy=policy)
    rounds.add("verify_ms", timed(lambda: _check(package, trust)) * 1_000)
    options = program.argparse.Namespace(
        policy=policy,
        policy_read=program.Policy(policy),
        roots=None,
        known=None,
        known_checkpoint=None,
        known_proof_read=None,
        receipts_read=[],
        now=None,
        allow_test_authority=False,
        is_from_package=False,
        verifier=TOOL,
    )
    rounds.add("verify_py_ms", timed(lambda: program.verify(package, options)) * 1_000)


def _check(package: bytes, trust: Trust) -> None:
    report = verify_package(Source(package), trust, TOOL)
    assert report["colour"] == "yellow", report  # noqa: S101 — a benchmark of the good case


def _read(ledger: Deployment, dispute: str) -> None:
    """Read the dispute's entries and their proofs: what an export cannot do without."""
    log: Any = ledger.trade.recorder
    size = ledger.prover.checkpoint()[0].size
    for index in select_dispute(log, dispute, size).entries:
        ledger.prover.prove(index, size)


def _dispute(ledger: Deployment) -> tuple[str, int]:
    """Return the dispute whose package has nearest to 20 entries, and how many it has."""
    log: Any = ledger.trade.recorder
    found = log.select_notifications(1, 100_000, topics=["ruling.issued"])
    sizes = {
        str(each.originator_id): len(
            select_dispute(log, str(each.originator_id), ledger.reader.size()).entries
        )
        for each in found
    }
    return min(sizes.items(), key=lambda each: abs(each[1] - DISPUTE_EVENTS))


def _request(dispute: str | None) -> Request:
    return Request(None, dispute, None, (), "bench", Approval(), None, None)


def _page(ledger: Deployment, policy: bytes, *, quick: bool) -> float:
    """Return the milliseconds that the page takes for a package of 1,000 events."""
    log: Any = ledger.trade.recorder
    entries: dict[int, bytes] = {}
    for each in log.select_notifications(1, 100_000, topics=["order.placed"]):
        entries |= dict(log.select_history(str(each.originator_id)))
        if len(entries) >= PAGE_EVENTS:
            break
    selection = Selection(entries, ledger.reader.size())
    disclosure = disclose(log, selection, [], lambda _: True, None)
    request = Request(None, None, "bench", (), "bench", Approval(), "bench", None)
    _, package, _ = write_package(ledger, request, disclosure, datetime.now(UTC))
    enclosed = read_archive(package)[PAGE]
    taken = milliseconds_of(enclosed, policy, 2 if quick else 5)
    return round(sorted(taken)[len(taken) // 2] * PAGE_EVENTS / len(entries), 1)


def _standalone(folder: Path) -> ModuleType:
    path = folder / "verify.py"
    path.write_bytes(published("verify.py.txt"))
    spec = spec_from_file_location("benchmarked_verify", path)
    assert spec is not None  # noqa: S101 — the file is there
    assert spec.loader is not None  # noqa: S101 — the file is there
    module = module_from_spec(spec)
    sys.modules["benchmarked_verify"] = module
    spec.loader.exec_module(module)
    return module
