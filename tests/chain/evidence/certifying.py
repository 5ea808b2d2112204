"""Certificates made for tests: packages printed and sealed with fixed content."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from chain.evidence import names
from chain.evidence.archive import read_archive
from chain.evidence.paper.certificate import Issued, Seal
from chain.evidence.store.press import print_certificate
from chain.evidence.store.sealing import TEST_ROOT_FILE, SealKey, open_seal, seal_pdf
from tests.chain.evidence.making import Maker, TestLog, golden, statement

NOW = datetime(2026, 11, 22, 10, 1, tzinfo=UTC)
PAGE = "https://ledger.example/verify.html"
REAL = Seal("CN=某平台,O=某公司", "CN=某电子认证服务机构", "4711", is_test=False)
LONG = "x" * 128


@cache
def home() -> Path:
    """Return a deployment's home without a seal of its own."""
    return Path(mkdtemp(prefix="xiyou-seal-"))


@cache
def seal_key() -> SealKey:
    return open_seal(home(), NOW)


def seal_root() -> bytes:
    seal_key()
    return (home() / "keys" / TEST_ROOT_FILE).read_bytes()


@cache
def files() -> Mapping[str, bytes]:
    """Return the files of a good package."""
    return read_archive(golden())


@cache
def printed() -> bytes:
    return print_certificate(Issued(files(), PAGE, seal_key().said()))


@cache
def sealed() -> bytes:
    return seal_pdf(printed(), files()[names.BUNDLE], seal_key(), NOW)


def members(maker: Maker) -> dict[str, bytes]:
    """Return the files that a certificate is made from."""
    facts, bundle, size = maker.facts()
    issue = maker.issue(bundle, size)
    return {
        **facts,
        names.BUNDLE: bundle,
        names.ISSUE_ENTRY: issue.entry,
        names.ISSUE_PROOF: issue.proof,
        names.ISSUE_CONSISTENCY: issue.consistency,
    }


def of_events(count: int) -> dict[str, bytes]:
    """Return the files of a package with *count* events."""
    log = TestLog()
    for number in range(count):
        log.add("ord_01jdb0t3k5e6wbk9xv2c7m4n8q", "order.paid", {"n": number})
    return members(Maker(log=log, shown=range(count), hidden=(), opened=(), rules=()))


def of_long_names() -> dict[str, bytes]:
    """Return the files of a package in which everything is as long as it may be, and odd."""
    log = TestLog()
    log.add(LONG, "a" * 31 + "." + "b" * 31, {})
    said = replace(
        statement(),
        subject="W" * 200 + "王" * 150 + "#import <script> \u202e\U00020bb7堃喆",
        platform={"name": "惜" * 128, "uscc": "91330106MA2CFXXX0X"},
        matter={"order": "o" * 64, "dispute": "争" * 64, "court_case": "（2026）浙0192民初1号"},
        parties=[{"identity_entry": 0, "name_masked": "M" * 64, "role": "issuer"}] * 16,
        environment="E" * 1_000 + " Linux" * 160,
    )
    return members(Maker(log=log, shown=[0], hidden=(), opened=(), rules=(), statement=said))
