"""Packages made for tests: a small log in memory, fixed keys, and every part open to mischief."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from chain.canonical import to_bytes
from chain.checkpoint import Checkpoint, sign_checkpoint
from chain.consistency import prove_consistency
from chain.cosignature import signer_of
from chain.entry import Entry
from chain.evidence import names
from chain.evidence.archive import _written
from chain.evidence.claims import published
from chain.evidence.consistency_file import ConsistencyFile
from chain.evidence.digests import sha256_hex, sm3_hex
from chain.evidence.page import enclosed_page
from chain.evidence.verification import Source, Trust, verify_package
from chain.evidence.writing import (
    HeadIndex,
    Hidden,
    Issue,
    Parts,
    ProvenEntry,
    Rule,
    Statement,
    bundle_of,
    facts_of,
    package_of,
    with_manifests,
)
from chain.hashes import ChainHash, TreeHash, TreeSize, chain_hash, leaf_hash
from chain.inclusion import prove_inclusion
from chain.merkle import Node, root_of
from chain.note import Note, make_signature
from chain.quorum import Policy, PolicyGroup, PolicyLog, PolicyWitness
from chain.sealed import SealedValue, seal
from chain.tlog_proof import TlogProof
from chain.vkey import SigningKey
from tests.chain.keys import LOG, LOG_PQ, ORIGIN, W1, W2, W3

ORDER = "ord_01jdb0t3k5e6wbk9xv2c7m4n8q"
ERASURE = "erasure/2026-11-22"
NUMBER = "EV-20261122-000001"
TOOL = {"name": "test", "sha256": None, "version": "1"}
Edit = Callable[[dict[str, Any]], None]


def when(second: int) -> str:
    return f"2026-11-22T10:{second // 60:02d}:{second % 60:02d}.000000Z"


SECRET = seal("buyer@example.com", bytes(range(16)))
WITHHELD = seal("13800000000", bytes(range(1, 17)))
GONE = seal("110101199003070000", bytes(range(2, 18)))
RULE = b'{"rules":1}'


@dataclass
class TestLog:
    """A log in memory."""

    __test__ = False
    origin: str = ORIGIN
    keys: Sequence[SigningKey] = (LOG, LOG_PQ)
    witnesses: Sequence[SigningKey] = (W1, W2, W3)
    entries: list[bytes] = field(default_factory=list)
    _heads: dict[str, tuple[int, ChainHash]] = field(default_factory=dict)

    def add(self, stream: str, kind: str, data: object, schema: int = 1) -> int:
        """Log an event; return its leaf index."""
        seq, prev = self._heads.get(stream, (0, None))
        body = to_bytes({"data": data, "meta": {"schema": schema}})
        entry = Entry(when(len(self.entries)), prev, seq + 1, stream, kind, body).to_bytes()
        self._heads[stream] = (seq + 1, chain_hash(entry))
        return self.add_raw(entry)

    def add_raw(self, entry: bytes) -> int:
        """Log *entry*, whatever it is."""
        self.entries.append(entry)
        return len(self.entries) - 1

    def checkpoint(self, size: int | None = None) -> Checkpoint:
        size = len(self.entries) if size is None else size
        leaves = [leaf_hash(each) for each in self.entries[:size]]
        return Checkpoint(self.origin, TreeSize(size), root_of(leaves))

    def note(self, size: int | None = None, seconds: int = 1_795_341_600) -> bytes:
        """Return a signed and witnessed checkpoint; the same bytes each time."""
        return _note(self.checkpoint(size).text(), tuple(self.keys), tuple(self.witnesses), seconds)

    def read(self, nodes: Sequence[Node], /) -> list[TreeHash]:
        leaves = [leaf_hash(each) for each in self.entries]
        return [root_of(leaves[n.position << n.level : (n.position + 1) << n.level]) for n in nodes]

    def hashes(self, index: int, size: int) -> tuple[TreeHash, ...]:
        return tuple(prove_inclusion(index, size, self.read))

    def proof(self, index: int, size: int, note: bytes | None = None) -> bytes:
        hashes = self.hashes(index, size)
        return TlogProof(index, hashes, note or self.note(size)).to_bytes()

    def consistency(self, old: int, new: int) -> bytes:
        return ConsistencyFile(old, new, tuple(prove_consistency(old, new, self.read))).to_bytes()


@cache
def _note(
    text: str, keys: tuple[SigningKey, ...], witnesses: tuple[SigningKey, ...], seconds: int
) -> bytes:
    # ML-DSA-44 is hedged: sign once, so that one text has one note.
    signers = [signer_of(each) for each in keys]
    checkpoint = Checkpoint.parse(text)
    note = Note.parse(sign_checkpoint(checkpoint, signers, seconds=0))
    added = [make_signature(text, signer_of(each), seconds) for each in witnesses]
    return note.with_signatures(added).to_bytes()


def policy(
    logs: Sequence[SigningKey] = (LOG, LOG_PQ),
    witnesses: Sequence[SigningKey] = (W1, W2, W3),
    threshold: int = 2,
) -> bytes:
    """Return a policy file: *threshold* of *witnesses*, or none."""
    named = {f"w{n}": PolicyWitness(each.verifier_key) for n, each in enumerate(witnesses, 1)}
    groups = {"q": PolicyGroup(threshold, tuple(named))} if named else {}
    return Policy(
        tuple(PolicyLog(each.verifier_key) for each in logs),
        named,
        groups,
        "q" if named else "none",
    ).to_bytes()


POLICY = policy()


def statement(number: str = NUMBER) -> Statement:
    person = {"role": "buyer", "name_masked": "王*", "organisation": None}
    custody = {
        "requested_by": person,
        "request_reference": "case 1",
        "legal_basis": None,
        "requested_at": when(0),
        "extracted_by": {"staff_reference": "staff-7", "role": "support"},
        "second_person": {"staff_reference": "staff-9", "role": "reviewer"},
        "started_at": when(0),
        "finished_at": when(0),
        "source": {"system": "xiyou", "origin": ORIGIN, "database_version": "18"},
        "tool": {"name": "xiyou", "version": "0.1.0", "commit": "0" * 40, "verify_py_sha256": None},
        "clock": {"source": "ntp", "offset_ms": 0},
        "steps": [{"at": when(0), "action": "write_bundle", "result": "done"}],
        "exhibits": {"count": 5, "bytes": 1234},
        "transfers": [],
        "statement": "Extracted from the log as it stands.",
    }
    return Statement(
        number=number,
        created=when(0),
        subject="订单未到账 / an order that was not delivered",
        matter={"order": ORDER, "dispute": None, "court_case": None},
        platform={"name": "惜友", "uscc": None},
        parties=[{"identity_entry": None, "name_masked": "王*", "role": "buyer"}],
        software={"name": "xiyou", "version": "0.1.0", "commit": "0" * 40},
        environment="PostgreSQL 18, Python 3.11",
        custody=custody,
    )


def trade() -> TestLog:
    """Return a log of one order, one stranger's event, and an erasure."""
    log = TestLog()
    buyer, phone, card = SECRET.reference, WITHHELD.reference, GONE.reference
    log.add(ORDER, "order.placed", {"amount": 4900, "buyer": buyer, "currency": "CNY"})
    log.add("ord_01jdb0t3k5e6wbk9xv2c7m4n8z", "order.placed", {"amount": 1})
    log.add(ORDER, "order.paid", {"payer": {"card": card, "phone": phone}, "note": "卡密已发送"})
    log.add(ORDER, "ruling.issued", {"rules_digest": sha256_hex(RULE), "outcome": "refund"})
    log.add(ERASURE, "privacy.erased", {"digests": sorted([GONE.digest.hex()])})
    return log


