"""A world in which everybody acts as who they are, and the clock is the test's."""

from typing import Any

from domain.command import Command
from domain.disputes.case import Case, Recorded
from domain.disputes.events import Outcome
from domain.disputes.judgement import Judgement
from domain.disputes.replay import Replay, replay, rulings
from domain.disputes.rules import Facts
from domain.entropy import KeyedEntropy
from domain.event import Meta, Role
from domain.keys.upstream import Answer, Finding, UpstreamState
from tests.domain.given import BUYER, MERCHANT, SECRET, World, identifier

DISPUTE, REFUND = identifier("dsp"), identifier("rfd")
ORDERED = "2026-11-22T10:00:00Z"
"""A Sunday."""
INSIDE = "2026-11-24T10:00:00Z"
OUTSIDE = "2026-12-01T10:00:00Z"
WINDOW_END = "2026-11-29T10:00:00Z"
UNAPPEALED = "2026-12-31T10:00:00Z"
"""Long after every appeal window."""
WHO: dict[str, tuple[str, Role]] = {
    "consumer": (BUYER, "consumer"),
    "merchant": (MERCHANT, "merchant"),
    "platform": ("rules", "platform"),
    "staff": ("staff-07", "staff"),
    "channel": ("channel-sandbox", "channel"),
    "upstream": ("operator-sandbox", "upstream"),
    "arb-01": ("arb-01", "arbitrator"),
    "arb-02": ("arb-02", "arbitrator"),
}
FINDINGS: dict[str, tuple[Finding, ...]] = {
    "total": ("revoked",),
    "partial": ("wrong_region",),
    "none": (),
}


class Court(World):
    """A trade with a dispute in it."""

    def __init__(self) -> None:
        super().__init__()
        self.who: tuple[str, Role] = (BUYER, "consumer")
        self.now = ORDERED

    def command(self, command_id: str | None = None) -> Command:
        """Return a new command of whoever acts now."""
        self._count += 1
        name = command_id or f"cmd/{self._count}"
        meta = Meta(*self.who, "test", "web", name, name, occurred_at=self.now)
        return Command(meta, self.sealer, KeyedEntropy(SECRET, name))

    def by(self, who: str, use_case: str, *arguments: Any, **named: Any) -> list[str]:
        """Let *who* call *use_case*; return the topics recorded."""
        before, self.who = self.who, WHO[who]
        try:
            return self.do(use_case, *arguments, **named)
        finally:
            self.who = before

    def opened(self, order: str, at: str = INSIDE, opener: str = "consumer", **named: Any) -> str:
        """Open a dispute over *order*; return the order's id."""
        self.now = at
        who = "channel" if opener == "channel" else "consumer"
        self.by(who, "open_dispute", DISPUTE, order, opener, **named)
        return order

    def key_of(self, order: str) -> str:
        """Return the key of *order*."""
        key = next(e for e in self.events() if e.originator_id == order).data()["key"]
        assert isinstance(key, str)
        return key

    def asked(
        self,
        order: str,
        state: UpstreamState,
        findings: tuple[Finding, ...] = (),
        first: str | None = None,
    ) -> None:
        """Record the operator's answer about the order's key."""
        answer = Answer("operator-sandbox", state, findings, first, sandbox=True)
        self.by("upstream", "check_upstream", self.key_of(order), answer)

    def gathered(self, **named: Any) -> None:
        """Gather the evidence."""
        self.by("platform", "gather_evidence", DISPUTE, **named)

    def decided(self, *arbitrators: str) -> str:
        """Let the rule table speak; return what it led to."""
        return self.by("platform", "decide_dispute", DISPUTE, self.now, arbitrators)[-1]

    def judged(self, who: str, judgement: Judgement) -> list[str]:
        """Let an arbitrator rule."""
        return self.by(who, "rule", DISPUTE, judgement, self.now)

    def executed(self, at: str | None = None) -> list[str]:
        """Carry the ruling out."""
        return self.by("platform", "execute_ruling", DISPUTE, REFUND, at or self.now)

    def case(self, size: int | None = None) -> Case:
        """Return the case as the log has it."""
        return self.trade.read_case(DISPUTE, size)

    def ruling(self) -> Recorded:
        """Return the newest ruling."""
        return rulings(self.case())[-1]

    def replays(self) -> list[Replay]:
        """Replay every ruling."""
        case = self.case()
        return [replay(each, case.entries) for each in rulings(case)]


def court_with(facts: Facts) -> tuple[Court, str]:
    """Return a court with a dispute over an order of which *facts* hold, and the order."""
    court = Court()
    order = court.delivered() if facts.delivered else court.paid()
    if facts.activated != "no":
        court.do("activate_key", order, BUYER, ORDERED)
    if facts.activated == "shown":
        court.do("reveal_key", order, BUYER, "redeem elsewhere")
    # Without a delivery the promised time would be missed a day later.
    outside = OUTSIDE if facts.delivered else ORDERED
    inside = INSIDE if facts.delivered else ORDERED
    court.opened(order, inside if facts.in_window else outside)
    court.asked(order, facts.upstream, FINDINGS[facts.merchant_fault])
    return court, order


def judgement_of(
    court: Court, order: str, outcome: Outcome = "rejected", **named: Any
) -> Judgement:
    """Return a lawful judgement, but for what *named* changes."""
    members: dict[str, Any] = {
        "outcome": outcome,
        "key_effect": "voided" if outcome == "refund" else "unchanged",
        "reason": "order and listing compared",
        "relied_on": (f"{order}/1", f"{court.key_of(order)}/1"),
        "amount": 1_000 if outcome == "partial_refund" else None,
    }
    return Judgement(**(members | named))
