"""Where the histories of a matter end: the part of a package that makes it whole.

``docs/evidence-format.md``, 4a: for every history of the matter, the proof that its last
entry was its last when the log had as many entries as were committed. What does not verify
is not handed out. ``tests/domain/evidence/test_heads.py``.
"""

from collections.abc import Callable

from chain.evidence.writing import HeadIndex, ProvenEntry
from chain.hashes import leaf_hash
from chain.stream_index.commitment import Commitment
from chain.stream_index.heads import HeadProof, verify_complete
from chain.stream_index.rows import StreamRow
from domain.evidence.selection import Selection

ProveHead = Callable[[str], HeadProof]
"""Returns the proof of where a stream ends, by one commitment."""


def last_of_matter(selection: Selection) -> int:
    """Return the leaf index of the newest entry of a history that is shown whole.

    A commitment to more entries than that ends every history of the matter.
    """
    return max(_ends(selection), default=-1)


def heads_of(
    selection: Selection, entry: ProvenEntry, commitment: Commitment, prove: ProveHead
) -> HeadIndex:
    """Return commitment and proofs for the histories of *selection*.

    Args:
        selection: taken from the log as it was at the size of *commitment*, or so that
            nothing of the matter came between.
        entry: that commits, with its inclusion in the package's checkpoint.
        commitment: what it says.
        prove: by it.

    Raises:
        IndexUntrueError: a history went on before the size that is committed, or the
            commitment is not true of the log.
    """
    proofs = {}
    for index, row in _ends(selection).items():
        proofs[index] = proof = prove(row.stream)
        verify_complete(proof, commitment, row, index)
    return HeadIndex(entry, proofs)


def _ends(selection: Selection) -> dict[int, StreamRow]:
    """Return, by leaf index, the row of the last entry of every history of the matter."""
    last = {entry.stream: (index, entry.seq) for index, entry in selection.parsed()}
    return {
        index: StreamRow(stream, seq, leaf_hash(selection.entries[index]))
        for stream, (index, seq) in last.items()
        if stream not in selection.supporting
    }
