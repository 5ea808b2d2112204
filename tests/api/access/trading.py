"""How the operations of the buying side are called: lines of `tests.api.access.test_matrix`."""

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

from api.commands import new_id
from api.principal import Kind
from domain.orders.events import OrderPlaced
from domain.orders.order import Order
from domain.payments.events import PaymentInitiated
from domain.payments.payment import Payment
from domain.refunds.refund import Refund, RefundRequested
from tests.api.access.world import MINE, NOBODY, THEIRS, World

Whose = Literal["own", "other", "missing"]
Found = dict[str, Any]
MISSING: Final = "01m6b1yq00e2aafp47cgx674mz"


def buyer_of(world: World, kind: Kind, whose: Whose) -> str:
    own = world.end_user if kind is Kind.PLATFORM_CLIENT else MINE
    return {"own": own, "other": THEIRS, "missing": NOBODY}[whose]


def an_order(world: World, kind: Kind, whose: Whose) -> Found:
    """Return a new order that nothing has happened to."""
    buyer = buyer_of(world, kind, whose)
    if whose == "missing":
        return {"order": f"ord_{MISSING}", "checkout": f"chk_{MISSING}", "buyer": buyer}
    merchant = "M-LAN" if whose == "own" else "M-FOX"
    command, order, checkout = world.command(buyer, "consumer"), Order(new_id("ord")), new_id("chk")
    product = world.products[0 if whose == "own" else 1]
    about = (checkout, buyer, merchant, product, 1, 5, "CNY")
    order.happen(command, OrderPlaced(*order.follows(command), *about))
    world.ledger.trade.save(*command.events, command_id=command.id)
    return {"order": order.id, "checkout": checkout, "buyer": buyer}


def a_payment(world: World, kind: Kind, whose: Whose) -> Found:
    if whose == "missing":
        return {"payment": f"pay_{MISSING}"}
    about = an_order(world, kind, whose)
    command, payment = world.command(about["buyer"], "consumer"), Payment(new_id("pay"))
    asked = PaymentInitiated(
        *payment.follows(command), about["checkout"], 5, "CNY", orders=(about["order"],)
    )
    payment.happen(command, asked)
    world.ledger.trade.save(*command.events, command_id=command.id)
    return {"payment": payment.id}


def a_refund(world: World, kind: Kind, whose: Whose) -> Found:
    if whose == "missing":
        return {"refund": f"rfd_{MISSING}"}
    about = an_order(world, kind, whose)
    command, refund = world.command(about["buyer"], "consumer"), Refund(new_id("rfd"))
    merchant = "M-LAN" if whose == "own" else "M-FOX"
    asked = RefundRequested(*refund.follows(command), about["order"], merchant, 5, "CNY", 1)
    refund.request(command, asked)
    world.ledger.trade.save(*command.events, command_id=command.id)
    return {"refund": refund.id}


def a_party(world: World, kind: Kind, whose: Whose) -> Found:
    if kind is Kind.MERCHANT:
        return {"party": {"own": "M-LAN", "other": "M-FOX", "missing": "M-NONE"}[whose]}
    return {"party": buyer_of(world, kind, whose)}


def a_wish(world: World, kind: Kind, whose: Whose) -> Found:
    return {"buyer": buyer_of(world, kind, whose)}


def pay(found: Found) -> Found:
    return {
        "buyer": found["buyer"],
        "checkout": found["checkout"],
        "orders": [found["order"]],
        "amount": 5,
        "currency": "CNY",
        "channel": "nowhere",
    }


def review(found: Found) -> Found:
    product = f"prd_{MISSING}"
    about = {"amount": 5, "currency": "CNY", "decision": "block", "reason": "ip_velocity"}
    return {**found, "product": product, **about}


def nothing(_: Found) -> Found:
    return {}


def reason(_: Found) -> Found:
    return {"reason": "a reason"}


Arguments = Callable[[World, Kind, Whose], Found]
Body = Callable[[Found], object]
Line = tuple[Literal["GET", "POST"], str, Arguments, Body | None]

TRADING: Final[Mapping[str, Line]] = {
    "accounts_open": ("POST", "/v1/accounts", a_party, lambda found: found),
    "orders_cancel": ("POST", "/v1/orders/{order}/cancellation", an_order, nothing),
    "orders_confirm": ("POST", "/v1/orders/{order}/confirmation", an_order, nothing),
    "orders_renew_voucher": ("POST", "/v1/orders/{order}/voucher", an_order, nothing),
    "orders_activate": ("POST", "/v1/orders/{order}/activation", an_order, nothing),
    "orders_use_units": ("POST", "/v1/orders/{order}/uses", an_order, lambda _: {"units": 1}),
    "orders_deliver": ("POST", "/v1/orders/{order}/delivery", an_order, nothing),
    "reviews_open": ("POST", "/v1/reviews", a_wish, review),
    "reviews_clear": ("POST", "/v1/reviews/{order}/clearance", an_order, reason),
    "reviews_block": ("POST", "/v1/reviews/{order}/blockage", an_order, reason),
    "payments_initiate": ("POST", "/v1/payments", an_order, pay),
    "payments_inquire": ("POST", "/v1/payments/{payment}/inquiry", a_payment, nothing),
    "payments_return": ("POST", "/v1/payments/{payment}/return", a_payment, nothing),
    "keys_reveal": ("POST", "/v1/orders/{order}/views", an_order, nothing),
    "keys_compare": (
        *("POST", "/v1/orders/{order}/comparisons", an_order),
        lambda _: {"received": "x"},
    ),
    "codes_show": ("GET", "/v1/orders/{order}/code", an_order, None),
    "refunds_request": (
        *("POST", "/v1/refunds", an_order),
        lambda found: {"order": found["order"]},
    ),
    "refunds_approve": ("POST", "/v1/refunds/{refund}/approval", a_refund, nothing),
    "refunds_decline": ("POST", "/v1/refunds/{refund}/refusal", a_refund, reason),
    "refunds_send": ("POST", "/v1/refunds/{refund}/transfer", a_refund, nothing),
    "refunds_inquire": ("POST", "/v1/refunds/{refund}/inquiry", a_refund, nothing),
    "refunds_settle": (
        *("POST", "/v1/refunds/{refund}/settlement", a_refund),
        lambda _: {"transfer": "R000000001"},
    ),
    "refunds_fail": ("POST", "/v1/refunds/{refund}/failure", a_refund, reason),
}
"""By operation: method, path, arguments, body."""
