"""What no honest log of a trade contains, whoever wrote it: a pure fold over its entries.

    key_sold_twice   a key paid for by a second order while the first one was not refunded, or
                     after it was activated or shown; one raw key in stock under two ids
    money_made       a posting that does not sum to zero, or that takes from an account of an
                     order, checkout, refund or payment more than is in it
    stream_ended     an event after the end of a stream (`domain.witnessing.endings`)

``features.md``, 3.7, invariants 7, 9, 10, 12 and 13. It reads what entries say in the clear,
and of what is sealed the keyed digests. Types that it does not know it passes over, so that a
witness need not be changed on the day that the platform is.
``tests/domain/witnessing/test_invariants.py``.
"""

from collections.abc import Mapping
from typing import Any, Final

from chain.canonical import parse
from chain.entry import Entry
from chain.errors import MalformedError
from chain.rules import BrokenRuleError, Memory
from domain.ledger.accounts import kind_of
from domain.witnessing.endings import Endings

NEVER_BELOW_ZERO: Final = frozenset({"clearing", "escrow", "refund", "unmatched", "payout"})
"""Kinds of account that hold what somebody brought before: nobody can owe there."""
ACCOUNT, FINGERPRINT, HELD, IMPORTED, PAID, REFUNDED, USED = (
    *("account", "fingerprint", "held", "imported", "paid", "refunded", "used"),
)
"""Kinds of what is remembered."""


class Invariants:
    """The fold, as `chain.rules.Rules`.

    Args:
        memory: of what has happened.
    """

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._endings = Endings(memory)
        self._judges = {
            "key.imported": self._import,
            "key.sold": self._sell,
            "key.activated": self._use,
            "key.revealed": self._use,
            "key.voided": self._void,
            "order.placed": self._hold,
            "order.cleared": self._hold,
            "order.paid": self._pay,
            "order.refunded": self._refund,
            "ledger.posted": self._post,
        }

    def take(self, index: int, entry: Entry) -> None:
        """See `chain.rules.Rules.take`."""
        self._endings.take(index, entry.stream, entry.type)
        judge = self._judges.get(entry.type)
        if judge is not None:
            judge(index, entry.stream, _data(index, entry))

    def _import(self, index: int, key: str, data: Mapping[str, Any]) -> None:
        """Refuse a raw key that is there under another id; its digests are keyed."""
        marks = [
            f"{data.get(ring) or ''}/{data[name]}"
            for ring, name in (
                ("index_key", "fingerprint"),
                ("former_key", "former_fingerprint"),
            )
            if data.get(name)
        ]
        for mark in marks:
            there = self._memory.get(FINGERPRINT, mark)
            if there is not None and there != key:
                raise _twice(index, f"the raw key of {key} is in stock already as {there}")
            self._memory.put(FINGERPRINT, mark, key)
        if marks:
            self._memory.put(IMPORTED, key, " ".join(marks))

    def _void(self, index: int, key: str, data: Mapping[str, Any]) -> None:
        """Let a voided key's raw key come back: two persons may decide that."""
        del index, data
        for mark in (self._memory.get(IMPORTED, key) or "").split():
            self._memory.put(FINGERPRINT, mark, None)
        self._memory.put(IMPORTED, key, None)

    def _sell(self, index: int, key: str, data: Mapping[str, Any]) -> None:
        self._bind(index, key, _text(index, data, "order"))

    def _hold(self, index: int, order: str, data: Mapping[str, Any]) -> None:
        del index
        if data.get("key"):
            self._memory.put(HELD, order, str(data["key"]))

    def _pay(self, index: int, order: str, data: Mapping[str, Any]) -> None:
        """Bind the key that the order was placed for, whatever the key's own stream says."""
        del data
        key = self._memory.get(HELD, order)
        if key is not None:
            self._bind(index, key, order)

    def _bind(self, index: int, key: str, order: str) -> None:
        holder = self._memory.get(PAID, key)
        if holder == order:
            return
        if self._memory.get(USED, key) is not None:
            raise _twice(index, f"{key} was activated or shown before {order} bought it")
        if holder is not None and self._memory.get(REFUNDED, holder) is None:
            raise _twice(index, f"{key} is sold to {order}, and {holder} has bought it")
        self._memory.put(PAID, key, order)

    def _use(self, index: int, key: str, data: Mapping[str, Any]) -> None:
        del index, data
        self._memory.put(USED, key, "1")

    def _refund(self, index: int, order: str, data: Mapping[str, Any]) -> None:
        del index, data
        self._memory.put(REFUNDED, order, "1")

    def _post(self, index: int, stream: str, data: Mapping[str, Any]) -> None:
        lines, currency = data.get("lines"), _text(index, data, "currency")
        try:
            moves = [(str(each["account"]), each["amount"]) for each in lines or ()]
        except (TypeError, KeyError):
            moves = []
        if not moves or any(type(amount) is not int for _, amount in moves):
            raise _made(index, f"the posting in {stream} has no lines")
        total = sum(amount for _, amount in moves)
        if total:
            raise _made(index, f"the posting in {stream} sums to {total} {currency}, not to zero")
        for account, amount in moves:
            if kind_of(account) in NEVER_BELOW_ZERO:
                self._move(index, account, currency, amount)

    def _move(self, index: int, account: str, currency: str, amount: int) -> None:
        name = f"{account} {currency}"
        left = int(self._memory.get(ACCOUNT, name) or 0) + amount
        if left < 0:
            raise _made(index, f"{-amount} {currency} leave {account}, {-left} more than it has")
        self._memory.put(ACCOUNT, name, str(left) if left else None)


def _data(index: int, entry: Entry) -> Mapping[str, Any]:
    try:
        body = parse(entry.body)
    except MalformedError as error:
        raise BrokenRuleError(index, "malformed", str(error)) from None
    data = body.get("data") if isinstance(body, dict) else None
    if not isinstance(data, dict):
        raise BrokenRuleError(index, "malformed", f"{entry.type} of {entry.stream} has no data")
    return data


def _text(index: int, data: Mapping[str, Any], name: str) -> str:
    value = data.get(name)
    if not isinstance(value, str):
        raise BrokenRuleError(index, "malformed", f"{name}: must be text")
    return value


def _twice(index: int, words: str) -> BrokenRuleError:
    return BrokenRuleError(index, "key_sold_twice", words)


def _made(index: int, words: str) -> BrokenRuleError:
    return BrokenRuleError(index, "money_made", words)
