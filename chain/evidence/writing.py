"""Writing a package: the three layers, in the order in which each commits to the one before.

``evidence.md``, 2.2. A: facts. B: ``bundle.json``, which lists them. C: what is made from B
once the log has its digest. The same parts give the same bytes. Proved by
``tests/chain/evidence/test_verification.py``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chain.canonical import to_bytes
from chain.checkpoint import Checkpoint
from chain.entry import Entry
from chain.evidence import names
from chain.evidence.archive import write_archive
from chain.evidence.bundle import Bundle, check_bundle
from chain.evidence.claims import DATA, FORMAT, SCHEMAS, published
from chain.evidence.contents import manifest
from chain.evidence.digests import sha256_hex, sm3_hex
from chain.evidence.page import enclosed_page
from chain.evidence.spelling import check_schema
from chain.hashes import TreeHash, leaf_hash
from chain.stream_index.heads import HeadProof
from chain.tlog_proof import TlogProof


@dataclass(frozen=True, slots=True)
class ProvenEntry:
    """An entry, and its inclusion proof under the package's checkpoint."""

    index: int
    content: bytes
    hashes: tuple[TreeHash, ...]


@dataclass(frozen=True, slots=True)
class Hidden:
    """One occurrence of a hidden value, and what the reader is told about it."""

    digest: str
    index: int
    pointer: str
    state: str
    reason: str
    basis: str | None = None
    erased_by: int | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """A table or text that was in force, and where entries name its digest."""

    name: str
    """``json`` or ``txt``."""
    content: bytes
    title: str
    version: str
    named_by: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class HeadIndex:
    """Where the histories of the matter end (``docs/evidence-format.md``, 4a)."""

    commitment: ProvenEntry
    """The log's ``index.committed`` entry."""
    proofs: Mapping[int, HeadProof]
    """By the leaf index of a history's last entry."""


@dataclass(frozen=True, slots=True)
class Statement:
    """What the platform says beside the facts."""

    number: str
    created: str
    subject: str
    matter: Mapping[str, str | None]
    platform: Mapping[str, str | None]
    parties: Sequence[Mapping[str, Any]]
    software: Mapping[str, str]
    environment: str
    custody: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Parts:
    """All that goes into layers A and B."""

    statement: Statement
    checkpoint: Checkpoint
    note: bytes
    policy: bytes
    entries: Sequence[ProvenEntry]
    supporting: frozenset[str] = frozenset()
    """Streams that are there for an erasure or a rule alone."""
    hidden: Sequence[Hidden] = ()
    opened: Sequence[bytes] = ()
    """Sealed values' bytes."""
    rules: Sequence[Rule] = ()
    heads: HeadIndex | None = None
    others: Mapping[str, bytes] | None = None
    """Time stamps and anchoring receipts, by their names in the package."""


@dataclass(frozen=True, slots=True)
class Issue:
    """The log's entry about the export, its proof, and that its tree extends the checkpoint's."""

    entry: bytes
    proof: bytes
    consistency: bytes
    stamp: bytes | None = None
    certificate: bytes | None = None


def readme_text() -> bytes:
    """Return ``readme.txt``: five steps, what is proven, and what is not, in two languages."""
    title = {name: f"{each['zh']} / {each['en']}" for name, each in DATA["titles"].items()}
    lines = [title["package"], "", DATA["nature"]["zh"], DATA["nature"]["en"], "", title["steps"]]
    lines += [f"{n}. {each['zh']}\n   {each['en']}" for n, each in enumerate(DATA["steps"], 1)]
    for name in ("proves", "does_not_prove"):
        lines += ["", title[name]]
        lines += [f"{each['id']}  {each['zh']}\n    {each['en']}" for each in DATA[name]]
    return "".join(f"{line}\n" for line in lines).encode()


def facts_of(parts: Parts) -> dict[str, bytes]:
    """Return the files of layer A by name.

    Raises:
        MalformedError: a part is not in its format.
    """
    check_schema(dict(parts.statement.custody), SCHEMAS["custody"])
    files = {
        names.CHECKPOINT: parts.note,
        names.POLICY: parts.policy,
        names.CUSTODY: to_bytes(dict(parts.statement.custody)),
        names.README: readme_text(),
        names.VERIFIER: published("verify.py.txt"),
        **(parts.others or {}),
    }
    for each in parts.entries:
        files[names.entry_name(each.index)] = each.content
        proof = TlogProof(each.index, each.hashes, parts.note)
        files[names.proof_name(each.index)] = proof.to_bytes()
    for content in parts.opened:
        files[names.opened_name(sha256_hex(content))] = content
    if parts.heads is not None:
        files |= _heads_of(parts.heads, parts.note)
    for rule in parts.rules:
        files[f"rules/{sha256_hex(rule.content)}.{rule.name}"] = rule.content
    return files


