"""``evidence.md``, section 4: what the certificate says, and what it never says."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from chain.evidence import names
from chain.evidence.claims import DATA, published
from chain.evidence.digests import sha256_hex, sm3_hex
from chain.evidence.paper.certificate import Issued, certificate_of, qr_text
from chain.evidence.paper.events import MAX_EVENTS
from chain.evidence.paper.position import Heads, heads_in
from chain.evidence.paper.text import grouped
from chain.store.openssl import has_openssl
from scripts.authority import TestAuthority
from tests.chain.evidence.certifying import (
    PAGE,
    REAL,
    files,
    members,
    of_events,
    of_long_names,
    seal_key,
)
from tests.chain.evidence.making import NUMBER, ORDER, Maker
from tests.chain.evidence.test_stamps import token

ISSUED = Issued(files(), PAGE, REAL)


def said(content: dict[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False).replace("\u200b", "")


def lines(content: dict[str, Any], zh: str) -> list[str]:
    """Return the lines of the first row of that name."""
    rows = [*content["head"], *(row for g in content["groups"] for row in g["rows"])]
    return next(row["lines"] for row in [*rows, *content["foot"]] if row["zh"] == zh)


def test_every_group_of_the_specification_is_there() -> None:
    content = certificate_of(ISSUED)
    assert [each["zh"] for each in content["groups"]] == [
        "当事方与事项",
        "事件序列",
        "日志位置与见证",
        "时间戳（令牌自载内容）",
        "完整性",
        "遮蔽项",
        "适用规则",
        "系统与提取",
        "验证方法",
    ]
    assert lines(content, "证据编号") == [NUMBER]
    assert lines(content, "订单号") == [ORDER]
    assert lines(content, "出证时间") == [
        "2026-11-22 18:00:05.000000 +08:00",
        "2026-11-22 10:00:05.000000 UTC",
    ]
    assert lines(content, "见证方与签署时间")[0].startswith("witness.example/w1：2026-11-22")


def test_digests_are_those_of_the_files() -> None:
    content, bundle = certificate_of(ISSUED), files()[names.BUNDLE]
    assert lines(content, "清单摘要 SHA-256") == [grouped(sha256_hex(bundle))]
    assert lines(content, "清单摘要 SM3") == [grouped(sm3_hex(bundle))]
    assert lines(content, "verify.py SHA-256") == [grouped(sha256_hex(published("verify.py.txt")))]
    assert lines(content, "verify.html SM3") == [grouped(sm3_hex(published("verify.html")))]
    event = content["events"]["items"][1]
    entry = files()[names.entry_name(2)]
    assert (event["index"], event["sha256"]) == ("2", grouped(sha256_hex(entry)))


def test_what_is_proven_and_what_is_not_comes_from_the_one_source() -> None:
    proves, limits = certificate_of(ISSUED)["lists"]
    assert proves["items"] == [[e["id"], e["zh"], e["en"]] for e in DATA["proves"]]
    assert limits["items"] == [[e["id"], e["zh"], e["en"]] for e in DATA["does_not_prove"]]


@pytest.mark.parametrize(
    "word",
    ["区块链存证", "上链", "不可篡改", "司法认可", "immutable", "100 %", "绿色通过"],
)
def test_no_word_is_printed_that_promises_too_much(word: str) -> None:
    assert word not in said(certificate_of(ISSUED))


def test_no_verdict_is_printed() -> None:
    """The steps explain the colours; nothing says which of them this package has."""
    content = certificate_of(ISSUED)
    for group in content["groups"]:
        for row in group["rows"]:
            if row["zh"] != "五步验证":
                assert not any(word in str(row) for word in ("绿", "黄", "红", "green", "verified"))


def test_completeness_is_not_checked_unless_the_log_commits_to_heads() -> None:
    assert lines(certificate_of(ISSUED), "历史完整性") == [
        "历史完整性：未检查",
        "history complete: not checked",
    ]
    heads = Heads(512, "2026-11-22T12:00:00.000000Z")
    told = lines(certificate_of(replace(ISSUED, heads=heads)), "历史完整性")
    assert "512" in told[0]
    assert "2026-11-22 20:00:00.000000 +08:00" in told[0]
    assert "not checked" not in str(told)


def test_a_package_without_a_head_index_commits_to_no_heads() -> None:
    assert heads_in(files()) is None


def test_a_test_seal_is_called_one_and_a_real_one_is_not() -> None:
    real = certificate_of(ISSUED)
    assert real["warning"] is None
    assert lines(real, "电子签章")[0] == "CN=某平台,O=某公司"
    test = certificate_of(replace(ISSUED, seal=seal_key().said()))
    assert "TEST ONLY" in test["warning"][0]
    assert lines(test, "电子签章")[0] == "测试签章 / TEST ONLY"


def test_hidden_values_are_told_with_reason_and_basis_and_never_with_the_value() -> None:
    content = certificate_of(ISSUED)
    assert lines(content, "已删除")[1] == "删除事件序号 / erasure event at index 4"
    assert lines(content, "未披露")[1] == "依据 / basis：not asked for"
    assert "buyer@example.com" not in said(content)


def test_the_qr_leads_to_the_page_and_keeps_the_digest_from_the_server() -> None:
    text = qr_text(PAGE, NUMBER, b"{}")
    page, _, rest = text.partition("#")
    assert page == PAGE
    assert rest == f"n={NUMBER}&b=RBNvo1WzZ4oRRq0W9-hknpT7T8If536DEMBg9hyq_4o"


def test_many_events_end_with_how_many_more_there_are() -> None:
    content = certificate_of(Issued(of_events(MAX_EVENTS + 3), PAGE, REAL))
    assert len(content["events"]["items"]) == MAX_EVENTS
    assert content["events"]["more"] == 3


def test_what_a_package_says_is_spelt_so_that_nothing_hides() -> None:
    text = said(certificate_of(Issued(of_long_names(), PAGE, REAL)))
    assert "[U+202E][U+20BB7]堃喆" in text
    assert "\u202e" not in text


@pytest.mark.skipif(not has_openssl(), reason="openssl is not on this machine")
def test_tokens_are_told_with_authority_and_label_and_date_the_entries(tmp_path: Path) -> None:
    authority = TestAuthority.create(tmp_path / "authority", datetime.now(UTC))
    maker = Maker()
    note = maker.log.note(5)
    package = members(replace(maker, others={"stamps/000000000005.tsr": token(authority, note)}))
    package[names.ISSUE_STAMP] = token(authority, b"of another package")
    content = certificate_of(Issued(package, PAGE, REAL))
    stamps = next(g for g in content["groups"] if g["en"].startswith("Time stamps"))["rows"]
    assert stamps[0]["lines"] == ["令牌与所述内容不符 / the token is over other bytes"]
    assert stamps[1]["lines"][0].startswith("测试 TEST ONLY")
    assert "O=TEST ONLY" in stamps[1]["lines"][1]
    assert all(each["dated"].endswith("+08:00 TEST") for each in content["events"]["items"])
