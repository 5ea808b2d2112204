"""``evidence.md``, 10.1: the extraction record on paper, with places to sign."""

from typing import Any

import pypdfium2

from chain.evidence import names
from chain.evidence.digests import sha256_hex
from chain.evidence.paper.record import record_of
from chain.evidence.paper.text import grouped
from chain.evidence.store.press import print_record
from tests.chain.evidence.certifying import files


def test_it_says_what_the_record_says() -> None:
    content = record_of(files())
    rows = {row["zh"]: row["lines"] for group in content["groups"] for row in group["rows"]}
    assert rows["申请人"] == ["王*，buyer"]
    assert rows["第二人"] == ["staff-9，reviewer"]
    assert rows["检材"] == ["5 条 / entries，1,234 bytes"]
    assert content["steps"][0][1:] == ["写出清单 / write manifest", "done"]
    assert content["digest"] == grouped(sha256_hex(files()[names.CUSTODY]))


def test_it_is_printed_with_places_to_sign() -> None:
    document: Any = pypdfium2.PdfDocument(print_record(files()))
    text = "".join(page.get_textpage().get_text_bounded() for page in document)
    for each in ("签名", "印章", "日期", "Extracted from the log as it stands."):
        assert each in text
