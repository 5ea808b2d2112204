"""Secrets of a deployment besides its keys: 32 bytes each, in ``keys/<name>.secret`` of the home.

``tests/api/test_bootstrap.py``.
"""

import secrets
from contextlib import suppress
from pathlib import Path
from typing import Final

from chain.errors import MalformedError
from chain.store.files import read_private, write_private

SECRET_SIZE: Final = 32


def secret_path(home: Path, name: str) -> Path:
    """Return the file of the secret *name*: hex, and a line's end."""
    return home / "keys" / f"{name}.secret"


def read_secret(home: Path, name: str) -> bytes:
    """Return the secret *name*.

    Raises:
        MissingFileError: it was not made, or is lost.
        VerificationError: others may read it.
        MalformedError: the file does not hold one.
    """
    path = secret_path(home, name)
    try:
        secret = bytes.fromhex(read_private(path).decode("ascii").removesuffix("\n"))
    except ValueError:
        secret = b""
    if len(secret) != SECRET_SIZE:
        raise MalformedError(f"{path}: not {SECRET_SIZE} bytes in hex: restore it from backup")
    return secret


def make_secret(home: Path, name: str) -> None:
    """Make the secret *name* where there is none yet."""
    path = secret_path(home, name)
    if not path.exists():
        # Two processes may both be first: the one that was faster has made it.
        with suppress(FileExistsError):
            write_private(path, f"{secrets.token_hex(SECRET_SIZE)}\n".encode())
