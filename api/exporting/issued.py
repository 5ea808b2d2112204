"""Issued packages as the platform keeps them, and the rebuilding of one (``evidence.md``, 5).

What is kept holds no opened value: they come from the vault, so that a package that shows
what was erased since can no longer be rebuilt, and says so. Proved by
``tests/scripts/test_erase.py``.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from api.bootstrap import Deployment
from chain.canonical import parse
from chain.errors import MalformedError, VerificationError
from chain.evidence.archive import read_archive
from chain.evidence.digests import sha256_hex
from chain.evidence.kept import opened_in, rebuilt
from chain.store.files import MissingFileError, read_private
from chain.store.forgetting import owners_of
from domain.disputes.case import recorded
from domain.errors import ErasedError, NotFoundError, RestrictedError
from domain.evidence.package import EvidenceExported, EvidencePackage
from domain.identity.erasure import erased
from domain.identity.standing import duty_over

FOLDER: Final = "evidence"

_NUMBER = re.compile("EV-[0-9]{8}-[0-9]{6}")


def kept_path(ledger: Deployment, number: str) -> Path:
    """Return the file in which the package *number* is kept.

    Raises:
        MalformedError: it is no number of a package.
    """
    if not _NUMBER.fullmatch(number):
        raise MalformedError(f"{number!a:.40}: a package is called like EV-20261122-000001")
    return ledger.home / FOLDER / f"{number}.zip"


def note_matter(ledger: Deployment, matter: str, number: str) -> None:
    """Note that the package *number* is about *matter*, for whoever asks by that.

    An empty file under the matter's digest: a crash before it leaves a package that is found
    by its number alone.
    """
    folder = _matter_folder(ledger, matter)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / number).touch(mode=0o600)


def numbers_about(ledger: Deployment, matter: str) -> list[str]:
    """Return the numbers of the packages about *matter* that are kept here, the oldest first."""
    folder = _matter_folder(ledger, matter)
    return sorted(each.name for each in folder.iterdir()) if folder.exists() else []


def _matter_folder(ledger: Deployment, matter: str) -> Path:
    # A stream's name may hold any printable character.
    return ledger.home / FOLDER / "matters" / sha256_hex(matter.encode())


@dataclass(frozen=True, slots=True)
class IssuedPackage:
    """What the log and the kept file say of an issued package."""

    number: str
    index: int
    """Leaf index of the record of issuing."""
    actor: str
    opened: int
    """Hidden values that it shows."""
    matter: str
    """The dispute, the order or else the first stream that it is about."""
    bundle_sha256: str


def read_issued(ledger: Deployment, number: str) -> IssuedPackage:
    """Return what is known of the package *number*.

    Raises:
        MalformedError: it is no number of a package.
        NotFoundError: none was issued under that number, or it is not kept here.
    """
    path = kept_path(ledger, number)
    history = list(ledger.reader.history(f"{EvidencePackage.PREFIX}{number}"))
    if not history or not path.exists():
        raise NotFoundError(f"{number}: no package was issued under this number")
    event = recorded(history[0].leaf_index, history[0].entry).event
    assert isinstance(event, EvidenceExported)  # noqa: S101 — the only event of such a stream
    bundle: Any = parse(read_archive(read_private(path))["bundle.json"])
    matter = bundle["matter"]
    about = matter["dispute"] or matter["order"] or bundle["streams"][0]["stream"]
    return IssuedPackage(
        number,
        history[0].leaf_index,
        event.meta.actor,
        event.opened,
        str(about),
        event.bundle_sha256,
    )


def rebuild_package(ledger: Deployment, number: str) -> bytes:
    """Return the package *number* as it was issued, its opened values read from the vault.

    Raises:
        NotFoundError: none was issued under that number.
        MissingFileError: one was, and it is not kept here.
        ErasedError: it shows a value that was erased since.
        RestrictedError: it shows a value that is kept for a duty's sake alone by now.
        VerificationError: what is kept is not what was issued.
    """
    path = kept_path(ledger, number)
    issued = ledger.trade.recorder.select_events(f"{EvidencePackage.PREFIX}{number}")
    if not issued:
        raise NotFoundError(f"{number}: no package was issued under this number")
    if not path.exists():
        raise MissingFileError(str(path))
    kept = read_private(path)
    _check_issued(number, issued[0].state, kept)
    places = opened_in(kept)
    _check_usable(ledger, number, places)
    digests = sorted({digest for digest, _, _ in places})
    return rebuilt(kept, [ledger.vault.open(bytes.fromhex(each)).content for each in digests])


def _check_issued(number: str, body: bytes, kept: bytes) -> None:
    data = parse(body)
    said = data["data"] if isinstance(data, dict) else None
    digest = sha256_hex(read_archive(kept)["bundle.json"])
    if not isinstance(said, dict) or said["bundle_sha256"] != digest:
        raise VerificationError(f"{number}: what is kept is not the package that the log names")


def _check_usable(ledger: Deployment, number: str, places: list[tuple[str, int, str]]) -> None:
    """Refuse if a value may be read no more, and say which, where and why."""
    listed = erased(ledger.trade.recorder).listed
    owners = owners_of(ledger.database, {bytes.fromhex(digest) for digest, _, _ in places})
    for digest, index, pointer in places:
        if digest in listed:
            raise ErasedError(
                f"{number}: can no longer be rebuilt: it shows {index}{pointer}, which was erased"
                f" by entry {listed[digest]}; export the matter again for what can be shown"
            )
        owner = owners.get(bytes.fromhex(digest))
        duty = None if owner is None else duty_over(ledger.trade, owner)
        if duty is not None:
            raise RestrictedError(f"{number}: not rebuilt: it shows {index}{pointer}: {duty}")
