"""Who asks: the principal that a request comes from, and of which kind it is.

``reliability.md``, 4.2: eight kinds, one column of the authorization matrix each. A kind is
not a role in an event's ``meta`` (`domain.event.Role`), which says what the actor did there.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """The columns of the authorization matrix, in its order."""

    CONSUMER = "consumer"
    MERCHANT = "merchant"
    PLATFORM_CLIENT = "platform_client"
    AUDITOR = "auditor"
    ARBITRATOR = "arbitrator"
    REGULATOR = "regulator"
    OPERATOR = "operator"
    ANONYMOUS = "anonymous"


@dataclass(frozen=True, slots=True)
class Principal:
    """Whoever asks, as its token says; immutable.

    Attributes:
        kind: which column of the matrix.
        subject: the id that it acts as: a buyer's ``usr_…``, a merchant's ``M-…``, a staff
            member's; empty for the anonymous.
        client: the API client (``cli_…``) that the token was issued to, if one was.
        scopes: what the token grants.
        token: the token's own id, for revocation and for the log; never the token.
        stepped_up: whether the person has shown anew who it is within the time allowed.
        authenticated_at: Unix time at which the person last showed who it is.
        methods: how, as RFC 8176 names it: ``pwd``, ``otp``, ``hwk``, ``face`` …
    """

    kind: Kind
    subject: str = ""
    client: str | None = None
    scopes: frozenset[str] = field(default_factory=frozenset)
    token: str | None = None
    stepped_up: bool = False
    authenticated_at: int | None = None
    methods: tuple[str, ...] = ()


ANONYMOUS: Final = Principal(Kind.ANONYMOUS)
