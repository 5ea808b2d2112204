"""One log in one database, with all that appends to it and follows it in this process."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Self

from chain.store.announcements import Announcements
from chain.store.database import Database
from chain.store.sequencer import Sequencer


def system_clock() -> datetime:
    """Return the time of this machine, in UTC."""
    return datetime.now(UTC)


class Log:
    """A context manager that owns the connections and threads of one log.

    Args:
        url: the database, see `Database`.
        clock: says what time it is, in UTC.
    """

    def __init__(self, url: str, clock: Callable[[], datetime] = system_clock) -> None:
        self.database = Database(url)
        self.announcements = Announcements(self.database)
        self.sequencer = Sequencer(self.database, clock, self.announcements.announce)

    def __enter__(self) -> Self:
        """Return the log itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Commit what is waiting, then end every thread and connection."""
        self.sequencer.close()
        self.announcements.close()
        self.database.close()
