"""What can happen to an API client, and what is told of those who use one (``features.md``, I1).

``client.usage_recorded`` is also how a read of personal data or of evidence stands in the
log, and how a request that takes two persons is asked for and approved: each is a call that
somebody made with a client, about certain subjects, for a purpose. No secret and no token
stands in any of them. ``tests/api/access/``.
"""

from typing import TYPE_CHECKING, Annotated, Final, Literal, get_args

from domain.event import Event, event
from domain.payload import Digest, Moment, Pattern, identifier

if TYPE_CHECKING:
    from domain.clients.client import Client
    from domain.clients.opening import Opening

ClientId = Annotated[str, identifier("cli")]
Operation = Annotated[str, Pattern("[a-z][a-z0-9_]{1,63}")]
Scope = Annotated[str, Pattern("[a-z][a-z0-9_.]{0,63}(:[A-Za-z0-9_.-]{1,64})?")]
Thumbprint = Annotated[str, Pattern("[A-Za-z0-9_-]{43}")]
"""RFC 7638, SHA-256, of a public key; of a secret, the name that was drawn for it."""
KeyMethod = Literal["private_key_jwt", "client_secret"]
PrincipalKind = Literal[
    "consumer",
    "merchant",
    "platform_client",
    "auditor",
    "arbitrator",
    "regulator",
    "operator",
]
PRINCIPAL_KINDS: Final[dict[str, PrincipalKind]] = {each: each for each in get_args(PrincipalKind)}
CallRefusal = Literal["replayed_proof", "replayed_assertion", "wrong_key", "revoked"]


@event("client.registered")
class ClientRegistered(Event):
    """Somebody may ask for tokens, as whom, and for what at the most."""

    name: str
    kind: PrincipalKind
    subject: str
    """Whom its tokens speak for: a merchant, a member of staff; of a platform client, itself."""
    scopes: tuple[Scope, ...]
    approver: str | None = None
    """The second person, where the client is given more than its own affairs; the first is
    the actor."""

    def _apply(self, client: "Client") -> None:
        client.kind, client.subject, client.scopes = self.kind, self.subject, self.scopes


@event("client.key_issued")
class ClientKeyIssued(Event):
    """The client may show who it is by this key."""

    key: Thumbprint
    method: KeyMethod
    public_key: str | None = None
    """As a JWK; of a secret nothing stands here."""

    def _apply(self, client: "Client") -> None:
        client.keys[self.key] = True


@event("client.key_revoked")
class ClientKeyRevoked(Event):
    """The key, and every token that was got with it, is accepted no longer."""

    key: Thumbprint
    reason: str

    def _apply(self, client: "Client") -> None:
        client.keys[self.key] = False


@event("client.call_refused")
class ClientCallRefused(Event):
    """A call in the client's name was refused: of each cause, one a minute at the most."""

    cause: CallRefusal
    operation: Operation | None = None


@event("client.usage_recorded")
class ClientUsageRecorded(Event):
    """Somebody read what concerns others, or asked for what takes two persons."""

    kind: PrincipalKind
    operation: Operation
    object: str
    """What was asked for: an identifier, as it stood in the request."""
    subjects: tuple[str, ...]
    """Whom it concerns, by pseudonym."""
    client: ClientId | None = None
    purpose: str | None = None
    value: Digest | None = None
    """Of the sealed value that is to be opened."""
    until: Moment | None = None
    """Of what takes two persons: when it ends."""

    def _apply(self, opening: "Opening") -> None:
        # What was read changes nothing; an opening is asked for, and then approved.
        opening.take(self)
