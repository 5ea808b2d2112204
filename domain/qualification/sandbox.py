"""The operator as a sandbox plays it: answers by the raw key's last letters, none of them true.

A raw key that ends in one of `MARKS` has that fate; every other one is unused. In this process
or, behind `domain.outside.store.sandbox`, over HTTP.
``tests/domain/qualification/test_b5_operator.py``.
"""

from collections.abc import Mapping
from typing import Final

from domain.keys.upstream import Answer, Finding, UpstreamState
from domain.qualification.operator import KeyQuestion

FIRST_USE: Final = "2026-01-01T00:00:00Z"
MARKS: Final[Mapping[str, tuple[UpstreamState, tuple[Finding, ...]]]] = {
    "USED": ("used", ()),
    "ELSE": ("used", ("used_by_other",)),
    "REGN": ("unused", ("wrong_region",)),
    "EDTN": ("unused", ("wrong_edition",)),
    "DURN": ("unused", ("wrong_duration",)),
    "RVKD": ("unused", ("revoked",)),
    "NONE": ("unknown", ("not_existing",)),
    "SLNT": ("unknown", ()),
}
_MARK_SIZE: Final = 4


class SandboxOperator:
    """All operators of the world, as a sandbox."""

    def check_key(self, question: KeyQuestion, key: str) -> Answer:
        """See `UpstreamOperator.check_key`."""
        del key
        mark = question.raw_key.reveal().strip()[-_MARK_SIZE:].upper()
        state, findings = MARKS.get(mark, ("unused", ()))
        used = FIRST_USE if state == "used" else None
        return Answer(question.operator, state, findings, used, sandbox=True)
