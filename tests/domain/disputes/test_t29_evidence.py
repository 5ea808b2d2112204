"""T29: evidence until the deadline; fields follow the reason; every channel.

antiwork/gumroad#6880, antiwork/gumroad#6723, antiwork/gumroad#2551, antiwork/gumroad#2663,
antiwork/gumroad#3423, Automattic/woocommerce-payments#11420.
"""

import pytest

from domain.disputes.arbitration import Piece
from domain.disputes.dispute import EVIDENCE
from domain.errors import (
    IllegalTransitionError,
    ReasonMissingError,
    WindowOverError,
    WrongEvidenceError,
    WrongPartyError,
)
from tests.domain.disputes.court import (
    DISPUTE,
)
from tests.domain.disputes.stages import assigned, disputed, ruled
from tests.domain.given import BUYER

DIGEST = "ab" * 32


def test_t29_evidence_is_taken_until_the_deadline_and_no_longer() -> None:
    court, _ = disputed()
    piece = Piece("statement", "it never worked")
    until = court.case().contest.evidence_until
    assert until == "2026-11-26T10:00:00Z"
    assert court.do("add_evidence", DISPUTE, piece, "2026-11-26T09:59:59Z") == ["message.added"]
    with pytest.raises(WindowOverError, match=until):
        court.do("add_evidence", DISPUTE, piece, until)
    court.gathered()
    assert court.by("merchant", "add_evidence", DISPUTE, piece, court.now)


def test_t29_before_an_arbitrator_it_is_taken_until_the_ruling_is_due() -> None:
    court, _ = assigned()
    piece = Piece("screenshot", document=DIGEST)
    assert court.do("add_evidence", DISPUTE, piece, "2026-12-01T15:59:59Z") == ["message.added"]
    with pytest.raises(WindowOverError):
        court.do("add_evidence", DISPUTE, piece, "2026-12-01T16:00:00Z")


def test_t29_after_the_ruling_none_is_taken() -> None:
    court, _ = ruled()
    with pytest.raises(IllegalTransitionError):
        court.do("add_evidence", DISPUTE, Piece("statement", "wait"), court.now)


@pytest.mark.parametrize("fault", EVIDENCE)
def test_t29_the_evidence_follows_what_the_dispute_is_about(fault: str) -> None:
    court, _ = disputed(fault=fault)
    every = {each for fields in EVIDENCE.values() for each in fields} | {"bank_notice"}
    for field in sorted(every):
        piece = Piece(field, "x")  # type: ignore[arg-type]
        if field in EVIDENCE[fault]:  # type: ignore[index]
            assert court.do("add_evidence", DISPUTE, piece, court.now) == ["message.added"]
        else:
            with pytest.raises(WrongEvidenceError, match=field):
                court.do("add_evidence", DISPUTE, piece, court.now)


@pytest.mark.parametrize("fault", EVIDENCE)
def test_t29_a_bank_s_notice_is_taken_in_every_chargeback(fault: str) -> None:
    court, _ = disputed(opener="channel", fault=fault)
    piece = Piece("bank_notice", document=DIGEST)
    assert court.by("channel", "add_evidence", DISPUTE, piece, court.now) == ["message.added"]
    assert court.events()[-1].data()["party"] == "channel"


def test_t29_evidence_is_sealed_and_not_empty_and_from_a_party() -> None:
    court, _ = disputed()
    with pytest.raises(ReasonMissingError):
        court.do("add_evidence", DISPUTE, Piece("statement"), court.now)
    with pytest.raises(WrongPartyError):
        court.by("arb-01", "add_evidence", DISPUTE, Piece("statement", "x"), court.now)
    court.do("add_evidence", DISPUTE, Piece("statement", "planted words"), court.now)
    assert b"planted words" not in court.events()[-1].body()
    assert (BUYER, "planted words") in court.sealer.values.values()
