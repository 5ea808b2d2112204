"""The hostile packages of ``evidence.md``, section 9: row, mutation, and what must be found."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from struct import pack_into
from typing import Any

from chain.cosignature import signer_of
from chain.entry import Entry
from chain.evidence import names
from chain.evidence.digests import sha256_hex
from chain.evidence.receipts import HeldReceipt
from chain.evidence.verification import Trust
from chain.evidence.writing import Rule
from chain.hashes import leaf_hash, node_hash
from chain.note import Note, make_signature
from chain.sealed import seal
from chain.tlog_proof import TlogProof
from chain.vkey import KeyType, SigningKey
from tests.chain.evidence.making import (
    HIDDEN,
    ORDER,
    POLICY,
    RULE,
    SECRET,
    TRUST,
    Edit,
    Maker,
    TestLog,
    golden,
    policy,
    relisted,
    repaired,
    statement,
    trade,
    zipped,
)
from tests.chain.keys import LOG, LOG_PQ, W1, W2, W3, key

Members = dict[str, bytes]
Wanted = dict[str, tuple[str, str | None]]
FAILED, NOT_CHECKED, VERIFIED = "failed", "not_checked", "verified"
ENTRY, PROOF = names.entry_name, names.proof_name


@dataclass(frozen=True)
class Case:
    """One hostile package."""

    name: str
    """Begins with the row of the table."""
    package: bytes
    wanted: Wanted
    colour: str = "red"
    trust: Trust = TRUST
    notes: tuple[str, ...] = field(default=())


def failing(claim: str, *codes: str) -> Wanted:
    return {claim: (FAILED, codes[0])}


@cache
def _base() -> tuple[tuple[str, bytes], ...]:
    return tuple(Maker().members().items())


def base() -> Members:
    """Return the files of a small good package."""
    return dict(_base())


def bundle_with(edit: Edit) -> Members:
    return repaired(base(), edit)


def with_bundle(text: bytes) -> Members:
    return relisted(base() | {names.BUNDLE: text})


def cases() -> Iterator[Case]:
    """Yield all of them."""
    for rows in (_container, _bundle, _versions, _files, _keys, _notes, _proofs, _entries):
        yield from rows()
    for rows in (_streams, _hidden, _issued, _pages, _shown, _known):
        yield from rows()
    from tests.chain.evidence.hostile_heads import heads  # noqa: PLC0415 — it begins from here

    yield from heads()


# ------------------------------------------------------------------ rows 1 to 5: the archive


def raw_zip(
    entries: list[tuple[bytes, bytes]],
) -> bytes:
    """Return an archive with names that our writer would refuse."""
    placeholder = {f"opened/{n:064x}.json": content for n, (_, content) in enumerate(entries)}
    data = zipped({names.BUNDLE: b"{}", **placeholder})
    for number, (name, _) in enumerate(entries):
        given = f"opened/{number:064x}.json".encode()
        padded = name.ljust(len(given), b"a") if len(name) < len(given) else name[: len(given)]
        data = data.replace(given, padded)
    return data


def _container() -> Iterator[Case]:
    good = zipped(base())

    def case(name: str, data: bytes, code: str) -> Case:
        return Case(name, data, failing("container", code))

    end = len(good) - 22
    central = int.from_bytes(good[end + 16 : end + 20], "little")

    def patched(place: int, fmt: str, value: int) -> bytes:
        data = bytearray(good)
        pack_into(fmt, data, place, value)
        return bytes(data)

    yield case("1-bomb-deflated", patched(central + 10, "<H", 8), "compressed")
    yield case("1-overlapping", _overlapping(good, central), "not_canonical")
    yield case("1-too-many-members", patched(end + 10, "<H", 30_001), "too_large")
    yield case("1-member-too-large", patched(central + 24, "<L", 2**24 + 1), "too_large")
    yield case("1-size-beyond-the-file", patched(central + 24, "<L", 2**23), "truncated")
    for number, name in enumerate(
        [
            b"../x",
            b"/x",
            b"a\\b",
            b"c:x",
            b"CON",
            b"Bundle.json",
            "证据.txt".encode(),
            b"a\0b",
            b"x.",
        ]
    ):
        yield case(f"2-name-{number}", raw_zip([(name, b"x")]), "name")
    yield case("3-symlink", patched(central + 38, "<L", 0xA1FF0000), "not_canonical")
    yield case("3-directory", patched(central + 38, "<L", 0x41ED0010), "not_canonical")
    yield case("3-device", patched(central + 38, "<L", 0x21A40000), "not_canonical")
    twice = [(b"opened/" + b"0" * 64 + b".json", b"x")] * 2
    yield case("3-duplicate-name", raw_zip(twice), "duplicate_name")
    yield case(
        "3-local-name", good.replace(b"checkpoint.txt", b"checkpoint.tsr", 1), "not_canonical"
    )
    yield case("4-prefix", b"x" + good, "not_canonical")
    yield case("4-suffix", good + b"x", "not_canonical")
    yield case("4-comment", good[:-2] + b"\1\0x", "not_canonical")
    yield case("4-gap", good[:central] + b"x" + good[central:], "not_canonical")
    yield case("4-date", patched(central + 14, "<H", 0x22), "not_canonical")
    yield case("4-extra-field", _with_extra(good, central, end), "not_canonical")
    yield case("4-data-descriptor", patched(6, "<H", 8), "not_canonical")
    yield case("4-encrypted", patched(central + 8, "<H", 1), "not_canonical")
    yield case("4-zip64", patched(end + 10, "<H", 0xFFFF), "not_canonical")
    yield case("4-utf8-flag", patched(central + 8, "<H", 0x800), "not_canonical")
    yield case("4-crc", patched(central + 16, "<L", 0), "not_canonical")
    yield case("4-other-order", _reordered(base()), "not_canonical")
    yield case("5-empty", b"", "truncated")
    yield case("5-no-zip", b"%PDF-1.7\n", "truncated")
    yield case("5-cut-in-half", good[: len(good) // 2], "truncated")


def _overlapping(good: bytes, central: int) -> bytes:
    """Return *good* with the second member's record pointing at the first's bytes."""
    data = bytearray(good)
    second = central + 46 + len(names.BUNDLE)
    pack_into("<L", data, second + 42, 0)
    return bytes(data)


def _with_extra(good: bytes, central: int, end: int) -> bytes:
    """Return *good* with an extra field of four bytes in the first central record."""
    data = bytearray(good)
    name = central + 46 + len(names.BUNDLE)
    data[name:name] = b"\x00\x01\x00\x00"
    pack_into("<H", data, central + 30, 4)
    pack_into("<L", data, end + 4 + 12, int.from_bytes(good[end + 12 : end + 16], "little") + 4)
    return bytes(data)


def _reordered(members: Members) -> bytes:
    """Return an archive that `zipped` would write in another order."""
    import io  # noqa: PLC0415 — one use
    import zipfile  # noqa: PLC0415 — one use

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in sorted(members, reverse=True):
            info = zipfile.ZipInfo(name)
            info.create_system, info.external_attr = 3, 0o100644 << 16
            archive.writestr(info, members[name])
    return out.getvalue()


# ------------------------------------------------------------------ rows 7 to 10: the manifest


def _with_leaf(digest: str) -> Edit:
    return lambda b: b["entries"][0].update(leaf=digest)


def _bundle() -> Iterator[Case]:
    text = base()[names.BUNDLE]

    def spelling(name: str, data: bytes) -> Case:
        return Case(f"8-{name}", zipped(with_bundle(data)), failing("bundle_form", "not_canonical"))

    def schema(name: str, edit: Edit, row: int = 9) -> Case:
        return Case(f"{row}-{name}", zipped(bundle_with(edit)), failing("bundle_form", "schema"))

    doubled = text.replace(b'{"created"', b'{"created":1,"created"', 1)
    yield Case("7-bundle", zipped(with_bundle(doubled)), failing("bundle_form", "not_canonical"))
    custody = base()[names.CUSTODY].replace(b'{"clock"', b'{"clock":1,"clock"', 1)
    members = repaired(base() | {names.CUSTODY: custody})
    yield Case("7-custody", zipped(members), failing("bundle_form", "not_canonical"))
    size = re.search(rb'"log":\{"origin":"[^"]*","root":"[^"]*","size":5\}', text)
    assert size

    def sized(number: bytes) -> bytes:
        return text.replace(size[0], size[0].replace(b'"size":5', b'"size":' + number))

    yield spelling("unsorted", b'{"number":1,"created":2}')
    yield spelling("spaces", text.replace(b'":', b'": ', 1))
    for name, number in {
        "float": b"5.0",
        "exponent": b"5e0",
        "negative-zero": b"-0",
        "nan": b"NaN",
        "infinity": b"-Infinity",
        "2-53": b"9007199254740992",
        "2-64": b"18446744073709551616",
        "long": b"1" * 5000,
    }.items():
        yield spelling(name, sized(number))
    yield spelling("escape", text.replace(b'"xiyou-evidence/1"', b'"xiyou-evidence\\/1"'))
    yield spelling("unicode-escape", text.replace(b'"format"', b'"form\\u0061t"'))
    yield spelling("bom", b"\xef\xbb\xbf" + text)
    yield spelling("final-newline", text + b"\n")
    yield spelling("lone-surrogate", text.replace("订单".encode(), b"\\ud800"))
    yield spelling("surrogate-bytes", text.replace("订".encode(), b"\xed\xa0\x80"))
    yield spelling("brackets", b"[" * 10_000)
    yield spelling("closed-brackets", b"[" * 10_000 + b"]" * 10_000)
    yield spelling("not-utf8", text.replace("订".encode(), b"\xff"))
    yield spelling("empty", b"")
    yield schema("no-object", lambda b: b.clear())
    yield schema("unknown-member", lambda b: b.update(more=1))
    yield schema("missing-member", lambda b: b.pop("rules"))
    yield schema("wrong-type", lambda b: b.update(subject=1))
    yield schema("true-for-one", lambda b: b["entries"][0].update(seq=True))
    yield schema("long-string", lambda b: b.update(subject="x" * 401))
    yield schema("empty-string", lambda b: b.update(subject=""))
    for name, digest in {"63": "a" * 63, "65": "a" * 65, "empty": "", "upper": "A" * 64}.items():
        yield schema(f"digest-{name}", _with_leaf(digest))
    yield schema("order-of-entries", lambda b: b["entries"].reverse())
    yield schema("order-of-streams", lambda b: b["streams"].reverse())
    yield schema("index-beyond-size", lambda b: b["log"].update(size=4))
    yield schema("reason", lambda b: b["sealed"][0].update(reason="privacy"))
    yield schema("erased-by", lambda b: b["sealed"][0].update(erased_by=4))
    yield schema("support", lambda b: b["streams"][1].update(role="support"), 30)
    yield schema("stream-not-listed", lambda b: b["streams"].pop(), 32)
    yield schema(
        "stream-as-two-ranges",
        lambda b: b["streams"].append(dict(b["streams"][-1], first=3, last=3)),
        28,
    )

    def forget_a_proof(b: dict[str, Any]) -> None:
        b["files"] = [each for each in b["files"] if each["name"] != PROOF(2)]

    yield schema("unlisted-proof", forget_a_proof)


def _versions() -> Iterator[Case]:
    newer = bundle_with(lambda b: b.update(format="xiyou-evidence/2", new=[]))
    yield Case(
        "10-format",
        zipped(newer),
        {"bundle_form": (NOT_CHECKED, "unknown_format"), "inclusion": (NOT_CHECKED, "blocked")},
        "grey",
    )
    log = TestLog()
    log.add(ORDER, "order.placed", {"a": 1})
    twin = log.entries[0]
    header, body, _ = twin.split(b"\n")
    log.entries[0] = header.replace(b'"v":1', b'"v":2') + b"\n" + body + b"\n"
    maker = Maker(log=log, shown=(0,), hidden=(), opened=(), rules=())
    yield Case(
        "10-entry-version",
        zipped(_logged(maker, {0: twin})),
        {
            "entry_form": (NOT_CHECKED, "unknown_entry_version"),
            "stream_chain": (NOT_CHECKED, "unknown_entry_version"),
            "sealed_accounted": (NOT_CHECKED, "unknown_entry_version"),
            "inclusion": (VERIFIED, None),
            "issued": (VERIFIED, None),
        },
        "yellow",
    )
    log = trade()
    log.add(ORDER, "order.closed", {}, schema=99)
    yield Case(
        "10-body-schema",
        zipped(Maker(log=log, shown=(0, 2, 3, 4, 5)).members()),
        {"entry_form": (VERIFIED, None)},
        "yellow",
        notes=("unknown_body_schema",),
    )


def _logged(maker: Maker, twins: dict[int, bytes]) -> Members:
    """Return a package over entries that the writer would not write, properly issued.

    The manifest repeats what *twins*, which can be read, say in their places.
    """
    readable = dict(enumerate(maker.log.entries)) | twins
    real, maker.log.entries = maker.log.entries, list(readable.values())
    files, bundle, size = maker.facts()
    maker.log.entries = real
    for index, content in enumerate(real[:size]):
        if index in maker.shown:
            files[ENTRY(index)] = content
            files[PROOF(index)] = maker.log.proof(index, size)
    files[names.CHECKPOINT] = maker.log.note(size)
    files[names.VERIFIER] = b"# verify\n"
    root = maker.log.checkpoint(size).text().split("\n")[2]
    members = repaired({**files, names.BUNDLE: bundle}, lambda b: b["log"].update(root=root))
    issue = maker.issue(members[names.BUNDLE], size)
    return relisted(
        members
        | {
            names.ISSUE_ENTRY: issue.entry,
            names.ISSUE_PROOF: issue.proof,
            names.ISSUE_CONSISTENCY: issue.consistency,
        }
    )


# ------------------------------------------------------------------ rows 11 and 12: the files


def _files() -> Iterator[Case]:
    def without(name: str) -> Members:
        return relisted({n: each for n, each in base().items() if n != name})

    yield Case(
        "11-missing-entry",
        zipped(without(ENTRY(2))),
        {
            "files_sha256": (FAILED, "missing"),
            "entry_form": (FAILED, "mismatch"),
            "inclusion": (FAILED, "root"),
        },
    )
    yield Case(
        "11-missing-proof",
        zipped(without(PROOF(2))),
        {"files_sha256": (FAILED, "missing"), "inclusion": (FAILED, "proof_form")},
    )
    yield Case(
        "11-missing-readme", zipped(without(names.README)), failing("files_sha256", "missing")
    )
    yield Case(
        "11-missing-checkpoint",
        zipped(without(names.CHECKPOINT)),
        {"files_sha256": (FAILED, "missing"), "checkpoint_signed": (FAILED, "note_form")},
    )
    yield Case(
        "11-no-list",
        zipped({n: each for n, each in base().items() if n != "manifest-sm3.txt"}),
        failing("files_sha256", "missing"),
    )
    extra = relisted(base() | {"rules/" + "0" * 64 + ".txt": b"x"})
    yield Case("11-unlisted", zipped(extra), failing("files_sha256", "unlisted"))
    cut = base()
    cut[PROOF(2)] = cut[PROOF(2)][:-40]
    yield Case(
        "11-cut-short",
        zipped(relisted(cut)),
        {"files_sha256": (FAILED, "digest"), "inclusion": (FAILED, "proof_form")},
    )
    wrong = bundle_with(lambda b: b["files"][0].update(sm3="0" * 64))
    yield Case(
        "12-sm3", zipped(wrong), failing("files_sm3", "digest") | {"files_sha256": (VERIFIED, None)}
    )
    for kind, name in names.MANIFESTS.items():
        members = base()
        members[name] = members[name].replace(b"0", b"1", 1)
        yield Case(f"12-list-{kind}", zipped(members), failing(f"files_{kind}", "manifest"))


# ------------------------------------------------------------------ rows 13 to 20: signatures


EVIL = key(LOG.name, KeyType.ED25519)
FORGED = tuple(
    replace(each, seed=sha256_hex(f"forged {each.type}".encode()).encode()[:32])
    for each in (LOG, LOG_PQ)
)
OTHER = tuple(key("example.com/other-log", each.type) for each in (LOG, LOG_PQ))


def noted(change: Callable[[bytes], bytes], *, in_proofs: bool = True) -> Members:
    """Return the base with another ``checkpoint.txt``, in the proofs too."""
    members = base()
    old = members[names.CHECKPOINT]
    new = change(old)
    members[names.CHECKPOINT] = new
    if in_proofs:
        for name in members:
            if name.startswith("proofs/"):
                members[name] = members[name].replace(old, new)
    return repaired(members)


def _forged_log(keys: tuple[SigningKey, ...]) -> TestLog:
    log = trade()
    log.keys, log.origin = keys, keys[0].name
    return log


def _keys() -> Iterator[Case]:
    forged = Maker(log=_forged_log(FORGED), policy=policy(logs=FORGED)).members()
    yield Case(
        "13-policy-of-the-attacker",
        zipped(forged),
        {"checkpoint_signed": (FAILED, "no_known_key"), "issued": (FAILED, "no_known_key")},
        notes=("policy_differs", "unknown_signature"),
    )
    unsure = (NOT_CHECKED, "only_package_keys")
    yield Case(
        "13-without-a-policy",
        zipped(forged),
        dict.fromkeys(
            ("checkpoint_signed", "checkpoint_mldsa44", "witness_quorum", "issued"), unsure
        ),
        "yellow",
        Trust(),
    )
    yield Case("13-genuine-without-a-policy", zipped(base()), {"issued": unsure}, "yellow", Trust())
    broken = repaired(base() | {names.POLICY: b"log nonsense\n"})
    yield Case(
        "13-no-policy-at-all",
        zipped(broken),
        failing("checkpoint_signed", "unknown_log"),
        trust=Trust(),
    )
    other = POLICY.replace(b"group q 2", b"group q 1")
    yield Case(
        "14-policy-differs",
        zipped(base()),
        {"witness_quorum": (VERIFIED, None)},
        "yellow",
        Trust(policy=other),
        ("policy_differs",),
    )
    foreign = Maker(log=_forged_log(OTHER)).members()
    yield Case(
        "15-another-log",
        zipped(foreign),
        {"checkpoint_signed": (FAILED, "unknown_log"), "issued": (FAILED, "unknown_log")},
    )
    mixed = base() | {names.CHECKPOINT: foreign[names.CHECKPOINT]}
    both = policy(logs=(LOG, LOG_PQ, *OTHER))
    yield Case(
        "15-another-known-log",
        zipped(repaired(mixed)),
        failing("checkpoint_signed", "mismatch"),
        trust=Trust(policy=both),
    )
    log = trade()
    log.add("ord_x", "order.placed", {})
    later = log.note(6)
    root = log.checkpoint(6).text().split("\n")[2]

    def tell(b: dict[str, Any]) -> None:
        b["log"] |= {"root": root, "size": 6}

    moved = repaired(base() | {names.CHECKPOINT: later}, tell)
    wanted = failing("inclusion", "other_checkpoint") | {"issued": (FAILED, "bundle_digest")}
    wanted["issued"] = (FAILED, "wrong_entry")
    yield Case("16-another-checkpoint", zipped(moved), wanted)
    for name in list(moved):
        if name.startswith("proofs/"):
            moved[name] = moved[name].replace(base()[names.CHECKPOINT], later)
    yield Case("16-in-the-proofs-too", zipped(repaired(moved)), failing("inclusion", "root"))
    same = trade()
    same.entries[1] = same.entries[1].replace(b'"amount":1', b'"amount":2')
    fork = base() | {names.CHECKPOINT: same.note(5)}
    for name in fork:
        if name.startswith("proofs/"):
            fork[name] = fork[name].replace(base()[names.CHECKPOINT], same.note(5))
    fork_root = same.checkpoint(5).text().split("\n")[2]
    yield Case(
        "16-a-fork",
        zipped(repaired(fork, lambda b: b["log"].update(root=fork_root))),
        failing("inclusion", "root") | {"issued": (FAILED, "bundle_digest")},
    )


def _notes() -> Iterator[Case]:
    note = base()[names.CHECKPOINT]
    lines = note.split(b"\n")
    forms: dict[str, Callable[[bytes], bytes]] = {
        "short-root": lambda n: n.replace(lines[2], b"A" * 40 + b"AA=="),
        "no-root": lambda n: n.replace(lines[2], b""),
        "size-02": lambda n: n.replace(b"\n5\n", b"\n05\n", 1),
        "size-0": lambda n: n.replace(b"\n5\n", b"\n0\n", 1),
        "extension": lambda n: n.replace(b"\n\n", b"\nextension\n\n", 1),
        "ascii-dash": lambda n: n.replace("—".encode(), b"-"),
        "no-final-newline": lambda n: n[:-1],
        "loose-base64": lambda n: n.replace(lines[4], lines[4][:-1] + b"\n", 1),
        "no-signature": lambda n: n[: n.index(b"\n\n") + 2],
        "crlf": lambda n: n.replace(b"\n", b"\r\n"),
        "101-signatures": lambda n: n + lines[4] * 0 + (lines[4] + b"\n") * 101,
        "too-long": lambda n: n + (b"\xe2\x80\x94 x " + b"A" * 40_000 + b"\n") * 14,
    }
    for name, change in forms.items():
        members = noted(change)
        wanted = failing("checkpoint_signed", "note_form")
        yield Case(f"17-{name}", zipped(members), wanted)

    def edited(change: Callable[[Note], Note]) -> Members:
        return noted(lambda n: change(Note.parse(n)).to_bytes())

    def without(number: int) -> Callable[[Note], Note]:
        return lambda n: Note(n.text, n.signatures[:number] + n.signatures[number + 1 :])

    def altered(number: int, place: int = -1) -> Callable[[Note], Note]:
        def change(n: Note) -> Note:
            each = n.signatures[number]
            data = bytearray(each.data)
            data[place] ^= 1
            changed = each._replace(data=bytes(data))
            return Note(n.text, (*n.signatures[:number], changed, *n.signatures[number + 1 :]))

        return change

    yield Case(
        "18-no-ed25519", zipped(edited(without(0))), failing("checkpoint_signed", "no_known_key")
    )
    yield Case(
        "18-ed25519-altered",
        zipped(edited(altered(0))),
        failing("checkpoint_signed", "bad_signature"),
    )
    yield Case(
        "18-no-mldsa", zipped(edited(without(1))), failing("checkpoint_mldsa44", "no_known_key")
    )
    yield Case(
        "18-mldsa-altered",
        zipped(edited(altered(1))),
        failing("checkpoint_mldsa44", "bad_signature"),
    )
    text = Note.parse(note).text
    plain = make_signature(text, signer_of(replace(W1, type=KeyType.ED25519)), 0)
    mixed = plain._replace(key_id=W1.verifier_key.id)

    def swapped(n: Note) -> Note:
        kept = [each for each in n.signatures if each.name != W1.name]
        return Note(n.text, (*kept, mixed))

    yield Case(
        "19-type-01-under-type-04",
        zipped(edited(swapped)),
        failing("witness_quorum", "bad_signature"),
    )

    def repeated(n: Note) -> Note:
        first = [each for each in n.signatures if each.name == W1.name]
        rest = [each for each in n.signatures if each.name not in (W1.name, W2.name, W3.name)]
        return Note(n.text, (*rest, *first, *first, *first))

    yield Case(
        "20-one-witness-thrice",
        zipped(edited(repeated)),
        failing("witness_quorum", "quorum_not_met"),
    )
    yield Case(
        "20-time-altered", zipped(edited(altered(2, 7))), failing("witness_quorum", "bad_signature")
    )
    nobody = policy(witnesses=())
    yield Case(
        "20-quorum-none",
        zipped(base()),
        {"witness_quorum": (NOT_CHECKED, "policy_has_none"), "issued": (VERIFIED, None)},
        "yellow",
        Trust(policy=nobody),
    )


# ------------------------------------------------------------------ rows 21 to 26: proofs


def proven(change: Callable[[TlogProof], TlogProof], index: int = 2) -> Members:
    members = base()
    proof = change(TlogProof.parse(members[PROOF(index)]))
    members[PROOF(index)] = proof.to_bytes()
    return repaired(members)


def rewritten(old: bytes, new: bytes, index: int = 2) -> Members:
    members = base()
    assert old in members[PROOF(index)]
    members[PROOF(index)] = members[PROOF(index)].replace(old, new, 1)
    return repaired(members)


def _proofs() -> Iterator[Case]:
    def case(name: str, members: Members, code: str) -> Case:
        return Case(name, zipped(members), failing("inclusion", code))

    yield case("21-index", proven(lambda p: replace(p, index=3)), "index")
    yield case("21-index-beyond", proven(lambda p: replace(p, index=5)), "index")
    yield case("21-leading-zero", rewritten(b"index 2\n", b"index 02\n"), "proof_form")
    log = trade()
    yield case("21-another-place", proven(lambda p: replace(p, hashes=log.hashes(1, 5))), "root")
    yield case(
        "21-swapped-hashes",
        proven(lambda p: replace(p, hashes=(p.hashes[1], p.hashes[0], *p.hashes[2:]))),
        "root",
    )
    first = TlogProof.parse(base()[PROOF(2)])
    line = base()[PROOF(2)].split(b"\n")[2]
    for size, text in {0: b"", 31: b"A" * 40 + b"AA==", 33: b"A" * 44}.items():
        # An empty line ends the head of a proof: what follows it is then no checkpoint of ours.
        code = "proof_form" if size else "other_checkpoint"
        yield case(f"22-hash-of-{size}", rewritten(line, text), code)
    yield case("22-hash-missing", proven(lambda p: replace(p, hashes=p.hashes[:-1])), "path_length")
    yield case(
        "22-hash-too-many",
        proven(lambda p: replace(p, hashes=(*p.hashes, first.hashes[0]))),
        "path_length",
    )
    yield from _size_one()
    yield case("24-extra", rewritten(b"index 2\n", b"extra AA==\nindex 2\n"), "proof_form")
    yield case("24-version", rewritten(b"@v1", b"@v2"), "proof_form")
    yield case("24-checkpoint", rewritten(b"\n5\n", b"\n4\n"), "other_checkpoint")
    same_length = base()
    same_length[ENTRY(2)] = same_length[ENTRY(2)].replace("卡".encode(), "下".encode())
    wanted = failing("inclusion", "root")
    yield Case(
        "25-other-text",
        zipped(relisted(same_length)),
        wanted | {"files_sha256": (FAILED, "digest"), "entry_form": (FAILED, "mismatch")},
    )
    yield Case(
        "25-other-text-repaired",
        zipped(repaired(same_length)),
        wanted | {"issued": (FAILED, "bundle_digest")},
    )
    swapped = base()
    swapped[ENTRY(2)], swapped[ENTRY(3)] = swapped[ENTRY(3)], swapped[ENTRY(2)]
    yield Case(
        "25-two-swapped", zipped(repaired(swapped)), wanted | {"entry_form": (FAILED, "mismatch")}
    )
    inner = base()
    leaves = [leaf_hash(each) for each in log.entries]
    inner[ENTRY(0)] = leaves[0] + leaves[1]
    inner[PROOF(0)] = TlogProof(0, log.hashes(0, 5)[1:], inner[names.CHECKPOINT]).to_bytes()
    assert node_hash(leaves[0], leaves[1]) == log.hashes(2, 5)[1]
    yield Case(
        "26-inner-node",
        zipped(repaired(inner)),
        {"entry_form": (FAILED, "not_canonical"), "inclusion": (FAILED, "path_length")},
    )
    full = base()
    full[ENTRY(0)] = leaves[0] + leaves[1]
    yield Case(
        "26-inner-node-full-path",
        zipped(repaired(full)),
        {"entry_form": (FAILED, "not_canonical"), "inclusion": (FAILED, "root")},
    )


def _size_one() -> Iterator[Case]:
    def maker() -> Maker:
        log = TestLog()
        log.add(ORDER, "order.placed", {"a": 1})
        return Maker(log=log, shown=(0,), hidden=(), opened=(), rules=())

    good = maker().members()
    yield Case("23-size-one", zipped(good), {"inclusion": (VERIFIED, None)}, "yellow")
    longer = dict(good)
    proof = TlogProof.parse(longer[PROOF(0)])
    longer[PROOF(0)] = replace(proof, hashes=(leaf_hash(b""),)).to_bytes()  # type: ignore[arg-type] # any hash
    yield Case("23-with-a-hash", zipped(repaired(longer)), failing("inclusion", "path_length"))
    yield Case(
        "23-empty-at-size-5",
        zipped(proven(lambda p: replace(p, hashes=()))),
        failing("inclusion", "path_length"),
    )


# ------------------------------------------------------------------ rows 27 to 32: entries


def _entries() -> Iterator[Case]:
    good = trade().entries[2]
    header, body, _ = good.split(b"\n")
    raw: dict[str, tuple[bytes, str]] = {
        "crlf": (header + b"\r\n" + body + b"\r\n", "not_canonical"),
        "third-line": (good + b"{}\n", "not_canonical"),
        "no-final-newline": (good[:-1], "not_canonical"),
        "duplicate-key": (header + b'\n{"data":1,"data":' + body[8:] + b"\n", "not_canonical"),
        "float": (header + b'\n{"data":1.5,"meta":{"schema":1}}\n', "not_canonical"),
        "reserved-member": (
            header + b'\n{"data":{"sealed":"' + b"0" * 64 + b'","x":1}}\n',
            "not_canonical",
        ),
        "proto-member": (header + b'\n{"data":{"__proto__":1}}\n', "not_canonical"),
        "extra-member": (
            header.replace(b'{"at"', b'{"aa":1,"at"') + b"\n" + body + b"\n",
            "header",
        ),
        "prev-of-62": (
            re.sub(rb'"prev":"..', b'"prev":"', header) + b"\n" + body + b"\n",
            "header",
        ),
        "prev-null": (
            re.sub(rb'"prev":"[^"]*"', b'"prev":null', header) + b"\n" + body + b"\n",
            "header",
        ),
        "seq-0": (header.replace(b'"seq":2', b'"seq":0') + b"\n" + body + b"\n", "header"),
        "day-31": (header.replace(b"2026-11-22", b"2026-11-31") + b"\n" + body + b"\n", "header"),
        "v-string": (header.replace(b'"v":1', b'"v":"1"') + b"\n" + body + b"\n", "header"),
        "v-0": (header.replace(b'"v":1', b'"v":0') + b"\n" + body + b"\n", "header"),
        "v-true": (header.replace(b'"v":1', b'"v":true') + b"\n" + body + b"\n", "header"),
        "undotted-type": (header.replace(b"order.paid", b"paid") + b"\n" + body + b"\n", "header"),
    }
    for name, (content, code) in raw.items():
        maker = Maker(hidden=HIDDEN[:1])
        maker.log.entries[2] = content
        yield Case(
            f"27-{name}",
            zipped(_logged(maker, {2: good})),
            failing("entry_form", code) | {"inclusion": (VERIFIED, None)},
        )
    long = base()
    long[ENTRY(2)] = good + b" " * (65_536 - len(good))
    members = repaired(long, lambda b: b["entries"][1].update(size=65_535))
    yield Case("27-too-long", zipped(members), failing("entry_form", "too_long"))
    early = Maker()
    early.log.entries[2] = good.replace(b"T10:00:02", b"T09:59:59")
    _rechain(early.log)
    yield Case(
        "27-at-before",
        zipped(early.members()),
        failing("entry_form", "at_order") | {"inclusion": (VERIFIED, None)},
    )


def _rechain(log: TestLog) -> None:
    """Give the entries of the order's stream the ``prev`` that follows from the ones before."""
    from chain.hashes import chain_hash  # noqa: PLC0415 — one use

    last = None
    for index, content in enumerate(log.entries):
        entry = Entry.parse(content)
        if entry.stream == ORDER:
            entry = replace(entry, prev=last)
            log.entries[index] = entry.to_bytes()
            last = chain_hash(log.entries[index])


