"""What a head proof is refused for, each with a code of its own."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import pytest

from chain.errors import MalformedError
from chain.hashes import LeafHash, TreeHash
from chain.store.stream_index.builder import commitment_of
from chain.store.stream_index.listing import Indexed, Listing, MemoryListing, SortedRows
from chain.store.stream_index.proving import prove_head
from chain.stream_index.commitment import Commitment
from chain.stream_index.heads import HeadProof, verify_absent, verify_complete
from chain.stream_index.ranges import coarsest_cover
from chain.stream_index.rows import StreamRow
from chain.stream_index.shown import IndexUntrueError, Shown
from tests.chain.stream_index.writing import written

SIZE = 107
B = TypeVar("B", bound=bytes)
Change = Callable[[dict[str, Any]], object]


def listings_of(entries: list[Indexed]) -> list[Listing]:
    return [
        MemoryListing(part, entries[part.start : part.end])
        for part in coarsest_cover(0, len(entries))
    ]


@dataclass
class History:
    """One stream's events, and its proof."""

    listings: list[Listing]
    commitment: Commitment
    stream: str
    events: list[tuple[int, Indexed]]

    @property
    def proof(self) -> HeadProof:
        return prove_head(self.listings, self.stream)

    def row(self, place: int = -1) -> tuple[StreamRow, int]:
        index, entry = self.events[place]
        return StreamRow(entry.stream, entry.seq, entry.leaf), index


@pytest.fixture
def history() -> History:
    """A stream with some events in each of the first two ranges, and none in the other three."""
    entries = written(SIZE, streams=12)
    stream = entries[70].stream
    entries[96:] = [
        each._replace(stream="ord_later", seq=place) if each.stream == stream else each
        for place, each in enumerate(entries[96:], 1)
    ]
    listings = listings_of(entries)
    found = [(i, e) for i, e in enumerate(entries) if e.stream == stream]
    return History(listings, commitment_of(listings), stream, found)


def code(history: History, proof: HeadProof, place: int = -1) -> str:
    with pytest.raises(IndexUntrueError) as caught:
        verify_complete(proof, history.commitment, *history.row(place))
    return caught.value.code


def replaced(proof: HeadProof, place: int, shown: Shown) -> HeadProof:
    listed = list(proof.shown)
    listed[place] = shown
    return proof._replace(shown=tuple(listed))


def test_the_whole_history_is_complete(history: History) -> None:
    verify_complete(history.proof, history.commitment, *history.row())


def test_a_withheld_last_event_in_the_same_range_is_found(history: History) -> None:
    assert len([i for i, _ in history.events if i >= 64]) > 1
    assert code(history, history.proof, -2) == "not_head"


def test_a_withheld_last_event_in_a_later_range_is_found(history: History) -> None:
    first = next(place for place, (i, _) in enumerate(history.events) if i >= 64) - 1
    honest = history.proof
    assert code(history, honest, first) == "not_head"
    # The exporter shows the earlier range as if it were the last one that lists the stream.
    forged = honest._replace(at=0, shown=(history.listings[0].show(history.stream), *honest.shown))
    assert code(history, forged, first) == "not_head"


def test_a_proof_for_another_range_is_refused(history: History) -> None:
    later = HeadProof(history.stream, 2, history.proof.shown[-3:])
    assert code(history, later) == "index_range"
    assert code(history, history.proof._replace(at=None)) == "index_range"
    assert code(history, history.proof._replace(at=5)) == "index_range"


def test_an_index_that_lists_an_older_entry_later_contradicts_the_log(history: History) -> None:
    forged = HeadProof(
        history.stream, 0, (history.listings[0].show(history.stream), *history.proof.shown)
    )
    first = next(place for place, (i, _) in enumerate(history.events) if i >= 64) - 1
    listed, index = history.row(first)
    newer = listed._replace(seq=10_000)
    part = history.commitment.ranges[0]
    only = SortedRows([newer.to_bytes()])
    lying = part._replace(streams=1, stream_root=only.root)
    commitment = history.commitment._replace(ranges=(lying, *history.commitment.ranges[1:]))
    with pytest.raises(IndexUntrueError) as caught:
        verify_complete(
            forged._replace(shown=(only.show(history.stream), *forged.shown[1:])),
            commitment,
            newer,
            index,
        )
    assert caught.value.code == "index_listed"


def test_a_range_left_out_is_found(history: History) -> None:
    proof = history.proof
    assert code(history, proof._replace(shown=proof.shown[:-1])) == "index_range_missing"


def test_ranges_that_change_places_are_found(history: History) -> None:
    first, *rest = history.proof.shown
    assert len(rest) > 1
    swapped = history.proof._replace(shown=(first, *reversed(rest)))
    with pytest.raises((IndexUntrueError, MalformedError)):
        verify_complete(swapped, history.commitment, *history.row())


def test_a_forged_root_of_a_range_is_found(history: History) -> None:
    forged = history.commitment.ranges[-1]._replace(stream_root=TreeHash(b"r" * 32))
    commitment = history.commitment._replace(ranges=(*history.commitment.ranges[:-1], forged))
    with pytest.raises(IndexUntrueError) as caught:
        verify_complete(history.proof, commitment, *history.row())
    assert caught.value.code == "index_path"


