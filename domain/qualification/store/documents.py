"""Documents in a folder, encrypted, found again by the SHA-256 of what they hold.

A licence names people. Each document is therefore under a data key of its own, which the
deployment's master key wraps (``reliability.md``, 4.5): whoever has the folder or its backup
has nothing to read, and a file put in another's place does not open. A file is

    wrapped data key's size, 2 bytes, big-endian
    wrapped data key
    nonce, 12 bytes, and AES-256-GCM ciphertext

bound to the digest, and stands at ``<first two digits>/<digest>``. Written whole or not at
all, never changed. ``tests/domain/qualification/test_b1_documents.py``.
"""

import re
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from chain.errors import VerificationError
from chain.store.files import DifferentFileError, Folder, MissingFileError
from chain.store.master_key import KEY_SIZE, NONCE_SIZE, MasterKey
from domain.errors import NotFoundError

_SIZE: Final = 2
_BINDING: Final = b"xiyou-document-1/"
_DIGEST = re.compile(r"[0-9a-f]{64}")


class DocumentFolder:
    """A content-addressed store of documents. Threads and processes may share its folder.

    Args:
        root: made when the first document comes.
        master_key: wraps the documents' keys.
        random_bytes: a cryptographic source.
    """

    def __init__(
        self, root: Path, master_key: MasterKey, random_bytes: Callable[[int], bytes]
    ) -> None:
        self._files = Folder(root)
        self._master_key = master_key
        self._random_bytes = random_bytes

    def put(self, content: bytes) -> str:
        """See `DocumentStore.put`."""
        digest = sha256(content).hexdigest()
        try:
            self.get(digest)
        except NotFoundError:
            self._write(digest, content)
        return digest

    def get(self, digest: str) -> bytes:
        """See `DocumentStore.get`."""
        if not _DIGEST.fullmatch(digest):
            raise NotFoundError(f"document {digest!a:.80}: is named by 64 hexadecimal digits")
        try:
            data = self._files.read(_path(digest))
        except MissingFileError:
            raise NotFoundError(f"document {digest}: is not kept here") from None
        wrapped_end = _SIZE + int.from_bytes(data[:_SIZE])
        nonce_end = wrapped_end + NONCE_SIZE
        try:
            key = self._master_key.unwrap(data[_SIZE:wrapped_end], _binding(digest))
            content = AESGCM(key).decrypt(
                data[wrapped_end:nonce_end], data[nonce_end:], _binding(digest)
            )
        except (InvalidTag, ValueError):
            raise VerificationError(f"document {digest}: its file was changed or moved") from None
        if sha256(content).hexdigest() != digest:
            raise VerificationError(f"document {digest}: its file holds another document")
        return content

    def _write(self, digest: str, content: bytes) -> None:
        key, nonce = self._random_bytes(KEY_SIZE), self._random_bytes(NONCE_SIZE)
        wrapped = self._master_key.wrap(key, _binding(digest))
        sealed = AESGCM(key).encrypt(nonce, content, _binding(digest))
        file = len(wrapped).to_bytes(_SIZE) + wrapped + nonce + sealed
        try:
            self._files.write([(_path(digest), file)])
        except DifferentFileError:
            # Somebody else has put the same document there meanwhile, under a key of its own.
            self.get(digest)
        # A crash before this line leaves a document that no event names: it does no harm.


def _binding(digest: str) -> bytes:
    return _BINDING + digest.encode()


def _path(digest: str) -> str:
    return f"{digest[:2]}/{digest}"
