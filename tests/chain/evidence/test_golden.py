"""The golden packages, and the worked example of ``evidence.md``, 2.1."""

import json
from base64 import b64encode

import pytest

from chain.entry import Entry
from chain.evidence.digests import sm3_hex
from chain.evidence.verification import Trust
from chain.hashes import chain_hash, leaf_hash
from chain.merkle import root_of
from chain.sealed import seal
from tests.chain.evidence import standalone
from tests.golden.evidence import generate

NAMES = sorted(path.name for path in generate.HERE.iterdir() if path.is_file())
PACKAGES = [name.removesuffix(".zip") for name in NAMES if name.endswith(".zip")]
COLOURS = {"good": "yellow", "whole": "green", "unknown-format": "grey"}


def test_generating_again_gives_the_same_bytes() -> None:
    made = generate.build()
    assert sorted([*made, "generate.py"]) == NAMES
    for name, content in made.items():
        assert content == (generate.HERE / name).read_bytes(), name


@pytest.mark.parametrize("name", PACKAGES)
def test_the_standalone_verifier_gives_the_golden_report(name: str) -> None:
    package = (generate.HERE / f"{name}.zip").read_bytes()
    wanted = json.loads((generate.HERE / f"{name}.report.json").read_bytes())
    found = standalone.report(package, Trust(policy=generate.POLICY))
    found["verifier"] = generate.BLANK
    assert found == wanted
    assert found["colour"] == COLOURS.get(name, "red")


def test_the_worked_example() -> None:
    order = "ord_01jdb0t3k5e6wbk9xv2c7m4n8q"
    buyer = seal("buyer@example.com", bytes(range(16)))
    assert buyer.digest.hex().startswith("09c686fe2098afe8f430143b3d56557d")
    body = (
        b'{"data":{"amount":4900,"buyer":{"sealed":"%b"},"currency":"CNY"},"meta":{"schema":1}}'
        % buyer.digest.hex().encode()
    )
    first = Entry("2026-11-22T10:00:00.000000Z", None, 1, order, "order.placed", body).to_bytes()
    note = '{"data":{"note":"卡密已发送"},"meta":{"schema":1}}'.encode()
    at = "2026-11-22T10:00:05.000000Z"
    second = Entry(at, chain_hash(first), 2, order, "order.delivered", note).to_bytes()
    assert (len(first), len(second)) == (275, 248)
    assert chain_hash(first).hex().startswith("2cd771ffee2875350173841f2295b532")
    leaves = [leaf_hash(first), leaf_hash(second)]
    assert leaves[0].hex().startswith("45e5610eb7aa45b1a8f25af56524d927")
    assert leaves[1].hex().startswith("79034f495b99fae278454eaa48689df8")
    assert sm3_hex(first).startswith("3ce83f717219970ff011956367a6655b")
    assert sm3_hex(second).startswith("45eacd44cf69b0c5478f59ab4dabc4d4")
    assert b64encode(root_of(leaves[:1])) == b"ReVhDreqRbGo8lr1ZSTZJ15EcSXkyDU/QEkOFeoQ1Qg="
    assert b64encode(root_of(leaves)) == b"GRZVywrbmKSehjn1EHg3rY31VTGNFdH6spjc3VAFV7w="