def _streams() -> Iterator[Case]:
    def chained(name: str, maker: Maker, code: str) -> Case:
        return Case(
            name,
            zipped(maker.members()),
            failing("stream_chain", code) | {"inclusion": (VERIFIED, None)},
        )

    def covering(b: dict[str, Any]) -> None:
        for each in b["streams"]:
            if each["stream"] == ORDER:
                each |= {"first": 1, "last": 3}

    middle = Maker(shown=(0, 3, 4), hidden=HIDDEN[:1], edit=covering)
    yield chained("28-left-out-of-the-middle", middle, "gap")
    yield chained("28-last-says-more", Maker(edit=lambda b: b["streams"][1].update(last=4)), "gap")
    yield chained("28-last-says-less", Maker(edit=lambda b: b["streams"][1].update(last=2)), "seq")
    tail = Maker(shown=(0, 2, 4), rules=())
    yield Case(
        "29-tail-left-out",
        zipped(tail.members()),
        {"stream_chain": (VERIFIED, None), "history_complete": (NOT_CHECKED, "no_head_index")},
        "yellow",
    )
    log = trade()
    held = HeldReceipt(3, log.entries[3], log.proof(3, 5))
    yield Case(
        "29-tail-left-out-with-a-receipt",
        zipped(Maker(shown=(0, 2, 4), rules=()).members()),
        failing("history_complete", "receipt_missing"),
        trust=replace(TRUST, receipts=(held,)),
    )
    other = log.entries[3].replace(b'"outcome":"refund"', b'"outcome":"denied"')
    fork = trade()
    fork.entries[3] = other
    yield Case(
        "29-another-event-receipted",
        zipped(base()),
        failing("history_complete", "receipt_conflict"),
        trust=replace(TRUST, receipts=(HeldReceipt(3, other, fork.proof(3, 5)),)),
    )
    yield Case(
        "29-an-invented-receipt",
        zipped(Maker(shown=(0, 2, 4), rules=()).members()),
        {"history_complete": (NOT_CHECKED, "no_head_index")},
        "yellow",
        replace(TRUST, receipts=(HeldReceipt(3, other, log.proof(3, 5)),)),
    )

    def late(b: dict[str, Any]) -> None:
        for each in b["streams"]:
            if each["stream"] == ORDER:
                each["first"] = 2

    yield chained(
        "30-first-left-out",
        Maker(shown=(2, 3, 4), hidden=HIDDEN[1:], opened=(), edit=late),
        "not_from_start",
    )
    broken = trade()
    entry = Entry.parse(broken.entries[2])
    broken.entries[2] = replace(entry, prev=leaf_hash(b"")).to_bytes()  # type: ignore[arg-type] # any hash
    yield chained("31-prev-of-another", Maker(log=broken), "prev")
    twice = trade()
    again = replace(Entry.parse(twice.entries[3]), seq=2)
    twice.entries[3] = again.to_bytes()
    yield chained("31-one-seq-twice", Maker(log=twice, edit=lambda b: None), "seq")
    stranger = Maker(shown=(0, 1, 2, 3, 4))

    def relabel(b: dict[str, Any]) -> None:
        b["entries"][1] |= {"stream": ORDER, "seq": 2}
        b["streams"] = [each for each in b["streams"] if not each["stream"].endswith("n8z")]

    stranger.edit = relabel
    yield Case("32-relabelled", zipped(stranger.members()), failing("entry_form", "mismatch"))