def test_neighbours_that_are_not_around_the_name_are_found(history: History) -> None:
    place = next(p for p, each in enumerate(history.proof.shown) if len(each.rows) == 2)
    listing = history.listings[len(history.listings) - len(history.proof.shown) + place]
    elsewhere = listing.show("zzzz")
    assert code(history, replaced(history.proof, place, elsewhere)) == "index_neighbours"


def test_swapped_neighbours_are_found(history: History) -> None:
    place = next(p for p, each in enumerate(history.proof.shown) if len(each.rows) == 2)
    shown = history.proof.shown[place]
    swapped = shown._replace(rows=shown.rows[::-1])
    assert code(history, replaced(history.proof, place, swapped)) == "index_neighbours"


def test_one_row_alone_proves_nothing_unless_it_ends_the_list(history: History) -> None:
    place = next(p for p, each in enumerate(history.proof.shown) if len(each.rows) == 2)
    listing = history.listings[len(history.listings) - len(history.proof.shown) + place]
    names = [row[: row.index(b" ")].decode() for row in listing.rows]  # type: ignore[attr-defined]
    inner = [n for n in names[1:-1] if n != history.stream]
    assert inner
    alone = listing.show(inner[0])
    assert code(history, replaced(history.proof, place, alone)) == "index_neighbours"


def test_a_commitment_older_than_the_event_is_stale(history: History) -> None:
    old = listings_of(written(64, streams=12))
    with pytest.raises(IndexUntrueError) as caught:
        verify_complete(prove_head(old, history.stream), commitment_of(old), *history.row())
    assert caught.value.code == "index_stale"


def test_the_commitment_of_another_log_is_refused(history: History) -> None:
    other = commitment_of(listings_of(written(SIZE, streams=12, seed=2)))
    with pytest.raises((IndexUntrueError, MalformedError)):
        verify_complete(history.proof, other, *history.row())


def test_the_proof_of_another_stream_is_refused(history: History) -> None:
    other = prove_head(history.listings, "zzzz")
    assert code(history, other) == "index_stream"


def test_another_leaf_than_the_committed_one_is_refused(history: History) -> None:
    row, index = history.row()
    with pytest.raises(IndexUntrueError) as caught:
        verify_complete(
            history.proof, history.commitment, row._replace(leaf=LeafHash(b"x" * 32)), index
        )
    assert caught.value.code == "index_head"


def test_a_stream_that_is_listed_is_not_absent(history: History) -> None:
    with pytest.raises(IndexUntrueError) as caught:
        verify_absent(history.proof, history.commitment)
    assert caught.value.code == "index_range"
    hidden = HeadProof(
        history.stream, None, tuple(each.show(history.stream) for each in history.listings)
    )
    with pytest.raises(IndexUntrueError) as caught:
        verify_absent(hidden, history.commitment)
    assert caught.value.code == "index_listed"


def test_every_changed_byte_of_a_proof_is_refused(history: History) -> None:
    """Of each row and hash that is shown, every bit."""
    for place, shown in enumerate(history.proof.shown):
        changed = [
            shown._replace(path=(*shown.path[:at], flipped(hash_, bit), *shown.path[at + 1 :]))
            for at, hash_ in enumerate(shown.path)
            for bit in range(0, 256, 37)
        ]
        changed += [
            shown._replace(rows=(*shown.rows[:at], flipped(row, bit), *shown.rows[at + 1 :]))
            for at, row in enumerate(shown.rows)
            for bit in range(8 * (len(row) - 1))
            if b" " in flipped(row, bit)
        ]
        for each in changed:
            with pytest.raises((IndexUntrueError, MalformedError)):
                verify_complete(
                    replaced(history.proof, place, each), history.commitment, *history.row()
                )


def flipped(data: B, bit: int) -> B:
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return cast("B", bytes(changed))


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m.pop("at"),
        lambda m: m.update(more=1),
        lambda m: m.update(at=-1),
        lambda m: m.update(at=True),
        lambda m: m.update(stream="a b"),
        lambda m: m.update(stream=7),
        lambda m: m.update(ranges=[]),
        lambda m: m.update(ranges={}),
        lambda m: m["ranges"][0].pop("first"),
        lambda m: m["ranges"][0].update(first=-1),
        lambda m: m["ranges"][0].update(first="0"),
        lambda m: m["ranges"][0].update(rows=[]),
        lambda m: m["ranges"][0].update(rows=["a 1 b"] * 3),
        lambda m: m["ranges"][0].update(rows=["a\n1 b"]),
        lambda m: m["ranges"][0].update(rows=["nospace"]),
        lambda m: m["ranges"][0].update(rows=["ü 1 2"]),
        lambda m: m["ranges"][0].update(path=["short"]),
        lambda m: m["ranges"][0].update(path=[7]),
        lambda m: m["ranges"][0].update(path=["A" * 43 + "B="] * 2),
        lambda m: m["ranges"][0].update(path=["A" * 44] * 200),
    ],
)
def test_what_no_writer_writes_is_malformed(history: History, change: Change) -> None:
    members = history.proof.members()
    change(members)
    with pytest.raises(MalformedError):
        HeadProof.of_members(members)
