"""The control figures of an import, counted from the events that it recorded.

``features.md``, section 8, the table "A correct import reproduces". Amounts are pence.
Nothing is read a second time: a row that no event speaks of is missing here.
Proved by ``tests/domain/retail/test_importing.py``, with a recount of its own.
"""

from bisect import insort
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from domain.catalogue.product import ProductStockAdjusted
from domain.event import Event
from domain.identifiers import milliseconds
from domain.ledger.journal import LedgerPosted
from domain.ledger.recon import ReconBreakOpened
from domain.orders.events import FundsReleased, OrderPlaced, OrderRefunded, RefundExecuted
from domain.payments.events import PaymentCaptured
from domain.refunds.refund import RefundRequested
from domain.retail.london import wall_milliseconds
from domain.retail.merchants import SERVICE

WEEK_MS: Final = 168 * 3_600_000
HOUR_MS: Final = 3_600_000

PUBLISHED: Final[dict[str, int]] = {
    "rows": 541_909,
    "control_total": 974_774_793,
    "invoices": 25_900,
    "invoices_with_sale": 19_959,
    "invoices_c": 3_836,
    "invoices_a": 3,
    "invoices_stock_out": 1_336,
    "invoices_free": 766,
    "goods_rows": 527_789,
    "goods_amount": 1_027_211_887,
    "goods_units": 5_577_133,
    "goods_checkouts": 19_773,
    "goods_merchants": 33,
    "goods_products": 3_803,
    "identified_buyers": 4_334,
    "guest_checkouts": 1_371,
    "guest_rows": 131_452,
    "customers": 4_372,
    "service_sale_rows": 2_314,
    "service_sale_amount": 38_350_361,
    "a_rows": 3,
    "a_amount": -1_106_206,
    "captures": 19_959,
    "captured_amount": 1_065_562_248,
    "c_rows": 9_288,
    "c_amount": -89_681_249,
    "c_goods_rows": 8_704,
    "c_goods_amount": -47_872_418,
    "c_service_rows": 584,
    "c_service_amount": -41_808_831,
    "c_matched_in_full": 7_119,
    "c_matched_in_part": 52,
    "c_not_matched": 1_533,
    "c_not_matched_without_customer": 165,
    "refunds": 7_309,
    "refunded_units": 248_153,
    "refunded_amount": 44_502_107,
    "orders_refunded_in_full": 2_763,
    "orders_refunded_in_part": 4_297,
    "breaks": 1_585,
    "break_amount": 3_370_311,
    "stock_in_rows": 1_179,
    "stock_in_units": 72_603,
    "stock_out_rows": 1_336,
    "stock_out_units": 206_957,
    "released": 525_026,
    "released_amount": 982_709_780,
    "closing_sum": 974_774_793,
    "net_m_22": 395_549_666,
    "net_m_23": 190_036_579,
    "net_m_21": 158_992_781,
    "net_svc": -4_564_676,
    "sale_to_cancellation_tenth_hours": 2_223,
    "cancelled_within_168_h": 2_805,
}
"""What the published file of 541,909 rows gives; amounts in pence."""


