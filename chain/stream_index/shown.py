"""What a proof shows of one list: one row, or two neighbours, and the path to its root.

``docs/stream-index.md``, 4. One row proves what the list says of its name; two neighbours,
or the first or last row alone, prove that a name between or beyond them is not listed.
``tests/chain/stream_index/test_shown.py``.
"""

from base64 import b64decode, b64encode
from collections.abc import Sequence
from typing import Any, NamedTuple, Self

from chain.errors import MalformedError, VerificationError
from chain.hashes import HASH_SIZE, TreeHash
from chain.stream_index.inclusion import root_from_run
from chain.stream_index.rows import name_of, row_hash

MAX_PATH = 128
MAX_ROW = 256

_MEMBERS = {"first", "path", "rows"}


class IndexUntrueError(VerificationError):
    """A proof about the index does not hold; ``code`` is the stable name of why."""

    def __init__(self, code: str, text: str) -> None:
        """Name the *code*, and say it in words."""
        super().__init__(text)
        self.code = code


class Shown(NamedTuple):
    """One or two neighbouring rows of a list, from place *first* on."""

    first: int
    rows: tuple[bytes, ...]
    path: tuple[TreeHash, ...]

    def members(self) -> dict[str, Any]:
        """Return it as JSON members; a row stands without its newline."""
        return {
            "first": self.first,
            "path": [b64encode(each).decode() for each in self.path],
            "rows": [each[:-1].decode() for each in self.rows],
        }

    @classmethod
    def of_members(cls, members: object) -> Self:
        """Return what `members` gave.

        Raises:
            MalformedError: it did not.
        """
        if not isinstance(members, dict) or members.keys() != _MEMBERS:
            raise MalformedError("shown: must have exactly the members first, path and rows")
        first, path, rows = members["first"], members["path"], members["rows"]
        if type(first) is not int or first < 0:
            raise MalformedError("shown: first: must be an integer from 0")
        if not isinstance(rows, list) or not 0 < len(rows) <= 2:  # noqa: PLR2004 — neighbours
            raise MalformedError("shown: rows: must be one row, or two neighbours")
        if not isinstance(path, list) or len(path) > MAX_PATH:
            raise MalformedError(f"shown: path: must be a list of at most {MAX_PATH} hashes")
        return cls(first, tuple(map(_row, rows)), tuple(map(_hash, path)))


def check_listed(shown: Shown, size: int, root: TreeHash) -> None:
    """Check that the list of *size* rows with *root* holds the rows of *shown*, in order.

    Raises:
        MalformedError: the path does not fit the place and size.
        IndexUntrueError: ``index_path``: it leads to another root.
    """
    leaves = [row_hash(each) for each in shown.rows]
    if root_from_run(leaves, shown.first, size, shown.path) != root:
        raise IndexUntrueError(
            "index_path", f"rows from {shown.first} on do not lead to the committed root"
        )


def check_not_listed(shown: Shown, name: str, size: int, root: TreeHash) -> None:
    """Check that the list of *size* rows with *root* has no row of *name*.

    Raises:
        MalformedError: the path does not fit the place and size.
        IndexUntrueError: ``index_path`` as in `check_listed`; ``index_listed``: a row shown is
            that of *name*; ``index_neighbours``: *name* is not between what is shown, or the
            rows do not rise.
    """
    wanted = name.encode()
    names = [name_of(each) for each in shown.rows]
    if len(names) > 1 and names[0] >= names[1]:
        raise IndexUntrueError("index_neighbours", "no list holds these rows in this order")
    check_listed(shown, size, root)
    if wanted in names:
        raise IndexUntrueError("index_listed", f"{name} is listed in a later range")
    if len(names) > 1:
        beside = names[0] < wanted < names[1]
    else:
        beside = (shown.first == 0 and wanted < names[0]) or (
            shown.first == size - 1 and names[0] < wanted
        )
    if not beside:
        raise IndexUntrueError("index_neighbours", f"{name} is not between the rows shown")


def check_all(shown: Sequence[Shown], wanted: int) -> None:
    """Check that there is one of *shown* for each of *wanted* ranges.

    Raises:
        IndexUntrueError: ``index_range_missing``.
    """
    if len(shown) != wanted:
        raise IndexUntrueError(
            "index_range_missing", f"{wanted} ranges are to be shown, and {len(shown)} are"
        )


def _row(text: object) -> bytes:
    if not isinstance(text, str) or not text.isascii() or not 0 < len(text) <= MAX_ROW:
        raise MalformedError(f"shown: a row must be ASCII, at most {MAX_ROW} bytes")
    row = text.encode() + b"\n"
    if row.count(b"\n") > 1 or b" " not in row:
        raise MalformedError("shown: a row must be one line with a name in front")
    return row


def _hash(text: object) -> TreeHash:
    try:
        value = b64decode(text, validate=True) if isinstance(text, str) else b""
    except ValueError:
        value = b""
    if len(value) != HASH_SIZE or b64encode(value).decode() != text:
        raise MalformedError("shown: path: a hash must be the base64 of 32 bytes")
    return TreeHash(value)
