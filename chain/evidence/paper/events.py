"""What happened, on paper: streams, each event, what is hidden, and the rules in force.

Proved by ``tests/chain/evidence/paper/test_certificate.py``.
"""

from collections.abc import Mapping
from itertools import groupby
from typing import Any, Final

from chain.canonical import JSON
from chain.evidence import names
from chain.evidence.bundle import Bundle
from chain.evidence.claims import DATA
from chain.evidence.entries import read_entry, value_at
from chain.evidence.fault import Fault, Unchecked
from chain.evidence.paper.text import beijing, grouped, printable
from chain.evidence.paper.wording import Group, Row
from chain.evidence.spelling import is_time

MAX_EVENTS: Final = 200
"""So many are printed one by one; the manifest, which is attached, has all of them."""
MAX_PLACES: Final = 60
_ROLES: Final = {"matter": ("本事项", "matter"), "support": ("辅助", "support")}


def streams(bundle: Bundle) -> Group:
    """Return each stream with its range, count and times."""
    rows = []
    for each in bundle["streams"]:
        times = [e["at"] for e in bundle["entries"] if e["stream"] == each["stream"]]
        rows.append(
            Row(
                *_ROLES[each["role"]],
                [
                    printable(each["stream"]),
                    f"起止 / first–last：{each['first']}–{each['last']}，{len(times)} 条 / entries",
                    f"{beijing(times[0])} – {beijing(times[-1])}",
                ],
            )
        )
    return Group("事件序列", "Streams", rows)


def events(files: Mapping[str, bytes], bundle: Bundle, dated: Mapping[int, str]) -> dict[str, Any]:
    """Return each event, in the log's order, and how many more there are.

    Args:
        files: of the package.
        bundle: its manifest.
        dated: by leaf index, as printed, the earliest token's time over a tree with the entry.
    """
    shown = bundle["entries"][:MAX_EVENTS]
    return {
        "items": [_event(files, each, dated.get(each["index"])) for each in shown],
        "more": len(bundle["entries"]) - len(shown),
    }


def hidden(bundle: Bundle) -> Group:
    """Return what is not in the open, with the state, reason and basis that are given."""

    def key(each: Mapping[str, Any]) -> tuple[str, str, str, int]:
        return each["state"], each["reason"], each["basis"] or "", each["erased_by"] or 0

    rows = []
    for (state, reason, basis, erased_by), items in groupby(sorted(bundle["sealed"], key=key), key):
        places = [printable(f"{each['index']}{each['pointer']}") for each in items]
        why, what = DATA["reasons"][reason], DATA["states"][state]
        said = [f"理由 / reason：{why['zh']} / {why['en']}"]
        if basis:
            said.append(f"依据 / basis：{printable(basis)}")
        if state == "erased":
            said.append(f"删除事件序号 / erasure event at index {erased_by}")
        said.append(f"{len(places)} 处 / places：{'， '.join(places[:MAX_PLACES])}")
        if len(places) > MAX_PLACES:
            said[-1] += f"；其余 {len(places) - MAX_PLACES} 处见 bundle.json / the rest there"
        rows.append(Row(what["zh"], what["en"], said))
    empty = Row("遮蔽项", "Hidden values", ["无 / none"])
    return Group(
        "遮蔽项", "Hidden values: disclosed, withheld, restricted, erased", rows or [empty]
    )


def rules(bundle: Bundle) -> Group:
    """Return the rules that entries name, with version and digests."""
    rows = []
    for each in bundle["rules"]:
        said = f"{printable(each['title'])}，版本 / version {printable(each['version'])}"
        rows += [
            Row("规则", "Rule", [said]),
            Row("SHA-256", "", [grouped(each["sha256"])], is_digest=True),
            Row("SM3", "", [grouped(each["sm3"])], is_digest=True),
        ]
    return Group(
        "适用规则", "Rules in force", rows or [Row("规则", "Rules", ["未引用 / none named"])]
    )


def _event(files: Mapping[str, bytes], said: dict[str, Any], dated: str | None) -> dict[str, Any]:
    meta = _meta(files.get(names.entry_name(said["index"]), b""))
    occurred, words = meta.get("occurred_at"), DATA["events"].get(said["type"])
    if not is_time(occurred):
        occurred = None
    source = "，".join(str(meta[each]) for each in ("source", "channel") if meta.get(each))
    return {
        "index": str(said["index"]),
        "type": printable(said["type"]),
        "zh": words["zh"] if words else "",
        "en": words["en"] if words else "",
        "stream": f"{printable(said['stream'])} #{said['seq']}",
        "occurred": beijing(str(occurred)) if occurred else "未另载 / not stated apart",
        "recorded": beijing(said["at"]),
        "dated": dated or "无时间戳 / no token",
        "source": printable(source) or "未载明 / not stated",
        "sha256": grouped(said["sha256"]),
        "sm3": grouped(said["sm3"]),
    }


def _meta(content: bytes) -> Mapping[str, JSON]:
    """Return where an entry says that it came from; nothing for a format that is not known."""
    try:
        body = read_entry(content).body
    except (Fault, Unchecked):
        return {}
    found = value_at(body, "/meta")
    return found if isinstance(found, dict) else {}
