"""What takes two persons: asked for by one, approved by another, recorded, and it ends."""

import pytest

from api.access.matrix import Operation
from api.access.parties import order_parties
from api.access.reach import Granted
from api.commands import new_id, this_moment
from api.principal import Kind, Principal
from domain.clients.administration import Credential, Registration, Usage
from domain.clients.opening import Opening
from domain.errors import SecondPersonMissingError, WindowOverError
from tests.api.access.world import World, make_client

FOR_EVIDENCE = Operation("evidence", read_event=True)


def test_a_case_s_value_is_asked_for_over_http_and_approved_by_an_operator(world: World) -> None:
    body = {"dispute": world.disputes[0], "value": "ab" * 32, "purpose": "court order (2026) 1"}
    asked = world.ask(Kind.ARBITRATOR, "POST", "/v1/openings")
    reply = asked.post("/v1/openings", body, "k" * 16)
    assert reply.status == 201
    assert asked.post("/v1/openings", body, "k" * 16).json == reply.json
    path = f"/v1/openings/{reply.json['opening']}/approval"
    assert asked.post(path, {}, "a" * 16).status == 403
    approved = world.ask(Kind.OPERATOR, "POST", path).post(path, {}, "a" * 16)
    assert approved.status == 201
    found = world.ledger.trade.load(Opening, reply.json["opening"])
    assert (found.state, found.requester, found.approver) == ("approved", "staff-2", "staff-4")
    assert world.ask(Kind.OPERATOR, "POST", path).post(path, {}, "b" * 16).status == 409


def request(world: World, actor: str, until: str) -> str:
    made, usage = new_id("opn"), Usage("operator", "evidence", world.orders[0], (), until=until)
    world.ledger.trade.request_opening(world.command(actor), made, usage)
    return made


def approve(world: World, actor: str, opening: str, now: str | None = None) -> None:
    usage = Usage("operator", "openings_approve", opening, ())
    now = now or this_moment()
    world.ledger.trade.approve_opening(world.command(actor), opening, usage, now)


def test_whoever_asks_does_not_approve_and_an_approval_is_of_one_thing(world: World) -> None:
    until, order = this_moment(3_600), world.orders[0]
    opening = request(world, "staff-4", until)
    who = Principal(Kind.OPERATOR, "staff-4")
    asked = Granted(who, "evidence_export", FOR_EVIDENCE, world.gate.books)
    find = order_parties(world.ledger.trade, order)
    for named in (None, opening, "opn_x", new_id("opn")):
        with pytest.raises(SecondPersonMissingError):
            asked.object(order, find, opening=named)
    with pytest.raises(SecondPersonMissingError):
        approve(world, "staff-4", opening)
    approve(world, "staff-5", opening)
    asked.object(order, find, opening=opening)
    other = world.orders[1]
    with pytest.raises(SecondPersonMissingError):
        asked.object(other, order_parties(world.ledger.trade, other), opening=opening)


def test_a_request_ends(world: World) -> None:
    opening = request(world, "staff-4", this_moment(-1))
    with pytest.raises(WindowOverError):
        approve(world, "staff-5", opening)
    opening = request(world, "staff-4", this_moment(1))
    approve(world, "staff-5", opening, "2026-01-01T00:00:00Z")
    with pytest.raises(WindowOverError):
        world.ledger.trade.load(Opening, opening).check_good(
            "staff-4", world.orders[0], this_moment(2)
        )


@pytest.mark.parametrize("approver", [None, "staff-8"])
def test_a_client_that_sees_others_affairs_takes_two_persons(
    world: World, approver: str | None
) -> None:
    registration = Registration("r", "regulator", "staff-3", (), approver)
    credential = Credential("k" * 43, "private_key_jwt", "{}")
    command = world.command("staff-8")
    with pytest.raises(SecondPersonMissingError):
        world.ledger.trade.register_client(command, new_id("cli"), registration, credential)
    assert make_client(world.ledger, "regulator", "staff-3")
