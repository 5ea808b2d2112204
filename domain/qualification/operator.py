"""The operator of a game or service, who knows the state of each key (``features.md``, B5).

The question carries an idempotency key made of the command that asks. No answer, a late one
or one that cannot be believed raises `domain.outside.party.PartyError` and is recorded as
``unknown``, with the cause: it never counts as unused. `domain.qualification.sandbox` answers
by rule, and `domain.qualification.store.http_operator` asks over HTTP.
"""

from dataclasses import dataclass
from typing import Protocol

from domain.keys.upstream import Answer
from domain.outside.hidden import Hidden


@dataclass(frozen=True, slots=True)
class KeyQuestion:
    """What the operator is asked about a key."""

    raw_key: Hidden
    product: str
    """The merchant's own code of the product, by which the operator knows edition and region."""
    operator: str
    """Whose key it is said to be; one system may answer for several operators."""


class UpstreamOperator(Protocol):
    """Says what a key is worth upstream."""

    def check_key(self, question: KeyQuestion, key: str) -> Answer:
        """Return the key's state and what else is known of it.

        Raises:
            PartyError: there is no answer that can be used.
        """
