"""The certificate's content (存证证书): facts of a package in both languages, no verdicts.

``evidence.md``, section 4. A PDF cannot know what its reader will find, so nothing here says
that anything is true: it says what stands in the package, and how that is checked. The same
package, page address, seal and heads give the same content. `chain.evidence.store.press` sets
it. Proved by ``tests/chain/evidence/paper/test_certificate.py``.
"""

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, NamedTuple

from chain.evidence import names
from chain.evidence.bundle import Bundle, read_bundle, read_custody
from chain.evidence.claims import DATA
from chain.evidence.digests import sha256_hex, sm3_hex
from chain.evidence.paper import events, position, system
from chain.evidence.paper.position import Heads
from chain.evidence.paper.text import beijing, grouped, printable, utc
from chain.evidence.paper.wording import Both, Group, Row

TEST_WARNING: Both = (
    "测试 TEST ONLY：本证书由测试签章密封，无任何证明作用",
    "sealed with a test certificate: it vouches for nothing",
)
_ROLES = {
    "buyer": "买方 / buyer",
    "seller": "卖方 / seller",
    "platform": "平台 / platform",
    "issuer": "发行方 / issuer",
    "other": "其他 / other",
}


class Seal(NamedTuple):
    """By whom the certificate is sealed, as the sealing certificate says."""

    subject: str
    issuer: str
    serial: str
    is_test: bool


@dataclass(frozen=True, slots=True)
class Issued:
    """A package that was issued, and what its certificate says beside its facts."""

    files: Mapping[str, bytes]
    """Layers A and B, and ``issue/``."""
    verify_page: str
    """Where the platform publishes ``verify.html``; goes into the QR."""
    seal: Seal
    heads: Heads | None = None
    """None where the package carries no head index."""


def certificate_of(issued: Issued) -> dict[str, Any]:
    """Return what is printed: title, groups of rows, QR text and foot, as JSON would have it.

    Raises:
        Fault: the package is not in its format.
        Unchecked: it is of a format that this program does not know.
    """
    bundle = read_bundle(issued.files[names.BUNDLE])
    custody = read_custody(issued.files[names.CUSTODY])
    issue = position.read_issue(issued.files)
    digest = sha256_hex(issued.files[names.BUNDLE])
    groups = [
        _matter(bundle, custody),
        events.streams(bundle),
        position.place(issued.files, bundle, issue),
        position.stamps(issued.files),
        _completeness(bundle, issued.heads),
        events.hidden(bundle),
        events.rules(bundle),
        system.system(bundle, custody),
        _checking(issued.files, bundle),
    ]
    return {
        "number": bundle["number"],
        "head": [
            Row("证据编号", "Evidence no.", [bundle["number"]]).to_json(),
            Row("格式版本", "Format", [bundle["format"]]).to_json(),
            Row("出证时间", "Issued at", [beijing(issue.at), utc(issue.at)]).to_json(),
        ],
        "groups": [each.to_json() for each in groups],
        "events": events.events(issued.files, bundle, position.dated(issued.files, bundle)),
        "lists": _lists(),
        "nature": [DATA["nature"]["zh"], DATA["nature"]["en"]],
        "foot": _foot(issued, digest),
        "qr": qr_text(issued.verify_page, bundle["number"], issued.files[names.BUNDLE]),
        "warning": list(TEST_WARNING) if issued.seal.is_test else None,
        "digest": grouped(digest),
        "at": issue.at,
    }


def qr_text(verify_page: str, number: str, bundle: bytes) -> str:
    """Return what the QR says. What follows ``#`` is never sent to a server."""
    digest = urlsafe_b64encode(sha256(bundle).digest()).rstrip(b"=").decode()
    return f"{verify_page}#n={number}&b={digest}"


