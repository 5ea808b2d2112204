"""Identifiers: a UUIDv7 inside, a TypeID outside (``ord_01h455vb4pex5vsknk084sn02q``).

The TypeID specification 0.3.0: a prefix, ``_``, 26 symbols of lower-case Crockford base32.
UUIDv7 is RFC 9562, section 5.7: 48 bits of Unix milliseconds and 74 random bits. Time and
randomness are arguments; `derive` takes them from a source instead, so that importing the
same file twice names the same things. Proved by ``tests/domain/test_identifiers.py``
against the specification's own vectors.
"""

import re
from hashlib import sha256
from typing import Final
from uuid import UUID

from chain.errors import MalformedError

RANDOM_BITS: Final = 74
"""Random bits of a UUIDv7."""

ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
SUFFIX_SIZE: Final = 26
SUFFIX_PATTERN: Final = f"[0-7][{ALPHABET}]{{25}}"

_TYPEID = re.compile(rf"(?:([a-z](?:[a-z_]{{0,61}}[a-z])?)_)?({SUFFIX_PATTERN})")
_VALUES = {symbol: value for value, symbol in enumerate(ALPHABET)}
_PAIRS = tuple(high + low for high in ALPHABET for low in ALPHABET)
_SHIFTS = tuple(range(120, -1, -10))
_MAX_MILLISECONDS = 2**48 - 1
_RAND_B_BITS = 62


def spell(prefix: str, value: int) -> str:
    """Return the TypeID of *prefix* and the 128 bits of *value*."""
    suffix = "".join([_PAIRS[value >> shift & 0x3FF] for shift in _SHIFTS])
    return f"{prefix}_{suffix}" if prefix else suffix


def read(text: str) -> tuple[str, UUID]:
    """Return the prefix and the UUID that *text* spells, of whatever UUID version.

    Raises:
        MalformedError: *text* is not a TypeID.
    """
    match = _TYPEID.fullmatch(text)
    if not match:
        raise MalformedError(f"{text!a:.90} is not a TypeID: a prefix, _ and 26 base32 symbols")
    value = 0
    for symbol in match[2]:
        value = value << 5 | _VALUES[symbol]
    return match[1] or "", UUID(int=value)


def make(prefix: str, milliseconds: int, random_bits: int) -> str:
    """Return a new identifier.

    Args:
        prefix: what kind of thing it names, such as ``ord``.
        milliseconds: Unix time.
        random_bits: 74 random bits as a number.

    Raises:
        MalformedError: a number is out of its range.
    """
    if not 0 <= milliseconds <= _MAX_MILLISECONDS:
        raise MalformedError(f"milliseconds: {milliseconds} does not fit 48 bits")
    if not 0 <= random_bits < 1 << RANDOM_BITS:
        raise MalformedError(f"random_bits: must be {RANDOM_BITS} bits")
    rand_a, rand_b = random_bits >> _RAND_B_BITS, random_bits & (1 << _RAND_B_BITS) - 1
    return spell(prefix, milliseconds << 80 | 7 << 76 | rand_a << 64 | 2 << 62 | rand_b)


def derive(prefix: str, milliseconds: int, source: str) -> str:
    """Return the identifier that *source*, a stable name such as a file's row, always has.

    The random bits are the first 74 of SHA-256 of prefix and source. Never derive one
    from a personal value: whoever guesses the value could compute the identifier.

    Raises:
        MalformedError: *milliseconds* does not fit 48 bits.
    """
    digest = sha256(f"{prefix}/{source}".encode()).digest()
    return make(prefix, milliseconds, int.from_bytes(digest[:10]) >> 80 - RANDOM_BITS)


def check(text: str, prefix: str) -> str:
    """Return *text* if it is an identifier of ours with *prefix*: a TypeID over a UUIDv7.

    Raises:
        MalformedError: it is not.
    """
    found, uuid = read(text)
    if found != prefix:
        raise MalformedError(f"{text}: expected an identifier with the prefix {prefix}_")
    if uuid.version != 7:  # noqa: PLR2004 — the version that UUIDv7 is named after
        raise MalformedError(f"{text}: holds no UUIDv7")
    return text


def milliseconds(text: str) -> int:
    """Return the Unix time in an identifier of ours.

    Raises:
        MalformedError: *text* is not a TypeID.
    """
    return read(text)[1].int >> 80
