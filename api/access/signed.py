"""Signed JSON (JWS compact): tokens, proofs and assertions, each under the one key it must have.

What a text says of its own algorithm decides nothing: the key does (RFC 8725, 3.1). Ed25519
and P-256 everywhere; RSA of at least 2,048 bits for an identity provider's tokens alone.
``tests/api/access/test_asking.py``.
"""

import json
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from typing import Any, Final, Literal

from joserfc import jwt
from joserfc._rfc7515.model import JWSAlgModel  # what the library calls its extension point
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from chain.errors import MalformedError, VerificationError

Key = OKPKey | ECKey | RSAKey
MAX_SIZE: Final = 8_192
RSA_BITS: Final = 2_048


class _EdDSA(JWSAlgModel):
    """EdDSA as RFC 8037 names it, for Ed25519 alone, as `algorithms_of` sees to.

    The library warns that RFC 9864 names it anew; every client still writes the old name.
    """

    name = "EdDSA"
    description = "Ed25519 under its older name"
    key_type = "OKP"

    def sign(self, msg: bytes, key: OKPKey) -> bytes:
        """Return the signature of *msg*."""
        return _ED25519.sign(msg, key)

    def verify(self, msg: bytes, sig: bytes, key: OKPKey) -> bool:
        """Say whether *sig* is that of *msg*."""
        return _ED25519.verify(msg, sig, key)


_ED25519: Final = JWSRegistry.algorithms["Ed25519"]


class _Registry(JWSRegistry):
    """What may sign, and nothing beside it."""

    algorithms: dict[str, JWSAlgModel] = {  # noqa: RUF012 — the library's own attribute
        **{name: JWSRegistry.algorithms[name] for name in ("Ed25519", "ES256", "RS256", "PS256")},
        "EdDSA": _EdDSA(),
    }


def algorithms_of(key: Key) -> list[str]:
    """Return what may be said to have been signed with *key*.

    Raises:
        VerificationError: keys of that kind or size are not taken.
    """
    pinned: Any = key.get("alg")
    found = _by_kind(key)
    if pinned is None:
        return found
    if pinned not in found:
        raise VerificationError("the key is of an algorithm that is not taken")
    return [pinned]


def _by_kind(key: Key) -> list[str]:
    if isinstance(key, OKPKey) and key.curve_name == "Ed25519":
        return ["EdDSA", "Ed25519"]
    if isinstance(key, ECKey) and key.curve_name == "P-256":
        return ["ES256"]
    if isinstance(key, RSAKey) and key.raw_value.key_size >= RSA_BITS:
        return ["RS256", "PS256"]
    raise VerificationError("the key is of a kind that is not taken")


def sign(header: Mapping[str, Any], claims: Mapping[str, Any], key: Key) -> str:
    """Return *claims* under *key*, with ``alg`` of the key's kind."""
    [alg, *_] = algorithms_of(key)
    return jwt.encode(
        {"alg": alg, **header}, dict(claims), key, registry=_Registry(algorithms=[alg])
    )


def peek(text: str, part: Literal[0, 1] = 0) -> dict[str, Any]:
    """Return the header of *text*, or its claims (1), of which nothing is believed yet.

    Raises:
        MalformedError: it has none.
    """
    parts = text.split(".")
    if len(text) > MAX_SIZE or not text.isascii() or len(parts) != 3:  # noqa: PLR2004 — three parts
        raise MalformedError("not a signed text of three parts")
    try:
        found = json.loads(urlsafe_b64decode(parts[part] + "=" * (-len(parts[part]) % 4)))
    except (ValueError, RecursionError):
        raise MalformedError("not a signed text of three parts") from None
    if not isinstance(found, dict):
        raise MalformedError("a part of it is no object")
    return found


def verify(text: str, key: Key, kind: str | None) -> dict[str, Any]:
    """Return the claims of *text* once *key* has signed them.

    Args:
        text: compact.
        key: from whoever is believed, never from *text* alone.
        kind: what its ``typ`` must be; None for any.

    Raises:
        MalformedError: it is not in its format.
        VerificationError: it is of another kind, or *key* has not signed it.
    """
    header = peek(text)
    found = str(header.get("typ", "")).lower().removeprefix("application/")
    if kind is not None and found != kind:
        raise VerificationError(f"its typ is not {kind}")
    try:
        registry = _Registry(algorithms=algorithms_of(key))
        claims = jwt.decode(text, key, registry=registry).claims
    except (JoseError, ValueError, TypeError, RecursionError):
        raise VerificationError("its signature is not the key's") from None
    return claims


def read_public_key(members: object) -> Key:
    """Return the public key that a JWK holds.

    Raises:
        MalformedError: it is none, is of a kind that is not taken, or holds its private half.
    """
    kinds: dict[str, type[Key]] = {"OKP": OKPKey, "EC": ECKey, "RSA": RSAKey}
    if not isinstance(members, dict) or members.get("kty") not in kinds:
        raise MalformedError("jwk: a public key, OKP Ed25519 or EC P-256")
    if {"d", "p", "q", "k", "oth"} & members.keys():
        raise MalformedError("jwk: holds a private key: never send it to anybody")
    try:
        key: Key = kinds[members["kty"]].import_key(members)
        algorithms_of(key)
    except (JoseError, VerificationError, ValueError, TypeError, KeyError):
        raise MalformedError("jwk: a public key, OKP Ed25519 or EC P-256") from None
    return key
