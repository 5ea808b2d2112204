"""Making an evidence package: composed, recorded, and written once the record is proved.

The manifest is composed from the log at one signed checkpoint, its issuing is recorded, and
the package is written once a later checkpoint proves that record (``evidence.md``, 2.2). A
crash before the record leaves nothing; a crash after it leaves an issued number without a
file, and the next run issues another number. What was issued is kept without its opened
values, and rebuilt with them on request. ``tests/scripts/test_evidence.py``.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from api.bootstrap import Deployment
from api.exporting.certifying import Certifier
from api.exporting.custody import Extraction, statement_of
from api.exporting.dating import collect_stamps, stamp_of
from api.exporting.heads import committed_for, heads_under
from api.exporting.issued import kept_path, note_matter
from api.exporting.published import hashes_of, published_up_to
from chain.entry import format_at
from chain.evidence.consistency_file import ConsistencyFile
from chain.evidence.digests import sha256_hex, sm3_hex
from chain.evidence.kept import kept_form
from chain.evidence.writing import Issue, Parts, bundle_of, facts_of, members_of, package_of
from chain.store.files import write_private
from chain.store.forgetting import owners_of
from chain.store.stream_index.stored_log import Committed
from chain.tlog_proof import TlogProof
from domain.command import Command
from domain.errors import NotFoundError
from domain.event import Meta
from domain.evidence.composing import Signed, compose, parties_of, subject_of
from domain.evidence.exporting import Approval, Manifest, check_approval
from domain.evidence.hiding import Disclosure, Place, disclose, hidden_in, read_place
from domain.evidence.package import EvidencePackage
from domain.evidence.selection import (
    Selection,
    select_dispute,
    select_order,
    select_stream,
)
from domain.identifiers import check
from domain.identity.standing import duty_over


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
    values: tuple[str, ...] = ()
    """Digests of hidden values that are to be opened wherever they stand in the matter."""

    @property
    def matter(self) -> str:
        """What it is about: an order, a dispute or a stream."""
        return self.order or self.dispute or self.stream or ""


def make_package(
    ledger: Deployment,
    request: Request,
    now: datetime,
    certifier: Certifier | None = None,
    command: Command | None = None,
) -> tuple[str, bytes, Parts]:
    """Compose, record and write the package; return its number, its bytes and its parts.

    Args:
        ledger: it is from.
        request: what is asked for.
        now: the moment.
        certifier: makes the certificate; None leaves it out.
        command: that the issuing is recorded with; by default one of the command line.

    Raises:
        Refusal: a rule of the business forbids it; nothing was recorded.
        NotPublishedError: the log is not published up to what is needed.
    """
    disclosure = look_up(ledger, request)
    committed = committed_for(ledger, disclosure.selection)
    if committed is not None and committed.commitment.size > disclosure.selection.size:
        # The matter may have gone on meanwhile: it is shown as it was when committed.
        disclosure = look_up(ledger, request, committed.commitment.size)
    return write_package(ledger, request, disclosure, now, committed, certifier, command)


def write_package(
    ledger: Deployment,
    request: Request,
    disclosure: Disclosure,
    now: datetime,
    committed: Committed | None = None,
    certifier: Certifier | None = None,
    command: Command | None = None,
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
    manifest = Manifest(number, sha256_hex(bundle), sm3_hex(bundle), checkpoint.size, len(contents))
    recording = command or _command(ledger, request, number)
    index = ledger.trade.export_evidence(recording, manifest, request.approval)[-1] - 1
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
    note_matter(ledger, request.matter, number)
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
    if places or request.values:
        check_approval(request.actor, request.approval)
    log, size = ledger.trade.recorder, size or ledger.reader.size()
    selection: Selection
    if request.order is not None:
        selection = select_order(log, check(request.order, "ord"), size)  # type: ignore[arg-type] # ours
    elif request.dispute is not None:
        selection = select_dispute(log, check(request.dispute, "dsp"), size)  # type: ignore[arg-type] # ours
    else:
        selection = select_stream(log, request.stream or "", size)  # type: ignore[arg-type] # ours

    hidden = hidden_in(selection)
    if missing := set(request.values) - {digest for digest, _, _ in hidden}:
        raise NotFoundError(f"sealed value {min(missing)}: is not of {request.matter}")
    places += [Place(index, at) for digest, index, at in hidden if digest in request.values]
    digests = {bytes.fromhex(digest) for digest, _, _ in hidden}
    owners = {each.hex(): owner for each, owner in owners_of(ledger.database, digests).items()}

    def duty(digest: str) -> str | None:
        return duty_over(ledger.trade, owners[digest])

    basis = request.approval.basis
    return disclose(log, selection, places, owners.__contains__, basis, duty)  # type: ignore[arg-type] # ours


def _command(ledger: Deployment, request: Request, number: str) -> Command:
    """Return the command that records the issuing of the package *number*."""
    command_id = f"evidence/{number}"
    meta = Meta(
        actor=request.actor,
        role="staff",
        source="xiyou",
        channel="cli",
        command_id=command_id,
        correlation_id=command_id,
    )
    return ledger.command(meta)


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
