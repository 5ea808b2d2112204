"""``xiyou bench index``: building the stream index, and proofs from it, as a log grows.

Every entry is a stream of its own for the first half of the log (the worst case for the
lists), and goes on with one of those streams in the second. Floor: bare SHA-256 of as many
rows. Proofs are made from files that the system may have in its cache and the process has
not; each with another stream.
"""

from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import NamedTuple

from chain.canonical import to_bytes
from chain.hashes import LeafHash
from chain.store.stream_index.builder import IndexBuilder, commitment_of
from chain.store.stream_index.listing import Indexed, Listing
from chain.store.stream_index.proving import prove_head
from chain.stream_index.heads import HeadProof, verify_absent, verify_complete
from chain.stream_index.rows import StreamRow
from scripts.bench.machine import Rounds, machine, timed
from scripts.memory import peak_memory

SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
QUICK_SIZES = (1_000, 10_000)
CHUNK = 4_096
PROOFS = 200
TYPES = ("order.placed", "order.paid", "key.reserved", "key.sold", "funds.held", "ledger.posted")
ROW = b"ord_01m6b6cxs0faxvd78frqmaqtj6 4 " + b"a" * 64 + b"\n"
SPREAD = 2_654_435_761
"""Odd, so that multiplying by it visits every number below a power of two once."""


def run(*, quick: bool = False) -> dict[str, object]:
    """Measure, and return one object: bench, machine, floors, results, ratios, curve."""
    sizes = QUICK_SIZES if quick else SIZES
    rounds, curve = Rounds(), []
    facts = machine()
    spent = Spent(0.0, 0.0)
    with TemporaryDirectory(prefix="index-") as folder, IndexBuilder(Path(folder)) as builder:
        for size in sizes:
            spent = grow(builder, size, sizes[-1], spent)
            floor = timed(lambda: [sha256(ROW).digest() for _ in range(100_000)])
            rounds.add("sha256_rows_per_s", 100_000 / floor)
            curve.append(measured(builder, size, sizes[-1], spent))
    results = (
        *("index_events_per_s", "index_events_per_cpu_s", "prove_ms", "check_ms"),
        "proof_bytes",
    )
    for name in results:
        rounds.add(name, curve[-1][name])
    return {
        "bench": "index",
        "machine": facts,
        "floors": rounds.summary(["sha256_rows_per_s"]),
        "results": rounds.summary(results),
        "ratios": rounds.ratios({"index_vs_sha256": ("index_events_per_s", "sha256_rows_per_s")}),
        "curve": curve,
    }


class Spent(NamedTuple):
    """What the index has taken to grow."""

    seconds: float
    cpu_seconds: float
    """Of one core: what others do on the machine does not count, nor does waiting for disks."""


def grow(builder: IndexBuilder, size: int, end: int, spent: Spent) -> Spent:
    """Let the index grow to *size* entries; return what all of it has taken."""
    seconds, cpu_seconds = spent
    for chunk in entries(builder.size, size, end):
        began, cpu_began = perf_counter(), process_time()
        builder.add(chunk)
        seconds += perf_counter() - began
        cpu_seconds += process_time() - cpu_began
    return Spent(seconds, cpu_seconds)


def measured(builder: IndexBuilder, size: int, end: int, spent: Spent) -> dict[str, float]:
    """Return what can be said of the index at *size* entries, which took what is *spent*."""
    listings = builder.listings()
    return {
        "entries": size,
        "index_events_per_s": round(size / spent.seconds),
        "index_events_per_cpu_s": round(size / spent.cpu_seconds),
        "ranges": len(listings),
        "memory_mb": peak_memory() >> 20,
        **proofs(listings, size, end),
    }


def entries(start: int, stop: int, end: int) -> Iterator[list[Indexed]]:
    """Give the entries [start, stop) of a log that will have *end*, a chunk at a time."""
    for first in range(start, stop, CHUNK):
        yield [entry(index, end) for index in range(first, min(first + CHUNK, stop))]


def entry(index: int, end: int) -> Indexed:
    """Return the entry at leaf *index*."""
    half = end // 2
    leaf = LeafHash(sha256(b"%d" % index).digest())
    stream = name_of_stream(index % half)
    return Indexed(stream, index // half + 1, TYPES[index % len(TYPES)], leaf)


def name_of_stream(number: int) -> str:
    """Return the name of a stream; neighbours in the log are far apart in the lists."""
    return f"ord_01m6b6cxs0faxvd7{number * SPREAD % 2**32:010x}"


def proofs(listings: Sequence[Listing], size: int, end: int) -> dict[str, float]:
    """Make and check proofs of streams all over the log; return medians and the largest."""
    commitment = commitment_of(listings)
    half = end // 2
    making, checking, sizes = [], [], []
    for place in range(PROOFS):
        number = place * min(size, half) // PROOFS
        stream = name_of_stream(number)
        began = perf_counter()
        proof = prove_head(listings, stream)
        made = perf_counter()
        members = proof.members()
        sizes.append(len(to_bytes(members)))
        again = perf_counter()
        index = number + half if number + half < size else number
        last = entry(index, end)
        row = StreamRow(last.stream, last.seq, last.leaf)
        verify_complete(HeadProof.of_members(members), commitment, row, index)
        checking.append(perf_counter() - again)
        making.append(made - began)
    verify_absent(prove_head(listings, "ord_nobody"), commitment)
    middle = PROOFS // 2
    return {
        "prove_ms": round(sorted(making)[middle] * 1e3, 3),
        "prove_max_ms": round(max(making) * 1e3, 3),
        "check_ms": round(sorted(checking)[middle] * 1e3, 3),
        "proof_bytes": max(sizes),
    }
