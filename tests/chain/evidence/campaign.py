"""A long run of F13 and of every parser that reads foreign bytes; not part of the suite.

    python -m tests.chain.evidence.campaign --minutes 10 [--seed 1] [--exhaustive]

``--exhaustive`` flips every bit of a small package, of its archive and of each member with
the zip made good again, and cuts it at every length. Then, until the minutes are over, good
bytes are mutated: packages (two verifiers must give one report, never better than the good
package's), and the bytes of each parser. Prints figures; ends with 1 on the first finding.
"""

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Callable
from random import Random

from chain.errors import MalformedError
from chain.evidence import names, spelling
from chain.evidence.archive import read_archive
from chain.evidence.bundle import read_bundle, read_custody
from chain.evidence.consistency_file import ConsistencyFile
from chain.evidence.entries import read_entry, read_proof
from chain.evidence.fault import Fault, Unchecked
from chain.evidence.page import split_page
from chain.evidence.signatures import read_checkpoint, read_policy
from chain.evidence.verification import Trust
from chain.stream_index.heads import HeadProof
from tests.chain.evidence import standalone
from tests.chain.evidence.indexing import whole
from tests.chain.evidence.making import POLICY, TRUST, policy, report, trade, zipped
from tests.chain.evidence.test_archive import tiny
from tests.chain.keys import LOG, W1

SMALL = Trust(policy=policy(logs=(LOG,), witnesses=(W1,), threshold=1))
TOKENS = (b"\n", b" ", b"0", b'"', b"\\u0041", b"=", b"\xff", b"PK\x05\x06", b"{", b"[", b"\x00")
REFUSALS = (MalformedError, Fault, Unchecked)


def mutated(data: bytes, source: Random) -> bytes:
    """Return *data* with one to four small changes."""
    changed = bytearray(data)
    for _ in range(source.randrange(1, 5)):
        place = source.randrange(len(changed) + 1)
        kind = source.randrange(6)
        if kind == 0 and changed:
            changed[place % len(changed)] ^= 1 << source.randrange(8)
        elif kind == 1:
            del changed[place : place + source.randrange(1, 40)]
        elif kind == 2:
            changed[place:place] = source.choice(TOKENS)
        elif kind == 3:
            other = source.randrange(len(changed) + 1)
            changed[place:place] = changed[other : other + source.randrange(1, 60)]
        elif kind == 4:
            changed = changed[:place]
        else:
            changed[place : place + 1] = source.randbytes(source.randrange(3))
    return bytes(changed)


def check_package(package: bytes, trust: Trust, *, is_changed: bool = True) -> str:
    """Return the colour that two verifiers agree on; a change must be seen."""
    began = time.monotonic()
    found = report(package, trust)
    assert standalone.report(package, trust) == found
    assert time.monotonic() - began < 5
    assert not is_changed or found["colour"] in ("red", "grey"), found
    return str(found["colour"])


def exhaust() -> Counter[str]:
    """Flip every bit and cut at every length; return how often."""
    counts: Counter[str] = Counter()
    data = bytearray(tiny())
    for place in range(len(data)):
        for bit in range(8):
            data[place] ^= 1 << bit
            _refused(bytes(data))
            data[place] ^= 1 << bit
            counts["archive bits"] += 1
        _refused(bytes(data[:place]))
        counts["archive cuts"] += 1
    members = read_archive(bytes(data))
    for name, content in members.items():
        changed = bytearray(content)
        for place in range(len(changed)):
            for bit in range(8):
                changed[place] ^= 1 << bit
                package = zipped(members | {name: bytes(changed)})
                colour = report(package, SMALL)["colour"]
                assert colour == "red" or (colour == "grey" and name == names.BUNDLE), (name, place)
                changed[place] ^= 1 << bit
                counts["member bits"] += 1
    return counts


def _refused(data: bytes) -> None:
    try:
        read_archive(data)
    except Fault:
        return
    raise AssertionError("a changed archive was read")


def parsers() -> dict[str, tuple[bytes, Callable[[bytes], object]]]:
    """Return good bytes and what reads them, by name."""
    log, members = trade(), whole().members()
    program = standalone.module()
    return {
        "canonical": (members[names.BUNDLE], spelling.read),
        "bundle": (members[names.BUNDLE], read_bundle),
        "custody": (members[names.CUSTODY], read_custody),
        "entry": (log.entries[2], read_entry),
        "proof": (members[names.proof_name(2)], read_proof),
        "checkpoint": (members[names.CHECKPOINT], read_checkpoint),
        "policy": (POLICY, read_policy),
        "consistency": (log.consistency(3, 5), ConsistencyFile.parse),
        "head proof": (members[names.head_name(3)], _head),
        "page": (b'x<script id="package" type="application/json">{}</script>', split_page),
        "archive": (zipped(members), read_archive),
        "standalone policy": (POLICY, _quietly(program.Policy)),
        "standalone consistency": (log.consistency(3, 5), _quietly(program.read_consistency)),
        "standalone token": (log.consistency(3, 5), _quietly(program.Token)),
    }


def _head(data: bytes) -> object:
    return HeadProof.of_members(spelling.read(data).value)


def _quietly(read: Callable[[bytes], object]) -> Callable[[bytes], object]:
    def call(data: bytes) -> object:
        try:
            return read(data)
        except (ValueError, standalone.module().Fault) as error:
            raise MalformedError(str(error)) from None

    return call


def fuzz(minutes: float, seed: int) -> Counter[str]:
    """Mutate until *minutes* are over; return how often each thing was done."""
    source, counts = Random(seed), Counter[str]()
    good, members = parsers(), whole().members()
    package, ends = zipped(members), time.monotonic() + minutes * 60
    listed = list(members)
    while time.monotonic() < ends:
        name = source.choice(list(good))
        data, read = good[name]
        try:
            read(mutated(data, source))
            counts[f"{name}: taken"] += 1
        except REFUSALS:
            counts[f"{name}: refused"] += 1
        if source.randrange(20) == 0:
            changed = mutated(package, source)
            counts[check_package(changed, TRUST, is_changed=changed != package)] += 1
            member = source.choice(listed)
            other = members | {member: mutated(members[member], source)}
            counts[check_package(zipped(other), TRUST, is_changed=other != members)] += 1
    return counts


def main() -> None:
    """Run what the arguments ask for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--exhaustive", action="store_true")
    given = parser.parse_args()
    counts: Counter[str] = Counter()
    if given.exhaustive:
        counts += exhaust()
    counts += fuzz(given.minutes, given.seed)
    sys.stdout.write(json.dumps(counts, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