def _matter(bundle: Bundle, custody: Mapping[str, Any]) -> Group:
    platform, matter, asked = bundle["platform"], bundle["matter"], custody["requested_by"]
    parties = [_party(each) for each in bundle["parties"]]
    requester = [asked["name_masked"], asked["role"], asked["organisation"]]
    return Group(
        "当事方与事项",
        "Who, and the matter",
        [
            Row("平台名称", "Platform", [printable(platform["name"])]),
            Row("统一社会信用代码", "USCC", _known(platform["uscc"])),
            Row(
                "申请人（脱敏）",
                "Requester (masked)",
                _known("，".join(each for each in requester if each) or None),
            ),
            Row("当事人及角色", "Parties and roles", parties or _known(None)),
            Row("订单号", "Order no.", _known(matter["order"])),
            Row("争议号", "Dispute no.", _known(matter["dispute"])),
            Row("案号", "Court case no.", _known(matter["court_case"])),
            Row("证明事项", "Subject", [printable(bundle["subject"])]),
        ],
    )


def _party(party: Mapping[str, Any]) -> str:
    entry = party["identity_entry"]
    checked = (
        "身份核验事件：未载明 / identity event: not stated"
        if entry is None
        else f"身份核验事件序号 / identity event at index {entry}"
    )
    return f"{printable(party['name_masked'])}，{_ROLES[party['role']]}；{checked}"


def _known(value: str | None) -> list[str]:
    return ["未载明 / not stated"] if value is None else [printable(value)]


def _completeness(bundle: Bundle, heads: Heads | None) -> Group:
    chains = [
        f"{printable(each['stream'])}：{each['first']}–{each['last']}" for each in bundle["streams"]
    ]
    said = (
        ["历史完整性：未检查", "history complete: not checked"]
        if heads is None
        else [
            f"日志索引承诺：规模 {heads.size:,}（{beijing(heads.at)}）时，末条即最后一条",
            f"the log's index commits: at size {heads.size:,} the matter's streams ended so",
        ]
    )
    return Group(
        "完整性",
        "Completeness",
        [
            Row(
                "序列连续性",
                "Chain of events",
                [
                    "每条记录含前一条的摘要，所示范围如下（由验证工具核对）：",
                    "each entry holds the digest of the one before; ranges (a verifier checks):",
                    *chains,
                ],
            ),
            Row("历史完整性", "Whole history", said),
        ],
    )


def _checking(files: Mapping[str, bytes], bundle: Bundle) -> Group:
    steps = [f"{n}. {each['zh']}" for n, each in enumerate(DATA["steps"], 1)]
    steps += [f"{n}. {each['en']}" for n, each in enumerate(DATA["steps"], 1)]
    verifier, page = files[names.VERIFIER], bundle["verify_html"]
    return Group(
        "验证方法",
        "How to check",
        [
            Row("五步验证", "Five steps", steps),
            Row("verify.py SHA-256", "", [grouped(sha256_hex(verifier))], is_digest=True),
            Row("verify.py SM3", "", [grouped(sm3_hex(verifier))], is_digest=True),
            Row("verify.html SHA-256", "", [grouped(page["sha256"])], is_digest=True),
            Row("verify.html SM3", "", [grouped(page["sm3"])], is_digest=True),
        ],
    )


def _lists() -> list[dict[str, Any]]:
    """Return what is proven and what is not, from the one source that all views have."""
    return [
        {
            "title": [DATA["titles"][name]["zh"], DATA["titles"][name]["en"]],
            "items": [[each["id"], each["zh"], each["en"]] for each in DATA[name]],
        }
        for name in ("proves", "does_not_prove")
    ]


def _foot(issued: Issued, digest: str) -> list[dict[str, Any]]:
    seal = issued.seal
    said = [printable(seal.subject), f"{printable(seal.issuer)}，序列号 / serial {seal.serial}"]
    if seal.is_test:
        said.insert(0, "测试签章 / TEST ONLY")
    rows = [
        Row("清单摘要 SHA-256", "of bundle.json", [grouped(digest)], is_digest=True),
        Row(
            "清单摘要 SM3",
            "of bundle.json",
            [grouped(sm3_hex(issued.files[names.BUNDLE]))],
            is_digest=True,
        ),
        Row(
            "附件",
            "Attachment",
            ["bundle.json 附于本 PDF；摘要如上 / is attached to this PDF; digests above"],
        ),
        Row("电子签章", "Electronic seal", said),
    ]
    return [each.to_json() for each in rows]
