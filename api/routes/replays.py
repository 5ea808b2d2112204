"""Replay: how an order, key, merchant or dispute stood at any tree size or time (F7).

Each answer is pinned to a tree size: the same size gives the same answer for ever, but for
the proofs, which are under the newest checkpoint that is published. Sealed values stay
closed, and every replay is a read that those whom it concerns can see.
``tests/api/access/test_cases.py``.
"""

from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field

from api.access.asking import Asked
from api.access.parties import Find, dispute_parties, key_parties, merchant_parties, order_parties
from api.bootstrap import Deployment
from api.exporting.published import hashes_of
from api.ids import DisputeId, KeyId, OrderId
from api.lists import WAIT, Views
from api.numbers import SPELT
from api.stating import Merchant
from chain.canonical import MAX_INTEGER
from chain.errors import MalformedError
from chain.store.files import MissingFileError
from projections.case_replay import ReplayedCase
from projections.replay import Replayed, Step
from projections.store.histories import HistoryReader

Size = Annotated[
    int | None,
    Query(ge=0, le=MAX_INTEGER, description="Entries of the log; default: all of them."),
    SPELT,
]
At = Annotated[
    str | None,
    Query(
        pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$",
        description="Instead of a size: what the log had taken by then, UTC.",
        examples=["2026-11-22T10:00:00Z"],
    ),
]


def pinned(request: Request, size: Size = None, at: At = None) -> int:
    """Return the tree size that is asked for; the log's own comes with a wait for the view.

    It is the size before this read is recorded: what is asked for never runs away from the
    view, which reads on while we wait.
    """
    if size is not None and at is not None:
        raise MalformedError("size, at: give one of them")
    ledger: Deployment = request.app.state.ledger
    if at is not None:
        return HistoryReader(ledger.database).size_at(at)
    if size is None:
        size = ledger.reader.size()
        views: Views = request.app.state.views
        views.wait_for("timeline", size - 1, WAIT)
    return size


Pin = Annotated[int, Depends(pinned)]


class ShownChange(BaseModel):
    """What an event changed; None stands for what was not there."""

    before: Any
    after: Any


class ShownStep(BaseModel):
    """An event of a thing's history."""

    index: int
    version: int
    type: str
    at: str
    actor: str
    role: str
    changes: dict[str, ShownChange]
    proof: list[str] | None = Field(description="Hashes in base64; null: not published yet.")


class ShownPart(BaseModel):
    """How one thing stood, and what led there."""

    stream: str
    state: dict[str, Any]
    steps: list[ShownStep]


class ShownCase(BaseModel):
    """All that a replay shows."""

    size: int = Field(description="Entries of the log.")
    parts: list[ShownPart]
    checkpoint: str | None = Field(description="The one that the proofs are under.")


RESPONSES: Final[dict[int | str, dict[str, Any]]] = {200: {"model": ShownCase}}
Replay = Callable[[HistoryReader, int], ReplayedCase]


def replay_routes(ledger: Deployment) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/v1", tags=["replay"])
    trade = ledger.trade

    @router.get(
        "/orders/{order}/replay",
        operation_id="orders_replay",
        response_model=None,
        responses=RESPONSES,
    )
    def replay_order(order: OrderId, asked: Asked, pin: Pin) -> dict[str, Any]:
        """Show an order with its key, payment, refunds and disputes as they stood."""
        found = order_parties(trade, order)
        return _answer(ledger, asked, order, found, pin, lambda log, n: log.order(order, n))

    @router.get(
        "/disputes/{dispute}/replay",
        operation_id="disputes_replay",
        response_model=None,
        responses=RESPONSES,
    )
    def replay_dispute(dispute: DisputeId, asked: Asked, pin: Pin) -> dict[str, Any]:
        """Show the whole case of a dispute as it stood."""
        found = dispute_parties(trade, dispute)
        return _answer(ledger, asked, dispute, found, pin, lambda log, n: log.dispute(dispute, n))

    @router.get(
        "/keys/{key}/replay", operation_id="keys_replay", response_model=None, responses=RESPONSES
    )
    def replay_key(key: KeyId, asked: Asked, pin: Pin) -> dict[str, Any]:
        """Show a key as it stood, over all of its orders; an arbitrator reads it in the case."""
        found = key_parties(trade, key)

        def replayed(log: HistoryReader, size: int) -> ReplayedCase:
            return ReplayedCase(size, (log.thing(key, size),))

        return _answer(ledger, asked, key, found, pin, replayed)

    @router.get(
        "/merchants/{merchant}/replay",
        operation_id="merchants_replay",
        response_model=None,
        responses=RESPONSES,
    )
    def replay_merchant(merchant: Merchant, asked: Asked, pin: Pin) -> dict[str, Any]:
        """Show a merchant's qualification, credit, deposit and sanctions as they stood."""
        found = merchant_parties(trade, merchant)
        return _answer(
            ledger, asked, merchant, found, pin, lambda log, n: log.merchant(merchant, n)
        )

    return router


def _answer(
    ledger: Deployment,
    asked: Asked,
    thing: str,
    find: Find,
    pin: int,
    replay: Replay,
) -> dict[str, Any]:
    asked.object(thing, find)
    case = replay(HistoryReader(ledger.database), pin)
    proofs, checkpoint = _proofs(ledger, case)
    parts = [_part(each, proofs) for each in case.parts]
    return asked.show({"size": case.size, "parts": parts, "checkpoint": checkpoint})


def _part(part: Replayed, proofs: Mapping[int, list[str]]) -> dict[str, Any]:
    return {
        "stream": part.stream,
        "state": part.state,
        "steps": [_step(each, proofs.get(each.index)) for each in part.steps],
    }


def _step(step: Step, proof: list[str] | None) -> dict[str, Any]:
    changes = {
        name: {"before": each.before, "after": each.after} for name, each in step.changes.items()
    }
    said = {"index": step.index, "version": step.version, "type": step.topic, "at": step.moment}
    return {**said, "actor": step.actor, "role": step.role, "changes": changes, "proof": proof}


def _proofs(ledger: Deployment, case: ReplayedCase) -> tuple[dict[int, list[str]], str | None]:
    """Return the inclusion proofs of what is published, and the checkpoint they are under."""
    try:
        checkpoint, note = ledger.prover.checkpoint()
    except MissingFileError:
        return {}, None
    published = {each for each in case.indexes if each < checkpoint.size}
    proofs = {
        index: [b64encode(each).decode() for each in hashes_of(ledger, index, checkpoint.size)]
        for index in published
    }
    return proofs, note.decode()
