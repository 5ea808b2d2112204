"""Make the golden evidence packages: vectors for whoever writes a fourth verifier.

Run ``python -m tests.golden.evidence.generate`` at the root of the repository. Each
``NAME.zip`` goes with the file ``policy`` and has the report ``NAME.report.json``, whose
``verifier`` is blank. Ed25519 alone, so that all is made again byte for byte.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from chain.evidence import names
from chain.evidence.verification import Source, Trust, verify_package
from tests.chain.evidence.indexing import Indexing, busy
from tests.chain.evidence.making import Maker, policy, relisted, repaired, zipped
from tests.chain.keys import LOG, W1, W2

HERE = Path(__file__).parent
POLICY = policy(logs=(LOG,), witnesses=(W1, W2), threshold=2)
BLANK = {"name": "", "sha256": None, "version": ""}


def _without_page(bundle: dict[str, Any]) -> None:
    """Name no published page: it may get better, and these bytes must not change."""
    bundle["verify_html"] = {"sha256": "0" * 64, "sm3": "0" * 64}


def good() -> dict[str, bytes]:
    """Return the files of the good package."""
    maker = Maker(policy=POLICY, edit=_without_page)
    maker.log.keys, maker.log.witnesses = (LOG,), (W1, W2)
    return maker.members()


def whole(shown: Sequence[int] = (0, 2, 3, 4)) -> dict[str, bytes]:
    """Return the files of a good package with a head index, or of one that shows less."""
    log = busy()
    log.keys, log.witnesses = (LOG,), (W1, W2)
    index = Indexing(log, cover=((2, 0), (1, 2), (1, 3))).commit()
    given: dict[str, Any] = {} if 3 in shown else {"rules": ()}
    heads = index.heads(shown)
    return Maker(
        log=log, shown=shown, heads=heads, policy=POLICY, edit=_without_page, **given
    ).members()


def build() -> dict[str, bytes]:
    """Return the golden files' contents by their names."""
    members = good()
    entry, proof = names.entry_name(2), names.proof_name(2)
    note = members[names.CHECKPOINT]
    other_text = members | {entry: members[entry].replace("卡".encode(), "下".encode())}
    other_note = {
        name: content.replace(note, note[:-4] + b"A==\n") for name, content in members.items()
    }
    left_out = {name: each for name, each in members.items() if name not in (entry, proof)}

    def forget(bundle: dict[str, object]) -> None:
        for what in ("entries", "sealed"):
            listed = bundle[what]
            assert isinstance(listed, list)
            bundle[what] = [each for each in listed if each["index"] != 2]

    packages = {
        "good": zipped(members),
        "whole": zipped(whole()),
        "whole-but-for-its-tail": zipped(whole((0, 2, 4))),
        "cut": zipped(members)[:-100],
        "other-text": zipped(relisted(other_text)),
        "other-text-repaired": zipped(repaired(other_text)),
        "event-left-out": zipped(repaired(left_out, forget)),
        "false-signature": zipped(repaired(other_note)),
        "unknown-format": zipped(repaired(members, lambda b: b.update(format="xiyou-evidence/2"))),
        "spaces": zipped(
            relisted(members | {names.BUNDLE: members[names.BUNDLE].replace(b":", b": ", 1)})
        ),
    }
    files = {"policy": POLICY}
    for name, package in packages.items():
        found = verify_package(Source(package), Trust(policy=POLICY), BLANK)
        files[f"{name}.zip"] = package
        spelt = json.dumps(found, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        files[f"{name}.report.json"] = spelt.encode()
    return files


def main() -> None:
    """Write them."""
    for name, content in build().items():
        (HERE / name).write_bytes(content)


if __name__ == "__main__":
    main()
