"""One table: which error is which answer (``reliability.md``, 5.2; RFC 9457).

Every refusal and fault that may reach a client stands here with its status, its stable code
and when it is worth trying again. What does not stand here is 500 `internal`, which says
nothing. Proved by ``tests/api/test_errors.py``.
"""

import logging
from http import HTTPStatus
from secrets import token_hex
from typing import Final, Literal, NamedTuple

import psycopg
from eventsourcing import persistence
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from psycopg_pool import PoolTimeout
from starlette.exceptions import HTTPException

from api.bootstrap import NotReadyError
from api.feeding import AheadOfLogError
from chain.errors import MalformedError, VerificationError
from chain.store.files import MissingFileError
from chain.store.master_key import VaultUnavailableError
from chain.store.reader import UnknownEntryError
from domain import errors

logger = logging.getLogger(__name__)

Retry = Literal["never", "same_key", "new_key", "after"]
RETRY_AFTER_SECONDS: Final = 1


class Answer(NamedTuple):
    """How an error is answered."""

    status: HTTPStatus
    code: str
    title: str
    retry: Retry = "never"


class KeyMissingError(Exception):
    """A writing request has no Idempotency-Key, or one that cannot be a command's id."""


class BodyChangedError(Exception):
    """An Idempotency-Key came a second time with another body."""


CONFLICT = HTTPStatus.CONFLICT
INVALID = HTTPStatus.UNPROCESSABLE_ENTITY
UNAVAILABLE = HTTPStatus.SERVICE_UNAVAILABLE

ANSWERS: Final[dict[type[Exception], Answer]] = {
    KeyMissingError: Answer(
        HTTPStatus.BAD_REQUEST, "idempotency_key_missing", "An Idempotency-Key is needed"
    ),
    BodyChangedError: Answer(
        INVALID, "idempotency_body_changed", "The same key came with another body", "new_key"
    ),
    MalformedError: Answer(HTTPStatus.BAD_REQUEST, "id_malformed", "Something is malformed"),
    AheadOfLogError: Answer(CONFLICT, "ahead_of_log", "The log has not signed as much"),
    errors.NotFoundError: Answer(HTTPStatus.NOT_FOUND, "not_found", "There is no such thing"),
    UnknownEntryError: Answer(HTTPStatus.NOT_FOUND, "not_found", "There is no such entry"),
    MissingFileError: Answer(HTTPStatus.NOT_FOUND, "not_found", "Nothing is published there"),
    errors.SoldOutError: Answer(CONFLICT, "sold_out", "No card key left"),
    errors.HoldLimitError: Answer(CONFLICT, "hold_limit", "Too many unpaid orders", "after"),
    errors.NotOfferedError: Answer(CONFLICT, "not_offered", "Offered no longer"),
    errors.CallbackRefusedError: Answer(
        HTTPStatus.BAD_REQUEST, "callback_refused", "The callback is not accepted"
    ),
    errors.ConcurrentChangeError: Answer(
        CONFLICT, "state_conflict", "Changed meanwhile", "new_key"
    ),
    errors.DuplicateKeyError: Answer(CONFLICT, "duplicate_key", "The raw key is in stock"),
    errors.OtherFileError: Answer(CONFLICT, "other_file", "The batch was begun with another file"),
    errors.AmountMismatchError: Answer(INVALID, "amount_mismatch", "The amount is not what is due"),
    errors.WrongPartyError: Answer(INVALID, "wrong_party", "These do not belong together"),
    errors.UnverifiedError: Answer(
        HTTPStatus.FORBIDDEN, "identity_required", "Verify the person first"
    ),
    errors.StepUpNeededError: Answer(
        HTTPStatus.FORBIDDEN, "step_up_required", "Show anew who asks", "new_key"
    ),
    errors.CodeRefusedError: Answer(INVALID, "code_refused", "The code is not accepted"),
    errors.IllegalCombinationError: Answer(
        CONFLICT, "illegal_combination", "These states do not stand together"
    ),
    errors.OverdrawnError: Answer(INVALID, "overdrawn", "More than may be withdrawn"),
    errors.DocumentsMissingError: Answer(
        INVALID, "documents_missing", "Mandatory documents are missing"
    ),
    errors.UnqualifiedError: Answer(
        HTTPStatus.FORBIDDEN, "qualification_required", "The merchant is not approved"
    ),
    errors.OutOfScopeError: Answer(
        HTTPStatus.FORBIDDEN, "scope_required", "No scope in force covers it"
    ),
    errors.UpstreamNotUnusedError: Answer(
        CONFLICT, "upstream_not_unused", "The operator has not said that it is unused", "new_key"
    ),
    errors.StolenKeyError: Answer(CONFLICT, "stolen_key", "The key is known to be stolen"),
    errors.SecondPersonMissingError: Answer(
        CONFLICT, "second_person_missing", "It takes two persons", "new_key"
    ),
    errors.RestrictedError: Answer(
        HTTPStatus.FORBIDDEN, "restricted", "It is kept under a duty, and not used"
    ),
    errors.ErasedError: Answer(HTTPStatus.GONE, "erased", "What it needs was erased"),
    errors.BadgeNotGoodError: Answer(INVALID, "badge_not_good", "The badge does not verify"),
    errors.Refusal: Answer(CONFLICT, "state_conflict", "Refused in this state"),
    persistence.IntegrityError: Answer(CONFLICT, "state_conflict", "Changed meanwhile", "new_key"),
    persistence.DataError: Answer(INVALID, "validation_failed", "Outside the log's format"),
    persistence.PersistenceError: Answer(
        UNAVAILABLE, "outcome_unknown", "The outcome is not known yet", "same_key"
    ),
    psycopg.OperationalError: Answer(
        UNAVAILABLE, "outcome_unknown", "The database is out of reach", "same_key"
    ),
    PoolTimeout: Answer(UNAVAILABLE, "outcome_unknown", "The database is out of reach", "same_key"),
    VaultUnavailableError: Answer(
        UNAVAILABLE, "vault_unavailable", "Secrets can be neither kept nor shown now", "same_key"
    ),
    NotReadyError: Answer(
        UNAVAILABLE, "not_ready", "Something of this service is missing", "after"
    ),
    VerificationError: Answer(
        UNAVAILABLE, "log_recovering", "The log does not verify; nothing is handed out", "after"
    ),
}
"""The nearest class of an error that is named here decides."""

