"""The certificates of the log, and the status list that they make (``features.md``, B6, B7).

A function of the events up to an entry: whoever has the log makes the same list.
``tests/domain/qualification/test_b6_certificates.py``.
"""

from collections.abc import Iterable
from typing import Final

from domain.catalogue.product import Product
from domain.desk import Desk
from domain.errors import NotFoundError
from domain.event import Event
from domain.qualification.badge import BadgeSigner
from domain.qualification.certificate import CertificateIssued, CertificateRecord
from domain.qualification.history import read_events
from domain.qualification.standing import find_qualification
from domain.qualification.status import StatusList, sign_status

TOPICS: Final = (
    "certificate.issued",
    "certificate.suspended",
    "certificate.reinstated",
    "certificate.revoked",
)


def status_of(
    history: Iterable[Event], issuer: str, times: tuple[str, str], size: int
) -> StatusList:
    """Return the list of the certificates of *issuer* that are not good.

    Args:
        history: the log's events of `TOPICS`, in its order.
        issuer: name of its key; certificates of others are left out.
        times: of the issue and of the next list, RFC 3339, UTC.
        size: entries of the log that *history* was taken from.
    """
    found: dict[str, CertificateRecord] = {}
    ends: dict[str, str] = {}
    for each in history:
        if isinstance(each, CertificateIssued) and each.issuer == issuer:
            ends[each.originator_id] = each.valid_until
            found[each.originator_id] = CertificateRecord(each.originator_id)
        if each.originator_id in found:
            found[each.originator_id].evolve(each)
    issued_at, next_update = times
    live = {name: record.state for name, record in found.items() if issued_at < ends[name]}
    return StatusList(
        issuer=issuer,
        issued_at=issued_at,
        next_update=next_update,
        size=size,
        suspended=tuple(sorted(name for name, state in live.items() if state == "suspended")),
        revoked=tuple(sorted(name for name, state in live.items() if state == "revoked")),
    )


def publish_status(desk: Desk, signer: BadgeSigner, times: tuple[str, str]) -> bytes:
    """Return the signed status list of all that the log of *desk* holds now."""
    size = desk.recorder.max_notification_id() or 0
    history = read_events(desk, TOPICS, size)
    return sign_status(status_of(history, signer.key.name, times, size), signer)


def badge_of(desk: Desk, certificate: str) -> bytes:
    """Return the badge of *certificate*, made from the log alone.

    Raises:
        NotFoundError: it was never issued.
    """
    desk.load(CertificateRecord, certificate)
    for each in desk.events.get(certificate):
        if isinstance(each, CertificateIssued):
            return each.badge()
    raise NotFoundError(f"{certificate}: was never issued")


def badges_for(desk: Desk, product: str) -> tuple[bytes, ...]:
    """Return the badges that a buyer of *product* is shown: its merchant's, and its goods'.

    Those that were issued and are not revoked; whether they are good says the status list.
    None where the merchant never applied, one where no scope covers the category.
    """
    found = desk.load(Product, product)
    qualification = find_qualification(desk, found.merchant)
    if qualification is None or qualification.state not in ("approved", "suspended"):
        return ()
    wanted = (None, found.category) if found.category is not None else (None,)
    names = [qualification.certificates.get(each) for each in wanted]
    return tuple(badge_of(desk, each) for each in names if each is not None)
