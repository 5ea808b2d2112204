"""The tally: what the log says about each merchant's trade, folded event by event.

``features.md``, C1. A mark is one leaf index under one heading of one day. The tally holds
nothing but marks and what is needed to place the next one, so folding on from any point
equals folding from the first entry (``tests/domain/credit/test_c1_score.py``).

The moment of a fact is when it happened, as far as the log believes it: not after the log
took it. The tally's clock is the latest moment so far; a clock that steps back moves
nothing out of the window that was in it, and nothing back in.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Any, ClassVar, Final, Literal, NamedTuple, Self, TypeVar

from chain.canonical import to_bytes
from chain.entry import Entry
from chain.errors import VerificationError
from domain.credit.rules import Rules
from domain.event import Event, read_event

Mark = Literal[
    "sale",
    "complaint",
    "on_time",
    "late",
    "total_fault",
    "partial_fault",
    "fault_refund",
    "chargeback",
]

T = TypeVar("T")

EPOCH: Final = "1970-01-01T00:00:00Z"
"""What the clock of an empty log shows."""

COMPLAINERS: Final = frozenset({"consumer", "channel"})
"""Whose disputes are complaints: the platform's own are not."""


class Logged(NamedTuple):
    """An event, its leaf index, and when it happened if anybody said so."""

    leaf: int
    moment: str | None
    event: Event

    @classmethod
    def read(cls, index: int, entry: bytes) -> Self:
        """Return what the entry at leaf *index* says.

        Raises:
            MalformedError: no honest writer wrote it.
        """
        found = Entry.parse(entry)
        event = read_event(found.stream, found.seq, found.type, found.body)
        taken = f"{found.at[:19]}Z"
        return cls(index, min(taken, event.meta.occurred_at or taken), event)


@dataclass(slots=True)
class _Order:
    merchant: str
    sale: tuple[str, int] | None = None
    """Day and leaf index of its payment."""
    paid_at: datetime | None = None


@dataclass(slots=True)
class _Dispute:
    merchant: str
    opener: str
    claimed: str
    complaint: tuple[str, int] | None
    """Day and leaf index of its opening, if that is a complaint."""
    found: str = "none"
    outcome: str = ""
    conceded: bool = False


class _Day:
    """The marks of one merchant on one day."""

    __slots__ = ("_digest", "marks")

    def __init__(self) -> None:
        self.marks: dict[Mark, set[int]] = {}
        self._digest: bytes | None = None

    def put(self, mark: Mark, index: int) -> None:
        self.marks.setdefault(mark, set()).add(index)
        self._digest = None

    def drop(self, mark: Mark, index: int) -> None:
        self.marks[mark].discard(index)
        self._digest = None

    def digest(self, day: str) -> bytes:
        """Return SHA-256 of the day's marks as canonical JSON; nothing if there is none."""
        if self._digest is None:
            leaves = {mark: sorted(found) for mark, found in self.marks.items() if found}
            told = to_bytes({"day": day, "leaves": leaves})
            self._digest = sha256(told).digest() if leaves else b""
        return self._digest


