"""Access tokens of our own issuer: JWTs after RFC 9068, and what must be true of one.

Beside the profile's claims they say of which ``kind`` the principal is, which key of the
client they were got with (``client_key``; so that a revoked key ends them), and in a sandbox
that they are one's. ``tests/api/access/test_asking.py``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from api.access.signed import Key, sign
from api.principal import Kind, Principal
from chain.errors import MalformedError, VerificationError

TYPE: Final = "at+jwt"
LIFE: Final = 600
"""Seconds that a token is good for."""
STEP_UP_LIFE: Final = 600
"""Seconds for which a person who has shown anew who it is need not do so again."""
LEEWAY: Final = 5
"""Seconds that two clocks may differ."""
BOUND: Final = frozenset({Kind.PLATFORM_CLIENT, Kind.REGULATOR})
"""Kinds whose tokens are good in the hands of a key's holder alone (RFC 9449)."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token is to say.

    Attributes:
        kind: of the principal.
        subject: whom it speaks for.
        client: to which it is given.
        scopes: what it grants.
        client_key: by which the client showed who it is.
        bound_to: RFC 7638 thumbprint of the key that must prove possession.
        authenticated_at: Unix time at which a person showed who it is.
        sandbox: whether nobody real stands behind it.
        methods: how a person showed who it is (RFC 8176).
    """

    kind: Kind
    subject: str
    client: str
    scopes: frozenset[str]
    client_key: str = ""
    bound_to: str | None = None
    authenticated_at: int | None = None
    sandbox: bool = False
    methods: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Bearer:
    """What a verified token says."""

    principal: Principal
    client_key: str
    bound_to: str | None
    until: int
    sandbox: bool


def write_token(grant: Grant, issuer: str, key: Key, now: int, token: str, life: int = LIFE) -> str:
    """Return a token for *grant*.

    Args:
        grant: what it says.
        issuer: its ``iss``, and its ``aud``: we are our own resource server.
        key: the issuer's.
        now: Unix time.
        token: its ``jti``.
        life: seconds.
    """
    claims: dict[str, Any] = {
        "iss": issuer,
        "aud": issuer,
        "sub": grant.subject,
        "client_id": grant.client,
        "scope": " ".join(sorted(grant.scopes)),
        "iat": now,
        "exp": now + life,
        "jti": token,
        "kind": grant.kind.value,
    }
    optional = {
        "client_key": grant.client_key or None,
        "cnf": {"jkt": grant.bound_to} if grant.bound_to else None,
        "auth_time": grant.authenticated_at,
        "amr": list(grant.methods) or None,
        "sandbox": True if grant.sandbox else None,
    }
    claims |= {name: value for name, value in optional.items() if value is not None}
    return sign({"typ": TYPE, "kid": key.thumbprint()}, claims, key)


def read_claims(claims: Mapping[str, Any], issuer: str, now: int) -> Bearer:
    """Return what the verified *claims* of one of our own tokens say, at *now*.

    Raises:
        MalformedError: a claim is missing or of another kind.
        VerificationError: it is another issuer's, for another audience, or not good now.
    """
    check_claims(claims, issuer, issuer, now)
    kind = Kind(_text(claims, "kind")) if claims.get("kind") in set(Kind) else Kind.ANONYMOUS
    if kind is Kind.ANONYMOUS:
        raise MalformedError("kind: none of ours")
    bound_to = bound_key(claims)
    if kind in BOUND and bound_to is None:
        raise VerificationError(f"a token of a {kind} is bound to a key")
    principal = Principal(
        kind,
        _text(claims, "sub"),
        _text(claims, "client_id"),
        frozenset(_text(claims, "scope", empty=True).split()),
        _text(claims, "jti"),
        **presence(claims, now),
    )
    sandbox = claims.get("sandbox") is True
    client_key = claims.get("client_key", "")
    if not isinstance(client_key, str):
        raise MalformedError("client_key: no text")
    return Bearer(principal, client_key, bound_to, claims["exp"], sandbox)


def check_claims(claims: Mapping[str, Any], issuer: str, audience: str, now: int) -> None:
    """Check what every access token must say (RFC 9068, section 4).

    Raises:
        MalformedError: a claim is missing or of another kind.
        VerificationError: it is another issuer's, for another audience, or not good now.
    """
    if _text(claims, "iss") != issuer:
        raise VerificationError("iss: another issuer's")
    said = claims.get("aud")
    if audience not in (said if isinstance(said, list) else [said]):
        raise VerificationError("aud: for somebody else")
    for name in ("exp", "iat"):
        if type(claims.get(name)) is not int:
            raise MalformedError(f"{name}: no number of seconds")
    if now >= claims["exp"]:
        raise VerificationError("exp: it has ended")
    if claims["iat"] > now + LEEWAY or claims.get("nbf", 0) > now + LEEWAY:
        raise VerificationError("iat: of a time to come")


def bound_key(claims: Mapping[str, Any]) -> str | None:
    """Return the thumbprint of the key that a token is bound to.

    Raises:
        MalformedError: it is bound by something that is not known here.
    """
    confirmation = claims.get("cnf")
    if confirmation is None:
        return None
    jkt = confirmation.get("jkt") if isinstance(confirmation, dict) else None
    if not isinstance(jkt, str):
        raise MalformedError("cnf: without jkt")
    return jkt


def is_stepped_up(claims: Mapping[str, Any], now: int) -> bool:
    """Say whether the person showed anew, a moment ago, who it is."""
    at = claims.get("auth_time")
    return type(at) is int and 0 <= now + LEEWAY - at < STEP_UP_LIFE


def presence(claims: Mapping[str, Any], now: int) -> dict[str, Any]:
    """Return what a `Principal` has of when and how the person showed who it is."""
    at, methods = claims.get("auth_time"), claims.get("amr")
    named = methods if isinstance(methods, list) else []
    return {
        "stepped_up": is_stepped_up(claims, now),
        "authenticated_at": at if type(at) is int else None,
        "methods": tuple(each for each in named if isinstance(each, str)),
    }


def _text(claims: Mapping[str, Any], name: str, *, empty: bool = False) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not (value or empty):
        raise MalformedError(f"{name}: is missing")
    return value
