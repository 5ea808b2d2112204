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
    lines += _complete(report.get("complete"))
    for each in report["claims"]:
        lines += _claim(each)
    for each in report["notes"]:
        lines.append(f"  note {_both(DATA['notes'][each['code']])}: {shown(each['subject'] or '')}")
    lines += _split_view(report.get("split_view"))
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


def _complete(complete: Mapping[str, Any] | None) -> list[str]:
    """Return up to where the histories are whole, and what is absent from them."""
    if complete is None:
        return []
    titles = DATA["titles"]
    lines = [
        f"  {_both(titles['complete'])}: {complete['size']}",
        f"       {_both(titles['committed'])}: {complete['index']}, {complete['at']}",
    ]
    for each in complete["absent"]:
        told = [_event(kind) for kind in each["types"]]
        lines.append(f"       {shown(each['stream'])}: {_both(titles['absent'])}:")
        lines += [f"         {kind}" for kind in told]
    return lines


def _event(kind: str) -> str:
    return f"{kind} ({_both(DATA['events'][kind])})" if kind in DATA["events"] else kind


def _split_view(notes: Mapping[str, str] | None) -> list[str]:
    """Return the two notes that prove misbehaviour, each line as it stands."""
    if notes is None:
        return []
    lines = [f"  {_both(DATA['titles']['split_view'])}:"]
    for each in ("known", "package"):
        lines += ["", *(shown(line) for line in notes[each].rstrip("\n").split("\n"))]
    return [*lines, ""]


def _both(said: Mapping[str, Any]) -> str:
    return f"{said['zh']} / {said['en']}"
