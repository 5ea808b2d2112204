"""The master key, which wraps the data keys of the vault (``reliability.md`` 4.5).

In development and for one machine it is a file that only its owner may read; a key
management service takes its place behind the same interface. Proved by
``tests/chain/store/test_vault.py``.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from chain.errors import MalformedError, VerificationError
from chain.store.files import read_private, write_private

MASTER_KEY_FILE = "vault-master.key"
KEY_SIZE = 32
NONCE_SIZE = 12
_ID_SIZE = 8

_TEXT = re.compile(r"MASTER\+KEY\+(master_[0-9a-f]{16})\+([A-Za-z0-9+/]{43}=)\n")


class MasterKey(Protocol):
    """Wraps and unwraps data keys; the key itself may never leave where it is kept."""

    @property
    def id(self) -> str:
        """Names the key; stands beside everything that it wrapped."""

    def wrap(self, data_key: bytes, binding: bytes) -> bytes:
        """Return *data_key* encrypted, to be unwrapped with the same *binding* only."""

    def unwrap(self, wrapped: bytes, binding: bytes) -> bytes:
        """Return the data key in *wrapped*.

        Raises:
            VerificationError: it was wrapped by another key or with another binding.
        """


def create_master_key(home: Path, random_bytes: Callable[[int], bytes]) -> None:
    """Make the master key of the deployment in *home*.

    Raises:
        FileExistsError: there is one already.
    """
    encoded = b64encode(random_bytes(KEY_SIZE)).decode()
    text = f"MASTER+KEY+master_{random_bytes(_ID_SIZE).hex()}+{encoded}\n"
    write_private(home / "keys" / MASTER_KEY_FILE, text.encode())


class FileMasterKey:
    """A master key kept in a file of *home*.

    Args:
        home: the deployment's folder.
        random_bytes: a cryptographic source of nonces.

    Raises:
        MissingFileError: there is no master key.
        VerificationError: others may read it.
        MalformedError: the file is not one that `create_master_key` writes.
    """

    def __init__(self, home: Path, random_bytes: Callable[[int], bytes]) -> None:
        path = home / "keys" / MASTER_KEY_FILE
        match = _TEXT.fullmatch(read_private(path).decode("latin-1"))
        if match is None:
            raise MalformedError(f"{path}: not a master key: restore it from its offline copy")
        self.id = match[1]
        self._cipher = AESGCM(b64decode(match[2]))
        self._random_bytes = random_bytes

    def __repr__(self) -> str:
        return f"FileMasterKey(id={self.id!r})"

    def wrap(self, data_key: bytes, binding: bytes) -> bytes:
        """See `MasterKey.wrap`."""
        nonce = self._random_bytes(NONCE_SIZE)
        return nonce + self._cipher.encrypt(nonce, data_key, binding)

    def unwrap(self, wrapped: bytes, binding: bytes) -> bytes:
        """See `MasterKey.unwrap`."""
        try:
            return self._cipher.decrypt(wrapped[:NONCE_SIZE], wrapped[NONCE_SIZE:], binding)
        except (InvalidTag, ValueError):
            raise VerificationError(
                f"a data key does not unwrap under {self.id}: it or what it is bound to was"
                " changed, or another master key wrapped it"
            ) from None
