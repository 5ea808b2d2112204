"""A7: what ends an identity ends what rests on it; after erasure every proof still verifies."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from chain.hashes import LeafHash, TreeHash, leaf_hash
from chain.inclusion import prove_inclusion, verify_inclusion
from chain.merkle import Node, NodeReader, root_of
from chain.store.database import Database
from chain.store.forgetting import forget, values_of
from chain.store.master_key import FileMasterKey, create_master_key
from chain.store.reader import LogReader
from chain.store.vault import UnknownValueError, Vault
from domain.application import Trade
from domain.errors import (
    ConflictOfInterestError,
    IllegalTransitionError,
    NotYetError,
    UnverifiedError,
)
from domain.event import Meta
from domain.identity.account import account_of, subjects_of
from domain.identity.limits import VERSION_1
from domain.identity.retention import Duty
from domain.identity.standing import require_right
from domain.money import Money
from tests.domain.given import (
    BUYER,
    LATER,
    MERCHANT,
    MUCH_LATER,
    NOW,
    PRODUCT,
    World,
    identifier,
)
from tests.domain.identity.enrolling import ALICE, Enrolling

DEAR = Money(VERSION_1.unverified_order["CNY"] + 1, "CNY")


def may_buy(world: Enrolling) -> bool:
    try:
        require_right(world.trade, world.party, "buy", DEAR)
    except UnverifiedError:
        return False
    return True


def by(world: World, actor: str, use_case: str, *arguments: object) -> None:
    """Let *actor* call *use_case*."""
    command = world.command()
    command.meta = Meta(actor, "staff", "test", "desk", command.id, command.id, occurred_at=NOW)
    getattr(world.trade, use_case)(command, *arguments)


def test_a7_an_identity_expires_when_its_time_is_over_and_the_rights_end_with_it() -> None:
    world = Enrolling()
    world.verified(until=LATER)
    assert may_buy(world)
    assert world.do("expire_identity", world.verification, LATER) == [
        "identity.expired",
        "identity.account_restricted",
    ]
    assert world.last("identity.account_restricted")["cause"] == "expired"
    assert not may_buy(world)


def test_a7_an_identity_does_not_expire_a_second_early() -> None:
    world = Enrolling()
    world.verified(until=LATER)
    with pytest.raises(NotYetError):
        world.do("expire_identity", world.verification, "2026-11-23T09:59:59Z")
    assert may_buy(world)


def test_a7_a_revoked_identity_takes_the_merchants_rights_along() -> None:
    world = Enrolling(party=MERCHANT)
    world.verified()
    world.do("create_product", PRODUCT, MERCHANT, "SKU-001")
    assert world.do("revoke_identity", world.verification, "fraud") == [
        "identity.revoked",
        "identity.account_restricted",
    ]
    before = world.size()
    with pytest.raises(UnverifiedError):
        world.do("create_product", identifier("prd", "second"), MERCHANT, "SKU-002")
    assert world.size() == before


@pytest.mark.parametrize("end", ["expire_identity", "revoke_identity"])
def test_a7_the_end_of_an_older_identity_does_not_touch_a_newer_one(end: str) -> None:
    world = Enrolling()
    world.verified(until=LATER)
    older = world.verification
    world.begin("newer")
    world.request()
    world.source()
    world.document()
    world.face()
    world.bankcard()
    world.decide()
    argument = LATER if end == "expire_identity" else "error"
    assert len(world.do(end, older, argument)) == 1
    assert may_buy(world)


@pytest.mark.parametrize("end", ["expired", "revoked"])
def test_a7_an_ended_identity_stays_ended_and_a_new_one_gives_the_rights_back(end: str) -> None:
    world = Enrolling()
    world.verified(until=LATER)
    if end == "expired":
        world.do("expire_identity", world.verification, LATER)
    else:
        world.do("revoke_identity", world.verification, "error")
    with pytest.raises(IllegalTransitionError):
        world.do("revoke_identity", world.verification, "error")
    with pytest.raises(IllegalTransitionError):
        world.do("expire_identity", world.verification, MUCH_LATER)
    world.begin("anew")
    world.verified()
    assert may_buy(world)


def test_a7_an_erasure_restricts_at_once_and_erases_when_the_duty_to_keep_is_over() -> None:
    world = Enrolling()
    world.verified()
    by(world, "staff-1", "ask_erasure", BUYER, LATER)
    assert world.account.state == "restricted"
    assert not may_buy(world)
    with pytest.raises(NotYetError, match="must be kept"):
        by(world, "staff-2", "erase_person", BUYER, NOW)
    by(world, "staff-2", "erase_person", BUYER, LATER)
    erased = world.last("privacy.erased")
    assert erased == {"party": BUYER, "asked_by": "staff-1"}
    assert subjects_of(BUYER) == (account_of(BUYER), BUYER)
    assert world.account.state == "erased"


def test_a7_whoever_asks_for_an_erasure_does_not_approve_it() -> None:
    world = Enrolling()
    world.verified()
    by(world, "staff-1", "ask_erasure", BUYER, NOW)
    before = world.size()
    with pytest.raises(ConflictOfInterestError):
        by(world, "staff-1", "erase_person", BUYER, LATER)
    assert world.size() == before


def test_a7_whoever_asked_to_be_erased_buys_nothing_more_not_even_below_the_limit() -> None:
    """What is kept for a duty's sake alone is not used for new trade."""
    world = Enrolling()
    world.verified()
    require_right(world.trade, BUYER, "buy", Money(1, "CNY"))
    by(world, "staff-1", "ask_erasure", BUYER, LATER)
    with pytest.raises(UnverifiedError):
        require_right(world.trade, BUYER, "buy", Money(1, "CNY"))


