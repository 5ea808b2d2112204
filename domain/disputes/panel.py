"""Arbitrators: who may not decide a case, and which of several does (``features.md``, F4).

``tests/domain/disputes/test_f4_person.py``.
"""

from collections.abc import Iterable

from domain.disputes.case import Case
from domain.disputes.events import DisputeAssigned, RulingIssued
from domain.errors import ConflictOfInterestError

PARTISAN = frozenset({"consumer", "merchant"})
"""Roles of those who act for a party."""


def check_impartial(case: Case, arbitrator: str) -> None:
    """Refuse an arbitrator with a stake in *case*, or who has ruled in it before.

    A party is the buyer, the merchant, and whoever has acted for one of them anywhere in
    the case's histories.

    Raises:
        ConflictOfInterestError: so it is.
    """
    if arbitrator in {case.purchase.buyer, case.purchase.merchant}:
        raise ConflictOfInterestError(f"{case.dispute}: {arbitrator} is a party to it")
    for each in case.entries:
        meta = each.event.meta
        if meta.actor == arbitrator and meta.role in PARTISAN:
            what = f"acted for a party at leaf index {each.index}"
            raise ConflictOfInterestError(f"{case.dispute}: {arbitrator} {what}")
    if arbitrator in has_ruled(case):
        raise ConflictOfInterestError(f"{case.dispute}: {arbitrator} has ruled in it before")


def has_ruled(case: Case) -> set[str]:
    """Return the persons who have ruled in *case*."""
    found, assigned = set(), ""
    for each in case.history(case.dispute):
        if isinstance(each.event, DisputeAssigned):
            assigned = each.event.arbitrator
        elif isinstance(each.event, RulingIssued) and each.event.mode == "manual":
            found.add(assigned)
    return found


def choose(case: Case, arbitrators: Iterable[str]) -> str:
    """Return the first of *arbitrators* who may decide *case*.

    Raises:
        ConflictOfInterestError: nobody may.
    """
    for each in arbitrators:
        try:
            check_impartial(case, each)
        except ConflictOfInterestError:
            continue
        return each
    raise ConflictOfInterestError(f"{case.dispute}: no arbitrator is free of it: name another")