# ------------------------------------------------------------------ rows 33 to 35: hidden values


def _hidden() -> Iterator[Case]:
    name = names.opened_name(SECRET.digest.hex())

    def opened(title: str, content: bytes) -> Case:
        members = repaired(base() | {name: content})
        return Case(f"33-{title}", zipped(members), failing("openings", "digest"))

    yield opened("wrong-salt", seal("buyer@example.com", bytes(16)).content)
    yield opened("another-value", SECRET.content.replace(b"buyer", b"thief"))
    forms = {
        "not-canonical": SECRET.content.replace(b":", b": ", 1),
        "salt-of-15": SECRET.content.replace(b"AAECAwQFBgcICQoLDA0ODw", b"AAECAwQFBgcICQoLDA0O"),
        "loose-salt": SECRET.content.replace(b"ODw", b"ODx"),
        "third-member": SECRET.content.replace(b'{"salt"', b'{"other":1,"salt"'),
        "no-object": b"[]",
    }
    for title, content in forms.items():
        digest = sha256_hex(content)
        log = TestLog()
        log.add(ORDER, "order.placed", {"buyer": {"sealed": digest}})
        maker = Maker(
            log=log,
            shown=(0,),
            hidden=(replace(HIDDEN[0], digest=digest),),
            opened=(replace(SECRET, content=content),),
            rules=(),
        )
        yield Case(f"33-{title}", zipped(maker.members()), failing("openings", "form"))
    loose = seal("nobody's", bytes(16))
    yield Case(
        "33-of-no-entry",
        zipped(Maker(opened=(SECRET, loose)).members()),
        failing("openings", "unknown_digest"),
    )

    def listed(title: str, edit: Edit, code: str) -> Case:
        return Case(f"34-{title}", zipped(bundle_with(edit)), failing("sealed_accounted", code))

    yield listed("unlisted", lambda b: b["sealed"].pop(), "unlisted")
    yield listed("listed-twice", lambda b: b["sealed"].append(b["sealed"][-1]), "extra")
    yield listed("wrong-pointer", lambda b: b["sealed"][0].update(pointer="/data/amount"), "extra")
    yield listed("wrong-digest", lambda b: b["sealed"][0].update(digest="0" * 64), "extra")

    def erase(b: dict[str, Any]) -> None:
        b["sealed"][0] |= {"state": "erased", "reason": "erased", "erased_by": 4}

    yield listed("erased-yet-opened", erase, "state")
    yield listed(
        "withheld-yet-opened",
        lambda b: b["sealed"][0].update(state="withheld", reason="privacy"),
        "state",
    )
    yield listed(
        "opened-yet-absent",
        lambda b: b["sealed"][2].update(state="opened", reason="disclosed"),
        "state",
    )

    def erased(title: str, by: int | None) -> Case:
        members = bundle_with(lambda b: b["sealed"][1].update(erased_by=by))
        return Case(f"35-{title}", zipped(members), failing("erasures", "no_erasure_entry"))

    yield erased("erased-by-nothing", None)
    yield erased("erased-by-another", 3)
    yield erased("erased-by-what-is-not-here", 1)
    lacking = bundle_with(
        lambda b: b["sealed"][2].update(state="erased", reason="erased", erased_by=4)
    )
    yield Case(
        "35-erasure-lacks-the-digest", zipped(lacking), failing("erasures", "no_erasure_entry")
    )
    for title, places in {"not-named": ((3, "/data/outcome"),), "named-by-nobody": ()}.items():
        rule = Rule("json", RULE, "裁决规则表", "1", places)
        yield Case(
            f"35-rule-{title}",
            zipped(Maker(rules=(rule,)).members()),
            failing("rules_bound", "not_named"),
        )
    changed = base()
    changed[f"rules/{sha256_hex(RULE)}.json"] = b'{"rules":2}'
    yield Case("35-rule-changed", zipped(repaired(changed)), failing("rules_bound", "digest"))


