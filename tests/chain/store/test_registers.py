"""Registers: rows that stand or fall with the events of their command.

One contract for the database and for the memory that the domain's tests use.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import psycopg
import pytest
from eventsourcing.persistence import IntegrityError, StoredEvent

from chain.register import Register, RegisterConflictError, RegisterRow
from chain.store.log import Log
from chain.store.recorder import LedgerApplicationRecorder
from tests.chain.store.test_sequencer import head_locked
from tests.domain.given import MemoryRecorder

SLOTS = Register(
    "slots",
    {"place": "text", "holder": "text", "mark": "bytea"},
    key=("place",),
    unique={"slots_mark_key": ("mark",)},
)
Recorder = LedgerApplicationRecorder | MemoryRecorder


@pytest.fixture
def slots(owner_url: str) -> None:
    with psycopg.connect(owner_url) as connection:
        connection.execute(
            """
            CREATE TABLE ledger.slots (
              place text COLLATE "C" PRIMARY KEY, holder text, mark bytea UNIQUE,
              CONSTRAINT slots_honest CHECK (holder <> 'nobody')
            );
            GRANT SELECT, INSERT, UPDATE, DELETE ON ledger.slots TO xiyou_app;
            """
        )


@pytest.fixture
def real(slots: None, log: Log) -> LedgerApplicationRecorder:
    return LedgerApplicationRecorder(log, str)


@pytest.fixture(params=["database", "memory"])
def recorder(request: pytest.FixtureRequest) -> Iterator[Recorder]:
    if request.param == "memory":
        yield MemoryRecorder()
    else:
        yield request.getfixturevalue("real")


def event(stream: str, seq: int = 1) -> StoredEvent:
    return StoredEvent(stream, seq, "order.placed", b"{}")


def write(recorder: Recorder, stream: str, *rows: RegisterRow, seq: int = 1) -> None:
    recorder.insert_events([event(stream, seq)], command_id=f"cmd/{stream}/{seq}", beside=rows)


def new(place: str, holder: str | None, mark: bytes | None = None) -> RegisterRow:
    return SLOTS.new(place=place, holder=holder, mark=mark)


def put(place: str, holder: str | None, mark: bytes | None = None) -> RegisterRow:
    return SLOTS.put(place=place, holder=holder, mark=mark)


def refused(write_it: Callable[[], object]) -> RegisterConflictError:
    with pytest.raises(IntegrityError) as caught:
        write_it()
    assert isinstance(caught.value.__cause__, RegisterConflictError)
    return caught.value.__cause__


def all_rows(recorder: Recorder) -> Sequence[tuple[Any, ...]]:
    return recorder.select_register(SLOTS, {})


def test_rows_are_there_with_their_events_and_found_by_their_values(recorder: Recorder) -> None:
    write(recorder, "a", new("p1", "anna", b"1"), new("p2", "bert"))
    assert all_rows(recorder) == [("p1", "anna", b"1"), ("p2", "bert", None)]
    assert recorder.select_register(SLOTS, {"holder": "bert"}) == [("p2", "bert", None)]
    assert recorder.select_register(SLOTS, {}, 1) == [("p1", "anna", b"1")]
    assert recorder.select_register(SLOTS, {"holder": "carl"}) == []


def test_a_row_that_is_taken_refuses_the_whole_command(recorder: Recorder) -> None:
    write(recorder, "a", new("p1", "anna"))
    error = refused(lambda: write(recorder, "b", new("p2", "bert"), new("p1", "bert")))
    assert (error.register, error.constraint) == ("slots", "slots_pkey")
    assert list(recorder.select_events("b")) == []
    assert all_rows(recorder) == [("p1", "anna", None)]
    write(recorder, "b", new("p2", "bert"))


def test_another_unique_constraint_is_named(recorder: Recorder) -> None:
    write(recorder, "a", new("p1", "anna", b"1"))
    error = refused(lambda: write(recorder, "b", new("p2", "bert", b"1")))
    assert error.constraint == "slots_mark_key"


def test_a_row_takes_the_place_of_another_and_the_last_one_wins(recorder: Recorder) -> None:
    write(recorder, "a", put("p1", "anna"), put("p1", "bert"), put("p2", "bert"), put("p1", "carl"))
    assert all_rows(recorder) == [("p1", "carl", None), ("p2", "bert", None)]


def test_what_is_dropped_may_be_taken_anew_by_the_same_command(recorder: Recorder) -> None:
    write(recorder, "a", new("p1", "anna"))
    write(recorder, "b", SLOTS.drop(place="p1", holder="anna"), new("p1", "bert"))
    assert all_rows(recorder) == [("p1", "bert", None)]


def test_what_is_no_longer_so_is_not_dropped_and_therefore_not_taken(recorder: Recorder) -> None:
    write(recorder, "a", new("p1", "anna"))
    write(recorder, "a", put("p1", "carl"), seq=2)
    refused(lambda: write(recorder, "b", SLOTS.drop(place="p1", holder="anna"), new("p1", "bert")))
    assert all_rows(recorder) == [("p1", "carl", None)]


def test_a_command_asked_again_writes_its_rows_once(recorder: Recorder) -> None:
    write(recorder, "a", new("p1", "anna"))
    write(recorder, "a", new("p1", "anna"))
    assert all_rows(recorder) == [("p1", "anna", None)]


def test_a_stale_command_leaves_no_row(recorder: Recorder) -> None:
    write(recorder, "a", new("p1", "anna"))
    with pytest.raises(IntegrityError):
        recorder.insert_events([event("a")], command_id="cmd/stale", beside=[new("p2", "bert")])
    assert all_rows(recorder) == [("p1", "anna", None)]


def test_a_check_of_the_database_refuses_and_is_named(real: LedgerApplicationRecorder) -> None:
    error = refused(lambda: write(real, "a", put("p1", "nobody")))
    assert error.constraint == "slots_honest"
    assert list(real.select_events("a")) == []


def test_one_refused_command_does_not_stop_the_others_of_its_batch(
    real: LedgerApplicationRecorder, log: Log
) -> None:
    write(real, "a", new("p1", "anna"))
    with head_locked(log.database):
        futures = [
            real.submit_events([event(each)], command_id=f"cmd/{each}", beside=[new(place, each)])
            for each, place in (("b", "p2"), ("c", "p1"), ("d", "p2"), ("e", "p3"))
        ]
    errors = [each.exception(timeout=30) for each in futures]
    assert [error is None for error in errors] == [True, False, False, True]
    assert all(
        isinstance(each.__cause__, RegisterConflictError) for each in errors if each is not None
    )
    assert [row[1] for row in all_rows(real)] == ["anna", "b", "e"]


def test_the_connection_survives_a_refusal(real: LedgerApplicationRecorder, log: Log) -> None:
    def backend() -> int:
        connection = log.sequencer._connection
        assert connection is not None
        return connection.info.backend_pid

    write(real, "a", new("p1", "anna"))
    before = backend()
    refused(lambda: write(real, "b", new("p1", "bert")))
    write(real, "c", new("p2", "carl"))
    assert backend() == before


@pytest.mark.parametrize(
    "make",
    [
        lambda: SLOTS.new(place="p1"),
        lambda: SLOTS.put(place="p1", holder="a", mark=None, colour="red"),
        lambda: SLOTS.drop(holder="anna"),
    ],
)
def test_a_row_that_does_not_fit_its_register_is_a_mistake_of_the_program(
    make: Callable[[], RegisterRow],
) -> None:
    with pytest.raises(TypeError, match="slots"):
        make()


def test_no_value_becomes_text_of_a_statement(recorder: Recorder) -> None:
    hostile = "x'); DROP TABLE slots; --"
    write(recorder, "a", new(hostile, hostile))
    assert recorder.select_register(SLOTS, {"place": hostile}) == [(hostile, hostile, None)]


def test_refusals_again_and_again_leave_the_connection_usable(
    real: LedgerApplicationRecorder,
) -> None:
    """The driver prepares what it sends often, and a failed pipeline skips the preparing."""
    write(real, "first", new("p", "anna"))
    with pytest.raises(IntegrityError):
        real.insert_events([event("first")], command_id="stale")
    for number in range(10):
        place = f"p{number}"
        wanted = [
            real.submit_events([event(f"s{number}/{who}")], beside=[*more, new(place, str(who))])
            for who, more in enumerate([[], [new("p", "bert")], [SLOTS.drop(place=place)]] * 4)
        ]
        errors = [each.exception() for each in wanted]
        assert {type(each) for each in errors if each} <= {IntegrityError}, errors
        assert None in errors
    assert len(all_rows(real)) == 11


def test_refusal_after_refusal_leaves_the_connection_as_good_as_new(
    real: LedgerApplicationRecorder,
) -> None:
    """Often enough for the driver to prepare what stands behind the refused row."""
    write(real, "a", new("p1", "anna"))
    for number in range(20):
        refused(lambda n=number: write(real, f"b{n}", new("p1", "bert")))  # type: ignore[misc]
        write(real, f"c{number}", new(f"q{number}", "carl"))
    assert len(all_rows(real)) == 21
