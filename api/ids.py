"""Identifiers in requests: TypeIDs over a UUIDv7, each kind with its prefix.

In a path a malformed one is 400 `id_malformed`; in a body it is a fault of the schema like
any other. Another kind is ``Annotated[str, TypeId("rfd")]``. ``tests/api/test_ids.py``.
"""

from dataclasses import dataclass
from typing import Annotated, Any, Final

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from chain.errors import MalformedError
from domain.identifiers import SUFFIX_PATTERN, check, derive

MALFORMED: Final = "id_malformed"
"""The type of fault that `api.problems` knows it by."""


@dataclass(frozen=True, slots=True)
class TypeId:
    """Marks a text as an identifier with *prefix*."""

    prefix: str

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Check it after it is known to be a text."""
        return core_schema.no_info_after_validator_function(self._read, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Show what it looks like."""
        shown = handler(schema)
        shown["pattern"] = f"^{self.prefix}_{SUFFIX_PATTERN}$"
        shown["examples"] = [derive(self.prefix, 1_780_000_000_000, "example")]
        return shown

    def _read(self, text: str) -> str:
        try:
            return check(text, self.prefix)
        except MalformedError:
            raise PydanticCustomError(
                MALFORMED,
                "must be {prefix}_ and the 26 symbols of a UUIDv7",
                {"prefix": self.prefix},
            ) from None


BatchId = Annotated[str, TypeId("bat")]
BuyerId = Annotated[str, TypeId("usr")]
CheckoutId = Annotated[str, TypeId("chk")]
ClientId = Annotated[str, TypeId("cli")]
DisputeId = Annotated[str, TypeId("dsp")]
KeyId = Annotated[str, TypeId("key")]
OpeningId = Annotated[str, TypeId("opn")]
OrderId = Annotated[str, TypeId("ord")]
PaymentId = Annotated[str, TypeId("pay")]
ProductId = Annotated[str, TypeId("prd")]
RefundId = Annotated[str, TypeId("rfd")]
