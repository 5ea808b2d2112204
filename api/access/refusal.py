"""Why a caller is turned away (``reliability.md``, 4.2 and 5.2; RFC 6749, 6750 and 9449).

The words of an error never hold a token, a proof or a secret.
"""

from typing import Final, Literal

from domain.clients.events import CallRefusal

Challenge = Literal["invalid_token", "invalid_dpop_proof", "use_dpop", "missing"]

HIDDEN: Final = "There is no such thing, or it is not yours to see."
"""Of other's and missing alike."""


class UnauthenticatedError(Exception):
    """No credential, or none that is accepted: 401."""

    def __init__(
        self, challenge: Challenge, words: str, told: tuple[str, CallRefusal] | None = None
    ) -> None:
        """Say which *challenge* the answer carries, and what is to be done.

        Args:
            challenge: what the caller is to do.
            words: the same, for a person.
            told: the client in whose name it was tried, and how, where the log is to know.
        """
        super().__init__(words)
        self.challenge = challenge
        self.told = told

    @property
    def header(self) -> str:
        """The value of ``WWW-Authenticate``."""
        if self.challenge == "missing":
            return 'Bearer realm="xiyou", DPoP algs="EdDSA ES256"'
        if self.challenge == "invalid_token":
            return 'Bearer realm="xiyou", error="invalid_token"'
        error = "invalid_dpop_proof" if self.challenge == "invalid_dpop_proof" else "invalid_token"
        return f'DPoP algs="EdDSA ES256", error="{error}"'


class ForbiddenError(Exception):
    """The principal's kind, or its token's scope, lacks the function: 403."""


OAuthCode = Literal[
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
    "invalid_dpop_proof",
]


class OAuthError(Exception):
    """The authorization server refuses (RFC 6749, 5.2)."""

    def __init__(
        self, code: OAuthCode, words: str, told: tuple[str, CallRefusal] | None = None
    ) -> None:
        """Say the stable *code* and its *words*; *told* as of `UnauthenticatedError`."""
        super().__init__(words)
        self.code = code
        self.told = told
