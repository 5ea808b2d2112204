"""Signatures of type 05: RFC 6962 tree heads in a note, verified and never made.

c2sp.org/static-ct-api: the signature is u64 milliseconds ‖ hash algorithm 4 (SHA-256) ‖
signature algorithm 3 (ECDSA) ‖ u16 length ‖ DER, over RFC 6962's TreeHeadSignature
(section 3.5). Certificate Transparency logs sign so; we read them when their checkpoints
stand beside ours. A tree head says nothing of origin or extension lines: the origin
must be the key's name, and there may be no extension lines. ``tests/chain/test_note.py`` runs
``tests/vectors/signed_notes.json``.
"""

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from chain.checkpoint import Checkpoint
from chain.errors import MalformedError, SignatureFailedError
from chain.vkey import VerifierKey

_TIME_SIZE = 8
_DER_START = _TIME_SIZE + 4
_SHA256_ECDSA = b"\x04\x03"
_VERSION_AND_TYPE = b"\x00\x01"  # v1, tree_hash


class TreeHeadVerifier:
    """Verifies the tree heads that one Certificate Transparency log has signed."""

    def __init__(self, key: VerifierKey) -> None:
        """Verify with *key*, whose public part is a SubjectPublicKeyInfo.

        Raises:
            MalformedError: it is not an ECDSA key on P-256.
        """
        self.key = key
        try:
            public = load_der_public_key(key.public)
        except (ValueError, UnsupportedAlgorithm):
            raise MalformedError(f"key {key.name}: not a SubjectPublicKeyInfo") from None
        if not isinstance(public, EllipticCurvePublicKey) or not isinstance(
            public.curve, SECP256R1
        ):
            raise MalformedError(f"key {key.name}: type 05 needs an ECDSA key on P-256")
        self._public = public

    def verify(self, text: str, signature: bytes) -> None:
        """Check *signature* over the checkpoint *text*.

        Raises:
            SignatureFailedError: it is not by this key over this tree head.
        """
        fault = SignatureFailedError(f"the tree head signature by {self.key.name} is false")
        size = int.from_bytes(signature[_DER_START - 2 : _DER_START])
        der = signature[_DER_START:]
        if signature[_TIME_SIZE : _DER_START - 2] != _SHA256_ECDSA or len(der) != size:
            raise fault
        try:
            checkpoint = Checkpoint.parse(text)
        except MalformedError:
            raise fault from None
        # The signed tree head leaves the origin out, so the key's name stands in for it.
        if checkpoint.origin != self.key.name:
            raise fault
        head = checkpoint.size.to_bytes(8) + checkpoint.root
        try:
            message = _VERSION_AND_TYPE + signature[:_TIME_SIZE] + head
            self._public.verify(der, message, ECDSA(SHA256()))
        except InvalidSignature:
            raise fault from None
