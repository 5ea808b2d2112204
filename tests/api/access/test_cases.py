"""Cases over HTTP from end to end: disputes, evidence, an opened value, replay."""

from secrets import token_hex
from typing import Any

from api.commands import this_moment
from api.principal import Kind
from chain.evidence.archive import read_archive
from chain.tlog_proof import TlogProof
from domain.clients.administration import Usage
from projections.store.runner import Runner, catch_up
from tests.api.access.cased import case, order
from tests.api.access.world import World
from tests.api.asking import Reply


def post(world: World, kind: Kind, path: str, body: object) -> Reply:
    return world.ask(kind, "POST", path).post(path, body, token_hex(12))


def get(world: World, kind: Kind, path: str) -> Reply:
    return world.ask(kind, "GET", path).get(path)


def dispute_of(world: World) -> str:
    found: str = case(world, Kind.CONSUMER, "own")["dispute"]
    return found


def test_a_party_brings_evidence_and_only_the_cases_arbitrator_rules(world: World) -> None:
    dispute = dispute_of(world)
    path = f"/v1/disputes/{dispute}"
    wrong = post(world, Kind.MERCHANT, f"{path}/withdrawal", {})
    assert (wrong.status, wrong.json["code"]) == (422, "wrong_party")
    ruling = {
        "outcome": "rejected",
        "key_effect": "unchanged",
        "reason": "delivered",
        "relied_on": [f"{order(world, Kind.CONSUMER, 'own')['order']}/1"],
    }
    assert post(world, Kind.OPERATOR, f"{path}/ruling", ruling).status == 403
    ruled = post(world, Kind.ARBITRATOR, f"{path}/ruling", ruling)
    assert ruled.status == 201, ruled.body
    assert ruled.json["outcome"] == "rejected"
    assert ruled.json["index"] < world.ledger.reader.size()
    appealed = post(world, Kind.CONSUMER, f"{path}/appeal", {"reason": "it was used"})
    assert appealed.status == 201, appealed.body
    again = post(
        world, Kind.OPERATOR, f"{path}/assignment", {"arbitrator": "staff-2", "reason": "appeal"}
    )
    assert again.status == 409
    other = {"arbitrator": "staff-5", "reason": "appeal"}
    assert post(world, Kind.OPERATOR, f"{path}/assignment", other).status == 201
    # It is another's case now.
    assert post(world, Kind.ARBITRATOR, f"{path}/ruling", ruling).status == 404


def test_a_package_is_made_listed_read_and_checked(world: World) -> None:
    bought = order(world, Kind.CONSUMER, "own")["order"]
    key, path = token_hex(12), "/v1/evidence"
    body = {"order": bought, "certificate": False}
    made = world.ask(Kind.CONSUMER, "POST", path).post(path, body, key)
    assert made.status == 201, made.body
    assert world.ask(Kind.CONSUMER, "POST", path).post(path, body, key).json == made.json
    listed = get(world, Kind.CONSUMER, f"/v1/evidence?order={bought}").json["items"]
    assert [each["number"] for each in listed] == [made.json["number"]]
    package = get(world, Kind.CONSUMER, made.json["url"])
    assert package.headers["content-type"] == "application/zip"
    assert "bundle.json" in read_archive(package.body)
    report = _verify(world, package.body)
    assert report["colour"] != "red"
    assert {each["claim"]: each["verdict"] for each in report["claims"]}["issued"] == "verified"
    assert _verify(world, package.body[:-1] + b"x")["colour"] == "red"
    proof = world.ledger.prover.prove(made.json["index"])
    assert _verify(world, proof)["verdict"] == "verified"
    parsed = TlogProof.parse(proof)
    other = world.ledger.reader.entry(0).entry
    forged = TlogProof(parsed.index, parsed.hashes, parsed.checkpoint, other).to_bytes()
    assert _verify(world, forged)["verdict"] == "failed"
    malformed = world.client.bearing().post("/v1/evidence/verifications", b"nonsense")
    assert malformed.status == 400


def test_staff_export_with_a_second_persons_word_alone(world: World) -> None:
    bought = order(world, Kind.CONSUMER, "own")["order"]
    body: dict[str, Any] = {"order": bought, "certificate": False}
    assert post(world, Kind.OPERATOR, "/v1/evidence", body).json["code"] == "second_person_missing"
    asked_for = post(
        world, Kind.OPERATOR, "/v1/evidence/requests", {"object": bought, "purpose": "court 1"}
    )
    opening = asked_for.json["opening"]
    waiting = get(world, Kind.OPERATOR, "/v1/openings").json["items"]
    assert opening in [each["opening"] for each in waiting]
    body["opening"] = opening
    assert post(world, Kind.OPERATOR, "/v1/evidence", body).status == 409
    _approve(world, opening)
    assert post(world, Kind.OPERATOR, "/v1/evidence", body).status == 201
    waiting = get(world, Kind.OPERATOR, "/v1/openings").json["items"]
    assert opening not in [each["opening"] for each in waiting]


