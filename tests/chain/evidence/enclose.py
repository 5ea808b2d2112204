"""Puts ``claims.json`` into the two verifiers that are single files.

Run ``python -m tests.chain.evidence.enclose`` at the root of the repository after changing it.
"""

import json
from pathlib import Path

PUBLISHED = Path(__file__).resolve().parents[3] / "chain/evidence/published"
MARKS = {
    "verify.py.txt": ('# BEGIN claims.json\nDATA = json.loads(r"""\n', '""")\n# END claims.json'),
    "verify.html": ("// BEGIN claims.json\nconst DATA = ", ";\n// END claims.json"),
}


def enclosed(name: str) -> str:
    """Return the verifier *name* with the claims of today."""
    text = (PUBLISHED / name).read_text()
    data = json.loads((PUBLISHED / "claims.json").read_text())
    claims = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    before, after = MARKS[name]
    head, rest = text.split(before)
    _, tail = rest.split(after)
    return head + before + claims + after + tail


def main() -> None:
    """Write both files."""
    for name in MARKS:
        (PUBLISHED / name).write_text(enclosed(name))


if __name__ == "__main__":
    main()
