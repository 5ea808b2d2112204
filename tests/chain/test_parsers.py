"""Every parser, given good bytes with a few changed: refuses, or would write the same."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.canonical import parse, to_bytes
from chain.checkpoint import Checkpoint
from chain.entry import Entry
from chain.errors import MalformedError
from chain.hashes import TreeHash
from chain.misbehaviour import MisbehaviourProof
from chain.note import Note
from chain.quorum import Policy
from chain.tiles import bundle_bytes, parse_bundle, parse_tile_path
from chain.tlog_proof import TlogProof
from chain.vkey import SigningKey, VerifierKey
from chain.witness import Submission
from tests.golden.chain.generate import HERE

CHECKPOINT = (HERE / "checkpoint").read_bytes()
BUNDLE = (HERE / "tile_entries_000.p_5").read_bytes()
PROOF = (HERE / "refund.tlog-proof").read_bytes()
VKEY = (HERE / "vkeys.txt").read_bytes().split(b"\n")[0]
SKEY = (HERE / "signing-keys-test-only.txt").read_bytes().split(b"\n")[0]

# Name: good bytes, and what reads them and writes them again.
PARSERS: dict[str, tuple[bytes, Callable[[bytes], bytes]]] = {
    "canonical": (b'{"a":[1,-2,null,true,"\xc3\xa9\\n"]}', lambda data: to_bytes(parse(data))),
    "entry": ((HERE / "entry-1.txt").read_bytes(), lambda data: Entry.parse(data).to_bytes()),
    "escaped-entry": ((HERE / "entry-4.txt").read_bytes(), lambda d: Entry.parse(d).to_bytes()),
    "note": (CHECKPOINT, lambda data: Note.parse(data).to_bytes()),
    "checkpoint": (
        CHECKPOINT[: CHECKPOINT.index(b"\n\n") + 1],
        lambda data: Checkpoint.parse(data.decode("latin-1")).text().encode("latin-1"),
    ),
    "tlog-proof": (
        PROOF[: PROOF.index(b"\n\n") + 2] + b"checkpoint\n",
        lambda data: TlogProof.parse(data).to_bytes(),
    ),
    "submission": (
        Submission(5, (TreeHash(bytes(32)),), b"checkpoint\n").to_bytes(),
        lambda data: Submission.parse(data).to_bytes(),
    ),
    "misbehaviour": (
        MisbehaviourProof(b"one\n", b"other\n", (TreeHash(bytes(32)),)).to_bytes(),
        lambda data: MisbehaviourProof.parse(data).to_bytes(),
    ),
    "bundle": (BUNDLE, lambda data: bundle_bytes(parse_bundle(data, 5))),
    "tile-path": (
        b"tile/0/x001/x234/067.p/89",
        lambda data: parse_tile_path(data.decode("latin-1")).path.encode(),
    ),
    "vkey": (VKEY, lambda data: VerifierKey.parse(data.decode("latin-1")).text().encode("latin-1")),
    "signing-key": (SKEY, lambda d: SigningKey.parse(d.decode("latin-1")).text().encode("latin-1")),
}

edits = st.lists(
    st.tuples(
        st.floats(0, 1),
        st.integers(0, 3),
        st.sampled_from([b"", b"\n", b" ", b"0", b"=", b"+", b"\r", b"\xff", b"-", b"x001/"])
        | st.binary(max_size=2),
    ),
    max_size=3,
)


def edited(data: bytes, changes: list[tuple[float, int, bytes]]) -> bytes:
    for where, removed, added in changes:
        place = int(where * len(data))
        data = data[:place] + added + data[place + removed :]
    return data


@pytest.mark.parametrize(("good", "again"), PARSERS.values(), ids=PARSERS)
@given(changes=edits)
def test_a_parser_refuses_what_its_writer_would_not_write(
    good: bytes, again: Callable[[bytes], bytes], changes: list[tuple[float, int, bytes]]
) -> None:
    data = edited(good, changes)
    try:
        written = again(data)
    except MalformedError:
        assert data != good
        return
    assert written == data


@given(changes=edits)
def test_a_policy_is_refused_or_has_one_plain_form(
    changes: list[tuple[float, int, bytes]],
) -> None:
    data = edited((HERE / "policy").read_bytes(), changes)
    try:
        policy = Policy.parse(data)
    except MalformedError:
        return
    assert Policy.parse(policy.to_bytes()) == policy
