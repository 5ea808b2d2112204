"""Checkpoints against the vectors, both signatures, and a list of bad texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.checkpoint import MAX_TREE_SIZE, Checkpoint, open_checkpoint, sign_checkpoint
from chain.cosignature import signer_of, verifier_of
from chain.errors import MalformedError, SignatureFailedError
from chain.hashes import EMPTY_ROOT, TreeHash, TreeSize, leaf_hash
from chain.merkle import root_of
from chain.note import Note, Signature
from chain.vkey import SigningKey, VerifierKey
from tests.chain.keys import LOG, LOG_PQ, ORIGIN, W1, signers, verifiers
from tests.chain.tree import vectors

TESSERA = vectors("tessera_testlog.json")
ROOT = TreeHash(bytes(range(32)))
GOOD = Checkpoint(ORIGIN, TreeSize(42), ROOT)
TEXT = GOOD.text()

origins = st.text(st.characters(min_codepoint=32, codec="utf-8"), min_size=1, max_size=40)
roots = st.binary(min_size=32, max_size=32).map(TreeHash)
checkpoints = st.builds(
    Checkpoint,
    origins,
    st.integers(1, MAX_TREE_SIZE).map(TreeSize),
    roots,
    st.lists(origins, max_size=2).map(tuple),
)


@pytest.mark.parametrize("size", range(16))
def test_the_other_implementations_checkpoints_open_and_have_our_root(size: int) -> None:
    data = TESSERA["checkpoints_by_size"][str(size)].encode()
    verifier = verifier_of(VerifierKey.parse(TESSERA["vkey"]))
    checkpoint, _ = open_checkpoint(data, [verifier])
    root = root_of([leaf_hash(word.encode()) for word in TESSERA["leaves_utf8"][:size]])
    assert checkpoint == Checkpoint(TESSERA["origin"], TreeSize(size), root)


@pytest.mark.parametrize("size", range(16))
def test_we_sign_the_other_implementations_checkpoints_byte_for_byte(size: int) -> None:
    root = root_of([leaf_hash(word.encode()) for word in TESSERA["leaves_utf8"][:size]])
    signer = signer_of(SigningKey.parse(TESSERA["skey_TEST_ONLY"]))
    checkpoint = Checkpoint(TESSERA["origin"], TreeSize(size), root)
    assert (
        sign_checkpoint(checkpoint, [signer]).decode()
        == (TESSERA["checkpoints_by_size"][str(size)])
    )


@given(checkpoints)
def test_parsing_undoes_writing(checkpoint: Checkpoint) -> None:
    assert Checkpoint.parse(checkpoint.text(), extensions=True) == checkpoint


@given(checkpoints)
def test_extension_lines_are_accepted_only_when_asked_for(checkpoint: Checkpoint) -> None:
    if not checkpoint.extensions:
        assert Checkpoint.parse(checkpoint.text()) == checkpoint
        return
    with pytest.raises(MalformedError, match="extension"):
        Checkpoint.parse(checkpoint.text())


def test_the_log_signs_with_both_keys_and_each_is_enough() -> None:
    data = sign_checkpoint(GOOD, signers(LOG, LOG_PQ), seconds=1_700_000_000)
    for keys in ((LOG,), (LOG_PQ,), (LOG, LOG_PQ)):
        opened = open_checkpoint(data, verifiers(*keys))
        assert opened.checkpoint == GOOD
        assert len(opened.verified) == len(keys)


@pytest.mark.parametrize("line", [0, 1, 2])
def test_either_signature_fails_over_another_checkpoint(line: int) -> None:
    note = Note.parse(sign_checkpoint(GOOD, signers(LOG, LOG_PQ)))
    other = [
        Checkpoint(ORIGIN + "x", GOOD.size, ROOT),
        Checkpoint(ORIGIN, TreeSize(43), ROOT),
        Checkpoint(ORIGIN, GOOD.size, EMPTY_ROOT),
    ][line]
    forged = Note(other.text(), note.signatures).to_bytes()
    for key in (LOG, LOG_PQ):
        with pytest.raises(SignatureFailedError):
            open_checkpoint(forged, verifiers(key))


def test_a_signer_with_another_name_than_the_origin_is_refused() -> None:
    with pytest.raises(MalformedError, match="origin"):
        sign_checkpoint(GOOD, signers(W1))


def test_a_signed_text_that_is_no_checkpoint_is_refused() -> None:
    signature = Signature(LOG.name, LOG.verifier_key.id, signer_of(LOG).sign("x\n", 0))
    with pytest.raises(MalformedError, match="checkpoint"):
        open_checkpoint(Note("x\n", (signature,)).to_bytes(), verifiers(LOG))


ROOT_TEXT = TEXT.split("\n")[2]
BAD_TEXTS = {
    "empty": "",
    "two-lines": "origin\n1\n",
    "no-final-newline": TEXT[:-1],
    "trailing-empty-line": TEXT + "\n",
    "empty-origin": "\n" + TEXT.split("\n", 1)[1],
    "size-minus-one": TEXT.replace("\n42\n", "\n-1\n"),
    "size-with-plus": TEXT.replace("\n42\n", "\n+42\n"),
    "size-with-zero": TEXT.replace("\n42\n", "\n042\n"),
    "size-with-space": TEXT.replace("\n42\n", "\n42 \n"),
    "size-empty": TEXT.replace("\n42\n", "\n\n"),
    "size-hex": TEXT.replace("\n42\n", "\n0x2a\n"),
    "size-underscore": TEXT.replace("\n42\n", "\n4_2\n"),
    "size-arabic-digits": TEXT.replace("\n42\n", "\n٤٢\n"),
    "size-2^63": TEXT.replace("\n42\n", f"\n{2**63}\n"),
    "size-of-5000-digits": TEXT.replace("\n42\n", f"\n{'4' * 5000}\n"),
    "size-zero-with-a-root": TEXT.replace("\n42\n", "\n0\n"),
    "root-short": TEXT.replace(ROOT_TEXT, "AAAA"),
    "root-empty": TEXT.replace(ROOT_TEXT, ""),
    "root-unpadded": TEXT.replace("=", ""),
    "root-loose": TEXT.replace("8=\n", "9=\n"),
    "root-hex": TEXT.replace(ROOT_TEXT, ROOT.hex()),
    "carriage-return": TEXT.replace("\n", "\r\n"),
    "empty-extension": TEXT + "\nx\n",
}


@pytest.mark.parametrize("text", BAD_TEXTS.values(), ids=BAD_TEXTS)
@pytest.mark.parametrize("extensions", [False, True], ids=["strict", "extensions"])
def test_a_bad_text_is_refused(text: str, *, extensions: bool) -> None:
    with pytest.raises(MalformedError):
        Checkpoint.parse(text, extensions=extensions)


BAD_CHECKPOINTS = {
    "origin-newline": Checkpoint("a\nb", TreeSize(1), ROOT),
    "size-negative": Checkpoint("a", TreeSize(-1), ROOT),
    "size-2^63": Checkpoint("a", TreeSize(2**63), ROOT),
    "root-short": Checkpoint("a", TreeSize(1), TreeHash(b"x")),
    "extension-empty": Checkpoint("a", TreeSize(1), ROOT, ("",)),
}


@pytest.mark.parametrize("checkpoint", BAD_CHECKPOINTS.values(), ids=BAD_CHECKPOINTS)
def test_a_bad_checkpoint_is_not_written(checkpoint: Checkpoint) -> None:
    with pytest.raises(MalformedError):
        checkpoint.text()
