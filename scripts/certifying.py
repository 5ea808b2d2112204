"""``xiyou evidence certificate`` and ``record``: what of a package goes on paper.

Packages enclose their certificate when they are exported; this makes one for a package that
was exported without, or seals it anew after a new seal was bought. The extraction record is
printed to be signed by hand. Proved by ``tests/scripts/test_evidence.py``.
"""

from pathlib import Path
from typing import Annotated

import typer

from api.exporting.certifying import Certifier
from chain.errors import VerificationError
from chain.evidence.archive import read_archive
from chain.evidence.claims import MAX_MEMBER
from chain.evidence.digests import sha256_hex
from chain.evidence.fault import Unchecked
from chain.evidence.report import first_code
from chain.evidence.verification import Source, Trust, verify_package
from scripts.deploying import deployment
from scripts.options import Home, Json
from scripts.outcome import InputError, Outcome

TOOL = {"name": "xiyou evidence certificate", "sha256": None, "version": "1"}


def certify(
    package: Annotated[Path, typer.Argument(help="The package, a .zip.", dir_okay=False)],
    out: Annotated[
        Path | None, typer.Option(help="The file to write; default: NUMBER.pdf.", dir_okay=False)
    ] = None,
    home: Home = None,
    *,
    as_json: Json = False,
) -> Outcome:
    """Write the sealed certificate of a package that this log has issued."""
    del as_json
    try:
        archive = package.read_bytes()
    except OSError as error:
        raise InputError(f"{package}: cannot be read: {error.strerror}") from None
    with deployment(home) as ledger:
        report = verify_package(Source(archive), Trust(policy=ledger.policy().to_bytes()), TOOL)
        claims = {each["claim"]: each["verdict"] for each in report["claims"]}
        if report["colour"] in ("red", "grey") or claims["issued"] != "verified":
            raise VerificationError(
                f"{package}: is no package that this log has issued ({first_code(report)}):"
                " see xiyou verify"
            )
        certifier = Certifier(ledger)
        pdf = certifier.certificate(read_archive(archive))
        said = certifier.seal.said()
    if pdf is None:
        raise InputError(f"{package}: its certificate would have more than {MAX_MEMBER} bytes")
    path = out or Path(f"{report['number']}.pdf")
    path.write_bytes(pdf)
    facts = {
        "ok": True,
        "number": report["number"],
        "out": str(path),
        "bytes": len(pdf),
        "sha256": sha256_hex(pdf),
        "seal": said.subject,
        "test": said.is_test,
    }
    label = "TEST ONLY seal, it vouches for nothing: " if said.is_test else ""
    return Outcome(facts, f"{path}: certificate of {report['number']}\n  {label}{said.subject}")


def print_record(
    package: Annotated[Path, typer.Argument(help="The package, a .zip.", dir_okay=False)],
    out: Annotated[Path, typer.Option(help="The file to write.", dir_okay=False)],
    *,
    as_json: Json = False,
) -> Outcome:
    """Write a package's extraction record (custody.json) as a form to be signed by hand."""
    del as_json
    from chain.evidence.store import press  # noqa: PLC0415 — slow, and seldom asked for

    try:
        pdf = press.print_record(read_archive(package.read_bytes()))
    except OSError as error:
        raise InputError(f"{package}: cannot be read: {error.strerror}") from None
    except Unchecked:
        raise InputError(f"{package}: is of a format that this program does not know") from None
    out.write_bytes(pdf)
    facts = {"ok": True, "out": str(out), "bytes": len(pdf), "sha256": sha256_hex(pdf)}
    return Outcome(facts, f"{out}: extraction record, to be signed by hand; nothing was checked")
