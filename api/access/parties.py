"""Whose a thing is, as the log says: for the checks of single things.

Each returns a function, so that the log is asked only once the function is granted.
``tests/api/access/test_matrix.py``.
"""

from collections.abc import Callable

from api.access.reach import Parties
from domain.application import Trade
from domain.catalogue.product import Product
from domain.clients.client import Client
from domain.clients.opening import Opening
from domain.disputes.dispute import Dispute
from domain.errors import NotFoundError
from domain.identity.account import account_of
from domain.identity.verification import Verification
from domain.keys.key import Key
from domain.orders.order import Order
from domain.payments.payment import Payment
from domain.refunds.refund import Refund
from projections.case_replay import MERCHANT_STREAMS

Find = Callable[[], Parties]


def product_parties(trade: Trade, product: str) -> Find:
    """Return what finds whose *product* is."""
    return lambda: Parties(merchant=trade.load(Product, product).merchant)


def order_parties(trade: Trade, order: str) -> Find:
    """Return what finds whose *order* is, and who decides its dispute if it has one."""

    def find() -> Parties:
        found = trade.load(Order, order)
        arbitrator = trade.load(Dispute, found.dispute).arbitrator if found.dispute else ""
        return Parties(found.buyer, found.merchant, arbitrator)

    return find


def dispute_parties(trade: Trade, dispute: str) -> Find:
    """Return what finds whose *dispute* is, and who decides it."""

    def find() -> Parties:
        found = trade.load(Dispute, dispute)
        order = trade.load(Order, found.order)
        return Parties(order.buyer, order.merchant, found.arbitrator)

    return find


def key_parties(trade: Trade, key: str) -> Find:
    """Return what finds whose *key* is: its merchant's, and its buyer's once it has one."""

    def find() -> Parties:
        found = trade.load(Key, key)
        buyer = trade.load(Order, found.order).buyer if found.order else ""
        return Parties(buyer, found.merchant)

    return find


def merchant_parties(trade: Trade, merchant: str) -> Find:
    """Return what finds whose the standing of *merchant* is, if the log has anything of it."""

    def find() -> Parties:
        streams = [*(f"{each}/{merchant}" for each in MERCHANT_STREAMS), account_of(merchant)]
        if not any(trade.recorder.select_events(each, limit=1) for each in streams):
            raise NotFoundError
        return Parties(merchant=merchant)

    return find


def matter_parties(trade: Trade, matter: str) -> Find:
    """Return what finds whose an order, a dispute, a key or another stream is.

    A stream of another kind is nobody's own: staff alone may ask for it.
    """
    finders = {"ord": order_parties, "dsp": dispute_parties, "key": key_parties}
    found = finders.get(matter.partition("_")[0])
    return Parties if found is None else found(trade, matter)


def client_parties(trade: Trade, client: str) -> Find:
    """Return what finds whose API client *client* is."""
    return lambda: Parties(owner=trade.load(Client, client).subject)


def opening_parties(trade: Trade, opening: str) -> Find:
    """Return what finds the request *opening*."""

    def find() -> Parties:
        return Parties(owner=trade.load(Opening, opening).requester)

    return find


def payment_parties(trade: Trade, payment: str) -> Find:
    """Return what finds who pays by *payment*; nobody's, where it pays for no order."""

    def find() -> Parties:
        orders = trade.load(Payment, payment).orders
        return Parties(buyer=trade.load(Order, orders[0]).buyer if orders else "")

    return find


def refund_parties(trade: Trade, refund: str) -> Find:
    """Return what finds whose *refund* is; nobody's, where it returns what came for nothing."""

    def find() -> Parties:
        found = trade.load(Refund, refund)
        if not found.order:
            return Parties()
        order = trade.load(Order, found.order)
        return Parties(order.buyer, order.merchant)

    return find


def parties_of(party: str) -> dict[str, str]:
    """Return *party* in the place that a consumer, or a merchant, has in `Parties`."""
    return {"buyer" if party.startswith("usr_") else "merchant": party}


def verification_parties(trade: Trade, verification: str) -> Find:
    """Return what finds whose identity *verification* is about."""
    return lambda: Parties(**parties_of(trade.load(Verification, verification).party))
