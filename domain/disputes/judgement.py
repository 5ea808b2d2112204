"""An arbitrator's decision, and what no arbitrator may order (``features.md``, F4, 3.1).

``tests/domain/disputes/test_f4_person.py``.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.disputes.case import Case
from domain.disputes.events import Outcome
from domain.disputes.rules import KeyEffect
from domain.disputes.ruling import escrow_of
from domain.errors import ReasonMissingError, RefundTooLargeError, UnlawfulRulingError


@dataclass(frozen=True, slots=True)
class Judgement:
    """What an arbitrator decides."""

    outcome: Outcome
    key_effect: KeyEffect
    reason: str
    relied_on: tuple[str, ...]
    """Events of the case, as ``stream/version``."""
    amount: int | None = None
    """Minor units, for a partial refund."""


def check_lawful(judgement: Judgement, case: Case) -> None:
    """Refuse a judgement that cannot be carried out in *case*.

    Raises:
        UnlawfulRulingError: a key that was activated or shown would be used again.
        RefundTooLargeError: a partial refund is not a part of what the escrow holds.
    """
    used = {each.event.TOPIC for each in case.bound()} & {"key.activated", "key.revealed"}
    if judgement.outcome == "refund" and used and judgement.key_effect != "voided":
        raise UnlawfulRulingError(f"{case.key} was activated or shown: it can only be voided")
    if judgement.amount is None:
        return
    if judgement.outcome != "partial_refund":
        raise UnlawfulRulingError(f"{case.dispute}: only a partial refund names an amount")
    held = escrow_of(case)
    if not 0 < judgement.amount < held:
        raise RefundTooLargeError(
            f"{case.dispute}: {judgement.amount} is no part of the {held} in the escrow"
        )


def rests_on(case: Case, relied_on: Sequence[str]) -> tuple[int, ...]:
    """Return the leaf indexes of events named as ``stream/version``.

    Raises:
        ReasonMissingError: one of them is no event of *case*.
    """
    found = []
    for name in relied_on:
        stream, _, version = name.rpartition("/")
        is_number = version.isascii() and version.isdecimal()
        entry = case.at_version(stream, int(version)) if is_number else None
        if entry is None:
            raise ReasonMissingError(f"{case.dispute}: {name!a:.200} is no event of the case")
        found.append(entry.index)
    return tuple(found)
