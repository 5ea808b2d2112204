"""Audits what the log commits to of its own streams: every root is computed again.

``docs/stream-index.md``: the lists are a function of the entries alone, so a commitment that
is false is one that its operator made false. ``tests/chain/store/test_audited_index.py``.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from chain.audit import MAX_FINDINGS, Finding, Row
from chain.errors import MalformedError
from chain.store.stream_index.builder import BASE_LEVEL
from chain.store.stream_index.listing import Indexed
from chain.store.stream_index.recomputing import Recomputed
from chain.store.stream_index.stored_log import commitment_in, indexed
from chain.stream_index.commitment import EVENT_TYPE
from chain.stream_index.shown import IndexUntrueError

WHERE = "index"

ReadRows = Callable[[int, int], Iterator[Sequence[Row]]]
"""Gives the entries from one leaf index to before another."""


def audit_commitments(
    read: ReadRows, size: int, folder: Path, base_level: int = BASE_LEVEL
) -> list[Finding]:
    """Return what is false of the commitments among the first *size* entries.

    Args:
        read: gives entries that have been audited themselves.
        size: of the log.
        folder: an empty one, for the lists.
        base_level: see `IndexBuilder`.
    """

    def again(start: int, stop: int) -> Iterator[Sequence[Indexed]]:
        for rows in read(start, stop):
            yield [indexed(row) for row in rows]

    index = Recomputed(folder / "ranges", again, {}, base_level)
    findings: list[Finding] = []
    try:
        for rows in read(0, size):
            taken = 0
            for place, row in enumerate(rows):
                if row[3] != EVENT_TYPE or len(findings) == MAX_FINDINGS:
                    continue
                # All before it, and not yet itself: it may speak of no more.
                index.add([indexed(each) for each in rows[taken:place]])
                taken = place
                fault = _fault(index, row)
                if fault is not None:
                    findings.append(Finding(row[0], fault, WHERE))
            index.add([indexed(each) for each in rows[taken:]])
    finally:
        index.close()
    return findings


def _fault(index: Recomputed, row: Row) -> str | None:
    try:
        index.check(commitment_in(row[4]), row[0])
    except MalformedError as error:
        return f"is not a commitment: {error}"
    except IndexUntrueError as error:
        return f"the commitment is false: {error}"
    return None
