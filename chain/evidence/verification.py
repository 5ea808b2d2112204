"""Verifying a package: all steps of ``evidence.md``, 3.1, from bytes to the report.

Pure: bytes and what the reader trusts go in, a report comes out. Trust never comes from the
package: without a policy of the reader's own nothing that rests on a signature is verified.
What touches the world (a tool for time stamps, the ledger's own rules) is handed in behind a
Protocol. Proved by ``tests/chain/evidence/test_verification.py`` and the table of hostile
packages.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from chain.checkpoint import Checkpoint
from chain.errors import ChainError, MalformedError
from chain.evidence import names
from chain.evidence.archive import Archive, check_folder, read_archive
from chain.evidence.bundle import read_bundle, read_custody
from chain.evidence.checkpoint import check_checkpoint
from chain.evidence.consistency_file import ConsistencyFile
from chain.evidence.contents import check_entries, check_files, check_proofs, check_rules
from chain.evidence.digests import both_hex, sha256_hex, sm3_hex
from chain.evidence.fault import Fault, Unchecked
from chain.evidence.heads import check_heads
from chain.evidence.hidden import check_hidden
from chain.evidence.histories import check_histories
from chain.evidence.issue import check_issue
from chain.evidence.package import Container, Package
from chain.evidence.page import inline_data, size_of, split_page
from chain.evidence.receipts import HeldReceipt, check_receipts
from chain.evidence.report import Findings
from chain.evidence.signatures import is_signed, read_checkpoint, read_policy
from chain.evidence.stamps import StampTool, check_stamps
from chain.evidence.tokens import TokenTool, check_roots
from chain.quorum import Policy

VERSION: Final = "1"
RULING: Final = "ruling.issued"


class Replayer(Protocol):
    """Makes a package's rulings again; the domain has one."""

    def __call__(self, package: Package, /) -> None:
        """Check every ruling in *package*.

        Raises:
            Fault: one comes out otherwise.
            Unchecked: the package does not hold what it takes.
        """


class SealTool(Protocol):
    """Reads PDF and its seals; `chain.evidence.seal` has one."""

    def __call__(
        self, pdf: bytes, bundle: bytes, roots: bytes | None, /, *, is_test_allowed: bool
    ) -> None:
        """Check that *pdf* is sealed under *roots*, with *bundle* attached.

        Raises:
            Fault: it is not.
            Unchecked: nobody whom the reader trusts vouches for who sealed it.
        """


@dataclass(frozen=True, slots=True)
class Trust:
    """What the reader brings: none of it comes from the package."""

    policy: bytes | None = None
    """A tlog-policy."""
    tsa_roots: bytes | None = None
    """Certificates in PEM."""
    known: bytes | None = None
    """A checkpoint that the reader kept."""
    known_proof: bytes | None = None
    receipts: Sequence[HeldReceipt] = ()
    now: str | None = None
    allow_test_authority: bool = False
    stamp_tool: StampTool | None = field(default_factory=TokenTool)
    replayer: Replayer | None = None
    seal_roots: bytes | None = None
    """Certificates in PEM."""
    seal_tool: SealTool | None = None


@dataclass(frozen=True, slots=True)
class _Reader:
    """What of `Trust` has been read."""

    policy: Policy | None
    known: Checkpoint | None
    known_proof: ConsistencyFile | None


@dataclass(frozen=True, slots=True)
class Source:
    """Where a package comes from: an archive's bytes, or the files of a folder or page."""

    archive: Archive | None = None
    files: Mapping[str, bytes] = field(default_factory=dict)
    container: Container = "zip"
    fault: Fault | None = None
    """Why the files could not be taken at all."""


