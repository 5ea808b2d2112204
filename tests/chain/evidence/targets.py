"""Every parser that reads foreign bytes, with good bytes of its own, for `campaign`.

A parser is called here as its callers call it: it takes what it is given or refuses it with
one of `REFUSALS`; anything else that it raises is a finding.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

from chain.canonical import parse, to_bytes
from chain.errors import ChainError, MalformedError
from chain.evidence import names, spelling
from chain.evidence.archive import read_archive
from chain.evidence.bundle import read_bundle, read_custody
from chain.evidence.consistency_file import ConsistencyFile
from chain.evidence.entries import read_entry, read_proof
from chain.evidence.fault import Fault, Unchecked
from chain.evidence.page import split_page
from chain.evidence.signatures import read_checkpoint, read_policy
from chain.store.openssl import has_openssl
from chain.stream_index.commitment import Commitment
from chain.stream_index.heads import HeadProof
from chain.stream_index.rows import StreamRow, TypeRow
from chain.timestamp import check_imprint
from chain.witness import cosignature_in, known_size_in
from scripts.authority import TestAuthority
from tests.chain import test_parsers
from tests.chain.evidence import standalone
from tests.chain.evidence.indexing import Indexing, busy
from tests.chain.evidence.making import ORDER, POLICY, Maker, trade, zipped
from tests.chain.keys import W1

Target = tuple[bytes, Callable[[bytes], object]]

REFUSALS: Final = (ChainError, Fault, Unchecked)
SIGNED: Final = b"a checkpoint\n"


@cache
def targets() -> dict[str, Target]:
    """Return good bytes and what reads them, by name."""
    return {**_log(), **_witness(), **_index(), **_package(), **_tokens(), **_standalone()}


def _log() -> dict[str, Target]:
    """What the log's floor reads; what it takes it would write as it came."""

    def again(read: Callable[[bytes], bytes]) -> Callable[[bytes], object]:
        def call(data: bytes) -> object:
            assert read(data) == data
            return data

        return call

    return {f"log {n}": (good, again(read)) for n, (good, read) in test_parsers.PARSERS.items()}


def _witness() -> dict[str, Target]:
    """What a witness answers."""
    note = trade().note()
    text, lines = note.split(b"\n\n", 1)
    signed = text.decode() + "\n"
    return {
        "witness's lines": (lines, lambda data: cosignature_in(data, signed, W1.verifier_key)),
        "witness's size": (b"1234567\n", known_size_in),
    }


def _index() -> dict[str, Target]:
    """The stream index's rows, commitments and proofs."""
    index = Indexing(busy()).commit()
    return {
        "index commitment": (to_bytes(index.members), lambda d: Commitment.of_members(parse(d))),
        "index head proof": (
            to_bytes(index.proof(ORDER).members()),
            lambda data: HeadProof.of_members(parse(data)),
        ),
        "index stream row": (
            b"ord_01jdb0t3k5e6wbk9xv2c7m4n8q 12 " + b"0a" * 32 + b"\n",
            lambda data: StreamRow.parse(data).to_bytes(),
        ),
        "index type row": (
            b"order.placed 12 " + b"0a" * 32 + b"\n",
            lambda data: TypeRow.parse(data).to_bytes(),
        ),
    }


def _package() -> dict[str, Target]:
    """The parts of a package."""
    log, members = trade(), Maker().members()
    return {
        "canonical": (members[names.BUNDLE], spelling.read),
        "bundle": (members[names.BUNDLE], read_bundle),
        "custody": (members[names.CUSTODY], read_custody),
        "entry": (log.entries[2], read_entry),
        "proof": (members[names.proof_name(2)], read_proof),
        "checkpoint": (members[names.CHECKPOINT], read_checkpoint),
        "policy": (POLICY, read_policy),
        "consistency": (log.consistency(3, 5), ConsistencyFile.parse),
        "page": (b'x<script id="package" type="application/json">{}</script>', split_page),
        "archive": (zipped(members), read_archive),
    }


def _tokens() -> dict[str, Target]:
    """Time stamps, where this machine can make one to begin from."""
    if not has_openssl():
        return {}
    with TemporaryDirectory() as folder:
        authority = TestAuthority.create(Path(folder) / "authority", datetime.now(UTC))
        asked = TimestampRequestBuilder().data(SIGNED).hash_algorithm(HashAlgorithm.SHA256).build()
        token = authority.reply(asked.as_bytes())
    return {
        "time stamp": (token, lambda data: check_imprint(data, SIGNED)),
        "standalone time stamp": (token, _quietly(standalone.module().Token)),
    }


def _standalone() -> dict[str, Target]:
    """What the stand-alone verifier reads by code of its own."""
    program, log = standalone.module(), trade()
    return {
        "standalone policy": (POLICY, _quietly(program.Policy)),
        "standalone checkpoint": (log.note(), _quietly(program.read_checkpoint)),
        "standalone consistency": (log.consistency(3, 5), _quietly(program.read_consistency)),
    }


def _quietly(read: Callable[[bytes], object]) -> Callable[[bytes], object]:
    def call(data: bytes) -> object:
        try:
            return read(data)
        except (ValueError, standalone.module().Fault) as error:
            raise MalformedError(str(error)) from None

    return call
