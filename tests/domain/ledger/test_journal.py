"""Postings sum to zero."""

import pytest

from domain.errors import UnbalancedError
from domain.ledger.journal import Journal, LedgerPosted, Line
from tests.domain.given import command_of, recorded


@pytest.mark.parametrize(
    "lines",
    [
        (),
        (Line("SVC", 0),),
        (Line("SVC", 5), Line("channel", -4)),
        (Line("SVC", 5), Line("channel", 5)),
    ],
)
def test_a_posting_that_does_not_sum_to_zero_is_refused(lines: tuple[Line, ...]) -> None:
    command, journal = command_of(), Journal("ledger/or-2010-12-01")
    posted = LedgerPosted(journal.id, 1, command.meta, "service_sale", "GBP", lines)
    with pytest.raises(UnbalancedError):
        journal.post(command, posted)
    assert recorded(command) == []


def test_postings_of_a_day_follow_each_other() -> None:
    command, journal = command_of(), Journal("ledger/or-2010-12-01")
    lines = (Line("SVC", 5), Line("channel", -5))
    for _ in range(3):
        follows = journal.follows(command)
        journal.post(command, LedgerPosted(*follows, "service_sale", "GBP", lines))
    assert [each.originator_version for each in command.events] == [1, 2, 3]
