"""The authorization matrix as a page: ``docs/authorization.md``, made from the data.

``python -m api.access.publishing > docs/authorization.md`` at the root of the repository;
``tests/api/access/test_publishing.py`` keeps it true.
"""

import sys
from typing import Final

from api.access.matrix import OPERATIONS, ROWS
from api.principal import Kind

HEAD: Final = """\
# Who may do what

Made from `api/access/matrix.py`, which the server enforces before every route; do not edit.
Every cell is asserted over HTTP by `tests/api/access/test_matrix.py`, for one's own things,
for another's, and for things that are not there.

- `own`: own things. A platform client's are its end users': accounts that were opened through it; for goods, those of merchants that its scopes name (`merchant:M-…`).
- `case`: the case that is assigned to the arbitrator, who is no party to it.
- `scope`: topics that the token's scopes name (`topic:…`), masked.
- `mask`: everybody's, masked: what may be seen is listed in `api/access/masking.py`; sealed values stay closed.
- `2p`: two persons, both recorded; the requester is not the approver, and the approval ends.
- `all`: everybody's. `–`: no.

No credential: 401. A function that the kind or the token's scope lacks: 403, before any thing
is read. Another's thing and a missing one: the same 404, byte for byte but for the request id.
Tokens of platform clients and regulators are bound to a key (DPoP, RFC 9449). A revoked token,
or one that was got with a revoked key, is accepted for less than a second longer.
"""  # noqa: E501 — lines of a page, and the design's own dash


def authorization_page() -> str:
    """Return the page."""
    kinds = [each.value.replace("_", " ") for each in Kind]
    lines = [HEAD, "## Rows", "", f"| row | scope | {' | '.join(kinds)} |", "|" + "---|" * 10]
    for row in ROWS.values():
        cells = " | ".join(each.value for each in row.cells)
        lines.append(f"| {row.title} | {f'`{row.scope}`' if row.scope else ''} | {cells} |")
    lines += ["", "## Operations", "", "| operation | row | also |", "|---|---|---|"]
    for name, operation in OPERATIONS.items():
        marks = {
            "the read is recorded": operation.read_event,
            "step-up": operation.step_up,
            f"topic `{operation.topic}`": operation.topic is not None,
        }
        also = ", ".join(each for each, holds in marks.items() if holds)
        lines.append(f"| `{name}` | {operation.rule.title} | {also} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(authorization_page())
