"""Who asks: a request's headers as a `Principal`, and what a route takes of it.

A bearer's token is believed if its issuer signed it, it is good now, and neither it nor the
key that it was got with is revoked; one that is bound to a key needs a proof of possession,
and is not a bearer's token any more (RFC 9449, 7.1). ``tests/api/access/test_asking.py``.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, NamedTuple

from fastapi import Depends, Request

from api.access.issuers import Issuer
from api.access.proof import check_proof
from api.access.reach import Granted
from api.access.refusal import UnauthenticatedError
from api.access.store.credentials import Credentials, Revocations
from api.access.token import Bearer
from api.principal import ANONYMOUS, Principal
from chain.errors import MalformedError, VerificationError

GRANTED = "xiyou.granted"
"""Where in a request's state the guard leaves what it has granted."""


def principal(request: Request) -> Principal:
    """Return who asks, as the guard has found; nobody where nobody looked."""
    return getattr(request.state, "principal", ANONYMOUS)


def granted(request: Request) -> Granted:
    """Return what the guard has granted to this request."""
    found = getattr(request.state, GRANTED)
    assert isinstance(found, Granted)  # noqa: S101 — no route is reached without the guard
    return found


Asked = Annotated[Granted, Depends(granted)]
"""For a route's parameter: what was granted, and the checks of single things."""


class Asking(NamedTuple):
    """What of a request says who asks."""

    authorization: Sequence[str]
    proofs: Sequence[str]
    method: str
    url: str


class Asker:
    """Tells who asks; safe to share between threads.

    Args:
        issuers: whose tokens are believed, by their ``iss``.
        credentials: for what must be taken once.
        revocations: for what is accepted no longer.
        sandbox: whether a sandbox's tokens are accepted.
    """

    def __init__(
        self,
        issuers: Mapping[str, Issuer],
        credentials: Credentials,
        revocations: Revocations,
        *,
        sandbox: bool,
    ) -> None:
        self._issuers = issuers
        self._credentials = credentials
        self._revocations = revocations
        self._sandbox = sandbox

    def identify(self, asking: Asking, now: int) -> Principal:
        """Return who asks; without a credential, nobody.

        Raises:
            UnauthenticatedError: what was sent is no credential that is accepted.
        """
        if not asking.authorization:
            return ANONYMOUS
        scheme, _, token = asking.authorization[0].partition(" ")
        if len(asking.authorization) > 1 or scheme.lower() not in ("bearer", "dpop") or not token:
            raise UnauthenticatedError(
                "invalid_token", "Authorization: Bearer or DPoP, and a token"
            )
        bearer = self._read(token, now)
        if self._revocations.is_revoked(*self._names(bearer)):
            raise UnauthenticatedError("invalid_token", "The token is not accepted: get another.")
        if bearer.bound_to is not None:
            self._check_possession(bearer, asking, token, now)
        elif scheme.lower() == "dpop":
            raise UnauthenticatedError("invalid_token", "The token is bound to no key: Bearer.")
        return bearer.principal

    def _read(self, token: str, now: int) -> Bearer:
        for issuer in self._issuers.values():
            try:
                bearer = issuer.read(token, now)
            except (MalformedError, VerificationError):
                continue
            if bearer.sandbox and not self._sandbox:
                break
            return bearer
        raise UnauthenticatedError("invalid_token", "The token is not accepted: get another.")

    def _names(self, bearer: Bearer) -> tuple[str, str, str]:
        return bearer.principal.token or "", bearer.principal.client or "", bearer.client_key

    def _check_possession(self, bearer: Bearer, asking: Asking, token: str, now: int) -> None:
        client = bearer.principal.client or ""
        scheme = asking.authorization[0].partition(" ")[0].lower()
        if scheme != "dpop" or len(asking.proofs) != 1:
            raise UnauthenticatedError("use_dpop", "The token is bound to a key: DPoP, one proof.")
        try:
            proof = check_proof(asking.proofs[0], asking.method, asking.url, now, token)
        except (MalformedError, VerificationError) as error:
            raise UnauthenticatedError("invalid_dpop_proof", f"DPoP: {error}") from None
        if proof.thumbprint != bearer.bound_to:
            raise UnauthenticatedError(
                "invalid_dpop_proof", "DPoP: by another key", (client, "wrong_key")
            )
        if not self._credentials.use_once(proof.once, proof.until, now):
            raise UnauthenticatedError(
                "invalid_dpop_proof", "DPoP: jti: was used before", (client, "replayed_proof")
            )
