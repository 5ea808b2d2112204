"""Writes the golden vectors of the stream index; what is there already must not change.

python -m tests.golden.stream_index.generate
"""

import json
from pathlib import Path

from chain.store.stream_index.builder import commitment_of
from chain.store.stream_index.listing import MemoryListing
from chain.store.stream_index.proving import prove_head
from chain.stream_index.ranges import Range
from tests.chain.stream_index.writing import written

FILE = Path(__file__).parent / "vectors.json"
COVERS = {
    1: [(0, 0)],
    7: [(2, 0), (1, 2), (0, 6)],
    16: [(3, 0), (2, 2), (2, 3)],
    21: [(4, 0), (2, 4), (0, 20)],
}


def vectors() -> dict[str, object]:
    """Return logs, their commitments, and proofs of every head and of some absences."""
    made = []
    for size, cover in COVERS.items():
        entries = written(size, streams=6)
        parts = [Range(*each) for each in cover]
        listings = [MemoryListing(each, entries[each.start : each.end]) for each in parts]
        streams = sorted({each.stream for each in entries})
        made.append(
            {
                "entries": [
                    {"leaf": e.leaf.hex(), "seq": e.seq, "stream": e.stream, "type": e.type}
                    for e in entries
                ],
                "commitment": commitment_of(listings).members(),
                "complete": [prove_head(listings, each).members() for each in streams],
                "absent": [prove_head(listings, each).members() for each in ("!", "b", "zz")],
                "types": [
                    {
                        kind: each.show_type(kind).members()
                        for kind in ("key.sold", "order.placed", "refund.executed")
                    }
                    for each in listings
                ],
            }
        )
    return {"specification": "docs/stream-index.md, version 1", "logs": made}


def main() -> None:
    """Write the file."""
    FILE.write_text(json.dumps(vectors(), indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