# ------------------------------------------------------------------ rows 40 to 44


def _issued() -> Iterator[Case]:
    edits: dict[str, Edit] = {
        "subject": lambda b: b.update(subject="another matter"),
        "parties": lambda b: b["parties"].append(dict(b["parties"][0], role="seller")),
        "environment": lambda b: b.update(environment="elsewhere"),
    }
    for name, edit in edits.items():
        yield Case(f"40-{name}", zipped(bundle_with(edit)), failing("issued", "bundle_digest"))
    custody = base()[names.CUSTODY].replace(b"case 1", b"case 2")
    edited = repaired(base() | {names.CUSTODY: custody})
    yield Case("40-custody", zipped(edited), failing("issued", "bundle_digest"))
    other = Maker(statement=statement("EV-20261122-000002")).members()
    issue = {name: other[name] for name in other if name.startswith("issue/")}
    yield Case(
        "40-issue-of-another", zipped(relisted(base() | issue)), failing("issued", "wrong_entry")
    )
    foreign = Maker(log=_forged_log(OTHER)).members()
    issue = {name: foreign[name] for name in foreign if name.startswith("issue/")}
    yield Case(
        "40-issue-of-another-log",
        zipped(relisted(base() | issue)),
        failing("issued", "unknown_log"),
    )
    for name in ("entry.txt", "proof.tlog-proof", "consistency.txt"):
        rest = {each: content for each, content in base().items() if each != f"issue/{name}"}
        code = {"entry.txt": "not_canonical", "proof.tlog-proof": "proof_form"}.get(
            name, "not_consistent"
        )
        yield Case(f"40-no-{name}", zipped(relisted(rest)), failing("issued", code))
    yield Case(
        "40-opened-count", zipped(Maker().members(opened=2)), failing("issued", "wrong_entry")
    )
    yield Case(
        "40-opened-true", zipped(Maker().members(opened=True)), failing("issued", "wrong_entry")
    )
    yield Case(
        "40-number",
        zipped(Maker().members(number="EV-20261122-000009")),
        failing("issued", "wrong_entry"),
    )


