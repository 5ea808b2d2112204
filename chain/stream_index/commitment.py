"""What an ``index.committed`` entry says: the roots of the lists that cover [0, N).

``docs/stream-index.md``, 3. The operator commits, in the log that witnesses cosign, to every
stream's head at N; whoever recomputes the lists from the entries can prove a false one.
``tests/chain/stream_index/test_commitment.py``.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple, Self

from chain.errors import MalformedError
from chain.hashes import HASH_SIZE, TreeHash
from chain.stream_index.ranges import Range, check_cover

EVENT_TYPE = "index.committed"
STREAM = "index"
"""In which the log writes its commitments."""
MAX_RANGES = 512

_RANGE_MEMBERS = {"level", "number", "stream_root", "streams", "type_root", "types"}


class RangeRoots(NamedTuple):
    """One range of a cover, with the size and root of each of its two lists."""

    range: Range
    streams: int
    stream_root: TreeHash
    types: int
    type_root: TreeHash

    def members(self) -> dict[str, Any]:
        """Return it as JSON members."""
        return {
            "level": self.range.level,
            "number": self.range.number,
            "stream_root": self.stream_root.hex(),
            "streams": self.streams,
            "type_root": self.type_root.hex(),
            "types": self.types,
        }

    @classmethod
    def of_members(cls, members: object) -> Self:
        """Return what `members` gave.

        Raises:
            MalformedError: it did not.
        """
        if not isinstance(members, dict) or members.keys() != _RANGE_MEMBERS:
            names = ", ".join(sorted(_RANGE_MEMBERS))
            raise MalformedError(f"commitment: a range must have exactly the members {names}")
        return cls(
            Range(_count(members, "level", 0), _count(members, "number", 0)),
            _count(members, "streams", 1),
            _root(members, "stream_root"),
            _count(members, "types", 1),
            _root(members, "type_root"),
        )


class Commitment(NamedTuple):
    """Every stream's head, and every type's entries, in the first *size* entries."""

    size: int
    ranges: tuple[RangeRoots, ...]

    @property
    def cover(self) -> list[Range]:
        """The ranges, from left to right."""
        return [each.range for each in self.ranges]

    def members(self) -> dict[str, Any]:
        """Return the payload of the event, as JSON members."""
        return {"ranges": [each.members() for each in self.ranges], "size": self.size}

    @classmethod
    def of_members(cls, members: object) -> Self:
        """Return the commitment in *members*, the ``data`` of the event.

        Raises:
            MalformedError: they are not what `members` gives, or the ranges do not cover
                exactly the first entries, each once.
        """
        if not isinstance(members, dict) or members.keys() != {"ranges", "size"}:
            raise MalformedError("commitment: must have exactly the members ranges and size")
        given = members["ranges"]
        if not isinstance(given, list) or not 0 < len(given) <= MAX_RANGES:
            raise MalformedError(f"commitment: ranges: must be a list of 1 to {MAX_RANGES}")
        size = _count(members, "size", 1)
        made = cls(size, tuple(RangeRoots.of_members(each) for each in given))
        check_cover(made.cover, size)
        _check_counts(made.ranges)
        return made


def _check_counts(ranges: Sequence[RangeRoots]) -> None:
    """Refuse a list that is longer than its range has entries."""
    for each in ranges:
        if max(each.streams, each.types) > 1 << each.range.level:
            raise MalformedError(
                f"range {each.range.number} of level {each.range.level}: lists more than its"
                " entries"
            )


def _count(members: dict[str, Any], name: str, least: int) -> int:
    value = members[name]
    if type(value) is not int or value < least:
        raise MalformedError(f"commitment: {name}: must be an integer from {least}")
    return value


def _root(members: dict[str, Any], name: str) -> TreeHash:
    text = members[name]
    try:
        root = bytes.fromhex(text) if isinstance(text, str) else b""
    except ValueError:
        root = b""
    if len(root) != HASH_SIZE or root.hex() != text:
        raise MalformedError(f"commitment: {name}: must be 64 lower-case hexadecimal digits")
    return TreeHash(root)
