"""What is compressed is looked into: archives, streams of a PDF, Parquet, and one in another."""

import gzip
import io
import os
import zipfile
import zlib
from collections.abc import Callable

import pyarrow as pa  # type: ignore[import-untyped] # ships none
import pytest
from pyarrow import parquet

from scripts.bench.unpacked import unpacked

SECRET = b"QZXJ7-WVKPH"


def zipped(content: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("deep/member.json", b"{}" * 99)
        archive.writestr("other.json", content)
    return made.getvalue()


def in_parquet(content: bytes) -> bytes:
    made = io.BytesIO()
    table = pa.table({"number": [1, 2], "data": [content * 9, b"x"]})
    parquet.write_table(table, made, compression="zstd", use_dictionary=False)
    return made.getvalue()


def in_pdf(content: bytes) -> bytes:
    return b"%PDF-1.7\nstream\r\n" + zlib.compress(content) + b"\nendstream\n%%EOF"


@pytest.mark.parametrize(
    "pack",
    [
        zipped,
        in_parquet,
        in_pdf,
        gzip.compress,
        lambda content: os.urandom(999) + zlib.compress(content, 9) + b"behind",
        lambda content: zipped(in_pdf(content)),
        lambda content: zipped(zipped(gzip.compress(content))),
        lambda content: zlib.compress(content + os.urandom(99_999))[:50_000],
    ],
)
def test_a_secret_that_is_packed_is_found(pack: Callable[[bytes], bytes]) -> None:
    packed = pack(b"before " * 40 + SECRET + b" behind" * 40)
    assert SECRET not in packed or pack is in_parquet
    assert any(SECRET in each for each in unpacked(packed))


def test_what_is_not_compressed_unpacks_to_nothing_that_matters() -> None:
    assert list(unpacked(b"plain text, and nothing else")) == []
    assert not any(SECRET in each for each in unpacked(os.urandom(200_000)))


def test_an_archive_without_end_is_not_followed() -> None:
    content = b"a" * 100
    for _ in range(20):
        content = gzip.compress(content)
    # What is stored and not deflated shows what is within it more than once.
    assert 4 <= len(list(unpacked(content))) < 200