def _pages() -> Iterator[Case]:
    from chain.evidence.archive import read_archive  # noqa: PLC0415 — one use

    members = read_archive(golden())
    evil = dict(members)
    evil[names.VERIFIER] = b'print("GREEN")\n'
    yield Case("41-forged-verifier", zipped(relisted(evil)), failing("files_sha256", "digest"))
    yield Case(
        "41-forged-verifier-repaired", zipped(repaired(evil)), failing("issued", "bundle_digest")
    )
    forged = members[names.PAGE].replace(b"<html", b"<html data-green", 1)
    listed = _listed(members | {names.PAGE: forged})
    yield Case("41-forged-page", zipped(listed), failing("pages", "template"))
    other = members[names.PAGE].replace(b"order.placed", b"order.closed", 1)
    yield Case(
        "41-other-data", zipped(_listed(members | {names.PAGE: other})), failing("pages", "data")
    )
    yield Case(
        "41-no-block",
        zipped(_listed(members | {names.PAGE: b"<html>"})),
        failing("pages", "template"),
    )
    yield Case("41-genuine", golden(), {"pages": (VERIFIED, None)}, "yellow")
    certified = _listed(members | {names.CERTIFICATE: b"%PDF-1.7\n"})
    yield Case(
        "42-certificate",
        zipped(certified),
        {"certificate": (NOT_CHECKED, "needs_pdf_tool")},
        "yellow",
    )


