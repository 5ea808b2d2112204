"""The first ruling of a case: what the rule table makes of the facts (``features.md``, F3).

Pure: the same case and evidence give the same decision, at the time and in a replay years
later. Proved by ``tests/domain/disputes/test_f3_table_in_use.py``.
"""

from dataclasses import dataclass
from typing import Any, Final

from domain.disputes.case import Case, Recorded
from domain.disputes.events import EvidenceGathered, Obstacle
from domain.disputes.facts import units_left
from domain.disputes.rules import KeyEffect, Rule, RuledOutcome, RuleTable
from domain.orders.events import FundsHeld, FundsReleased, RefundExecuted

OBSTACLES: Final[dict[Obstacle, tuple[str, str]]] = {
    "provenance_missing": ("卡密来源记录缺失,转人工。", "The key's provenance is missing: manual."),
    "waiver_missing": ("缺少买家的放弃确认记录,转人工。", "The buyer's waiver is missing: manual."),
    "fact_contested": ("当事人举证对事实提出异议,转人工。", "A fact is contested: manual."),
    "chargeback": ("支付渠道拒付,转人工。", "A chargeback: manual."),
    "amount_above_limit": ("金额超过自动裁决上限,转人工。", "Above the limit of amount: manual."),
}  # fmt: skip
"""What is said of each, in Chinese and English."""
NOTHING_LEFT: Final = (
    "可退单位为零,转人工。",
    "The rule refunds unused units, and none is left: manual.",
)


@dataclass(frozen=True, slots=True)
class Decision:
    """What follows from the facts of one case."""

    evidence: Recorded
    outcome: RuledOutcome
    key_effect: KeyEffect
    zh: str
    en: str
    table: RuleTable
    rule: Rule | None
    """The row; None where the table was not asked."""
    amount: int | None
    """Minor units to refund."""
    units: int | None
    rests_on: tuple[int, ...]
    """Leaf indexes, in order."""

    @property
    def is_automatic(self) -> bool:
        """Whether no person is needed."""
        return self.outcome != "manual"

    def payload(self) -> dict[str, Any]:
        """Return the payload of an automatic `RulingIssued`, but for the appeal's time."""
        gathered = _gathered(self.evidence)
        return {
            "mode": "auto",
            "outcome": self.outcome,
            "key_effect": self.key_effect,
            "rules": self.table.version,
            "rules_digest": self.table.digest,
            "row": self.rule.row if self.rule else None,
            "reason": self.zh,
            "reason_en": self.en,
            "amount": self.amount,
            "units": self.units,
            "facts": gathered.facts,
            "decided_by": gathered.decided_by,
            "evidence": self.evidence.index,
            "rests_on": self.rests_on,
        }


def decide(case: Case, table: RuleTable) -> Decision:
    """Return what *table* makes of the newest evidence gathered in *case*.

    Raises:
        IndexError: no evidence was gathered.
    """
    evidence = case.find(case.dispute, EvidenceGathered.TOPIC)[-1]
    gathered = _gathered(evidence)
    rests_on = _rests_on(case, evidence, gathered)
    if gathered.hindrances:
        zh, en = (
            " ".join(texts)
            for texts in zip(*(OBSTACLES[h.obstacle] for h in gathered.hindrances), strict=True)
        )
        return Decision(evidence, "manual", "unchanged", zh, en, table, None, None, None, rests_on)
    rule = table.match(gathered.facts)
    if rule.outcome != "refund":
        return Decision(
            *(evidence, rule.outcome, rule.key_effect, rule.zh, rule.en, table, rule),
            *(None, None, rests_on),
        )
    amount, units, effect = _refund(case, rule)
    if not amount:
        return Decision(
            *(evidence, "manual", "unchanged", *NOTHING_LEFT, table, rule, None, None, rests_on)
        )
    return Decision(
        evidence, "refund", effect, rule.zh, rule.en, table, rule, amount, units, rests_on
    )


def escrow_of(case: Case) -> int:
    """Return the minor units that the escrow of the order holds: captured less paid out."""
    held = 0
    for each in case.history(case.order):
        if isinstance(each.event, FundsHeld):
            held += each.event.amount
        elif isinstance(each.event, RefundExecuted | FundsReleased):
            held -= each.event.amount
    return held


def _refund(case: Case, rule: Rule) -> tuple[int, int, KeyEffect]:
    """Return minor units, units, and what becomes of the key: unused units pro rata."""
    executed = [
        each.event for each in case.history(case.order) if isinstance(each.event, RefundExecuted)
    ]
    kept = case.purchase.units - sum(each.units for each in executed)
    left = units_left(case)
    topics = {each.event.TOPIC for each in case.bound()}
    # A single key is refunded whole, used or not; of a bundle, what was used is paid for.
    is_whole = case.purchase.units == 1 or left == kept
    amount = escrow_of(case) if is_whole else escrow_of(case) * left // kept
    if not is_whole:
        # The order goes on with the units that were used; the refunded ones are gone.
        return amount, left, "unchanged"
    if topics & {"key.activated", "key.revealed"}:
        # Section 3.7, 8: such a key never goes back to stock, nor into quarantine.
        return amount, left, "voided"
    return amount, left, rule.key_effect


def _rests_on(case: Case, evidence: Recorded, gathered: EvidenceGathered) -> tuple[int, ...]:
    found = {case.opened.index, evidence.index}
    for decided in gathered.decided_by or ():
        found.update(decided.indexes)
    for hindrance in gathered.hindrances or ():
        found.update(hindrance.indexes)
    return tuple(sorted(found))


def _gathered(evidence: Recorded) -> EvidenceGathered:
    assert isinstance(evidence.event, EvidenceGathered)  # noqa: S101 — looked for by its name
    return evidence.event
