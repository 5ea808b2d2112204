"""A range made again is the range, at every level and of whatever entries."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from chain.errors import VerificationError
from chain.store.stream_index.listing import Indexed
from chain.store.stream_index.remaking import remake
from chain.stream_index.ranges import Range
from tests.chain.stream_index import reference
from tests.chain.stream_index.writing import written

ENTRIES = written(256)


def read(start: int, stop: int) -> Iterator[Sequence[Indexed]]:
    for low in range(start, min(stop, len(ENTRIES)), 5):
        yield ENTRIES[low : min(low + 5, stop)]


@pytest.mark.parametrize("level", range(9))
def test_every_level_is_what_the_slow_reference_says(tmp_path: Path, level: int) -> None:
    for number in {0, (256 >> level) - 1}:
        made = remake(Range(level, number), read, tmp_path / str(number), 2)
        assert made.roots.members() == reference.roots(ENTRIES, level, number)


def test_a_missing_entry_is_said(tmp_path: Path) -> None:
    with pytest.raises(VerificationError, match="entry 256 is missing"):
        remake(Range(3, 32), read, tmp_path, 2)
