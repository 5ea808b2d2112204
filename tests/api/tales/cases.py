"""Tales of contested orders: disputes and their ends, opened values, replay, packages."""

from typing import Any

from api.commands import new_id, this_moment
from api.principal import Kind
from projections.store.runner import Runner, catch_up
from tests.api.asking import Client
from tests.api.tales.stage import BYTES, WHY, Stage

ARBITRATOR, OTHER = "staff-2", "staff-5"
NOTICE = {"outcome": "refund", "reason": "reason code 10.4"}


def disputes(stage: Stage) -> None:
    """Disputes that end in each way that there is."""
    _ruled_and_carried_out(stage)
    buyer, merchant = stage.market.buyer.client, stage.market.merchant.client
    dispute, _ = _opened(stage)
    piece = {"field": "statement", "text": "it was used before"}
    stage.tell("disputes_add_evidence", buyer, f"/v1/disputes/{dispute}/evidence", piece)
    stage.tell("disputes_withdraw", buyer, f"/v1/disputes/{dispute}/withdrawal")
    dispute, _ = _opened(stage)
    stage.tell("disputes_concede", merchant, f"/v1/disputes/{dispute}/concession")
    charged = _charged_back(stage)
    path = f"/v1/disputes/{charged}/bank_result"
    stage.tell("disputes_enter_bank_result", stage.staff(), path, NOTICE)


def _ruled_and_carried_out(stage: Stage) -> None:
    """Have two arbitrators rule: the first is appealed, the second accepted and carried out."""
    staff, buyer = stage.staff(), stage.market.buyer.client
    dispute, order = _opened(stage)
    path = f"/v1/disputes/{dispute}"
    _gathered(stage, dispute)
    stage.tell("disputes_assign", staff, f"{path}/assignment", {"arbitrator": ARBITRATOR, **WHY})
    said = {"key_effect": "unchanged", "relied_on": [f"{order}/1"], **WHY}
    first = stage.being(Kind.ARBITRATOR, ARBITRATOR)
    stage.tell("disputes_rule", first, f"{path}/ruling", {"outcome": "rejected", **said})
    stage.tell("disputes_appeal", buyer, f"{path}/appeal", {"reason": "The listing said more."})
    stage.tell("disputes_assign", staff, f"{path}/assignment", {"arbitrator": OTHER, **WHY})
    second = stage.being(Kind.ARBITRATOR, OTHER)
    part = {"outcome": "partial_refund", "amount": 700, **said}
    stage.tell("disputes_rule", second, f"{path}/ruling", part)
    stage.tell("disputes_accept", stage.market.merchant.client, f"{path}/acceptance")
    stage.tell("disputes_execute", staff, f"{path}/execution")


def openings(stage: Stage) -> None:
    """A sealed text that two persons open."""
    dispute, order = _opened(stage)
    staff, first = stage.staff(), stage.being(Kind.ARBITRATOR, ARBITRATOR)
    piece = {"field": "statement", "text": "it was used before"}
    added = stage.market.buyer.do(f"/v1/disputes/{dispute}/evidence", piece)
    entry = stage.market.ledger.reader.entry(added["index"]).entry
    digest = entry.split(b'"text":{"sealed":"')[1][:64].decode()
    _gathered(stage, dispute)
    assigned = {"arbitrator": ARBITRATOR, **WHY}
    stage.tell("disputes_assign", staff, f"/v1/disputes/{dispute}/assignment", assigned)
    body = {"dispute": dispute, "value": digest, "purpose": "to rule"}
    opening = stage.tell("openings_request", first, "/v1/openings", body)["opening"]
    wanted = {"object": order, "purpose": "court order (2026) 1234"}
    stage.tell("evidence_request", staff, "/v1/evidence/requests", wanted)
    stage.tell("openings_list", staff, "/v1/openings")
    stage.tell("openings_approve", staff, f"/v1/openings/{opening}/approval")
    stage.tell("openings_value", first, f"/v1/openings/{opening}/value")


def replays(stage: Stage) -> None:
    """How a case stood."""
    ledger, (dispute, order) = stage.market.ledger, _opened(stage)
    ledger.publisher.publish_once()
    runner = Runner(ledger.database)
    catch_up(runner)
    runner.close()
    # A read of it is an entry, and this names the size before: the views need not go on.
    size = ledger.reader.size()
    auditor = stage.being(Kind.AUDITOR, "staff-1")
    stage.tell("orders_replay", auditor, f"/v1/orders/{order}/replay?size={size}")
    stage.tell("disputes_replay", auditor, f"/v1/disputes/{dispute}/replay?size={size}")
    # Some of those who read have said what for.
    stage.tell("readings_list", stage.market.buyer.client, "/v1/readings")


def packages(stage: Stage) -> None:
    """Packages of evidence, and what is found when they are checked."""
    market = stage.market
    order, buyer = market.delivered(), market.buyer.client
    body = {"order": order, "certificate": False}
    made = stage.tell("evidence_export", buyer, "/v1/evidence", body)
    package = buyer.get(str(made["url"])).body
    nobody = market.client.bearing(Content_Type=BYTES)
    proof = market.ledger.prover.prove(made["index"])
    for each in (proof, package, package[:-1] + b"x"):
        stage.tell("evidence_verify", nobody, "/v1/evidence/verifications", each)
    document = b"A business licence, as the scanner gave it."
    at = "/v1/documents?merchant=M-LAN"
    stage.tell("documents_send", _sending(market.merchant.client), at, document)


def _sending(who: Client) -> Client:
    """Return the same, who sends bytes."""
    return who.bearing(**who.sign(None), Content_Type=BYTES)


def _opened(stage: Stage) -> tuple[str, str]:
    """Return a dispute over a delivered order, and the order."""
    order = stage.market.delivered()
    body = {"order": order, "fault": "used_before"}
    told = stage.tell("disputes_open", stage.market.buyer.client, "/v1/disputes", body)
    return str(told["dispute"]), order


def _gathered(stage: Stage, dispute: str) -> None:
    """Fix the facts, as the platform's policy does."""
    command = stage.world.command("platform", "platform")
    stage.market.ledger.trade.gather_evidence(command, dispute)


def _charged_back(stage: Stage) -> str:
    """Return a dispute that a payment channel has opened, in somebody's hands."""
    trade, dispute = stage.market.ledger.trade, new_id("dsp")
    command: Any = stage.world.command("paylink/main", "channel")
    trade.open_dispute(command, dispute, stage.market.delivered(), "channel")
    _gathered(stage, dispute)
    platform: Any = stage.world.command("platform", "platform")
    trade.decide_dispute(platform, dispute, this_moment(), [ARBITRATOR])
    return dispute


TALES = (disputes, openings, replays, packages)
