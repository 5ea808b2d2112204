"""A channel over HTTP: asked once whatever is lost, and never believed too much (F8).

Against the sandbox's own process; what it says of its own accord goes to nobody here.
"""

from collections.abc import Iterator

import pytest

from domain.errors import IllegalTransitionError, NotYetError
from domain.money import Money
from domain.outside.party import (
    PartyDownError,
    PartyError,
    PartyRefusedError,
    UntrustedAnswerError,
)
from domain.outside.store.client import Patience
from domain.payments.channel import Channel
from domain.payments.payment import Payment
from domain.payments.receiving import CALLBACKS, callbacks_of
from domain.payments.settling import (
    ask_payment,
    learn_payment,
    learn_refund,
    send_refund,
)
from domain.payments.store.http_channel import HttpChannel
from domain.refunds.refund import Refund
from scripts.sandbox import SandboxProcess
from tests.domain.given import NOW, PRICE, identifier
from tests.domain.payments.counter import Counter
from tests.domain.payments.paying import BANK, IN_TIME, MAIN, Paying, notice, signed

NOBODY = "http://127.0.0.1:9/v1/callbacks"
HASTY = Patience(2, 1)


@pytest.fixture(scope="module")
def counter() -> Iterator[Counter]:
    """The sandbox's counter, whose callbacks nobody hears."""
    with SandboxProcess() as process:
        yield Counter(process.endpoint, NOBODY)


def late(world: Paying, name: str, transaction: str) -> str:
    """Let money come for an order that was cancelled; return the refund."""
    order = world.charged(name)
    world.do("close_order", order, "cancelled")
    world.hears(signed(notice(name=name, transaction=transaction), nonce=f"{len(name)}"))
    [refund] = world.trade.load(Payment, identifier("pay", name)).returns
    return refund


def paid_at(counter: Counter, channel: Channel, name: str) -> str:
    """Have a payment asked for and paid at the counter; return the transaction."""
    payment = identifier("pay", name)
    channel.ask_payment(payment, identifier("chk", name), PRICE, f"{payment}/collect")
    return str(counter.ask("pay", MAIN, payment=payment)["transaction"])


def test_f8_a_transfer_whose_answer_was_lost_is_carried_out_once(counter: Counter) -> None:
    world, channels = Paying(), counter.channels(HASTY)
    transaction = paid_at(counter, channels[MAIN], "lost")
    refund = late(world, "lost", transaction)
    counter.fail("refund", "lost", 1)
    with pytest.raises(PartyDownError):
        send_refund(world.trade, channels, refund)
    # A crash, a lost answer: whoever asks again gets the first transfer.
    first = send_refund(world.trade, channels, refund)
    assert first is not None
    assert first.state == "pending"
    assert send_refund(world.trade, channels, refund) == first


def test_f8_a_transfer_that_failed_is_tried_once_more_and_not_twice(counter: Counter) -> None:
    world, channels = Paying(), counter.channels()
    transaction = paid_at(counter, channels[MAIN], "failed")
    refund = late(world, "failed", transaction)
    first = send_refund(world.trade, channels, refund)
    counter.ask("settle", MAIN, refund=refund, state="failed", reason="card closed")
    connection = world.connections[MAIN]
    asking = ("ask/1", NOW, world.new_command)
    # The callback went to nobody: the channel is asked.
    learn_refund(world.trade, channels, connection, refund, asking)
    found = world.trade.load(Refund, refund)
    assert (found.state, found.failures) == ("failed", 1)
    # Learnt twice, it has failed once: or the next try would go out twice.
    learn_refund(world.trade, channels, connection, refund, ("ask/2", NOW, world.new_command))
    assert world.trade.load(Refund, refund).failures == 1
    second = send_refund(world.trade, channels, refund)
    assert first is not None
    assert second is not None
    assert first.transfer != second.transfer
    assert send_refund(world.trade, channels, refund) == second
    counter.ask("settle", MAIN, refund=refund, state="settled")
    learn_refund(world.trade, channels, connection, refund, ("ask/3", NOW, world.new_command))
    assert world.trade.load(Refund, refund).state == "settled"
    assert send_refund(world.trade, channels, refund) is None
    settled = [event for event in world.events() if event.TOPIC == "refund.settled"]
    assert [event.sandbox for event in settled] == [True]  # type: ignore[attr-defined]


