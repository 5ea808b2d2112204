"""F2: the evidence is gathered once, at one position of the log."""

import pytest

from domain.errors import (
    IllegalTransitionError,
)
from tests.domain.disputes.stages import disputed


def test_the_evidence_names_the_size_of_the_log() -> None:
    court, _ = disputed()
    size = court.size()
    court.gathered()
    assert court.events()[-1].data()["log_size"] == size


def test_evidence_is_gathered_once() -> None:
    court, _ = disputed()
    court.gathered()
    with pytest.raises(IllegalTransitionError):
        court.gathered()
