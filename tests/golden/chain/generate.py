"""Make the golden files of the chain's formats: bytes of ours that must never change.

Run ``python -m tests.golden.chain.generate`` at the root of the repository after adding a
format beside the old ones; a file that *changes* is a broken promise. Keys, times and salts
are constants. ML-DSA-44 signs with fresh randomness, so its lines are kept: one is made
only where there is none, and the test verifies it.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from chain.checkpoint import Checkpoint, sign_checkpoint
from chain.cosignature import signer_of
from chain.entry import Entry, format_at
from chain.hashes import chain_hash, leaf_hash
from chain.inclusion import prove_inclusion
from chain.merkle import RightEdge, subtree_hashes
from chain.note import Note, Signature, make_signature, parse_signature
from chain.quorum import Policy, PolicyGroup, PolicyLog, PolicyWitness
from chain.sealed import seal
from chain.tiles import bundle_bytes, bundle_path, tile_bytes, tile_path
from chain.tlog_proof import TlogProof
from chain.vkey import SigningKey
from tests.chain.keys import ALL, LOG, LOG_PQ, ORIGIN, W1, W2, W3
from tests.chain.memory import memory_reader

HERE = Path(__file__).parent
BEGIN = datetime(2026, 11, 22, 10, 0, 0, 123456, tzinfo=UTC)
SECONDS = 1_795_341_600
SALT = bytes(range(16))
PROVED = 2


def golden_entries() -> list[bytes]:
    """Return five entries: a stream of three, one from version 0, one that needs escapes."""
    at = [format_at(BEGIN + timedelta(milliseconds=step)) for step in range(5)]
    order = "ord_01jdb0t3k5e6wbk9xv2c7m4n8q"
    buyer = seal("惜友", SALT)
    body = b'{"data":{"buyer":{"sealed":"%b"}},"meta":{"schema":1}}' % buyer.digest.hex().encode()
    first = Entry(at[0], None, 1, order, "order.placed", body).to_bytes()
    second = Entry(at[1], chain_hash(first), 2, order, "payment.captured", b"{}").to_bytes()
    third = Entry(at[2], chain_hash(second), 3, order, "refund.issued", b"").to_bytes()
    library = Entry(at[3], None, 0, "8a1f0b0e-0000-4000-8000-000000000000", "topic1", b"state")
    escaped = Entry(at[4], None, 1, 'a"b\\c', "x", "é".encode())
    return [first, second, third, library.to_bytes(), escaped.to_bytes()]


def mldsa_line(name: str, text: str, key: SigningKey) -> Signature:
    """Return the kept ML-DSA-44 signature, made once."""
    kept = HERE / name
    if not kept.exists():
        kept.write_text(make_signature(text, signer_of(key), SECONDS).line())
    return parse_signature(kept.read_text().removesuffix("\n"))


def build() -> dict[str, bytes]:
    """Return the golden files' contents by their names."""
    entries = golden_entries()
    leaves = [leaf_hash(entry) for entry in entries]
    edge = RightEdge()
    edge.extend(leaves)
    checkpoint = Checkpoint(ORIGIN, edge.size, edge.root())
    text = checkpoint.text()
    signed = Note.parse(sign_checkpoint(checkpoint, [signer_of(LOG)])).with_signatures(
        [
            mldsa_line("log.mldsa44-line", text, LOG_PQ),
            make_signature(text, signer_of(W1), SECONDS),
            make_signature(text, signer_of(W2), SECONDS),
            mldsa_line("w3.mldsa44-line", text, W3),
        ]
    )
    policy = Policy(
        (PolicyLog(LOG.verifier_key), PolicyLog(LOG_PQ.verifier_key, "https://log.example/")),
        {f"w{n}": PolicyWitness(key.verifier_key) for n, key in enumerate((W1, W2, W3), 1)},
        {"pair": PolicyGroup(2, ("w1", "w2")), "all": PolicyGroup(2, ("pair", "w3"))},
        "all",
    )
    read = memory_reader(leaves)
    proof = TlogProof(
        PROVED, tuple(prove_inclusion(PROVED, edge.size, read)), signed.to_bytes(), entries[PROVED]
    )
    files = {f"entry-{index}.txt": entry for index, entry in enumerate(entries)}
    files |= {
        "sealed.json": seal("惜友", SALT).content,
        "right-edge.bin": edge.to_bytes(),
        _flat(tile_path(0, 0, len(leaves))): tile_bytes(leaves),
        _flat(bundle_path(0, len(entries))): bundle_bytes(entries),
        "checkpoint": signed.to_bytes(),
        "policy": policy.to_bytes(),
        "refund.tlog-proof": proof.to_bytes(),
        "vkeys.txt": "".join(f"{key.verifier_key.text()}\n" for key in ALL).encode(),
        "signing-keys-test-only.txt": "".join(f"{key.text()}\n" for key in ALL).encode(),
    }
    assert subtree_hashes([(0, edge.size)], read) == [edge.root()]
    return files


def _flat(path: str) -> str:
    return path.replace("/", "_")


if __name__ == "__main__":
    for name, content in build().items():
        (HERE / name).write_bytes(content)
