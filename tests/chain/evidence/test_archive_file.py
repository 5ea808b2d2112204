"""An archive on disk is read as one in memory is."""

from collections.abc import Callable
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.evidence.archive import Archive, read_archive
from chain.evidence.claims import MAX_PACKAGE
from chain.evidence.digests import PIECE, both_hex, sha256_hex, sm3_hex
from chain.evidence.fault import Fault
from chain.evidence.store.archive_file import ArchiveFile
from tests.chain.evidence import standalone
from tests.chain.evidence.hostile import cases
from tests.chain.evidence.making import golden

Kind = Callable[[BytesIO], Archive]
KINDS: list[Kind] = [ArchiveFile, standalone.module().Archive]


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.binary(max_size=40), start=st.integers(-5, 50), stop=st.integers(-5, 50))
def test_a_part_on_disk_is_the_part_in_memory(
    kind: Kind, data: bytes, start: int, stop: int
) -> None:
    assert kind(BytesIO(data))[start:stop] == data[start:stop]
    assert len(kind(BytesIO(data))) == len(data)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("place", [0, 1, PIECE - 3, PIECE - 1, PIECE, 2 * PIECE - 2, 3 * PIECE - 4])
def test_a_mark_is_found_wherever_it_stands(place: int, kind: Kind) -> None:
    data = bytearray(3 * PIECE)
    data[place : place + 4] = b"mark"
    assert kind(BytesIO(data)).rfind(b"mark") == place
    data[0:4] = b"mark"
    assert kind(BytesIO(data)).rfind(b"mark") == data.rfind(b"mark")


def test_a_mark_that_is_not_there_is_not_found() -> None:
    assert ArchiveFile(BytesIO(b"ma")).rfind(b"mark") == -1
    assert ArchiveFile(BytesIO()).rfind(b"mark") == -1


def test_every_hostile_archive_is_read_or_refused_as_in_memory() -> None:
    program = standalone.module()
    for case in cases():
        found: list[object] = []
        for archive in (case.package, ArchiveFile(BytesIO(case.package))):
            try:
                found.append(read_archive(archive))
            except Fault as fault:
                found.append(fault.code)
        assert found[0] == found[1], case.name
        try:
            theirs = program.read_zip(program.Archive(BytesIO(case.package)))
        except program.Fault as fault:
            theirs = fault.code
        assert theirs == found[0], case.name


def test_digests_are_taken_in_pieces_and_are_the_same() -> None:
    for data in (golden(), b"", bytes(PIECE), bytes(PIECE + 1)):
        whole = {"sha256": sha256_hex(data), "sm3": sm3_hex(data)}
        assert both_hex(ArchiveFile(BytesIO(data))) == whole


def test_of_a_file_that_is_too_large_no_more_than_that_is_seen() -> None:
    class Endless(BytesIO):
        def seek(self, *_: int) -> int:
            return MAX_PACKAGE * 2

    with pytest.raises(Fault, match="too_large"):
        read_archive(ArchiveFile(Endless()))
