"""Unbroken histories: nothing left out between the first and the last event that is shown.

``evidence.md``, 3.1, step 8, and section 6: each entry commits to the one before it in its
stream, so whoever exports cannot pick events. Proved by the table of hostile packages.
"""

from itertools import pairwise
from typing import Any

from chain.evidence.fault import Fault, Unchecked
from chain.evidence.names import entry_name
from chain.evidence.package import Package
from chain.evidence.report import Findings
from chain.hashes import chain_hash

MATTER = "matter"


def check_histories(package: Package, findings: Findings) -> None:
    """Note for every stream whether its chain holds."""
    by_stream: dict[str, list[dict[str, Any]]] = {}
    for each in package.bundle["entries"]:
        by_stream.setdefault(each["stream"], []).append(each)
    for stream in package.bundle["streams"]:
        with findings.about("stream_chain"):
            _check_stream(package, stream, by_stream[stream["stream"]])


def _check_stream(package: Package, stream: dict[str, Any], entries: list[dict[str, Any]]) -> None:
    """Check one stream.

    Raises:
        Fault: an event is missing, stands twice, or is not the one the next one follows.
        Unchecked: an entry of it is of another format.
    """
    name = stream["stream"]
    if any(each["index"] in package.unknown for each in entries):
        raise Unchecked("unknown_entry_version", name)
    if stream["role"] == MATTER and stream["first"] != 1:
        raise Fault("not_from_start", name)
    wanted = stream["first"]
    for each in entries:
        if each["seq"] != wanted:
            raise Fault("gap" if each["seq"] > wanted else "seq", name)
        wanted += 1
    if wanted <= stream["last"]:
        raise Fault("gap", name)
    if wanted > stream["last"] + 1:
        raise Fault("seq", name)
    for before, after in pairwise(entries):
        content = package.files.get(entry_name(before["index"]))
        read = package.read.get(after["index"])
        if content is None or read is None or read.header["prev"] != chain_hash(content).hex():
            raise Fault("prev", name)
