"""Replay of a whole case: an order with its keys, payment, refunds and disputes; or a merchant.

What the key did for another order is not shown: its steps begin with the reservation for
this one and end where it is parted from it, and its state is as of then.
``tests/projections/test_replay.py``.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from domain.disputes.case import Recorded
from domain.disputes.events import DisputeOpened
from domain.errors import NotFoundError
from domain.identity.account import account_of
from domain.keys.events import KeyReserved
from domain.orders.events import (
    FundsFrozen,
    FundsRecalled,
    OrderCleared,
    OrderPaid,
    OrderPlaced,
    RefundExecuted,
)
from domain.payments.events import PaymentCaptured, PaymentInitiated
from domain.refunds.refund import RefundRequested
from projections.replay import Recordings, Replayed, Step, replay

PARTING: Final = ("key.reservation_released", "key.returned", "key.quarantined", "key.voided")
MERCHANT_STREAMS: Final = ("qualification", "credit", "deposit", "sanction")


@dataclass(frozen=True, slots=True)
class ReplayedCase:
    """How everything that belongs together stood when the log had *size* entries."""

    size: int
    parts: tuple[Replayed, ...]
    """The thing that was asked for first; then in the order in which they began."""

    @property
    def steps(self) -> tuple[Step, ...]:
        """All events, by leaf index."""
        found = [step for part in self.parts for step in part.steps]
        return tuple(sorted(found, key=lambda each: each.index))

    @property
    def indexes(self) -> tuple[int, ...]:
        """Leaf indexes of all events: what proofs are asked for."""
        return tuple(each.index for each in self.steps)


def replay_order(
    order: str, history: Recordings, size: int, related: Iterable[str] = ()
) -> ReplayedCase:
    """Return the case of *order* when the log had *size* entries.

    Args:
        order: its identifier.
        history: returns the entries of a stream.
        size: of the tree.
        related: streams that may concern it beyond those that its own names: refunds that
            were asked for and declined. Those that do not are passed over.

    Raises:
        NotFoundError: the log had no such order.
    """
    own = _before(history(order), size)
    if not own:
        raise NotFoundError(f"{order}: the log of {size} entries has no such order")
    parts = [replay(order, own, size)]
    for stream in dict.fromkeys([*_named(own), *related]):
        found = _before(history(stream), size)
        if stream.startswith("key_"):
            found = bound_to(found, order)
            parts += [_key(stream, found, history, size)] if found else []
        elif found and _concerns(found, order, own):
            parts.append(replay(stream, found, size))
    first, *others = parts
    return ReplayedCase(size, (first, *sorted(others, key=lambda part: part.steps[0].index)))


def replay_dispute(
    dispute: str, history: Recordings, size: int, related: Iterable[str] = ()
) -> ReplayedCase:
    """Return the case of *dispute* when the log had *size* entries, itself first.

    Raises:
        NotFoundError: the log had no such dispute.
    """
    found = _before(history(dispute), size)
    if not found or not isinstance(found[0].event, DisputeOpened):
        raise NotFoundError(f"{dispute}: the log of {size} entries has no such dispute")
    case = replay_order(found[0].event.order, history, size, [*related, dispute])
    parts = sorted(case.parts, key=lambda part: part.stream != dispute)
    return ReplayedCase(size, tuple(parts))


def replay_merchant(merchant: str, history: Recordings, size: int) -> ReplayedCase:
    """Return what the log of *size* entries had about a merchant's standing.

    Raises:
        NotFoundError: nothing.
    """
    streams = [*(f"{each}/{merchant}" for each in MERCHANT_STREAMS), account_of(merchant)]
    parts = []
    for stream in streams:
        found = _before(history(stream), size)
        if found:
            parts.append(replay(stream, found, size))
    if not parts:
        raise NotFoundError(f"{merchant}: the log of {size} entries has no such merchant")
    return ReplayedCase(size, tuple(parts))


def bound_to(history: Sequence[Recorded], order: str) -> list[Recorded]:
    """Return the entries of a key from its reservation for *order* to its parting from it."""
    found: list[Recorded] = []
    is_ours = False
    for each in history:
        if isinstance(each.event, KeyReserved) and each.event.order == order:
            is_ours = True
        if is_ours:
            found.append(each)
        if each.event.TOPIC in PARTING:
            is_ours = False
    return found


def _key(key: str, bound: Sequence[Recorded], history: Recordings, size: int) -> Replayed:
    """Return the key as it stood at the last of the entries that bound it to an order."""
    end = bound[-1].index + 1
    whole = replay(key, _before(history(key), end), end)
    shown = {each.index for each in bound}
    steps = tuple(each for each in whole.steps if each.index in shown)
    return Replayed(key, size, whole.state, steps)


def _named(own: Iterable[Recorded]) -> Iterable[str]:
    """Give the streams that an order's own entries name."""
    for each in own:
        match each.event:
            case OrderPlaced(key=str(named)) | OrderCleared(key=named):
                yield named
            case OrderPaid(payment=named) | RefundExecuted(refund=named):
                yield named
            case FundsFrozen(dispute=named) | FundsRecalled(dispute=named):
                yield named


def _concerns(found: Sequence[Recorded], order: str, own: Sequence[Recorded]) -> bool:
    """Say whether another stream is about *order*: by what it says, or by the order's own."""
    checkouts = {each.event.checkout for each in own if isinstance(each.event, OrderPlaced)}
    for each in found:
        event = each.event
        if isinstance(event, DisputeOpened | RefundRequested):
            return event.order == order
        if isinstance(event, PaymentInitiated | PaymentCaptured) and event.checkout in checkouts:
            return True
    return found[0].event.originator_id in set(_named(own))


def _before(history: Sequence[Recorded], size: int) -> list[Recorded]:
    return [each for each in history if each.index < size]
