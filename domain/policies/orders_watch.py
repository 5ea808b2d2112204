"""What is due of an order: reservation, delivery, confirmation, release, and its end.

``features.md``, 3.2, 3.3, 3.8. While a dispute freezes the order nothing of it is due; when
the dispute ends without a full refund, what was due goes on. The hold before the release is
that of the merchant's grade at the confirmation. Orders that an import took over from the
past have no timers. ``tests/domain/policies/test_timers.py``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from domain.credit.file import CreditGradeChanged
from domain.credit.rules import NEWEST, Grade
from domain.disputes.case import Recorded
from domain.event import Event
from domain.keys.events import KeySold, VoucherIssued
from domain.orders.events import OrderPlaced
from domain.policies.agenda import Agenda, timed
from domain.policies.periods import Periods, later
from domain.policies.policy import Call, new_id

STATES: Final[Mapping[str, str]] = {
    "order.placed": "placed",
    "order.held": "under_review",
    "order.cleared": "placed",
    "order.paid": "paid",
    "order.delivered": "delivered",
    "order.confirmed": "confirmed",
    "funds.released": "released",
}
"""What an order waits in after each event that moves it on."""
ENDS: Final = frozenset({"order.blocked", "order.closed", "order.refunded"})
FREEZES: Final = frozenset({"funds.frozen", "funds.recalled"})
VOUCHER_ENDS: Final = frozenset(
    {
        *("voucher.expired", "voucher.revoked", "voucher.locked", "key.activated"),
        *("key.returned", "key.quarantined", "key.voided"),
    }
)
NAMES: Final = ("close_unpaid", "deliver_late", "refund_undelivered", "confirm", "release", "end")


@dataclass(slots=True)
class Open:
    """An order that is not at its end."""

    merchant: str
    key: str
    state: str = "placed"
    since: str = ""
    """When it came into its state, no earlier than anything before it in its history."""
    frozen: bool = False
    hold: int = 0
    """Hours from the confirmation to the release."""


class OrdersWatch:
    """Watches orders and their vouchers."""

    TOPICS: Final = frozenset(
        {
            *(*STATES, *ENDS, *FREEZES, *VOUCHER_ENDS),
            *("funds.unfrozen", "credit.grade_changed", "key.sold", "voucher.issued"),
        }
    )

    def __init__(self, agenda: Agenda, periods: Periods) -> None:
        self._agenda = agenda
        self._periods = periods
        self._open: dict[str, Open] = {}
        self._grades: dict[str, Grade] = {}
        self._orders: dict[str, str] = {}
        """By key: the order that it was sold in."""

    def key_of(self, order: str) -> str | None:
        """Return the key of an order that is not at its end."""
        found = self._open.get(order)
        return found.key if found else None

    def see(self, cause: Recorded) -> None:
        """See `domain.policies.timers.Watch`."""
        event = cause.event
        if isinstance(event, CreditGradeChanged):
            self._grades[event.merchant] = event.after
        elif event.TOPIC.startswith(("key.", "voucher.")):
            self._see_key(cause, event)
        else:
            self._see_order(cause, event)

    def _see_key(self, cause: Recorded, event: Event) -> None:
        key = event.originator_id
        if isinstance(event, KeySold):
            self._orders[key] = event.order
        elif isinstance(event, VoucherIssued):
            self._agenda.clear(key, "expire_voucher")
            order = self._orders.get(key)
            if order is not None and event.expires_at is not None:
                make = timed("expire_voucher", cause, "expire_voucher", told=True, order=order)
                self._agenda.set("expire_voucher", key, event.expires_at, cause, make)
        else:
            self._agenda.clear(key, "expire_voucher")
            if event.TOPIC.startswith("key."):
                self._orders.pop(key, None)

    def _see_order(self, cause: Recorded, event: Event) -> None:
        order = event.originator_id
        if isinstance(event, OrderPlaced) and event.row is None:
            self._open[order] = Open(event.merchant, event.key)
        found = self._open.get(order)
        if found is None:
            return
        self._agenda.clear(order, *NAMES)
        if event.TOPIC in ENDS:
            del self._open[order]
            return
        if event.TOPIC in FREEZES:
            found.frozen = True
            if event.TOPIC == "funds.recalled":
                found.state = "confirmed"
        elif event.TOPIC == "funds.unfrozen":
            found.frozen = False
        else:
            found.state = STATES[event.TOPIC]
            found.since = max(found.since, cause.moment)
            if found.state == "confirmed":
                grade = self._grades.get(found.merchant, NEWEST.start)
                found.hold = self._periods.hold_hours[grade]
        if not found.frozen:
            self._set(order, found, cause)

    def _set(self, order: str, found: Open, cause: Recorded) -> None:
        periods, since, put = self._periods, found.since, self._put
        match found.state:
            case "placed":
                at = later(since, minutes=periods.reservation_minutes)
                put("close_unpaid", order, at, cause, "close_order", cause="expired")
            case "paid":
                self._await_delivery(order, found, cause)
            case "delivered":
                at = later(since, hours=periods.window_hours)
                put("confirm", order, at, cause, "confirm_order", cause="timer")
            case "confirmed":
                at = later(since, hours=found.hold)
                put("release", order, at, cause, "release_funds")
            case "released":
                at = later(since, days=periods.late_claim_days)
                put("end", order, at, cause, "close_order", cause="completed")

    def _await_delivery(self, order: str, found: Open, cause: Recorded) -> None:
        began = found.since
        if cause.event.TOPIC == "funds.unfrozen":
            # A dispute stood in the way of the delivery and has ended: it is due now.
            began = max(began, cause.moment)

            def deliver(now: str) -> Call:
                until = later(now, hours=self._periods.voucher_hours)
                make = timed(
                    "deliver_late", cause, "deliver_order", order=order, voucher_until=until
                )
                return make(now)

            self._agenda.set("deliver_late", order, began, cause, deliver)
        at = later(began, minutes=self._periods.delivery_minutes)
        refund = new_id("rfd", "refund_undelivered", cause.index, cause.moment)
        self._put("refund_undelivered", order, at, cause, "refund_undelivered", refund=refund)

    def _put(
        self, name: str, order: str, at: str, follows: Recorded, use_case: str, **also: Any
    ) -> None:
        self._agenda.set(
            name, order, at, follows, timed(name, follows, use_case, order=order, **also)
        )
