"""``bundle.json``: what a package says that it holds (``evidence.md``, 2.3).

Read once, strictly: canonical bytes, the schema of ``claims.json``, then order and what its
parts say of each other. After that its members are what they claim to be in form, and nothing
more is believed. Proved by ``tests/chain/evidence/test_hostile_packages.py``.
"""

from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise
from typing import Any, TypeAlias

from chain.errors import MalformedError
from chain.evidence import names, spelling
from chain.evidence.claims import FORMAT, SCHEMAS
from chain.evidence.fault import Fault, Unchecked

Bundle: TypeAlias = dict[str, Any]
"""The members of the table in ``evidence.md``, 2.3."""

REASONS: Mapping[str, frozenset[str]] = {
    "opened": frozenset({"disclosed"}),
    "withheld": frozenset({"not_requested", "privacy", "trade_secret", "court_order"}),
    "restricted": frozenset({"retention_duty"}),
    "erased": frozenset({"erased"}),
}
"""By the state of a hidden value: the reasons there may be for it."""

SUPPORTING = ("erasure/", "rule/")
"""Only streams named so may be shown in part."""


def read_bundle(data: bytes) -> Bundle:
    """Return the manifest that *data* spells.

    Raises:
        Fault: it is not canonical, or not in its format.
        Unchecked: it is of a format that this program does not know.
    """
    try:
        value = spelling.read(data).value
    except MalformedError:
        raise Fault("not_canonical", names.BUNDLE) from None
    said = value.get("format") if isinstance(value, dict) else None
    if isinstance(said, str) and said != FORMAT:
        raise Unchecked("unknown_format", names.BUNDLE)
    try:
        check_bundle(value)
    except MalformedError:
        raise Fault("schema", names.BUNDLE) from None
    assert isinstance(value, dict)  # noqa: S101 — the schema says so
    return value


def check_bundle(value: Any) -> None:  # noqa: ANN401 — JSON of a stranger
    """Check a manifest's schema, order, and what its parts say of each other.

    Raises:
        MalformedError: no honest writer wrote it; the message names the part.
    """
    spelling.check_schema(value, SCHEMAS["bundle"])
    _check_entries(value)
    _check_streams(value)
    _check_hidden(value)
    _check_rules(value)
    _check_files(value)


def read_custody(data: bytes) -> dict[str, Any]:
    """Return the extraction record that *data* spells.

    Raises:
        Fault: it is not canonical, or not in its format.
    """
    try:
        value = spelling.read(data).value
    except MalformedError:
        raise Fault("not_canonical", names.CUSTODY) from None
    try:
        spelling.check_schema(value, SCHEMAS["custody"])
    except MalformedError:
        raise Fault("schema", names.CUSTODY) from None
    assert isinstance(value, dict)  # noqa: S101 — the schema says so
    return value


def _ascends(what: str, items: Iterable[Any], key: Callable[[Any], Any]) -> None:
    keys = [key(each) for each in items]
    if any(one >= other for one, other in pairwise(keys)):
        raise MalformedError(f"{what}: must ascend, each once")


def _check_entries(bundle: Bundle) -> None:
    entries, size = bundle["entries"], bundle["log"]["size"]
    _ascends("entries", entries, lambda each: each["index"])
    if entries[-1]["index"] >= size:
        raise MalformedError("entries: an index is not in a tree of the log's size")
    if any((each["identity_entry"] or 0) >= size for each in bundle["parties"]):
        raise MalformedError("parties: an identity_entry is not in the log")


def _check_streams(bundle: Bundle) -> None:
    streams = bundle["streams"]
    _ascends("streams", streams, lambda each: each["stream"])
    if {each["stream"] for each in streams} != {each["stream"] for each in bundle["entries"]}:
        raise MalformedError("streams: must be those of the entries")
    for each in streams:
        if each["first"] > each["last"]:
            raise MalformedError(f"streams: {each['stream']} ends before it begins")
        if each["role"] == "support" and not each["stream"].startswith(SUPPORTING):
            raise MalformedError(f"streams: {each['stream']} may not be shown in part")


def _check_hidden(bundle: Bundle) -> None:
    hidden = bundle["sealed"]
    places = [(each["index"], each["pointer"]) for each in hidden]
    if places != sorted(places):
        raise MalformedError("sealed: must be in order of index and pointer")
    known = {each["index"] for each in bundle["entries"]}
    for each in hidden:
        if each["reason"] not in REASONS[each["state"]]:
            raise MalformedError(f"sealed: {each['state']} is not for {each['reason']}")
        if each["erased_by"] is not None and each["state"] != "erased":
            raise MalformedError("sealed: only what is erased names its erasure")
        if each["index"] not in known:
            raise MalformedError(f"sealed: entry {each['index']} is not here")


def _check_rules(bundle: Bundle) -> None:
    _ascends("rules", bundle["rules"], lambda each: each["sha256"])


def _check_files(bundle: Bundle) -> None:
    files = [each["name"] for each in bundle["files"]]
    _ascends("files", files, lambda name: name)
    if not all(names.is_fact(name) for name in files):
        raise MalformedError("files: must be those of layer A")
    indexes = [each["index"] for each in bundle["entries"]]
    wanted = {names.entry_name(each) for each in indexes}
    wanted |= {names.proof_name(each) for each in indexes}
    found = {each for each in files if each.startswith(("entries/", "proofs/"))}
    if found != wanted or names.ALWAYS - set(files):
        raise MalformedError("files: must be an entry and a proof an index, and the fixed ones")
    rules = {each for each in files if each.startswith("rules/")}
    for each in bundle["rules"]:
        named = rules.intersection(names.rule_names(each["sha256"]))
        if len(named) != 1:
            raise MalformedError(f"files: rule {each['sha256']} must have one file")
        rules -= named
    if rules:
        raise MalformedError("files: a rule's file is of no rule")