def test_a_payment_whose_callback_was_lost_is_found_by_asking(counter: Counter) -> None:
    world, channels = Paying(), counter.channels()
    world.charged("quiet")
    payment, connection = identifier("pay", "quiet"), world.connections[MAIN]
    ask_payment(world.trade, channels, payment)
    asking = ("quiet/1", IN_TIME, world.new_command)
    assert not learn_payment(world.trade, channels, connection, payment, asking)
    transaction = counter.ask("pay", MAIN, payment=payment)["transaction"]
    asking = ("quiet/2", IN_TIME, world.new_command)
    assert learn_payment(world.trade, channels, connection, payment, asking)
    assert world.trade.load(Payment, payment).transaction == transaction
    assert list(callbacks_of(world.events())) == world.trade.rows_of(CALLBACKS)
    # The callback comes after all.
    said = notice(name="quiet", transaction=transaction)
    assert world.hears(signed(said)) == ["payment.callback_refused"]
    assert world.topics().count("order.paid") == 1


@pytest.mark.parametrize("mode", ["down", "error", "unsigned", "forged", "garbage"])
def test_no_answer_is_no_consent(counter: Counter, mode: str) -> None:
    world = Paying()
    world.charged(mode)
    payment = identifier("pay", mode)
    counter.fail("collect", mode, 1)
    before = world.size()
    with pytest.raises(PartyError):
        ask_payment(world.trade, counter.channels(HASTY), payment)
    assert world.size() == before
    assert ask_payment(world.trade, counter.channels(), payment).sandbox


def test_early_money_that_nobody_claimed_goes_back_over_its_channel(counter: Counter) -> None:
    world, channels = Paying(), counter.channels()
    transaction = paid_at(counter, channels[MAIN], "early")
    world.hears(signed(notice(name="early", transaction=transaction)))
    world.do("return_unclaimed", identifier("pay", "early"))
    [refund] = world.trade.load(Payment, identifier("pay", "early")).returns
    transfer = send_refund(world.trade, channels, refund)
    assert transfer is not None
    said = notice(kind="refund.settled", name="early", refund=refund, transaction=transfer.transfer)
    assert world.hears(signed(said, nonce="2")) == ["refund.settled"]


def test_no_more_goes_back_than_came(counter: Counter) -> None:
    channel = counter.channels()[MAIN]
    transaction = paid_at(counter, channel, "twice")
    first = channel.send_refund(identifier("rfd", "1"), transaction, PRICE, "twice/1")
    more = channel.send_refund(identifier("rfd", "2"), transaction, Money(1, "CNY"), "twice/2")
    assert (first.state, more.state) == ("pending", "failed")


def test_a_channel_that_does_not_know_us_refuses(counter: Counter) -> None:
    channel = counter.channels()[MAIN]
    with pytest.raises(PartyRefusedError):
        channel.find_refund(identifier("rfd", "unknown"), "unknown/1")


def test_what_was_collected_by_no_channel_of_ours_is_not_sent_back_by_one() -> None:
    world = Paying()
    order = world.paid()
    world.do("request_refund", identifier("rfd"), order)
    with pytest.raises(NotYetError, match="requested"):
        send_refund(world.trade, {}, identifier("rfd"))
    world.do("approve_refund", identifier("rfd"))
    with pytest.raises(NotYetError, match="collected by no channel"):
        send_refund(world.trade, {}, identifier("rfd"))
    with pytest.raises(IllegalTransitionError):
        ask_payment(world.trade, {}, identifier("pay"))


def test_an_approved_refund_goes_back_to_where_the_money_came_from(counter: Counter) -> None:
    world, channels = Paying(), counter.channels()
    transaction = paid_at(counter, channels[MAIN], "approved")
    order = world.charged("approved")
    world.hears(signed(notice(name="approved", transaction=transaction)))
    world.do("request_refund", identifier("rfd", "approved"), order)
    world.do("approve_refund", identifier("rfd", "approved"))
    transfer = send_refund(world.trade, channels, identifier("rfd", "approved"))
    assert transfer is not None
    said = notice(
        kind="refund.settled",
        name="approved",
        refund=identifier("rfd", "approved"),
        transaction=transfer.transfer,
    )
    assert world.hears(signed(said, nonce="2")) == ["refund.settled"]
    assert world.hears(signed(said, nonce="3")) == ["payment.callback_refused"]


@pytest.mark.parametrize(
    "answer", [{}, {"sandbox": True}, {"sandbox": 1, "page": "x"}, {"sandbox": True, "page": 1}]
)
def test_an_answer_of_another_form_is_not_trusted(answer: dict[str, object]) -> None:
    class Client:
        """Answers what it is told to."""

        def ask(self, *_: object) -> dict[str, object]:
            """Answer."""
            return dict(answer)

    with pytest.raises(UntrustedAnswerError):
        HttpChannel(BANK, Client()).ask_payment("p", "c", PRICE, "k")  # type: ignore[arg-type]
