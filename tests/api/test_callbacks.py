"""A sandbox channel over HTTP calls the API back: paid, refused, paid back, said again."""

import json
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from api.app import create_app
from api.bootstrap import Deployment
from api.commands import new_id, this_moment
from api.settings import Settings
from domain.command import Command
from domain.event import Meta
from domain.keys.intake import Upload
from domain.money import Money
from domain.orders.order import Order
from domain.orders.placing import Wish
from domain.payments.callback import HEADERS, MAX_BODY, Delivery
from domain.payments.channel import Route
from domain.payments.payment import Payment
from domain.payments.settling import ask_payment, send_refund
from domain.payments.store.callbacks import post
from domain.payments.store.connections import write_connections
from domain.refunds.refund import Refund
from scripts.migrate import migrate
from scripts.sandbox import SandboxProcess
from tests.api.asking import Client, serving
from tests.domain.payments.counter import Counter
from tests.domain.payments.paying import BANK, MAIN, connections, signed

PRICE = Money(2_500, "CNY")
MERCHANT = "M-LAN"


@pytest.fixture
def paid_ledger(settings: Settings) -> Iterator[Deployment]:
    """An open deployment that is connected to the sandbox's channels."""
    with Deployment(settings, migrate) as opened:
        write_connections(opened.home, connections())
        opened.prepare()
        yield opened


@pytest.fixture
def shop(paid_ledger: Deployment) -> Iterator["Shop"]:
    """A shop whose API the sandbox calls."""
    with serving(create_app(paid_ledger)) as client, SandboxProcess() as sandbox:
        receiver = f"{client.base}/v1/callbacks"
        yield Shop(paid_ledger, client, Counter(sandbox.endpoint, receiver), receiver)


class Shop:
    """A ledger, its API, and the channels' counter."""

    def __init__(self, ledger: Deployment, client: Client, counter: Counter, receiver: str) -> None:
        self.ledger, self.client, self.counter, self.receiver = ledger, client, counter, receiver
        asked = dict.fromkeys(connections(), counter.endpoint)
        write_connections(ledger.home, connections(), asked)
        self.product = new_id("prd")
        offered = (self.product, MERCHANT, "SKU-1", "月卡", None, PRICE)
        ledger.trade.create_product(self.command(), *offered)
        upload = Upload(new_id("bat"), MERCHANT, self.product, ["AAAA-BBBB", "CCCC-DDDD"])
        ledger.trade.import_batch(
            self.command(),
            upload,
            ledger.secret("fingerprint"),
            ledger.fingerprints,
            lambda _: new_id("key"),
        )

    def command(self) -> Command:
        """Return a new command."""
        name = secrets.token_hex(8)
        meta = Meta("test", "consumer", "test", "api", name, name)
        return Command(meta, self.ledger.vault, secrets.token_bytes)

    def charged(self, route: Route) -> tuple[str, str]:
        """Order the product and have the channel asked; return order and payment."""
        order, checkout, payment = new_id("ord"), new_id("chk"), new_id("pay")
        trade, now = self.ledger.trade, this_moment()
        wish = Wish(order, checkout, new_id("usr"), self.product)
        trade.order_product(self.command(), wish, now)
        trade.initiate_payment(self.command(), payment, checkout, PRICE, [order], route, now)
        assert ask_payment(trade, self.ledger.channels, payment).sandbox
        return order, payment

    def send(self, delivery: Delivery) -> tuple[int, str, str, bytes]:
        """Call the API back; return status, code, detail and body of its answer."""
        headers = {header: getattr(delivery, part) for part, header in HEADERS.items()}
        parts = urlsplit(self.receiver)
        connection = HTTPConnection(parts.hostname or "", parts.port, timeout=20)
        try:
            connection.request("POST", f"{parts.path}/{delivery.channel}", delivery.body, headers)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        members = json.loads(content)
        return answer.status, members["code"], members["detail"], content

    def topics(self) -> list[str]:
        """Return the types of all events."""
        found = self.ledger.trade.recorder.select_notifications(1, 100_000)
        return [each.topic for each in found]


