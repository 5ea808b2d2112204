"""The files of a package: none missing, none slipped in, none changed (``evidence.md``, 3.1).

Steps 3, 6, 7 and 10: digests of all files, the form of the entries and their agreement with
the manifest, their proofs, and the rules that entries name. Proved by the table of hostile
packages.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from chain.checkpoint import Checkpoint
from chain.evidence import names
from chain.evidence.claims import NEWEST_BODY_SCHEMA
from chain.evidence.digests import HEX, sha256_hex, sm3_hex
from chain.evidence.entries import check_inclusion, read_entry, read_proof, value_at
from chain.evidence.fault import Fault, Unchecked
from chain.evidence.package import Package
from chain.evidence.report import Findings
from chain.hashes import leaf_hash


def check_files(package: Package, findings: Findings) -> None:
    """Note whether the files are those of layer A, whole, and whether the lists agree."""
    is_inlined = package.container == "inline"
    listed = {each["name"] for each in package.bundle["files"]}
    for each in package.bundle["files"]:
        _check_file(package, each, findings)
    for name in package.files:
        if names.is_fact(name) and name not in listed:
            findings.fail("files_sha256", "unlisted", name)
    for kind, name in names.MANIFESTS.items():
        if is_inlined:
            findings.skip(f"files_{kind}", "inlined", name)
        elif name not in package.files:
            findings.fail("files_sha256", "missing", name)
        elif package.files[name] != listing(package.files, partial(package.digest, kind)):
            findings.fail(f"files_{kind}", "manifest", name)
    findings.hold("files_sha256")
    findings.hold("files_sm3")


def _check_file(package: Package, said: dict[str, Any], findings: Findings) -> None:
    name = said["name"]
    content = package.files.get(name)
    if content is None and package.container == "inline" and name == names.VERIFIER:
        findings.skip("files_sha256", "inlined", name)
        findings.skip("files_sm3", "inlined", name)
    elif content is None:
        findings.fail("files_sha256", "missing", name)
    else:
        is_whole = len(content) == said["size"]
        if not is_whole or package.digest("sha256", name) != said["sha256"]:
            findings.fail("files_sha256", "digest", name)
        if package.digest("sm3", name) != said["sm3"]:
            findings.fail("files_sm3", "digest", name)


def manifest(files: Mapping[str, bytes], kind: str) -> bytes:
    """Return the list of digests, ``sha256`` or ``sm3``, of all *files* but the two lists."""
    return listing(files, lambda name: HEX[kind](files[name]))


def listing(names_: Iterable[str], digest: Callable[[str], str]) -> bytes:
    """Return the lines of a list of digests, by name; the two lists are not in it."""
    others = sorted(set(names_) - set(names.MANIFESTS.values()))
    return "".join(f"{digest(name)}  {name}\n" for name in others).encode()


def check_entries(package: Package, findings: Findings) -> None:
    """Read every entry and note its form, and whether the manifest repeats it truly."""
    last = ""
    for index, said in package.indexes.items():
        name = names.entry_name(index)
        content = package.files.get(name)
        if content is None:
            findings.fail("entry_form", "mismatch", name)
            continue
        try:
            read = read_entry(content)
        except Fault as fault:
            findings.fail("entry_form", fault.code, name)
            continue
        except Unchecked as unchecked:
            package.unknown.add(index)
            findings.skip("entry_form", unchecked.code, name)
            if not _has_digests(content, said):
                findings.fail("entry_form", "mismatch", name)
            continue
        package.read[index] = read
        header = read.header
        if header["at"] < last:
            findings.fail("entry_form", "at_order", name)
        last = max(last, header["at"])
        agrees = all(header[member] == said[member] for member in ("at", "seq", "stream", "type"))
        if not agrees or not _has_digests(content, said):
            findings.fail("entry_form", "mismatch", name)
        if not read.is_nfc:
            findings.note("not_nfc", name)
        if not _is_known_schema(value_at(read.body, "/meta/schema")):
            findings.note("unknown_body_schema", name)
    findings.hold("entry_form")


def check_proofs(package: Package, findings: Findings) -> None:
    """Note for every entry whether the checkpoint's tree has it at its index."""
    tree, note = package.tree(), package.files.get(names.CHECKPOINT)
    for index in package.indexes:
        with findings.about("inclusion"):
            _check_proof(package, index, tree, note)


def check_rules(package: Package, findings: Findings) -> None:
    """Note whether the rules are the ones that entries name by digest."""
    for each in package.bundle["rules"]:
        with findings.about("rules_bound"):
            _check_rule(package, each)
    if not package.bundle["rules"]:
        findings.skip("rules_bound", "none_present")


def _check_proof(package: Package, index: int, tree: Checkpoint, note: bytes | None) -> None:
    """Check one entry's proof.

    Raises:
        Fault: it does not lead from the entry to the checkpoint.
    """
    name = names.proof_name(index)
    content, data = package.files.get(names.entry_name(index)), package.files.get(name)
    if data is None:
        raise Fault("proof_form", name)
    try:
        proof = read_proof(data)
        _check_same(proof.checkpoint, note)
        check_inclusion(leaf_hash(content or b""), index, proof, tree)
    except Fault as fault:
        is_root = fault.code == "root"
        raise Fault(fault.code, names.entry_name(index) if is_root else name) from None


def _check_same(checkpoint: bytes, note: bytes | None) -> None:
    if checkpoint != note:
        raise Fault("other_checkpoint")


def _check_rule(package: Package, rule: dict[str, Any]) -> None:
    """Check one rule.

    Raises:
        Fault: its file has other digests, or an entry does not name it.
    """
    digest = rule["sha256"]
    name = next(each for each in names.rule_names(digest) if _is_listed(package, each))
    content = package.files.get(name)
    if content is None or sha256_hex(content) != digest or sm3_hex(content) != rule["sm3"]:
        raise Fault("digest", name)
    bodies = [(package.read.get(each["index"]), each["pointer"]) for each in rule["named_by"]]
    is_named = all(read and value_at(read.body, p) == digest for read, p in bodies)
    if not bodies or not is_named:
        raise Fault("not_named", name)


def _is_listed(package: Package, name: str) -> bool:
    return any(each["name"] == name for each in package.bundle["files"])


def _has_digests(content: bytes, said: dict[str, Any]) -> bool:
    return bool(
        len(content) == said["size"]
        and sha256_hex(content) == said["sha256"]
        and sm3_hex(content) == said["sm3"]
        and leaf_hash(content).hex() == said["leaf"]
    )


def _is_known_schema(schema: Any) -> bool:  # noqa: ANN401 — JSON of a stranger
    return type(schema) is int and 1 <= schema <= NEWEST_BODY_SCHEMA
