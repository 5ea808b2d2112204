"""Payment channels as a sandbox plays them: they collect nothing and pay nothing out.

`SandboxChannels` is both sides of a channel's counter: what we ask (collect, refund, find)
and what the world does to it, as questions of their own that no real channel has:

    /v1/pay/connect  {channel, connection, account, receiver, key, algorithm, secret} -> {}
    /v1/pay/pay      {channel, connection, payment, amount?, currency?, checkout?}
                                                         -> {transaction}  the buyer pays
    /v1/pay/settle   {channel, connection, refund, state, reason?} -> {}   the bank decides
    /v1/pay/again    {channel, connection, transaction}  -> {}    says it once more
    /v1/pay/sent     {}                                  -> {sent, statuses}

Each connection signs its callbacks with its own key. Where they go, and how often they are
tried, is for `domain.payments.store.callbacks`. ``tests/domain/payments/test_http_channel.py``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from chain.canonical import to_bytes
from chain.errors import MalformedError
from domain.outside.store.sandbox import Answering
from domain.payments.callback import Delivery, sign
from domain.payments.channel import COLLECT, FIND, REFUND, REFUNDED, Algorithm, Route

CONNECT, PAY, SETTLE = "/v1/pay/connect", "/v1/pay/pay", "/v1/pay/settle"
AGAIN, SENT = "/v1/pay/again", "/v1/pay/sent"
STATES: Final = ("settled", "failed")


@dataclass(frozen=True, slots=True)
class Counter:
    """One connection as the channel knows it."""

    route: Route
    account: str
    receiver: str
    """The URL that its callbacks go to."""
    key: str
    algorithm: Algorithm
    secret: bytes = field(repr=False)


@dataclass(slots=True)
class _Paid:
    payment: str
    checkout: str
    amount: int
    currency: str
    left: int


Send = Callable[[str, Delivery], None]
"""Takes a receiver's URL and a signed callback on its way."""


