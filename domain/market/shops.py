"""What merchants and staff do beside the orders: open, refill, adjust, withdraw.

``tests/domain/market/test_marketplace.py``.
"""

from domain.keys.upstream import Answer
from domain.market.action import Action
from domain.market.stock import Product, Stock
from domain.market.stories import RULES, STAFF, UPSTREAM, Story, Who
from domain.market.teller import HOUR, Teller


def opening(teller: Teller, stock: Stock, product: Product, size: int) -> Story:
    """Offer a product and bring its first keys, some lines of which are bad."""
    who: Who = (product.merchant, "merchant", "web")
    created = {"product": product.id, "merchant": product.merchant, "code": product.code}
    # Their operators have no interface: the buyer must see the key to use it.
    created |= {"title": product.title, "release_policy": "reveal_at_activation"}
    yield teller.act(who, "create_product", **created)
    teller.wait(1, 60)
    yield refill(teller, stock, product, size)


def refill(teller: Teller, stock: Stock, product: Product, size: int) -> Action:
    """Bring more keys."""
    who: Who = (product.merchant, "merchant", "api")
    return teller.act(who, "import_batch", **stock.upload(product, size, teller.at))


def housekeeping(teller: Teller, stock: Stock) -> Story:
    """Rename, adjust, take keys off the shelf, set one aside, end a product."""
    product = stock.products[-1]
    who: Who = (product.merchant, "merchant", "web")
    named = {"product": product.id, "title": f"{product.title}(新版)"}
    yield teller.act(who, "rename_product", **named)
    for units in (30, -4):
        teller.wait(HOUR, 3 * HOUR)
        yield teller.act(who, "adjust_stock", product=product.id, units=units)
    unlisted, stolen = product.keys.pop(), product.keys.pop()
    teller.wait(60, HOUR)
    yield teller.act(who, "unlist_key", key=unlisted)
    yield teller.act(who, "void_key", key=unlisted)
    teller.wait(60, HOUR)
    used = Answer("operator-sandbox", "used", ("used_by_other",), sandbox=True)
    yield teller.act(UPSTREAM, "check_upstream", key=stolen, answer=used)
    yield teller.act(RULES, "quarantine_key", key=stolen)
    teller.wait(60, HOUR)
    yield teller.act(STAFF, "void_key", key=stolen)
    ended = {"product": teller.new("prd"), "merchant": product.merchant, "code": "SKU-900"}
    yield teller.act(who, "create_product", **ended, title=None)
    teller.wait(60, HOUR)
    yield teller.act(who, "withdraw_product", product=ended["product"])
