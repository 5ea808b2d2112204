"""The ``openssl`` program: the second tool that a time stamp must pass at receipt.

``evidence.md``, section 7. It is another implementation than the one in `chain.timestamp`, so
that a fault of one does not let a token through that a court's expert will then refuse.
Proved by ``tests/chain/test_timestamp.py`` and
``tests/chain/store/test_stamps.py``.
"""

import subprocess
from collections.abc import Sequence
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from chain.errors import MalformedError
from chain.timestamp import TimestampError, read_timestamp

PROGRAM: Final = "openssl"
TIMEOUT: Final = 20.0
"""Seconds; it needs ten milliseconds."""


def has_openssl() -> bool:
    """Say whether this machine has the program."""
    return which(PROGRAM) is not None


def run_openssl(*arguments: str | Path) -> str:
    """Run the program, and return what it has printed.

    Raises:
        FileNotFoundError: this machine has none.
        MalformedError: it ended with an error; the text has its last words.
    """
    program = which(PROGRAM)
    if program is None:
        raise FileNotFoundError(f"{PROGRAM}: is not on this machine: install it")
    done = subprocess.run(  # noqa: S603 — our own arguments, no shell
        [program, *(str(each) for each in arguments)],
        capture_output=True,
        check=False,
        stdin=subprocess.DEVNULL,
        timeout=TIMEOUT,
    )
    if done.returncode:
        said = (done.stderr or done.stdout).decode(errors="replace").strip().splitlines()
        raise MalformedError(f"{PROGRAM} {arguments[0]}: {said[-1] if said else 'it failed'}")
    return done.stdout.decode(errors="replace")


def check_with_openssl(
    token: bytes, signed: bytes, authorities: Sequence[x509.Certificate]
) -> None:
    """Check with ``openssl ts -verify`` that *token* is over *signed*.

    Certificates are judged as of the token's own time. What a test authority's token is
    worth, this program does not know: `chain.timestamp.check_timestamp` does.

    Args:
        token: the response, DER.
        signed: the bytes that it must be over.
        authorities: root certificates that are trusted.

    Raises:
        FileNotFoundError: this machine has no ``openssl``.
        TimestampError: the program does not verify it.
    """
    at = read_timestamp(token).at
    with TemporaryDirectory(prefix="xiyou-openssl-") as temporary:
        folder = Path(temporary)
        (folder / "token.tsr").write_bytes(token)
        (folder / "signed").write_bytes(signed)
        roots = b"".join(each.public_bytes(Encoding.PEM) for each in authorities)
        (folder / "roots.pem").write_bytes(roots)
        # fmt: off
        try:
            run_openssl(
                "ts", "-verify", "-data", folder / "signed", "-in", folder / "token.tsr",
                "-CAfile", folder / "roots.pem", "-attime", str(int(at.timestamp())),
            )
        except MalformedError as error:
            raise TimestampError("untrusted", f"the second tool refuses it: {error}") from None
        # fmt: on
