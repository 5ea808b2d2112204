"""The machines of ``features.md``, 3.1 to 3.4 and 3.6, written down a second time.

A plain model of orders, keys, funds and disputes that shares no code with the program: it
says what each action of the walk must lead to, by its own reading of the tables. An action
is a tuple: a name and small numbers. `may` says whether it is accepted, `do` carries it out.
"""

from dataclasses import dataclass, field
from typing import Any

Action = tuple[Any, ...]
PRICE = 9_000
FAULTS = ("none", "revoked")
PARTS = {"quarter": 4, "half": 2}
LIVE = ("held", "frozen")
USED = ("activated", "confirmed", "released")
USABLE = ("delivered", "confirmed", "closed_completed")
CONTESTED = ("opened", "gathered", "assigned")
RULED = ("auto_ruled", "ruled")

MOVES = {
    "list": (("sealed", "returned"), "listed"),
    "unlist": (("listed",), "sealed"),
    "quarantine": (("sealed", "listed"), "quarantined"),
    "void": (("sealed", "returned", "quarantined"), "voided"),
    "decline": (("requested",), "declined"),
    "settle": (("approved", "failed"), "settled"),
    "fail": (("approved", "failed"), "failed"),
}
"""What only moves a key, or a refund's transfer: from which states, and where to."""


@dataclass
class Key:
    merchant: int
    policy: str
    units: int
    state: str = "listed"
    order: int | None = None
    activated: bool = False
    revealed: bool = False
    voucher: bool = False
    used: int = 0
    refunded: int = 0

    @property
    def left(self) -> int:
        return self.units - self.used - self.refunded


@dataclass
class Dispute:
    opener: str
    state: str = "opened"
    arbitrator: str = ""
    has_ruled: set[str] = field(default_factory=set)
    outcome: str = ""
    effect: str = ""
    amount: int | None = None
    units: int | None = None
    may_appeal: bool = False
    appealed: bool = False
    accepted: bool = False

    @property
    def loser(self) -> str:
        return "consumer" if self.outcome == "rejected" else "merchant"


@dataclass
class Order:
    merchant: int
    state: str = "placed"
    key: int | None = None
    units: int = 1
    funds: str = "none"
    escrow: int = 0
    released: int = 0
    guaranteed: int = 0
    refunded_units: int = 0
    effect: str = ""
    dispute: Dispute | None = None
    slot: bool = False
    """It is one of the three that its buyer may leave unpaid."""


@dataclass
class Refund:
    order: int
    amount: int
    units: int
    state: str = "requested"


