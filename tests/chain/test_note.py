"""Signed notes against the vectors, tampering, and a list of bad notes."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.cosignature import signer_of, verifier_of
from chain.errors import MalformedError, SignatureFailedError
from chain.note import (
    MAX_NOTE_SIZE,
    MAX_SIGNATURES,
    Note,
    Signature,
    make_signature,
    open_note,
    sign_note,
)
from chain.vkey import KeyType, VerifierKey
from tests.chain.keys import LOG, W1, W2, key, signers, verifiers
from tests.chain.tree import vectors

NOTES = [*vectors("signed_notes.json")["notes"], vectors("mldsa44_checkpoint.json")]
TEXT = "one\n\ntwo\n"
GOOD = sign_note(TEXT, signers(LOG))

lines = st.text(st.characters(min_codepoint=32, codec="utf-8"), max_size=20)
note_texts = st.lists(lines, min_size=1, max_size=5).map(lambda each: "\n".join(each) + "\n")


@pytest.mark.parametrize("vector", NOTES, ids=lambda vector: str(vector["name"]))
def test_the_notes_of_the_vectors_open(vector: dict[str, Any]) -> None:
    verifier = verifier_of(VerifierKey.parse(vector["vkey"]))
    data = vector["note"].encode()
    opened = open_note(data, [verifier])
    assert opened.text == vector["note"].rpartition("\n\n")[0] + "\n"
    assert [each.name for each in opened.verified] == [verifier.key.name]
    assert Note.parse(data).to_bytes() == data


@pytest.mark.parametrize("vector", NOTES, ids=lambda vector: str(vector["name"]))
def test_the_notes_of_the_vectors_fail_with_one_byte_of_text_changed(
    vector: dict[str, Any],
) -> None:
    verifier = verifier_of(VerifierKey.parse(vector["vkey"]))
    place = vector["note"].index("m")
    changed = vector["note"][:place] + "n" + vector["note"][place + 1 :]
    changed = changed.replace(f"— {verifier.key.name[:place]}n", f"— {verifier.key.name[:place]}m")
    with pytest.raises(SignatureFailedError):
        open_note(changed.encode(), [verifier])


@pytest.mark.parametrize("vector", NOTES, ids=lambda vector: str(vector["name"]))
def test_the_notes_of_the_vectors_fail_with_one_bit_of_a_signature_changed(
    vector: dict[str, Any],
) -> None:
    verifier = verifier_of(VerifierKey.parse(vector["vkey"]))
    note = Note.parse(vector["note"].encode())
    for place in (0, 8, 9, 10, 11, 12, 40, -1):
        tampered = []
        for each in note.signatures:
            data = bytearray(each.data)
            data[place] ^= 1
            tampered.append(each._replace(data=bytes(data)))
        with pytest.raises(SignatureFailedError):
            open_note(Note(note.text, tuple(tampered)).to_bytes(), [verifier])


@given(note_texts)
def test_opening_undoes_signing(text: str) -> None:
    assert open_note(sign_note(text, signers(LOG)), verifiers(LOG)).text == text


@given(note_texts, st.binary(min_size=4, max_size=4), st.binary(min_size=1, max_size=100))
def test_parsing_undoes_writing(text: str, key_id: bytes, data: bytes) -> None:
    note = Note(text, (Signature("a", key_id, data), Signature("b", key_id, data)))
    assert Note.parse(note.to_bytes()) == note


def test_the_text_is_split_off_at_the_last_empty_line() -> None:
    inner = sign_note("inner\n", signers(W_PLAIN)).decode()
    outer = sign_note(inner, signers(LOG))
    assert open_note(outer, verifiers(LOG)).text == inner
    with pytest.raises(SignatureFailedError, match="no signature by a known key"):
        open_note(outer, verifiers(W_PLAIN))


W_PLAIN = key("another.example", KeyType.ED25519)
UNKNOWN = Signature(LOG.name, b"\0\0\0\0", b"anything")


def test_signatures_by_unknown_keys_are_ignored() -> None:
    note = Note.parse(GOOD)
    mixed = Note(TEXT, (UNKNOWN, *note.signatures, UNKNOWN._replace(name="x"))).to_bytes()
    assert open_note(mixed, verifiers(LOG)).verified == note.signatures


def test_a_false_signature_by_a_known_key_rejects_the_whole_note() -> None:
    note = Note.parse(sign_note(TEXT, signers(LOG, W_PLAIN)))
    false = note.signatures[1]._replace(data=bytes(64))
    data = Note(TEXT, (note.signatures[0], false)).to_bytes()
    assert open_note(data, verifiers(LOG)).text == TEXT
    with pytest.raises(SignatureFailedError, match=r"another\.example"):
        open_note(data, verifiers(LOG, W_PLAIN))


def test_a_false_signature_after_a_good_one_by_the_same_key_rejects_the_note() -> None:
    (good,) = Note.parse(GOOD).signatures
    data = Note(TEXT, (good, good._replace(data=bytes(64)))).to_bytes()
    with pytest.raises(SignatureFailedError):
        open_note(data, verifiers(LOG))


def test_a_key_that_signed_twice_counts_once() -> None:
    (good,) = Note.parse(GOOD).signatures
    assert open_note(Note(TEXT, (good, good)).to_bytes(), verifiers(LOG)).verified == (good,)


def test_a_note_that_nobody_known_has_signed_stays_shut() -> None:
    with pytest.raises(SignatureFailedError, match="no signature by a known key"):
        open_note(GOOD, verifiers(W_PLAIN))
    with pytest.raises(SignatureFailedError, match="nobody"):
        open_note(GOOD, [])


def test_two_verifiers_of_one_name_and_id_are_refused() -> None:
    with pytest.raises(MalformedError, match="two keys"):
        open_note(GOOD, verifiers(LOG, LOG))


def test_a_hundred_signatures_are_accepted_and_one_more_is_not() -> None:
    (good,) = Note.parse(GOOD).signatures
    crowd = Note(TEXT, (UNKNOWN,) * (MAX_SIGNATURES - 1)).with_signatures([good])
    assert open_note(crowd.to_bytes(), verifiers(LOG)).text == TEXT
    with pytest.raises(MalformedError, match="100 signatures"):
        crowd.with_signatures([good]).to_bytes()
    with pytest.raises(MalformedError, match="100 signatures"):
        Note.parse(crowd.to_bytes() + good.line().encode())


def test_a_cosigner_signs_no_text_that_is_not_a_checkpoint() -> None:
    for each in (W1, W2, key("x", KeyType.ML_DSA_44)):
        with pytest.raises(MalformedError, match="checkpoint"):
            make_signature(TEXT, signer_of(each), 1)


BAD_NOTES: dict[str, bytes] = {
    "empty": b"",
    "no-signature": b"text\n\n",
    "no-empty-line": GOOD.replace(b"\n\n", b"\n"),
    "no-text": GOOD[GOOD.rindex(b"\n\n") + 2 :],
    "only-an-empty-line-above": b"\n" + GOOD[GOOD.rindex(b"\n\n") + 2 :],
    "no-final-newline": GOOD[:-1],
    "trailing-garbage": GOOD + b"x\n",
    "trailing-empty-line": GOOD + b"\n",
    "carriage-return": GOOD.replace(b"two\n", b"two\r\n"),
    "tab": GOOD.replace(b"two", b"t\two"),
    "nul": GOOD.replace(b"two", b"\0"),
    "not-utf8": GOOD.replace(b"two", b"\xff"),
    "hyphen-for-dash": GOOD.replace("—".encode(), b"-"),
    "two-spaces": GOOD.replace("— ".encode(), "—  ".encode()),
    "no-name": GOOD.replace(LOG.name.encode(), b""),
    "name-with-plus": GOOD.replace(LOG.name.encode(), b"a+b"),
    "name-with-no-break-space": GOOD.replace(LOG.name.encode(), "a\u00a0b".encode()),
    "loose-base64": GOOD.replace(b"==\n", b"=\n").replace(b"=\n", b"\n"),
    "only-a-key-id": GOOD[: GOOD.rindex(b" ")] + b" AAAAAA==\n",
    "empty-signature": GOOD[: GOOD.rindex(b" ")] + b" \n",
    "too-large": b"x" * MAX_NOTE_SIZE + GOOD,
}


@pytest.mark.parametrize("data", BAD_NOTES.values(), ids=BAD_NOTES)
def test_a_bad_note_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedError):
        open_note(data, verifiers(LOG))


BAD_TO_WRITE: dict[str, Note] = {
    "no-signature": Note(TEXT, ()),
    "no-final-newline": Note("x", (UNKNOWN,)),
    "control": Note("x\t\n", (UNKNOWN,)),
    "lone-surrogate": Note("\ud800\n", (UNKNOWN,)),
    "bad-name": Note(TEXT, (UNKNOWN._replace(name="a b"),)),
    "short-id": Note(TEXT, (UNKNOWN._replace(key_id=b"abc"),)),
    "no-data": Note(TEXT, (UNKNOWN._replace(data=b""),)),
}


@pytest.mark.parametrize("note", BAD_TO_WRITE.values(), ids=BAD_TO_WRITE)
def test_a_bad_note_is_not_written(note: Note) -> None:
    with pytest.raises(MalformedError):
        note.to_bytes()
