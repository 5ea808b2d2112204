"""A witness's answers: every status in the protocol, in the order of the specification."""

from http import HTTPStatus

import pytest
from hypothesis import given
from hypothesis import strategies as st
from witness_log import WitnessService

from chain.checkpoint import Checkpoint, sign_checkpoint
from chain.consistency import prove_consistency
from chain.errors import ChainError, MalformedError, SignatureFailedError
from chain.hashes import TreeHash, TreeSize
from chain.merkle import root_of
from chain.note import Note, make_signature
from chain.rules import BrokenRuleError
from chain.vkey import KeyType, SigningKey
from chain.witness import (
    MAX_SUBMISSION_SIZE,
    SIZE_TYPE,
    STATUSES,
    Answer,
    NotCheckedYetError,
    Submission,
    accept,
    check_follows,
    cosign,
    cosignature_in,
    known_size_in,
    open_submission,
    refuse,
)
from tests.chain.keys import LOG, LOG_PQ, ORIGIN, W1, W2, key, signers, verifiers
from tests.chain.tree import leaves, read

NOW = 1_795_000_000
OTHER = key("other.example/log", KeyType.ED25519)
LOGS = {ORIGIN: (LOG.verifier_key, LOG_PQ.verifier_key)}
FALSE = TreeHash(bytes(32))


def root(size: int) -> TreeHash:
    return root_of(leaves(size))


def note(
    size: int, *, of: TreeHash | None = None, by: tuple[SigningKey, ...] = (LOG,), more: str = ""
) -> bytes:
    extensions = (more,) if more else ()
    origin = by[0].name
    checkpoint = Checkpoint(origin, TreeSize(size), of or root(size), extensions)
    return sign_checkpoint(checkpoint, signers(*by))


def body(old: int, proof: list[TreeHash], signed: bytes) -> bytes:
    return Submission(old, tuple(proof), signed).to_bytes()


def growth(old: int, new: int) -> list[TreeHash]:
    return prove_consistency(old, new, read) if old else []


def latest(size: int) -> Checkpoint | None:
    return Checkpoint(ORIGIN, TreeSize(size), root(size)) if size >= 0 else None


def answer(data: bytes, known: int) -> Answer:
    """Return what a witness answers that has cosigned a tree of *known* leaves, -1 for none."""
    try:
        judged = open_submission(data, LOGS)
        check_follows(judged, latest(known))
    except ChainError as error:
        return refuse(error)
    return accept(cosign(judged, [W1], NOW))


def forged(by: SigningKey) -> bytes:
    """Return a note whose signature by *by* is over another text."""
    other = make_signature(note(8).decode().partition("\n\n")[0] + "\n", signers(by)[0], 0)
    text = Note.parse(note(9)).text
    return Note(text, (other,)).to_bytes()


def beside(one: bytes, other: bytes) -> bytes:
    return Note.parse(one).with_signatures(Note.parse(other).signatures).to_bytes()


