"""Commitments: covers without hole or overlap, and what no writer writes."""

from typing import Any

import pytest

from chain.canonical import parse, to_bytes
from chain.errors import MalformedError
from chain.store.stream_index.builder import commitment_of
from chain.stream_index.commitment import Commitment
from chain.stream_index.ranges import CoverError, Range, check_cover, coarsest_cover, place_in
from tests.chain.stream_index.test_heads import Change, listings_of
from tests.chain.stream_index.writing import written


def members() -> dict[str, Any]:
    return commitment_of(listings_of(written(13))).members()


def test_a_commitment_is_canonical_json_and_comes_back() -> None:
    read = Commitment.of_members(parse(to_bytes(members())))
    assert read.members() == members()
    assert read.cover == [Range(3, 0), Range(2, 2), Range(0, 12)]


@pytest.mark.parametrize("size", range(1, 70))
def test_the_coarsest_cover_has_a_range_for_each_bit(size: int) -> None:
    cover = coarsest_cover(0, size)
    check_cover(cover, size)
    assert len(cover) == size.bit_count()
    assert [place_in(cover, index) for index in range(size)] == [
        place for place, each in enumerate(cover) for _ in range(each.start, each.end)
    ]


@pytest.mark.parametrize(
    ("cover", "fault"),
    [
        ([Range(3, 0), Range(0, 12)], "missing"),
        ([Range(3, 0), Range(3, 0)], "overlaps"),
        ([Range(3, 0), Range(2, 1)], "overlaps"),
        ([Range(2, 2), Range(3, 0)], "missing"),
        ([Range(3, 0)], "cover 8 entries, not 13"),
        ([Range(4, 0)], "cover 16 entries, not 13"),
        ([Range(49, 0)], "level must be"),
        ([Range(0, -1)], "number from 0"),
    ],
)
def test_a_cover_with_a_hole_or_an_overlap_is_malformed(cover: list[Range], fault: str) -> None:
    with pytest.raises(MalformedError, match=fault):
        check_cover(cover, 13)


@pytest.mark.parametrize(
    ("cover", "code"),
    [
        ([Range(3, 0), Range(0, 12)], "index_hole"),
        ([Range(3, 0)], "index_hole"),
        ([Range(3, 0), Range(2, 1), Range(2, 2)], "index_overlap"),
    ],
)
def test_a_hole_and_an_overlap_have_codes_of_their_own(cover: list[Range], code: str) -> None:
    with pytest.raises(CoverError) as caught:
        check_cover(cover, 13)
    assert caught.value.code == code


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m.pop("size"),
        lambda m: m.update(more=1),
        lambda m: m.update(size=14),
        lambda m: m.update(size=0),
        lambda m: m.update(ranges=[]),
        lambda m: m["ranges"].pop(1),
        lambda m: m["ranges"].append(m["ranges"][0]),
        lambda m: m["ranges"].reverse(),
        lambda m: m["ranges"][0].pop("types"),
        lambda m: m["ranges"][0].update(streams=0),
        lambda m: m["ranges"][0].update(streams=9),
        lambda m: m["ranges"][0].update(types=9),
        lambda m: m["ranges"][0].update(level=True),
        lambda m: m["ranges"][0].update(stream_root="AB" * 32),
        lambda m: m["ranges"][0].update(stream_root="ab" * 31),
        lambda m: m["ranges"][0].update(type_root=None),
        lambda m: m["ranges"][0].update(type_root="zz" * 32),
    ],
)
def test_what_no_writer_writes_is_malformed(change: Change) -> None:
    changed = members()
    change(changed)
    with pytest.raises(MalformedError):
        Commitment.of_members(changed)


def test_what_is_no_object_is_malformed() -> None:
    with pytest.raises(MalformedError):
        Commitment.of_members([])
    with pytest.raises(MalformedError):
        Commitment.of_members({"ranges": [[]], "size": 1})
