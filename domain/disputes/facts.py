"""The facts of the rule table, read from a case at one position of the log.

``features.md``, section 4: D delivered, A activated, W in window, U upstream, F merchant
fault, and what sends a case to a person before the table is asked. A pure function of the
case and its terms: no clock, no database, the same bytes each time. Order is the order of
the log. Clocks are compared where section 4 itself measures a time, and nowhere else:
window, promised delivery, first use against activation. Proved by
``tests/domain/disputes/test_f2_facts.py``.
"""

from dataclasses import dataclass
from datetime import timedelta

from chain.canonical import parse, to_bytes
from domain.catalogue.batch import KeyDuplicateDetected
from domain.disputes.case import Case, Recorded
from domain.disputes.deadline import seconds_of
from domain.disputes.events import (
    Decided,
    EvidenceGathered,
    Hindrance,
    HistoryRead,
    MessageAdded,
    Obstacle,
    Terms,
)
from domain.disputes.rules import Activated, Facts, MerchantFault, Upstream
from domain.event import Event, Meta
from domain.keys.events import BundleUnitsRefunded, BundleUnitUsed, KeyActivated
from domain.keys.upstream import KeyUpstreamChecked

Indexes = tuple[int, ...]

PROVENANCE = frozenset({"key.imported", "key.sealed"})
"""What says where a key comes from."""
TOTAL = frozenset({"used_by_other", "revoked", "not_existing"})
"""Findings by which the buyer got nothing."""
PARTIAL = frozenset({"wrong_region", "wrong_edition", "wrong_duration"})
"""Findings by which the goods differ from the listing."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """The facts, each with the entries that decided it."""

    facts: Facts
    decided_by: tuple[Decided, ...]
    hindrances: tuple[Hindrance, ...]
    """Why a person must decide whatever the table says; none where the table decides."""
    histories: tuple[HistoryRead, ...]
    terms: Terms
    log_size: int

    def event(self, stream: str, version: int, meta: Meta) -> EvidenceGathered:
        """Return the event that records it."""
        facts = self.facts
        return EvidenceGathered(
            *(stream, version, meta),
            delivered=facts.delivered,
            activated=facts.activated,
            in_window=facts.in_window,
            upstream=facts.upstream,
            merchant_fault=facts.merchant_fault,
            log_size=self.log_size,
            decided_by=self.decided_by,
            hindrances=self.hindrances,
            histories=self.histories,
            terms=self.terms,
        )


def gather(case: Case, terms: Terms) -> Evidence:
    """Read the facts of *case* under *terms*."""
    delivered, delivered_by = _delivered(case)
    activated, activated_by = _activated(case)
    in_window, window_by = _in_window(case, terms)
    upstream, upstream_by = _upstream(case)
    fault, fault_by = _merchant_fault(case, terms)
    return Evidence(
        Facts(delivered, activated, in_window, upstream, fault),
        (
            Decided("delivered", delivered_by),
            Decided("activated", activated_by),
            Decided("in_window", window_by),
            Decided("upstream", upstream_by),
            Decided("merchant_fault", fault_by),
        ),
        tuple(_hindrances(case, terms)),
        tuple(_histories(case)),
        terms,
        case.size,
    )


def bundle_bytes(case: Case, evidence: Evidence) -> bytes:
    """Return facts and trade log of *case* as canonical JSON: the evidence bundle (F2).

    What the parties wrote stands in it as the log has it: by reference, not in clear; of
    other orders that the key was once sold in, nothing does.
    """
    data = evidence.event("", 0, case.opened.event.meta).body()
    gathered = parse(data)
    assert isinstance(gathered, dict)  # noqa: S101 — our own spelling
    ours = [*case.find(case.key, *PROVENANCE), *case.bound()]
    entries = [
        {
            "body": parse(each.event.body()),
            "index": each.index,
            "seq": each.event.originator_version,
            "stream": each.event.originator_id,
            "type": each.event.TOPIC,
        }
        for each in case.entries
        if each.event.originator_id != case.key or each in ours
    ]
    facts = gathered["data"]
    return to_bytes({"dispute": case.dispute, "entries": entries, "evidence": facts})


def units_left(case: Case) -> int:
    """Return the units of the order that were neither used nor given back."""
    used = sum(e.event.units for e in case.bound() if isinstance(e.event, BundleUnitUsed))
    back = sum(e.event.units for e in case.bound() if isinstance(e.event, BundleUnitsRefunded))
    return case.purchase.units - used - back


def _delivered(case: Case) -> tuple[bool, Indexes]:
    found = case.find(case.order, "order.delivered")
    return bool(found), _of(found)


def _activated(case: Case) -> tuple[Activated, Indexes]:
    """Say how far the buyer got; of a bundle, with the units that nobody used."""
    shown = [each for each in case.bound() if each.event.TOPIC == "key.revealed"]
    if shown:
        return "shown", _of(shown)
    is_bundle = case.purchase.units > 1
    use = BundleUnitUsed if is_bundle else KeyActivated
    used = [each for each in case.bound() if isinstance(each.event, use)]
    if is_bundle and units_left(case):
        return "no", _of(used)
    return ("used" if used else "no"), _of(used)


def _in_window(case: Case, terms: Terms) -> tuple[bool, Indexes]:
    """Measure the refund window at the dispute's opening."""
    opened = case.opened
    earlier = [each for each in case.history(case.order) if each.index < opened.index]
    delivered = [each for each in earlier if each.event.TOPIC == "order.delivered"]
    if not delivered:
        return True, (opened.index,)
    confirmed = [each for each in earlier if each.event.TOPIC == "order.confirmed"]
    if confirmed:
        return False, (*_of(confirmed), opened.index)
    # A delivery is never older than what stands before it in the order's own history: a
    # clock that was behind when it was delivered must not shorten the window.
    began = max(each.moment for each in earlier if each.index <= delivered[0].index)
    gone = seconds_of(opened.moment) - seconds_of(began)
    return gone <= timedelta(hours=terms.window_hours), (delivered[0].index, opened.index)


