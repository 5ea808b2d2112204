"""Whose tokens are believed: our own issuer's, and an OIDC provider's where one is named.

An issuer knows its keys; a token names its key, and the key pins the algorithm. A provider's
keys are fetched when a token names one that is not known, at most every ten seconds, and
anew after five minutes, so that one that the provider withdrew is believed no longer than
that. ``tests/api/access/test_asking.py``.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from time import monotonic
from typing import Any, Final, Protocol

from api.access.matrix import default_scopes
from api.access.signed import Key, peek, read_public_key, verify
from api.access.token import (
    BOUND,
    TYPE,
    Bearer,
    bound_key,
    check_claims,
    presence,
    read_claims,
)
from api.principal import Kind, Principal
from chain.errors import ChainError, MalformedError, VerificationError

KEYS_LIFE: Final = 300.0
KEYS_PAUSE: Final = 10.0


class Issuer(Protocol):
    """Somebody whose tokens are believed."""

    @property
    def name(self) -> str:
        """Its ``iss``."""

    def read(self, token: str, now: int) -> Bearer:
        """Return what *token* says at *now*.

        Raises:
            MalformedError: it is not in its format.
            VerificationError: it is not this issuer's, or not good now.
        """


class KeySource(Protocol):
    """Public keys by their id."""

    def key(self, name: str) -> Key:
        """Return the key.

        Raises:
            VerificationError: there is none of that id.
        """


@dataclass(frozen=True)
class FixedKeys:
    """Keys that are here."""

    keys: Sequence[Key]

    def key(self, name: str) -> Key:
        """Return the key with the thumbprint *name*.

        Raises:
            VerificationError: there is none.
        """
        for each in self.keys:
            if each.thumbprint() == name:
                return each
        raise VerificationError("kid: no key of the issuer")


class FetchedKeys:
    """A provider's keys, kept for a while; safe to share between threads.

    Args:
        fetch: returns the provider's JWK set.
        clock: seconds that only go forward.
    """

    def __init__(
        self, fetch: Callable[[], Mapping[str, Any]], clock: Callable[[], float] = monotonic
    ) -> None:
        self._fetch = fetch
        self._clock = clock
        self._lock = Lock()
        self._keys: dict[str, Key] = {}
        self._fetched: float | None = None
        self._tried: float | None = None

    def key(self, name: str) -> Key:
        """Return the key with the id *name*.

        Raises:
            VerificationError: the provider has none, or cannot be asked.
        """
        with self._lock:
            now = self._clock()
            old = self._fetched is None or now - self._fetched >= KEYS_LIFE
            may_ask = self._tried is None or now - self._tried >= KEYS_PAUSE
            if (old or name not in self._keys) and may_ask:
                self._tried = now
                self._refresh(now)
            if self._fetched is None or now - self._fetched >= KEYS_LIFE or name not in self._keys:
                raise VerificationError("kid: no key of the identity provider")
            return self._keys[name]

    def _refresh(self, now: float) -> None:
        try:
            listed = self._fetch().get("keys")
        except ChainError:
            return  # what is known stays good for its time, and no longer
        found: dict[str, Key] = {}
        for each in listed if isinstance(listed, list) else []:
            if isinstance(each, dict) and isinstance(each.get("kid"), str):
                if each.get("use", "sig") != "sig":
                    continue
                try:
                    found[each["kid"]] = read_public_key(each)
                except MalformedError:
                    continue  # a provider may have keys for others, of kinds that we do not take
        self._keys, self._fetched = found, now


class LocalIssuer:
    """Our own."""

    def __init__(self, name: str, keys: KeySource) -> None:
        self.name = name
        self._keys = keys

    def read(self, token: str, now: int) -> Bearer:
        """Return what *token* says at *now*; see `Issuer`."""
        return read_claims(_verified(token, self._keys), self.name, now)


@dataclass(frozen=True)
class OidcIssuer:
    """An identity provider that signs persons in.

    Attributes:
        name: its ``iss``.
        audience: what its tokens for us must name.
        keys: its keys.
        claim: the claim that says of which kind somebody is, such as ``groups``.
        kinds: by that claim's value, the kind; the first that applies, in this order.
        subject: the claim that names whom it is: a buyer's ``usr_…``, a merchant's code.
    """

    name: str
    audience: str
    keys: KeySource
    claim: str
    kinds: Mapping[str, Kind]
    subject: str = "sub"

    def read(self, token: str, now: int) -> Bearer:
        """Return what *token* says at *now*; see `Issuer`."""
        claims = _verified(token, self.keys)
        check_claims(claims, self.name, self.audience, now)
        kind, subject = self._kind(claims), claims.get(self.subject)
        client = claims.get("client_id", claims.get("azp"))
        if not (isinstance(subject, str) and subject and isinstance(client, str)):
            raise MalformedError(f"{self.subject}, client_id: are missing")
        name, bound_to = claims.get("jti"), bound_key(claims)
        if not isinstance(name, str) or not name:
            raise MalformedError("jti: is missing")
        if kind in BOUND and bound_to is None:
            raise VerificationError(f"a token of a {kind} is bound to a key")
        # A provider says who somebody is; what the kind may do is for our own matrix.
        said = claims.get("scope")
        topics = {each for each in str(said or "").split() if each.startswith("topic:")}
        scopes = default_scopes(kind) | topics
        shown = presence(claims, now)
        principal = Principal(kind, subject, client, frozenset(scopes), name, **shown)
        return Bearer(principal, "", bound_to, claims["exp"], sandbox=False)

    def _kind(self, claims: Mapping[str, Any]) -> Kind:
        said = claims.get(self.claim)
        values = said if isinstance(said, list) else [said]
        for value, kind in self.kinds.items():
            if value in values:
                return kind
        raise VerificationError(f"{self.claim}: gives no right here")


def _verified(token: str, keys: KeySource) -> dict[str, Any]:
    name = peek(token).get("kid")
    if not isinstance(name, str):
        raise MalformedError("kid: is missing")
    return verify(token, keys.key(name), TYPE)
