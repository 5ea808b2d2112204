"""``xiyou evidence export``: one file about one matter that a court can check without us.

The manifest is composed from the log at one signed checkpoint, its issuing is recorded, and
the package is written once a later checkpoint proves that record (``evidence.md``, 2.2). A
crash before the record leaves nothing; a crash after it leaves an issued number without a
file, and the next run issues another number. What was issued is kept without its opened
values, and rebuilt with them on request. Proved by ``tests/scripts/test_evidence.py``.
"""

import secrets
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic, sleep
from typing import Annotated, Any

import typer

from api.bootstrap import Deployment
from chain.checkpoint import Checkpoint
from chain.entry import format_at
from chain.evidence.consistency_file import ConsistencyFile
from chain.evidence.digests import sha256_hex, sm3_hex
from chain.evidence.kept import kept_form
from chain.evidence.writing import Issue, Parts, bundle_of, facts_of, members_of, package_of
from chain.hashes import TreeHash
from chain.store.files import LockedError, MissingFileError, write_private
from chain.store.forgetting import owners_of
from chain.store.stream_index.stored_log import Committed
from chain.tlog_proof import TlogProof
from domain.command import Command
from domain.event import Meta
from domain.evidence.composing import Signed, compose, parties_of, subject_of
from domain.evidence.exporting import Approval, Manifest, check_approval
from domain.evidence.hiding import Disclosure, disclose, hidden_in, read_place
from domain.evidence.package import EvidencePackage
from domain.evidence.selection import (
    Selection,
    select_dispute,
    select_order,
    select_stream,
)
from domain.identifiers import check
from domain.identity.standing import duty_over
from scripts.certifying import Certifier, certify, print_record
from scripts.custody import Extraction, statement_of
from scripts.dating import collect_stamps, stamp_of
from scripts.deploying import deployment
from scripts.heads import committed_for, heads_under
from scripts.issued import kept_path, rebuild_package
from scripts.options import Home, Json
from scripts.outcome import InputError, Outcome

