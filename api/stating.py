"""What many bodies state, in one spelling: who, how much, why. ``tests/api/test_products.py``."""

from base64 import b64decode
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from api.ids import TypeId
from chain.canonical import MAX_INTEGER
from chain.errors import MalformedError
from domain.identifiers import SUFFIX_PATTERN
from domain.money import Money

MERCHANT_PATTERN: Final = r"[A-Z]{1,3}(-[A-Z0-9]{1,32})?"
PARTY_PATTERN: Final = f"^(usr_{SUFFIX_PATTERN}|{MERCHANT_PATTERN})$"
MAX_PICTURE: Final = 4_000_000
"""Characters of base64: 3 MB, so that the body is one that is taken."""

Merchant = Annotated[str, Field(pattern=f"^{MERCHANT_PATTERN}$", examples=["M-LAN"])]
Party = Annotated[
    str,
    Field(
        pattern=PARTY_PATTERN,
        description="A consumer or a merchant, by its pseudonym.",
        examples=["M-LAN"],
    ),
]
Category = Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,39}$", examples=["game_card"])]
Operator = Annotated[
    str,
    Field(
        pattern="^[!-~]{1,64}$",
        description="Who runs what the key opens.",
        examples=["operator.example"],
    ),
]
Moment = Annotated[
    str,
    Field(
        pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$",
        description="RFC 3339, UTC, seconds.",
        examples=["2027-11-24T00:00:00Z"],
    ),
]
Digest = Annotated[
    str, Field(pattern="^[0-9a-f]{64}$", description="SHA-256.", examples=["ab" * 32])
]
Open = Annotated[
    str,
    Field(min_length=1, max_length=500, description="Stands in the log in clear: names nobody."),
]
"""Why, in words that everybody reads who reads the log."""
Reason = Annotated[str, Field(min_length=1, max_length=500, examples=["the licence was shown"])]
Transfer = Annotated[
    str,
    Field(
        pattern="^[!-~]{1,64}$",
        description="The bank's own name for the payment.",
        examples=["bank-20261124-0001"],
    ),
]
Currency = Literal["CNY", "EUR", "GBP", "HKD", "JPY", "USD"]
VerificationId = Annotated[str, TypeId("idv")]
SanctionId = Annotated[str, TypeId("snc")]
WithdrawalId = Annotated[str, TypeId("wdr")]
WebhookId = Annotated[str, TypeId("whk")]


class Body(BaseModel):
    """A body that has the members that are named, and no others."""

    model_config = ConfigDict(extra="forbid")


class Private(BaseModel):
    """A body of which no fault shows what was in it."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class Sum(Body):
    """An amount of money."""

    amount: int = Field(
        ge=1,
        le=MAX_INTEGER,
        strict=True,
        description="Minor units: fen, pence.",
        examples=[2_500],
    )
    currency: Currency

    @property
    def money(self) -> Money:
        """The same for a use case."""
        return Money(self.amount, self.currency)


class Why(Body):
    """Why something is decided."""

    reason: Reason


class Paid(Body):
    """That the bank has paid."""

    transfer: Transfer


def picture_of(text: SecretStr) -> bytes:
    """Return the picture that *text* holds in standard base64.

    Raises:
        MalformedError: it is no base64, or empty.
    """
    try:
        found = b64decode(text.get_secret_value(), validate=True)
    except ValueError:
        found = b""
    if not found:
        raise MalformedError("picture: must be standard base64 of some bytes")
    return found