class Figures:
    """Counts the events of an import, command by command, in the order of the log."""

    def __init__(self) -> None:
        self.events: Counter[str] = Counter()
        self.monthly: Counter[str] = Counter()
        """Pence by month, such as ``2010-12``."""
        self._counts: Counter[str] = Counter()
        self._net: Counter[str] = Counter()
        self._customers: set[str] = set()
        self._buyers: set[str] = set()
        self._products: set[str] = set()
        self._merchants: set[str] = set()
        self._refunded: set[str] = set()
        self._delays: list[int] = []
        self._c_row = 0
        self._c_marks: set[str] = set()
        self._checkout = ""
        self._takers: dict[str, Callable[[Any], None]] = {
            "order.placed": self._placed,
            "payment.captured": self._captured,
            "refund.requested": self._refund_requested,
            "refund.executed": self._refund_executed,
            "order.refunded": self._order_refunded,
            "recon.break_opened": self._break_opened,
            "ledger.posted": self._posted,
            "product.stock_adjusted": self._stock_adjusted,
            "funds.released": self._released,
        }

    def take(self, events: Sequence[Event]) -> None:
        """Count the events of one command."""
        for event in events:
            self.events[event.TOPIC] += 1
            taker = self._takers.get(event.TOPIC)
            if taker is not None:
                taker(event)
        kind = _invoice_kind({event.TOPIC for event in events}, events)
        if kind:
            self._counts["invoices"] += 1
            self._counts[f"invoices_{kind}"] += 1

    def result(self) -> dict[str, int]:
        """Return every control figure by its name; amounts in pence."""
        self._end_c_row()
        counts = self._counts.copy()
        released, posted = counts["released_amount"], counts["service_sale_amount"]
        counts["closing_sum"] = (
            released + posted + counts["c_service_amount"] + counts["a_amount"]
        ) - counts["break_amount"]
        for name in ("goods", "service"):
            counts["c_rows"] += counts[f"c_{name}_rows"]
            counts["c_amount"] += counts[f"c_{name}_amount"]
        counts["goods_merchants"] = len(self._merchants)
        counts["goods_products"] = len(self._products)
        counts["identified_buyers"] = len(self._buyers)
        counts["customers"] = len(self._customers)
        full = counts["orders_refunded_in_full"]
        counts["orders_refunded_in_part"] = len(self._refunded) - full
        for merchant in ("M-22", "M-23", "M-21", SERVICE):
            counts[f"net_{merchant.lower().replace('-', '_')}"] = self._net[merchant]
        counts["cancelled_within_168_h"] = sum(each <= WEEK_MS for each in self._delays)
        counts["sale_to_cancellation_tenth_hours"] = _median_tenth_hours(self._delays)
        return {name: counts[name] for name in PUBLISHED}

    def _row(self, event: Event, merchant: str, amount: int) -> None:
        """Count one row of the file, or the part of one, towards the totals."""
        self._counts["control_total"] += amount
        self._net[merchant] += amount
        self.monthly[(event.meta.occurred_at or "")[:7]] += amount

    def _customer(self, buyer: str | None) -> None:
        if buyer is not None:
            self._customers.add(buyer)

    def _placed(self, event: OrderPlaced) -> None:
        counts = self._counts
        counts["rows"] += 1
        counts["goods_rows"] += 1
        counts["goods_amount"] += event.amount
        counts["goods_units"] += event.units
        self._products.add(event.product)
        self._merchants.add(event.merchant)
        is_new = event.checkout != self._checkout
        self._checkout = event.checkout
        counts["goods_checkouts"] += is_new
        if event.guest:
            counts["guest_rows"] += 1
            counts["guest_checkouts"] += is_new
        else:
            self._buyers.add(event.buyer)
            self._customers.add(event.buyer)
        self._row(event, event.merchant, event.amount)

    def _captured(self, event: PaymentCaptured) -> None:
        self._counts["captures"] += 1
        self._counts["captured_amount"] += event.amount

    def _refund_requested(self, event: RefundRequested) -> None:
        if self._begin_c_row(event.row, "matched"):
            # By the file's own clock, as the published control was counted: a change to
            # winter time in between makes no hour.
            sold = wall_milliseconds(milliseconds(event.order))
            insort(self._delays, _wall_milliseconds_of(event.meta.occurred_at or "") - sold)
        self._counts["c_goods_amount"] -= event.amount
        self._row(event, event.merchant, -event.amount)

    def _refund_executed(self, event: RefundExecuted) -> None:
        self._counts["refunds"] += 1
        self._counts["refunded_units"] += event.units
        self._counts["refunded_amount"] += event.amount
        self._refunded.add(event.originator_id)

    def _order_refunded(self, _: OrderRefunded) -> None:
        self._counts["orders_refunded_in_full"] += 1

    def _break_opened(self, event: ReconBreakOpened) -> None:
        self._begin_c_row(event.row, "break")
        if event.buyer is None:
            self._c_marks.add("guest")
        self._counts["breaks"] += 1
        self._counts["break_amount"] += event.amount
        self._counts["c_goods_amount"] -= event.amount
        self._customer(event.buyer)
        self._row(event, event.merchant or "", -event.amount)

    def _posted(self, event: LedgerPosted) -> None:
        names = {"service_sale": "service_sale", "service_refund": "c_service", "bad_debt": "a"}
        name = names.get(event.occasion)
        if name is None:  # the other side of a break, which has counted its row
            return
        amount = event.lines[0].amount
        self._counts["rows"] += 1
        self._counts[f"{name}_rows"] += 1
        self._counts[f"{name}_amount"] += amount
        self._customer(event.buyer)
        self._row(event, SERVICE, amount)

    def _stock_adjusted(self, event: ProductStockAdjusted) -> None:
        way = "in" if event.units > 0 else "out"
        self._counts["rows"] += 1
        self._counts[f"stock_{way}_rows"] += 1
        self._counts[f"stock_{way}_units"] += abs(event.units)
        self._customer(event.buyer)

    def _released(self, event: FundsReleased) -> None:
        self._counts["released"] += 1
        self._counts["released_amount"] += event.amount

    def _begin_c_row(self, row: int | None, mark: str) -> bool:
        """Note that a cancellation's row has a part of this kind; True if it is its first."""
        if row == self._c_row:
            self._c_marks.add(mark)
            return False
        self._end_c_row()
        self._c_row, self._c_marks = row or 0, {mark}
        self._counts["rows"] += 1
        self._counts["c_goods_rows"] += 1
        return True

    def _end_c_row(self) -> None:
        marks, self._c_marks = self._c_marks, set()
        if "matched" in marks:
            self._counts["c_matched_in_part" if "break" in marks else "c_matched_in_full"] += 1
        elif marks:
            self._counts["c_not_matched"] += 1
            self._counts["c_not_matched_without_customer"] += "guest" in marks


def _invoice_kind(topics: set[str], events: Sequence[Event]) -> str:
    """Say of which kind the invoice is whose command recorded *events*; empty for none."""
    if "payment.captured" in topics:
        return "with_sale"
    if topics & {"refund.requested", "recon.break_opened"}:
        return "c"
    if "ledger.posted" in topics:
        posted = next(each for each in events if isinstance(each, LedgerPosted))
        return "a" if posted.occasion == "bad_debt" else "c"
    if "product.stock_adjusted" in topics:
        adjusted = (each.units for each in events if isinstance(each, ProductStockAdjusted))
        return "stock_out" if all(units < 0 for units in adjusted) else "free"
    return ""


@lru_cache(maxsize=64)
def _wall_milliseconds_of(at: str) -> int:
    return wall_milliseconds(int(datetime.fromisoformat(at).timestamp() * 1000))


def _median_tenth_hours(delays: Sequence[int]) -> int:
    """Return the median of *delays*, milliseconds in order, in tenths of an hour, rounded."""
    if not delays:
        return 0
    middle = delays[(len(delays) - 1) // 2] + delays[len(delays) // 2]
    return round(middle * 10 / (2 * HOUR_MS))
