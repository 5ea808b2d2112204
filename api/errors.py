"""One table: which error is which answer (``reliability.md``, 5.2; RFC 9457).

Every refusal and fault that may reach a client stands here with its status, its stable code
and when it is worth trying again. What does not stand here is 500 `internal`, which says
nothing. `api.problems` spells an answer out; ``docs/errors.md`` is made from the table.
Proved by ``tests/api/test_errors.py``.
"""

from http import HTTPStatus
from typing import Final, Literal, NamedTuple

import psycopg
from eventsourcing import persistence
from fastapi.exceptions import RequestValidationError
from psycopg_pool import PoolTimeout

from api.access.refusal import ForbiddenError, UnauthenticatedError
from api.feeding import AheadOfLogError
from api.not_ready import NotReadyError
from chain.errors import MalformedError, VerificationError
from chain.store.files import MissingFileError
from chain.store.master_key import VaultUnavailableError
from chain.store.reader import UnknownEntryError
from domain import errors
from domain.outside.party import PartyError

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

    def __init__(self) -> None:
        """Say it; the key itself is the client's own business."""
        super().__init__("Idempotency-Key: was used for another request: use a new one")


class InFlightError(Exception):
    """Another request with the same Idempotency-Key is being served now."""

    def __init__(self) -> None:
        """Say it, and what to do."""
        super().__init__("A request with this Idempotency-Key is being served: ask again soon")


class KeySpentError(Exception):
    """The answer of an Idempotency-Key is kept no longer; `link` is where its effect is read."""

    def __init__(self, link: str | None) -> None:
        """Name the *link*, if what came of it has one."""
        where = f": read {link}" if link else ""
        super().__init__(f"Idempotency-Key: its answer is no longer kept{where}")
        self.link = link


class BodyMalformedError(Exception):
    """A body is not JSON as it must be."""


class BodyTooLargeError(Exception):
    """A body is larger than what it is sent to takes."""


class LinkMalformedError(Exception):
    """A list's link was not given out by us, or to somebody else, or too long ago."""


class RateLimitedError(Exception):
    """Too many requests; `seconds` until there is room again."""

    def __init__(self, seconds: int) -> None:
        """Say in how many *seconds* to ask again."""
        super().__init__(f"Too many requests: ask again in {seconds} s")
        self.seconds = seconds


class VersionUnknownError(Exception):
    """A behaviour was asked for that there never was."""


class ViewBehindError(Exception):
    """A view has not come to the index that the reader asked for, within the time allowed."""


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
    InFlightError: Answer(
        CONFLICT, "idempotency_in_flight", "The same key is being served", "same_key"
    ),
    KeySpentError: Answer(CONFLICT, "idempotency_key_spent", "The key has done its work long ago"),
    BodyMalformedError: Answer(HTTPStatus.BAD_REQUEST, "malformed_body", "The body is not JSON"),
    BodyTooLargeError: Answer(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body_too_large", "The body is too large"
    ),
    LinkMalformedError: Answer(HTTPStatus.BAD_REQUEST, "link_malformed", "This link leads nowhere"),
    RateLimitedError: Answer(
        HTTPStatus.TOO_MANY_REQUESTS, "rate_limited", "Too many requests", "after"
    ),
    VersionUnknownError: Answer(
        HTTPStatus.BAD_REQUEST, "version_unknown", "There is no such version"
    ),
    RequestValidationError: Answer(
        INVALID, "validation_failed", "The request does not fit its schema"
    ),
    ViewBehindError: Answer(UNAVAILABLE, "view_behind", "Not read up to there yet", "after"),
    MalformedError: Answer(HTTPStatus.BAD_REQUEST, "id_malformed", "Something is malformed"),
    AheadOfLogError: Answer(CONFLICT, "ahead_of_log", "The log has not signed as much"),
    errors.NotFoundError: Answer(HTTPStatus.NOT_FOUND, "not_found", "There is no such thing"),
    UnknownEntryError: Answer(HTTPStatus.NOT_FOUND, "not_found", "There is no such entry"),
    MissingFileError: Answer(HTTPStatus.NOT_FOUND, "not_found", "Nothing is published there"),
    UnauthenticatedError: Answer(
        HTTPStatus.UNAUTHORIZED, "unauthenticated", "A credential is needed", "new_key"
    ),
    ForbiddenError: Answer(HTTPStatus.FORBIDDEN, "forbidden", "Not for this kind of principal"),
    errors.SoldOutError: Answer(CONFLICT, "sold_out", "No card key left"),
    errors.HoldLimitError: Answer(CONFLICT, "hold_limit", "Too many unpaid orders", "new_key"),
    errors.NotOfferedError: Answer(CONFLICT, "not_offered", "Offered no longer"),
    errors.CallbackRefusedError: Answer(
        HTTPStatus.BAD_REQUEST, "callback_refused", "The callback is not accepted"
    ),
    errors.ConcurrentChangeError: Answer(
        CONFLICT, "state_conflict", "Changed meanwhile", "same_key"
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
    persistence.IntegrityError: Answer(CONFLICT, "state_conflict", "Changed meanwhile", "same_key"),
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
    PartyError: Answer(
        UNAVAILABLE, "party_unavailable", "An outside party gives no answer", "same_key"
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


def is_final(error: Exception) -> bool:
    """Say whether *error* is the last word on its Idempotency-Key.

    A business refusal is, so that a late duplicate cannot get what its sender was told that
    it did not get. What the client can mend, and what was only meanwhile so, is not.
    """
    if isinstance(error, errors.ConcurrentChangeError):
        return False
    if not isinstance(error, errors.Refusal | errors.CodeRefusedError):
        return False
    return answer_of(error).status in (CONFLICT, INVALID)
