"""From signed to final: which checkpoint is shown, and with whose cosignatures.

A checkpoint is *signed* when the log's keys have signed it and it is kept; it is *final* when
the quorum's witnesses have cosigned it and it is published (``reliability.md``, "three
moments"). ``/checkpoint`` never shows one that is not final, and never goes back. While the
quorum is missing, the log goes on being signed and kept, and the newest final checkpoint stays
where it is; `Finality.state` says so, and since when. Without witnesses what is signed is final.

A cosignature is kept before it is shown. One that comes late is kept as well; under the shown
checkpoint it is added, so that a later reading only has more lines than an earlier one. Proved
by ``tests/chain/store/test_finality.py``.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime
from itertools import groupby
from json import dumps, loads
from pathlib import Path
from typing import Any, Final, NamedTuple

from chain.checkpoint import Checkpoint
from chain.consistency import prove_consistency
from chain.errors import ChainError, VerificationError
from chain.hashes import TreeHash
from chain.note import Note
from chain.quorum import NO_QUORUM, Policy, PolicyLog, verify_checkpoint
from chain.store.database import Database
from chain.store.files import Folder, PublishedFiles
from chain.store.reader import LogReader
from chain.store.witnesses import Cosigned, Witnesses
from chain.tiles import TileReader
from chain.vkey import VerifierKey

CHECKPOINT: Final = "checkpoint"
"""Path of the published checkpoint; `LOG_FOLDER` is where it is in a home."""

STAMPS: Final = "stamps"
"""Folder, beside it, of checkpoints that were stamped with the time."""

STATE_FILE: Final = "signer/witnesses.json"


class Quorum(NamedTuple):
    """Who makes a checkpoint final, and how long they are waited for."""

    policy: Policy = Policy()
    """Its witnesses, groups and quorum; each witness with a URL. Its logs are not looked at."""

    deadline: float = 2.0
    """Seconds, a checkpoint."""

    def of(self, keys: Iterable[VerifierKey]) -> "Quorum":
        """Return the same for the log with *keys*."""
        logs = tuple(PolicyLog(key) for key in keys)
        asked = self.policy
        return self._replace(policy=Policy(logs, asked.witnesses, asked.groups, asked.quorum))


class Finality:
    """Gathers cosignatures for signed checkpoints and shows those that are final.

    Args:
        database: the log's.
        files: where it is published.
        quorum: with the log's keys.
        home: the deployment's folder, for the state that others read.
        clock: for when the quorum was first missing.

    Raises:
        MalformedError: a witness of *quorum* has no URL.
    """

    def __init__(
        self,
        database: Database,
        files: PublishedFiles,
        quorum: Quorum,
        *,
        home: Path,
        clock: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._reader = LogReader(database)
        self._files = files
        self._policy = policy = quorum.policy
        self._witnesses = (
            Witnesses(policy.witnesses, self._prove, deadline=quorum.deadline)
            if policy.witnesses
            else None
        )
        self._home = home
        self._clock = clock
        self._names = {
            (each.key.name, each.key.id): name for name, each in policy.witnesses.items()
        }
        self._shown: Checkpoint | None = None
        self._missing_since: str | None = None
        self._written: dict[str, Any] = {}

    @property
    def shown(self) -> Checkpoint | None:
        """The checkpoint that is published; None if there is none yet."""
        return self._shown

    def load(self, shown: tuple[Checkpoint, bytes] | None) -> None:
        """Take up from what is published, and bring it up to what is kept.

        Args:
            shown: the published checkpoint, which must be kept, and its note.
        """
        self._shown = None if shown is None else shown[0]
        before = read_state(self._home)
        if before is not None and before.get("final") == (self._shown.size if self._shown else 0):
            self._missing_since = before.get("missing_since")
        if shown is not None and shown[1] != self._reader.checkpoint(shown[0].size):
            # The crash came between a row and the file.
            self._show(shown[0].size)

    def settle(self, signed: Checkpoint, *, wait: bool = True) -> bool:
        """Bring *signed*, the newest that is kept, closer to being shown; say whether one was.

        Whatever it raises, calling it again takes up where it stopped.

        Args:
            signed: has been signed and kept.
            wait: for witnesses, up to their deadline.

        Raises:
            VerificationError: a kept cosignature is false: run xiyou audit.
            psycopg.OperationalError: the database is out of reach.
            OSError: a file cannot be written.
        """
        before = self._shown
        arrived = self._gather(signed, wait=wait)
        self._keep(arrived)
        size = self._best(signed)
        if size is not None:
            self._show(size)
        elif before is not None and any(each.size == before.size for each in arrived):
            self._show(before.size)
        self._note_state(signed)
        return self._shown != before

    def is_settled(self, signed: Checkpoint) -> bool:
        """Say whether *signed* is shown."""
        return self._shown is not None and self._shown.size >= signed.size

    def _gather(self, signed: Checkpoint, *, wait: bool) -> list[Cosigned]:
        if self._witnesses is None:
            return []
        have = frozenset(
            self._names[name, key_id]
            for size, name, key_id in self._reader.cosigners(signed.size - 1)
            if size == signed.size and (name, key_id) in self._names
        )
        note = self._reader.checkpoint(signed.size)
        if note is None:
            raise VerificationError(f"the checkpoint of size {signed.size} is not kept any more")
        return self._witnesses.gather(
            signed.size,
            self._without_cosignatures(note),
            have,
            self._policy.is_met,
            wait=wait and not self.is_settled(signed),
        )

    def _prove(self, old: int, new: int) -> list[TreeHash]:
        return prove_consistency(old, new, TileReader(new, self._files.read))

    def _without_cosignatures(self, note: bytes) -> bytes:
        """Return the note as the log signed it: what witnesses need, and no more."""
        parsed = Note.parse(note)
        logs = {(log.key.name, log.key.id) for log in self._policy.logs}
        own = [each for each in parsed.signatures if (each.name, each.key_id) in logs]
        return Note(parsed.text, tuple(own)).to_bytes()

    def _keep(self, arrived: list[Cosigned]) -> None:
        if not arrived:
            return
        rows = [(each.size, each.signature) for each in arrived]
        with self._database.connection() as connection, connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO cosignatures (size, name, key_id, line, position)"
                " VALUES (%(size)s, %(name)s, %(key_id)s, %(line)s,"
                " (SELECT count(*) FROM cosignatures WHERE size = %(size)s))"
                " ON CONFLICT DO NOTHING",
                [
                    {"size": size, "name": one.name, "key_id": one.key_id, "line": one.line()}
                    for size, one in rows
                ],
            )

    def _best(self, signed: Checkpoint) -> int | None:
        """Return the largest size that is final and larger than the shown one."""
        after = -1 if self._shown is None else self._shown.size
        if self._policy.is_met(frozenset()):
            return signed.size if signed.size > after else None
        if signed.size <= after:
            return None
        rows = self._reader.cosigners(after)
        for size, found in groupby(rows, key=lambda row: row[0]):
            places = ((name, key_id) for _, name, key_id in found)
            names = frozenset(self._names[each] for each in places if each in self._names)
            if self._policy.is_met(names):
                return int(size)
        return None

    def _show(self, size: int) -> None:
        note = self._reader.checkpoint(size)
        try:
            if note is None:
                raise VerificationError("it is not kept any more")
            policy = self._policy
            if self._shown is not None and self._shown.size == size:
                # It was final by the policy of its day.
                policy = Policy(policy.logs, policy.witnesses, policy.groups, NO_QUORUM)
            checkpoint = verify_checkpoint(note, policy).checkpoint
        except ChainError as error:
            raise VerificationError(
                f"the checkpoint kept for size {size} cannot be shown ({error}): run xiyou audit"
            ) from error
        self._files.replace(CHECKPOINT, note)
        self._shown = checkpoint

    def _note_state(self, signed: Checkpoint) -> None:
        """Write down how it stands, where that has changed and there are witnesses."""
        if self._witnesses is None:
            return
        now = f"{self._clock():%Y-%m-%dT%H:%M:%SZ}"
        if self.is_settled(signed):
            self._missing_since = None
        elif self._missing_since is None:
            self._missing_since = now
        state = {
            "signed": signed.size,
            "final": 0 if self._shown is None else self._shown.size,
            "quorum": self._policy.quorum,
            "met": self._missing_since is None,
            "missing_since": self._missing_since,
            "witnesses": [each._asdict() for each in self._witnesses.standings()],
        }
        if state == self._written:
            return
        folder = Folder(self._home / STATE_FILE.split("/")[0])
        folder.replace(STATE_FILE.split("/")[1], f"{dumps({**state, 'at': now})}\n".encode())
        self._written = state


def stamp_path(size: int, kind: str) -> str:
    """Return the path of a stamp's file, *kind* ``txt`` or ``tsr``; see `chain.store.stamps`."""
    return f"{STAMPS}/{size:012d}.{kind}"


def read_state(home: Path) -> dict[str, Any] | None:
    """Return what the publisher of *home* last wrote of its witnesses; None if it has not.

    ``signed`` and ``final`` are sizes, ``met`` whether they are one, ``missing_since`` and
    ``at`` times in UTC, and ``witnesses`` one object each, as `chain.store.witnesses.Standing`.
    """
    with suppress(FileNotFoundError, ValueError):
        state = loads((home / STATE_FILE).read_bytes())
        if isinstance(state, dict):
            return state
    return None
