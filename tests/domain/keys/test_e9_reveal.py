"""E9: a raw key is shown to its buyer alone, under the product's policy, each view an event."""

from dataclasses import replace
from typing import Any, NoReturn

import pytest

from chain.errors import ChainError
from chain.sealed import SealedValue
from domain.catalogue.product import Product, ReleasePolicy
from domain.command import Command
from domain.disputes.events import Terms
from domain.errors import (
    DisputeOpenError,
    NeverShownError,
    Refusal,
    StepUpNeededError,
    WrongPartyError,
)
from domain.event import Role, read_event
from domain.keys.events import KeyRevealed
from domain.keys.stepup import StepUp
from domain.outside.hidden import Hidden
from tests.domain.given import (
    BUYER,
    MERCHANT,
    NOW,
    PRODUCT,
    MemorySealer,
    identifier,
    meta_of,
)
from tests.domain.keys.redeeming import STRANGER, Typing, attempt
from tests.domain.keys.test_e4_channel import give_back

RAW = "AAAA-BBBB"
PROOF = StepUp(BUYER, "2026-11-22T09:55:00Z", "passkey")
DEVICE = Hidden("device-7788")


class Showing(Typing):
    """A trade whose raw keys are looked at."""

    def __init__(self, policy: ReleasePolicy = "reveal_at_activation") -> None:
        super().__init__()
        self.policy = policy

    def view(self, order: str, buyer: str = BUYER, **named: Any) -> str:
        """Look at the raw key of *order*."""
        meta = named.pop("meta", {})
        command = self.command()
        command.meta = replace(meta_of(command.id), **meta)
        return self.trade.view_key(command, order, buyer, "redeem elsewhere", **named).reveal()

    def views(self) -> list[dict[str, Any]]:
        return [each.data() for each in self.events() if each.TOPIC == "key.revealed"]


def test_e9_t08_every_view_is_an_event_with_person_purpose_device_and_count() -> None:
    """lizhipay/acg-faka#29, lizhipay/acg-faka#99, Tai7sy/card-system#471."""
    world = Showing()
    order = world.activated()
    assert world.view(order, device=DEVICE) == RAW
    assert world.view(order, device=DEVICE, step_up=PROOF) == RAW
    first, second = world.views()
    tag = world.sealer.tag("device", "device-7788")
    assert first == {"buyer": BUYER, "purpose": "redeem elsewhere", "device": tag, "view": 1}
    assert second == first | {
        "view": 2,
        "step_up_by": BUYER,
        "step_up_at": "2026-11-22T09:55:00Z",
        "step_up_method": "passkey",
    }
    assert RAW.encode() not in b"".join(each.body() for each in world.events())


def test_e9_with_the_activation_the_first_view_is_in_the_same_transaction() -> None:
    world = Showing()
    order = world.delivered()
    assert world.redeem(world.code(order), device="d") == ["key.activated", "key.revealed"]
    assert world.views()[0]["view"] == 1
    with pytest.raises(StepUpNeededError):
        world.view(order)
    assert world.view(order, step_up=PROOF) == RAW


def test_e9_the_support_desk_may_type_a_buyers_code_and_is_shown_nothing() -> None:
    world = Showing()
    order = world.delivered()
    code, command = world.code(order), world.command()
    command.meta = replace(meta_of(command.id), actor="staff-7", role="staff", channel="desk")
    done = world.trade.redeem_code(command, attempt(code), NOW)
    assert done.raw_key is None
    assert world.topics()[-1] == "key.activated"
    assert world.view(order) == RAW, "the first view is still the buyer's"


def test_e9_by_default_a_raw_key_is_never_shown() -> None:
    world = Showing("redeem_on_platform")
    order = world.delivered()
    assert world.redeem(world.code(order)) == ["key.activated"]
    world.do("confirm_order", order, "consumer")
    for proof in (None, PROOF):
        with pytest.raises(NeverShownError):
            world.view(order, step_up=proof)
    assert world.views() == []
    assert Product(PRODUCT).release_policy == "redeem_on_platform"


def test_e9_after_confirmation_means_after_confirmation() -> None:
    world = Showing("reveal_after_confirmation")
    order = world.delivered()
    assert world.redeem(world.code(order)) == ["key.activated"]
    with pytest.raises(NeverShownError):
        world.view(order)
    world.do("confirm_order", order, "consumer")
    assert world.view(order) == RAW


@pytest.mark.parametrize(
    "proof",
    [
        None,
        StepUp(STRANGER, "2026-11-22T09:55:00Z", "passkey"),
        StepUp(BUYER, "2026-11-22T09:50:00Z", "passkey"),
        StepUp(BUYER, "2026-11-22T10:00:01Z", "passkey"),
    ],
    ids=["none", "of-another", "ten-minutes-old", "of-a-time-to-come"],
)
def test_e9_a_second_view_needs_a_fresh_step_up_of_the_buyer(proof: StepUp | None) -> None:
    world = Showing()
    order = world.activated()
    world.view(order)
    before = world.size()
    with pytest.raises(StepUpNeededError):
        world.view(order, step_up=proof, now=NOW)
    assert world.size() == before