def test_an_opened_value_is_shown_once_to_whoever_asked(world: World) -> None:
    dispute, digest = _sealed_text(world)
    asked_for = post(
        world, Kind.ARBITRATOR, "/v1/openings",
        {"dispute": dispute, "value": digest, "purpose": "to rule"},
    )  # fmt: skip
    path = f"/v1/openings/{asked_for.json['opening']}/value"
    assert get(world, Kind.ARBITRATOR, path).status == 409
    _approve(world, asked_for.json["opening"])
    shown = get(world, Kind.ARBITRATOR, path)
    assert (shown.status, shown.json["value"]) == (200, "it was used before")
    assert get(world, Kind.ARBITRATOR, path).json["code"] == "state_conflict"
    readings = get(world, Kind.CONSUMER, "/v1/readings").json["items"]
    assert "openings_value" in [each["operation"] for each in readings]


def test_a_card_secret_is_opened_for_nobody(world: World) -> None:
    dispute = dispute_of(world)
    entry = world.ledger.reader.entry(_index_of_key(world)).entry
    digest = entry.split(b'"raw_key":{"sealed":"')[1][:64].decode()
    asked_for = post(
        world, Kind.ARBITRATOR, "/v1/openings",
        {"dispute": dispute, "value": digest, "purpose": "to rule"},
    )  # fmt: skip
    _approve(world, asked_for.json["opening"])
    path = f"/v1/openings/{asked_for.json['opening']}/value"
    refused = get(world, Kind.ARBITRATOR, path)
    assert refused.status == 404


def test_a_case_is_replayed_at_a_size_with_proofs(world: World) -> None:
    dispute = dispute_of(world)
    world.ledger.publisher.publish_once()
    runner = Runner(world.ledger.database)
    catch_up(runner)
    runner.close()
    size = world.ledger.prover.checkpoint()[0].size
    replayed = get(world, Kind.ARBITRATOR, f"/v1/disputes/{dispute}/replay?size={size}")
    assert replayed.status == 200, replayed.body
    first = replayed.json["parts"][0]
    assert (first["stream"], first["state"]["state"]) == (dispute, "assigned")
    assert [each["type"] for each in first["steps"]] == [
        *("dispute.opened", "evidence.gathered", "dispute.assigned")
    ]
    assert all(each["proof"] for each in first["steps"])
    early = first["steps"][0]["index"] + 1
    then = get(world, Kind.AUDITOR, f"/v1/disputes/{dispute}/replay?size={early}")
    assert then.json["parts"][0]["state"]["state"] == "opened"
    assert get(world, Kind.AUDITOR, f"/v1/disputes/{dispute}/replay?size={early - 1}").status == 404
    both = f"/v1/disputes/{dispute}/replay?size=1&at=2026-01-01T00:00:00Z"
    assert get(world, Kind.AUDITOR, both).status == 400


def _verify(world: World, data: bytes) -> dict[str, Any]:
    reply = world.client.bearing(Content_Type="application/octet-stream").post(
        "/v1/evidence/verifications", data
    )
    assert reply.status == 200, reply.body
    return reply.json


def _approve(world: World, opening: str) -> None:
    """Approve it as another operator than the one whom tests ask as."""
    usage = Usage("operator", "openings_approve", opening, ())
    world.ledger.trade.approve_opening(world.command("staff-5"), opening, usage, this_moment())


def _sealed_text(world: World) -> tuple[str, str]:
    """Return a dispute in which its buyer has written, and the digest of the text."""
    dispute = dispute_of(world)
    piece = {"field": "statement", "text": "it was used before"}
    added = post(world, Kind.CONSUMER, f"/v1/disputes/{dispute}/evidence", piece)
    assert added.status == 201, added.body
    assert b"used before" not in added.body
    entry = world.ledger.reader.entry(added.json["index"]).entry
    return dispute, entry.split(b'"text":{"sealed":"')[1][:64].decode()


def _index_of_key(world: World) -> int:
    [first, *_] = world.ledger.trade.recorder.select_notifications(1, 1_000, topics=["key.sealed"])
    return first.id - 1
