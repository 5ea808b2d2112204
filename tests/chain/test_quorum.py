"""Policies: parsed as tlog-policy says, and checkpoints held against them."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.checkpoint import Checkpoint, sign_checkpoint
from chain.cosignature import signer_of
from chain.errors import ChainError, MalformedError, QuorumNotMetError, SignatureFailedError
from chain.hashes import TreeHash, TreeSize
from chain.note import Note, make_signature
from chain.quorum import (
    MAX_POLICY_SIZE,
    Policy,
    PolicyGroup,
    PolicyLog,
    PolicyWitness,
    verify_checkpoint,
)
from chain.vkey import KeyType, SigningKey
from tests.chain.keys import LOG, LOG_PQ, ORIGIN, W1, W2, W3, key, signers

CHECKPOINT = Checkpoint(ORIGIN, TreeSize(42), TreeHash(bytes(range(32))))
NOW = 1_763_805_600
EXAMPLE = f"""\
# who we trust
log {LOG.verifier_key.text()} https://log.example/
log\t{LOG_PQ.verifier_key.text()}

witness w1 {W1.verifier_key.text()}
witness w2 {W2.verifier_key.text()} https://w2.example/
   witness w3 {W3.verifier_key.text()}
group pair 2 w1 w2
group either any pair w3
quorum either
""".encode()
POLICY = Policy.parse(EXAMPLE)


def note(logs: Sequence[SigningKey], witnesses: Sequence[SigningKey]) -> bytes:
    signed = Note.parse(sign_checkpoint(CHECKPOINT, signers(*logs)))
    cosigned = [make_signature(signed.text, signer_of(each), NOW) for each in witnesses]
    return signed.with_signatures(cosigned).to_bytes()


def test_the_example_is_read() -> None:
    assert [log.url for log in POLICY.logs] == ["https://log.example/", None]
    assert list(POLICY.witnesses) == ["w1", "w2", "w3"]
    assert POLICY.witnesses["w2"] == PolicyWitness(W2.verifier_key, "https://w2.example/")
    assert POLICY.groups == {
        "pair": PolicyGroup(2, ("w1", "w2")),
        "either": PolicyGroup(1, ("pair", "w3")),
    }
    assert POLICY.quorum == "either"


def test_what_is_written_is_read_back() -> None:
    assert Policy.parse(POLICY.to_bytes()) == POLICY
    assert Policy.parse(POLICY.to_bytes()).to_bytes() == POLICY.to_bytes()


def test_a_log_alone_is_a_policy() -> None:
    policy = Policy((PolicyLog(LOG.verifier_key),))
    assert policy.to_bytes() == f"log {LOG.verifier_key.text()}\nquorum none\n".encode()
    assert verify_checkpoint(note([LOG], []), policy).checkpoint == CHECKPOINT


@pytest.mark.parametrize(
    ("witnesses", "met"),
    [
        ([], False),
        ([W1], False),
        ([W2], False),
        ([W1, W2], True),
        ([W3], True),
        ([W1, W2, W3], True),
        ([W1, key("stranger.example", KeyType.ED25519_COSIGNATURE)], False),
    ],
)
def test_the_quorum_is_met_by_the_sets_that_it_names(
    witnesses: list[SigningKey], *, met: bool
) -> None:
    data = note([LOG, LOG_PQ], witnesses)
    if not met:
        with pytest.raises(QuorumNotMetError, match="either"):
            verify_checkpoint(data, POLICY)
        return
    result = verify_checkpoint(data, POLICY)
    assert result.checkpoint == CHECKPOINT
    assert result.logs == (LOG.verifier_key, LOG_PQ.verifier_key)
    assert result.witnesses == tuple((each.name[-2:], NOW) for each in witnesses)


@pytest.mark.parametrize("log", [LOG, LOG_PQ], ids=["ed25519", "ml-dsa-44"])
def test_any_one_of_the_logs_keys_is_enough(log: SigningKey) -> None:
    assert verify_checkpoint(note([log], [W3]), POLICY).logs == (log.verifier_key,)


def test_witnesses_without_the_log_are_not_enough() -> None:
    signed = make_signature(CHECKPOINT.text(), signer_of(W3), NOW)
    with pytest.raises(SignatureFailedError, match="only witnesses"):
        verify_checkpoint(Note(CHECKPOINT.text(), (signed,)).to_bytes(), POLICY)


def test_a_log_with_another_origin_is_unknown() -> None:
    other = Checkpoint("other.example", CHECKPOINT.size, CHECKPOINT.root)
    data = sign_checkpoint(other, signers(key("other.example", KeyType.ED25519)))
    with pytest.raises(SignatureFailedError, match="no log with the origin"):
        verify_checkpoint(data, POLICY)


def test_a_known_key_cannot_vouch_for_another_logs_origin() -> None:
    # Both logs are trusted, but neither may speak in the other's name.
    second = key("other.example", KeyType.ED25519)
    policy = Policy((PolicyLog(LOG.verifier_key), PolicyLog(second.verifier_key)))
    text = CHECKPOINT.text()
    data = Note(text, (make_signature(text, signer_of(second), 0),)).to_bytes()
    with pytest.raises(SignatureFailedError):
        verify_checkpoint(data, policy)


def test_one_false_cosignature_rejects_the_checkpoint() -> None:
    signed = Note.parse(note([LOG], [W3, W1]))
    *good, last = signed.signatures
    false = last._replace(data=last.data[:-1] + bytes([last.data[-1] ^ 1]))
    with pytest.raises(SignatureFailedError, match="w1"):
        verify_checkpoint(Note(signed.text, (*good, false)).to_bytes(), POLICY)


@given(
    st.integers(1, 5),
    st.sets(st.integers(0, 4)),
)
def test_a_group_is_met_by_its_threshold_of_members(threshold: int, present: set[int]) -> None:
    keys = {f"w{n}": key(f"w{n}", KeyType.ED25519_COSIGNATURE).verifier_key for n in range(5)}
    policy = Policy(
        (),
        {name: PolicyWitness(each) for name, each in keys.items()},
        {"g": PolicyGroup(threshold, tuple(keys))},
        "g",
    )
    cosigners = frozenset(f"w{n}" for n in present)
    assert policy.is_met(cosigners) == (len(present) >= threshold)


def test_groups_may_refer_back_however_deep() -> None:
    lines = [f"witness g0 {W1.verifier_key.text()}"]
    lines += [f"group g{n} all g{n - 1}" for n in range(1, 5000)]
    policy = Policy.parse("\n".join([*lines, "quorum g4999", ""]).encode())
    assert policy.is_met(frozenset({"g0"}))
    assert not policy.is_met(frozenset())


def test_names_are_opaque_octets() -> None:
    data = b"witness \xff\xfe " + W1.verifier_key.text().encode() + b"\nquorum \xff\xfe\n"
    assert Policy.parse(data).to_bytes() == data


def test_comments_may_hold_any_octet() -> None:
    assert Policy.parse(b"# \xff caf\xc3\xa9\n \t \nquorum none\n") == Policy()


LOG_LINE = f"log {LOG.verifier_key.text()}\n"
W1_LINE = f"witness w1 {W1.verifier_key.text()}\n"
W2_LINE = f"witness w2 {W2.verifier_key.text()}\n"
BAD_POLICIES: dict[str, tuple[str, str]] = {
    "empty": ("", "no quorum"),
    "no-quorum": (LOG_LINE, "no quorum"),
    "two-quorums": ("quorum none\nquorum none\n", "line 2: .*one quorum"),
    "no-final-newline": ("quorum none", "newline"),
    "carriage-return": ("quorum none\r\n", "control character"),
    "form-feed": ("quorum\fnone\n", "control character"),
    "delete": ("# \x7f\nquorum none\n", "line 1: control character"),
    "unknown-word": ("trust me\n", "line 1: must be"),
    "log-without-key": ("log\nquorum none\n", "must be"),
    "log-with-two-urls": (LOG_LINE[:-1] + " a b\nquorum none\n", "must be"),
    "log-with-bad-vkey": ("log x\nquorum none\n", "line 1: vkey"),
    "log-twice": (LOG_LINE + LOG_LINE + "quorum none\n", "line 2: .*twice"),
    "log-with-cosigning-key": (
        f"log {W1.verifier_key.text()}\nquorum none\n",
        "type 04",
    ),
    "witness-with-log-key": (f"witness w {LOG.verifier_key.text()}\nquorum w\n", "type 01"),
    "witness-key-twice": (W1_LINE + W1_LINE.replace("w1 ", "w9 ", 1) + "quorum w1\n", "twice"),
    "witness-name-twice": (W1_LINE + W2_LINE.replace("w2 ", "w1 ", 1) + "quorum w1\n", "taken"),
    "witness-called-none": (W1_LINE.replace("w1 ", "none ", 1) + "quorum none\n", "taken"),
    "group-name-taken": (W1_LINE + "group w1 any w1\nquorum w1\n", "taken"),
    "group-of-unknown": ("group g any w1\n" + W1_LINE + "quorum g\n", "line 1: w1: no witness"),
    "group-of-itself": ("group g any g\nquorum g\n", "no witness or group"),
    "group-of-none": (W1_LINE + "group g any none\nquorum g\n", "no witness or group"),
    "group-empty": ("group g any\nquorum none\n", "cannot ask for 1 of 0"),
    "group-threshold-0": (W1_LINE + "group g 0 w1\nquorum g\n", "threshold"),
    "group-threshold-2-of-1": (W1_LINE + "group g 2 w1\nquorum g\n", "2 of 1"),
    "group-threshold-01": (W1_LINE + "group g 01 w1\nquorum g\n", "threshold"),
    "group-threshold-word": (W1_LINE + "group g most w1\nquorum g\n", "threshold"),
    "member-twice": (W1_LINE + "group g 1 w1 w1\nquorum g\n", "already a member"),
    "member-of-two-groups": (
        W1_LINE + "group g any w1\ngroup h any w1\nquorum g\n",
        "line 3: w1: is already a member",
    ),
    "quorum-unknown": ("quorum w1\n", "no witness or group"),
    "quorum-before-definition": ("quorum w1\n" + W1_LINE, "line 1"),
    "quorum-of-two": (W1_LINE + W2_LINE + "quorum w1 w2\n", "must be"),
    "too-large": ("#" * MAX_POLICY_SIZE + "\n", "bytes"),
}


@pytest.mark.parametrize(("text", "fault"), BAD_POLICIES.values(), ids=BAD_POLICIES)
def test_a_bad_policy_is_refused_by_its_line_and_fault(text: str, fault: str) -> None:
    with pytest.raises(MalformedError, match=fault):
        Policy.parse(text.encode())


def test_a_bad_policy_cannot_be_built_either() -> None:
    with pytest.raises(MalformedError, match="no witness"):
        Policy(quorum="w1")
    with pytest.raises(MalformedError, match="url"):
        Policy((PolicyLog(LOG.verifier_key, "a b"),))
    with pytest.raises(MalformedError, match="name"):
        Policy((), {"a b": PolicyWitness(W1.verifier_key)})


@given(st.binary(max_size=80))
def test_no_bytes_break_the_parsers(data: bytes) -> None:
    with pytest.raises(ChainError):
        Policy.parse(b"x" + data)
    with pytest.raises(ChainError):
        verify_checkpoint(data, POLICY)
