"""The master key, which wraps the data keys of the vault (``reliability.md`` 4.5).

In development and for one machine it is a file that only its owner may read; a key
management service takes its place behind the same interface. Rotation adds a key to the
ring and takes none away: the newest wraps what is new, the older ones open what they
wrapped. Proved by ``tests/chain/store/test_vault.py`` and ``test_keyring.py``.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import Protocol, cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from chain.errors import ChainError, MalformedError, VerificationError
from chain.store.files import MissingFileError, read_private, write_private

MASTER_KEY_FILE = "vault-master.key"
"""The first key's; the following ones are ``vault-master-2.key`` and so on."""
LOOK_AGAIN = 0.5
"""Seconds after which a ring looks again for a key that another process has added."""
KEY_SIZE = 32
NONCE_SIZE = 12
_ID_SIZE = 8

_NAME = re.compile(r"vault-master(?:-([1-9][0-9]*))?\.key")
_TEXT = re.compile(r"MASTER\+KEY\+(master_[0-9a-f]{16})\+([A-Za-z0-9+/]{43}=)\n")


class VaultUnavailableError(ChainError):
    """The master keys are out of reach: nothing is sealed or opened, and nothing in the clear."""


class MasterKey(Protocol):
    """Wraps and unwraps data keys; the key itself may never leave where it is kept."""

    @property
    def id(self) -> str:
        """Names the key; stands beside everything that it wrapped."""

    def wrap(self, data_key: bytes, binding: bytes) -> bytes:
        """Return *data_key* encrypted, to be unwrapped with the same *binding* only.

        Raises:
            VaultUnavailableError: whoever keeps the key does not answer.
        """

    def unwrap(self, wrapped: bytes, binding: bytes) -> bytes:
        """Return the data key in *wrapped*.

        Raises:
            VerificationError: it was wrapped by another key or with another binding.
            VaultUnavailableError: whoever keeps the key does not answer.
        """


class Keyring(Protocol):
    """The master keys of a vault, old and new."""

    @property
    def current(self) -> MasterKey:
        """The newest: it wraps what is new.

        Raises:
            VaultUnavailableError: whoever keeps the keys does not answer.
        """

    def find(self, key_id: str) -> MasterKey | None:
        """Return the key of that id; None if the ring has none."""


class SingleKey:
    """A ring of one key that is never rotated."""

    def __init__(self, master_key: MasterKey) -> None:
        self.current = master_key

    def find(self, key_id: str) -> MasterKey | None:
        """See `Keyring.find`."""
        return self.current if key_id == self.current.id else None


def ring_of(keys: MasterKey | Keyring) -> Keyring:
    """Return *keys* as a ring; whoever keeps them is not asked for anything yet."""
    return cast("Keyring", keys) if hasattr(keys, "find") else SingleKey(keys)


def create_master_key(home: Path, random_bytes: Callable[[int], bytes]) -> None:
    """Make the master key of the deployment in *home*.

    Raises:
        FileExistsError: there is one already.
    """
    _write(home / "keys" / MASTER_KEY_FILE, random_bytes)


def add_master_key(home: Path, random_bytes: Callable[[int], bytes]) -> None:
    """Add a master key to those in *home*: from now on it wraps what is new.

    Raises:
        VaultUnavailableError: *home* has no master key.
        FileExistsError: somebody else is adding one.
    """
    files = _key_files(home)
    if not files:
        raise VaultUnavailableError(f"{home / 'keys'}: there is no master key to follow")
    _write(home / "keys" / f"vault-master-{max(files) + 1}.key", random_bytes)


def _write(path: Path, random_bytes: Callable[[int], bytes]) -> None:
    encoded = b64encode(random_bytes(KEY_SIZE)).decode()
    text = f"MASTER+KEY+master_{random_bytes(_ID_SIZE).hex()}+{encoded}\n"
    write_private(path, text.encode())


def _key_files(home: Path) -> dict[int, Path]:
    """Return the files of the master keys in *home* by their numbers."""
    found = {}
    for path in (home / "keys").glob("vault-master*.key"):
        match = _NAME.fullmatch(path.name)
        if match:
            found[int(match[1] or 1)] = path
    return found


class FileMasterKey:
    """A master key kept in a file of *home*.

    Args:
        home: the deployment's folder.
        random_bytes: a cryptographic source of nonces.
        name: of the file; by default the first key's.

    Raises:
        MissingFileError: there is no master key.
        VerificationError: others may read it.
        MalformedError: the file is not one that `create_master_key` writes.
    """

    def __init__(
        self, home: Path, random_bytes: Callable[[int], bytes], name: str = MASTER_KEY_FILE
    ) -> None:
        path = home / "keys" / name
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


class FileKeyring:
    """The master keys in files of *home*, each readable by its owner alone.

    A key that another process has added is noticed `LOOK_AGAIN` seconds later at the most;
    what it has wrapped meanwhile opens at once.

    Args:
        home: the deployment's folder.
        random_bytes: a cryptographic source of nonces.
        clock: seconds that only go forward.

    Raises:
        VaultUnavailableError: there is no master key.
        VerificationError: others may read one.
        MalformedError: a file is not one that `create_master_key` writes.
    """

    def __init__(
        self,
        home: Path,
        random_bytes: Callable[[int], bytes],
        *,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._home = home
        self._random_bytes = random_bytes
        self._clock = clock
        self._lock = Lock()
        self._keys: dict[str, FileMasterKey] = {}
        self._files: set[int] = set()
        self._newest: FileMasterKey
        self._looked = 0.0
        self._look()
        if not self._keys:
            missing = home / "keys" / MASTER_KEY_FILE
            raise VaultUnavailableError(f"{missing}: is missing: restore it from its offline copy")

    def __repr__(self) -> str:
        return f"FileKeyring(current={self._newest.id!r}, keys={len(self._keys)})"

    @property
    def current(self) -> FileMasterKey:
        """See `Keyring.current`."""
        if self._clock() - self._looked >= LOOK_AGAIN:
            self._look()
        return self._newest

    @property
    def ids(self) -> list[str]:
        """The ids of all keys, the newest last."""
        self._look()
        return list(self._keys)

    def find(self, key_id: str) -> FileMasterKey | None:
        """See `Keyring.find`."""
        if key_id not in self._keys:
            self._look()
        return self._keys.get(key_id)

    def _look(self) -> None:
        """Read the keys that were added since."""
        with self._lock:
            files = _key_files(self._home)
            for number in sorted(files.keys() - self._files):
                try:
                    key = FileMasterKey(self._home, self._random_bytes, files[number].name)
                except MissingFileError as error:
                    raise VaultUnavailableError(str(error)) from error
                self._keys[key.id] = key
                self._files.add(number)
                self._newest = key
            self._looked = self._clock()
