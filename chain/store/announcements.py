"""Telling those who follow the log that it has grown, apart from the append itself.

``NOTIFY`` inside the append transaction would take a database-wide lock at its commit, so
it is sent afterwards, on a connection of its own, at most every `PAUSE` seconds. An
announcement can be lost with the process that owes it; a listener therefore also looks by
itself every `LOOK` seconds. Followers in the same process are woken directly.
"""

import threading
from time import monotonic

import psycopg

from chain.store.database import Database

CHANNEL = "ledger_grown"
PAUSE = 0.01
LOOK = 1.0
STOP_WITHIN = 0.1


class Announcements:
    """Wakes the followers of one log: in this process, and in others by NOTIFY.

    Args:
        database: where the log is. Connections are made when they are first needed.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._listeners: set[threading.Event] = set()
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._grown = threading.Event()
        self._size = 0
        self._speaker: threading.Thread | None = None
        self._ear: threading.Thread | None = None

    def announce(self, size: int) -> None:
        """Say that the log has *size* entries; returns at once."""
        self._size = size
        self._wake()
        with self._lock:
            if self._speaker is None and not self._stopped.is_set():
                self._speaker = threading.Thread(target=self._speak, name="announce", daemon=True)
                self._speaker.start()
        self._grown.set()

    def listen(self, event: threading.Event) -> None:
        """Set *event* whenever the log may have grown, until `forget`."""
        with self._lock:
            self._listeners.add(event)
            if self._ear is None and not self._stopped.is_set():
                self._ear = threading.Thread(target=self._hear, name="listen", daemon=True)
                self._ear.start()
        # What was committed before the listener was known is not announced again.
        event.set()

    def forget(self, event: threading.Event) -> None:
        """Set *event* no more."""
        with self._lock:
            self._listeners.discard(event)

    def close(self) -> None:
        """Stop announcing and listening; the last announcement is still sent."""
        self._stopped.set()
        self._grown.set()
        for thread in (self._speaker, self._ear):
            if thread is not None:
                thread.join()

    def _wake(self) -> None:
        with self._lock:
            for event in self._listeners:
                event.set()

    def _speak(self) -> None:
        """Send an announcement when there is news, then rest for `PAUSE`."""
        connection: psycopg.Connection | None = None
        while self._grown.wait():
            self._grown.clear()
            try:
                if connection is None or connection.closed:
                    connection = self._database.connect()
                connection.execute("SELECT pg_notify(%s, %s)", [CHANNEL, str(self._size)])
            except psycopg.Error:
                # Nothing is lost: listeners look by themselves.
                connection = None
            if self._stopped.wait(PAUSE):
                break
        if connection is not None:
            connection.close()

    def _hear(self) -> None:
        """Wake the listeners at every announcement, and every `LOOK` seconds anyway."""
        connection: psycopg.Connection | None = None
        looked = monotonic()
        while not self._stopped.is_set():
            heard = False
            try:
                if connection is None or connection.closed:
                    connection = self._database.connect()
                    connection.execute(f"LISTEN {CHANNEL}")
                heard = any(connection.notifies(timeout=STOP_WITHIN, stop_after=1))
            except psycopg.Error:
                connection = None
                self._stopped.wait(STOP_WITHIN)
            if heard or monotonic() - looked > LOOK:
                looked = monotonic()
                self._wake()
        if connection is not None:
            connection.close()
