"""Made-up trades as the events of a log, for whoever computes credit from them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from hypothesis import strategies as st

from domain.credit.tally import Logged
from domain.disputes import events as disputes
from domain.event import Event
from domain.orders import events as orders
from domain.payload import Basis
from tests.domain.given import BUYER, PRODUCT, identifier, meta_of

START = datetime(2026, 1, 1, 8, tzinfo=UTC)
Found = Literal["none", "partial", "total"]
SHOP, OTHER = "M-LAN", "M-HUA"
OPENERS: tuple[disputes.Opener, ...] = ("consumer", "channel", "platform")
FAULTS: tuple[disputes.Fault, ...] = ("none", "revoked")
OUTCOMES: tuple[disputes.Outcome, ...] = ("refund", "partial_refund", "rejected")
FOUND: tuple[Found, ...] = ("none", "partial", "total")


def moment(at: datetime) -> str:
    """Return *at* as the log spells it."""
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


class Trades:
    """A log that grows by the events of orders and disputes."""

    def __init__(self) -> None:
        self.log: list[Logged] = []
        self.now = START
        self._versions: dict[str, int] = {}

    def tell(self, kind: type[Event], stream: str, *fields: Any, **named: Any) -> int:
        """Add an event of now; return its leaf index."""
        version = self._versions[stream] = self._versions.get(stream, 0) + 1
        meta = replace(meta_of("cmd"), occurred_at=moment(self.now))
        event = kind(stream, version, meta, *fields, **named)
        self.log.append(Logged(len(self.log), moment(self.now), event))
        return len(self.log) - 1

    def sale(self, shop: str = SHOP, seconds: int | None = 60, basis: Basis | None = None) -> str:
        """Place an order, pay it, and deliver it after *seconds*; return its id."""
        order = identifier("ord", str(len(self.log)))
        fields = identifier("chk"), BUYER, shop, PRODUCT, 1, 9_800, "CNY", identifier("key")
        self.tell(orders.OrderPlaced, order, *fields)
        self.tell(orders.OrderPaid, order, identifier("pay"), basis)
        if seconds is not None:
            self.now += timedelta(seconds=seconds)
            self.tell(orders.OrderDelivered, order, basis)
        return order

    def sales(self, count: int, shop: str = SHOP, seconds: int | None = 60) -> None:
        """Make *count* sales."""
        for _ in range(count):
            self.sale(shop, seconds)

    def dispute(
        self, order: str, opener: disputes.Opener = "consumer", fault: disputes.Fault = "none"
    ) -> str:
        """Open a dispute; return its id."""
        dispute = identifier("dsp", str(len(self.log)))
        self.tell(disputes.DisputeOpened, dispute, order, BUYER, opener, fault)
        return dispute

    def end(self, dispute: str, outcome: disputes.Outcome = "refund", found: Found = "none") -> int:
        """Gather evidence, rule and execute; return the leaf index of the execution."""
        facts = True, "no", True, "unused", found, 1
        self.tell(disputes.EvidenceGathered, dispute, *facts)
        self.tell(disputes.RulingIssued, dispute, "manual", outcome, "voided")
        return self.tell(disputes.RulingExecuted, dispute)

    def concede(self, dispute: str) -> None:
        """Let the merchant give in."""
        self.tell(disputes.DisputeConceded, dispute)
        self.tell(disputes.RulingIssued, dispute, "conceded", "refund", "voided")
        self.tell(disputes.RulingExecuted, dispute)

    def withdraw(self, dispute: str) -> None:
        """Let the buyer end it."""
        self.tell(disputes.DisputeWithdrawn, dispute)

    def refund(self, order: str) -> None:
        """Give all the money back."""
        self.tell(orders.OrderRefunded, order, identifier("rfd"))

    def wait(self, **time: int) -> None:
        """Let time pass."""
        self.now += timedelta(**time)


@st.composite
def logs(draw: st.DrawFn) -> list[Logged]:
    """Make a log of sales, refunds and disputes of two shops, on a clock that may step back."""
    trades = Trades()
    open_orders: list[str] = []
    open_disputes: list[str] = []
    for step in draw(st.lists(st.integers(0, 10**6), min_size=1, max_size=40)):
        choice, pick = step % 10, step // 10
        if choice < 4 or not open_orders:
            shop = (SHOP, SHOP, OTHER)[pick % 3]
            seconds = (None, 30, 601, -5)[pick % 4]
            order = trades.sale(shop, seconds, "assumed" if pick % 7 == 0 else None)
            open_orders.append(order)
        elif choice < 6:
            order = open_orders.pop(pick % len(open_orders))
            opener, fault = OPENERS[pick % 3], FAULTS[pick % 2]
            open_disputes.append(trades.dispute(order, opener, fault))
        elif choice == 6:
            trades.refund(open_orders.pop(pick % len(open_orders)))
        elif choice == 7 and open_disputes:
            dispute = open_disputes.pop(pick % len(open_disputes))
            how = pick % 3
            if how == 0:
                trades.withdraw(dispute)
            elif how == 1:
                trades.concede(dispute)
            else:
                trades.end(dispute, OUTCOMES[pick % 5 % 3], FOUND[pick % 7 % 3])
        else:
            trades.wait(hours=(1, 30, 400, 2500, -200)[pick % 5])
    return trades.log
