"""Where the entries stand, on paper: checkpoint, witnesses, issue, and time stamps.

Only witnesses whose signature verifies are named, by the platform's own policy, which is
called so; a token's statements are printed as its own. Proved by
``tests/chain/evidence/paper/test_certificate.py``.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from chain.evidence import names
from chain.evidence.bundle import Bundle, read_bundle
from chain.evidence.contents import check_entries
from chain.evidence.entries import read_entry, read_proof
from chain.evidence.heads import CLAIM as HEADS
from chain.evidence.heads import check_heads
from chain.evidence.package import Package
from chain.evidence.paper.text import beijing, printable, utc
from chain.evidence.paper.wording import Group, Row
from chain.evidence.report import VERIFIED, Findings
from chain.evidence.signatures import examine, read_checkpoint, read_policy, time_of
from chain.timestamp import Timestamp, TimestampError, check_imprint


class Heads(NamedTuple):
    """That the log's index commits to the heads of the shown streams."""

    size: int
    at: str


class IssueEntry(NamedTuple):
    """Where the log records that the package was issued."""

    place: int
    """Leaf index."""
    size: int
    at: str


def read_issue(files: Mapping[str, bytes]) -> IssueEntry:
    """Return place and time of the record of issuing.

    Raises:
        Fault: it is not in its form.
    """
    proof = read_proof(files[names.ISSUE_PROOF])
    size = read_checkpoint(proof.checkpoint).checkpoint.size
    return IssueEntry(proof.index, size, str(read_entry(files[names.ISSUE_ENTRY]).header["at"]))


def place(files: Mapping[str, bytes], bundle: Bundle, issue: IssueEntry) -> Group:
    """Return the log, the package's checkpoint and who has signed it."""
    log, policy = bundle["log"], read_policy(files[names.POLICY])
    vouched = examine(read_checkpoint(files[names.CHECKPOINT]), policy)
    witnesses = []
    for name, seconds in vouched.witnesses:
        at = time_of(seconds)
        when = "时间不可读 / time unreadable" if at is None else beijing(at)
        witnesses.append(f"{printable(policy.witnesses[name].key.name)}：{when}")
    if vouched.asks_none:
        met = "平台策略不要求见证方 / the platform's policy asks for no witness"
    elif vouched.is_met:
        met = "已达到平台策略的门限 / the threshold of the platform's policy is met"
    else:
        met = "未达到平台策略的门限 / the threshold of the platform's policy is not met"
    return Group(
        "日志位置与见证",
        "Position and witnesses",
        [
            Row("日志标识", "Log origin", [printable(log["origin"])]),
            Row("日志规模", "Size", [f"{log['size']:,}"]),
            Row("根哈希", "Root hash", [log["root"]], is_digest=True),
            Row(
                "出证条目",
                "Issue entry",
                [f"序号 / index {issue.place:,}，日志规模 / under size {issue.size:,}"],
            ),
            Row(
                "见证方与签署时间",
                "Witnesses, signed at",
                witnesses or ["无有效见证签名 / no witness's signature that verifies"],
            ),
            Row(
                "见证门限",
                "Threshold",
                [met, "机构以读者自己的策略为准 / whose they are: by the reader's policy"],
            ),
        ],
    )


def heads_in(files: Mapping[str, bytes]) -> Heads | None:
    """Return what the package's head index commits to; None if it has none that holds."""
    package, findings = Package(dict(files), read_bundle(files[names.BUNDLE]), "zip"), Findings()
    check_entries(package, findings)
    check_heads(package, findings)
    if findings.verdict(HEADS) != VERIFIED:
        return None
    said = findings.facts["complete"]
    return Heads(said["size"], said["at"])


def stamps(files: Mapping[str, bytes]) -> Group:
    """Return what each token says of itself."""
    rows = []
    for name, what, said in _tokens(files):
        if said is None:
            rows.append(Row(what, name, ["令牌与所述内容不符 / the token is over other bytes"]))
            continue
        label = ["测试 TEST ONLY：不证明时间 / gives no independent time"] if said.is_test else []
        at = _spelt(said)
        rows.append(
            Row(
                what,
                name,
                [
                    *label,
                    f"时间戳机构 / authority：{printable(said.authority) or '未载明 / not stated'}",
                    f"签发时间 / time：{beijing(at)}（{utc(at)}）",
                    f"序列号 / serial：{printable(str(said.serial))}",
                    f"策略 / policy OID：{printable(said.policy)}",
                ],
            )
        )
    return Group(
        "时间戳（令牌自载内容）",
        "Time stamps (as the tokens say)",
        rows or [Row("时间戳", "Time stamps", ["无 / none"])],
    )


def dated(files: Mapping[str, bytes], bundle: Bundle) -> dict[int, str]:
    """Return by leaf index, as printed, the earliest time of a token over a tree with the entry."""
    times = [
        (int(name[len("stamps/") : -len(".tsr")]), said)
        for name, _, said in _tokens(files)
        if said is not None and name != names.ISSUE_STAMP
    ]
    found = {}
    for each in bundle["entries"]:
        over = [said for size, said in times if size > each["index"]]
        if over:
            first = min(over, key=lambda said: said.at)
            label = " TEST" if first.is_test else ""
            found[each["index"]] = f"{beijing(_spelt(first))}{label}"
    return found


def _spelt(said: Timestamp) -> str:
    return f"{said.at:%Y-%m-%dT%H:%M:%S.%f}Z"


def _tokens(files: Mapping[str, bytes]) -> Iterator[tuple[str, str, Timestamp | None]]:
    """Yield each token's name, what it is over, and what it says if it is over just that."""
    for name in sorted(each for each in files if each.endswith(".tsr")):
        if name == names.ISSUE_STAMP:
            what, signed = "bundle.json", files[names.BUNDLE]
        else:
            size = int(name[len("stamps/") : -len(".tsr")])
            what = f"检查点，规模 / checkpoint of size {size:,}"
            signed = files.get(name.replace(".tsr", ".txt"), files[names.CHECKPOINT])
        try:
            yield name, what, check_imprint(files[name], signed)
        except TimestampError:
            yield name, what, None
