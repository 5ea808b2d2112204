"""Whom an entry concerns, for the receipts that a party keeps (``evidence.md``, section 6).

A merchant or a platform client: what is in its own feed. A person: her orders and all that
belongs to them, her account, and who read of her. Both are found by tables that are made from
the log; nothing is read through. ``tests/api/test_concerning.py``.
"""

from api.bootstrap import Deployment
from domain.identity.account import account_of
from projections.store.concerning import person_indexes


def concerning(ledger: Deployment, party: str, start: int, stop: int) -> list[int]:
    """Return the leaf indexes in ``[start, stop)`` of the entries that concern *party*, in order.

    Of merchants and clients, those that are signed.

    Raises:
        ViewBehindError: the views have not come to *stop*.
        ViewOutdatedError: no view of this program's version is live.
    """
    if party.startswith("usr_"):
        own = (party, account_of(party))
        return person_indexes(ledger.database, party, own, start, stop)
    return ledger.feeding.subjects.indexes(party, start, stop)
