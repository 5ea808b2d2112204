"""Dice that a seed decides: the market's only source of chance.

``tests/domain/market/test_marketplace.py``: one seed, one market, byte for byte.
"""

from bisect import bisect_right
from collections.abc import Sequence
from hashlib import sha256
from itertools import accumulate
from typing import TypeVar

from domain.entropy import KeyedEntropy
from domain.identifiers import RANDOM_BITS, make

T = TypeVar("T")


class Dice:
    """Whole numbers, choices and identifiers from one seed.

    Args:
        seed: any number.
        label: what they are for; another label gives other throws.
    """

    def __init__(self, seed: int, label: str) -> None:
        self._entropy = KeyedEntropy(seed_secret(seed), f"dice/{label}")

    def below(self, end: int) -> int:
        """Return a number from 0 to below *end*."""
        return int.from_bytes(self._entropy(8)) % end

    def between(self, low: int, high: int) -> int:
        """Return a number from *low* to *high*, both included."""
        return low + self.below(high - low + 1)

    def percent(self, chance: int) -> bool:
        """Return True *chance* times in a hundred."""
        return self.below(100) < chance

    def choose(self, items: Sequence[T]) -> T:
        """Return one of *items*, each as likely as the others."""
        return items[self.below(len(items))]

    def choose_popular(self, items: Sequence[T]) -> T:
        """Return one of *items*, the n-th of them 1/n times as likely as the first (Zipf)."""
        scale = 1_000_000
        sums = list(accumulate(scale // rank for rank in range(1, len(items) + 1)))
        return items[bisect_right(sums, self.below(sums[-1]))]

    def identifier(self, prefix: str, seconds: int) -> str:
        """Return a new identifier of something made at Unix *seconds*."""
        bits = int.from_bytes(self._entropy(10)) >> 80 - RANDOM_BITS
        return make(prefix, seconds * 1000, bits)


def seed_secret(seed: int) -> bytes:
    """Return the 32 bytes that *seed* stands for; no secret, as everybody can compute it."""
    return sha256(f"xiyou market {seed}".encode()).digest()
