"""A checking witness does not cosign a forged log, though its operator signed it: and says why.

The operator writes past the application and signs with its real keys; what is wrong is in the
entries alone. Each forgery comes after a market's honest entries and true commitments.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from random import Random
from typing import Any

import pytest

from chain.checkpoint import Checkpoint
from chain.consistency import prove_consistency
from chain.rules import BrokenRuleError
from chain.store.checked_log import CheckedLog
from chain.store.database import Database
from chain.store.files import Folder
from chain.store.prover import Prover
from chain.store.stream_index.builder import commitment_of
from chain.store.stream_index.listing import Indexed, MemoryListing
from chain.store.witness import CHECKED, Witness, create_witness, log_folder, watch_log
from chain.stream_index.commitment import EVENT_TYPE, Commitment
from chain.stream_index.ranges import coarsest_cover
from chain.tiles import TileReader
from chain.witness import Answer, Submission, cosignature_in
from domain.event import Event as Told
from domain.witnessing.invariants import Invariants
from tests.chain.store.stream_index.following import BASE, entries_of
from tests.chain.store.writing import Event
from tests.domain.given import identifier
from tests.domain.witnessing.forging import Operator, honest_market

AT = datetime(2026, 11, 22, 13, tzinfo=UTC)


class Court:
    """A checking witness, and what the operator gets from it."""

    def __init__(self, home: Path, operator: Operator) -> None:
        self.operator = operator
        self.vkey = create_witness(home, f"witness.court/1{CHECKED}", Random(1).randbytes)
        watch_log(home, operator.keys)
        files = Folder(operator.folder)
        self.checked = CheckedLog(home / "checked", files, Invariants, base_level=BASE + 4)
        self.witness = Witness(home, lambda: AT, check=self.checked.reach)
        self.size = 0

    def ask(self) -> Answer:
        """Have the operator publish what it has, and ask to cosign it."""
        checkpoint, note = self.operator.publish()
        return self.submit(checkpoint, note)

    def submit(self, checkpoint: Checkpoint, note: bytes) -> Answer:
        proof = []
        if 0 < self.size < checkpoint.size:
            read = TileReader(checkpoint.size, Prover(Folder(self.operator.folder), ()).fetch)
            proof = prove_consistency(self.size, checkpoint.size, read)
        answer = self.witness.answer(Submission(self.size, tuple(proof), note).to_bytes())
        if answer.status == HTTPStatus.OK:
            cosignature_in(answer.body, note.decode().split("\n\n")[0] + "\n", self.vkey)
            self.size = checkpoint.size
        return answer

    def close(self) -> None:
        self.witness.close()
        self.checked.close()


@pytest.fixture(scope="module")
def market() -> list[Told]:
    return honest_market()


@pytest.fixture
def operator(database: Database, tmp_path: Path, market: list[Told]) -> Operator:
    """A log of the market, with two true commitments."""
    made = Operator(database, tmp_path / "home")
    half = len(market) // 2
    made.tell(market[:half])
    made.commit()
    made.tell(market[half:])
    made.commit()
    return made


@pytest.fixture
def court(operator: Operator, tmp_path: Path) -> Iterator[Court]:
    made = Court(tmp_path / "court", operator)
    yield made
    made.close()


def data_of(market: list[Told], kind: str) -> tuple[str, Mapping[str, Any]]:
    """Return stream and data of an event of type *kind* in the market."""
    found = next(each for each in market if kind == each.TOPIC)
    return found.originator_id, found.data()


def test_an_honest_log_is_cosigned_as_it_grows(court: Court, operator: Operator) -> None:
    assert court.ask().status == HTTPStatus.OK
    operator.say(Event(identifier("ord", "new"), "order.placed", {"n": 1}))
    operator.commit()
    assert court.ask().status == HTTPStatus.OK
    assert court.checked.size == court.size


def sell_again(market: list[Told]) -> list[Event]:
    """A second order pays for a key that a first one has bought and keeps."""
    refunded = {each.originator_id for each in market if each.TOPIC == "order.refunded"}
    key = next(
        each.originator_id
        for each in market
        if each.TOPIC == "key.sold" and each.data()["order"] not in refunded
    )
    return [Event(key, "key.sold", {"order": identifier("ord", "second")})]


def pay_again(market: list[Told]) -> list[Event]:
    """The same, told in the order's stream alone: the key's own says nothing."""
    (again,) = sell_again(market)
    order, placed = data_of(market, "order.placed")
    del order
    second = identifier("ord", "second")
    return [
        Event(second, "order.placed", {**placed, "key": again.stream}),
        Event(second, "order.paid", {"payment": identifier("pay")}),
    ]


def sell_used(market: list[Told]) -> list[Event]:
    """A key that was activated, and whose order is refunded in form, is sold as new."""
    voided = {each.originator_id for each in market if each.TOPIC == "key.voided"}
    key, order = next(
        (each.originator_id, each.data()["order"])
        for each in market
        if each.TOPIC == "key.sold"
        and each.originator_id in {e.originator_id for e in market if e.TOPIC == "key.activated"}
        and each.originator_id not in voided
    )
    return [
        Event(order, "order.refunded", {}),
        Event(key, "key.sold", {"order": identifier("ord", "second")}),
    ]


def stock_again(market: list[Told]) -> list[Event]:
    """One raw key comes into stock under a second id: its fingerprint says so."""
    voided = {each.originator_id for each in market if each.TOPIC == "key.voided"}
    imported = next(
        each
        for each in market
        if each.TOPIC == "key.imported"
        and each.data().get("fingerprint")
        and each.originator_id not in voided
    )
    return [Event(identifier("key", "second"), "key.imported", dict(imported.data()))]


def make_money(market: list[Told]) -> list[Event]:
    """A posting gives a merchant more than it takes from anybody."""
    del market
    lines = [{"account": "channel", "amount": -100}, {"account": "merchant:M-LAN", "amount": 9_900}]
    data: dict[str, object] = {"occasion": "payment_captured", "currency": "CNY", "lines": lines}
    return [Event("ledger/main-2026-11-22", "ledger.posted", data)]


def pay_out_of_nothing(market: list[Told]) -> list[Event]:
    """A balanced posting refunds what was never held."""
    del market
    order, refund = identifier("ord", "nobody's"), identifier("rfd")
    lines = [
        {"account": f"escrow:{order}", "amount": -9_900},
        {"account": f"refund:{refund}", "amount": 9_900},
    ]
    data: dict[str, object] = {"occasion": "refund_executed", "currency": "CNY", "lines": lines}
    return [Event("ledger/main-2026-11-22", "ledger.posted", data)]


def go_on_after_the_end(market: list[Told]) -> list[Event]:
    """An order that was refunded is delivered after all."""
    order, _ = data_of(market, "order.refunded")
    return [Event(order, "order.delivered", {})]


def reopen_an_executed_case(market: list[Told]) -> list[Event]:
    """A ruling is issued in a dispute whose ruling was executed."""
    dispute, _ = data_of(market, "ruling.executed")
    return [Event(dispute, "ruling.issued", {"mode": "manual"})]


FORGERIES: dict[Callable[[list[Told]], list[Event]], tuple[str, int]] = {
    sell_again: ("key_sold_twice", 0),
    pay_again: ("key_sold_twice", 1),
    sell_used: ("key_sold_twice", 1),
    stock_again: ("key_sold_twice", 0),
    make_money: ("money_made", 0),
    pay_out_of_nothing: ("money_made", 0),
    go_on_after_the_end: ("stream_ended", 0),
    reopen_an_executed_case: ("stream_ended", 0),
}
"""Each forgery with the rule that it breaks, and which of its entries does."""


@pytest.mark.parametrize("forge", FORGERIES, ids=lambda each: each.__name__)
def test_a_forged_log_is_not_cosigned_and_the_entry_is_named(
    court: Court,
    operator: Operator,
    market: list[Told],
    forge: Callable[[list[Told]], list[Event]],
) -> None:
    rule, place = FORGERIES[forge]
    # Some forge what a witness has followed for long, some what it sees for the first time.
    if len(forge.__name__) % 2:
        assert court.ask().status == HTTPStatus.OK
    index = operator.say(*forge(market)) + place
    answer = court.ask()
    assert answer.status == HTTPStatus.UNPROCESSABLE_ENTITY
    assert answer.body.startswith(f"entry {index}: {rule}: ".encode())
    # Nothing that comes later makes it good, and the index is true all the while.
    operator.say(Event(identifier("ord", "new"), "order.placed", {"n": 1}))
    operator.commit()
    assert court.ask().body == answer.body
    refused = f"{log_folder(operator.keys[0].name)}/refused"
    assert len(court.witness._files.list(refused)) == 2


@pytest.mark.parametrize("name", ["stream_root", "type_root", "streams", "types"])
def test_a_lie_about_the_index_is_not_cosigned_and_its_range_is_named(
    court: Court, operator: Operator, name: str
) -> None:
    assert court.ask().status == HTTPStatus.OK
    operator.say(Event(identifier("ord", "new"), "order.placed", {"n": 1}))
    leaf_index, (size, ranges) = operator.commit()
    assert court.ask().status == HTTPStatus.OK
    false: Any = bytes(32) if name.endswith("root") else 1
    lie = ranges[0]._replace(**{name: false})
    part = lie.range
    members = Commitment(size, (lie, *ranges[1:])).members()
    index = operator.say(Event("index", EVENT_TYPE, members))
    assert index == leaf_index + 1
    answer = court.ask()
    assert answer.status == HTTPStatus.UNPROCESSABLE_ENTITY
    said = f"entry {index}: index_lie: the stream index that it commits to is false: range"
    assert answer.body.startswith(f"{said} {part.number} of level {part.level}: {name} ".encode())
    broken = court.checked.broken
    assert isinstance(broken, BrokenRuleError)
    assert (broken.index, broken.rule) == (index, "index_lie")


def test_a_hidden_tail_is_a_lie_about_the_index(court: Court, operator: Operator) -> None:
    """The operator commits to a stream as if its last entry had not been: the point of it all."""
    entries = entries_of(operator.database)
    hidden = [
        each if n != len(entries) - 3 else Indexed("ord_other", 1, each.type, each.leaf)
        for n, each in enumerate(entries)
    ]
    cover = coarsest_cover(0, len(hidden))
    lie = commitment_of([MemoryListing(each, hidden[each.start : each.end]) for each in cover])
    index = operator.say(Event("index", EVENT_TYPE, lie.members()))
    assert court.ask().body.startswith(f"entry {index}: index_lie: ".encode())
