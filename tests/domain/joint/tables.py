"""An exhaustive walk of the model, one order at a time: every state, and a shortest way there."""

from collections import deque
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from tests.domain.joint.actions import ON_ORDERS
from tests.domain.joint.contested import Contested
from tests.domain.joint.model import PRICE, Action

Combination = tuple[str, str, str, bool]
Path = tuple[Action, ...]

BEGINNINGS: tuple[Action, ...] = (("place", 0), ("review", 0), ("block_new", 0))
LEFT_OUT = ("decide", "use", "accept", "clear", "appeal")
"""Whatever the rule table says, a person may say; units change no combination; waiting for
the appeal window does what accepting does, and an appeal leads to another ruling."""
SAME_AS_OTHERS = ("quarter", "staff", "stranger", "arb-02", "arb-03", "platform")
"""Arguments that lead where others lead, too."""
ASKED: tuple[Action, ...] = tuple(
    each
    for each in ON_ORDERS
    if each[0] not in LEFT_OUT
    and not (each[0] in ("open", "assign", "rule") and set(each) & set(SAME_AS_OTHERS))
)


def reached(policy: str) -> dict[Combination, Path]:
    """Return every combination that one order of a key under *policy* can be in, and how."""
    start = Contested()
    start.do(("import", 0, policy, 1))
    found: dict[Combination, Path] = {}
    waiting: deque[tuple[Contested, Path]] = deque([(start, (("import", 0, policy, 1),))])
    seen = {_state(start)}
    while waiting:
        model, path = waiting.popleft()
        for action in _actions(model):
            if not model.may(action):
                continue
            after = deepcopy(model)
            after.do(action)
            state = _state(after)
            if state in seen:
                continue
            seen.add(state)
            waiting.append((after, (*path, action)))
            if after.orders:
                found.setdefault(after.combination(0), (*path, action))
    return found


def _actions(model: Contested) -> Iterator[Action]:
    if not model.orders:
        yield from BEGINNINGS
        return
    pending = bool(model.refunds) and model.refunds[-1].state == "requested"
    if pending:
        yield ("approve", len(model.refunds) - 1)
        yield ("decline", len(model.refunds) - 1)
    yield ("clear", 0, 0, "staff")
    for action in ASKED:
        if action[0] != "request" or (not pending and action[2] == 0):
            yield action


def _state(model: Contested) -> tuple[Any, ...]:
    """Return what decides how it can go on; of amounts only whether something is missing."""
    if not model.orders:
        return ()
    order, key = model.orders[0], model.keys[0]
    dispute = order.dispute
    contest = dispute and (
        *(dispute.opener, dispute.state, dispute.arbitrator, frozenset(dispute.has_ruled)),
        *(dispute.outcome, dispute.effect, dispute.may_appeal, dispute.appealed),
        *(dispute.accepted, dispute.amount is None),
    )
    refund = model.refunds[-1] if model.refunds else None
    pending = refund and (
        refund.state,
        refund.amount <= order.escrow,
        refund.amount == order.escrow,
    )
    bound = (key.state, key.order, key.activated, key.revealed, key.voucher, key.refunded)
    return (order.state, order.key, order.funds, order.effect, order.escrow in (0, PRICE)), (
        bound,
        contest,
        pending,
    )
