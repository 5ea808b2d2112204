"""Logs to be indexed, as a seed decides."""

from hashlib import sha256
from random import Random

from chain.hashes import LeafHash
from chain.store.stream_index.listing import Indexed

TYPES = ("order.placed", "order.paid", "key.sold", "ledger.posted", "dispute.opened")


def written(size: int, streams: int = 40, seed: int = 1) -> list[Indexed]:
    """Return *size* entries over at most *streams* streams, some names a part of others."""
    random = Random(seed)
    versions: dict[str, int] = {}
    entries = []
    for index in range(size):
        number = random.randrange(streams)
        name = f"ord_{'x' * (number % 7)}{number}" if number % 3 else f"a/{number}!"
        versions[name] = versions.get(name, 0) + 1
        leaf = LeafHash(sha256(f"{seed}/{index}".encode()).digest())
        kind = TYPES[min(random.randrange(12), random.randrange(5))]
        entries.append(Indexed(name, versions[name], kind, leaf))
    return entries
