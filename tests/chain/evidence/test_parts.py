"""The small parts: digests, consistency files, names, reports, words, folders, receipts."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.errors import MalformedError
from chain.evidence.archive import read_archive
from chain.evidence.claims import DATA
from chain.evidence.consistency_file import ConsistencyFile
from chain.evidence.digests import sm3_hex
from chain.evidence.fault import Fault
from chain.evidence.report import Findings
from chain.evidence.signatures import read_policy
from chain.evidence.store.folder import read_folder, read_receipts
from chain.evidence.words import shown, words_of
from chain.hashes import TreeHash, chain_hash
from chain.vkey import KeyType, VerifierKey
from tests.chain.evidence import standalone
from tests.chain.evidence.making import golden, report, trade


def test_sm3_is_that_of_the_standards_examples() -> None:
    """GB/T 32905, annex A."""
    assert sm3_hex(b"abc") == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    long = "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"
    assert sm3_hex(b"abcd" * 16) == long


@pytest.mark.parametrize("size", [0, 1, 63, 64, 65, 1023, 1024, 1025, 2048, 2049, 5000, 65_535])
def test_the_standalone_blake3_is_the_packages(size: int) -> None:
    data = bytes(number % 251 for number in range(size))
    assert standalone.module().blake3(data) == chain_hash(data).hex()


@given(st.integers(1, 2**53 - 1), st.integers(1, 2**53 - 1), st.integers(0, 64), st.binary())
def test_a_consistency_file_is_what_it_spells(old: int, new: int, count: int, salt: bytes) -> None:
    hashes = tuple(TreeHash(bytes(chain_hash(salt + bytes([n])))) for n in range(count))
    if old > new:
        with pytest.raises(MalformedError):
            ConsistencyFile(old, new, hashes).to_bytes()
        return
    data = ConsistencyFile(old, new, hashes).to_bytes()
    assert ConsistencyFile.parse(data) == ConsistencyFile(old, new, hashes)
    assert standalone.module().read_consistency(data) == (old, new, list(hashes))


def test_a_consistency_file_has_one_spelling() -> None:
    good = trade().consistency(3, 5)
    for bad in (good[:-1], good + b"\n", b" " + good, good.replace(b"old 3", b"old 03"), b""):
        with pytest.raises(MalformedError):
            ConsistencyFile.parse(bad)


@pytest.mark.parametrize("point", DATA["weak_keys"])
@pytest.mark.parametrize("sign", [0, 0x80])
def test_a_policy_with_a_point_of_small_order_is_refused(point: str, sign: int) -> None:
    """``evidence.md``, 3.3: where verifiers of Ed25519 differ, the key is refused."""
    public = bytearray.fromhex(point)
    public[31] |= sign
    key = VerifierKey("example.com/log", KeyType.ED25519, bytes(public))
    data = f"log {key.text()}\nquorum none\n".encode()
    with pytest.raises(MalformedError, match="small order"):
        read_policy(data)
    with pytest.raises(ValueError, match="small order"):
        standalone.module().Policy(data)


def test_a_claim_without_an_item_is_never_verified() -> None:
    findings = Findings()
    assert findings.verdict("inclusion") == "not_checked"
    findings.hold("inclusion")
    assert findings.verdict("inclusion") == "verified"
    findings.skip("timestamps", "none_present")
    findings.fail("inclusion", "root", "b")
    findings.fail("inclusion", "index", "c")
    findings.block_rest()
    made = findings.report({"anchors": None, "checked_at": None, "package": None, "verifier": None})
    claim = next(each for each in made["claims"] if each["claim"] == "inclusion")
    assert (claim["verdict"], claim["code"], len(claim["items"])) == ("failed", "root", 2)
    assert made["colour"] == "red"
    assert made["proves"] == []


def test_of_a_claim_a_hundred_items_are_listed() -> None:
    findings = Findings()
    for number in range(130):
        findings.fail("inclusion", "root", f"{number:03d}")
    findings.block_rest()
    made = findings.report({})
    claim = next(each for each in made["claims"] if each["claim"] == "inclusion")
    assert (len(claim["items"]), claim["more"]) == (100, 30)


def test_words_say_colour_and_codes_and_spell_out_what_a_terminal_obeys() -> None:
    text = words_of(report(golden()))
    assert text.startswith("YELLOW")
    assert "no_head_index" in text
    assert "N1" in text
    assert shown("a\x1b[31m\u202eb c") == "aU+001B[31mU+202Eb c"


def unpacked(folder: Path) -> Path:
    for name, content in read_archive(golden()).items():
        path = folder / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_bytes(content)
    return folder


def test_a_folder_is_read_as_its_archive(tmp_path: Path) -> None:
    assert read_folder(unpacked(tmp_path)) == read_archive(golden())
    assert standalone.module().read_folder(tmp_path) == read_archive(golden())


@pytest.mark.parametrize("kind", ["symlink", "folder-symlink", "fifo"])
def test_3_a_folder_with_a_link_or_a_pipe_is_refused(tmp_path: Path, kind: str) -> None:
    """``evidence.md``, section 9, row 3."""
    folder = unpacked(tmp_path / "package")
    if kind == "fifo":
        os.mkfifo(folder / "heads")
    else:
        (folder / "heads").symlink_to("/etc/passwd" if kind == "symlink" else "/etc")
    with pytest.raises(Fault, match="not_regular"):
        read_folder(folder)
    with pytest.raises(standalone.module().Fault, match="not_regular"):
        standalone.module().read_folder(folder)


def test_a_folder_with_another_file_is_refused(tmp_path: Path) -> None:
    folder = unpacked(tmp_path)
    (folder / "notes.doc").write_bytes(b"")
    with pytest.raises(Fault, match="name"):
        read_folder(folder)


def test_receipts_are_pairs_of_files(tmp_path: Path) -> None:
    log = trade()
    (tmp_path / "3.txt").write_bytes(log.entries[3])
    (tmp_path / "3.tlog-proof").write_bytes(log.proof(3, 5))
    (tmp_path / "4.txt").write_bytes(b"")
    (tmp_path / "readme.md").write_bytes(b"")
    (found,) = read_receipts(tmp_path)
    assert (found.place, found.entry) == (3, log.entries[3])