def _listed(members: Members) -> Members:
    from chain.evidence.writing import with_manifests  # noqa: PLC0415 — one use

    return with_manifests(
        {n: each for n, each in members.items() if n not in names.MANIFESTS.values()}
    )


def _shown() -> Iterator[Case]:
    log = trade()
    nasty = [
        "</script><script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "\u202eevil",
        "é",
    ]
    nasty += ["a" * 60_000, "e\u0301"[:1], "\x7f\u2028\u2029"]
    log.add(ORDER, "message.added", {"texts": nasty})
    yield Case(
        "43-nasty-text",
        Maker(log=log, shown=(0, 2, 3, 4, 5)).make(),
        {"pages": (VERIFIED, None), "entry_form": (VERIFIED, None)},
        "yellow",
    )
    header, _, _ = log.entries[5].split(b"\n")
    log = trade()
    log.add(ORDER, "message.added", {})
    content = header + '\n{"data":{"text":"e\u0301"},"meta":{"schema":1}}\n'.encode()
    log.entries[5] = content
    maker = Maker(log=log, shown=(0, 2, 3, 4, 5))
    yield Case(
        "43-not-nfc",
        zipped(_logged(maker, {})),
        {"entry_form": (VERIFIED, None)},
        "yellow",
        notes=("not_nfc",),
    )