def test_a7_nobody_but_staff_agrees_to_an_erasure() -> None:
    world = World()
    by(world, "staff-1", "ask_erasure", BUYER, NOW)
    with pytest.raises(ConflictOfInterestError, match="by staff"):
        world.do("erase_person", BUYER, LATER)


def test_a7_whoever_was_never_enrolled_can_be_erased_too() -> None:
    world = World()
    by(world, "staff-1", "ask_erasure", BUYER, NOW, "a duty")
    by(world, "staff-2", "erase_person", BUYER, LATER)
    assert world.topics() == ["identity.account_restricted"] * 2 + ["privacy.erased"]
    assert world.events()[1].data()["duty"] == "a duty"


def test_a7_a_duty_that_nobody_knew_of_when_it_was_asked_for_stops_an_erasure() -> None:
    world = World()
    by(world, "staff-1", "ask_erasure", BUYER, NOW)
    with pytest.raises(NotYetError, match="a new sale"):
        by(world, "staff-2", "erase_person", BUYER, LATER, Duty("a new sale", MUCH_LATER))
    by(world, "staff-2", "erase_person", BUYER, MUCH_LATER, Duty("a new sale", MUCH_LATER))


def test_a7_nothing_is_erased_that_nobody_asked_for() -> None:
    world = Enrolling()
    world.do("open_account", BUYER)
    with pytest.raises(NotYetError, match="nobody"):
        by(world, "staff-2", "erase_person", BUYER, LATER)


def test_a7_neither_before_nor_after_its_erasure_does_an_account_come_back() -> None:
    world = Enrolling()
    world.checked()
    by(world, "staff-1", "ask_erasure", BUYER, NOW)
    with pytest.raises(NotYetError):
        world.decide()
    by(world, "staff-2", "erase_person", BUYER, LATER)
    with pytest.raises(IllegalTransitionError, match="erased"):
        world.decide()
    world.begin("anew")
    with pytest.raises(IllegalTransitionError, match="erased"):
        world.request()
    with pytest.raises(UnverifiedError):
        require_right(world.trade, BUYER, "buy", Money(1, "CNY"))


def test_a7_an_erased_merchant_keeps_its_goods() -> None:
    """Raw keys are sealed for the merchant itself; the person's data for the account."""
    assert subjects_of(MERCHANT) == (account_of(MERCHANT),)


@pytest.fixture
def vault(database: Database, tmp_path: Path) -> Vault:
    create_master_key(tmp_path, os.urandom)
    return Vault(database, FileMasterKey(tmp_path, os.urandom))


@pytest.fixture
def on_the_log(app_url: str, vault: Vault) -> Iterator[Enrolling]:
    """Return a world on the real log, with the real vault."""
    world = Enrolling()
    environment = {
        "PERSISTENCE_MODULE": "chain.store.factory:LedgerFactory",
        "XIYOU_DATABASE_URL": app_url,
        "ORIGINATOR_ID_TYPE": "text",
    }
    with Trade(environment) as trade:
        world.trade = trade
        world.sealer = vault  # type: ignore[assignment]
        yield world


def read_field(vault: Vault, reference: dict[str, str]) -> str:
    """Return what a reader of a sealed field is shown."""
    try:
        return vault.open(bytes.fromhex(reference["sealed"])).content.decode()
    except UnknownValueError:
        return "erased"


def test_a7_after_erasure_every_proof_still_verifies_and_the_field_reads_erased(
    on_the_log: Enrolling, vault: Vault, database: Database, owner_url: str
) -> None:
    world = on_the_log
    other = Enrolling(party=identifier("usr", "somebody else"))
    other.trade, other.sealer = world.trade, world.sealer
    other.request()
    world.verified()
    claims = {
        each.data()["party"]: each.data()["claim"]
        for each in world.events()
        if each.TOPIC == "identity.requested"
    }
    assert ALICE.number in read_field(vault, claims[BUYER])
    size, root, leaves = state(database)
    proofs = [prove_inclusion(index, size, reading(leaves)) for index in range(size)]

    by(world, "staff-1", "ask_erasure", BUYER, NOW)
    by(world, "staff-2", "erase_person", BUYER, LATER)
    subjects = subjects_of(BUYER)
    listed = values_of(database, subjects)
    by(world, "staff-2", "list_erasures", "2026-11-23", [each.hex() for each in listed])
    forgotten = forget(owner_url, subjects, listed)

    assert forgotten.keys == 1
    assert forgotten.values >= 4
    assert forget(owner_url, subjects, listed) == (0, 0)
    assert read_field(vault, claims[BUYER]) == "erased"
    assert ALICE.number in read_field(vault, claims[other.party])
    later_size, later_root, later_leaves = state(database)
    assert later_size == size + 3
    assert root_of(later_leaves) == later_root
    for index, proof in enumerate(proofs):
        verify_inclusion(later_leaves[index], index, size, proof, root)
    for index, leaf in enumerate(later_leaves):
        proof = prove_inclusion(index, later_size, reading(later_leaves))
        verify_inclusion(leaf, index, later_size, proof, later_root)


def state(database: Database) -> tuple[int, TreeHash, list[LeafHash]]:
    """Return size, root and the leaf hashes of what is stored now."""
    reader = LogReader(database)
    head = reader.head()
    leaves = [leaf_hash(each.entry) for each in reader.entries(0, head.size)]
    return head.size, head.root(), leaves


def reading(leaves: Sequence[LeafHash]) -> NodeReader:
    """Return what hands out hashes of the tree over *leaves*."""

    def read(nodes: Sequence[Node], /) -> Sequence[TreeHash]:
        return [
            root_of(leaves[each.position << each.level : (each.position + 1) << each.level])
            for each in nodes
        ]

    return read
