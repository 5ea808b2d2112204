"""Our errors, and the driver's, as the library's users know them (PEP 249's names)."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import psycopg_pool
from eventsourcing.persistence import (
    DataError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    PersistenceError,
)

from chain.command import ConflictError
from chain.errors import MalformedError
from chain.store.sequencer import OutcomeUnknownError, SequencerClosedError

LIBRARY_ERRORS: tuple[tuple[type[Exception], type[PersistenceError]], ...] = (
    (ConflictError, IntegrityError),
    (MalformedError, DataError),
    (OutcomeUnknownError, OperationalError),
    (SequencerClosedError, InterfaceError),
    (psycopg.IntegrityError, IntegrityError),
    (psycopg.DataError, DataError),
    (psycopg.OperationalError, OperationalError),
    (psycopg_pool.PoolTimeout, OperationalError),
    (psycopg_pool.PoolClosed, InterfaceError),
    (psycopg.InterfaceError, InterfaceError),
    (psycopg.Error, PersistenceError),
)


def library_error(error: Exception) -> Exception:
    """Return *error* as the library names it, or itself if it is none of the store's."""
    for ours, theirs in LIBRARY_ERRORS:
        if isinstance(error, ours):
            translation = theirs(str(error))
            translation.__cause__ = error
            return translation
    return error


@contextmanager
def translated() -> Iterator[None]:
    """Raise the library's errors in place of ours; ours is the cause."""
    try:
        yield
    except Exception as error:
        theirs = library_error(error)
        if theirs is error:
            raise
        raise theirs from error
