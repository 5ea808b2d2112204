"""What a payload may hold: the kinds of field, their checks and their JSON Schemas.

An event class is a dataclass; the kind of each field is read from its annotation, once.
From the kinds come the strict check of what is decoded and the JSON Schema (2020-12) that
is published for each type and payload version (``formats.md``, section 1). Proved by
``tests/domain/test_event.py`` and the golden file ``tests/golden/domain/events.json``.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from chain.canonical import MAX_INTEGER
from chain.errors import MalformedError
from domain.identifiers import SUFFIX_PATTERN

Schema = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Pattern:
    """Marks a text field that must match *regex* whole."""

    regex: str


@dataclass(frozen=True, slots=True)
class AtLeast:
    """Marks an integer field with a lower bound."""

    minimum: int


@dataclass(frozen=True, slots=True)
class Sealed:
    """Marks a field that holds a sealed value's reference in the value's place."""


def identifier(prefix: str) -> Pattern:
    """Mark a text field that holds an identifier of ours with *prefix*."""
    return Pattern(f"{prefix}_{SUFFIX_PATTERN}")


Reference = Annotated[dict[str, str], Sealed()]
"""``{"sealed": "<64 hex>"}``: a secret or personal value kept outside the log."""

BatchId = Annotated[str, identifier("bat")]
BuyerId = Annotated[str, identifier("usr")]
CheckoutId = Annotated[str, identifier("chk")]
DisputeId = Annotated[str, identifier("dsp")]
KeyId = Annotated[str, identifier("key")]
OrderId = Annotated[str, identifier("ord")]
PaymentId = Annotated[str, identifier("pay")]
ProductId = Annotated[str, identifier("prd")]
RefundId = Annotated[str, identifier("rfd")]

MerchantId = Annotated[str, Pattern("[A-Z]{1,3}(-[A-Z0-9]{1,32})?")]
Currency = Annotated[str, Pattern("[A-Z]{3}")]
Amount = Annotated[int, AtLeast(0)]
Count = Annotated[int, AtLeast(0)]
Units = Annotated[int, AtLeast(1)]
Moment = Annotated[str, Pattern(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")]
Digest = Annotated[str, Pattern("[0-9a-f]{64}")]
Tag = Annotated[str, Pattern("[a-z0-9]{1,32}:[0-9a-f]{64}")]
"""The id of a key of the vault and a digest under it, in place of what must be found again."""
Basis = Literal["assumed", "synthetic"]
"""Why a fact stands in the log that no party stated: assumed from its context, or generated."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What one field may hold: how it is published, and how it is read back."""

    schema: Schema
    read: Callable[[object], Any]
    """Return the field's value from its JSON value; raise MalformedError."""


@dataclass(frozen=True, slots=True)
class Field:
    """One member of a payload."""

    name: str
    kind: Kind
    required: bool


def payload_fields(cls: type, leave_out: frozenset[str] = frozenset()) -> tuple[Field, ...]:
    """Return the members of the payload that dataclass *cls* describes, in its order."""
    hints = get_type_hints(cls, include_extras=True)
    found = []
    for each in fields(cls):
        if each.name not in leave_out:
            hint, required = _without_none(hints[each.name])
            found.append(Field(each.name, kind_of(hint), required))
    return tuple(found)


def kind_of(hint: Any) -> Kind:  # noqa: ANN401 — an annotation can be anything
    """Return the kind of field that the annotation *hint* stands for.

    Raises:
        TypeError: no payload may hold such a thing.
    """
    if get_origin(hint) is Annotated:
        base, *marks = get_args(hint)
        return _marked(base, marks[0])
    if get_origin(hint) is Literal:
        return _choice(get_args(hint))
    if get_origin(hint) is tuple and get_args(hint)[1:] == (...,):
        return _array(kind_of(get_args(hint)[0]))
    if isinstance(hint, type) and is_dataclass(hint):
        return _object(hint)
    plain = {int: _integer(-MAX_INTEGER), str: _text(None), bool: _boolean()}
    if hint in plain:
        return plain[hint]
    raise TypeError(f"{hint} cannot stand in a payload")


def object_schema(members: tuple[Field, ...]) -> Schema:
    """Return the JSON Schema of an object with exactly *members*."""
    return {
        "type": "object",
        "properties": {each.name: each.kind.schema for each in members},
        "required": sorted(each.name for each in members if each.required),
        "additionalProperties": False,
    }


def read_object(members: tuple[Field, ...], value: object) -> dict[str, Any]:
    """Return the fields that the JSON object *value* holds; absent optional ones are None.

    Raises:
        MalformedError: a member is missing, unknown or of another kind; it is named.
    """
    if not isinstance(value, dict):
        raise MalformedError("must be an object")
    found: dict[str, Any] = {}
    for each in members:
        if each.name in value:
            try:
                found[each.name] = each.kind.read(value[each.name])
            except MalformedError as error:
                raise MalformedError(f"{each.name}: {error}") from None
        elif each.required:
            raise MalformedError(f"{each.name}: is missing")
        else:
            found[each.name] = None
    unknown = value.keys() - found.keys()
    if unknown:
        raise MalformedError(f"{min(unknown)}: unknown member")
    return found


def _without_none(hint: Any) -> tuple[Any, bool]:  # noqa: ANN401 — an annotation can be anything
    if get_origin(hint) in (Union, UnionType) and NoneType in get_args(hint):
        (rest,) = (each for each in get_args(hint) if each is not NoneType)
        return rest, False
    return hint, True


def _marked(base: Any, mark: object) -> Kind:  # noqa: ANN401 — an annotation can be anything
    match mark:
        case Pattern(regex) if base is str:
            return _text(regex)
        case AtLeast(minimum) if base is int:
            return _integer(minimum)
        case Sealed():
            sealed = Field("sealed", _text("[0-9a-f]{64}"), required=True)
            return Kind(object_schema((sealed,)), lambda value: read_object((sealed,), value))
    raise TypeError(f"{base} marked {mark} cannot stand in a payload")


def _integer(minimum: int) -> Kind:
    def read(value: object) -> int:
        if type(value) is not int or not minimum <= value <= MAX_INTEGER:
            raise MalformedError(f"must be an integer of at least {minimum}")
        return value

    return Kind({"type": "integer", "minimum": minimum, "maximum": MAX_INTEGER}, read)


def _text(regex: str | None) -> Kind:
    pattern = re.compile(regex) if regex else None

    def read(value: object) -> str:
        if type(value) is not str or (pattern and not pattern.fullmatch(value)):
            raise MalformedError(f"must be text{f' that matches {regex}' if regex else ''}")
        return value

    return Kind({"type": "string"} | ({"pattern": f"^{regex}$"} if regex else {}), read)


def _boolean() -> Kind:
    def read(value: object) -> bool:
        if type(value) is not bool:
            raise MalformedError("must be true or false")
        return value

    return Kind({"type": "boolean"}, read)


def _choice(values: tuple[str, ...]) -> Kind:
    def read(value: object) -> str:
        if type(value) is not str or value not in values:
            raise MalformedError(f"must be one of {', '.join(values)}")
        return value

    return Kind({"enum": list(values)}, read)


def _array(item: Kind) -> Kind:
    def read(value: object) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise MalformedError("must be an array")
        return tuple(item.read(each) for each in value)

    return Kind({"type": "array", "items": item.schema}, read)


def _object(cls: type) -> Kind:
    members = payload_fields(cls)
    return Kind(object_schema(members), lambda value: cls(**read_object(members, value)))
