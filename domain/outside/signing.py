"""Signed questions and answers: HMAC-SHA256 over everything that matters of each.

A question's signature covers, each on a line of its own,

    xiyou-hmac-1
    POST                        the method
    /v1/source                  the path
    2026-11-22T10:00:00Z        the date; the party refuses one that is minutes off
    5f0c…                       the nonce, 32 hexadecimal digits; the party refuses a second use
    cmd/7/source                the idempotency key; the same again gets the first answer
    e3b0…                       SHA-256 of the body

and an answer's ``xiyou-hmac-1``, ``answer``, the status, the question's nonce and the SHA-256
of the body: an answer to another question, or anybody else's, does not verify. The headers
are named below. Proved by ``tests/domain/outside/test_signing.py``.
"""

import hmac
import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from chain.errors import MalformedError, VerificationError

SECRET_SIZE: Final = 32
"""Bytes of the secret that a party and we share."""
CLIENT: Final = "X-Xiyou-Client"
DATE: Final = "X-Xiyou-Date"
NONCE: Final = "X-Xiyou-Nonce"
SIGNATURE: Final = "X-Xiyou-Signature"
IDEMPOTENCY: Final = "Idempotency-Key"

_SCHEME: Final = "xiyou-hmac-1"
_SHAPES: Final = {
    "method": re.compile(r"[A-Z]{3,7}"),
    "path": re.compile(r"/[!-~]{0,200}"),
    "date": re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z"),
    "nonce": re.compile(r"[0-9a-f]{32}"),
    "key": re.compile(r"[!-~]{1,200}"),
}


@dataclass(frozen=True, slots=True)
class Question:
    """What is signed of a request.

    Raises:
        MalformedError: a part has a form that would make two questions look alike.
    """

    method: str
    path: str
    date: str
    nonce: str
    key: str
    body: bytes

    def __post_init__(self) -> None:
        for name, shape in _SHAPES.items():
            if not shape.fullmatch(getattr(self, name)):
                raise MalformedError(f"{name}: must match {shape.pattern}")

    def sign(self, secret: bytes) -> str:
        """Return the question's signature, 64 hexadecimal digits."""
        head = (self.method, self.path, self.date, self.nonce, self.key)
        return _signature(secret, *head, sha256(self.body).hexdigest())

    def verify(self, signature: str, secret: bytes) -> None:
        """Check that whoever has *secret* asked this.

        Raises:
            VerificationError: somebody else did, or a part was changed.
        """
        _compare(self.sign(secret), signature, "question")


def sign_answer(status: int, nonce: str, body: bytes, secret: bytes) -> str:
    """Return the signature of the answer to the question with *nonce*."""
    return _signature(secret, "answer", str(status), nonce, sha256(body).hexdigest())


def verify_answer(status: int, nonce: str, body: bytes, signature: str, secret: bytes) -> None:
    """Check that whoever has *secret* gave this answer to the question with *nonce*.

    Raises:
        VerificationError: somebody else did, to another question, or it was changed.
    """
    _compare(sign_answer(status, nonce, body, secret), signature, "answer")


def _signature(secret: bytes, *lines: str) -> str:
    if len(secret) != SECRET_SIZE:
        raise MalformedError(f"secret: must be {SECRET_SIZE} bytes")
    text = "".join(f"{line}\n" for line in (_SCHEME, *lines))
    return hmac.digest(secret, text.encode(), "sha256").hex()


def _compare(wanted: str, found: str, what: str) -> None:
    if not hmac.compare_digest(wanted.encode(), found.encode()):
        raise VerificationError(f"the {what}'s signature is not its sender's")
