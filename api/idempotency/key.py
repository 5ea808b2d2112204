"""Digests of an Idempotency-Key and of the request that it came with. Pure.

A key belongs to a principal and an operation. The command id in the events follows from the
three, so the log itself shows the single effect; the key alone tells nobody anything.
"""

import hmac
import json
import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from api.errors import KeyMissingError
from api.principal import Kind, Principal
from chain.canonical import to_bytes
from chain.errors import MalformedError

_KEY = re.compile(r"[ -~]{16,255}")
COMMAND_BYTES: Final = 24
"""Of the digest, in a command's id: no two keys will ever share them."""


@dataclass(frozen=True, slots=True)
class KeyDigest:
    """SHA-256 over principal, operation and key: what a key is known by."""

    value: bytes

    @property
    def command_id(self) -> str:
        """The id of the command that the key leads to."""
        return f"api/{self.value[:COMMAND_BYTES].hex()}"

    @property
    def lock(self) -> int:
        """The number of its lock: 64 bits with a sign, as PostgreSQL wants them."""
        return int.from_bytes(self.value[:8], signed=True)


def check_key(key: str | None) -> str:
    """Return *key* if it is an Idempotency-Key.

    Raises:
        KeyMissingError: there is none, or it is none.
    """
    if key is None or not _KEY.fullmatch(key):
        raise KeyMissingError("Idempotency-Key: send 16 to 255 printable ASCII characters")
    return key


def digest_key(principal: Principal, actor: str, operation: str, key: str) -> KeyDigest:
    """Return the digest of *key* in its scope.

    Args:
        principal: who asks. Its token is no part of it: a new one is the same principal.
        actor: whom an anonymous caller says that it acts for.
        operation: the method and the path's template.
        key: as `check_key` lets it pass.
    """
    scope = [principal.kind.value, principal.subject, principal.client or ""]
    if principal.kind is Kind.ANONYMOUS:
        scope.append(actor)
    named = {"key": key, "operation": operation, "principal": scope}
    return KeyDigest(sha256(to_bytes(named)).digest())


def digest_request(secret: bytes, path: str, canonical: bytes) -> bytes:
    """Return what two requests are compared by.

    Keyed: a body may hold what is short enough to be guessed, such as a raw key.

    Args:
        secret: the door's own.
        path: with its query; what the path names is part of what is asked.
        canonical: the body as `read_strictly` spells it, or empty.
    """
    return hmac.digest(secret, sha256(path.encode() + b"\n" + canonical).digest(), "sha256")


def read_strictly(body: bytes) -> bytes:
    """Return the one spelling of a JSON *body*, members in order.

    Raises:
        MalformedError: it is not JSON in UTF-8, names a member twice, or holds what no JSON
            may: NaN, infinity, half a surrogate pair.
    """
    try:
        value = json.loads(body.decode(), object_pairs_hook=_once, parse_constant=_refuse_constant)
        spelt = json.dumps(
            value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=True
        )
        return spelt.encode()
    except MalformedError:
        raise
    except RecursionError:
        raise MalformedError("body: nested too deep: send less of it") from None
    except ValueError:
        # A decoder's own words would quote the body.
        raise MalformedError("body: is not JSON in UTF-8: mend its syntax") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise MalformedError("body: a member is named twice: name it once")
    return members


def _refuse_constant(_: str) -> None:
    raise MalformedError("body: NaN and infinity are no JSON: send a number")
