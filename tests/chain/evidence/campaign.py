"""A long run of F13 and of every parser that reads foreign bytes; not part of the suite.

    python -m tests.chain.evidence.campaign --minutes 10 [--seed 1] [--exhaustive]
    python -m tests.chain.evidence.campaign --minutes 10 --each [--workers 2] [--after NAME]

``--exhaustive`` flips every bit of a small package, of its archive and of each member with
the zip made good again, and cuts it at every length. Then good bytes are mutated until the
minutes are over: of every parser in `targets`, of ``packages`` (two verifiers must give one
report, never better than the good package's) and of ``pages`` (the published page in a browser
must give it too), in turn, or with ``--each`` every one of them for so long. Prints figures;
ends with 1 on the first finding.
"""

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from random import Random

from chain.evidence import names
from chain.evidence.archive import read_archive
from chain.evidence.fault import Fault
from chain.evidence.verification import Trust
from scripts import browser
from tests.chain.evidence import standalone
from tests.chain.evidence.agreement import assert_agree
from tests.chain.evidence.indexing import whole
from tests.chain.evidence.making import TRUST, policy, report, zipped
from tests.chain.evidence.targets import REFUSALS, targets
from tests.chain.evidence.test_archive import tiny
from tests.chain.keys import LOG, W1

SMALL = Trust(policy=policy(logs=(LOG,), witnesses=(W1,), threshold=1))
TOKENS = (b"\n", b" ", b"0", b'"', b"\\u0041", b"=", b"\xff", b"PK\x05\x06", b"{", b"[", b"\x00")
PACKAGES, PAGES = "packages", "pages"
PAGES_AT_ONCE = 60


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


def fuzz_parser(name: str, ends: float, source: Random) -> Counter[str]:
    """Mutate what the parser *name* reads until *ends*; return how often it did what."""
    data, read = targets()[name]
    counts: Counter[str] = Counter()
    while time.monotonic() < ends:
        for _ in range(100):
            changed = mutated(data, source)
            try:
                read(changed)
            except REFUSALS:
                counts[f"{name}: refused"] += 1
            except Exception as error:
                raise AssertionError(f"{name}: {changed!r}: {error!r}") from error
            else:
                counts[f"{name}: taken"] += 1
    return counts


def changed_packages(source: Random) -> Iterator[tuple[bytes, bool]]:
    """Yield mutated packages without end, and whether they were changed at all."""
    members = whole().members()
    package, listed = zipped(members), list(members)
    while True:
        changed = mutated(package, source)
        yield changed, changed != package
        member = source.choice(listed)
        other = members | {member: mutated(members[member], source)}
        yield zipped(other), other != members


def fuzz_packages(ends: float, source: Random) -> Counter[str]:
    """Let two verifiers look at mutated packages until *ends*; return their colours."""
    counts: Counter[str] = Counter()
    for package, is_changed in changed_packages(source):
        if time.monotonic() >= ends:
            break
        counts[f"{PACKAGES}: {check_package(package, TRUST, is_changed=is_changed)}"] += 1
    return counts


def fuzz_pages(ends: float, source: Random) -> Counter[str]:
    """Do the same with the published page in a browser, many at once."""
    counts: Counter[str] = Counter()
    packages = changed_packages(source)
    while browser.PROGRAM is not None and time.monotonic() < ends:
        given = [next(packages)[0] for _ in range(PAGES_AT_ONCE)]
        for package, found in zip(
            given, browser.run_page([(p, TRUST) for p in given]), strict=True
        ):
            assert "crashed" not in found, (package, found)
            assert_agree(report(package, TRUST), found)
            counts[f"{PAGES}: {found['colour']}"] += 1
    return counts


def fuzz(name: str, minutes: float, seed: int) -> Counter[str]:
    """Mutate what *name* reads for *minutes*; return how often each thing was done."""
    ends, source = time.monotonic() + minutes * 60, Random(f"{seed} {name}")
    if name == PACKAGES:
        return fuzz_packages(ends, source)
    if name == PAGES:
        return fuzz_pages(ends, source)
    return fuzz_parser(name, ends, source)


def main() -> None:
    """Run what the arguments ask for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--each", action="store_true")
    parser.add_argument("--after", help="begin behind this one, where a run was broken off")
    parser.add_argument("--exhaustive", action="store_true")
    given = parser.parse_args()
    counts: Counter[str] = Counter()
    if given.exhaustive:
        counts += exhaust()
    everything = [*targets(), PACKAGES, PAGES]
    if given.after is not None:
        everything = everything[everything.index(given.after) + 1 :]
    minutes = given.minutes if given.each else given.minutes * given.workers / len(everything)
    run = partial(fuzz, minutes=minutes, seed=given.seed)
    with ProcessPoolExecutor(given.workers) as workers:
        for found in workers.map(run, everything):
            counts += found
            sys.stderr.write(f"{dict(found)}\n")
    sys.stdout.write(json.dumps(counts, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
