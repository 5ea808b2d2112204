"""A whole sale over HTTP and nothing else, from the product to the confirmation, and its proof."""

from api.principal import Kind
from tests.api.buying import MERCHANT, wait_for
from tests.api.test_payments import Paying
from tests.domain.payments.paying import MAIN

RAW = "SALE-7KQ2-XW93-0001"
STORY = [
    *("product.created", "product.import_started", "key.imported", "key.sealed", "key.listed"),
    *("product.import_finished", "identity.account_restricted"),
    *("order.placed", "key.reserved", "payment.initiated"),
    *("payment.captured", "ledger.posted", "order.paid", "funds.held", "ledger.posted"),
    *("key.sold", "voucher.issued", "order.delivered"),
    # The code is looked at, and typed.
    *("client.usage_recorded", "key.activated"),
    # The raw key is asked for too early, which is told as well, and then in time.
    *(
        "client.usage_recorded",
        "order.confirmed",
        "key.confirmed",
        "client.usage_recorded",
        "key.revealed",
    ),
]


def test_a_whole_sale(paying_market: Paying) -> None:
    market, counter = paying_market
    about = {"merchant": MERCHANT, "code": "SKU-1", "title": "月卡", "price": 2_500}
    about |= {"currency": "CNY", "release_policy": "reveal_after_confirmation"}
    product = market.merchant.do("/v1/products", about)["product"]
    stock = f"/v1/products/{product}/stock"
    assert market.client.bearing().get(stock).json == {"orderable": False}
    batch = {"merchant": MERCHANT, "product": product, "lines": [RAW]}
    [key] = market.merchant.do("/v1/batches", batch)["keys"]
    assert market.client.bearing().get(stock).json == {"orderable": True}

    subject = "usr_01m6b1yq00e2aafp47cgx674mz"
    buyer = market.being(Kind.CONSUMER, subject)
    assert buyer.do("/v1/accounts")["party"] == subject
    placed = buyer.do("/v1/orders", {"buyer": subject, "product": product})
    order = placed["order"]
    assert (placed["key"], placed["amount"]) == (key, 2_500)
    assert market.client.bearing().get(stock).json == {"orderable": False}

    named = {"buyer": subject, "checkout": placed["checkout"], "orders": [order]}
    asked = {**named, "amount": 2_500, "currency": "CNY", "channel": MAIN.channel}
    payment = buyer.do("/v1/payments", asked)["payment"]
    counter.ask("pay", MAIN, payment=payment)
    wait_for(lambda: counter.statuses() == [200])

    path = f"/v1/orders/{order}"
    market.operator.do(f"{path}/delivery")
    code = buyer.client.get(f"{path}/code").json["code"]
    assert buyer.do("/v1/redemptions", {"buyer": subject, "code": code})["key"] == key
    assert buyer.refused(f"{path}/views")[0] == 409, "before it is confirmed"
    buyer.do(f"{path}/confirmation")
    view = buyer.do(f"{path}/views")
    assert view["raw_key"] == RAW
    assert market.topics() == STORY

    # What was answered stands in a log that is signed, and the proof says so.
    market.ledger.publisher.publish_once()
    proof = market.client.bearing().get(f"/v1/log/proofs/{view['index']}")
    assert proof.status == 200
    entry = market.ledger.reader.entry(view["index"])
    assert (entry.stream, entry.type) == (key, "key.revealed")
    assert RAW.encode() not in entry.entry
    assert code.encode() not in b"".join(
        market.ledger.reader.entry(index).entry for index in range(len(STORY))
    )
