"""The report: one verdict a claim, one colour, and what is proven (``evidence.md``, 3.2 to 3.4).

While it works a verifier notes in `Findings` what held, what failed and what it could not
check; `Findings.report` makes of it the same report as the other two verifiers do. No claim
without an item is ever verified. Proved by ``tests/chain/evidence/test_parts.py``.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from chain.evidence.claims import CLAIMS, DATA, MAX_ITEMS, REPORT_FORMAT
from chain.evidence.fault import Fault, Unchecked

FAILED: Final = "failed"
NOT_CHECKED: Final = "not_checked"
VERIFIED: Final = "verified"
BLOCKED: Final = "blocked"
WHOLE: Final = "P7"
"""The sentence that histories are whole: what rests on it is said where it is proven."""

_BY_NAME = {each.name: each for each in CLAIMS}


@dataclass(slots=True)
class Findings:
    """What a verifier has found so far."""

    notes: set[tuple[str, str | None]] = field(default_factory=set)
    facts: dict[str, Any] = field(default_factory=dict)
    """Members ``checkpoint``, ``entry_times`` and ``number`` of the report; ``complete`` and
    ``split_view`` where there are such."""
    _held: set[str] = field(default_factory=set)
    _items: dict[str, set[tuple[str, str, str]]] = field(default_factory=dict)

    def hold(self, claim: str) -> None:
        """Note that something of *claim* is as it must be."""
        self._held.add(claim)

    def fail(self, claim: str, code: str, subject: str | None = None) -> None:
        """Note a contradiction."""
        assert code in _BY_NAME[claim].failed, (claim, code)  # noqa: S101 — our own table
        self._items.setdefault(claim, set()).add((FAILED, subject or "", code))

    def skip(self, claim: str, code: str, subject: str | None = None) -> None:
        """Note that something of *claim* cannot be checked."""
        assert code in _BY_NAME[claim].not_checked, (claim, code)  # noqa: S101 — our own table
        self._items.setdefault(claim, set()).add((NOT_CHECKED, subject or "", code))

    def note(self, code: str, subject: str | None = None) -> None:
        """Note something that changes no verdict."""
        self.notes.add((code, subject))

    @contextmanager
    def about(self, claim: str) -> Iterator[None]:
        """Turn what is raised inside into a finding on *claim*; what ends quietly has held."""
        try:
            yield
        except Fault as fault:
            self.fail(claim, fault.code, fault.subject)
        except Unchecked as unchecked:
            self.skip(claim, unchecked.code, unchecked.subject)
        else:
            self.hold(claim)

    def block_rest(self) -> None:
        """Note that nothing more was looked at."""
        for each in CLAIMS:
            if each.name not in self._held and each.name not in self._items:
                self.skip(each.name, BLOCKED)

    def verdict(self, claim: str) -> str:
        """Return the verdict on *claim*: failed, else not checked, else verified."""
        found = {each[0] for each in self._items.get(claim, ())}
        if FAILED in found:
            return FAILED
        return NOT_CHECKED if found or claim not in self._held else VERIFIED

    def report(self, frame: Mapping[str, Any]) -> dict[str, Any]:
        """Return the report.

        Args:
            frame: the members ``anchors``, ``checked_at``, ``package`` and ``verifier``.
        """
        claims = [self._claim(each.name, is_required=each.is_required) for each in CLAIMS]
        verdicts = {each["claim"]: each["verdict"] for each in claims}
        codes = {each["code"] for each in claims}
        colour = _colour(verdicts, is_unknown="unknown_format" in codes)
        counts = dict.fromkeys((FAILED, NOT_CHECKED, VERIFIED), 0)
        for verdict in verdicts.values():
            counts[verdict] += 1
        proven = _proven(verdicts) if colour in ("green", "yellow") else []
        facts = {"checkpoint": None, "entry_times": [], "number": None} | self.facts
        if WHOLE not in proven:
            facts.pop("complete", None)
        return {
            **frame,
            **facts,
            "claims": claims,
            "colour": colour,
            "counts": counts,
            "does_not_prove": _limits(proven),
            "exit": DATA["colours"][colour]["exit"],
            "format": REPORT_FORMAT,
            "notes": [
                {"code": code, "subject": subject or None}
                for code, subject in sorted((code, subject or "") for code, subject in self.notes)
            ],
            "proves": proven,
        }

    def _claim(self, name: str, *, is_required: bool) -> dict[str, Any]:
        # "failed" sorts before "not_checked": the first item is the claim's own code.
        items = sorted(self._items.get(name, ()))
        assert items or name in self._held, name  # noqa: S101 — every claim is looked at
        return {
            "claim": name,
            "code": items[0][2] if items else None,
            "items": [
                {"code": code, "subject": subject or None, "verdict": verdict}
                for verdict, subject, code in items[:MAX_ITEMS]
            ],
            "more": max(0, len(items) - MAX_ITEMS),
            "need": "required" if is_required else "extra",
            "verdict": self.verdict(name),
        }


def first_code(report: Mapping[str, Any]) -> str | None:
    """Return the code of the first failed claim of *report*, if one has failed."""
    failed = [each["code"] for each in report["claims"] if each["verdict"] == FAILED]
    return failed[0] if failed else None


def _colour(verdicts: Mapping[str, str], *, is_unknown: bool) -> str:
    if FAILED in verdicts.values():
        return "red"
    if is_unknown:
        return "grey"
    if all(verdicts[each.name] == VERIFIED for each in CLAIMS if each.is_required):
        return "green"
    return "yellow"


def _proven(verdicts: Mapping[str, str]) -> list[str]:
    return [
        each["id"]
        for each in DATA["proves"]
        if all(verdicts[claim] == VERIFIED for claim in each["claims"])
    ]


def _limits(proven: list[str]) -> list[str]:
    is_whole = WHOLE in proven
    return [each["id"] for each in DATA["does_not_prove"] if each["id"] != "N3" or not is_whole]
