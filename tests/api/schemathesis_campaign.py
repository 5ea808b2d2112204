"""A long run of what ``tests/api/test_conformance.py`` does briefly.

``nice python -m tests.api.schemathesis_campaign --examples 1000 --minutes 60`` at the root of
the repository; one line an operation, and at the end how many requests, answers and failures.
Ends in bad order if there is a failure. What was made up is repeated by the same ``--salt``.
"""

import argparse
import logging
import sys
import tempfile
from pathlib import Path
from time import monotonic

from tests.api.conformance import Conformance, equip
from tests.api.tales.stage import fresh_settings, staged


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--examples", type=int, default=1_000, help="an operation")
    parser.add_argument("--minutes", type=float, default=60, help="no operation begins later")
    parser.add_argument("--salt", type=int, default=1)
    parser.add_argument("--only", action="append", default=[], help="an operation's id")
    chosen = parser.parse_args()
    logging.disable(logging.CRITICAL)
    end = monotonic() + 60 * chosen.minutes
    left = []
    with tempfile.TemporaryDirectory() as home, staged(fresh_settings(Path(home))) as stage:
        equip(stage)
        document = stage.market.client.bearing().get("/openapi.json").json
        found = Conformance(stage.world, document, patient=True)
        for operation in found.operations():
            name = operation.definition.raw["operationId"]
            if chosen.only and name not in chosen.only:
                continue
            if monotonic() > end:
                left.append(name)
                continue
            before, began = found.tried.requests, monotonic()
            found.attempt(operation, chosen.examples, chosen.salt)
            sent = found.tried.requests - before
            say(f"{name}: {sent} requests, {monotonic() - began:.1f} s")
        found.close()
    for (name, what), told in found.failures():
        say(f"FAILED {name}: {what}\n{told}")
    statuses = ", ".join(f"{each}: {n}" for each, n in sorted(found.tried.statuses.items()))
    say(f"{found.tried.requests} requests; {statuses}; {len(found.failures())} failures")
    say(f"not tried for want of time: {', '.join(left) or 'none'}")
    return 1 if found.failures() or left else 0


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
