from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.batch import FIRST_RUN, RUN, Batch, StreamHead
from chain.command import Command, NewEvent, StaleVersionError
from chain.entry import MAX_ENTRY_SIZE, Entry
from chain.errors import EntryTooLargeError
from chain.hashes import ChainHash, chain_hash, leaf_hash
from chain.merkle import RightEdge, root_of

AT = "2026-11-22T10:00:00.123456Z"
BEFORE = [leaf_hash(bytes([n])) for n in range(5)]


def edge_before() -> RightEdge:
    edge = RightEdge()
    edge.extend(BEFORE)
    return edge


def event(stream: str, seq: int, body: bytes = b"{}") -> NewEvent:
    return NewEvent(stream, seq, "order.placed", body)


STREAMS = st.sampled_from(["a", "b", 'quote"', "back\\slash", "ord_01"])
HISTORIES = st.lists(st.lists(STREAMS, min_size=1, max_size=8), max_size=40)


@given(HISTORIES, st.dictionaries(STREAMS, st.integers(0, 9)))
def test_entries_leaves_and_edge_are_those_of_the_slow_definitions(
    history: list[list[str]], versions: dict[str, int]
) -> None:
    heads = {
        name: StreamHead(seq, chain_hash(name.encode()).hex()) for name, seq in versions.items()
    }
    batch = Batch(AT, edge_before(), heads)
    last: dict[str, ChainHash] = {name: chain_hash(name.encode()) for name in versions}
    expected: list[bytes] = []
    for number, streams in enumerate(history):
        events = []
        for name in streams:
            versions[name] = versions.get(name, 0) + 1
            body = f'{{"n":{len(expected)}}}'.encode()
            events.append(event(name, versions[name], body))
            entry = Entry(AT, last.get(name), versions[name], name, "order.placed", body).to_bytes()
            last[name] = chain_hash(entry)
            expected.append(entry)
        batch.admit(Command(f"cmd_{number}", events))
    rows = [row for run in batch.runs() for row in run]
    assert [row[4] for row in rows] == expected
    assert [row[0] for row in rows] == list(range(5, 5 + len(expected)))
    leaves = [leaf_hash(entry) for entry in expected]
    assert batch.edge.root() == root_of(BEFORE + leaves)
    receipts = batch.receipts()
    assert [leaf for receipt in receipts for leaf in receipt.leaf_hashes] == leaves
    assert [len(receipt.leaf_hashes) for receipt in receipts] == [len(each) for each in history]
    assert all(one.indexes.stop == next_one.first_index for one, next_one in pairwise(receipts))


def test_runs_are_bounded_however_large_a_command_is() -> None:
    batch = Batch(AT, RightEdge(), {})
    batch.admit(Command("cmd_1", [event("a", seq) for seq in range(1, FIRST_RUN + 2 * RUN + 2)]))
    assert [len(run) for run in batch.runs()] == [FIRST_RUN, RUN, RUN, 1]


@pytest.mark.parametrize(
    ("seqs", "known"),
    [
        pytest.param([2], None, id="new-stream-begins-at-2"),
        pytest.param([1, 3], 1, id="gap"),
        pytest.param([1, 1], 1, id="same-version-twice"),
        pytest.param([1, 2, 1], 2, id="back"),
        pytest.param([0, 2], 0, id="gap-after-0"),
    ],
)
def test_a_version_that_does_not_follow_is_refused_with_the_known_one(
    seqs: list[int], known: int | None
) -> None:
    batch = Batch(AT, RightEdge(), {})
    with pytest.raises(StaleVersionError) as refusal:
        batch.admit(Command("cmd_1", [event("a", seq) for seq in seqs]))
    assert refusal.value.known_seq == known
    assert batch.events == 0


def test_a_refused_command_leaves_no_trace_for_those_after_it() -> None:
    batch = Batch(AT, RightEdge(), {"a": StreamHead(4, "00" * 32)})
    with pytest.raises(StaleVersionError, match="is at version 4"):
        batch.admit(Command("cmd_1", [event("b", 1), event("a", 4)]))
    batch.admit(Command("cmd_2", [event("b", 1), event("a", 5)]))
    assert [receipt.command_id for receipt in _written(batch)] == ["cmd_2"]


def _written(batch: Batch) -> list:  # type: ignore[type-arg]
    list(batch.runs())
    return batch.receipts()


@pytest.mark.parametrize("head", [None, StreamHead(9, "ab" * 32)], ids=["first", "later"])
def test_the_largest_entry_is_taken_and_one_byte_more_is_refused(head: StreamHead | None) -> None:
    heads = {"a": head} if head else {}
    seq = head.seq + 1 if head else 1

    def batch_of(size: int) -> Batch:
        batch = Batch(AT, RightEdge(), heads)
        batch.admit(Command("cmd_1", [event("a", seq, b"x" * size)]))
        return batch

    frame = len(next(batch_of(0).runs())[0][4])
    [[row]] = batch_of(MAX_ENTRY_SIZE - frame).runs()
    assert len(row[4]) == MAX_ENTRY_SIZE
    with pytest.raises(
        EntryTooLargeError, match=r"order.placed .*version \d+ of stream a.* 65,536"
    ):
        batch_of(MAX_ENTRY_SIZE - frame + 1)
