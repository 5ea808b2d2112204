"""Make the golden files of credit: rules, ladder and one score that must never change.

Run ``python -m tests.golden.credit.generate`` at the root of the repository after adding a
version of the rules or of the ladder. What a version once said stays.
"""

import json
from pathlib import Path
from typing import Any

from domain.credit.ladder import LADDERS
from domain.credit.rules import RULES
from domain.credit.score import score
from tests.domain.credit.trades import SHOP, Trades

FOLDER = Path(__file__).parent


def files() -> dict[str, bytes]:
    """Return the golden files by name."""
    rules = {f"rules-{version}.json": _spelt(it.members()) for version, it in RULES.items()}
    ladders = {f"sanctions-{version}.json": _spelt(it.members()) for version, it in LADDERS.items()}
    return rules | ladders | {"score-1.json": a_score()}


def a_score() -> bytes:
    """Return the canonical score of a small, fixed trade by version 1 of the rules."""
    trades = Trades()
    trades.sales(30)
    trades.wait(days=3)
    trades.end(trades.dispute(trades.sale(), fault="wrong_region"), "refund", "partial")
    trades.concede(trades.dispute(trades.sale(), fault="revoked"))
    trades.end(trades.dispute(trades.sale(), "channel"))
    trades.withdraw(trades.dispute(trades.sale()))
    trades.sale(seconds=900)
    trades.refund(trades.sale())
    return score(trades.log, SHOP, len(trades.log), RULES[1]).canonical()


def _spelt(members: dict[str, Any]) -> bytes:
    return (json.dumps(members, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def main() -> None:
    """Write what is new; refuse to change what is there."""
    for name, content in files().items():
        path = FOLDER / name
        if path.exists() and path.read_bytes() != content:
            raise SystemExit(f"{name}: changed; add a new version beside it")
        path.write_bytes(content)


if __name__ == "__main__":
    main()
