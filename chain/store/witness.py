"""A witness: its key, the logs it watches, and the latest checkpoint of each.

A folder of its own and nothing else: no database, nothing of the log's operator. It holds

    key                       the cosigning key, secret
    key.vkey                  its public half, for those who want to rely on this witness
    logs/<log>/vkeys          keys of a log that is watched
    logs/<log>/latest         the newest checkpoint cosigned, as its log signed it; empty at first
    logs/<log>/refused/<hash> checkpoints that the log signed and that do not fit `latest`
    logs/<log>/checked/       of a checking witness: what it knows of the log's entries
    lock                      held by the one process that serves

where ``<log>`` is the SHA-256 of the log's origin. `Witness.answer` makes a checkpoint the
latest one, durably, before it cosigns it, and between looking and replacing nobody else may;
so whenever it is killed, it has never cosigned two that contradict each other. Proved by
``tests/chain/store/test_witness.py`` and ``tests/faults/test_witness_kills.py``.
"""

from collections.abc import Callable
from contextlib import ExitStack, suppress
from datetime import datetime
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path
from threading import Lock
from typing import Final, Self

from chain.checkpoint import Checkpoint
from chain.errors import ChainError, MalformedError
from chain.note import Note
from chain.rules import BrokenRuleError
from chain.store.files import (
    Folder,
    MissingFileError,
    PublishedFiles,
    exclusive,
    read_private,
    write_private,
)
from chain.vkey import SEED_SIZE, KeyType, SigningKey, VerifierKey
from chain.witness import (
    Answer,
    Judged,
    NotCheckedYetError,
    NotConsistentError,
    SplitViewError,
    accept,
    check_follows,
    cosign,
    open_submission,
    refuse,
)

KEY_FILE: Final = "key"
VKEY_FILE: Final = "key.vkey"
LOGS: Final = "logs"
CHECKED: Final = "/checked"
"""Behind the name of a witness that has read all entries under what it cosigns, and holds
them to `chain.rules`: named apart, so that a policy may ask for it apart."""
KINDS: Final = (KeyType.ED25519_COSIGNATURE, KeyType.ML_DSA_44)
MAX_REFUSED: Final = 100
"""Checkpoints of one log that are kept because they were refused; the first are the best."""


Check = Callable[[Checkpoint], None]
"""Raises `BrokenRuleError` or `NotCheckedYetError` for what must not be cosigned."""


class DamagedMemoryError(ChainError):
    """What the witness remembers of a log is lost or unreadable: it cosigns nothing of it."""


def create_witness(
    home: Path,
    name: str,
    random_bytes: Callable[[int], bytes],
    kind: KeyType = KeyType.ED25519_COSIGNATURE,
) -> VerifierKey:
    """Make the key of a new witness in *home*; return its public half.

    Args:
        home: a folder of the witness's own.
        name: of the witness, such as ``witness.court.example/2026``.
        random_bytes: a cryptographic source, such as `secrets.token_bytes`.
        kind: of its cosignatures: Ed25519, or ML-DSA-44.

    Raises:
        FileExistsError: there is one already.
        MalformedError: *name* is not a key name, or *kind* not for cosignatures.
    """
    if kind not in KINDS:
        raise MalformedError(f"key {name}: type {kind:02x} is not for cosignatures")
    key = SigningKey(name, kind, random_bytes(SEED_SIZE))
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_private(home / KEY_FILE, f"{key.text()}\n".encode())
    # A crash here leaves a key that nobody relies on yet; `read_witness_key` needs no vkey file.
    write_private(home / VKEY_FILE, f"{key.verifier_key.text()}\n".encode(), mode=0o644)
    return key.verifier_key


def read_witness_key(home: Path) -> SigningKey:
    """Return the key of the witness in *home*.

    Raises:
        MissingFileError: there is no witness.
        VerificationError: others may read it.
        MalformedError: it is not a cosigning key.
    """
    path = home / KEY_FILE
    try:
        key = SigningKey.parse(read_private(path).decode("ascii").removesuffix("\n"))
    except UnicodeDecodeError:
        raise MalformedError(f"{path}: not a signing key") from None
    if key.type not in KINDS:
        raise MalformedError(f"{path}: a key of type {key.type:02x} is not for cosignatures")
    return key


def watch_log(home: Path, keys: tuple[VerifierKey, ...]) -> str:
    """Let the witness in *home* watch the log with *keys*; return the log's origin.

    Raises:
        FileExistsError: it is watched already.
        MalformedError: no keys, keys of two logs, or keys that cannot sign checkpoints.
    """
    names = {key.name for key in keys}
    if len(names) != 1:
        raise MalformedError(f"a log has keys of one name, its origin; these have {len(names)}")
    if any(key.type is KeyType.ED25519_COSIGNATURE for key in keys):
        raise MalformedError("a cosigning key (type 04) is a witness's, not a log's")
    [origin] = names
    folder = home / LOGS / log_folder(origin)
    # The memory goes before the keys, so that keys without a memory are a lost memory and
    # never a fresh start.
    if not (folder / "vkeys").exists():
        with suppress(FileExistsError):
            write_private(folder / "latest", b"", mode=0o644)
    text = "".join(f"{key.text()}\n" for key in keys)
    write_private(folder / "vkeys", text.encode(), mode=0o644)
    return origin


