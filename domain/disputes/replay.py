"""Replaying a ruling: made again from the log alone, is it the same (``features.md``, F7, T25)?

The facts are read anew from the case as it was, the same version of the rule table is
asked, and every member of what was recorded is compared. A person's decision cannot be
computed: of it are checked the facts it was given, that it is lawful, and that each event
it names is one of the case and stood in the log before it. Pure.
Proved by ``tests/domain/disputes/test_f7_replay.py``.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from chain.canonical import to_bytes
from chain.errors import MalformedError
from domain.disputes.absence import Absence, absences_of
from domain.disputes.case import Case, Recorded, case_of
from domain.disputes.events import EvidenceGathered, RulingIssued, Terms
from domain.disputes.facts import gather
from domain.disputes.judgement import Judgement, check_lawful, rests_on
from domain.disputes.rules import table_of
from domain.disputes.ruling import decide
from domain.errors import Refusal


@dataclass(frozen=True, slots=True)
class Difference:
    """One member that the replay finds otherwise."""

    member: str
    recorded: str
    """Canonical JSON."""
    replayed: str


@dataclass(frozen=True, slots=True)
class Replay:
    """What a replay has found."""

    dispute: str
    index: int
    """Leaf index of the ruling."""
    ruling: RulingIssued
    differences: tuple[Difference, ...]
    absences: tuple[Absence, ...] = ()
    """On which the facts rest, beside the entries."""

    @property
    def is_same(self) -> bool:
        """Whether the log gives the ruling that was recorded."""
        return not self.differences


def rulings(case: Case) -> list[Recorded]:
    """Return the rulings of *case*, in order."""
    return case.find(case.dispute, RulingIssued.TOPIC)


def replay(ruling: Recorded, events: Iterable[Recorded]) -> Replay:
    """Make *ruling* again from *events*, all or more of its case; say what differs.

    Raises:
        MalformedError: *ruling* is none, or of a rule table unknown to this program.
        NotFoundError: *events* do not say what is disputed.
    """
    issued = ruling.event
    if not isinstance(issued, RulingIssued):
        raise MalformedError(f"leaf index {ruling.index}: {issued.TOPIC} is no ruling.issued")
    case = case_of(issued.originator_id, events, ruling.index)
    evidence = case.find(case.dispute, EvidenceGathered.TOPIC)
    found: list[Difference] = []
    if evidence:
        found += _compare("evidence", evidence[-1].event.data(), _gathered(case, evidence[-1]))
    if issued.mode == "auto":
        found += _compare("ruling", _without_appeal(issued), _ruled(case, issued))
    else:
        found += _compare("ruling", *_by_hand(case, issued))
    absences = absences_of(case, evidence[-1].event) if evidence else ()  # type: ignore[arg-type] # looked for by its name
    return Replay(case.dispute, ruling.index, issued, tuple(found), absences)


def _gathered(case: Case, evidence: Recorded) -> dict[str, Any]:
    """Return the payload of `evidence.gathered` as the log gives it."""
    event = evidence.event
    assert isinstance(event, EvidenceGathered)  # noqa: S101 — looked for by its name
    # What stood before the evidence, and no more than it says it has read.
    size = min(event.log_size, evidence.index)
    again = gather(case.before(size), event.terms or Terms())
    return again.event(event.originator_id, event.originator_version, event.meta).data()


def _ruled(case: Case, issued: RulingIssued) -> dict[str, Any]:
    """Return the payload of an automatic `ruling.issued` as facts and table give it."""
    table = table_of(issued.rules or 0)
    if not case.find(case.dispute, EvidenceGathered.TOPIC):
        return {}
    decision = decide(case, table)
    again = RulingIssued(
        issued.originator_id, issued.originator_version, issued.meta, **decision.payload()
    )
    return again.data()


def _by_hand(case: Case, issued: RulingIssued) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what can be checked of a ruling that no rule has made, recorded and replayed."""
    before = case.at_version(case.dispute, issued.originator_version - 1)
    was = before.event.TOPIC if before else "nothing"
    if issued.mode == "conceded":
        stated = {"outcome": issued.outcome, "after": was}
        return stated, {"outcome": "refund", "after": "dispute.conceded"}
    if issued.mode == "external":
        return {"opener": case.contest.opener}, {"opener": "channel"}
    relied_on = issued.relied_on or ()
    recorded: dict[str, Any] = {"rests_on": issued.rests_on, "lawful": "yes", "reasoned": True}
    replayed: dict[str, Any]
    try:
        check_lawful(
            Judgement(
                issued.outcome, issued.key_effect, issued.reason or "", relied_on, issued.amount
            ),
            case,
        )
        replayed = {"rests_on": rests_on(case, relied_on), "lawful": "yes"}
    except Refusal as refusal:
        replayed = {"rests_on": issued.rests_on, "lawful": f"no: {refusal}"}
    return recorded, {**replayed, "reasoned": bool(issued.reason and relied_on)}


def _without_appeal(issued: RulingIssued) -> dict[str, Any]:
    """Return the payload without the appeal's time, which depends on when it was issued."""
    return {name: value for name, value in issued.data().items() if name != "appeal_until"}


def _compare(what: str, recorded: dict[str, Any], replayed: dict[str, Any]) -> list[Difference]:
    found = []
    for name in sorted(recorded.keys() | replayed.keys()):
        one, other = (to_bytes(members.get(name)).decode() for members in (recorded, replayed))
        if one != other:
            found.append(Difference(f"{what}.{name}", one, other))
    return found
