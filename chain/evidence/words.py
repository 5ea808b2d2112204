"""The report in words, Chinese first and English beside, for a terminal (``evidence.md``, 3.4).

What comes from the package is shown with every control and bidirectional character spelt
out. Proved by ``tests/chain/evidence/test_parts.py``.
"""

import unicodedata
from collections.abc import Mapping
from typing import Any, Final

from chain.evidence.claims import DATA
from chain.evidence.report import FAILED, NOT_CHECKED, VERIFIED

_MARKS: Final = {VERIFIED: "ok  ", FAILED: "FAIL", NOT_CHECKED: "-   "}
_TITLES: Final = {each["claim"]: each for each in DATA["claims"]}
_SHOWN_ITEMS: Final = 10


def words_of(report: Mapping[str, Any]) -> str:
    """Return *report* for a person, its colour first."""
    colour = report["colour"]
    lines = [f"{colour.upper()}  {_both(DATA['colours'][colour])}"]
    if report["number"]:
        lines.append(f"  {report['number']}")
    for each in report["claims"]:
        lines += _claim(each)
    for each in report["notes"]:
        lines.append(f"  note {_both(DATA['notes'][each['code']])}: {shown(each['subject'] or '')}")
    for part in ("proves", "does_not_prove"):
        lines.append(f"{_both(DATA['titles'][part])}:")
        lines += [f"  {e['id']} {_both(e)}" for e in DATA[part] if e["id"] in report[part]]
    return "\n".join(lines)


def shown(text: str) -> str:
    """Return *text* with what a terminal would obey spelt out, as ``U+202E``."""
    return "".join(
        each if each == " " or unicodedata.category(each)[0] not in "CZ" else f"U+{ord(each):04X}"
        for each in text
    )


def _claim(claim: Mapping[str, Any]) -> list[str]:
    line = f"  {_MARKS[claim['verdict']]} {_both(_TITLES[claim['claim']])}"
    if claim["code"]:
        line += f": {claim['code']}: {_both(DATA['codes'][claim['code']])}"
    if claim["verdict"] != FAILED:
        return [line]
    items = [each["subject"] for each in claim["items"] if each["subject"]]
    return [line, *(f"         {shown(each)}" for each in items[:_SHOWN_ITEMS])]


def _both(said: Mapping[str, Any]) -> str:
    return f"{said['zh']} / {said['en']}"
