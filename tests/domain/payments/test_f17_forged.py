"""F17, T04, T05, T06: nothing but the channel's own word, about what it is, delivers anything."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.canonical import to_bytes
from chain.errors import MalformedError, VerificationError
from domain.errors import AmountMismatchError, CallbackRefusedError, WrongPartyError
from domain.money import Money
from domain.orders.order import Order
from domain.payments.callback import (
    MAX_BODY,
    Delivery,
    public_key,
    read_notice,
    sign,
    verify,
)
from domain.payments.channel import CallbackKey, Connection, Route
from domain.payments.receiving import FORGERIES
from tests.domain.given import NOW, PRICE, identifier
from tests.domain.payments.paying import (
    ALGORITHMS,
    BANK,
    MAIN,
    ROUTES,
    SECOND,
    Paying,
    account_of,
    notice,
    secret_of,
    signed,
)
from tests.golden.payments.generate import frozen

Forge = Callable[[Route], Delivery]


def other(route: Route) -> Route:
    return next(each for each in ROUTES if each.channel != route.channel)


def flipped(text: str, place: int) -> str:
    return text[:place] + ("0" if text[place] != "0" else "1") + text[place + 1 :]


def resigned(route: Route, **changes: Any) -> Delivery:
    """A callback whose signed parts are not the connection's own."""
    return signed(notice(route), route, **changes)


def with_body(edit: Callable[[bytes], bytes]) -> Forge:
    """The body is changed after it was signed."""

    def forge(route: Route) -> Delivery:
        good = signed(notice(route), route)
        return replace(good, body=edit(good.body))

    return forge


def with_part(**changes: Any) -> Forge:
    """A header is changed after it was signed."""
    return lambda route: replace(signed(notice(route), route), **changes)


def with_signature(edit: Callable[[str], str]) -> Forge:
    """The signature is changed."""

    def forge(route: Route) -> Delivery:
        good = signed(notice(route), route)
        assert edit(good.signature) != good.signature
        return replace(good, signature=edit(good.signature))

    return forge


def saying(**changes: Any) -> Forge:
    """The connection's own key signs something that is not so."""
    return lambda route: signed(notice(route, **changes), route)


def spelling(old: bytes, new: bytes) -> Forge:
    """The connection's own key signs what is no notice."""

    def forge(route: Route) -> Delivery:
        body = to_bytes(notice(route))
        assert old in body
        return signed(body.replace(old, new), route)

    return forge


