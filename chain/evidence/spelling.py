"""Reading canonical JSON from strangers, and checking it against a schema that is data.

As `chain.canonical` reads it, but for one thing: text that is not in Unicode normalisation
form C is told, not refused (``evidence.md``, 2.1), because readers' Unicode tables differ and
three verifiers must agree. Proved by ``tests/chain/evidence/test_spelling.py``.
"""

import re
from functools import lru_cache
from typing import Any, NamedTuple
from unicodedata import is_normalized

import orjson

from chain.canonical import JSON, MAX_INTEGER, MAX_NESTING
from chain.errors import MalformedError

_KEY = re.compile(r"[a-z][a-z0-9_]{0,63}")
_TIME = re.compile(
    r"([0-9]{4})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    r"T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{6}Z"
)
_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class Spelt(NamedTuple):
    """A value, and whether all of its text is in NFC."""

    value: JSON
    is_nfc: bool


def read(data: bytes) -> Spelt:
    """Return the value that *data* spells canonically.

    Raises:
        MalformedError: *data* is not JSON, or spelt in another way.
    """
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise MalformedError(f"not JSON: {error}") from None
    is_nfc = _check(value, MAX_NESTING)
    if orjson.dumps(value, option=orjson.OPT_SORT_KEYS) != data:
        raise MalformedError("not the canonical spelling")
    return Spelt(value, is_nfc)


def is_time(text: object) -> bool:
    """Say whether *text* is a time of the calendar, in 27 bytes of UTC."""
    match = _TIME.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        return False
    year, month, day = (int(each) for each in match.groups()[:3])
    is_leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return year > 0 and day <= _DAYS[month - 1] + (is_leap and month == 2)  # noqa: PLR2004 — February


def check_schema(value: JSON, schema: dict[str, Any], path: str = "") -> None:
    """Check *value* against *schema*, a node of ``claims.json``.

    Raises:
        MalformedError: it is of another kind, too long, or has other members.
    """
    if value is None and schema.get("null"):
        return
    if not _CHECKS[schema["kind"]](value, schema, path):
        raise MalformedError(f"{path or 'value'}: must be {schema['kind']}: {_limits(schema)}")


def _check(value: Any, depth: int) -> bool:  # noqa: ANN401 — JSON of a stranger
    """Return whether the text in *value* is in NFC; raise if no canonical JSON holds it."""
    if type(value) is str:
        return value.isascii() or is_normalized("NFC", value)
    if type(value) is int:
        if not -MAX_INTEGER <= value <= MAX_INTEGER:
            raise MalformedError("integer beyond ±(2^53-1)")
        return True
    if value is None or type(value) is bool:
        return True
    if type(value) is float:
        raise MalformedError("floating-point number")
    if not depth:
        raise MalformedError(f"nested deeper than {MAX_NESTING} levels")
    inner: list[Any]
    if type(value) is dict:
        if any(not _KEY.fullmatch(key) for key in value):
            raise MalformedError("a key must be [a-z][a-z0-9_]* of at most 64 bytes")
        inner = list(value.values())
    else:
        inner = value
    # All of them, even after one that is not in NFC: a later one may be refused.
    checked = [_check(each, depth - 1) for each in inner]
    return all(checked)


@lru_cache(maxsize=64)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _is_text(value: JSON, schema: dict[str, Any], _: str) -> bool:
    return isinstance(value, str) and schema["min"] <= len(value) <= schema["max"]


def _is_pattern(value: JSON, schema: dict[str, Any], _: str) -> bool:
    return isinstance(value, str) and bool(_compiled(schema["pattern"]).fullmatch(value))


def _is_integer(value: JSON, schema: dict[str, Any], _: str) -> bool:
    return type(value) is int and schema["min"] <= value <= schema["max"]


def _is_choice(value: JSON, schema: dict[str, Any], _: str) -> bool:
    return isinstance(value, str) and value in schema["values"]


def _is_object(value: JSON, schema: dict[str, Any], path: str) -> bool:
    members = schema["members"]
    if not isinstance(value, dict) or value.keys() != members.keys():
        return False
    for name, inner in members.items():
        check_schema(value[name], inner, f"{path}/{name}")
    return True


def _is_array(value: JSON, schema: dict[str, Any], path: str) -> bool:
    if not isinstance(value, list) or not schema["min"] <= len(value) <= schema["max"]:
        return False
    for number, each in enumerate(value):
        check_schema(each, schema["of"], f"{path}/{number}")
    return True


_CHECKS = {
    "text": _is_text,
    "pattern": _is_pattern,
    "integer": _is_integer,
    "choice": _is_choice,
    "object": _is_object,
    "array": _is_array,
}


def _limits(schema: dict[str, Any]) -> str:
    if schema["kind"] == "object":
        return f"exactly the members {', '.join(schema['members'])}"
    return ", ".join(
        f"{key} {value}" for key, value in schema.items() if key not in ("kind", "of", "null")
    )
