"""What the domain asks of the vault: to keep a secret or personal value outside the log.

``formats.md``, section 3. The domain decides what is sealed, for which data subject and
with which salt; `chain.store.vault.Vault` encrypts it, and the recorder saves the row in
the transaction of the entry that refers to it. Tests use `tests/domain/given.py`'s own.
"""

from typing import Protocol, runtime_checkable


class SealedRow(Protocol):
    """A sealed value, encrypted, on its way to the vault's table."""

    @property
    def digest(self) -> bytes:
        """SHA-256 by which the entry refers to it."""


class Sealer(Protocol):
    """Seals values; `chain.store.vault.Vault` is the real one."""

    def seal(self, subject: str, value: object, salt: bytes) -> SealedRow:
        """Return *value*, salted and encrypted under the data key of *subject*."""


class OpenedRow(Protocol):
    """A sealed value that was opened again."""

    @property
    def content(self) -> bytes:
        """Canonical JSON of salt and value."""


@runtime_checkable
class Opener(Protocol):
    """Opens what was sealed; `chain.store.vault.Vault` is the real one."""

    def open(self, digest: bytes) -> OpenedRow:
        """Return the sealed value that *digest* names."""


class Entropy(Protocol):
    """Where salts and codes come from; in production the system's random source."""

    def __call__(self, size: int, /) -> bytes:
        """Return *size* random bytes."""