AMOUNT = b'"amount":9800'
FORGED: dict[str, Forge] = {
    "no-signature": with_part(signature=""),
    "signature-of-zeros": with_part(signature="00" * 32),
    "signature-of-64-zeros": with_part(signature="00" * 64),
    "signature-first-digit": with_signature(lambda text: flipped(text, 0)),
    "signature-last-digit": with_signature(lambda text: flipped(text, len(text) - 1)),
    "signature-cut": with_signature(lambda text: text[:-2]),
    "signature-long": with_signature(lambda text: f"{text}00"),
    "signature-upper-case": with_signature(str.upper),
    "signature-with-blank": with_signature(lambda text: f" {text}"),
    "signature-no-hex": with_part(signature="zz" * 32),
    "signature-unicode-digits": with_part(signature="\u0660" * 64),
    "key-unknown": with_part(key="k2"),
    "key-empty": with_part(key=""),
    "key-path": with_part(key="../k1"),
    "key-sql": with_part(key="k1' OR '1'='1"),
    "algorithm-none": with_part(algorithm="none"),
    "algorithm-empty": with_part(algorithm=""),
    "algorithm-upper-case": with_part(algorithm="HMAC-SHA256"),
    "algorithm-md5": with_part(algorithm="hmac-md5"),
    "algorithm-of-the-other": lambda r: replace(
        signed(notice(r), r),
        algorithm="ed25519" if ALGORITHMS[r] == "hmac-sha256" else "hmac-sha256",
    ),
    # The public key of ed25519 taken for a shared secret, which everybody has.
    "public-key-as-secret": lambda r: sign(
        signed(notice(r), r), "hmac-sha256", public_key("ed25519", secret_of(r))
    ),
    "empty-secret": lambda r: sign(signed(notice(r), r), "hmac-sha256", b""),
    "key-of-another-channel": lambda r: sign(
        signed(notice(r), r), ALGORITHMS[r], secret_of(other(r))
    ),
    "key-of-another-connection": lambda r: sign(
        signed(notice(r), r), ALGORITHMS[r], secret_of(SECOND)
    ),
    "channel-changed": lambda r: replace(signed(notice(r), r), channel=other(r).channel),
    "channel-unknown": with_part(channel="nopay"),
    "channel-empty": with_part(channel=""),
    "connection-changed": with_part(connection="second"),
    "connection-unknown": with_part(connection="third"),
    "date-changed": with_part(date="2026-11-22T10:00:01Z"),
    "date-empty": with_part(date=""),
    "date-no-date": lambda r: resigned(r, date="2026-13-22T10:00:00Z"),
    "date-five-minutes-old": lambda r: resigned(r, date="2026-11-22T09:54:59Z"),
    "date-five-minutes-ahead": lambda r: resigned(r, date="2026-11-22T10:05:01Z"),
    "date-a-day-old": lambda r: resigned(r, date="2026-11-21T10:00:00Z"),
    "nonce-changed": with_part(nonce="f" * 32),
    "nonce-empty": with_part(nonce=""),
    "nonce-with-a-line": with_part(nonce="0" * 31 + "\n"),
    "body-amount": with_body(lambda body: body.replace(AMOUNT, b'"amount":1')),
    "body-amount-grown": with_body(lambda body: body.replace(AMOUNT, b'"amount":98000')),
    "body-currency": with_body(lambda body: body.replace(b"CNY", b"USD")),
    "body-payment": with_body(
        lambda body: body.replace(identifier("pay").encode(), identifier("pay", "b").encode())
    ),
    "body-checkout": with_body(
        lambda body: body.replace(identifier("chk").encode(), identifier("chk", "b").encode())
    ),
    "body-account": with_body(lambda body: body.replace(b'"acct-', b'"mine-')),
    "body-kind": with_body(lambda body: body.replace(b"payment.paid", b"refund.settled")),
    "body-with-blank": with_body(lambda body: body + b" "),
    "body-with-line": with_body(lambda body: body + b"\n"),
    "body-empty": with_body(lambda _: b""),
    "body-null": with_body(lambda _: b"null"),
    "body-first-bit": with_body(lambda body: bytes([body[0] ^ 1]) + body[1:]),
    "body-last-bit": with_body(lambda body: body[:-1] + bytes([body[-1] ^ 1])),
    "body-twice": with_body(lambda body: body * 2),
}
"""Anybody can send these: the signature does not hold."""

UNTRUE: dict[str, Forge] = {
    "another-amount": saying(amount=9_799),
    "more": saying(amount=9_801),
    "one": saying(amount=1),
    "most": saying(amount=2**53 - 1),
    "another-currency": saying(currency="USD"),
    "another-account": saying(account="acct-of-somebody-else"),
    "another-checkout": saying(checkout=identifier("chk", "b")),
    "for-the-other-channel": lambda r: signed(notice(other(r)), r),
    "charged-back-before-paid": saying(kind="payment.charged_back"),
    "settled-refund-of-nobody": saying(kind="refund.settled", refund=identifier("rfd", "x")),
}
"""Signed, well formed, and not what our own record says."""

NO_NOTICE: dict[str, Forge] = {
    "amount-zero": saying(amount=0),
    "amount-negative": saying(amount=-9_800),
    "amount-text": saying(amount="9800"),
    "amount-true": saying(amount=True),
    "amount-array": saying(amount=[9_800]),
    "amount-object": saying(amount={"cny": 9_800}),
    "amount-null": spelling(AMOUNT, b'"amount":null'),
    "amount-float": spelling(AMOUNT, b'"amount":9800.0'),
    "amount-fraction": spelling(AMOUNT, b'"amount":98.00'),
    "amount-exponent": spelling(AMOUNT, b'"amount":98e2'),
    "amount-nan": spelling(AMOUNT, b'"amount":NaN'),
    "amount-infinity": spelling(AMOUNT, b'"amount":Infinity'),
    "amount-minus-infinity": spelling(AMOUNT, b'"amount":-Infinity'),
    "amount-hex": spelling(AMOUNT, b'"amount":0x2648'),
    "amount-leading-zero": spelling(AMOUNT, b'"amount":09800'),
    "amount-beyond-2-53": spelling(AMOUNT, b'"amount":9007199254740992'),
    "amount-twice": spelling(AMOUNT, b'"amount":1,"amount":9800'),
    "amount-missing": saying(amount=None),
    "currency-unknown": saying(currency="XAU"),
    "currency-lower-case": saying(currency="cny"),
    "currency-array": saying(currency=["CNY"]),
    "payment-array": saying(payment=[identifier("pay")]),
    "payment-of-another-kind": saying(payment=identifier("ord")),
    "payment-missing": saying(payment=None),
    "transaction-short": saying(transaction="T"),
    "transaction-array": saying(transaction=["T-0000001"]),
    "kind-unknown": saying(kind="payment.authorised"),
    "member-unknown": saying(status="paid"),
    "refund-of-a-payment": saying(refund=identifier("rfd", "x")),
    "refund-without-its-name": saying(kind="refund.settled"),
    "array": lambda r: signed(b"[]", r),
    "text": lambda r: signed(b'"paid"', r),
    "nothing": lambda r: signed(b"", r),
    "not-json": lambda r: signed(b"amount=9800&status=paid", r),
    "not-utf-8": lambda r: signed(b"\xff\xfe", r),
    "not-canonical": lambda r: signed(json.dumps(notice(r)).encode(), r),
    "deep": lambda r: signed(b'{"a":' * 100 + b"1" + b"}" * 100, r),
    "long": lambda r: signed(b'"' + b"a" * MAX_BODY + b'"', r),
}
"""Signed, and no notice: nothing in it can be compared with anything."""