def _checks(case: Case) -> list[tuple[Recorded, KeyUpstreamChecked]]:
    """Return the operator's answers since the dispute was opened."""
    since = case.opened.index
    return [
        (each, each.event)
        for each in case.bound()
        if each.index > since and isinstance(each.event, KeyUpstreamChecked)
    ]


def _upstream(case: Case) -> tuple[Upstream, Indexes]:
    checks = _checks(case)
    states: set[Upstream] = {check.state for _, check in checks if check.state != "unknown"}
    indexes = _of([each for each, _ in checks])
    # Nothing answered, or one answer against another: nobody knows.
    return (states.pop() if len(states) == 1 else "unknown"), indexes


def _merchant_fault(case: Case, terms: Terms) -> tuple[MerchantFault, Indexes]:
    """Name the merchant's fault, as far as a machine has checked it; a claim is none."""
    total, partial = _upstream_faults(case)
    if total:
        return "total", _of(total)
    partial += _late_delivery(case, terms) + _found_elsewhere(case)
    if partial:
        return "partial", _of(partial)
    return "none", ()


def _upstream_faults(case: Case) -> tuple[list[Recorded], list[Recorded]]:
    checks = _checks(case)
    states = {check.state for _, check in checks} - {"unknown"}
    if len(states) > 1:
        # An operator that contradicts itself confirms nothing.
        return [], []
    activated = [each for each in case.bound() if each.event.TOPIC == "key.activated"]
    total, partial = [], []
    for each, check in checks:
        first = check.first_used_at
        is_early = bool(activated and first and first < activated[0].moment)
        if is_early:
            total.append(activated[0])
        if is_early or TOTAL & set(check.findings):
            total.append(each)
        elif PARTIAL & set(check.findings):
            partial.append(each)
    return total, partial


def _late_delivery(case: Case, terms: Terms) -> list[Recorded]:
    """Return what shows that the promised time was missed, at the dispute's opening."""
    paid = case.find(case.order, "order.paid")
    ended = case.find(case.order, "order.delivered") or [case.opened]
    if not paid:
        return []
    took = seconds_of(ended[0].moment) - seconds_of(paid[0].moment)
    is_late = took > timedelta(minutes=terms.delivery_minutes)
    return [paid[0], ended[0]] if is_late else []


def _found_elsewhere(case: Case) -> list[Recorded]:
    """Return the discoveries, after the sale, of the same raw key in another upload."""
    sold = [each.index for each in case.bound() if each.event.TOPIC == "key.sold"]
    return [
        each
        for each in case.entries
        if isinstance(each.event, KeyDuplicateDetected) and sold and each.index > sold[0]
    ]


def _hindrances(case: Case, terms: Terms) -> list[Hindrance]:
    found: list[tuple[Obstacle, list[Recorded]]] = []
    provenance = case.find(case.key, *PROVENANCE)
    if {each.event.TOPIC for each in provenance} != PROVENANCE:
        found.append(("provenance_missing", provenance))
    if terms.needs_waiver and not case.find(case.order, "order.waiver_confirmed"):
        found.append(("waiver_missing", []))
    contested = [each for each in case.history(case.dispute) if _contests(each.event)]
    if contested:
        found.append(("fact_contested", contested))
    if case.contest.opener == "channel":
        found.append(("chargeback", [case.opened]))
    if terms.limit is not None and case.purchase.amount > terms.limit:
        found.append(("amount_above_limit", case.find(case.order, "order.placed")))
    return [Hindrance(obstacle, _of(entries)) for obstacle, entries in found]


def _contests(event: Event) -> bool:
    return isinstance(event, MessageAdded) and event.contests is not None


def _histories(case: Case) -> list[HistoryRead]:
    read = []
    for stream in (case.dispute, case.order, case.key):
        history = case.history(stream)
        if history:
            read.append(HistoryRead(stream, history[-1].event.originator_version))
    return read


def _of(entries: list[Recorded]) -> Indexes:
    return tuple(sorted({each.index for each in entries}))
