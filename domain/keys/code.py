"""Codes that people type: platform keys and vouchers, each with a check symbol.

``features.md``, section 6, rules 1 to 3: Crockford base32 and one mod-37 check symbol, in
groups of five; 24 random symbols for a platform key, 19 for a voucher. A draw whose check
value is 32 or more is thrown away, so that no code holds ``*~$=U``. Reading ignores case
and hyphens and takes I and L for 1, O for 0. ``tests/domain/keys/test_code.py``.
"""

from chain.errors import MalformedError
from domain.sealing import Entropy

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
PLATFORM_KEY_SYMBOLS = 24
VOUCHER_SYMBOLS = 19
GROUP = 5

_VALUES = {symbol: value for value, symbol in enumerate(ALPHABET)}
_READ_AS = str.maketrans("ILO", "110", "-")
_CHECK_MODULUS = 37


def draw_code(symbols: int, entropy: Entropy) -> str:
    """Return a new code of *symbols* random symbols and a check symbol, in groups of five."""
    bits = 5 * symbols
    while True:
        value = int.from_bytes(entropy((bits + 7) // 8)) & (1 << bits) - 1
        check = value % _CHECK_MODULUS
        if check < len(ALPHABET):
            break
    text = "".join([ALPHABET[value >> shift & 31] for shift in range(bits - 5, -1, -5)])
    text += ALPHABET[check]
    return "-".join([text[start : start + GROUP] for start in range(0, len(text), GROUP)])


def read_code(text: str, symbols: int) -> str:
    """Return the code that somebody typed, in the one spelling that `draw_code` gives.

    Raises:
        MalformedError: wrong length, a foreign symbol, or a check symbol that does not fit.
    """
    plain = text.upper().translate(_READ_AS)
    if len(plain) != symbols + 1 or any(each not in _VALUES for each in plain):
        raise MalformedError(f"a code has {symbols + 1} letters and digits, hyphens ignored")
    value = 0
    for symbol in plain[:-1]:
        value = value << 5 | _VALUES[symbol]
    if value % _CHECK_MODULUS != _VALUES[plain[-1]]:
        raise MalformedError("the code's check symbol does not fit: it was mistyped")
    return "-".join([plain[start : start + GROUP] for start in range(0, len(plain), GROUP)])
