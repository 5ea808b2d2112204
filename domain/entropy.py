"""Randomness that a secret decides: the same secret and label give the same bytes again.

For imports that must be repeatable (the same file twice is the same commands, byte for
byte) and for seeded demonstrations. Whoever has the secret can compute every salt, so it
is 32 bytes from the system's random source and lives where the master key lives; a
demonstration's seed is no secret and its values are marked synthetic.
``tests/domain/test_entropy.py``.
"""

from hashlib import blake2b

SECRET_SIZE = 32
"""Bytes of the secret."""
_BLOCK = 64


class KeyedEntropy:
    """A stream of bytes for one label: BLAKE2b of label and counter, keyed by the secret.

    Args:
        secret: 32 bytes.
        label: what the bytes are for, such as a command id.
    """

    __slots__ = ("_counter", "_label", "_secret")

    def __init__(self, secret: bytes, label: str) -> None:
        if len(secret) != SECRET_SIZE:
            raise ValueError(f"the secret must be {SECRET_SIZE} bytes, not {len(secret)}")
        self._secret = secret
        self._label = label.encode()
        self._counter = 0

    def __call__(self, size: int, /) -> bytes:
        """Return the next *size* bytes, at most 64."""
        if not 0 < size <= _BLOCK:
            raise ValueError(f"1 to {_BLOCK} bytes at a time, not {size}")
        self._counter += 1
        text = b"%b/%d" % (self._label, self._counter)
        return blake2b(text, digest_size=size, key=self._secret).digest()