def cases(variants: dict[str, Forge]) -> list[Any]:
    return [
        pytest.param(route, forge, id=f"{route.channel}-{name}")
        for route in (MAIN, BANK)
        for name, forge in variants.items()
    ]


def test_there_are_enough_variants_for_each_channel() -> None:
    assert len(FORGED) + len(UNTRUE) + len(NO_NOTICE) >= 50


def refused(world: Paying, delivery: Delivery) -> list[str]:
    """Send it; return what was recorded. The sender hears one text, whatever it was."""
    before = world.size()
    with pytest.raises(CallbackRefusedError) as caught:
        world.hears(delivery)
    assert str(caught.value) == "the callback is not accepted"
    return world.topics()[before:]


def undelivered(world: Paying, order: str) -> None:
    assert world.trade.load(Order, order).state == "placed"
    assert not {"order.paid", "payment.captured", "payment.unmatched"} & set(world.topics())


@pytest.mark.parametrize(("route", "forge"), cases(FORGED))
def test_a_forged_callback_delivers_nothing(route: Route, forge: Forge) -> None:
    world = Paying()
    order = world.charged(route=route)
    assert set(refused(world, forge(route))) <= {"payment.callback_refused"}
    undelivered(world, order)
    assert "order.paid" in world.hears(signed(notice(route), route)), "the true one is still taken"


@pytest.mark.parametrize(("route", "forge"), cases(UNTRUE))
def test_what_contradicts_our_record_is_an_event_and_delivers_nothing(
    route: Route, forge: Forge
) -> None:
    world = Paying()
    order = world.charged(route=route)
    assert refused(world, forge(route)) == ["payment.callback_refused"]
    undelivered(world, order)


@pytest.mark.parametrize(("route", "forge"), cases(NO_NOTICE))
def test_what_is_no_notice_delivers_nothing(route: Route, forge: Forge) -> None:
    world = Paying()
    order = world.charged(route=route)
    assert refused(world, forge(route)) == []
    undelivered(world, order)


@pytest.mark.parametrize("sender", [SECOND, BANK])
def test_t04_another_connection_s_true_word_pays_nothing(sender: Route) -> None:
    """QuantumNous/new-api#4353, dujiao-next/dujiao-next#295: paid by whomever, taken as paid."""
    world = Paying()
    order = world.charged(route=MAIN)
    said = notice(MAIN, account=account_of(sender))
    assert refused(world, signed(said, sender)) == ["payment.callback_refused"]
    assert world.refusals() == ["connection: is not the payment's"]
    undelivered(world, order)


def test_t04_a_payment_that_names_no_channel_is_paid_by_no_callback() -> None:
    world = Paying()
    order = world.placed()
    world.do("initiate_payment", identifier("pay"), identifier("chk"), PRICE)
    assert refused(world, signed(notice())) == ["payment.callback_refused"]
    undelivered(world, order)


def test_t05_a_channel_collects_for_orders_and_for_nothing_else() -> None:
    world = Paying()
    with pytest.raises(WrongPartyError):
        world.do("initiate_payment", identifier("pay"), identifier("chk"), PRICE, [], MAIN)


def test_t06_a_flood_of_forgeries_writes_a_few_events_and_no_more() -> None:
    """lizhipay/acg-faka#817, lizhipay/faka#23: a forger's message; ours must not fill the log."""
    world = Paying()
    order = world.charged()
    before = world.size()
    for number in range(50):
        with pytest.raises(CallbackRefusedError):
            world.hears(replace(signed(notice(), nonce=str(number)), signature="00" * 32))
    assert world.topics()[before:] == ["payment.callback_refused"] * FORGERIES
    undelivered(world, order)


