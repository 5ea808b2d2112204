"""Whom an entry concerns: those it names, and those that its stream names anywhere."""

import pytest

from api.concerning import concerning, is_named
from chain.command import Command, NewEvent
from chain.store.log import Log
from chain.store.reader import LogReader, StoredEntry

BODIES = [
    ("ord_1", b'{"data":{"amount":5},"meta":{"actor":"timer"}}'),
    ("ord_1", b'{"data":{"by":"usr_7","lines":[{"merchant":"mer_1"}]},"meta":{"actor":"usr_7"}}'),
    ("ord_2", b'{"data":{"buyer":"usr_8"},"meta":{"actor":"usr_8"}}'),
    ("ord_1", b'{"data":{"note":"about usr_8"},"meta":{"actor":"mer_1"}}'),
    ("usr_7", b'{"data":{},"meta":{"actor":"staff_1"}}'),
]  # fmt: skip


@pytest.fixture
def reader(log: Log) -> LogReader:
    seqs: dict[str, int] = {}
    for number, (stream, body) in enumerate(BODIES):
        seqs[stream] = seqs.get(stream, 0) + 1
        event = NewEvent(stream, seqs[stream], "order.placed", body)
        log.sequencer.append(Command(f"cmd_{number}", [event]))
    return LogReader(log.database)


@pytest.mark.parametrize(
    ("party", "indexes"),
    [
        # What happened before it was named concerns it too.
        ("usr_7", [0, 1, 3, 4]),
        ("mer_1", [0, 1, 3]),
        # A note that holds the letters names nobody.
        ("usr_8", [2]),
        ("staff_1", [4]),
        ("usr", []),
        ("nobody", []),
    ],
)
def test_a_party_gets_every_event_of_the_streams_that_name_it(
    reader: LogReader, party: str, indexes: list[int]
) -> None:
    assert list(concerning(party, reader, 0, 5)) == indexes
    assert list(concerning(party, reader, 3, 5)) == [index for index in indexes if index >= 3]


def test_a_body_that_is_no_json_names_nobody() -> None:
    for data in (b"usr_7", b'{"a":1}\nusr_7\n'):
        assert not is_named("usr_7", StoredEntry(0, "ord_1", 1, "x.y", data))