class SandboxChannels:
    """Any number of connections to any number of channels. The server calls one at a time.

    Args:
        send: sends a callback, later and from elsewhere.
        now: says what time it is, RFC 3339.
        draw: random bytes, for nonces.
        sent: the statuses that callbacks were answered with.
    """

    def __init__(
        self,
        send: Send,
        now: Callable[[], str],
        draw: Callable[[int], bytes],
        sent: Callable[[], list[int]] = list,
    ) -> None:
        self._send = send
        self._now = now
        self._draw = draw
        self._sent = sent
        self._counters: dict[Route, Counter] = {}
        self._asked: dict[tuple[Route, str], tuple[str, int, str]] = {}
        self._paid: dict[tuple[Route, str], _Paid] = {}
        self._refunds: dict[tuple[Route, str], dict[str, Any]] = {}
        self._said: dict[tuple[Route, str], dict[str, Any]] = {}

    def answers(self) -> Mapping[str, Answering]:
        """Return what is answered, by path."""
        return {
            COLLECT: self._collect,
            REFUND: self._refund,
            FIND: self._find,
            REFUNDED: self._find_refund,
            CONNECT: self._connect,
            PAY: self._pay,
            SETTLE: self._settle,
            AGAIN: self._say_again,
            SENT: lambda _: {"sent": len(self._sent()), "statuses": self._sent()},
        }

    def _connect(self, asked: dict[str, Any]) -> Mapping[str, object]:
        names = ("channel", "connection", "account", "receiver", "key", "algorithm", "secret")
        if asked.keys() != set(names) or not all(isinstance(asked[each], str) for each in names):
            raise MalformedError(f"connect: the texts {', '.join(names)}")
        route = Route(asked["channel"], asked["connection"])
        secret, algorithm = bytes.fromhex(asked["secret"]), asked["algorithm"]
        counter = Counter(
            route, asked["account"], asked["receiver"], asked["key"], algorithm, secret
        )
        self._counters[route] = counter
        return {}

    def _collect(self, asked: dict[str, Any]) -> Mapping[str, object]:
        route = self._route(asked)
        payment, checkout = _text(asked, "payment"), _text(asked, "checkout")
        self._asked[route, payment] = checkout, _amount(asked), _text(asked, "currency")
        return {"sandbox": True, "page": f"https://sandbox.invalid/{route.channel}/{payment}"}

    def _pay(self, asked: dict[str, Any]) -> Mapping[str, object]:
        """Let the buyer pay what was asked for, or whatever the question says instead."""
        route, payment = self._route(asked), _text(asked, "payment")
        checkout, amount, currency = self._asked.get((route, payment), ("", 0, ""))
        checkout = asked.get("checkout", checkout)
        amount, currency = asked.get("amount", amount), asked.get("currency", currency)
        transaction = f"T{len(self._paid):09}{self._draw(4).hex()}"
        self._paid[route, transaction] = _Paid(payment, checkout, amount, currency, amount)
        self._say(
            route,
            {
                "kind": "payment.paid",
                "payment": payment,
                "checkout": checkout,
                "transaction": transaction,
                "amount": amount,
                "currency": currency,
            },
        )
        return {"transaction": transaction}

    def _find(self, asked: dict[str, Any]) -> Mapping[str, object]:
        route, payment = self._route(asked), _text(asked, "payment")
        for (by, transaction), paid in self._paid.items():
            if (by, paid.payment) == (route, payment):
                money = {"amount": paid.amount, "currency": paid.currency}
                return {"sandbox": True, "state": "paid", "transaction": transaction, **money}
        state = "waiting" if (route, payment) in self._asked else "unknown"
        return {"sandbox": True, "state": state}

    def _refund(self, asked: dict[str, Any]) -> Mapping[str, object]:
        """Take a transfer on, if what was paid has so much left."""
        route, refund = self._route(asked), _text(asked, "refund")
        amount, currency = _amount(asked), _text(asked, "currency")
        paid = self._paid.get((route, _text(asked, "transaction")))
        last = self._refunds.get((route, refund))
        if last is not None and last["state"] != "failed":
            return _transfer(last)
        transfer = f"R{len(self._said):09}{self._draw(4).hex()}"
        taken = {"transfer": transfer, "state": "pending", "amount": amount, "currency": currency}
        if paid is None or paid.left < amount or paid.currency != currency:
            taken |= {"state": "failed", "reason": "more than is left of what was paid"}
        else:
            paid.left -= amount
            taken["paid"] = paid
        self._refunds[route, refund] = taken
        return _transfer(taken)

    def _settle(self, asked: dict[str, Any]) -> Mapping[str, object]:
        """Let the bank say how the pending transfer of a refund ended, and tell us."""
        route, refund, state = self._route(asked), _text(asked, "refund"), asked.get("state")
        known = self._refunds.get((route, refund))
        if known is None or known["state"] != "pending" or state not in STATES:
            raise MalformedError("settle: a pending refund, settled or failed")
        known["state"] = state
        paid: _Paid = known["paid"]
        if state == "failed":
            known["reason"] = asked.get("reason", "the card is closed")
            paid.left += known["amount"]
        said = {"kind": f"refund.{state}", "payment": paid.payment, "checkout": paid.checkout}
        said |= {"transaction": known["transfer"], "amount": known["amount"], "refund": refund}
        said |= {"currency": known["currency"]}
        if state == "failed":
            said["reason"] = known["reason"]
        self._say(route, said)
        return {}

    def _find_refund(self, asked: dict[str, Any]) -> Mapping[str, object]:
        known = self._refunds.get((self._route(asked), _text(asked, "refund")))
        if known is None:
            raise MalformedError("refund: not known here")
        return _transfer(known)

    def _say_again(self, asked: dict[str, Any]) -> Mapping[str, object]:
        """Say the same once more, as a channel does that did not hear our answer."""
        route = self._route(asked)
        said = self._said.get((route, _text(asked, "transaction")))
        if said is None:
            raise MalformedError("transaction: not known here")
        self._deliver(self._counters[route], said)
        return {}

    def _say(self, route: Route, said: dict[str, Any]) -> None:
        counter = self._counters[route]
        whole = {**said, "account": counter.account, "at": self._now(), "sandbox": True}
        self._said[route, whole["transaction"]] = whole
        self._deliver(counter, whole)

    def _deliver(self, counter: Counter, said: dict[str, Any]) -> None:
        unsigned = Delivery(
            *counter.route,
            counter.key,
            counter.algorithm,
            self._now(),
            self._draw(16).hex(),
            "",
            to_bytes(said),
        )
        self._send(counter.receiver, sign(unsigned, counter.algorithm, counter.secret))

    def _route(self, asked: dict[str, Any]) -> Route:
        route = Route(_text(asked, "channel"), _text(asked, "connection"))
        if route not in self._counters:
            raise MalformedError("connection: not known here")
        return route


def _transfer(known: dict[str, Any]) -> dict[str, object]:
    names = ("transfer", "state", "reason")
    return {"sandbox": True} | {name: known[name] for name in names if name in known}


def _text(asked: dict[str, Any], name: str) -> str:
    value = asked.get(name)
    if not isinstance(value, str):
        raise MalformedError(f"{name}: must be text")
    return value


def _amount(asked: dict[str, Any]) -> int:
    value = asked.get("amount")
    if type(value) is not int or value <= 0:
        raise MalformedError("amount: must be an integer above nothing")
    return value
