"""Canonical JSON: the one spelling of a fact.

RFC 8785 (JCS), restricted as formats.md, section 1, says: no floating-point
numbers, integers within ±(2^53-1), object keys ``[a-z][a-z0-9_]*`` of at most 64
bytes, nesting of at most 32 containers, strings in NFC without lone surrogates, no
duplicate keys. On that subset sorting by code point and by UTF-16 unit agree, so
`orjson` writes it.

``tests/chain/test_canonical.py`` compares the bytes with the ``rfc8785`` package and
with ``tests/vectors/jcs_rfc8785.json``.
"""

import json
import re
from functools import lru_cache
from typing import TypeAlias
from unicodedata import is_normalized

import orjson

from chain.errors import MalformedError

JSON: TypeAlias = "bool | int | str | list[JSON] | dict[str, JSON] | None"
"""What `parse` returns. `to_bytes` takes tuples for lists as well."""

MAX_INTEGER = 2**53 - 1
MAX_KEY_SIZE = 64
MAX_NESTING = 32

_KEY = re.compile(r"[a-z][a-z0-9_]{0,63}")


class _Fault(Exception):  # noqa: N818 — never leaves this module; `path` grows as it rises
    """A value outside the format, and the keys and positions that lead to it."""

    def __init__(self, fault: str) -> None:
        super().__init__(fault)
        self.path: list[str | int] = []


def to_bytes(value: object) -> bytes:
    """Return the canonical JSON of *value*, as UTF-8.

    Takes None, booleans, integers, strings, lists, tuples and dictionaries, and no
    subclasses of them: an enum or a dataclass is spelt out by its owner first.

    Raises:
        MalformedError: a member of *value* has no canonical spelling; the message
            names its path.
    """
    try:
        _check(value, MAX_NESTING)
    except _Fault as fault:
        raise MalformedError(f"{_path_text(fault.path)}: {fault}") from None
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def parse(data: bytes) -> JSON:
    """Return the value that *data* spells, if `to_bytes` would spell it the same.

    Raises:
        MalformedError: *data* is not JSON, holds what the format leaves out, or
            spells it in another way.
    """
    try:
        value: JSON = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise MalformedError(f"not JSON in UTF-8: {error}") from None
    written = to_bytes(value)
    if written != data:
        raise MalformedError(_difference(data, written))
    return value


def _check(value: object, depth: int) -> None:
    """Raise `_Fault` unless *value*, with *depth* containers left, can be written."""
    if type(value) is str:
        if not value.isascii():
            _check_text(value)
    elif type(value) is dict:
        _check_object(value, depth)
    elif type(value) is int:
        if not -MAX_INTEGER <= value <= MAX_INTEGER:
            raise _Fault("integer beyond ±(2^53-1): write it as a string")
    elif type(value) is list or type(value) is tuple:
        _check_array(value, depth)
    elif value is not None and type(value) is not bool:
        raise _Fault(_unwritable(value))


def _check_object(members: dict[object, object], depth: int) -> None:
    if not depth:
        raise _Fault(f"nested deeper than {MAX_NESTING} levels")
    depth -= 1
    key: object = None
    try:
        for key, item in members.items():
            _check_key(key)
            # The usual member is a short ASCII string: spare it the call.
            if type(item) is not str or not item.isascii():
                _check(item, depth)
    except _Fault as fault:
        fault.path.append(str(key))
        raise


def _check_array(items: list[object] | tuple[object, ...], depth: int) -> None:
    if not depth:
        raise _Fault(f"nested deeper than {MAX_NESTING} levels")
    depth -= 1
    done = 0
    try:
        for item in items:
            _check(item, depth)
            done += 1
    except _Fault as fault:
        fault.path.append(done)
        raise


@lru_cache(maxsize=4096)
def _check_key(key: object) -> None:
    # A program uses few keys, again and again; the cache never keeps a refusal.
    if type(key) is not str:
        raise _Fault("a key must be a string")
    if not _KEY.fullmatch(key):
        raise _Fault(f"a key must be [a-z][a-z0-9_]* of at most {MAX_KEY_SIZE} bytes")


def _check_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise _Fault(f"lone surrogate at character {error.start}") from None
    if not is_normalized("NFC", text):
        raise _Fault("text is not in Unicode normalisation form C: normalise it first")


def _unwritable(value: object) -> str:
    if isinstance(value, float):
        if value == value and abs(value) > MAX_INTEGER:  # noqa: PLR0124 — False for NaN alone
            return "number beyond ±(2^53-1): write it as a string"
        return "floating-point number: write an integer of a stated scale"
    return f"{type(value).__qualname__} is not a JSON value: spell it out first"


def _path_text(path: list[str | int]) -> str:
    """Return a path such as ``data.lines[3].price``; ``value`` for the whole."""
    text = ""
    for step in reversed(path):
        text += f"[{step}]" if isinstance(step, int) else f".{step}"
    return text.removeprefix(".").encode("ascii", "backslashreplace").decode() or "value"


def _difference(data: bytes, written: bytes) -> str:
    """Say why *data* is not the canonical spelling that *written* is."""
    repeated: list[str] = []

    def note_repeated(pairs: list[tuple[str, object]]) -> None:
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                repeated.append(key)
            seen.add(key)

    # The written form has no duplicate keys and the nesting is known to be small.
    json.loads(data, object_pairs_hook=note_repeated)
    if repeated:
        return f"duplicate key {repeated[0]}"
    same = next((i for i, (a, b) in enumerate(zip(data, written, strict=False)) if a != b), None)
    where = min(len(data), len(written)) if same is None else same
    return f"not the canonical spelling: byte {where} differs (order, spacing or escapes)"
