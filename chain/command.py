"""Commands: the events that one caller wants in the log, all of them or none.

A command carries an id of its caller's choice; the log answers the same id with the same
receipt for ever, so that a caller whose acknowledgement was lost may simply ask again
(``architecture.md``, decisions). ``tests/chain/test_command.py`` holds what is refused.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from chain.entry import MAX_SEQ, check_body, check_stream, check_type
from chain.errors import ChainError, MalformedError
from chain.hashes import LeafHash, LeafIndex

MAX_COMMAND_ID_SIZE = 128
"""Bytes of a command id: it stands in an index."""


class NewEvent(NamedTuple):
    """An event that is not in the log yet."""

    stream: str
    seq: int
    type: str
    body: bytes


class Receipt(NamedTuple):
    """What a caller gets once its events are committed."""

    command_id: str
    first_index: LeafIndex
    leaf_hashes: tuple[LeafHash, ...]

    @property
    def indexes(self) -> range:
        """The leaf indexes of the command's events, in their order."""
        return range(self.first_index, self.first_index + len(self.leaf_hashes))


class ConflictError(ChainError):
    """The log has moved on since the caller looked; nothing was written."""


class StaleVersionError(ConflictError):
    """An event does not follow the last one of its stream.

    ``known_seq`` is the stream's last version, None where it has no entry.
    """

    def __init__(self, stream: str, seq: int, known_seq: int | None) -> None:
        """Say which *seq* was offered to *stream*, whose last is *known_seq*."""
        at = "has no event yet" if known_seq is None else f"is at version {known_seq}"
        super().__init__(
            f"stream {stream} {at}: version {seq} does not follow; load it again and decide anew"
        )
        self.stream = stream
        self.seq = seq
        self.known_seq = known_seq


class CommandReusedError(ConflictError):
    """A command id came a second time with other events."""

    def __init__(self, command_id: str) -> None:
        """Name the *command_id*."""
        super().__init__(
            f"command {command_id} is in the log with other events:"
            " a new command needs an id of its own"
        )
        self.command_id = command_id


class TrackingConflictError(ConflictError):
    """A follower has already been where it wants to go."""

    def __init__(self, application_name: str, notification_id: int) -> None:
        """Name the follower's application and the position that was not new."""
        super().__init__(
            f"tracking of {application_name}: position {notification_id} is not beyond the"
            " recorded one; another process has done this work"
        )


@dataclass(frozen=True, slots=True)
class Command:
    """Events to be written together under one id. `check` says whether they may be."""

    id: str
    events: Sequence[NewEvent]

    def check(self) -> None:
        """Check everything that does not depend on the state of the log.

        Raises:
            MalformedError: the command is empty, its id is not 1 to 128 bytes of printable
                ASCII without space, or an event breaks the entry format; the message names it.
        """
        if not self.events:
            raise MalformedError(f"command {self.id!r}: has no events; there is nothing to write")
        if not 0 < len(self.id) <= MAX_COMMAND_ID_SIZE:
            raise MalformedError(f"command id {self.id[:40]!r}: must be 1 to 128 bytes long")
        check_stream(self.id)
        checked = ""
        for stream, seq, kind, body in self.events:
            try:
                if not 0 <= seq <= MAX_SEQ:
                    raise MalformedError(f"seq: must be from 0 to 2^53-1, not {seq}")  # noqa: TRY301 — gains the event's name below
                if stream != checked:
                    check_stream(stream)
                    checked = stream
                check_type(kind)
                check_body(body)
            except MalformedError as error:
                raise MalformedError(
                    f"event {kind[:64]} (version {seq} of stream {stream[:128]}): {error}"
                ) from None