def test_e9_a_view_is_given_once_also_to_who_repeats_the_command() -> None:
    world = Showing()
    order = world.activated()
    command = world.command()
    assert world.trade.view_key(command, order, BUYER, "x").reveal() == RAW
    again = world.command(command.id)
    with pytest.raises(StepUpNeededError, match="was given"):
        world.trade.view_key(again, order, BUYER, "x")
    assert len(world.views()) == 1


OTHERS: list[tuple[str, Role]] = [
    (BUYER, "staff"),
    ("staff-1", "staff"),
    ("arbitrator-1", "arbitrator"),
    (MERCHANT, "merchant"),
    ("rules", "platform"),
    (STRANGER, "consumer"),
]


@pytest.mark.parametrize(("actor", "role"), OTHERS)
def test_e9_nobody_else_has_a_way_to_a_raw_key(actor: str, role: Role) -> None:
    world = Showing()
    order = world.activated()
    for buyer in (BUYER, STRANGER):
        with pytest.raises(WrongPartyError):
            world.view(order, buyer, step_up=PROOF, meta={"actor": actor, "role": role})
    assert world.views() == []


def test_e9_no_use_case_but_a_buyers_view_asks_the_vault_for_a_raw_key() -> None:
    class Watched(MemorySealer):
        opened = 0

        def open(self, digest: bytes) -> SealedValue:
            self.opened += 1
            return super().open(digest)

    world = Showing()
    world.sealer = Watched()
    order = world.activated()
    world.do("open_dispute", identifier("dsp"), order, "consumer")
    world.do("gather_evidence", identifier("dsp"), Terms(168))
    world.do("withdraw_dispute", identifier("dsp"))
    world.do("confirm_order", order, "consumer")
    assert world.sealer.opened == 0
    world.view(order)
    assert world.sealer.opened == 1


def test_e9_nothing_is_shown_while_a_dispute_is_open_or_after_a_refund() -> None:
    world = Showing()
    order = world.activated()
    world.view(order)
    dispute = identifier("dsp")
    world.do("open_dispute", dispute, order, "consumer")
    with pytest.raises(DisputeOpenError):
        world.view(order, step_up=PROOF)
    world.do("withdraw_dispute", dispute)
    give_back(world, order)
    with pytest.raises(Refusal):
        world.view(order, step_up=PROOF)
    assert len(world.views()) == 1


def test_e9_the_raw_key_is_handed_out_after_its_event_and_not_without_it() -> None:
    world = Showing()
    order = world.activated()
    record = world.trade.record

    def refuse(command: Command) -> NoReturn:
        raise RuntimeError("the commit was lost")

    world.trade.record = refuse  # type: ignore[method-assign]
    with pytest.raises(RuntimeError, match="commit"):
        world.view(order)
    world.trade.record = record  # type: ignore[method-assign]
    assert world.views() == []


def test_f21_a_vault_that_is_away_spends_no_view() -> None:
    class Away(MemorySealer):
        def open(self, digest: bytes) -> SealedValue:
            raise ChainError("the vault does not answer")

    world = Showing()
    order = world.activated()
    here = world.sealer
    world.sealer = Away()
    with pytest.raises(ChainError):
        world.view(order)
    assert world.views() == []
    world.sealer = here
    assert world.view(order) == RAW


def test_e9_in_a_dispute_the_system_says_whether_it_is_the_key_and_nothing_more() -> None:
    world = Showing()
    order = world.activated()
    command = world.command()
    with pytest.raises(WrongPartyError, match="nothing is disputed"):
        world.trade.opens_commitment(command, order, Hidden(RAW))
    world.do("open_dispute", identifier("dsp"), order, "consumer")
    before = world.size()
    assert world.trade.opens_commitment(command, order, Hidden(f" {RAW}\n")) is True
    assert world.trade.opens_commitment(command, order, Hidden("AAAA-BBBC")) is False
    assert world.size() == before


def test_e9_a_view_of_the_first_payload_version_is_read() -> None:
    body = b'{"data":{"buyer":"%b","purpose":"x"},"meta":{"actor":"a","causation":null,' % (
        BUYER.encode()
    )
    body += b'"channel":"web","command_id":"c","correlation_id":"c","role":"consumer",'
    body += b'"schema":1,"source":"t"}}'
    read = read_event(identifier("key"), 9, "key.revealed", body)
    assert isinstance(read, KeyRevealed)
    assert (read.view, read.device, read.step_up_by) == (None, None, None)
    assert read.SCHEMA == 2


def test_e9_a_policy_changes_with_the_product_from_now_on() -> None:
    world = Showing("redeem_on_platform")
    order = world.delivered()
    world.do("rename_product", PRODUCT, "same", release_policy="reveal_at_activation")
    assert world.redeem(world.code(order)) == ["key.activated", "key.revealed"]
    world.do("rename_product", PRODUCT, "another title")
    assert world.trade.load(Product, PRODUCT).release_policy == "reveal_at_activation"
