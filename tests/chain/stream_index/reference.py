"""The stream index, slow and obviously right: nothing is shared with `chain.stream_index`.

``docs/stream-index.md``, word for word, over a list of (stream, seq, type, leaf hash).
"""

from collections.abc import Sequence
from hashlib import sha256

from tests.chain.reference import mth

Entry = tuple[str, int, str, bytes]


def stream_lines(entries: Sequence[Entry]) -> list[bytes]:
    lines = {}
    for stream, seq, _, leaf in entries:
        lines[stream] = f"{stream} {seq} {leaf.hex()}\n".encode()
    return [lines[name] for name in sorted(lines, key=lambda name: name.encode())]


def type_lines(entries: Sequence[Entry], start: int) -> list[bytes]:
    lines = []
    for kind in sorted({kind for _, _, kind, _ in entries}):
        mine = [(start + place, leaf) for place, (_, _, k, leaf) in enumerate(entries) if k == kind]
        top = node(mine, start, start + len(entries))
        assert top is not None
        lines.append(f"{kind} {len(mine)} {top.hex()}\n".encode())
    return lines


def node(entries: Sequence[tuple[int, bytes]], start: int, end: int) -> bytes | None:
    inside = [each for each in entries if start <= each[0] < end]
    if not inside:
        return None
    if end - start == 1:
        index, leaf = inside[0]
        return sha256(b"\x00" + f"{index} {leaf.hex()}\n".encode()).digest()
    middle = (start + end) // 2
    left, right = node(inside, start, middle), node(inside, middle, end)
    if left is None or right is None:
        return left or right
    return sha256(b"\x01" + left + right).digest()


def roots(entries: Sequence[Entry], level: int, number: int) -> dict[str, object]:
    start, end = number << level, (number + 1) << level
    streams = stream_lines(entries[start:end])
    types = type_lines(entries[start:end], start)
    return {
        "level": level,
        "number": number,
        "stream_root": mth(streams).hex(),
        "streams": len(streams),
        "type_root": mth(types).hex(),
        "types": len(types),
    }


def heads(entries: Sequence[Entry]) -> dict[str, tuple[int, int, bytes]]:
    """Of each stream: the leaf index, seq and leaf hash of its last entry."""
    return {stream: (index, seq, leaf) for index, (stream, seq, _, leaf) in enumerate(entries)}
