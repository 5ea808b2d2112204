"""B4: listing in a category without a scope in force is refused; two persons grant one."""

import pytest

from chain.errors import MalformedError
from domain.catalogue.product import ProductCreated
from domain.errors import (
    ConflictOfInterestError,
    DocumentsMissingError,
    IllegalTransitionError,
    NotYetError,
    OutOfScopeError,
    ReasonMissingError,
    SecondPersonMissingError,
    WrongEvidenceError,
)
from domain.event import UPCASTERS, read_event
from domain.qualification.qualification import Scope
from tests.domain.given import LATER, MERCHANT, MUCH_LATER, NOW, PRODUCT, identifier, meta_of
from tests.domain.qualification.applying import (
    ANN,
    BEN,
    GOODS,
    GOODS_BADGE,
    HOUR_LATER,
    ISSUER,
    OPERATOR,
    RULE,
    SELLER,
    SOON,
    YEAR_LATER,
    Applying,
    Who,
    paper,
)


def admitted() -> Applying:
    world = Applying()
    world.admitted()
    return world


def propose(world: Applying, scope: Scope, who: Who = ANN) -> None:
    world.by(who, "propose_scope", MERCHANT, scope, world.store, "asked them", NOW)


def test_b4_goods_without_a_scope_are_not_listed() -> None:
    world = admitted()
    (key,) = world.brought()
    world.ask(key)
    with pytest.raises(OutOfScopeError, match="no scope in force for game_card"):
        world.do("list_key", key, NOW)
    assert world.granted() == ["qualification.scope_granted", "certificate.issued"]
    assert world.do("list_key", key, NOW) == ["key.listed"]


def test_b4_a_scope_for_one_category_is_none_for_another() -> None:
    world = admitted()
    world.granted()
    (key,) = world.brought(category="software")
    world.ask(key)
    with pytest.raises(OutOfScopeError, match="software"):
        world.do("list_key", key, NOW)


def test_b4_goods_without_a_category_are_covered_by_no_scope() -> None:
    world = admitted()
    world.granted()
    (key,) = world.brought(category=None)
    world.ask(key)
    with pytest.raises(OutOfScopeError, match="no category"):
        world.do("list_key", key, NOW)


def test_b4_a_scope_ends_at_its_end_even_if_nobody_records_it() -> None:
    world = admitted()
    world.granted(LATER)
    (key,) = world.brought()
    world.ask(key, LATER)
    with pytest.raises(OutOfScopeError):
        world.do("list_key", key, LATER)
    assert world.do("list_key", key, "2026-11-23T09:59:59Z") == ["key.listed"]
    world.ask(key, MUCH_LATER)
    with pytest.raises(OutOfScopeError):
        world.place(key, at=MUCH_LATER)


def test_b4_one_person_grants_nothing() -> None:
    world = admitted()
    with pytest.raises(SecondPersonMissingError):
        world.grant()
    propose(world, world.scope())
    with pytest.raises(ConflictOfInterestError):
        world.grant(who=ANN)
    assert world.grant(who=BEN)[0] == "qualification.scope_granted"


@pytest.mark.parametrize("who", [SELLER, RULE, ("arb-01", "arbitrator")])
def test_b4_nobody_but_staff_grants(who: Who) -> None:
    world = admitted()
    with pytest.raises(ConflictOfInterestError):
        propose(world, world.scope(), who)
    propose(world, world.scope())
    with pytest.raises(ConflictOfInterestError):
        world.grant(who=who)


@pytest.mark.parametrize(
    "other",
    [
        Scope(GOODS, SOON, "operator-2"),
        Scope(GOODS, MUCH_LATER, OPERATOR),
        Scope(GOODS, SOON, OPERATOR, (paper("authorisation_letter", GOODS, text="another"),)),
    ],
    ids=["operator", "end", "documents"],
)
def test_b4_the_second_grants_what_the_first_has_voted_for_and_nothing_else(other: Scope) -> None:
    world = admitted()
    propose(world, world.scope())
    with pytest.raises(WrongEvidenceError):
        world.grant(other)


def test_b4_the_operator_is_named_where_there_is_one_and_nowhere_else() -> None:
    world = admitted()
    nameless = Scope(GOODS, SOON)
    propose(world, nameless)
    with pytest.raises(OutOfScopeError, match="name the operator"):
        world.grant(nameless)
    own = Scope("package_card", SOON, OPERATOR, (paper("source_proof", "package_card"),))
    propose(world, own)
    with pytest.raises(OutOfScopeError, match="do not name"):
        world.grant(own)


