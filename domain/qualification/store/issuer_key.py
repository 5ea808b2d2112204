"""The issuer's key in a file: what signs badges and status lists (``reliability.md``, 4.5).

Its own key, not the log's: who may say that a merchant is good is another question than what
the log holds. Ed25519, as a signing key of c2sp.org/signed-note, in
``keys/issuer-ed25519.key`` (secret) and ``keys/issuer.vkey`` (public) of the deployment's
folder. A service that keeps keys takes its place behind `BadgeSigner`.
``tests/domain/qualification/test_b6_badge.py``.
"""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from chain.errors import MalformedError
from chain.store.files import read_private, write_private
from chain.vkey import SEED_SIZE, KeyType, SigningKey
from domain.qualification.issuer import IssuerKey

KEY_FILE: Final = "issuer-ed25519.key"
VKEY_FILE: Final = "issuer.vkey"


def create_issuer_key(home: Path, name: str, random_bytes: Callable[[int], bytes]) -> None:
    """Make the issuer's key of the deployment in *home*.

    Args:
        home: the deployment's folder.
        name: of the issuer, such as ``ledger.example/issuer``.
        random_bytes: a cryptographic source.

    Raises:
        FileExistsError: there is one.
        MalformedError: *name* is not a key name.
    """
    key = SigningKey(name, KeyType.ED25519, random_bytes(SEED_SIZE))
    write_private(home / "keys" / KEY_FILE, f"{key.text()}\n".encode())
    # A crash before this line leaves a key whose public half `read_issuer_key` writes anew.


def read_issuer_key(home: Path) -> IssuerKey:
    """Return the issuer's key of *home*, and see to it that its public half stands beside it.

    Raises:
        MissingFileError: there is none.
        VerificationError: others may read it.
        MalformedError: the file is not one that `create_issuer_key` writes.
    """
    text = read_private(home / "keys" / KEY_FILE).decode("latin-1")
    if not text.endswith("\n"):
        raise MalformedError(f"{KEY_FILE}: must end in a newline")
    found = IssuerKey(SigningKey.parse(text.removesuffix("\n")))
    with suppress(FileExistsError):
        write_private(home / "keys" / VKEY_FILE, f"{found.key.text()}\n".encode(), mode=0o644)
    return found
