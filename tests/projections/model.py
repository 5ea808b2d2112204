"""What the views and a replay must say, written down a second time.

A plain fold over entries' JSON that shares no code with ``domain/`` or ``projections/``: by
its own reading of ``features.md``, section 3, it keeps what is known of each order, key,
dispute, refund, payment and merchant, of each account and each day. Slow and obviously right.
"""

import json
from collections import Counter, defaultdict
from typing import Any

Data = dict[str, Any]

ORDER_STATES = {
    "order.held": "under_review",
    "order.cleared": "placed",
    "order.blocked": "blocked",
    "order.paid": "paid",
    "order.delivered": "delivered",
    "order.confirmed": "confirmed",
    "order.refunded": "refunded",
}
KEY_STATES = {
    "key.sealed": "sealed",
    "key.listed": "listed",
    "key.unlisted": "sealed",
    "key.reserved": "reserved",
    "key.reservation_released": "listed",
    "key.sold": "sold",
    "voucher.issued": "vouchered",
    "key.activated": "activated",
    "key.confirmed": "confirmed",
    "key.released": "released",
    "key.returned": "returned",
    "key.quarantined": "quarantined",
    "key.quarantine_lifted": "sealed",
    "key.voided": "voided",
}
DISPUTE_STATES = {
    "evidence.gathered": "evidence_gathered",
    "dispute.assigned": "assigned",
    "dispute.conceded": "conceded",
    "dispute.withdrawn": "withdrawn",
    "dispute.appealed": "appealed",
    "ruling.executed": "executed",
}
REFUND_STATES = {
    "refund.approved": "approved",
    "refund.declined": "declined",
    "refund.settled": "settled",
    "refund.failed": "failed",
}
PLACE = {
    "imported": "available",
    "sealed": "available",
    "listed": "available",
    "reserved": "reserved",
    "voided": "voided",
    "quarantined": "quarantined",
    "returned": "returned",
}
UNBINDING = ("key.reservation_released", "key.returned", "key.quarantined", "key.voided")


