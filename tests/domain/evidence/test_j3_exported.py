"""J3: an issued package is on record, and nobody opens a hidden value alone."""

import pytest

from domain.errors import ConcurrentChangeError, ConflictOfInterestError, ReasonMissingError
from domain.evidence.exporting import Approval, Manifest
from domain.evidence.package import EvidenceExported
from tests.domain.given import BUYER, World

NUMBER = "EV-20261122-000001"


def manifest(opened: int = 0, number: str = NUMBER) -> Manifest:
    return Manifest(number, "a" * 64, "b" * 64, 7, opened)


def test_issuing_is_the_first_event_of_the_packages_stream() -> None:
    world = World()
    assert world.do("export_evidence", manifest()) == ["evidence.exported"]
    (event,) = world.events()
    assert isinstance(event, EvidenceExported)
    assert (event.originator_id, event.originator_version) == (f"evidence/{NUMBER}", 1)
    assert event.data() == {
        "number": NUMBER,
        "bundle_sha256": "a" * 64,
        "bundle_sm3": "b" * 64,
        "checkpoint_size": 7,
        "opened": 0,
    }


def test_a_number_is_issued_once() -> None:
    world = World()
    world.do("export_evidence", manifest())
    with pytest.raises(ConcurrentChangeError):
        world.do("export_evidence", manifest())
    assert world.topics() == ["evidence.exported"]


@pytest.mark.parametrize(
    ("approval", "refusal"),
    [
        (None, ReasonMissingError),
        (Approval("staff-2", None), ReasonMissingError),
        (Approval(None, "court order 1"), ReasonMissingError),
        (Approval(BUYER, "court order 1"), ConflictOfInterestError),
    ],
)
def test_opening_takes_a_basis_and_a_second_person(
    approval: Approval | None, refusal: type[Exception]
) -> None:
    world = World()
    with pytest.raises(refusal):
        world.do("export_evidence", manifest(opened=1), approval)
    assert world.size() == 0


def test_both_persons_and_the_basis_are_on_record() -> None:
    world = World()
    world.do("export_evidence", manifest(opened=2), Approval("staff-2", "court order 1"))
    (event,) = world.events()
    assert isinstance(event, EvidenceExported)
    assert (event.meta.actor, event.approver, event.basis) == (BUYER, "staff-2", "court order 1")
    assert event.opened == 2
