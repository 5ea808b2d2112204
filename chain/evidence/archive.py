"""The zip of an evidence package: one spelling, stored members only (``evidence.md``, 2.4).

A reader that checks sizes, names and methods in the central directory first, reads the
members, writes the archive again and compares bytes cannot be bombed, and has no cases to
forget: a comment, a gap, another date or a link is another spelling. Written by hand, so
that no library's version is part of the format. ``tests/chain/evidence/test_archive.py``
compares the bytes with those of `zipfile`.
"""

from collections.abc import Iterator, Mapping
from struct import Struct
from typing import NamedTuple, Protocol
from zlib import crc32

from chain.errors import MalformedError
from chain.evidence.claims import MAX_MEMBER, MAX_MEMBERS, MAX_PACKAGE
from chain.evidence.digests import Sliceable
from chain.evidence.fault import Fault
from chain.evidence.names import BUNDLE, is_allowed

_LOCAL = Struct("<4s5H3L2H")
_CENTRAL = Struct("<4s6H3L5H2L")
_END = Struct("<4s4H2LH")
_LOCAL_MARK, _CENTRAL_MARK, _END_MARK = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
_VERSION, _MADE_BY = 20, 0x0314
_DATE = 0x0021  # 1980-01-01
_REGULAR_0644 = 0x81A40000
_ZIP64_COUNT, _ZIP64_SIZE = 0xFFFF, 0xFFFFFFFF


class Archive(Sliceable, Protocol):
    """An archive's bytes, in memory or on disk: what of `bytes` a reader needs of them."""

    def rfind(self, mark: bytes, /) -> int:
        """Return the last place of *mark*, -1 if there is none."""
        ...


class _Record(NamedTuple):
    """What the central directory says of a member."""

    name: bytes
    method: int
    packed: int
    size: int
    offset: int


def write_archive(members: Mapping[str, bytes]) -> bytes:
    """Return the archive of *members*: ``bundle.json`` first, the others by name.

    Raises:
        MalformedError: a name is not allowed, or a limit is passed.
    """
    if BUNDLE not in members:
        raise MalformedError(f"a package holds {BUNDLE}")
    if len(members) > MAX_MEMBERS or any(len(each) > MAX_MEMBER for each in members.values()):
        raise MalformedError(
            f"a package has at most {MAX_MEMBERS} files of {MAX_MEMBER} bytes: make several"
        )
    for name in members:
        if not is_allowed(name):
            raise MalformedError(f"{name!a:.90}: is no name of a package's file")
    data = _written(members)
    if len(data) > MAX_PACKAGE:
        raise MalformedError(f"a package has at most {MAX_PACKAGE} bytes: make several")
    return data


def read_archive(data: Archive) -> dict[str, bytes]:
    """Return the members of the archive *data* by name; nothing is ever inflated.

    Raises:
        Fault: it is not as `write_archive` writes; the code is one of ``container``.
    """
    if len(data) > MAX_PACKAGE:
        raise Fault("too_large")
    records = _records(data)
    # Nothing of a member is looked at before all that is said of all of them is sound.
    names = [each.name.decode("latin-1") for each in records]
    if not all(is_allowed(name) for name in names):
        raise Fault("name")
    if len(set(names)) != len(names):
        raise Fault("duplicate_name")
    if any(each.method for each in records):
        raise Fault("compressed")
    if any(max(each.size, each.packed) > MAX_MEMBER for each in records):
        raise Fault("too_large")
    members: dict[str, bytes] = {}
    for name, each in zip(names, records, strict=True):
        start = each.offset + _LOCAL.size + len(each.name)
        if start + each.size > len(data):
            raise Fault("truncated")
        members[name] = data[start : start + each.size]
    if sum(len(each) for each in members.values()) > len(data):
        raise Fault("not_canonical")  # overlapping members
    if BUNDLE not in members or not _is_written(members, data):
        raise Fault("not_canonical")
    return members


def check_folder(names: Mapping[str, int]) -> None:
    """Check the names and sizes of the files of an unpacked package.

    Raises:
        Fault: a name is not allowed, or a limit is passed.
    """
    if len(names) > MAX_MEMBERS or sum(names.values()) > MAX_PACKAGE:
        raise Fault("too_large")
    if not all(is_allowed(name) for name in names):
        raise Fault("name")
    if any(size > MAX_MEMBER for size in names.values()):
        raise Fault("too_large")
    if BUNDLE not in names:
        raise Fault("not_canonical")


def _written(members: Mapping[str, bytes]) -> bytes:
    return b"".join(_pieces(members))


def _is_written(members: Mapping[str, bytes], data: Archive) -> bool:
    """Say whether *data* is the archive of *members*, without a second copy of it."""
    place = 0
    for piece in _pieces(members):
        if data[place : place + len(piece)] != piece:
            return False
        place += len(piece)
    return place == len(data)


def _pieces(members: Mapping[str, bytes]) -> Iterator[bytes]:
    others = sorted(name for name in members if name != BUNDLE)
    central: list[bytes] = []
    offset = 0
    for name in (BUNDLE, *others):
        content, encoded = members[name], name.encode("ascii")
        size, check = len(content), crc32(content)
        head = (_VERSION, 0, 0, 0, _DATE, check, size, size, len(encoded), 0)
        yield from (_LOCAL.pack(_LOCAL_MARK, *head), encoded, content)
        rest = (0, 0, 0, _REGULAR_0644, offset)
        central += [_CENTRAL.pack(_CENTRAL_MARK, _MADE_BY, *head, *rest), encoded]
        offset += _LOCAL.size + len(encoded) + size
    count, length = len(members), sum(map(len, central))
    yield from central
    yield _END.pack(_END_MARK, 0, 0, count, count, length, offset, 0)


def _records(data: Archive) -> list[_Record]:
    """Return the central directory's records.

    Raises:
        Fault: the end or the directory is not there, or not where it must be.
    """
    count, offset, place = _directory(data)
    records = []
    for _ in range(count):
        if offset + _CENTRAL.size > place:
            raise Fault("truncated")
        mark, _, _, _, method, _, _, _, packed, size, named, extra, said, *_, at = _CENTRAL.unpack(
            data[offset : offset + _CENTRAL.size]
        )
        if mark != _CENTRAL_MARK or _ZIP64_SIZE in (packed, size, at):
            raise Fault("not_canonical")
        start = offset + _CENTRAL.size
        offset = start + named + extra + said
        if offset > place:
            raise Fault("truncated")
        records.append(_Record(data[start : start + named], method, packed, size, at))
    if offset != place:
        raise Fault("not_canonical")
    return records


def _directory(data: Archive) -> tuple[int, int, int]:
    """Return how many records the central directory has, where it begins and where it ends.

    Raises:
        Fault: the end is not there, or not where it must be.
    """
    place = data.rfind(_END_MARK)
    if place < 0 or place + _END.size > len(data):
        raise Fault("truncated")
    if place + _END.size != len(data):
        raise Fault("not_canonical")
    _, _, _, _, count, length, offset, _ = _END.unpack(data[place : place + _END.size])
    if count == _ZIP64_COUNT or _ZIP64_SIZE in (length, offset):
        raise Fault("not_canonical")
    if count > MAX_MEMBERS:
        raise Fault("too_large")
    if offset + length > place:
        raise Fault("truncated")
    if offset + length != place:
        raise Fault("not_canonical")
    return count, offset, place
