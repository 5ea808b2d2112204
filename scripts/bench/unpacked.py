"""What is compressed, unpacked: so that a search for secrets looks into it, too.

Members of ZIP archives, gzip and zlib wherever they begin, such as in the streams of a PDF,
and the columns of Parquet files; and whatever is compressed within those.
``tests/scripts/bench/test_unpacked.py``.
"""

import re
import zlib
from collections.abc import Iterator
from typing import Final

DEPTH: Final = 4
"""An archive in an archive, so deep."""
LARGEST: Final = 64 << 20
"""Bytes of one member that are looked at."""
SMALLEST: Final = 8
"""Bytes that no secret is shorter than."""

_GZIP: Final = re.compile(rb"\x1f\x8b\x08")
_ZLIB: Final = re.compile(rb"\x78[\x01\x5e\x9c\xda]")
_MEMBER: Final = re.compile(rb"PK\x03\x04.{4}\x08\x00.{16}(.{2})(.{2})", re.DOTALL)
_PARQUET: Final = b"PAR1"


def unpacked(content: bytes, depth: int = DEPTH) -> Iterator[bytes]:
    """Give what is compressed within *content*; not *content* itself."""
    if depth:
        for each in _members(content):
            yield each
            yield from unpacked(each, depth - 1)


def _members(content: bytes) -> Iterator[bytes]:
    starts = [(found.start(), 31) for found in _GZIP.finditer(content)]
    starts += [(found.start(), zlib.MAX_WBITS) for found in _ZLIB.finditer(content)]
    for found in _MEMBER.finditer(content):
        name, more = (int.from_bytes(each, "little") for each in found.groups())
        starts.append((found.end() + name + more, -zlib.MAX_WBITS))
    view = memoryview(content)
    for start, bits in sorted(starts):
        member = _inflated(view[start:], bits)
        if len(member) >= SMALLEST:
            yield member
    if content[:4] == content[-4:] == _PARQUET:
        yield from _columns(content)


def _inflated(packed: memoryview, bits: int) -> bytes:
    """Return what *packed* begins with, or as much of it as can be read: it may be cut off."""
    engine, made = zlib.decompressobj(bits), bytearray()
    try:
        for start in range(0, len(packed), 1 << 16):
            made += engine.decompress(packed[start : start + (1 << 16)], LARGEST)
            if engine.eof or len(made) >= LARGEST:
                break
    except zlib.error:
        pass
    return bytes(made)


def _columns(content: bytes) -> Iterator[bytes]:
    # Slow to import, and few files are such.
    import pyarrow as pa  # type: ignore[import-untyped] # noqa: PLC0415 — see above; it ships none
    from pyarrow import parquet  # noqa: PLC0415 — see above

    table = parquet.read_table(pa.BufferReader(content))
    for name in table.column_names:
        values = table.column(name).to_pylist()
        yield b"\n".join(each if isinstance(each, bytes) else str(each).encode() for each in values)
    yield repr(table.schema.metadata).encode()
