"""T8: whoever reads of others is told to them; what is not one's own leaves no trace of itself."""

import pytest
from hypothesis import given, strategies

from api.access.masking import BUYERS_ALONE, OWNERS_ALONE, SEEN, show
from api.access.matrix import ROWS, Cell, Operation, default_scopes
from api.access.parties import dispute_parties, key_parties, order_parties
from api.access.reach import Granted
from api.access.refusal import HIDDEN
from api.commands import new_id
from api.principal import Kind, Principal
from domain.errors import NotFoundError, StepUpNeededError
from tests.api.access.world import MINE, THEIRS, World
from tests.api.asking import Reply

READ = Operation("order", read_event=True, resource="order", topic="order")


def granted(
    world: World, kind: Kind, subject: str, *, scopes: frozenset[str] = frozenset()
) -> Granted:
    client = world.clients["platform_client"][0]
    who = Principal(kind, subject, client, default_scopes(kind) | scopes)
    return Granted(who, "orders_read", READ, world.gate.books)


def test_t08_a_read_is_an_event_and_its_subjects_see_it(world: World) -> None:
    [order, _], size = world.orders, world.ledger.reader.size()
    for kind, subject in ((Kind.AUDITOR, "staff-1"), (Kind.ARBITRATOR, "staff-2")):
        asked = granted(world, kind, subject)
        asked.object(order, order_parties(world.ledger.trade, order), purpose="audit 2026")
    entries = list(world.ledger.reader.entries(size, world.ledger.reader.size()))
    assert [each.type for each in entries] == ["client.usage_recorded"] * 2
    for kind in (Kind.CONSUMER, Kind.MERCHANT):
        told = world.ask(kind, "GET", "/v1/readings").get("/v1/readings").json["items"]
        assert [each["reader"] for each in told] == ["staff-1", "staff-2"]
        assert {each["object"] for each in told} == {order}
        assert {each["purpose"] for each in told} == {"audit 2026"}
    path = f"/v1/readings?subject={THEIRS}"
    assert world.ask(Kind.AUDITOR, "GET", path).get(path).json["items"] == []


@pytest.mark.parametrize(
    ("kind", "subject"),
    [
        (Kind.CONSUMER, THEIRS),
        (Kind.MERCHANT, "M-FOX"),
        (Kind.PLATFORM_CLIENT, "cli"),
        (Kind.ARBITRATOR, "staff-6"),
        (Kind.ARBITRATOR, MINE),
        (Kind.REGULATOR, "staff-3"),
    ],
)
def test_what_is_another_s_is_as_if_it_were_not_there(
    world: World, kind: Kind, subject: str
) -> None:
    size = world.ledger.reader.size()
    for order in (world.orders[0], new_id("ord")):
        with pytest.raises(NotFoundError) as refused:
            granted(world, kind, subject).object(order, order_parties(world.ledger.trade, order))
        assert str(refused.value) == HIDDEN
    assert world.ledger.reader.size() == size


def test_a_regulator_reads_what_its_topics_name(world: World) -> None:
    order = world.orders[0]
    asked = granted(world, Kind.REGULATOR, "staff-3", scopes=frozenset({"topic:order"}))
    assert asked.object(order, order_parties(world.ledger.trade, order)).buyer == MINE


def test_an_arbitrator_is_bound_to_the_case_and_the_key_s_parties_are_found(world: World) -> None:
    mine, theirs = world.disputes
    asked = granted(world, Kind.ARBITRATOR, "staff-2")
    asked.object(mine, dispute_parties(world.ledger.trade, mine))
    with pytest.raises(NotFoundError):
        asked.object(theirs, dispute_parties(world.ledger.trade, theirs))
    with pytest.raises(NotFoundError):
        key_parties(world.ledger.trade, new_id("key"))()


def test_a_step_up_is_asked_for(world: World) -> None:
    with pytest.raises(StepUpNeededError):
        granted(world, Kind.CONSUMER, MINE).check_stepped_up()


MEMBERS = sorted(
    {name for each in (SEEN, OWNERS_ALONE, BUYERS_ALONE) for s in each.values() for name in s}
)


@given(
    strategies.sampled_from(sorted(SEEN)),
    strategies.sampled_from(Kind),
    strategies.dictionaries(
        strategies.sampled_from([*MEMBERS, "phone", "name", "salt"]),
        strategies.just({"sealed": "ab" * 32, "value": "canary", "salt": "canary"}),
    ),
)
def test_t08_no_kind_sees_a_member_outside_its_list(
    resource: str, kind: Kind, body: dict[str, object]
) -> None:
    cell = ROWS["order"].cell(kind)
    seen = show(resource, kind, cell, body)
    assert "canary" not in str(seen)
    allowed = SEEN[resource]
    if cell in (Cell.OWN, Cell.OWN_MASKED):
        allowed |= OWNERS_ALONE.get(resource, frozenset())
    if kind is Kind.CONSUMER:
        allowed |= BUYERS_ALONE.get(resource, frozenset())
    assert seen.keys() <= allowed
    if kind is not Kind.CONSUMER:
        assert not {"raw_key", "code"} & seen.keys()


def test_a_merchant_sees_a_masked_buyer() -> None:
    seen = show("order", Kind.MERCHANT, Cell.OWN_MASKED, {"buyer": MINE, "device": "x"})
    assert seen == {"buyer": f"usr_…{MINE[-4:]}"}
    with pytest.raises(LookupError):
        show("another", Kind.MERCHANT, Cell.OWN, {})


def test_a_platform_client_lists_by_its_end_users_and_by_nobody_else(world: World) -> None:
    def ask(path: str) -> Reply:
        return world.ask(Kind.PLATFORM_CLIENT, "GET", path).get(path)

    unnamed = ask("/v1/orders")
    assert (unnamed.status, unnamed.json["errors"][0]["pointer"]) == (422, "#query/buyer")
    found = ask(f"/v1/orders?buyer={world.end_user}").json["items"]
    assert [(each["order"], each["buyer"]) for each in found] == [
        (world.views["order"][2], world.end_user)
    ]
    assert ask(f"/v1/orders?buyer={world.end_user}&buyer={THEIRS}").status == 404


def test_what_is_read_over_views_answers_and_masks_by_kind(world: World) -> None:
    path = f"/v1/orders/{world.views['order'][0]}"
    shown = {
        kind: world.ask(kind, "GET", path).get(path).json
        for kind in (Kind.CONSUMER, Kind.MERCHANT, Kind.AUDITOR, Kind.ARBITRATOR, Kind.OPERATOR)
    }
    assert shown[Kind.CONSUMER]["buyer"] == MINE
    assert shown[Kind.MERCHANT]["buyer"] == f"usr_…{MINE[-4:]}"
    assert MINE not in str(shown[Kind.MERCHANT])
    for kind in (Kind.AUDITOR, Kind.ARBITRATOR, Kind.OPERATOR):
        assert shown[kind] == shown[Kind.AUDITOR] | {"size": shown[kind]["size"]}