def _known() -> Iterator[Case]:
    log, fork = trade(), trade()
    fork.entries[1] = fork.entries[1].replace(b'"amount":1', b'"amount":2')

    def case(name: str, trust: Trust, verdict: str, code: str | None, colour: str) -> Case:
        return Case(
            f"44-{name}", zipped(base()), {"consistent_with_known": (verdict, code)}, colour, trust
        )

    known = replace(TRUST, known=log.note(3))
    yield case("split-view", replace(TRUST, known=fork.note(5)), FAILED, "split_view", "red")
    log.add(ORDER, "order.closed", {})
    yield case("newer", replace(TRUST, known=log.note(6)), NOT_CHECKED, "known_is_newer", "yellow")
    yield case("same", replace(TRUST, known=log.note(5)), VERIFIED, None, "yellow")
    yield case("older-without-a-proof", known, NOT_CHECKED, "no_proof", "yellow")
    proof = replace(known, known_proof=log.consistency(3, 5))
    yield case("older", proof, VERIFIED, None, "yellow")
    forked = replace(TRUST, known=fork.note(3), known_proof=log.consistency(3, 5))
    yield case("older-fork", forked, FAILED, "not_consistent", "red")
    anchored = repaired(base() | {"anchors/court-chain.json": b"{}"})
    yield Case(
        "44-invented-anchor",
        zipped(anchored),
        {"anchored": (NOT_CHECKED, "needs_adapter"), "issued": (FAILED, "bundle_digest")},
    )
    genuine = Maker(others={"anchors/court-chain.json": b"{}"}).members()
    yield Case(
        "44-anchor-in-a-genuine-bundle",
        zipped(genuine),
        {"anchored": (NOT_CHECKED, "needs_adapter")},
        "yellow",
    )
    late = replace(TRUST, now="2026-01-01T00:00:00.000000Z")
    yield Case(
        "3-future", zipped(base()), {"issued": (VERIFIED, None)}, "yellow", late, ("future_time",)
    )