INTERNAL = Answer(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", "Something went wrong")


def answer_of(error: Exception) -> Answer:
    """Return how *error* is answered."""
    known = (ANSWERS[each] for each in type(error).__mro__ if each in ANSWERS)
    return next(known, INTERNAL)


def problem(request: Request, answer: Answer, detail: str) -> JSONResponse:
    """Return the problem document (RFC 9457) that says *answer*."""
    body: dict[str, object] = {
        "type": f"urn:xiyou:error:{answer.code}",
        "title": answer.title,
        "status": int(answer.status),
        "code": answer.code,
        "detail": detail,
        "instance": request.url.path,
        "retry": {"when": answer.retry},
        "request_id": f"req_{token_hex(8)}",
    }
    headers = {}
    if answer.status is UNAVAILABLE:
        headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return JSONResponse(body, int(answer.status), headers, media_type="application/problem+json")


def install(app: FastAPI) -> None:
    """Let *app* answer every error by the table."""
    for kind in (*ANSWERS, Exception):
        app.add_exception_handler(kind, _answer_error)
    app.add_exception_handler(RequestValidationError, _answer_validation)
    app.add_exception_handler(HTTPException, _answer_http)


def _answer_error(request: Request, error: Exception) -> JSONResponse:
    answer = answer_of(error)
    if answer is INTERNAL:
        logger.error("a request failed", exc_info=error)
        return problem(request, answer, "The fault is on our side; it has been noted.")
    if answer.status is UNAVAILABLE:
        # What a driver says of a server names hosts and roles: for our own log only.
        logger.warning("a request could not be served: %s", error)
        return problem(request, answer, "Try again with the same Idempotency-Key.")
    return problem(request, answer, str(error))


def _answer_validation(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 — as it was registered
    answer = Answer(INVALID, "validation_failed", "The request does not fit its schema")
    faults = [
        f"/{'/'.join(str(part) for part in each['loc'][1:])}: {each['msg']}"
        for each in error.errors()
    ]
    return problem(request, answer, "; ".join(faults))


def _answer_http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 — as it was registered
    status = HTTPStatus(error.status_code)
    return problem(request, Answer(status, status.name.lower(), status.phrase), error.detail)
