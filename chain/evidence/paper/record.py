"""The extraction record (提取笔录) as a form to be signed: ``custody.json``, on paper.

``evidence.md``, 10.1: made from the record as it is in the package, with lines for date,
signature and seal of an officer, notary or expert. It is not sealed: who signs it vouches for
it. Proved by ``tests/chain/evidence/paper/test_record.py``.
"""

from collections.abc import Mapping
from typing import Any, Final

from chain.evidence import names
from chain.evidence.bundle import read_bundle, read_custody
from chain.evidence.digests import sha256_hex
from chain.evidence.paper.system import UNKNOWN, moment, number, person, span, tool
from chain.evidence.paper.text import grouped, printable
from chain.evidence.paper.wording import Group, Row

MAX_STEPS: Final = 200
_ACTIONS: Final = {
    "select_streams": "选定序列 / select streams",
    "choose_checkpoint": "选定检查点 / choose checkpoint",
    "open_value": "披露值 / open value",
    "withhold_value": "不披露值 / withhold value",
    "collect_stamps": "收集时间戳 / collect stamps",
    "write_bundle": "写出清单 / write manifest",
}


def record_of(files: Mapping[str, bytes]) -> dict[str, Any]:
    """Return what is printed of the extraction record in a package's *files*.

    Raises:
        Fault: the package is not in its format.
        Unchecked: it is of a format that this program does not know.
    """
    bundle, custody = read_bundle(files[names.BUNDLE]), read_custody(files[names.CUSTODY])
    steps, transfers = custody["steps"], custody["transfers"]
    return {
        "number": bundle["number"],
        "at": bundle["created"],
        "digest": grouped(sha256_hex(files[names.CUSTODY])),
        "groups": [each.to_json() for each in (_who(custody), _how(custody))],
        "steps": [
            [moment(each["at"]), _ACTIONS[each["action"]], _known(each["result"])]
            for each in steps[:MAX_STEPS]
        ],
        "more": max(0, len(steps) - MAX_STEPS),
        "transfers": [
            [moment(each["at"]), *(_known(each[name]) for name in ("from", "to", "medium"))]
            for each in transfers[:MAX_STEPS]
        ],
        "statement": _known(custody["statement"]),
    }


def _who(custody: Mapping[str, Any]) -> Group:
    return Group(
        "申请与提取人员",
        "Request, and who extracted",
        [
            Row("申请人", "Requested by", [person(custody["requested_by"])]),
            Row("申请编号", "Reference", [_known(custody["request_reference"])]),
            Row("法律依据", "Legal basis", [_known(custody["legal_basis"])]),
            Row("申请时间", "Requested at", [moment(custody["requested_at"])]),
            Row("提取人员", "Extracted by", [person(custody["extracted_by"])]),
            Row("第二人", "Second person", [person(custody["second_person"])]),
        ],
    )


def _how(custody: Mapping[str, Any]) -> Group:
    clock, exhibits = custody["clock"], custody["exhibits"]
    offset = UNKNOWN if clock["offset_ms"] is None else f"{clock['offset_ms']} ms"
    return Group(
        "来源、工具与检材",
        "Source, tool and exhibits",
        [
            Row("起止时间", "From – to", [span(custody)]),
            Row("来源系统", "Source", [person(custody["source"])]),
            Row("提取工具", "Tool", tool(custody["tool"])),
            Row("时钟", "Clock", [f"{_known(clock['source'])}；偏差 / offset {offset}"]),
            Row(
                "检材",
                "Exhibits",
                [f"{number(exhibits['count'])} 条 / entries，{number(exhibits['bytes'])} bytes"],
            ),
        ],
    )


def _known(value: str | None) -> str:
    return UNKNOWN if value is None else printable(value)
