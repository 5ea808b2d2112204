"""Hidden values: every one accounted for, opened ones true, erased ones recorded as erased.

``evidence.md``, 3.1, step 9, and section 5. The occurrences that are found in the entries
must be the ones that the manifest lists, each in one state; nothing else may be hidden.
Proved by the table of hostile packages.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

from chain.errors import MalformedError
from chain.evidence import spelling
from chain.evidence.digests import sha256_hex
from chain.evidence.entries import sealed_places
from chain.evidence.fault import Fault
from chain.evidence.names import entry_name, opened_name
from chain.evidence.package import Package
from chain.evidence.report import Findings
from chain.sealed import SALT_SIZE

ERASURE_TYPE = "privacy.erased"
ERASURE_STREAM = "erasure/"


def check_hidden(package: Package, findings: Findings) -> None:
    """Note what is true of hidden, opened and erased values."""
    found = {
        (index, pointer, digest)
        for index, read in package.read.items()
        for pointer, digest in sealed_places(read.body)
    }
    _check_listed(package, findings, found)
    _check_opened(package, findings, {digest for _, _, digest in found})
    _check_erased(package, findings)


def subject_of(index: int, pointer: str) -> str:
    """Return how a report names the value at *pointer* of the entry at *index*."""
    return f"{entry_name(index)}#{pointer}"


def _check_listed(package: Package, findings: Findings, found: set[tuple[int, str, str]]) -> None:
    claim = "sealed_accounted"
    listed: set[tuple[int, str, str]] = set()
    for each in package.bundle["sealed"]:
        place = (each["index"], each["pointer"], each["digest"])
        subject = subject_of(each["index"], each["pointer"])
        is_open = opened_name(each["digest"]) in package.files
        if each["index"] in package.unknown:
            continue
        if place not in found or place in listed:
            findings.fail(claim, "extra", subject)
        elif is_open != (each["state"] == "opened"):
            findings.fail(claim, "state", subject)
        listed.add(place)
    for index, pointer, _ in found - listed:
        findings.fail(claim, "unlisted", subject_of(index, pointer))
    for index in package.unknown:
        findings.skip(claim, "unknown_entry_version", entry_name(index))
    findings.hold(claim)


def _check_opened(package: Package, findings: Findings, digests: set[str]) -> None:
    names = [name for name in package.files if name.startswith("opened/")]
    for name in names:
        with findings.about("openings"):
            _check_opening(name, package.files[name], digests)
    if not names:
        findings.skip("openings", "none_present")


def _check_opening(name: str, content: bytes, digests: set[str]) -> None:
    """Check one opened value.

    Raises:
        Fault: it is not what its name commits to, not in its form, or of no entry.
    """
    digest = name.removeprefix("opened/").removesuffix(".json")
    if sha256_hex(content) != digest:
        raise Fault("digest", name)
    try:
        value = spelling.read(content).value
    except MalformedError:
        raise Fault("form", name) from None
    if not isinstance(value, dict) or value.keys() != {"salt", "value"}:
        raise Fault("form", name)
    if not _is_salt(value["salt"]):
        raise Fault("form", name)
    if digest not in digests:
        raise Fault("unknown_digest", name)


def _is_salt(text: Any) -> bool:  # noqa: ANN401 — JSON of a stranger
    if not isinstance(text, str) or not text.isascii():
        return False
    try:
        salt = urlsafe_b64decode(f"{text}==")
    except ValueError:
        return False
    return len(salt) == SALT_SIZE and urlsafe_b64encode(salt).rstrip(b"=").decode() == text


def _check_erased(package: Package, findings: Findings) -> None:
    erased = [each for each in package.bundle["sealed"] if each["state"] == "erased"]
    for each in erased:
        with findings.about("erasures"):
            if not _is_erasure_of(package, each["erased_by"], each["digest"]):
                raise Fault("no_erasure_entry", subject_of(each["index"], each["pointer"]))
    if not erased:
        findings.skip("erasures", "none_present")


def _is_erasure_of(package: Package, index: int | None, digest: str) -> bool:
    read = package.read.get(-1 if index is None else index)
    if read is None or read.header["type"] != ERASURE_TYPE:
        return False
    data = read.body.get("data") if isinstance(read.body, dict) else None
    digests = data.get("digests") if isinstance(data, dict) else None
    is_listed = isinstance(digests, list) and digest in digests
    return is_listed and read.header["stream"].startswith(ERASURE_STREAM)
