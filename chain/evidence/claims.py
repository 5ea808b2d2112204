"""Claims, codes, colours and schemas of evidence packages, as data.

``published/claims.json`` is the one source for three verifiers: this package, the stand-alone
``published/verify.py.txt`` and ``published/verify.html`` carry the same text, which
``tests/chain/evidence/test_published.py`` compares. The meaning is ``evidence.md``, 3.2 to 3.4.
"""

from functools import cache
from importlib.resources import files
from typing import Any, Final, NamedTuple

import orjson

FORMAT: Final = "xiyou-evidence/1"
REPORT_FORMAT: Final = "xiyou-report/1"
INLINE_FORMAT: Final = "xiyou-inline/1"

MAX_PACKAGE: Final = 256 * 2**20
MAX_MEMBER: Final = 16 * 2**20
MAX_MEMBERS: Final = 30_000
MAX_NOTE: Final = 512 * 1024
"""Bytes of a checkpoint: stricter than `chain.note`, as ``evidence.md``, 2.2, says."""
MAX_ITEMS: Final = 100
"""Of one claim, in the report."""


class Claim(NamedTuple):
    """One thing that a verifier may find verified, failed or not checked."""

    name: str
    is_required: bool
    """For green."""
    failed: frozenset[str]
    not_checked: frozenset[str]


@cache
def published(name: str) -> bytes:
    """Return the bytes of a file that is published beside this module."""
    return files("chain.evidence").joinpath("published", name).read_bytes()


DATA: Final[dict[str, Any]] = orjson.loads(published("claims.json"))
SCHEMAS: Final[dict[str, Any]] = DATA["schemas"]
CLAIMS: Final = tuple(
    Claim(
        each["claim"],
        each["need"] == "required",
        frozenset(each["failed"]),
        frozenset(each["not_checked"]) | {"blocked"},
    )
    for each in DATA["claims"]
)
ABSENCES: Final[dict[str, list[str]]] = {e["prefix"]: e["types"] for e in DATA["absences"]}
"""By the prefix of a stream: types whose absence from a whole history the report states."""
WEAK_KEYS: Final = frozenset(DATA["weak_keys"])
"""Ed25519 points of small order in hexadecimal, the sign bit cleared."""
NEWEST_BODY_SCHEMA: Final[int] = DATA["newest_body_schema"]


def sentence(code: str, language: str) -> str:
    """Return what *code* means, in ``zh`` or ``en``."""
    return str(DATA["codes"][code][language])