app = typer.Typer(
    help="Evidence packages: make one that can be checked without us.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)

PUBLISHER_SECONDS = 60
"""So long a publisher that runs elsewhere may take."""


app.command("certificate")(certify)
app.command("record")(print_record)


@app.callback()
def evidence() -> None:
    """Evidence packages: make one that can be checked without us."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be exported, and by whom."""

    order: str | None
    dispute: str | None
    stream: str | None
    places: tuple[str, ...]
    actor: str
    approval: Approval
    subject: str | None
    court_case: str | None


class NotPublishedError(MissingFileError):
    """The log is not published far enough, and nobody publishes it."""


@app.command()
def export(  # noqa: PLR0913, PLR0917 — each is an option of the command
    order: Annotated[str | None, typer.Option(help="The order ord_... and all about it.")] = None,
    dispute: Annotated[
        str | None, typer.Option(help="The dispute dsp_..., with its order.")
    ] = None,
    stream: Annotated[str | None, typer.Option(help="One stream, whole.")] = None,
    opened: Annotated[
        list[str] | None,
        typer.Option(
            "--open",
            metavar="POINTER",
            help="Open the hidden value at this place: /data/text, or 12/data/text in one entry.",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="The file to write; default: NUMBER.zip.", dir_okay=False)
    ] = None,
    actor: Annotated[str, typer.Option("--by", help="Who exports, by staff id.")] = "operator",
    approver: Annotated[
        str | None, typer.Option("--approved-by", help="The second person, for --open.")
    ] = None,
    reason: Annotated[
        str | None, typer.Option(help="Why it may be opened, such as a court's order.")
    ] = None,
    subject: Annotated[str | None, typer.Option(help="The matter in one sentence.")] = None,
    court_case: Annotated[str | None, typer.Option("--case", help="The court's number.")] = None,
    home: Home = None,
    *,
    with_certificate: Annotated[
        bool, typer.Option("--certificate/--no-certificate", help="Enclose a sealed certificate.")
    ] = True,
    as_json: Json = False,
) -> Outcome:
    """Write an evidence package about an order, a dispute or a stream."""
    del as_json
    if sum(each is not None for each in (order, dispute, stream)) != 1:
        raise InputError("--order, --dispute, --stream: give one of them")
    request = Request(
        order,
        dispute,
        stream,
        tuple(opened or ()),
        actor,
        Approval(approver, reason),
        subject,
        court_case,
    )
    with deployment(home) as ledger:
        certifier = Certifier(ledger) if with_certificate else None
        number, package, parts = make_package(ledger, request, datetime.now(UTC), certifier)
    path = out or Path(f"{number}.zip")
    path.write_bytes(package)
    return _outcome(path, number, package, parts)


@app.command()
def rebuild(
    number: Annotated[str, typer.Argument(help="The package: EV-20261122-000001.")],
    out: Annotated[
        Path | None, typer.Option(help="The file to write; default: NUMBER.zip.", dir_okay=False)
    ] = None,
    home: Home = None,
    *,
    as_json: Json = False,
) -> Outcome:
    """Write an issued package again, to the byte, unless a value that it shows was erased."""
    del as_json
    with deployment(home) as ledger:
        package = rebuild_package(ledger, number)
    path = out or Path(f"{number}.zip")
    path.write_bytes(package)
    facts = {"ok": True, "number": number, "out": str(path), "sha256": sha256_hex(package)}
    return Outcome(facts, f"{path}: package {number} as it was issued, {len(package):,} bytes")


def make_package(
    ledger: Deployment, request: Request, now: datetime, certifier: Certifier | None = None
) -> tuple[str, bytes, Parts]:
    """Compose, record and write the package; return its number, its bytes and its parts.

    Args:
        ledger: it is from.
        request: what is asked for.
        now: the moment.
        certifier: makes the certificate; None leaves it out.

    Raises:
        Refusal: a rule of the business forbids it; nothing was recorded.
        NotPublishedError: the log is not published up to what is needed.
    """
    disclosure = look_up(ledger, request)
    committed = committed_for(ledger, disclosure.selection)
    if committed is not None and committed.commitment.size > disclosure.selection.size:
        # The matter may have gone on meanwhile: it is shown as it was when committed.
        disclosure = look_up(ledger, request, committed.commitment.size)
    return write_package(ledger, request, disclosure, now, committed, certifier)


def write_package(
    ledger: Deployment,
    request: Request,
    disclosure: Disclosure,
    now: datetime,
    committed: Committed | None = None,
    certifier: Certifier | None = None,
) -> tuple[str, bytes, Parts]:
    """Do the same for what was looked up; *committed* says where its histories end.

    Raises:
        Refusal: a rule of the business forbids it; nothing was recorded.
        NotPublishedError: the log is not published up to what is needed.
    """
    indexed = -1 if committed is None else committed.leaf_index
    newest = max(indexed, *disclosure.selection.entries)
    checkpoint, note = published_up_to(ledger, newest + 1)
    stamps = collect_stamps(ledger, disclosure.selection.entries, checkpoint, note)
    number = _next_number(ledger, now)
    contents = [
        ledger.vault.open(bytes.fromhex(each)).content for each in sorted(disclosure.opened)
    ]
    parts = compose(
        disclosure,
        Signed(checkpoint, note, ledger.policy().to_bytes(), stamps),
        statement_of(extraction_of(ledger, request, disclosure, number, now)),
        lambda index: hashes_of(ledger, index, checkpoint.size),
        contents,
        committed and heads_under(ledger, disclosure.selection, committed, checkpoint.size),
    )
    files = facts_of(parts)
    bundle = bundle_of(parts, files)
    index = _record(ledger, request, number, bundle, checkpoint.size, len(contents))
    # A crash here leaves a number that was issued and a file that was not: see the head.
    later, later_note = published_up_to(ledger, index + 1)
    proof = TlogProof.parse(ledger.prover.prove(index, later.size))
    consistency = ledger.prover.prove_consistency(checkpoint.size, later.size)
    issue = Issue(
        entry=proof.extra or b"",
        proof=TlogProof(index, proof.hashes, later_note).to_bytes(),
        consistency=ConsistencyFile(checkpoint.size, later.size, tuple(consistency)).to_bytes(),
        stamp=stamp_of(ledger, bundle),
    )
    if certifier is not None:
        issue = replace(issue, certificate=certifier.certificate(members_of(files, bundle, issue)))
    package = package_of(files, bundle, issue)
    # Kept before it is handed out: a crash here leaves a package that can be rebuilt.
    write_private(kept_path(ledger, number), kept_form(package))
    return number, package, parts


def look_up(ledger: Deployment, request: Request, size: int | None = None) -> Disclosure:
    """Return what is shown, and what of the hidden values is opened.

    Args:
        ledger: the log.
        request: what is asked for.
        size: of the log that is looked at; all of it by default.

    Raises:
        Refusal: there is no such matter, or an opening lacks what it takes.
    """
    places = [read_place(each) for each in request.places]
    if places:
        check_approval(request.actor, request.approval)
    log, size = ledger.trade.recorder, size or ledger.reader.size()
    selection: Selection
    if request.order is not None:
        selection = select_order(log, check(request.order, "ord"), size)  # type: ignore[arg-type] # ours
    elif request.dispute is not None:
        selection = select_dispute(log, check(request.dispute, "dsp"), size)  # type: ignore[arg-type] # ours
    else:
        selection = select_stream(log, request.stream or "", size)  # type: ignore[arg-type] # ours

    digests = {bytes.fromhex(digest) for digest, _, _ in hidden_in(selection)}
    owners = {each.hex(): owner for each, owner in owners_of(ledger.database, digests).items()}

    def duty(digest: str) -> str | None:
        return duty_over(ledger.trade, owners[digest])

    basis = request.approval.basis
    return disclose(log, selection, places, owners.__contains__, basis, duty)  # type: ignore[arg-type] # ours


def published_up_to(ledger: Deployment, size: int) -> tuple[Checkpoint, bytes]:
    """Return the newest checkpoint once it covers *size* entries, and publish if nobody does.

    Raises:
        NotPublishedError: a publisher runs elsewhere and does not get there.
    """
    ends = monotonic() + PUBLISHER_SECONDS
    while True:
        try:
            checkpoint, note = ledger.prover.checkpoint()
            if checkpoint.size >= size:
                return checkpoint, note
        except MissingFileError:
            pass
        if monotonic() > ends:
            raise NotPublishedError(
                f"size {size}: is not published yet: see that xiyou publish works and that the"
                " witnesses answer, and export again"
            )
        # Another process may publish here, and witnesses may take their time.
        with suppress(LockedError):
            ledger.publisher.publish_once()
        if _published_size(ledger) < size:
            sleep(0.2)


def _published_size(ledger: Deployment) -> int:
    try:
        return ledger.prover.checkpoint()[0].size
    except MissingFileError:
        return 0


def hashes_of(ledger: Deployment, index: int, size: int) -> tuple[TreeHash, ...]:
    """Return the inclusion proof of the entry at *index* in the tree of *size* leaves."""
    return TlogProof.parse(ledger.prover.prove(index, size)).hashes


def _record(
    ledger: Deployment, request: Request, number: str, bundle: bytes, size: int, opened: int
) -> int:
    """Record that the package is issued; return the record's leaf index."""
    command_id = f"evidence/{number}"
    meta = Meta(
        actor=request.actor,
        role="staff",
        source="xiyou",
        channel="cli",
        command_id=command_id,
        correlation_id=command_id,
    )
    manifest = Manifest(number, sha256_hex(bundle), sm3_hex(bundle), size, opened)
    command = Command(meta, ledger.vault, secrets.token_bytes)
    ids = ledger.trade.export_evidence(command, manifest, request.approval)
    return ids[-1] - 1


def _next_number(ledger: Deployment, now: datetime) -> str:
    """Return the first number of the day that is free; whoever is faster takes it."""
    taken = {
        str(each.originator_id)
        for each in ledger.trade.recorder.select_notifications(
            1, 1_000_000, topics=["evidence.exported"]
        )
    }
    count = 1
    while f"{EvidencePackage.PREFIX}EV-{now:%Y%m%d}-{count:06d}" in taken:
        count += 1
    return f"EV-{now:%Y%m%d}-{count:06d}"


def extraction_of(
    ledger: Deployment, request: Request, disclosure: Disclosure, number: str, now: datetime
) -> Extraction:
    """Return what the statement and the extraction record are made from."""
    selection = disclosure.selection
    with ledger.database.connect() as connection:
        row = connection.execute("SELECT current_setting('server_version')").fetchone()
    return Extraction(
        number=number,
        now=format_at(now),
        origin=ledger.origin,
        database_version=str(row[0]) if row else "unknown",
        subject=request.subject or subject_of(selection, request.stream),
        matter={
            "order": selection.order,
            "dispute": selection.dispute,
            "court_case": request.court_case,
        },
        parties=parties_of(selection),
        actor=request.actor,
        approval=request.approval,
        hidden=disclosure.hidden,
        entries=[len(each) for each in selection.entries.values()],
    )


def _outcome(path: Path, number: str, package: bytes, parts: Parts) -> Outcome:
    states = [each.state for each in parts.hidden]
    facts: dict[str, Any] = {
        "ok": True,
        "number": number,
        "out": str(path),
        "bytes": len(package),
        "sha256": sha256_hex(package),
        "entries": len(parts.entries),
        "checkpoint_size": parts.checkpoint.size,
        "hidden": {state: states.count(state) for state in sorted(set(states))},
        "rules": len(parts.rules),
        "heads": None if parts.heads is None else parts.heads.commitment.index,
    }
    told = ", ".join(f"{count} {state}" for state, count in facts["hidden"].items()) or "none"
    words = (
        f"{path}: package {number}, {len(parts.entries)} entries under size"
        f" {parts.checkpoint.size}, hidden values: {told}, {len(package):,} bytes\n"
        f"{_ends(parts)}"
        f"  check it with: xiyou verify {path} --policy FILE\n"
        "  a copy that is handed out is beyond our reach: an erasure later does not reach it"
    )
    return Outcome(facts, words)


def _ends(parts: Parts) -> str:
    if parts.heads is not None:
        return f"  where its histories end was committed in entry {parts.heads.commitment.index}\n"
    return (
        "  no head index: whether more events follow is not shown; see that xiyou index run"
        " works, and export again\n"
    )
