"""Make the golden files of the arbitration rule tables: what was published never changes.

Run ``python -m tests.golden.domain.generate_rules`` at the root of the repository after
adding a version of the table.
"""

import json
from pathlib import Path

from domain.disputes.rules import TABLES, RuleTable

FOLDER = Path(__file__).parent


def file_of(version: int) -> Path:
    """Return the golden file of a version."""
    return FOLDER / f"rules-{version}.json"


def spelt(table: RuleTable) -> str:
    """Return *table* and its digest as the file spells them."""
    content = {"digest": table.digest, **json.loads(table.to_bytes())}
    return json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def main() -> None:
    """Add what is new; refuse to change what is there."""
    for version, table in TABLES.items():
        path = file_of(version)
        if path.exists() and path.read_text() != spelt(table):
            raise SystemExit(f"table version {version} has changed: make it the next version")
        path.write_text(spelt(table))


if __name__ == "__main__":
    main()