def watched_logs(home: Path) -> dict[str, tuple[VerifierKey, ...]]:
    """Return the keys of every log that the witness in *home* watches, by origin.

    Raises:
        MalformedError: a file is not one that `watch_log` writes.
    """
    found: dict[str, tuple[VerifierKey, ...]] = {}
    for path in sorted((home / LOGS).glob("*/vkeys")):
        lines = path.read_text(encoding="ascii").splitlines()
        keys = tuple(VerifierKey.parse(line) for line in lines)
        if not keys or log_folder(keys[0].name) != path.parent.name:
            raise MalformedError(f"{path}: is not the list of keys that belongs there")
        found[keys[0].name] = keys
    return found


def log_folder(origin: str) -> str:
    """Return the name of the folder that holds what is remembered of the log *origin*."""
    return sha256(origin.encode()).hexdigest()


class Witness:
    """Answers submissions. A context manager; only one process may work on a home at a time.

    Args:
        home: the witness's folder.
        clock: the time that cosignatures carry.
        files: where checkpoints are kept; by default the folder ``logs`` in *home*.
        check: of a checking witness: asked of every checkpoint that follows the latest.

    Raises:
        ValueError: *check* is given, and the key is not that of a checking witness.
        LockedError: another process serves this witness.
        MissingFileError: there is no witness in *home*.
        MalformedError: a key file is damaged.
        VerificationError: others may read the key.
    """

    def __init__(
        self,
        home: Path,
        clock: Callable[[], datetime],
        files: PublishedFiles | None = None,
        check: Check | None = None,
    ) -> None:
        self._held = ExitStack()
        self.key = read_witness_key(home)
        if check is not None and not self.key.name.endswith(CHECKED):
            raise ValueError(f"{self.key.name}: is not the name of a checking witness")
        self._check = check
        self.logs = watched_logs(home)
        self._held.enter_context(exclusive(home / "lock", "serving this witness"))
        self._clock = clock
        self._files = files or Folder(home / LOGS)
        self._files.clean()
        self._locks = {origin: Lock() for origin in self.logs}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let the home go."""
        self._held.close()

    def answer(self, body: bytes) -> Answer:
        """Return what to answer to the *body* of an ``add-checkpoint`` call.

        Threads may call it at once. Where its own memory fails it cosigns nothing and answers
        500; what was kept or lost shows in the next answer, which looks again.
        """
        try:
            judged = open_submission(body, self.logs)
            with self._locks[judged.checkpoint.origin]:
                self._advance(judged)
        except (DamagedMemoryError, OSError) as error:
            said = error if isinstance(error, DamagedMemoryError) else "the witness cannot write"
            return Answer(HTTPStatus.INTERNAL_SERVER_ERROR, f"{said}\n".encode())
        except ChainError as error:
            return refuse(error)
        # A crash from here on loses the cosignature, not the memory: the log asks again from
        # the size that it learns by the 409, and gets it.
        return accept(cosign(judged, [self.key], int(self._clock().timestamp())))

    def latest(self, origin: str) -> Checkpoint | None:
        """Return the latest checkpoint of the log *origin* that was cosigned, None at first.

        Raises:
            DamagedMemoryError: it is lost or unreadable.
        """
        path = f"{log_folder(origin)}/latest"
        try:
            note = self._files.read(path)
            if not note:
                return None
            checkpoint = Checkpoint.parse(Note.parse(note).text, extensions=True)
        except (MissingFileError, MalformedError):
            checkpoint = None
        if checkpoint is None or checkpoint.origin != origin:
            raise DamagedMemoryError(
                f"what this witness last cosigned of {origin} is lost or damaged ({path}): restore"
                " its newest backup; until then nothing of that log is cosigned"
            )
        return checkpoint

    def _advance(self, judged: Judged) -> None:
        """Make the submission the latest checkpoint, durably. Only under the log's lock.

        Raises:
            ChainError: it does not follow the latest one.
            DamagedMemoryError: the latest one is lost.
            OSError: it could not be kept, or was kept and that is not known.
        """
        checkpoint, note = judged.checkpoint, judged.submission.note
        try:
            check_follows(judged, self.latest(checkpoint.origin))
            self._check_entries(checkpoint)
        except (SplitViewError, NotConsistentError, BrokenRuleError):
            # The log has signed it, so with `latest` it may be proof of misbehaviour.
            self._keep_refused(checkpoint.origin, note)
            raise
        # Also where it is the latest already: an earlier write may have failed half-way.
        self._files.replace(f"{log_folder(checkpoint.origin)}/latest", note)

    def _check_entries(self, checkpoint: Checkpoint) -> None:
        """Ask a checking witness's check.

        Raises:
            BrokenRuleError: an entry is such as an honest log does not have.
            NotCheckedYetError: it is not known yet; or nobody checks, and the key says so.
        """
        if self._check is not None:
            self._check(checkpoint)
        elif self.key.name.endswith(CHECKED):
            raise NotCheckedYetError("this witness's key is for checked entries alone")

    def _keep_refused(self, origin: str, note: bytes) -> None:
        folder = f"{log_folder(origin)}/refused"
        if len(self._files.list(folder)) < MAX_REFUSED:
            # Keeping it is a courtesy; the refusal stands without it.
            with suppress(OSError):
                self._files.replace(f"{folder}/{sha256(note).hexdigest()}", note)
