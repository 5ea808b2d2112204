"""The zip: one spelling, the same bytes as Python's own writer, and nothing else is read."""

import io
import zipfile
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.errors import MalformedError
from chain.evidence.archive import check_folder, read_archive, write_archive
from chain.evidence.fault import Fault
from chain.evidence.names import BUNDLE, is_allowed
from tests.chain.evidence.making import Maker, golden, policy, zipped
from tests.chain.keys import LOG, W1

NAMES = st.sampled_from(
    ["checkpoint.txt", "entries/000000000001.txt", "opened/" + "a" * 64 + ".json", "verify.py"]
)


@given(st.dictionaries(NAMES, st.binary(max_size=200)), st.binary(max_size=200))
def test_what_is_written_is_read_again(others: dict[str, bytes], bundle: bytes) -> None:
    members = {BUNDLE: bundle, **others}
    assert read_archive(write_archive(members)) == members


@given(st.dictionaries(NAMES, st.binary(max_size=200)), st.binary(max_size=200))
def test_pythons_own_writer_gives_the_same_bytes(others: dict[str, bytes], bundle: bytes) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in [(BUNDLE, bundle), *sorted(others.items())]:
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.create_system, info.external_attr = 3, 0o100644 << 16
            archive.writestr(info, content)
    assert out.getvalue() == write_archive({BUNDLE: bundle, **others})


@pytest.mark.parametrize(
    "name",
    [
        "../x",
        "/etc/passwd",
        "a\\b",
        "CON",
        "Bundle.json",
        "entries/1.txt",
        "bundle.json ",
        "x\0",
        "",
    ],
)
def test_a_name_outside_the_grammar_is_neither_written_nor_taken(name: str) -> None:
    assert not is_allowed(name)
    with pytest.raises(MalformedError):
        write_archive({BUNDLE: b"", name: b""})
    with pytest.raises(Fault, match="name"):
        check_folder({BUNDLE: 1, name: 1})


def test_a_package_without_a_manifest_is_not_written() -> None:
    with pytest.raises(MalformedError, match=r"bundle\.json"):
        write_archive({})


def tiny() -> bytes:
    """Return a small package: one entry, one key, one witness."""
    small = policy(logs=(LOG,), witnesses=(W1,), threshold=1)
    maker = Maker(shown=(1,), hidden=(), opened=(), rules=(), policy=small)
    maker.log.keys, maker.log.witnesses = (LOG,), (W1,)
    return zipped(maker.members())


def test_no_truncation_of_a_small_package_is_read() -> None:
    """``evidence.md``, section 9, row 5."""
    data = tiny()
    for length in [
        *range(200),
        *range(200, len(data) - 200, 7),
        *range(len(data) - 200, len(data)),
    ]:
        with pytest.raises(Fault, match="truncated"):
            read_archive(data[:length])


def test_no_flipped_bit_of_a_small_package_is_read() -> None:
    """``evidence.md``, section 9, row 6 (F13): one bit of each byte.

    ``tests/chain/evidence/campaign.py`` flips every bit and cuts at every length.
    """
    data, source = bytearray(tiny()), Random(6)
    for place in range(0, len(data), 2):
        bit = 1 << source.randrange(8)
        data[place] ^= bit
        with pytest.raises(Fault):
            read_archive(bytes(data))
        data[place] ^= bit


def test_random_bytes_are_refused_with_a_code() -> None:
    source = Random(1)
    for size in range(0, 4_000, 7):
        with pytest.raises(Fault):
            read_archive(source.randbytes(size))
    spoilt = bytearray(golden())
    for _ in range(200):
        place = source.randrange(len(spoilt))
        old, spoilt[place] = spoilt[place], spoilt[place] ^ source.randrange(1, 256)
        with pytest.raises(Fault):
            read_archive(bytes(spoilt))
        spoilt[place] = old