HIDDEN = (
    Hidden(SECRET.digest.hex(), 0, "/data/buyer", "opened", "disclosed"),
    Hidden(GONE.digest.hex(), 2, "/data/payer/card", "erased", "erased", None, 4),
    Hidden(WITHHELD.digest.hex(), 2, "/data/payer/phone", "withheld", "privacy", "not asked for"),
)


@dataclass
class Maker:
    """Makes a package over a log; every part can be another."""

    log: TestLog = field(default_factory=trade)
    shown: Sequence[int] = (0, 2, 3, 4)
    hidden: Sequence[Hidden] = HIDDEN
    opened: Sequence[SealedValue] = (SECRET,)
    rules: Sequence[Rule] = (Rule("json", RULE, "裁决规则表", "1", ((3, "/data/rules_digest"),)),)
    policy: bytes = POLICY
    statement: Statement = field(default_factory=statement)
    heads: HeadIndex | None = None
    others: Mapping[str, bytes] = field(default_factory=dict)
    size: int | None = None
    note: bytes | None = None
    edit: Edit = lambda bundle: None
    alter: Callable[[dict[str, bytes]], object] = lambda files: None
    """Changes layer A of a small package before its manifest is made."""

    def facts(self) -> tuple[dict[str, bytes], bytes, int]:
        """Return layer A, layer B and the checkpoint's size."""
        size = len(self.log.entries) if self.size is None else self.size
        note = self.note or self.log.note(size)
        parts = Parts(
            statement=self.statement,
            checkpoint=self.log.checkpoint(size),
            note=note,
            policy=self.policy,
            entries=[
                ProvenEntry(i, self.log.entries[i], self.log.hashes(i, size)) for i in self.shown
            ],
            supporting=frozenset({ERASURE}),
            hidden=self.hidden,
            opened=[each.content for each in self.opened],
            rules=self.rules,
            heads=self.heads,
            others=self.others,
        )
        files = facts_of(parts)
        bundle = json.loads(bundle_of(parts, files))
        self.edit(bundle)
        return files, spelt(bundle), size

    def issue(self, bundle: bytes, size: int, **other: Any) -> Issue:
        """Log the export and prove it."""
        number = self.statement.number
        data = {
            "bundle_sha256": sha256_hex(bundle),
            "bundle_sm3": sm3_hex(bundle),
            "checkpoint_size": size,
            "number": number,
            "opened": len(self.opened),
        } | other
        index = self.log.add(f"evidence/{number}", "evidence.exported", data)
        new = len(self.log.entries)
        proof = self.log.proof(index, new)
        return Issue(self.log.entries[index], proof, self.log.consistency(size, new))

    def make(self) -> bytes:
        """Return the package, issued as it is."""
        files, bundle, size = self.facts()
        return package_of(files, bundle, self.issue(bundle, size))

    def members(self, **other: Any) -> dict[str, bytes]:
        """Return the files of a small package: no page, and next to nothing as verifier."""
        files, bundle, size = self.facts()
        files[names.VERIFIER] = b"# verify\n"
        files[names.README] = b"# readme\n"
        self.alter(files)
        bundle = repaired({**files, names.BUNDLE: bundle})[names.BUNDLE]
        issue = self.issue(bundle, size, **other)
        return with_manifests(
            {
                **files,
                names.BUNDLE: bundle,
                names.ISSUE_ENTRY: issue.entry,
                names.ISSUE_PROOF: issue.proof,
                names.ISSUE_CONSISTENCY: issue.consistency,
            }
        )


