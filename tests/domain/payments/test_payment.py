"""A payment is captured once, and for what was asked."""

import pytest

from domain.errors import AmountMismatchError, IllegalTransitionError
from domain.money import Money
from domain.payments.payment import Payment
from tests.domain.given import PRICE, command_of, identifier, recorded


def test_what_was_asked_for_is_captured_once() -> None:
    payment, command = Payment(identifier("pay")), command_of()
    payment.initiate(command, identifier("chk"), PRICE)
    payment.capture(command, PRICE, None)
    assert recorded(command) == ["payment.initiated", "payment.captured", "ledger.posted"]
    with pytest.raises(IllegalTransitionError):
        payment.capture(command, PRICE, None)


def test_another_amount_or_currency_is_not_captured() -> None:
    payment, command = Payment(identifier("pay")), command_of()
    payment.initiate(command, identifier("chk"), PRICE)
    for received in (Money(1, "CNY"), Money(PRICE.amount, "EUR")):
        with pytest.raises(AmountMismatchError):
            payment.capture(command, received, None)
    assert recorded(command) == ["payment.initiated"]


def test_a_payment_that_nobody_asked_for_is_not_captured() -> None:
    with pytest.raises(AmountMismatchError):
        Payment(identifier("pay")).capture(command_of(), PRICE, None)


def test_a_payment_of_the_past_says_that_it_is_assumed() -> None:
    payment, command = Payment(identifier("pay")), command_of()
    payment.assume_captured(command, identifier("chk"), PRICE, None)
    assert command.events[0].data()["basis"] == "assumed"