def test_t06_a_forgery_about_nothing_of_ours_writes_nothing() -> None:
    world = Paying()
    world.charged()
    for said in (notice(name="unknown"), {"payment": 7}, {}):
        forged = replace(signed(said), signature="00" * 32)
        assert refused(world, forged) == []


def test_t05_the_sum_that_is_asked_for_is_the_record_s() -> None:
    """macrozheng/mall#998, szvone/vmqphp#7: the client says what it would like to pay."""
    world = Paying()
    order = world.ordered("a", world.stocked()[0])
    for amount, currency in ((1, "CNY"), (9_799, "CNY"), (9_801, "CNY"), (9_800, "USD")):
        wrong = (identifier("pay"), identifier("chk"), Money(amount, currency), [order], MAIN)
        with pytest.raises(AmountMismatchError):
            world.do("initiate_payment", *wrong)
    assert world.charge("a", [order]) == ["payment.initiated"]


def test_a_key_takes_another_s_place_while_both_are_good() -> None:
    route, secret = MAIN, bytes(range(32))
    old = CallbackKey("k1", "hmac-sha256", secret_of(route))
    new = CallbackKey("k2", "hmac-sha256", secret)
    both = Connection(route, account_of(route), (old, new))
    later = sign(replace(signed(notice()), key="k2"), "hmac-sha256", secret)
    for each in (signed(notice()), later):
        verify(each, both, NOW)
    with pytest.raises(VerificationError):
        verify(signed(notice()), Connection(route, account_of(route), (new,)), NOW)
    # A key vouches for its own id alone.
    with pytest.raises(VerificationError):
        verify(replace(later, key="k1"), both, NOW)


@pytest.mark.parametrize("date", ["2026-11-22T09:55:00Z", "2026-11-22T10:05:00Z"])
def test_five_minutes_off_is_near_enough(date: str) -> None:
    world = Paying()
    world.charged()
    assert "order.paid" in world.hears(signed(notice(), date=date))


@pytest.mark.parametrize("route", [MAIN, BANK])
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_no_single_change_of_a_signed_callback_verifies(route: Route, data: st.DataObject) -> None:
    good = signed(notice(route), route)
    [connection] = [each for each in Paying().connections.values() if each.route == route]
    verify(good, connection, NOW)
    part = data.draw(st.sampled_from([*(set(vars_of(good)) - {"body"}), "body"]))
    value = getattr(good, part)
    place = data.draw(st.integers(0, len(value) - 1))
    if isinstance(value, bytes):
        bit = 1 << data.draw(st.integers(0, 7))
        changed: Any = value[:place] + bytes([value[place] ^ bit]) + value[place + 1 :]
    else:
        symbol = data.draw(st.characters(codec="utf-8").filter(lambda c: c != value[place]))
        changed = value[:place] + symbol + value[place + 1 :]
    with pytest.raises(VerificationError):
        verify(replace(good, **{part: changed}), connection, NOW)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=4,
)


@settings(max_examples=200, deadline=None)
@given(member=st.sampled_from(sorted(notice())), value=JSON)
def test_whatever_a_member_is_a_notice_is_read_whole_or_refused(member: str, value: object) -> None:
    body = json.dumps({**notice(), member: value}, sort_keys=True, separators=(",", ":")).encode()
    try:
        read = read_notice(body)
    except MalformedError:
        return
    assert getattr(read, member) == value
    assert type(read.amount) is int
    assert read.amount > 0


@settings(max_examples=100, deadline=None)
@given(body=st.binary(max_size=200))
def test_no_bytes_are_too_strange_to_be_refused(body: bytes) -> None:
    with pytest.raises(MalformedError):
        read_notice(body)


def test_signatures_are_those_of_every_version_before() -> None:
    """T06: a change of the adapter that signs or verifies otherwise fails here.

    lizhipay/acg-faka#63, lizhipay/acg-faka#103.
    """
    assert len(frozen()) >= 6
    for each in frozen():
        parts = {name: each[name] for name in vars_of(signed(b"")) if name != "body"}
        delivery = Delivery(**parts, body=each["body"].encode())
        assert delivery.text().decode() == each["text"]
        key = CallbackKey(each["key"], each["algorithm"], bytes.fromhex(each["verifies_with"]))
        route = Route(each["channel"], each["connection"])
        verify(delivery, Connection(route, "acct", (key,)), each["date"])
        again = sign(replace(delivery, signature=""), key.algorithm, bytes.fromhex(each["secret"]))
        assert again == delivery


def vars_of(delivery: Delivery) -> list[str]:
    return list(type(delivery).__dataclass_fields__)
