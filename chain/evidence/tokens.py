"""Time-stamp tokens as `chain.evidence.stamps` asks for them: `chain.timestamp`, in its words.

Proved by ``tests/chain/evidence/test_stamps.py``.
"""

from typing import Final

from chain.errors import MalformedError
from chain.evidence.fault import Fault, Unchecked
from chain.timestamp import (
    Timestamp,
    TimestampError,
    check_imprint,
    check_timestamp,
    read_authorities,
)

# What a report has no word of its own for.
_CODES: Final = {"malformed": "imprint", "nonce": "imprint"}


class TokenTool:
    """Verifies tokens; needs no program beside this one."""

    def check_imprint(self, token: bytes, signed: bytes) -> None:
        """Check that *token* was granted, over *signed*; needs no roots.

        Raises:
            Fault: ``status`` or ``imprint``.
        """
        _claimed(token, signed)

    def check(
        self, token: bytes, signed: bytes, roots: bytes | None, *, is_test_allowed: bool
    ) -> str:
        """Return the time in *token* once an authority under *roots* vouches for it.

        Raises:
            Fault: ``untrusted``, ``usage``, ``expired``, or as `check_imprint`.
            Unchecked: ``test_authority`` or ``no_outside_roots``.
        """
        if _claimed(token, signed).is_test and not is_test_allowed:
            raise Unchecked("test_authority")
        if roots is None:
            raise Unchecked("no_outside_roots")
        try:
            found = check_timestamp(
                token, signed, read_authorities(roots), allow_test_authority=True
            )
        except TimestampError as error:
            raise Fault(_CODES.get(error.code, error.code)) from None
        return f"{found.at:%Y-%m-%dT%H:%M:%S.%f}Z"


def check_roots(roots: bytes, what: str = "tsa-roots") -> None:
    """Check that *roots*, which the reader gives as *what*, are certificates in PEM.

    Raises:
        MalformedError: they are not.
    """
    if not read_authorities(roots):
        raise MalformedError(f"{what}: holds no certificate")


def _claimed(token: bytes, signed: bytes) -> Timestamp:
    try:
        return check_imprint(token, signed)
    except TimestampError as error:
        raise Fault(_CODES.get(error.code, error.code)) from None
