"""Receipts: each party gets every entry that concerns it and no other, with proofs that hold."""

from collections.abc import Sequence

from api.concerning import concerning
from api.principal import Kind
from chain.tlog_proof import TlogProof, verify_proof
from tests.api.views.conftest import Readers, empty, events, market

__all__ = ["empty", "events", "market"]


def test_a_person_gets_her_orders_and_all_that_belongs_to_them(market: Readers) -> None:
    model, ledger = market.model(), market.ledger
    size = ledger.reader.size()
    buyers = sorted({one["buyer"] for one in model.orders.values()})
    for buyer in buyers[:5]:
        orders = {each for each, one in model.orders.items() if one["buyer"] == buyer}
        wanted = {index for order in orders for index, _ in model.timeline[order]}
        streams = {*orders, buyer}
        wanted |= {
            index for index, each in enumerate(market.events) if str(each.originator_id) in streams
        }
        found = concerning(ledger, buyer, 0, size)
        own = {index for index in found if not _is_account(market.events, index)}
        assert own == wanted
        middle = found[len(found) // 2]
        assert concerning(ledger, buyer, middle, size) == [i for i in found if i >= middle]


def _is_account(events: Sequence[object], index: int) -> bool:
    return str(events[index].originator_id).startswith("acc_")  # type: ignore[attr-defined]


def test_receipts_come_by_http_with_proofs_that_verify(market: Readers) -> None:
    ledger, model = market.ledger, market.model()
    order = next(iter(model.orders.values()))
    ledger.publisher.publish_once()
    for kind, party in ((Kind.CONSUMER, order["buyer"]), (Kind.MERCHANT, order["merchant"])):
        ask, since, seen = market.asker(kind, party), 0, []
        while True:
            page = ask(f"/v1/receipts?since={since}&limit=50").json
            for each in page["items"][:3]:
                proof = TlogProof.parse(each["proof"].encode())
                verify_proof(proof, ledger.policy(), each["entry"].encode())
                assert proof.index == each["index"]
            seen += [each["index"] for each in page["items"]]
            if not page["items"] or len(seen) > 150:
                break
            since = page["since"]
        assert seen == concerning(ledger, party, 0, page["size"])[: len(seen)]
        assert len(seen) > 3
    assert market.asker(Kind.AUDITOR, "staff-1")("/v1/receipts").status == 403