def test_b4_a_scope_asks_for_the_category_s_documents_which_may_come_later() -> None:
    world = admitted()
    bare = Scope("software", SOON, OPERATOR)
    propose(world, bare)
    with pytest.raises(DocumentsMissingError) as caught:
        world.grant(bare)
    assert caught.value.missing == ("software: authorisation_letter", "software: source_proof")
    letter = paper("authorisation_letter", "software", LATER)
    full = Scope("software", SOON, OPERATOR, (letter, paper("source_proof", "software")))
    propose(world, full)
    assert world.grant(full)[0] == "qualification.scope_granted"
    granted = world.last("qualification.scope_granted")
    assert [each["kind"] for each in granted["documents"]] == [
        "authorisation_letter",
        "source_proof",
    ]
    assert granted["valid_until"] == LATER, "no scope outlives the letter that it rests on"


def test_b4_no_scope_outlives_the_approval() -> None:
    world = admitted()
    world.granted("2030-01-01T00:00:00Z")
    assert world.last("qualification.scope_granted")["valid_until"] == YEAR_LATER


def test_b4_a_scope_that_would_be_over_is_not_granted() -> None:
    world = admitted()
    over = world.scope(NOW)
    propose(world, over)
    with pytest.raises(OutOfScopeError, match="over already"):
        world.grant(over)


def test_b4_a_scope_in_force_is_not_granted_twice() -> None:
    world = admitted()
    world.granted()
    propose(world, world.scope(MUCH_LATER))
    with pytest.raises(OutOfScopeError, match="in force"):
        world.grant(world.scope(MUCH_LATER))


def test_b4_a_scope_that_is_over_can_be_granted_anew_and_its_badge_goes() -> None:
    world = admitted()
    world.granted(HOUR_LATER)
    new = identifier("cer", "new goods")
    scope = world.scope(SOON)
    propose(world, scope)
    topics = world.by(BEN, "grant_scope", MERCHANT, scope, world.store, new, ISSUER, HOUR_LATER)
    assert topics == [
        "qualification.scope_granted",
        "certificate.revoked",
        "certificate.issued",
    ]
    assert world.qualification.certificates[GOODS] == new


def test_b4_two_persons_end_a_scope_and_its_badge_with_it() -> None:
    world = admitted()
    world.granted()
    with pytest.raises(SecondPersonMissingError):
        world.by(BEN, "end_scope", MERCHANT, GOODS, "withdrawn", NOW)
    world.by(ANN, "propose_scope_end", MERCHANT, GOODS, "withdrawn", NOW)
    with pytest.raises(ConflictOfInterestError):
        world.by(ANN, "end_scope", MERCHANT, GOODS, "withdrawn", NOW)
    with pytest.raises(ReasonMissingError):
        world.by(BEN, "end_scope", MERCHANT, GOODS, "", NOW)
    topics = world.by(BEN, "end_scope", MERCHANT, GOODS, "withdrawn", NOW)
    assert topics == ["qualification.scope_ended", "certificate.revoked"]
    assert world.last("qualification.scope_ended")["proposed_by"] == ANN[0]


def test_b4_the_timer_ends_a_scope_at_its_end_and_not_before() -> None:
    world = admitted()
    world.granted(LATER)
    with pytest.raises(NotYetError):
        world.by(RULE, "end_scope", MERCHANT, GOODS, "over", HOUR_LATER)
    topics = world.by(RULE, "end_scope", MERCHANT, GOODS, "over", LATER)
    assert topics == ["qualification.scope_ended", "certificate.revoked"]
    assert "proposed_by" not in world.last("qualification.scope_ended")


def test_b4_what_is_not_there_does_not_end() -> None:
    world = admitted()
    with pytest.raises(IllegalTransitionError):
        world.by(ANN, "propose_scope_end", MERCHANT, GOODS, "x", NOW)
    with pytest.raises(OutOfScopeError):
        world.by(RULE, "end_scope", MERCHANT, GOODS, "x", NOW)


def test_b4_nobody_has_a_scope_who_is_not_approved() -> None:
    world = Applying()
    world.submit()
    with pytest.raises(IllegalTransitionError):
        propose(world, world.scope())


def test_b4_the_goods_badge_names_category_and_operator() -> None:
    world = admitted()
    world.granted()
    issued = world.last("certificate.issued")
    assert (issued["kind"], issued["category"], issued["operator"]) == ("goods", GOODS, OPERATOR)
    assert issued["valid_until"] == SOON
    assert GOODS_BADGE in world.qualification.certificates.values()


def test_b4_an_unknown_category_is_no_product_s() -> None:
    world = Applying()
    with pytest.raises(MalformedError, match="game_card"):
        world.do("create_product", PRODUCT, MERCHANT, "SKU", None, "weapons")


def test_b4_a_product_from_before_there_were_categories_is_read_without_one() -> None:
    body = ProductCreated(PRODUCT, 1, meta_of("cmd/0"), MERCHANT, "SKU-1", "title").body()
    old = body.replace(b'"schema":2', b'"schema":1')
    assert old != body
    read = read_event(PRODUCT, 1, "product.created", old)
    assert isinstance(read, ProductCreated)
    assert (read.code, read.category) == ("SKU-1", None)
    assert ("product.created", 1) in UPCASTERS
