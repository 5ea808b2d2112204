"""Signatures of questions and answers: every part counts, and no two look alike."""

import hmac
from dataclasses import replace
from hashlib import sha256

import pytest

from chain.errors import MalformedError, VerificationError
from domain.outside.signing import Question, sign_answer, verify_answer

SECRET = bytes(range(32))
QUESTION = Question("POST", "/v1/source", "2026-11-22T10:00:00Z", "ab" * 16, "cmd/1/source", b"{}")


def test_the_signature_is_over_the_lines_that_the_format_names() -> None:
    lines = f"xiyou-hmac-1\nPOST\n/v1/source\n2026-11-22T10:00:00Z\n{'ab' * 16}\ncmd/1/source\n"
    text = f"{lines}{sha256(b'{}').hexdigest()}\n".encode()
    assert QUESTION.sign(SECRET) == hmac.new(SECRET, text, sha256).hexdigest()


def test_a_question_of_the_right_sender_verifies() -> None:
    QUESTION.verify(QUESTION.sign(SECRET), SECRET)


@pytest.mark.parametrize(
    "changed",
    [
        {"method": "PUT"},
        {"path": "/v1/face"},
        {"date": "2026-11-22T10:00:01Z"},
        {"nonce": "ba" * 16},
        {"key": "cmd/2/source"},
        {"body": b"{ }"},
    ],
    ids=lambda each: next(iter(each)),
)
def test_a_question_that_was_changed_in_any_part_does_not_verify(changed: dict[str, str]) -> None:
    with pytest.raises(VerificationError):
        replace(QUESTION, **changed).verify(QUESTION.sign(SECRET), SECRET)  # type: ignore[arg-type]


def test_another_secret_does_not_verify() -> None:
    with pytest.raises(VerificationError):
        QUESTION.verify(QUESTION.sign(SECRET), bytes(32))


@pytest.mark.parametrize(
    "bad",
    [
        {"method": "post"},
        {"path": "v1"},
        {"path": "/v1\n/x"},
        {"date": "yesterday"},
        {"nonce": "AB" * 16},
        {"nonce": ""},
        {"key": "a\nb"},
        {"key": ""},
    ],
    ids=repr,
)
def test_a_part_with_a_form_of_its_own_is_refused(bad: dict[str, str]) -> None:
    with pytest.raises(MalformedError):
        replace(QUESTION, **bad)  # type: ignore[arg-type]


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_secret_of_another_size_is_refused(size: int) -> None:
    with pytest.raises(MalformedError):
        QUESTION.sign(bytes(size))


def test_an_answer_verifies_for_its_own_question_status_and_body_alone() -> None:
    signature = sign_answer(200, "ab" * 16, b"{}", SECRET)
    verify_answer(200, "ab" * 16, b"{}", signature, SECRET)
    for status, nonce, body in (
        (201, "ab" * 16, b"{}"),
        (200, "ba" * 16, b"{}"),
        (200, "ab" * 16, b""),
    ):
        with pytest.raises(VerificationError):
            verify_answer(status, nonce, body, signature, SECRET)


def test_a_question_is_no_answer() -> None:
    with pytest.raises(VerificationError):
        verify_answer(200, QUESTION.nonce, QUESTION.body, QUESTION.sign(SECRET), SECRET)