def verify_package(source: Source, trust: Trust, tool: Mapping[str, Any]) -> dict[str, Any]:
    """Return the report on a package (``evidence.md``, 3.4).

    Args:
        source: of the package, trusted in nothing.
        trust: the reader's.
        tool: ``name``, ``sha256`` and ``version`` of the verifier.

    Raises:
        MalformedError: what the reader brings is not in its format.
    """
    reader = _read_trust(trust)
    findings = Findings()
    _verify(source, trust, reader, findings)
    archive = source.archive
    return findings.report(
        {
            "anchors": {
                "allow_test_authority": trust.allow_test_authority,
                "known": [] if trust.known is None else [sha256_hex(trust.known)],
                "policy_sha256": _digest(trust.policy),
                "tsa_roots_sha256": _digest(trust.tsa_roots),
                **_seal_anchor(trust),
            },
            "checked_at": trust.now,
            "package": None if archive is None else {"size": len(archive), **both_hex(archive)},
            "verifier": dict(tool),
        }
    )


def _read_trust(trust: Trust) -> _Reader:
    policy = None if trust.policy is None else read_policy(trust.policy)
    if trust.tsa_roots is not None:
        check_roots(trust.tsa_roots)
    if trust.seal_roots is not None:
        check_roots(trust.seal_roots, "seal-roots")
    known = None
    if trust.known is not None:
        try:
            known = read_checkpoint(trust.known).checkpoint
        except Fault:
            raise MalformedError("known: is not a checkpoint") from None
    proof = None if trust.known_proof is None else ConsistencyFile.parse(trust.known_proof)
    return _Reader(policy, known, proof)


def _verify(source: Source, trust: Trust, reader: _Reader, findings: Findings) -> None:
    """Take the steps in their order; the first two end it where they fail."""
    try:
        files = _open(source)
    except Fault as fault:
        findings.fail("container", fault.code)
        findings.block_rest()
        return
    if source.container == "inline":
        findings.skip("container", "inlined")
    findings.hold("container")
    try:
        package = Package(files, read_bundle(files.get(names.BUNDLE, b"")), source.container)
        if names.CUSTODY in files:
            read_custody(files[names.CUSTODY])
    except Fault as fault:
        findings.fail("bundle_form", fault.code, fault.subject)
        findings.block_rest()
        return
    except Unchecked as unchecked:
        findings.skip("bundle_form", unchecked.code, unchecked.subject)
        findings.block_rest()
        return
    findings.hold("bundle_form")
    findings.facts["number"] = package.bundle["number"]
    policy = _policy_for(package, reader, trust, findings)
    is_outside = reader.policy is not None
    check_files(package, findings)
    check_checkpoint(package, policy, findings, is_outside=is_outside)
    check_entries(package, findings)
    check_proofs(package, findings)
    check_histories(package, findings)
    check_hidden(package, findings)
    check_rules(package, findings)
    check_issue(package, policy, findings, is_outside=is_outside)
    check_stamps(
        package,
        trust.tsa_roots,
        trust.stamp_tool,
        findings,
        is_test_allowed=trust.allow_test_authority,
    )
    _check_known(package, reader, findings)
    _tell_split_view(package, trust, reader, findings)
    check_heads(package, findings)
    check_receipts(package, trust.receipts, reader.policy, findings)
    _check_rest(package, trust, findings)
    _note_future(package, trust.now, findings)


def _open(source: Source) -> dict[str, bytes]:
    """Return the files by name.

    Raises:
        Fault: they are not a package's.
    """
    if source.fault is not None:
        raise source.fault
    if source.archive is not None:
        return read_archive(source.archive)
    files = dict(source.files)
    check_folder({name: len(content) for name, content in files.items()})
    return files


def _policy_for(package: Package, reader: _Reader, trust: Trust, findings: Findings) -> Policy:
    """Return the policy by which signatures are looked at: the reader's, else the package's."""
    enclosed = package.files.get(names.POLICY, b"")
    if reader.policy is not None:
        if enclosed != trust.policy:
            findings.note("policy_differs")
        return reader.policy
    try:
        return read_policy(enclosed)
    except MalformedError:
        return Policy()


def _check_known(package: Package, reader: _Reader, findings: Findings) -> None:
    """Note whether the checkpoint that the reader kept begins this log."""
    with findings.about("consistent_with_known"):
        known, tree = reader.known, package.tree()
        if known is None:
            raise Unchecked("none_given")
        if known.origin != tree.origin:
            raise Fault("not_consistent")
        if known.size > tree.size:
            raise Unchecked("known_is_newer")
        if known.size == tree.size:
            if known.root != tree.root:
                raise Fault("split_view")
            return
        proofs = [reader.known_proof] if reader.known_proof else _enclosed(package, known.size)
        if not proofs:
            raise Unchecked("no_proof")
        try:
            proofs[0].verify(known, tree)
        except ChainError:
            raise Fault("not_consistent") from None