def spelt(value: object) -> bytes:
    """Return *value* as canonical JSON would be, whatever it is."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass")


@cache
def golden() -> bytes:
    """Return the package that mischief begins with."""
    return Maker().make()


def zipped(members: Mapping[str, bytes]) -> bytes:
    """Return the archive of *members*, no questions asked."""
    return _written(dict(members))


def repaired(members: Mapping[str, bytes], edit: Edit = lambda bundle: None) -> dict[str, bytes]:
    """Return *members* with manifest, page and lists made to agree again, after *edit*."""
    files = dict(members)
    bundle = json.loads(files[names.BUNDLE])
    listed = {each["name"] for each in bundle["files"]} | {n for n in files if names.is_fact(n)}
    bundle["files"] = [
        {
            "name": name,
            "sha256": sha256_hex(files[name]),
            "size": len(files[name]),
            "sm3": sm3_hex(files[name]),
        }
        for name in sorted(listed)
        if name in files
    ]
    by_name = {names.entry_name(each["index"]): each for each in bundle["entries"]}
    for name, each in by_name.items():
        if name in files:
            content = files[name]
            each |= {
                "sha256": sha256_hex(content),
                "sm3": sm3_hex(content),
                "size": len(content),
                "leaf": leaf_hash(content).hex(),
            }
    edit(bundle)
    files[names.BUNDLE] = spelt(bundle)
    return relisted(files)


def relisted(members: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return *members* with the page and the lists of digests made to agree again."""
    files = {name: each for name, each in members.items() if name not in names.MANIFESTS.values()}
    if names.PAGE in files:
        page = enclosed_page(published("verify.html"), files)
        assert page is not None
        files[names.PAGE] = page
    return with_manifests(files)


TRUST = Trust(policy=POLICY)


def report(package: bytes, trust: Trust = TRUST) -> dict[str, Any]:
    """Return what the installed verifier reports."""
    return verify_package(Source(package), trust, TOOL)


def verdicts(found: dict[str, Any]) -> dict[str, tuple[str, str | None]]:
    return {each["claim"]: (each["verdict"], each["code"]) for each in found["claims"]}
