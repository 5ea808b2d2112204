"""The published vectors: what we write today is what stands there, and all of it verifies."""

import json

from chain.hashes import LeafHash
from chain.stream_index.commitment import Commitment
from chain.stream_index.heads import HeadProof, verify_absent, verify_complete
from chain.stream_index.rows import StreamRow
from chain.stream_index.shown import Shown
from chain.stream_index.topics import verify_topics
from tests.chain.stream_index import reference
from tests.golden.stream_index.generate import FILE, vectors

LOGS = json.loads(FILE.read_text(encoding="utf-8"))["logs"]


def test_todays_program_writes_the_published_bytes() -> None:
    assert json.loads(json.dumps(vectors()))["logs"] == LOGS


def test_the_published_vectors_verify_and_agree_with_the_reference() -> None:
    for log in LOGS:
        entries = [
            (e["stream"], e["seq"], e["type"], LeafHash(bytes.fromhex(e["leaf"])))
            for e in log["entries"]
        ]
        commitment = Commitment.of_members(log["commitment"])
        for each in commitment.ranges:
            assert each.members() == reference.roots(entries, *each.range)
        heads = reference.heads(entries)
        assert len(log["complete"]) == len(heads)
        for members in log["complete"]:
            index, seq, leaf = heads[members["stream"]]
            row = StreamRow(members["stream"], seq, LeafHash(leaf))
            verify_complete(HeadProof.of_members(members), commitment, row, index)
        for members in log["absent"]:
            verify_absent(HeadProof.of_members(members), commitment)
        for roots, shown in zip(commitment.ranges, log["types"], strict=True):
            part = roots.range
            found = {
                kind: [
                    (i, entries[i][3]) for i in range(part.start, part.end) if entries[i][2] == kind
                ]
                for kind in shown
            }
            verify_topics(found, {k: Shown.of_members(v) for k, v in shown.items()}, roots)
