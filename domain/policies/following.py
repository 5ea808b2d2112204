"""The application as a follower uses it: its position can move with a command.

``tests/domain/policies/test_follower.py``.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol, runtime_checkable

from eventsourcing.application import ProcessingEvent
from eventsourcing.persistence import (
    ApplicationRecorder,
    ProcessRecorder,
    Recording,
    Tracking,
)

from domain.application import Trade
from domain.disputes.case import Histories
from domain.policies.policy import Entries


@runtime_checkable
class Followed(Entries, Histories, Protocol):
    """A recorder that can be followed, and keeps the positions of those who do."""

    def insert_tracking(self, tracking: Tracking) -> None:
        """Move a position forward; IntegrityError if it is there already, or beyond."""

    def max_tracking_id(self, application_name: str) -> int | None:
        """Return a follower's position, None before its first."""


class Following(Trade):
    """A trade whose commands can take a follower's position along; for one thread."""

    name = "xiyou"

    def __init__(self, env: Mapping[str, str] | None = None) -> None:
        self._tracking: Tracking | None = None
        super().__init__(env)

    def construct_recorder(self) -> ApplicationRecorder:
        """Return a recorder that also keeps positions."""
        recorder: ProcessRecorder = self.factory.process_recorder()
        return recorder

    @property
    def followed(self) -> Followed:
        """The log as a follower reads it.

        Raises:
            TypeError: the recorder cannot be followed.
        """
        recorder = self.recorder
        if not isinstance(recorder, Followed):
            raise TypeError(f"{type(recorder).__name__} cannot be followed")
        return recorder

    @contextmanager
    def moving(self, tracking: Tracking | None) -> Iterator[None]:
        """Let the position move to *tracking* in the transaction of the command inside."""
        self._tracking = tracking
        try:
            yield
        finally:
            self._tracking = None

    def _record(self, processing_event: ProcessingEvent[str]) -> list[Recording[str]]:
        processing_event.tracking = self._tracking
        found: list[Recording[Any]] = super()._record(processing_event)
        return found