def _tell_split_view(package: Package, trust: Trust, reader: _Reader, findings: Findings) -> None:
    """Keep both notes where the log has signed two roots for one size (``evidence.md``, 6)."""
    known, tree = reader.known, package.checkpoint
    if known is None or tree is None or reader.policy is None:
        return
    notes = (trust.known or b"", package.files[names.CHECKPOINT])
    is_split = (known.origin, known.size) == (tree.origin, tree.size) and known.root != tree.root
    if is_split and all(is_signed(each, reader.policy) for each in notes):
        findings.facts["split_view"] = {"known": notes[0].decode(), "package": notes[1].decode()}


def _enclosed(package: Package, old: int) -> list[ConsistencyFile]:
    """Return the proofs in ``stamps/`` that begin at size *old*, the first by name."""
    found = []
    for name in sorted(each for each in package.files if each.endswith(".consistency")):
        try:
            proof = ConsistencyFile.parse(package.files[name])
        except MalformedError:
            continue
        if proof.old == old:
            found.append(proof)
    return found


def _check_rest(package: Package, trust: Trust, findings: Findings) -> None:
    """Note what other tools than this one may check, and what it is itself."""
    with findings.about("ruling_replayed"):
        if all(each["type"] != RULING for each in package.bundle["entries"]):
            raise Unchecked("none_present")
        if trust.replayer is None:
            raise Unchecked("needs_ledger")
        trust.replayer(package)
    with findings.about("pages"):
        _check_page(package)
    with findings.about("certificate"):
        _check_certificate(package, trust)
    is_anchored = any(name.startswith("anchors/") for name in package.files)
    findings.skip("anchored", "needs_adapter" if is_anchored else "none_present")
    findings.hold("verifier_outside")


def _check_certificate(package: Package, trust: Trust) -> None:
    """Check the enclosed certificate.

    Raises:
        Fault: its seal is broken, or another manifest is attached.
        Unchecked: there is none, nothing to read it with, or nobody to trust with its seal.
    """
    pdf = package.files.get(names.CERTIFICATE)
    if pdf is None:
        raise Unchecked("none_present")
    if trust.seal_tool is None:
        raise Unchecked("needs_pdf_tool")
    trust.seal_tool(
        pdf,
        package.files[names.BUNDLE],
        trust.seal_roots,
        is_test_allowed=trust.allow_test_authority,
    )


def _check_page(package: Package) -> None:
    """Check that the enclosed page is the published one with just these data.

    Raises:
        Fault: it is not.
        Unchecked: there is none.
    """
    page = package.files.get(names.PAGE)
    if page is None:
        raise Unchecked("none_present")
    try:
        template, data = split_page(page)
    except MalformedError:
        raise Fault("template", names.PAGE) from None
    said = package.bundle["verify_html"]
    if {"sha256": sha256_hex(template), "sm3": sm3_hex(template)} != said:
        raise Fault("template", names.PAGE)
    if size_of(package.files) > len(data) or data != inline_data(package.files):
        raise Fault("data", names.PAGE)


def _note_future(package: Package, now: str | None, findings: Findings) -> None:
    if now is None:
        return
    if package.bundle["created"] > now:
        findings.note("future_time", names.BUNDLE)
    for each in (findings.facts.get("checkpoint") or {}).get("witnesses", ()):
        if each["time"] is None or each["time"] > now:
            findings.note("future_time", each["name"])


def _seal_anchor(trust: Trust) -> dict[str, str]:
    """Return the report's member on roots of seals: absent where none are given.

    Only this verifier takes them; without them its report is that of the other two.
    """
    return {} if trust.seal_roots is None else {"seal_roots_sha256": sha256_hex(trust.seal_roots)}


def _digest(data: bytes | None) -> str | None:
    return None if data is None else sha256_hex(data)