G = growth
ROWS: dict[str, tuple[bytes, int, HTTPStatus]] = {
    # The body of the call; the size cosigned before, -1 for none; the status.
    "first checkpoint": (body(0, [], note(5)), -1, HTTPStatus.OK),
    "first checkpoint of an empty log": (body(0, [], note(0)), -1, HTTPStatus.OK),
    "from the empty log": (body(0, [], note(5)), 0, HTTPStatus.OK),
    "growth": (body(5, G(5, 9), note(9)), 5, HTTPStatus.OK),
    "growth from a whole subtree": (body(8, G(8, 9), note(9)), 8, HTTPStatus.OK),
    "the same again": (body(9, [], note(9)), 9, HTTPStatus.OK),
    "both keys of the log": (body(5, G(5, 9), note(9, by=(LOG, LOG_PQ))), 5, HTTPStatus.OK),
    "the second key of the log": (body(5, G(5, 9), note(9, by=(LOG_PQ,))), 5, HTTPStatus.OK),
    "extension lines": (body(0, [], note(5, more="ours")), -1, HTTPStatus.OK),
    "a stranger's signature beside": (
        body(0, [], beside(note(5), forged(W2))),
        -1,
        HTTPStatus.OK,
    ),
    "nothing": (b"", -1, HTTPStatus.BAD_REQUEST),
    "no note": (b"old 0\n\n", -1, HTTPStatus.BAD_REQUEST),
    "no empty line": (b"old 0\n" + note(5).replace(b"\n\n", b"\n"), -1, HTTPStatus.BAD_REQUEST),
    "no old line": (b"\n" + note(5), -1, HTTPStatus.BAD_REQUEST),
    "old with a leading zero": (b"old 05\n\n" + note(5), -1, HTTPStatus.BAD_REQUEST),
    "old negative": (b"old -1\n\n" + note(5), -1, HTTPStatus.BAD_REQUEST),
    "old over 2^63": (b"old 9999999999999999999\n\n" + note(5), -1, HTTPStatus.BAD_REQUEST),
    "CRLF": (b"old 0\r\n\r\n" + note(5), -1, HTTPStatus.BAD_REQUEST),
    "64 proof lines": (b"old 5\n" + b"A" * 43 + b"=\n" * 64, 5, HTTPStatus.BAD_REQUEST),
    "loose base64": (
        b"old 5\n" + b"A" * 42 + b"B=\n\n" + note(9), 5, HTTPStatus.BAD_REQUEST,
    ),
    "a hash of 31 bytes": (
        b"old 5\n" + b"A" * 40 + b"AA==\n\n" + note(9), 5, HTTPStatus.BAD_REQUEST,
    ),
    "a note without a signature": (
        b"old 0\n\n" + note(5).partition(b"\n\n")[0] + b"\n\n", -1, HTTPStatus.BAD_REQUEST,
    ),
    "no checkpoint in the note": (
        b"old 0\n\n" + Note("hello\n", Note.parse(note(5)).signatures).to_bytes(),
        -1,
        HTTPStatus.BAD_REQUEST,
    ),
    "too long": (b"old 0\n\n" + b"x" * MAX_SUBMISSION_SIZE, -1, HTTPStatus.BAD_REQUEST),
    "old larger than the checkpoint": (body(9, [], note(5)), 9, HTTPStatus.BAD_REQUEST),
    "unknown origin": (body(0, [], note(5, by=(OTHER,))), -1, HTTPStatus.NOT_FOUND),
    "unknown origin goes before a wrong old size": (
        body(9, [], note(5, by=(OTHER,))), -1, HTTPStatus.NOT_FOUND,
    ),
    "a signature by nobody known": (
        body(0, [], Note(Note.parse(note(5)).text, Note.parse(forged(W2)).signatures).to_bytes()),
        -1,
        HTTPStatus.FORBIDDEN,
    ),
    "a false signature by the log": (body(5, G(5, 9), forged(LOG)), 5, HTTPStatus.FORBIDDEN),
    "a false signature goes before a wrong old size": (
        body(99, [], forged(LOG)), 5, HTTPStatus.FORBIDDEN,
    ),
    "another log's key under our origin": (
        body(
            0, [],
            Note(
                Note.parse(note(5)).text,
                (make_signature(Note.parse(note(5)).text, signers(OTHER)[0], 0),),
            ).to_bytes(),
        ),
        -1,
        HTTPStatus.FORBIDDEN,
    ),
    "old too small": (body(4, G(4, 9), note(9)), 5, HTTPStatus.CONFLICT),
    "old too large": (body(6, G(6, 9), note(9)), 5, HTTPStatus.CONFLICT),
    "old unknown": (body(0, [], note(9)), 5, HTTPStatus.CONFLICT),
    "the log has shrunk": (body(0, [], note(4)), 5, HTTPStatus.CONFLICT),
    "a wrong old size goes before a false proof": (
        body(4, [FALSE], note(9)), 5, HTTPStatus.CONFLICT,
    ),
    "a split view": (body(5, [], note(5, of=FALSE)), 5, HTTPStatus.CONFLICT),
    "a split view with a proof": (body(5, [FALSE], note(5, of=FALSE)), 5, HTTPStatus.CONFLICT),
    "a fork": (body(5, G(5, 9), note(9, of=FALSE)), 5, HTTPStatus.UNPROCESSABLE_ENTITY),
    "no proof": (body(5, [], note(9)), 5, HTTPStatus.UNPROCESSABLE_ENTITY),
    "a proof too short": (body(5, G(5, 9)[:-1], note(9)), 5, HTTPStatus.UNPROCESSABLE_ENTITY),
    "a proof too long": (body(5, [*G(5, 9), FALSE], note(9)), 5, HTTPStatus.UNPROCESSABLE_ENTITY),
    "another proof": (body(5, G(6, 9), note(9)), 5, HTTPStatus.UNPROCESSABLE_ENTITY),
    "a proof from nothing": (body(0, [FALSE], note(5)), -1, HTTPStatus.UNPROCESSABLE_ENTITY),
    "a proof to the same": (body(5, [FALSE], note(5)), 5, HTTPStatus.UNPROCESSABLE_ENTITY),
}  # fmt: skip


