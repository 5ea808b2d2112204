"""The stream index in the log: what is committed is what was made, and it only grows."""

import pytest

from chain.canonical import parse
from chain.store.stream_index.builder import commitment_of
from chain.store.stream_index.listing import Indexed, MemoryListing
from chain.stream_index.commitment import EVENT_TYPE, STREAM, Commitment
from chain.stream_index.ranges import coarsest_cover
from domain.errors import ConcurrentChangeError
from tests.chain.stream_index.writing import written
from tests.domain.given import World

ENTRIES: list[Indexed] = written(13)


def commitment(size: int) -> Commitment:
    cover = coarsest_cover(0, size)
    return commitment_of([MemoryListing(each, ENTRIES[each.start : each.end]) for each in cover])


def test_a_commitment_is_read_back_from_its_entry() -> None:
    world = World()
    made = commitment(13)
    assert world.do("commit_index", made) == [EVENT_TYPE]
    (event,) = world.events()
    assert (event.originator_id, event.originator_version) == (STREAM, 1)
    body = parse(event.body())
    assert isinstance(body, dict)
    assert Commitment.of_members(body["data"]) == made


def test_all_commitments_stand_in_one_stream() -> None:
    world = World()
    for size in (1, 7, 13):
        world.do("commit_index", commitment(size))
    assert [(e.originator_id, e.originator_version) for e in world.events()] == [
        (STREAM, number) for number in (1, 2, 3)
    ]


@pytest.mark.parametrize("size", [6, 7])
def test_what_covers_no_more_than_the_one_before_is_not_recorded(size: int) -> None:
    world = World()
    world.do("commit_index", commitment(7))
    with pytest.raises(ConcurrentChangeError):
        world.do("commit_index", commitment(size))
    assert world.size() == 1
