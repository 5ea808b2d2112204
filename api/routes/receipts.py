"""Receipts: what a party keeps of its own, each entry with its tlog-proof (``evidence.md``, 6).

They are what later shows that an event was left out. ``tests/api/test_concerning.py``.
"""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query

from api.access.asking import Asked
from api.bootstrap import Deployment
from api.concerning import concerning
from api.feeding import owner_of
from api.numbers import SPELT
from chain.canonical import MAX_INTEGER
from chain.store.files import MissingFileError

MOST: Final = 50
"""Receipts of one answer: each has a proof of some kilobytes."""
Since = Annotated[int, Query(ge=0, le=MAX_INTEGER, description="Leaf index to begin at."), SPELT]
Limit = Annotated[int, Query(ge=1, le=MOST, description="Receipts, at most."), SPELT]
EXAMPLE: Final = {
    "party": "M-LAN",
    "items": [{"index": 17, "entry": "xiyou-entry/1\n…", "proof": "c2sp.org/tlog-proof@v1\n…"}],
    "since": 18,
    "size": 4_711,
}


def receipt_routes(ledger: Deployment) -> APIRouter:
    """Return the route of receipts."""
    router = APIRouter(prefix="/v1", tags=["log"])

    @router.get(
        "/receipts",
        operation_id="receipts_list",
        responses={200: {"content": {"application/json": {"example": EXAMPLE}}}},
    )
    def receipts(asked: Asked, since: Since = 0, limit: Limit = MOST) -> dict[str, Any]:
        """Return your own receipts, the oldest first; go on with `since` of the answer.

        `entry` is the exact text of the entry and `proof` its tlog-proof against the published
        checkpoint, of `size` entries. What is not published yet is not among them.
        """
        party = owner_of(asked.principal)
        try:
            size = ledger.prover.checkpoint()[0].size
        except MissingFileError:
            return {"party": party, "items": [], "since": since, "size": 0}
        found = concerning(ledger, party, since, size)[:limit]
        items = [_receipt(ledger, index, size) for index in found]
        following = found[-1] + 1 if len(found) == limit else max(since, size)
        return {"party": party, "items": items, "since": following, "size": size}

    return router


def _receipt(ledger: Deployment, index: int, size: int) -> dict[str, Any]:
    proof = ledger.prover.prove(index, size, with_entry=False)
    entry = ledger.prover.entry(index, size)
    return {"index": index, "entry": entry.decode(), "proof": proof.decode()}
