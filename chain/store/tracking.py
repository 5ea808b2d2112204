"""Followers' positions: how far each has come in a log, never backwards."""

from eventsourcing.persistence import Tracking, TrackingRecorder

from chain.command import TrackingConflictError
from chain.store.log import Log
from chain.store.transaction import MOVE_TRACKING
from chain.store.translation import translated

SELECT_TRACKING = "SELECT notification_id FROM tracking WHERE application_name = %s"


class LedgerTrackingRecorder(TrackingRecorder):
    """The library's tracking recorder over the ledger's database."""

    def __init__(self, log: Log) -> None:
        self._log = log

    def insert_tracking(self, tracking: Tracking) -> None:
        """Move a follower's position to *tracking*.

        Raises:
            IntegrityError: it is there already, or beyond.
        """
        name, position = tracking.application_name, tracking.notification_id
        with translated(), self._log.database.connection() as connection:
            if connection.execute(MOVE_TRACKING, [name, position]).rowcount != 1:
                raise TrackingConflictError(name, position)

    def max_tracking_id(self, application_name: str) -> int | None:
        """Return the last id that the follower has recorded, None before its first."""
        with translated(), self._log.database.connection() as connection:
            row = connection.execute(SELECT_TRACKING, [application_name]).fetchone()
        return None if row is None else int(row[0])