def bundle_of(parts: Parts, files: Mapping[str, bytes]) -> bytes:
    """Return ``bundle.json`` over *files*, those of layer A.

    Raises:
        MalformedError: a part is not in its format.
    """
    said, page = parts.statement, published("verify.html")
    entries = [_entry_item(each) for each in parts.entries]
    bundle: Bundle = {
        "format": FORMAT,
        "number": said.number,
        "created": said.created,
        "subject": said.subject,
        "matter": dict(said.matter),
        "platform": dict(said.platform),
        "parties": [dict(each) for each in said.parties],
        "log": {
            "origin": parts.checkpoint.origin,
            "size": parts.checkpoint.size,
            "root": parts.checkpoint.text().split("\n")[2],
        },
        "entries": entries,
        "streams": _streams(entries, parts.supporting),
        "sealed": [
            {name: getattr(each, name) for name in Hidden.__slots__}
            for each in sorted(parts.hidden, key=lambda each: (each.index, each.pointer))
        ],
        "rules": sorted((_rule_item(each) for each in parts.rules), key=lambda r: r["sha256"]),
        "files": [
            {
                "name": name,
                "sha256": sha256_hex(files[name]),
                "size": len(files[name]),
                "sm3": sm3_hex(files[name]),
            }
            for name in sorted(files)
        ],
        "software": dict(said.software),
        "environment": said.environment,
        "verify_html": {"sha256": sha256_hex(page), "sm3": sm3_hex(page)},
    }
    check_bundle(bundle)
    return to_bytes(bundle)


def package_of(files: Mapping[str, bytes], bundle: bytes, issue: Issue) -> bytes:
    """Return the archive of layer A, *bundle* and what was made from it.

    Raises:
        MalformedError: it would pass a limit.
    """
    members = members_of(files, bundle, issue)
    page = enclosed_page(published("verify.html"), members)
    if page is not None:
        members[names.PAGE] = page
    return write_archive(with_manifests(members))


def members_of(files: Mapping[str, bytes], bundle: bytes, issue: Issue) -> dict[str, bytes]:
    """Return layer A, *bundle* and what *issue* has, by name; neither page nor lists of digests."""
    members = {
        **files,
        names.BUNDLE: bundle,
        names.ISSUE_ENTRY: issue.entry,
        names.ISSUE_PROOF: issue.proof,
        names.ISSUE_CONSISTENCY: issue.consistency,
    }
    if issue.stamp is not None:
        members[names.ISSUE_STAMP] = issue.stamp
    if issue.certificate is not None:
        members[names.CERTIFICATE] = issue.certificate
    return members


def with_manifests(members: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return *members* with the two lists of their digests."""
    files = dict(members)
    lists = {name: manifest(files, kind) for kind, name in names.MANIFESTS.items()}
    return files | lists


def _heads_of(heads: HeadIndex, note: bytes) -> dict[str, bytes]:
    entry = heads.commitment
    proofs = {names.head_name(i): to_bytes(p.members()) for i, p in heads.proofs.items()}
    return {
        names.COMMITMENT: entry.content,
        names.COMMITMENT_PROOF: TlogProof(entry.index, entry.hashes, note).to_bytes(),
        **proofs,
    }


def _entry_item(proven: ProvenEntry) -> dict[str, Any]:
    content = proven.content
    entry = Entry.parse(content)
    return {
        "at": entry.at,
        "index": proven.index,
        "leaf": leaf_hash(content).hex(),
        "seq": entry.seq,
        "sha256": sha256_hex(content),
        "size": len(content),
        "sm3": sm3_hex(content),
        "stream": entry.stream,
        "type": entry.type,
    }


def _streams(entries: Sequence[dict[str, Any]], supporting: frozenset[str]) -> list[dict[str, Any]]:
    found: dict[str, list[int]] = {}
    for each in entries:
        found.setdefault(each["stream"], []).append(each["seq"])
    return [
        {
            "first": min(seqs),
            "last": max(seqs),
            "role": "support" if stream in supporting else "matter",
            "stream": stream,
        }
        for stream, seqs in sorted(found.items())
    ]


def _rule_item(rule: Rule) -> dict[str, Any]:
    return {
        "sha256": sha256_hex(rule.content),
        "sm3": sm3_hex(rule.content),
        "title": rule.title,
        "version": rule.version,
        "named_by": [{"index": index, "pointer": pointer} for index, pointer in rule.named_by],
    }