class Model:
    def __init__(self, merchants: int = 2) -> None:
        self.keys: list[Key] = []
        self.orders: list[Order] = []
        self.refunds: list[Refund] = []
        self.balance = [0] * merchants
        self.debt = [0] * merchants
        self.deposit = [0] * merchants
        self.guarantee = 0

    def may(self, action: Action) -> bool:
        if action[0] in MOVES:
            return self._moved(action).state in MOVES[action[0]][0]
        return bool(getattr(self, f"may_{action[0]}")(*action[1:]))

    def do(self, action: Action) -> None:
        if action[0] in MOVES:
            self._moved(action).state = MOVES[action[0]][1]
            return
        getattr(self, f"do_{action[0]}")(*action[1:])

    def _moved(self, action: Action) -> "Key | Refund":
        return (self.refunds if action[0] in ("decline", "settle", "fail") else self.keys)[
            action[1]
        ]

    def combination(self, number: int) -> tuple[str, str, str, bool]:
        """Return order, key, funds, dispute open, as section 3.6 names them."""
        order = self.orders[number]
        state = "placed" if order.state == "review" else order.state
        key = "unbound" if order.key is None else self.keys[order.key].state
        return state, order.effect or key, order.funds, order.dispute is not None

    # Keys (3.1).

    def may_import(self, merchant: int, policy: str, units: int) -> bool:
        return True

    def do_import(self, merchant: int, policy: str, units: int) -> None:
        self.keys.append(Key(merchant, policy, units))

    # Orders (3.2).

    def may_place(self, key: int) -> bool:
        holds = [one for one in self.orders if one.slot and one.state == "placed"]
        return self.keys[key].state == "listed" and len(holds) < 3

    def do_place(self, key: int) -> None:
        one = self.keys[key]
        one.state, one.order = "reserved", len(self.orders)
        self.orders.append(Order(one.merchant, key=key, units=one.units, slot=True))

    def may_review(self, merchant: int) -> bool:
        return True

    def do_review(self, merchant: int) -> None:
        self.orders.append(Order(merchant, "review"))

    def may_block_new(self, merchant: int) -> bool:
        return True

    def do_block_new(self, merchant: int) -> None:
        self.orders.append(Order(merchant, "blocked"))

    def may_clear(self, order: int, key: int, role: str) -> bool:
        one, wanted = self.orders[order], self.keys[key]
        same = (one.merchant, 1) == (wanted.merchant, wanted.units)
        return role == "staff" and one.state == "review" and same and wanted.state == "listed"

    def do_clear(self, order: int, key: int, role: str) -> None:
        self.orders[order].state, self.orders[order].key = "placed", key
        self.keys[key].state, self.keys[key].order = "reserved", order

    def may_block(self, order: int) -> bool:
        return self.orders[order].state == "review"

    def do_block(self, order: int) -> None:
        self.orders[order].state = "blocked"

    def may_pay(self, order: int, amount: int) -> bool:
        return self.orders[order].state == "placed" and amount == PRICE

    def do_pay(self, order: int, amount: int) -> None:
        one = self.orders[order]
        one.state, one.funds, one.escrow = "paid", "held", amount
        self._key(one).state = "sold"

    def may_close(self, order: int, cause: str) -> bool:
        one = self.orders[order]
        if cause == "completed":
            return (one.state, one.funds) == ("confirmed", "released")
        if one.state == "closed_unpaid":
            return cause == "expired"  # the timer comes second, and nothing is left to do
        return one.state == "placed" or (one.state == "review" and cause == "sold_out")

    def do_close(self, order: int, cause: str) -> None:
        one = self.orders[order]
        if cause == "completed":
            one.state = "closed_completed"
            return
        one.state = "closed_unpaid"
        if one.key is not None:
            self._key(one).state, self._key(one).order, one.key = "listed", None, None

    def may_deliver(self, order: int) -> bool:
        one = self.orders[order]
        return one.state == "paid" and one.dispute is None

    def do_deliver(self, order: int) -> None:
        key = self._key(self.orders[order])
        self.orders[order].state, key.state, key.voucher = "delivered", "vouchered", True

    def may_confirm(self, order: int) -> bool:
        return self.orders[order].state == "delivered" and self.orders[order].dispute is None

    def do_confirm(self, order: int) -> None:
        self.orders[order].state = "confirmed"
        if self._key(self.orders[order]).state == "activated":
            self._key(self.orders[order]).state = "confirmed"

    # Vouchers, activation, views (3.1).

    def may_expire(self, order: int) -> bool:
        key = self._mine(order)
        return key is not None and key.state == "vouchered" and key.voucher

    def do_expire(self, order: int) -> None:
        self._key(self.orders[order]).voucher = False

    def may_renew(self, order: int) -> bool:
        key = self._mine(order)
        return key is not None and key.state == "vouchered" and not self.orders[order].dispute

    def do_renew(self, order: int) -> None:
        self._key(self.orders[order]).voucher = True

    def _usable(self, order: int, buyer: str) -> bool:
        one = self.orders[order]
        return buyer == "buyer" and one.state in USABLE and one.dispute is None

    def may_activate(self, order: int, buyer: str, when: str) -> bool:
        key = self._mine(order)
        live = key is not None and key.state == "vouchered" and key.voucher
        return self._usable(order, buyer) and live and when == "soon"

    def do_activate(self, order: int, buyer: str, when: str) -> None:
        one, key = self.orders[order], self._key(self.orders[order])
        key.activated, key.voucher, key.state = True, False, "activated"
        if one.state != "delivered":
            key.state = "released" if one.funds == "released" else "confirmed"

    def may_reveal(self, order: int, buyer: str) -> bool:
        key = self._mine(order)
        ready = key is not None and key.state in USED and self.policy_allows(key)
        return self._usable(order, buyer) and ready

    def policy_allows(self, key: Key) -> bool:
        """Say whether the release policy ever shows the raw key in this state."""
        if key.policy == "redeem_on_platform":
            return False
        return key.revealed or key.policy == "reveal_at_activation" or key.state != "activated"

    def do_reveal(self, order: int, buyer: str) -> None:
        self._key(self.orders[order]).revealed = True

    def may_use(self, order: int, units: int) -> bool:
        key = self._mine(order)
        ready = key is not None and key.state in USED and units <= key.left
        return self._usable(order, "buyer") and ready

    def do_use(self, order: int, units: int) -> None:
        self._key(self.orders[order]).used += units

    # Funds (3.3).

    def may_release(self, order: int) -> bool:
        one = self.orders[order]
        return (one.state, one.funds, one.dispute) == ("confirmed", "held", None)

    def do_release(self, order: int) -> None:
        one, m = self.orders[order], self.orders[order].merchant
        one.funds, one.released, rest, one.escrow = "released", one.escrow, one.escrow, 0
        repaid = min(rest, one.guaranteed)
        paid = min(rest - repaid, self.debt[m])
        one.guaranteed -= repaid
        self.guarantee += repaid
        self.debt[m] -= paid
        self.balance[m] += rest - repaid - paid
        if self._key(one).state == "confirmed":
            self._key(one).state = "released"

    def may_request(self, order: int, units: int) -> bool:
        one = self.orders[order]
        left = one.units - one.refunded_units
        # "All of it" (0) is something only as long as there are units.
        return one.funds == "held" and one.dispute is None and 0 < (units or left) <= left

    def do_request(self, order: int, units: int) -> None:
        one = self.orders[order]
        left = one.units - one.refunded_units
        wanted = units or left
        self.refunds.append(Refund(order, one.escrow * wanted // left, wanted))

    def may_approve(self, refund: int) -> bool:
        asked = self.refunds[refund]
        one = self.orders[asked.order]
        if asked.state != "requested" or one.funds != "held" or one.dispute is not None:
            return False
        left = one.units - one.refunded_units
        enough = 0 < asked.amount <= one.escrow and asked.units <= left
        return enough and asked.units <= self._key(one).left

    def do_approve(self, refund: int) -> None:
        asked = self.refunds[refund]
        key = self._key(self.orders[asked.order])
        asked.state = "approved"
        used = key.activated or key.revealed
        self._pay_back(asked.order, asked.amount, asked.units, "voided" if used else "returned")

    def may_give_up(self, order: int, role: str, when: str) -> bool:
        one = self.orders[order]
        return (role, when) == ("platform", "late") and one.state == "paid" and one.dispute is None

    def do_give_up(self, order: int, role: str, when: str) -> None:
        one = self.orders[order]
        units = one.units - one.refunded_units
        self.refunds.append(Refund(order, one.escrow, units, "approved"))
        self._pay_back(order, one.escrow, units, "returned")

    # Money of merchants (G8, C4).

    def may_withdraw_money(self, merchant: int, amount: int) -> bool:
        return 0 < amount <= self.balance[merchant] - self.debt[merchant]

    def do_withdraw_money(self, merchant: int, amount: int) -> None:
        self.balance[merchant] -= amount

    def may_top_up(self, merchant: int, amount: int) -> bool:
        return amount > 0

    def do_top_up(self, merchant: int, amount: int) -> None:
        self.deposit[merchant] += amount

    def may_fund(self, amount: int) -> bool:
        return amount > 0

    def do_fund(self, amount: int) -> None:
        self.guarantee += amount

    def _key(self, order: Order) -> Key:
        assert order.key is not None
        return self.keys[order.key]

    def _mine(self, order: int) -> Key | None:
        """Return the order's key, if it is still bound to it."""
        one = self.orders[order]
        key = None if one.key is None else self.keys[one.key]
        return key if key is not None and key.order == order else None

    def _pay_back(self, order: int, amount: int, units: int, effect: str) -> None:
        one, key = self.orders[order], self._key(self.orders[order])
        one.escrow -= amount
        one.refunded_units += units
        key.refunded += units
        if one.escrow:
            return
        one.state, one.funds, one.effect, one.dispute = "refunded", "refunded", effect, None
        key.state, key.order, key.voucher = effect, None, False
        if effect == "returned":
            key.refunded = 0
