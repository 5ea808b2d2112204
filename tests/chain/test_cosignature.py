"""Cosignatures of both kinds: what they commit to, and what they do not."""

import pytest

from chain.checkpoint import Checkpoint
from chain.cosignature import MAX_SECONDS, cosigned_at, signer_of, verifier_of
from chain.errors import MalformedError, SignatureFailedError
from chain.hashes import TreeHash, TreeSize
from chain.note import Note, Signature, make_signature, open_note
from chain.vkey import KeyType, SigningKey, VerifierKey
from tests.chain.keys import ORIGIN, W1, W3, key, verifiers
from tests.chain.tree import vectors

ROOT = TreeHash(bytes(range(32)))
TEXT = Checkpoint(ORIGIN, TreeSize(42), ROOT).text()
EXTENDED = Checkpoint(ORIGIN, TreeSize(42), ROOT, ("more",)).text()
NOW = 1_763_805_600

both = pytest.mark.parametrize("witness", [W1, W3], ids=["ed25519", "ml-dsa-44"])


@both
def test_a_cosignature_carries_its_time(witness: SigningKey) -> None:
    line = make_signature(TEXT, signer_of(witness), NOW)
    assert cosigned_at(line) == NOW
    assert open_note(Note(TEXT, (line,)).to_bytes(), verifiers(witness)).verified == (line,)


def test_the_time_of_a_vector_is_read() -> None:
    (note,) = [n for n in vectors("signed_notes.json")["notes"] if "witness2" in n["name"]]
    verifier = verifier_of(VerifierKey.parse(note["vkey"]))
    (line,) = open_note(note["note"].encode(), [verifier]).verified
    assert cosigned_at(line) == 0x69546780


@both
def test_another_time_is_untrue(witness: SigningKey) -> None:
    line = make_signature(TEXT, signer_of(witness), NOW)
    later = line._replace(data=(NOW + 1).to_bytes(8) + line.data[8:])
    with pytest.raises(SignatureFailedError):
        open_note(Note(TEXT, (later,)).to_bytes(), verifiers(witness))


@both
def test_a_checkpoint_with_extension_lines_can_be_cosigned(witness: SigningKey) -> None:
    line = make_signature(EXTENDED, signer_of(witness), NOW)
    verifier_of(witness.verifier_key).verify(EXTENDED, line.data)


def test_ed25519_commits_to_extension_lines_and_ml_dsa_does_not() -> None:
    for witness, commits in ((W1, True), (W3, False)):
        data = signer_of(witness).sign(EXTENDED, NOW)
        verifier = verifier_of(witness.verifier_key)
        if commits:
            with pytest.raises(SignatureFailedError):
                verifier.verify(TEXT, data)
        else:
            verifier.verify(TEXT, data)


def test_ml_dsa_commits_to_the_cosigners_name_and_ed25519_does_not() -> None:
    for kind, commits in ((KeyType.ED25519_COSIGNATURE, False), (KeyType.ML_DSA_44, True)):
        one = key("one.example", kind)
        other = VerifierKey("other.example", kind, one.verifier_key.public)
        data = signer_of(one).sign(TEXT, NOW)
        if commits:
            with pytest.raises(SignatureFailedError):
                verifier_of(other).verify(TEXT, data)
        else:
            verifier_of(other).verify(TEXT, data)


@both
@pytest.mark.parametrize("seconds", [-1, MAX_SECONDS + 1])
def test_a_time_out_of_range_is_not_signed(witness: SigningKey, seconds: int) -> None:
    with pytest.raises(MalformedError, match="time"):
        signer_of(witness).sign(TEXT, seconds)


@both
@pytest.mark.parametrize(
    "change",
    ["empty", "only-a-time", "one-byte-short", "one-byte-long", "time-2^63", "all-zero"],
)
def test_a_signature_of_the_wrong_shape_fails(witness: SigningKey, change: str) -> None:
    good = signer_of(witness).sign(TEXT, NOW)
    bad = {
        "empty": b"",
        "only-a-time": good[:8],
        "one-byte-short": good[:-1],
        "one-byte-long": good + b"\0",
        "time-2^63": b"\x80" + good[1:],
        "all-zero": bytes(len(good)),
    }[change]
    with pytest.raises(SignatureFailedError):
        verifier_of(witness.verifier_key).verify(TEXT, bad)


@both
def test_a_text_that_is_no_checkpoint_never_verifies(witness: SigningKey) -> None:
    with pytest.raises(SignatureFailedError):
        verifier_of(witness.verifier_key).verify("x\n", signer_of(witness).sign(TEXT, NOW))


def test_ml_dsa_cannot_sign_an_origin_of_256_bytes() -> None:
    text = Checkpoint("x" * 256, TreeSize(42), ROOT).text()
    with pytest.raises(MalformedError, match="255"):
        signer_of(W3).sign(text, NOW)


def test_a_line_without_room_for_a_time_has_none() -> None:
    with pytest.raises(MalformedError, match="time"):
        cosigned_at(Signature("x", b"1234", b"12345678"))


def test_a_tree_head_key_that_is_no_p256_key_is_refused() -> None:
    with pytest.raises(MalformedError, match="SubjectPublicKeyInfo"):
        verifier_of(VerifierKey("x", KeyType.TREE_HEAD, b"junk"))


def test_a_key_for_verifying_only_cannot_sign() -> None:
    with pytest.raises(MalformedError, match="verified only"):
        SigningKey("x", KeyType.TREE_HEAD, bytes(32))
