"""What a command answers: an object, words for a person, and an exit code that means something.

    0  good
    1  untrue: a verification failed, or an audit or a check of the demo found something
    2  malformed: an argument, a file or a setting is not in its format
    3  refused: a rule of the business, a conflict, or somebody else is doing it
    4  environment: database, server, disk or a file of the deployment is out of reach
    5  a fault of this program
  130  stopped by hand

An error's code is looked up by the names of its classes, so that a command which needs no
database does not import one to know its errors. Proved by ``tests/scripts/test_outcome.py``.
"""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Final


class Exit(IntEnum):
    """The exit codes of every command."""

    GOOD = 0
    UNTRUE = 1
    MALFORMED = 2
    REFUSED = 3
    ENVIRONMENT = 4
    FAULT = 5
    STOPPED = 130


ERRORS: Final[dict[str, Exit]] = {
    "chain.store.embedded.errors.ServerError": Exit.ENVIRONMENT,
    "chain.store.files.MissingFileError": Exit.ENVIRONMENT,
    "chain.store.master_key.VaultUnavailableError": Exit.ENVIRONMENT,
    "chain.store.files.LockedError": Exit.REFUSED,
    "chain.store.reader.UnknownEntryError": Exit.MALFORMED,
    "chain.store.sequencer.OutcomeUnknownError": Exit.ENVIRONMENT,
    "chain.store.sequencer.SequencerClosedError": Exit.ENVIRONMENT,
    "chain.store.transaction.LogDamagedError": Exit.UNTRUE,
    "chain.store.http.UnreachableError": Exit.ENVIRONMENT,
    "chain.store.stamps.NoStampError": Exit.ENVIRONMENT,
    "chain.store.witness.DamagedMemoryError": Exit.UNTRUE,
    "chain.command.ConflictError": Exit.REFUSED,
    "chain.errors.MalformedError": Exit.MALFORMED,
    "chain.errors.VerificationError": Exit.UNTRUE,
    "chain.errors.ChainError": Exit.REFUSED,
    "domain.errors.Refusal": Exit.REFUSED,
    "api.not_ready.NotReadyError": Exit.ENVIRONMENT,
    "eventsourcing.persistence.RecordConflictError": Exit.REFUSED,
    "eventsourcing.persistence.IntegrityError": Exit.REFUSED,
    "eventsourcing.persistence.DataError": Exit.MALFORMED,
    "eventsourcing.persistence.PersistenceError": Exit.ENVIRONMENT,
    "psycopg.Error": Exit.ENVIRONMENT,
    "psycopg_pool.PoolTimeout": Exit.ENVIRONMENT,
    "sqlalchemy.exc.DBAPIError": Exit.ENVIRONMENT,
    "typer.exceptions.TyperException": Exit.MALFORMED,
    "builtins.OSError": Exit.ENVIRONMENT,
    "builtins.KeyboardInterrupt": Exit.STOPPED,
    "scripts.outcome.InputError": Exit.MALFORMED,
    "scripts.publish.PublisherEndedError": Exit.ENVIRONMENT,
}
"""The nearest class of an error that is named here decides."""

REMEDIES: Final[dict[str, str]] = {
    "psycopg.errors.UndefinedTable": "the ledger's tables are missing: run xiyou migrate",
    "psycopg.errors.InvalidSchemaName": "the ledger's schema is missing: run xiyou migrate",
    "psycopg.errors.InsufficientPrivilege": "log in as a role that is, or may become, xiyou_app",
    "psycopg.errors.DiskFull": "free some space; nothing was half-written",
    "psycopg.OperationalError": "check that the database of XIYOU_DATABASE_URL runs and is reached",
    "sqlalchemy.exc.DBAPIError": "check that XIYOU_OWNER_DATABASE_URL names a database's owner",
    "eventsourcing.persistence.RecordConflictError": "the log holds other events under these ids;"
    " use another folder (--home)",
    "eventsourcing.persistence.IntegrityError": "the log holds other events under these ids;"
    " use another folder (--home)",
    "builtins.KeyboardInterrupt": "stopped by hand: nothing is half-written, run it again",
}
"""What to do about errors whose own words do not say it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command found: *facts* for ``--json``, *words* for a person, and the exit code."""

    facts: dict[str, Any] = field(default_factory=dict)
    words: str = ""
    code: Exit = Exit.GOOD


class InputError(Exception):
    """An argument of a command is wrong; the text names it, the fault and the remedy."""


def exit_code(error: BaseException) -> Exit:
    """Return the code with which a command ends that *error* has stopped."""
    # A process of ours that has ended says with which code.
    ended = getattr(error, "ended_with", None)
    if ended in set(Exit):
        return Exit(ended)
    known = [name for name in class_names(error) if name in ERRORS]
    return ERRORS[known[0]] if known else Exit.FAULT


def explain(error: BaseException) -> str:
    """Return what *error* says to a person, in one line, with its remedy."""
    if exit_code(error) is Exit.FAULT:
        return (
            f"this program has a fault ({type(error).__name__}): set XIYOU_DEBUG=1 and run it"
            " again to see where, and report it"
        )
    format_message = getattr(error, "format_message", None)  # what the command line says itself
    said = " ".join(str(format_message() if format_message else error).split())
    remedies = [REMEDIES[name] for name in class_names(error) if name in REMEDIES]
    return ": ".join([each for each in (said, *remedies[:1]) if each] or [type(error).__name__])


def failure(error: BaseException) -> Outcome:
    """Return the outcome of a command that *error* has stopped."""
    code, words = exit_code(error), explain(error)
    facts: dict[str, Any] = {"ok": False, "error": code.name.lower(), "message": words}
    facts |= {
        name: value
        for name in ("row", "column", "known_size", "faults", "path")
        if isinstance(value := getattr(error, name, None), int | str | list)
    }
    return Outcome(facts, f"error: {words}", code)


def class_names(error: BaseException) -> list[str]:
    """Return the names of the classes of *error*, the nearest first."""
    return [f"{each.__module__}.{each.__qualname__}" for each in type(error).__mro__]
