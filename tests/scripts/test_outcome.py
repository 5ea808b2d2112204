"""Exit codes: the table names real classes, and the nearest one decides."""

from importlib import import_module

import psycopg
import pytest
from eventsourcing.persistence import IntegrityError

from chain.errors import MalformedError, ProofFailedError, VerificationError
from chain.store.files import DifferentFileError, LockedError, MissingFileError
from domain.errors import SoldOutError
from domain.retail.rows import RowError
from scripts.outcome import ERRORS, REMEDIES, Exit, exit_code, explain, failure


@pytest.mark.parametrize("name", sorted(ERRORS | REMEDIES))
def test_every_name_in_the_tables_is_a_class(name: str) -> None:
    module, _, cls = name.rpartition(".")
    found = getattr(import_module(module), cls)
    assert issubclass(found, BaseException)
    assert f"{found.__module__}.{found.__qualname__}" == name


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (VerificationError("x"), Exit.UNTRUE),
        (ProofFailedError("x"), Exit.UNTRUE),
        (DifferentFileError("tile/0/000", 3), Exit.UNTRUE),
        (MalformedError("x"), Exit.MALFORMED),
        (RowError(3, "Quantity", "x"), Exit.MALFORMED),
        (SoldOutError("x"), Exit.REFUSED),
        (LockedError("x"), Exit.REFUSED),
        (IntegrityError("x"), Exit.REFUSED),
        (MissingFileError("x"), Exit.ENVIRONMENT),
        (psycopg.OperationalError("x"), Exit.ENVIRONMENT),
        (psycopg.errors.UndefinedTable("x"), Exit.ENVIRONMENT),
        (PermissionError("x"), Exit.ENVIRONMENT),
        (KeyboardInterrupt(), Exit.STOPPED),
        (ZeroDivisionError("x"), Exit.FAULT),
    ],
)
def test_an_error_ends_with_its_code(error: BaseException, code: Exit) -> None:
    assert exit_code(error) is code


def test_the_row_and_column_of_a_file_are_facts_of_their_own() -> None:
    facts = failure(RowError(3, "Quantity", "is no number")).facts
    assert (facts["row"], facts["column"]) == (3, "Quantity")


def test_a_missing_table_is_explained_by_its_remedy() -> None:
    assert "xiyou migrate" in explain(psycopg.errors.UndefinedTable("no such table"))


def test_a_fault_of_ours_says_how_to_see_more_and_nothing_of_its_text() -> None:
    said = explain(ValueError("hunter2"))
    assert "XIYOU_DEBUG=1" in said
    assert "hunter2" not in said
