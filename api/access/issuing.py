"""The authorization server: client credentials for tokens (RFC 6749, 7523, 7009, 9449).

A client shows who it is by an assertion that its key has signed; in a sandbox a secret will
do. Every way of failing to do so is one answer, `invalid_client`, so that nobody learns which
clients there are. ``tests/api/access/test_oauth.py``.
"""

import json
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest
from typing import Any, Final
from urllib.parse import unquote

from api.access.matrix import default_scopes
from api.access.proof import check_proof
from api.access.refusal import OAuthError
from api.access.signed import Key, peek, read_public_key, verify
from api.access.store.credentials import ClientKey, Credentials, digest_of
from api.access.token import BOUND, LEEWAY, LIFE, TYPE, Grant, write_token
from api.principal import Kind
from chain.errors import MalformedError, VerificationError
from domain.clients.administration import Credential

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
MAX_ASSERTION_LIFE: Final = 300
UNKNOWN: Final = "The client, or what it shows itself by, is not known here."


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A request to the server, as it came.

    Attributes:
        form: its body's members, each once.
        authorization: the header of that name, if there was one.
        proofs: every header ``DPoP``.
        url: that it was sent to.
        now: Unix time.
    """

    form: Mapping[str, str]
    authorization: str | None
    proofs: Sequence[str]
    url: str
    now: int


class AuthorizationServer:
    """Gives tokens to clients; safe to share between threads.

    Args:
        name: its issuer identifier.
        key: that signs.
        credentials: the clients.
        new_id: returns a new token's id.
        sandbox: whether a secret is enough.
    """

    def __init__(
        self,
        name: str,
        key: Key,
        credentials: Credentials,
        new_id: Callable[[], str],
        *,
        sandbox: bool,
    ) -> None:
        self.name = name
        self.sandbox = sandbox
        self._key = key
        self._credentials = credentials
        self._new_id = new_id

    def token(self, request: TokenRequest) -> dict[str, Any]:
        """Return the members of a token response.

        Raises:
            OAuthError: the client is not known, or may not have what it asks for.
        """
        if request.form.get("grant_type") != "client_credentials":
            raise OAuthError("unsupported_grant_type", "grant_type: client_credentials")
        client = self._authenticate(request)
        kind = Kind(client.kind)
        grant = Grant(
            kind,
            client.subject,
            client.client,
            _scopes(client, kind, request.form.get("scope")),
            client.key,
            self._bound_to(kind, request, client.client),
            sandbox=client.method == "client_secret",
        )
        token = write_token(grant, self.name, self._key, request.now, self._new_id())
        return {
            "access_token": token,
            "token_type": "DPoP" if grant.bound_to else "Bearer",
            "expires_in": LIFE,
            "scope": " ".join(sorted(grant.scopes)),
        }

    def revoke(self, request: TokenRequest) -> None:
        """Accept a token of the client's own no longer; what is none is no error (RFC 7009).

        Raises:
            OAuthError: the client is not known, or no token was named.
        """
        client = self._authenticate(request)
        token = request.form.get("token")
        if not token:
            raise OAuthError("invalid_request", "token: is missing")
        try:
            claims = verify(token, self._key, TYPE)
        except (MalformedError, VerificationError):
            return
        name, until = claims.get("jti"), claims.get("exp")
        if claims.get("client_id") == client.client and isinstance(name, str):
            self._credentials.revoke_token(name, int(until or request.now))

    def _bound_to(self, kind: Kind, request: TokenRequest, client: str) -> str | None:
        if not request.proofs:
            if kind in BOUND:
                raise OAuthError(
                    "invalid_dpop_proof", f"DPoP: tokens of a {kind} are bound to a key"
                )
            return None
        try:
            [text] = request.proofs
            proof = check_proof(text, "POST", request.url, request.now)
        except ValueError:
            raise OAuthError("invalid_dpop_proof", "DPoP: one proof") from None
        except (MalformedError, VerificationError) as error:
            raise OAuthError("invalid_dpop_proof", f"DPoP: {error}") from None
        if not self._credentials.use_once(proof.once, proof.until, request.now):
            raise OAuthError(
                *("invalid_dpop_proof", "DPoP: jti: was used before"), (client, "replayed_proof")
            )
        return proof.thumbprint

    def _authenticate(self, request: TokenRequest) -> ClientKey:
        form, header = request.form, request.authorization
        ways = [header is not None, "client_secret" in form, "client_assertion" in form]
        if ways.count(True) != 1:
            raise OAuthError("invalid_client", "Show who the client is, in one way.")
        if "client_assertion" in form:
            return self._by_assertion(request)
        if not self.sandbox:
            raise OAuthError("invalid_client", "Clients show themselves by a key: private_key_jwt.")
        name, secret = form.get("client_id", ""), form.get("client_secret", "")
        if header is not None:
            name, secret = _basic(header)
        digest = digest_of(secret)
        found = None
        for each in self._credentials.keys_of(name):
            # All of them are compared, so that the time says nothing of which is right.
            good = compare_digest(each.secret or b"", digest) and not each.revoked
            found = each if good else found
        if found is None:
            raise OAuthError("invalid_client", UNKNOWN)
        return found

    def _by_assertion(self, request: TokenRequest) -> ClientKey:
        text, now = request.form["client_assertion"], request.now
        if request.form.get("client_assertion_type") != ASSERTION_TYPE:
            raise OAuthError("invalid_client", f"client_assertion_type: {ASSERTION_TYPE}")
        try:
            name, wanted = peek(text, 1).get("sub"), peek(text).get("kid")
        except MalformedError:
            raise OAuthError("invalid_client", UNKNOWN) from None
        for each in self._credentials.keys_of(name) if isinstance(name, str) else ():
            usable = each.public_key is not None and not each.revoked
            if usable and wanted in (None, each.key):
                claims = _verified(text, each)
                if claims is not None:
                    self._check_assertion(claims, each, request, now)
                    return each
        raise OAuthError("invalid_client", UNKNOWN)

    def _check_assertion(
        self, claims: Mapping[str, Any], client: ClientKey, request: TokenRequest, now: int
    ) -> None:
        said = claims.get("aud")
        audiences = said if isinstance(said, list) else [said]
        name, until = claims.get("jti"), claims.get("exp")
        good = (
            claims.get("iss") == claims.get("sub") == client.client
            and bool(
                {self.name, request.url} & {each for each in audiences if isinstance(each, str)}
            )
            and isinstance(name, str)
            and type(until) is int
            and now < until <= now + MAX_ASSERTION_LIFE + LEEWAY
        )
        if not good:
            raise OAuthError(
                "invalid_client",
                "client_assertion: iss and sub the client, aud this server, jti, exp in 5 minutes",
            )
        mark = sha256(f"assertion {client.client} {name}".encode()).digest()
        if not self._credentials.use_once(mark, int(until or 0), now):
            raise OAuthError(
                *("invalid_client", "client_assertion: jti: was used before"),
                (client.client, "replayed_assertion"),
            )


def credential_of(public: Key) -> Credential:
    """Return what a client shows itself by that has the private half of *public*."""
    text = json.dumps(public.as_dict(private=False), sort_keys=True)
    return Credential(public.thumbprint(), "private_key_jwt", text)


def _verified(text: str, client: ClientKey) -> dict[str, Any] | None:
    try:
        return verify(text, read_public_key(json.loads(client.public_key or "")), None)
    except (MalformedError, VerificationError):
        return None


def _scopes(client: ClientKey, kind: Kind, wanted: str | None) -> frozenset[str]:
    named = {each for each in client.scopes if ":" in each}
    lasting = client.scopes - named
    most = (lasting & default_scopes(kind) if lasting else default_scopes(kind)) | named
    asked = frozenset((wanted or "").split())
    if asked - most:
        raise OAuthError("invalid_scope", "scope: more than the client may have")
    return asked or frozenset(most)


def _basic(header: str) -> tuple[str, str]:
    scheme, _, coded = header.partition(" ")
    try:
        name, _, secret = b64decode(coded, validate=True).decode().partition(":")
    except ValueError:
        name = ""
    if scheme.lower() != "basic" or not name:
        raise OAuthError("invalid_client", "Authorization: Basic, or no such header")
    return unquote(name), unquote(secret)
