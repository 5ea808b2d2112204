"""Rows in PostgreSQL's binary COPY format (PostgreSQL documentation, "COPY", File Formats).

The format is a fixed head, then a row as a count of fields, each field behind its length,
then a trailer. Written by hand because it is the hottest loop of the whole append; what
is written is read back by PostgreSQL in ``tests/chain/store/test_sequencer.py``.
"""

from collections.abc import Iterable
from struct import Struct

from chain.batch import Row

COPY_ENTRIES = "COPY entries (leaf_index, stream, seq, type, entry) FROM STDIN (FORMAT BINARY)"
COPY_HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
COPY_END = b"\xff\xff"

_start = Struct(">hiqi").pack  # five fields; eight bytes of index; the stream's length
_middle = Struct(">iqi").pack  # eight bytes of seq; the type's length
_length = Struct(">i").pack


def copy_rows(rows: Iterable[Row]) -> bytes:
    """Return *rows* as they stand between `COPY_HEAD` and `COPY_END`."""
    parts: list[bytes] = []
    for index, stream, seq, kind, entry in rows:
        name = stream.encode()
        topic = kind.encode()
        parts += (
            _start(5, 8, index, len(name)),
            name,
            _middle(8, seq, len(topic)),
            topic,
            _length(len(entry)),
            entry,
        )
    return b"".join(parts)
