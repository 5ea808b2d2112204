"""Proofs of possession (DPoP, RFC 9449): the caller holds the key that its token is bound to.

A proof is good for one method, one address and one token, for a minute, and once.
``tests/api/access/test_asking.py``.
"""

from base64 import urlsafe_b64encode
from dataclasses import dataclass
from hashlib import sha256
from typing import Final
from urllib.parse import urlsplit

from api.access.signed import Key, peek, read_public_key, verify
from api.access.token import LEEWAY
from chain.errors import MalformedError, VerificationError

TYPE: Final = "dpop+jwt"
WINDOW: Final = 60
"""Seconds that a proof may be old."""
MAX_ID: Final = 128


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof that holds, but for its having been used before."""

    thumbprint: str
    once: bytes
    """SHA-256 of key and id: what must not be taken twice."""
    until: int
    """Unix time after which it is not taken anyhow."""


def check_proof(text: str, method: str, url: str, now: int, token: str | None = None) -> Proof:
    """Return the proof in *text* once all that it claims is so.

    Args:
        text: the header ``DPoP``.
        method: of the request.
        url: that the request was sent to; its query does not matter.
        now: Unix time.
        token: the access token that comes with it, if one does.

    Raises:
        MalformedError: it is not in its format.
        VerificationError: it is for another request or token, too old, or not signed.
    """
    key: Key = read_public_key(peek(text).get("jwk"))
    claims = verify(text, key, TYPE)
    name, at = claims.get("jti"), claims.get("iat")
    if not isinstance(name, str) or not 0 < len(name) <= MAX_ID:
        raise MalformedError(f"jti: 1 to {MAX_ID} characters")
    if type(at) is not int:
        raise MalformedError("iat: no number of seconds")
    if not now - WINDOW <= at <= now + LEEWAY:
        raise VerificationError(f"iat: more than {WINDOW} s ago, or of a time to come")
    if claims.get("htm") != method:
        raise VerificationError("htm: for another method")
    if not isinstance(claims.get("htu"), str) or address(claims["htu"]) != address(url):
        raise VerificationError("htu: for another address")
    if token is not None and claims.get("ath") != token_hash(token):
        raise VerificationError("ath: for another token")
    thumbprint = key.thumbprint()
    once = sha256(f"{thumbprint} {name}".encode()).digest()
    return Proof(thumbprint, once, at + WINDOW + LEEWAY)


def token_hash(token: str) -> str:
    """Return the ``ath`` of *token*."""
    return urlsafe_b64encode(sha256(token.encode()).digest()).rstrip(b"=").decode()


def address(url: str) -> tuple[str, str, int | None, str]:
    """Return what of *url* is compared: scheme, host, port and path.

    Raises:
        MalformedError: it is no URL.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        raise MalformedError("htu: no URL") from None
    return parts.scheme, parts.hostname or "", port, parts.path or "/"