class Tally:
    """The marks of every merchant, as far as the log was read.

    Args:
        rules: say which delivery is late.
    """

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.size = 0
        """Entries read: a score of this tally rests on the leaf indexes below it."""
        self.clock = EPOCH
        self._days: dict[str, dict[str, _Day]] = {}
        self._orders: dict[str, _Order] = {}
        self._disputes: dict[str, _Dispute] = {}

    def read(self, events: Iterable[Logged]) -> None:
        """Take *events*, which follow those taken before; gaps are of other topics."""
        for each in events:
            self.take(each)

    def take(self, logged: Logged) -> None:
        """Take one event; one of a topic that no score rests on changes the size alone.

        Raises:
            ValueError: it was taken before.
            VerificationError: it goes on with something whose beginning is missing.
        """
        if logged.leaf < self.size:
            raise ValueError(f"leaf index {logged.leaf}: the tally has read {self.size} entries")
        self.size = logged.leaf + 1
        place = self.PLACES.get(logged.event.TOPIC)
        if place is None:
            return
        at = _read_moment(logged.moment)
        if at is not None and logged.moment is not None:
            self.clock = max(self.clock, logged.moment)
        place(self, logged, at)

    def reach(self, size: int) -> None:
        """Say that the log was read up to *size* entries, whatever the last ones were."""
        self.size = max(self.size, size)

    def window(self) -> tuple[str, str]:
        """Return the first and the last day that a score looks at now."""
        last = date.fromisoformat(self.clock[:10]).toordinal()
        return date.fromordinal(max(1, last - self.rules.window + 1)).isoformat(), self.clock[:10]

    def count(self, merchant: str) -> dict[Mark, int]:
        """Return how many marks *merchant* has in the window."""
        found: dict[Mark, int] = {}
        for _, day in self._in_window(merchant):
            for mark, indexes in day.marks.items():
                found[mark] = found.get(mark, 0) + len(indexes)
        return found

    def leaves(self, merchant: str, *marks: Mark) -> Iterator[int]:
        """Yield the leaf indexes in the window under *marks*, day by day, newest first."""
        for _, day in reversed(self._in_window(merchant)):
            yield from sorted((i for m in marks for i in day.marks.get(m, ())), reverse=True)

    def digest(self, merchant: str) -> str:
        """Return SHA-256, in hex, of the digests of the window's days, in their order."""
        days = self._in_window(merchant)
        return sha256(b"".join(day.digest(name) for name, day in days)).hexdigest()

    def _in_window(self, merchant: str) -> list[tuple[str, _Day]]:
        first, last = self.window()
        days = self._days.get(merchant, {})
        return sorted((name, day) for name, day in days.items() if first <= name <= last)

    def _put(
        self, merchant: str, mark: Mark, logged: Logged, at: datetime | None
    ) -> tuple[str, int]:
        name = self.clock[:10] if at is None else at.date().isoformat()
        self._days.setdefault(merchant, {}).setdefault(name, _Day()).put(mark, logged.leaf)
        return name, logged.leaf

    def _drop(self, merchant: str, mark: Mark, put: tuple[str, int]) -> None:
        self._days[merchant][put[0]].drop(mark, put[1])

    def _placed(self, logged: Logged, _: datetime | None) -> None:
        event: Any = logged.event
        self._orders[event.originator_id] = _Order(event.merchant)

    def _paid(self, logged: Logged, at: datetime | None) -> None:
        event: Any = logged.event
        order = self._begun(self._orders, event.originator_id)
        order.sale = self._put(order.merchant, "sale", logged, at)
        order.paid_at = None if event.basis else at

    def _delivered(self, logged: Logged, at: datetime | None) -> None:
        # What was assumed was not measured: it speaks neither for nor against anybody.
        event: Any = logged.event
        order = self._begun(self._orders, event.originator_id)
        if event.basis or order.paid_at is None or at is None:
            return
        waited = (at - order.paid_at).total_seconds()
        mark: Mark = "on_time" if waited <= self.rules.speed.deadline else "late"
        self._put(order.merchant, mark, logged, at)

    def _refunded(self, logged: Logged, _: datetime | None) -> None:
        order = self._begun(self._orders, logged.event.originator_id)
        del self._orders[logged.event.originator_id]
        if order.sale is not None:
            self._drop(order.merchant, "sale", order.sale)

    def _closed(self, logged: Logged, _: datetime | None) -> None:
        event: Any = logged.event
        if event.cause != "completed":
            self._orders.pop(event.originator_id, None)

    def _opened(self, logged: Logged, at: datetime | None) -> None:
        event: Any = logged.event
        merchant = self._begun(self._orders, event.order).merchant
        complains = event.opener in COMPLAINERS
        put = self._put(merchant, "complaint", logged, at) if complains else None
        self._disputes[event.originator_id] = _Dispute(merchant, event.opener, event.fault, put)

    def _gathered(self, logged: Logged, _: datetime | None) -> None:
        event: Any = logged.event
        self._begun(self._disputes, event.originator_id).found = event.merchant_fault

    def _conceded(self, logged: Logged, _: datetime | None) -> None:
        self._begun(self._disputes, logged.event.originator_id).conceded = True

    def _ruled(self, logged: Logged, _: datetime | None) -> None:
        event: Any = logged.event
        self._begun(self._disputes, event.originator_id).outcome = event.outcome

    def _withdrawn(self, logged: Logged, _: datetime | None) -> None:
        self._forget(self._ended(logged))

    def _executed(self, logged: Logged, at: datetime | None) -> None:
        dispute = self._ended(logged)
        if dispute.outcome not in ("refund", "partial_refund"):
            self._forget(dispute)
            return
        if dispute.opener == "channel":
            self._put(dispute.merchant, "chargeback", logged, at)
        if dispute.conceded:
            # Giving in costs less than being ruled against.
            if dispute.claimed != "none":
                self._put(dispute.merchant, "fault_refund", logged, at)
        elif dispute.found != "none":
            mark: Mark = "total_fault" if dispute.found == "total" else "partial_fault"
            self._put(dispute.merchant, mark, logged, at)

    def _ended(self, logged: Logged) -> _Dispute:
        """Return the dispute that ends here, and keep it no longer."""
        dispute = self._begun(self._disputes, logged.event.originator_id)
        del self._disputes[logged.event.originator_id]
        return dispute

    @staticmethod
    def _begun(known: Mapping[str, T], name: str) -> T:
        if name not in known:
            raise VerificationError(f"{name}: its first event is missing; read the whole log")
        return known[name]

    def _forget(self, dispute: _Dispute) -> None:
        """Take back the complaint: it was withdrawn, or the merchant was right."""
        if dispute.complaint is not None:
            self._drop(dispute.merchant, "complaint", dispute.complaint)

    PLACES: ClassVar[dict[str, Callable[["Tally", Logged, datetime | None], None]]] = {
        "order.placed": _placed,
        "order.paid": _paid,
        "order.delivered": _delivered,
        "order.refunded": _refunded,
        "order.closed": _closed,
        "dispute.opened": _opened,
        "evidence.gathered": _gathered,
        "dispute.conceded": _conceded,
        "dispute.withdrawn": _withdrawn,
        "ruling.issued": _ruled,
        "ruling.executed": _executed,
    }
    """By topic: how an event changes the tally."""


TOPICS: Final = frozenset(Tally.PLACES)
"""The events that a score rests on; whoever reads the log may leave out the others."""


def _read_moment(moment: str | None) -> datetime | None:
    """Return the time of *moment*, None if there is none or it is in no calendar."""
    try:
        return None if moment is None else datetime.fromisoformat(moment)
    except ValueError:
        return None