class Model:
    """Everything that is known after some entries."""

    def __init__(self) -> None:
        self.orders: dict[str, dict[str, Any]] = {}
        self.keys: dict[str, dict[str, Any]] = {}
        self.disputes: dict[str, dict[str, Any]] = {}
        self.refunds: dict[str, dict[str, Any]] = {}
        self.payments: dict[str, dict[str, Any]] = {}
        self.merchants: dict[str, dict[str, Any]] = defaultdict(lambda: {"state": "new"})
        self.accounts: Counter[tuple[str, str]] = Counter()
        self.daily: dict[tuple[str, str, str], Counter[str]] = defaultdict(Counter)
        self.timeline: dict[str, list[tuple[int, str]]] = defaultdict(list)
        self.work: dict[tuple[str, str], str] = {}
        self.grades: dict[str, str] = {}
        self.scores: dict[str, int] = {}
        self.deposits: Counter[str] = Counter()
        self.sanctions: dict[str, str] = {}
        self.checkouts: dict[str, list[str]] = defaultdict(list)

    def see(self, index: int, stream: str, topic: str, body: bytes) -> None:
        """Take one entry in."""
        read = json.loads(body)
        data, meta = read["data"], read["meta"]
        moment = meta.get("occurred_at", "2026-11-22T10:00:00Z")
        if topic == "ledger.posted":
            for line in data["lines"]:
                self.accounts[line["account"], data["currency"]] += line["amount"]
            return
        kind = (
            stream.split("_", maxsplit=1)[0]
            if "/" not in stream
            else stream.split("/", maxsplit=1)[0]
        )
        handler = getattr(self, f"see_{kind}", None)
        if handler is not None:
            handler(index, stream, topic, data, moment)

    def see_ord(self, index: int, order: str, topic: str, data: Data, moment: str) -> None:
        if topic == "order.placed":
            self.orders[order] = {
                "state": "placed",
                "funds": "none",
                "key": data.get("key"),
                "escrow": 0,
                "refunded": 0,
                "units_refunded": 0,
                "dispute": None,
                "payment": None,
                **{each: data[each] for each in ("buyer", "merchant", "product", "checkout")},
                **{each: data[each] for each in ("units", "amount", "currency")},
            }
            self.checkouts[data["checkout"]].append(order)
        self.timeline[order].append((index, topic))
        one = self.orders[order]
        one["state"] = ORDER_STATES.get(topic, one["state"])
        self._money(order, one, topic, data, moment)
        if topic == "order.cleared":
            one["key"] = data["key"]
        if topic == "order.paid":
            one["payment"] = data["payment"]
        if topic == "order.closed":
            done = data["cause"] == "completed"
            one["state"] = "closed_completed" if done else "closed_unpaid"
            if not done:
                self._day(order, moment)["unpaid"] += 1
        if topic == "order.held":
            self.work["order", order] = "open"
        if topic in ("order.cleared", "order.blocked", "order.closed"):
            self._done("order", order)
        if topic in ("order.delivered", "order.confirmed", "order.refunded"):
            self._day(order, moment)[topic.split(".")[1]] += 1
        if topic == "order.placed":
            self._day(order, moment)["placed"] += 1
            self._day(order, moment)["placed_amount"] += data["amount"]

    def _money(self, order: str, one: dict[str, Any], topic: str, data: Data, moment: str) -> None:
        if topic == "funds.held":
            one["funds"], one["escrow"] = "held", data["amount"]
            self._day(order, moment)["paid"] += 1
            self._day(order, moment)["paid_amount"] += data["amount"]
        elif topic == "funds.frozen":
            one["funds"], one["dispute"] = "frozen", data["dispute"]
        elif topic == "funds.unfrozen":
            one["funds"], one["dispute"] = "held", None
        elif topic == "funds.released":
            one["funds"], one["escrow"] = "released", 0
            self._day(order, moment)["released_amount"] += data["amount"]
        elif topic == "funds.recalled":
            one["funds"], one["dispute"] = "frozen", data["dispute"]
            one["escrow"] = data["amount"]
            self._day(order, moment)["released_amount"] -= data["amount"]
        elif topic == "refund.executed":
            one["escrow"] -= data["amount"]
            one["refunded"] += data["amount"]
            one["units_refunded"] += data["units"]
            self._day(order, moment)["refunds"] += 1
            self._day(order, moment)["refunded_amount"] += data["amount"]
        elif topic == "order.refunded":
            one["funds"], one["dispute"] = "refunded", None

    def _day(self, order: str, moment: str) -> Counter[str]:
        one = self.orders[order]
        return self.daily[moment[:10], one["merchant"], one["currency"]]

    def _done(self, kind: str, stream: str) -> None:
        if (kind, stream) in self.work:
            self.work[kind, stream] = "done"

    def see_key(self, index: int, key: str, topic: str, data: Data, moment: str) -> None:
        if topic == "key.imported":
            self.keys[key] = {
                "state": "imported",
                "order": None,
                "bound": None,
                "views": 0,
                "units_used": 0,
                "units_refunded": 0,
                "activated": False,
                **{each: data[each] for each in ("merchant", "product", "units")},
                "batch": data.get("batch"),
            }
        one = self.keys[key]
        one["state"] = KEY_STATES.get(topic, one["state"])
        if topic == "key.reserved":
            one["order"] = one["bound"] = data["order"]
        if one["bound"] is not None:
            self.timeline[one["bound"]].append((index, topic))
        one["views"] += topic == "key.revealed"
        one["activated"] = one["activated"] or topic == "key.activated"
        one["units_used"] += data["units"] if topic == "bundle.unit_used" else 0
        one["units_refunded"] += data["units"] if topic == "bundle.units_refunded" else 0
        self._parted(key, one, topic, data)

    def _parted(self, key: str, one: dict[str, Any], topic: str, data: Data) -> None:
        if topic == "key.returned":
            one["units_refunded"] = 0
        if topic in ("key.reservation_released", "key.returned"):
            one["order"] = None
        if topic == "key.quarantined":
            one["order"] = None if "refund" in data else one["order"]
            self.work["key", key] = "open"
        if topic in ("key.quarantine_lifted", "key.voided"):
            self._done("key", key)
        if topic in UNBINDING:
            one["bound"] = None

    def see_dsp(self, index: int, dispute: str, topic: str, data: Data, moment: str) -> None:
        if topic == "dispute.opened":
            self.disputes[dispute] = {
                "state": "opened",
                "order": data["order"],
                "buyer": data["buyer"],
                "opener": data["opener"],
                "fault": data["fault"],
                "merchant": self.orders[data["order"]]["merchant"],
                "arbitrator": None,
                "outcome": None,
                "appealed": False,
                "accepted": False,
                "messages": 0,
            }
            self._day(data["order"], moment)["disputes"] += 1
        one = self.disputes[dispute]
        self.timeline[one["order"]].append((index, topic))
        one["state"] = DISPUTE_STATES.get(topic, one["state"])
        one["messages"] += topic == "message.added"
        if topic == "ruling.issued":
            one["state"] = "auto_ruled" if data["mode"] == "auto" else "ruled"
            one["outcome"], one["accepted"] = data["outcome"], False
        if topic == "dispute.appealed":
            one["appealed"] = True
        if topic == "ruling.accepted":
            one["accepted"] = True
        if topic == "dispute.assigned":
            one["arbitrator"] = data["arbitrator"]
            self.work["dispute", dispute] = "open"
        elif one["state"] != "assigned":
            self._done("dispute", dispute)

    def see_rfd(self, index: int, refund: str, topic: str, data: Data, moment: str) -> None:
        if topic in ("refund.requested", "refund.executed"):
            state = "requested" if topic == "refund.requested" else "approved"
            self.refunds[refund] = {
                "state": state,
                "order": data.get("order"),
                "amount": data["amount"],
                "failures": 0,
            }
        one = self.refunds[refund]
        one["state"] = REFUND_STATES.get(topic, one["state"])
        one["failures"] += topic == "refund.failed"
        if one["order"] is not None:
            self.timeline[one["order"]].append((index, topic))

    def see_pay(self, index: int, payment: str, topic: str, data: Data, moment: str) -> None:
        one = self.payments.setdefault(payment, {"state": "new", "charged_back": False})
        if topic == "payment.initiated":
            one["state"] = "early" if one["state"] == "early" else "initiated"
        if topic == "payment.captured":
            one["state"] = "captured"
        one["charged_back"] = one["charged_back"] or topic == "payment.charged_back"
        if "checkout" in data:
            one["checkout"] = data["checkout"]
        for order in self.checkouts[one.get("checkout", "")]:
            self.timeline[order].append((index, topic))

    def see_qualification(
        self, index: int, stream: str, topic: str, data: Data, moment: str
    ) -> None:
        merchant = stream.split("/")[1]
        word = topic.split(".")[1]
        one = self.merchants[merchant]
        states = {"reviewed": "in_review", "reinstated": "approved"}
        if word == "reviewed" and one["state"] in ("approved", "suspended"):
            return
        if not word.startswith("scope"):
            one["state"] = states.get(word, word)
        if word == "submitted":
            self.work["qualification", stream] = "open"
        if word in ("approved", "rejected"):
            self._done("qualification", stream)

    def see_credit(self, index: int, stream: str, topic: str, data: Data, moment: str) -> None:
        if topic == "credit.recomputed":
            self.scores[data["merchant"]] = data["score"]
        if topic == "credit.grade_changed":
            self.grades[data["merchant"]] = data["after"]

    def see_deposit(self, index: int, stream: str, topic: str, data: Data, moment: str) -> None:
        if topic != "deposit.required":
            sign = 1 if topic == "deposit.topped_up" else -1
            self.deposits[data["merchant"]] += sign * data["amount"]

    def see_sanction(self, index: int, stream: str, topic: str, data: Data, moment: str) -> None:
        self.sanctions[data["sanction"]] = topic.split(".")[1]

    def stock(self, name: str, value: str) -> Counter[str]:
        """Count the keys whose *name* is *value*, by place."""
        found = [one for one in self.keys.values() if one[name] == value]
        counts = Counter(PLACE.get(one["state"], "delivered") for one in found)
        counts["imported"] = len(found)
        counts["listed"] = sum(one["state"] == "listed" for one in found)
        return counts
