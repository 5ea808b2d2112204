"""The signer: holds the log's keys, and never contradicts what it has signed.

It signs a checkpoint only after a consistency proof from the last one that it signed, and
makes the new one its mark before the signature leaves it (formats.md, section 5). A
database that was restored from an old backup, or rewritten by its administrator, can
therefore not be signed over in silence (``reliability.md`` F6, F14, F15). Proved by
``tests/chain/store/test_signer.py`` and ``tests/chain/store/test_f14_rewritten_tail.py``.

The folder *home* holds ``keys/log-ed25519.key`` and ``keys/log-mldsa44.key`` (secret),
``keys/log.vkeys`` (public) and ``signer/signed``, the mark.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from chain.checkpoint import Checkpoint, sign_checkpoint
from chain.consistency import verify_consistency
from chain.cosignature import signer_of
from chain.errors import ChainError, MalformedError, VerificationError
from chain.hashes import TreeHash, TreeSize
from chain.store.files import MissingFileError, exclusive, read_private, write_private
from chain.store.signed_history import SignedHistory, SignedTree
from chain.vkey import SEED_SIZE, KeyType, SigningKey, VerifierKey

KEY_FILES = {
    KeyType.ED25519: "log-ed25519.key",
    KeyType.ML_DSA_44: "log-mldsa44.key",
}
"""tlog-tiles demands the first; the second is for evidence that is kept for decades."""

VKEYS_FILE = "log.vkeys"


class RefusedToSignError(VerificationError):
    """The tree does not extend what was signed.

    ``known_size`` is the size of the last tree that was signed, None if that is not known.
    """

    def __init__(self, message: str, known_size: int | None) -> None:
        """Say why, and what is known."""
        super().__init__(message)
        self.known_size = known_size


def history_of(home: Path) -> SignedHistory:
    """Return the history that the signer of *home* keeps."""
    return SignedHistory(home / "signer" / "signed")


def create_keys(home: Path, origin: str, random_bytes: Callable[[int], bytes]) -> None:
    """Make new keys for the log *origin*, and begin the signer's history.

    Args:
        home: the deployment's folder.
        origin: the log's unique name, such as ``ledger.example/2026``.
        random_bytes: a cryptographic source, such as `secrets.token_bytes`.

    Raises:
        FileExistsError: there are keys or a history already.
        MalformedError: *origin* is not a key name.
    """
    keys = [SigningKey(origin, kind, random_bytes(SEED_SIZE)) for kind in KEY_FILES]
    paths = [home / "keys" / name for name in KEY_FILES.values()]
    with exclusive(home / "signer" / "lock", "making keys"):
        _begin_history(home, paths)
        for key, path in zip(keys, paths, strict=True):
            write_private(path, f"{key.text()}\n".encode())
        public = "".join(f"{key.verifier_key.text()}\n" for key in keys)
        # Last: a home with this file is complete. After a crash before it, keys that have
        # signed nothing are made anew.
        write_private(home / "keys" / VKEYS_FILE, public.encode(), mode=0o644)


def _begin_history(home: Path, key_paths: Sequence[Path]) -> None:
    """Make the signer's history, or take up the one of a home that was left incomplete.

    Raises:
        FileExistsError: the home has keys, or its history is not empty.
    """
    history = history_of(home)
    # The history goes before the keys, so that keys without a history are a lost history
    # and never a fresh start.
    if not history.path.exists():
        existing = [path for path in (*key_paths, home / "keys" / VKEYS_FILE) if path.exists()]
        if existing:
            raise FileExistsError(f"{existing[0]}: there are keys, and their history is lost")
        history.create()
    elif has_keys(home) or history.path.stat().st_size:
        raise FileExistsError(f"{history.path}: this home has keys already")
    for path in key_paths:
        path.unlink(missing_ok=True)


def has_keys(home: Path) -> bool:
    """Say whether `create_keys` has made the keys of *home*, all of them."""
    return (home / "keys" / VKEYS_FILE).is_file()


def read_verifier_keys(home: Path) -> tuple[VerifierKey, ...]:
    """Return the log's public keys, without touching the secret ones.

    Raises:
        MissingFileError: *home* has no keys.
        MalformedError: the file is not one that `create_keys` writes.
    """
    path = home / "keys" / VKEYS_FILE
    try:
        text = path.read_text(encoding="ascii")
    except FileNotFoundError:
        raise MissingFileError(str(path)) from None
    except UnicodeDecodeError:
        raise MalformedError(f"{path}: not a list of vkeys") from None
    return tuple(VerifierKey.parse(line) for line in text.splitlines())


class Signer:
    """Signs checkpoints of one log. Any number of processes may hold one by mistake.

    Args:
        home: the deployment's folder, with keys from `create_keys`.
        history: what was signed; by default the file in *home*.

    Raises:
        MissingFileError: a key or the history is missing.
        VerificationError: others may read a key.
        MalformedError: a key is not one, or the two have not the same name.
    """

    def __init__(self, home: Path, *, history: SignedHistory | None = None) -> None:
        self._lock = home / "signer" / "lock"
        self._history = history or history_of(home)
        keys = [self._read_key(home / "keys" / name, kind) for kind, name in KEY_FILES.items()]
        if len({key.name for key in keys}) != 1:
            raise MalformedError(f"{home}/keys: the log's keys must have one name, its origin")
        self._signers = [signer_of(key) for key in keys]
        self.origin = keys[0].name
        self.verifier_keys = tuple(key.verifier_key for key in keys)
        self.mark()

    def mark(self) -> SignedTree | None:
        """Return the last tree that was signed, None if there was none.

        Raises:
            RefusedToSignError: the history is lost.
        """
        try:
            return self._history.last()
        except MissingFileError:
            raise RefusedToSignError(
                f"{self._history.path}: the signer's record of what it has signed is lost, so it"
                " signs nothing: restore that file from its own backup, or learn the largest"
                " size from the witnesses and run xiyou recover",
                None,
            ) from None

    def check_covers(self, published: Checkpoint) -> None:
        """Check that the mark is not older than *published*, which carries our signature.

        Raises:
            RefusedToSignError: it is, or it is of another tree.
        """
        mark = self.mark()
        if mark is None or mark.size < published.size:
            known = 0 if mark is None else mark.size
            raise RefusedToSignError(
                f"the signer's record ends at size {known}, and a checkpoint of size"
                f" {published.size} carries our signature: the record was rolled back; restore"
                " its newest backup or run xiyou recover",
                known,
            )
        if mark.size == published.size and mark.root != published.root:
            raise _contradiction(mark, published.root)

    def check_size(self, size: int) -> None:
        """Check that a log of *size* entries is not shorter than what was signed.

        Raises:
            RefusedToSignError: entries that were signed are missing.
        """
        mark = self.mark()
        if mark is not None and size < mark.size:
            raise _missing(size, mark)

    def sign(self, size: int, root: TreeHash, proof: Sequence[TreeHash], at: datetime) -> bytes:
        """Return the checkpoint of the tree, signed by every key of the log.

        Args:
            size: leaves in the tree.
            root: its root hash.
            proof: consistency proof from `mark` to this tree; empty from nothing, from
                size 0, and to the same size.
            at: when, for the signature that carries a time.

        Raises:
            RefusedToSignError: the tree does not extend what was signed.
            MalformedError: there is no such checkpoint.
        """
        tree = SignedTree(TreeSize(size), root)
        checkpoint = Checkpoint(self.origin, tree.size, tree.root)
        checkpoint.text()
        # Compare and swap: between reading the mark and writing it nobody else may.
        with exclusive(self._lock, "signing", wait=True):
            mark = self.mark()
            _check_extends(mark, tree, proof)
            if mark != tree:
                self._history.append(tree)
        # A crash from here on loses the signature, not the mark: asking again for the
        # same tree gets it.
        return sign_checkpoint(checkpoint, self._signers, seconds=int(at.timestamp()))

    @staticmethod
    def _read_key(path: Path, kind: KeyType) -> SigningKey:
        try:
            key = SigningKey.parse(read_private(path).decode("ascii").removesuffix("\n"))
        except UnicodeDecodeError:
            raise MalformedError(f"{path}: not a signing key") from None
        except MalformedError as error:
            raise MalformedError(f"{path}: {error}") from None
        if key.type is not kind:
            raise MalformedError(f"{path}: must be a key of type {kind:02x}, not {key.type:02x}")
        return key


def _check_extends(mark: SignedTree | None, tree: SignedTree, proof: Sequence[TreeHash]) -> None:
    """Check that *tree* begins with the tree at *mark*.

    Raises:
        RefusedToSignError: it does not, or *proof* does not show it.
    """
    if mark is None or mark.size == 0:
        if proof:
            raise RefusedToSignError("nothing was signed yet: the proof must be empty", 0)
        return
    if tree.size < mark.size:
        raise _missing(tree.size, mark)
    if tree.size == mark.size and tree.root != mark.root:
        raise _contradiction(mark, tree.root)
    try:
        verify_consistency(*mark, *tree, proof)
    except ChainError as error:
        raise RefusedToSignError(
            f"the tree of size {tree.size} does not begin with the tree of size {mark.size} that"
            f" was signed ({error}): an entry below {mark.size} was changed; run xiyou audit",
            mark.size,
        ) from error


def _missing(size: int, mark: SignedTree) -> RefusedToSignError:
    return RefusedToSignError(
        f"the log has {size} entries and {mark.size} were signed: entries {size} to"
        f" {mark.size - 1} are missing, as after restoring an old backup; run xiyou recover",
        mark.size,
    )


def _contradiction(mark: SignedTree, root: TreeHash) -> RefusedToSignError:
    return RefusedToSignError(
        f"size {mark.size} was signed with root {mark.root.hex()} and is now {root.hex()}: an"
        f" entry below {mark.size} was changed; run xiyou audit",
        mark.size,
    )