def wait_for(what: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not what():
        assert time.monotonic() < end, "nothing came"
        time.sleep(0.02)


@pytest.mark.parametrize("route", [MAIN, BANK], ids="/".join)
def test_a_payment_at_the_channel_pays_the_order(shop: Shop, route: Route) -> None:
    order, payment = shop.charged(route)
    transaction = shop.counter.ask("pay", route, payment=payment)["transaction"]
    wait_for(lambda: shop.counter.statuses() == [200])
    trade = shop.ledger.trade
    assert trade.load(Order, order).state == "paid"
    found = trade.load(Payment, payment)
    assert (found.transaction, found.sandbox) == (transaction, True)
    # The channel says it again, and another connection's payer pays a second time.
    shop.counter.ask("again", route, transaction=transaction)
    shop.counter.ask("pay", route, payment=payment)
    wait_for(lambda: shop.counter.statuses() == [200, 200, 200])
    topics = shop.topics()
    assert topics.count("order.paid") == topics.count("payment.captured") == 1
    assert topics.count("payment.callback_refused") == topics.count("payment.unmatched") == 1
    assert topics.count("refund.executed") == 1


@pytest.mark.parametrize("route", [MAIN, BANK], ids="/".join)
def test_money_that_came_for_nothing_goes_back_over_the_channel(shop: Shop, route: Route) -> None:
    order, payment = shop.charged(route)
    shop.ledger.trade.close_order(shop.command(), order, "cancelled")
    shop.counter.ask("pay", route, payment=payment)
    wait_for(lambda: shop.counter.statuses() == [200])
    trade, channels = shop.ledger.trade, shop.ledger.channels
    [refund] = trade.load(Payment, payment).returns
    first = send_refund(trade, channels, refund)
    assert first is not None
    # Asked again, because nobody knows whether the answer was heard: the same transfer.
    assert send_refund(trade, channels, refund) == first
    shop.counter.ask("settle", route, refund=refund, state="failed")
    wait_for(lambda: trade.load(Refund, refund).state == "failed")
    second = send_refund(trade, channels, refund)
    assert second is not None
    assert second.transfer != first.transfer
    shop.counter.ask("settle", route, refund=refund, state="settled")
    wait_for(lambda: trade.load(Refund, refund).state == "settled")
    assert send_refund(trade, channels, refund) is None
    assert trade.load(Order, order).state == "closed_unpaid"
    assert shop.counter.statuses() == [200] * 3


def test_what_is_paid_wrong_is_refused_and_says_nothing_of_the_order(shop: Shop) -> None:
    order, payment = shop.charged(MAIN)
    for wrong in ({"amount": 1}, {"amount": 2_501}, {"currency": "USD"}, {"amount": -2_500}):
        shop.counter.ask("pay", MAIN, payment=payment, **wrong)
    wait_for(lambda: shop.counter.statuses() == [400] * 4)
    assert shop.ledger.trade.load(Order, order).state == "placed"
    assert "payment.captured" not in shop.topics()


def test_every_forgery_gets_the_same_answer_and_nothing_of_any_order(shop: Shop) -> None:
    order, payment = shop.charged(MAIN)
    body = b'{"payment":"%b"}' % payment.encode()
    good = signed(body, MAIN, nonce=secrets.token_hex(16), date=this_moment())
    forged = [
        replace(good, signature="00" * 32),
        replace(good, connection="nobody"),
        replace(good, channel="nobody"),
        replace(good, key="k2"),
        replace(good, body=b"{}"),
        replace(good, date="2026-11-22T10:00:00Z"),
        good,
    ]
    answers = [shop.send(each) for each in forged]
    assert {(status, code, detail) for status, code, detail, _ in answers} == {
        (400, "callback_refused", "the callback is not accepted")
    }
    for _, _, _, content in answers:
        assert order.encode() not in content
        assert payment.encode() not in content
    assert shop.ledger.trade.load(Order, order).state == "placed"


def test_a_body_that_is_too_long_is_not_read_to_its_end(shop: Shop) -> None:
    long = signed(b"a" * (MAX_BODY + 1), MAIN, nonce="1", date=this_moment())
    assert shop.send(long)[:2] == (400, "callback_refused")


def test_a_callback_is_taken_once_the_api_is_there(paid_ledger: Deployment) -> None:
    """The channel sends again what nobody answered: an outage of ours loses no payment."""
    with serving(create_app(paid_ledger)) as client, SandboxProcess() as sandbox:
        nobody = "http://127.0.0.1:9/v1/callbacks"
        shop = Shop(paid_ledger, client, Counter(sandbox.endpoint, nobody), client.base)
        order, payment = shop.charged(MAIN)
        transaction = shop.counter.ask("pay", MAIN, payment=payment)["transaction"]
        wait_for(lambda: shop.counter.statuses() == [0])
        back = Counter(sandbox.endpoint, f"{client.base}/v1/callbacks")
        back.ask("again", MAIN, transaction=transaction)
        wait_for(lambda: back.statuses() == [0, 200])
        assert shop.ledger.trade.load(Order, order).state == "paid"


def test_without_connections_every_callback_is_refused(ledger: Deployment, client: Client) -> None:
    delivery = signed(b"{}", MAIN, date=this_moment())
    assert post(f"{client.base}/v1/callbacks", delivery) == 400
    assert ledger.connections == {}
