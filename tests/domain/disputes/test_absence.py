"""Facts that rest on events which are not there, and how much of a history they rest on."""

from domain.disputes.absence import Absence, absences_of
from domain.disputes.case import case_of
from domain.disputes.events import EvidenceGathered, Hindrance, Terms
from tests.domain.disputes.court import DISPUTE, Court, court_with
from tests.domain.disputes.test_f3_table_in_use import REACHABLE


def gathered(court: Court, **named: object) -> EvidenceGathered:
    court.gathered(**named)
    found = court.events()[-1]
    assert isinstance(found, EvidenceGathered)
    return found


def by_fact(court: Court, found: EvidenceGathered) -> dict[str, Absence]:
    return {each.fact: each for each in absences_of(court.case(), found)}


def test_a_missing_waiver_rests_on_the_whole_order() -> None:
    court = Court()
    order = court.opened(court.delivered())
    evidence = gathered(court, terms=Terms(needs_waiver=True))
    absence = by_fact(court, evidence)["waiver_missing"]
    whole = [e for e in court.case().history(order) if e.index < evidence.log_size]
    assert absence == Absence(
        "waiver_missing",
        order,
        ("order.waiver_confirmed",),
        whole[-1].event.originator_version,
        evidence.log_size,
    )


def test_a_key_that_nobody_used_rests_on_the_whole_key() -> None:
    court = Court()
    court.opened(court.delivered())
    absence = by_fact(court, gathered(court))["activated"]
    assert absence.stream == court.case().key
    assert "key.activated" in absence.types


def test_what_was_used_rests_on_no_absence() -> None:
    court = Court()
    court.opened(court.activated())
    assert by_fact(court, gathered(court)) == {}


def test_a_type_that_occurs_is_not_absent() -> None:
    court = Court()
    court.opened(court.delivered())
    case = court.case()
    rest = [each for each in case.entries if each.event.TOPIC != "key.sealed"]
    evidence = gathered(court, terms=Terms())
    lacking = case_of(DISPUTE, rest, case.size)
    # The facts say that provenance is missing; of its two events one is there.
    told = EvidenceGathered(
        *(evidence.originator_id, evidence.originator_version, evidence.meta),
        **{
            name: getattr(evidence, name)
            for name in ("delivered", "activated", "in_window", "upstream", "merchant_fault")
        },
        log_size=case.size,
        hindrances=(hindrance("provenance_missing"),),
    )
    found = {each.fact: each.types for each in absences_of(lacking, told)}
    assert found["provenance_missing"] == ("key.sealed",)


def hindrance(obstacle: str) -> Hindrance:
    return Hindrance(obstacle, ())  # type: ignore[arg-type] # one of them


def test_what_happened_after_the_facts_were_read_changes_nothing() -> None:
    for facts in REACHABLE[::5]:
        court, _ = court_with(facts)
        evidence = gathered(court)
        before = absences_of(court.case().before(evidence.log_size), evidence)
        assert absences_of(court.case(), evidence) == before


def test_a_replay_says_what_the_ruling_owes_to_absence() -> None:
    court = Court()
    court.opened(court.delivered())
    court.gathered()
    assert court.decided() == "ruling.issued"
    (found,) = court.replays()
    assert found.is_same
    assert [each.fact for each in found.absences] == ["activated"]
