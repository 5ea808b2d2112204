"""``xiyou evidence export``: one file about one matter that a court can check without us.

How it is made is in `api.exporting`. Proved by ``tests/scripts/test_evidence.py``.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from api.exporting.certifying import Certifier
from api.exporting.issued import rebuild_package
from api.exporting.making import Request, make_package
from chain.evidence.digests import sha256_hex
from chain.evidence.writing import Parts
from domain.evidence.exporting import Approval
from scripts.certifying import certify, print_record
from scripts.deploying import deployment
from scripts.options import Home, Json
from scripts.outcome import InputError, Outcome

app = typer.Typer(
    help="Evidence packages: make one that can be checked without us.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)

app.command("certificate")(certify)
app.command("record")(print_record)


@app.callback()
def evidence() -> None:
    """Evidence packages: make one that can be checked without us."""


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