@pytest.mark.parametrize(("data", "known", "status"), ROWS.values(), ids=ROWS)
def test_every_status_of_the_protocol(data: bytes, known: int, status: HTTPStatus) -> None:
    given = answer(data, known)
    assert given.status is status
    if status is HTTPStatus.OK:
        text = Note.parse(Submission.parse(data).note).text
        line = cosignature_in(given.body, text, W1.verifier_key)
        verifiers(W1)[0].verify(text, line.data)
    else:
        assert given.body.endswith(b"\n")


OF_CHECKING = (BrokenRuleError, NotCheckedYetError)
"""What only a witness answers that checks the entries: `chain.store.checked_log`."""


def test_the_table_has_every_status_that_the_specification_names() -> None:
    named = {each for error, each in STATUSES.items() if error not in OF_CHECKING}
    assert {status for _, _, status in ROWS.values()} == {HTTPStatus.OK, *named}


def test_a_conflict_of_sizes_says_the_size_and_a_split_view_does_not() -> None:
    size = answer(body(4, G(4, 9), note(9)), 5)
    assert (size.content_type, size.body) == (SIZE_TYPE, b"5\n")
    assert known_size_in(size.body) == 5
    # A log that took this for a size to start from would ask the same again, for ever.
    assert answer(body(5, [], note(5, of=FALSE)), 5).content_type != SIZE_TYPE
    assert answer(body(7, G(7, 9), note(9)), -1).body == b"0\n"


@pytest.mark.parametrize(
    "row", [name for name, row in ROWS.items() if row[1] >= 0 and name != "extension lines"]
)
def test_a_strangers_witness_refuses_what_ours_refuses(row: str) -> None:
    """Which of the codes a stranger takes may differ where two are true; 200 may not."""
    data, known, status = ROWS[row]
    stranger = WitnessService.new("witness.example/stranger", bytes(range(32)))
    stranger.add_log(ORIGIN, LOG.verifier_key.text())
    first = body(0, [], note(known)).decode()
    assert stranger.handle_add_checkpoint_http(first, NOW)[0] == HTTPStatus.OK
    theirs = stranger.handle_add_checkpoint_http(data.decode(), NOW)[0]
    if row == "the second key of the log":
        assert theirs == HTTPStatus.FORBIDDEN  # it was told of one key alone
    else:
        assert (theirs == HTTPStatus.OK) == (status is HTTPStatus.OK)


@given(st.binary(max_size=300) | st.builds(lambda s: b"old " + s, st.binary(max_size=300)))
def test_a_submission_is_refused_or_has_one_spelling(data: bytes) -> None:
    try:
        submission = Submission.parse(data)
    except MalformedError:
        return
    assert submission.to_bytes() == data


TEXT = Note.parse(note(5)).text
MINE = accept(cosign(open_submission(body(0, [], note(5)), LOGS), [W1], NOW)).body
OTHERS = accept(cosign(open_submission(body(0, [], note(5)), LOGS), [W2], NOW)).body


def test_lines_by_others_in_an_answer_are_ignored() -> None:
    assert cosignature_in(OTHERS + MINE, TEXT, W1.verifier_key).name == W1.name


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", MalformedError),
        (b"ok\n", MalformedError),
        (MINE[:-1], MalformedError),
        (b"\n" + MINE, MalformedError),
        (b"\xff" * 40 + b"\n", MalformedError),
        (OTHERS, SignatureFailedError),
        (accept(cosign(open_submission(body(0, [], note(9)), LOGS), [W1], NOW)).body,
         SignatureFailedError),
    ],
    ids=["nothing", "a word", "cut", "an empty line", "no text", "by another", "over another"],
)  # fmt: skip
def test_an_answer_without_a_true_cosignature_is_refused(
    data: bytes, error: type[Exception]
) -> None:
    with pytest.raises(error):
        cosignature_in(data, TEXT, W1.verifier_key)


@pytest.mark.parametrize("data", [b"", b"5", b"05\n", b"-1\n", b"5\n\n", b"9" * 30 + b"\n"])
def test_a_size_that_is_none_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedError):
        known_size_in(data)
