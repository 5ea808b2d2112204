"""An issuer's key in hand: signs badges and status lists (``docs/certificate.md``).

`domain.qualification.store.issuer_key` keeps it in a file.
``tests/domain/qualification/test_b6_badge.py``.
"""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chain.errors import MalformedError
from chain.vkey import KeyType, SigningKey, VerifierKey


class IssuerKey:
    """Signs with a key in memory.

    Raises:
        MalformedError: it is no Ed25519 signing key.
    """

    def __init__(self, key: SigningKey) -> None:
        if key.type is not KeyType.ED25519:
            raise MalformedError("issuer key: must be an Ed25519 key, type 01")
        self._private = Ed25519PrivateKey.from_private_bytes(key.seed)
        self._public = key.verifier_key

    def __repr__(self) -> str:
        return f"IssuerKey({self._public.text()!r})"

    @property
    def key(self) -> VerifierKey:
        """See `BadgeSigner.key`."""
        return self._public

    def sign(self, text: str) -> bytes:
        """See `BadgeSigner.sign`."""
        return self._private.sign(text.encode())
