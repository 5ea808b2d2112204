"""Done-when 5: the certificate renders with Chinese text, inside its page; the same bytes twice.

Read here with another library than the one that made it (PDFium, through `pypdfium2`).
"""

from typing import Any

import pypdfium2
import pytest

from chain.evidence import names
from chain.evidence.paper.certificate import Issued
from chain.evidence.store.press import print_certificate
from tests.chain.evidence.certifying import (
    PAGE,
    REAL,
    files,
    of_events,
    of_long_names,
    printed,
    seal_key,
    sealed,
)
from tests.chain.evidence.making import ORDER

MARGIN = 18 / 25.4 * 72
PACKAGES = {"one": lambda: of_events(1), "twenty": lambda: of_events(20), "long": of_long_names}


def text_of(pdf: bytes) -> str:
    document = pypdfium2.PdfDocument(pdf)
    return "\n".join(page.get_textpage().get_text_bounded() for page in document)


def test_it_is_read_in_chinese_and_english() -> None:
    text = text_of(sealed())
    assert "存证证书" in text.replace(" ", "")
    for each in ("Certificate of evidence", "日志标识", "Log origin", "付款", "王*", ORDER):
        assert each in text
    assert "历史完整性：未检查" in text
    assert "测试 TEST ONLY" in text


def test_the_same_package_gives_the_same_bytes() -> None:
    assert print_certificate(Issued(files(), PAGE, seal_key().said())) == printed()


def test_bundle_json_is_attached_byte_for_byte() -> None:
    document: Any = pypdfium2.PdfDocument(sealed())
    assert document.count_attachments() == 1
    attached = document.get_attachment(0)
    assert attached.get_name() == "bundle.json"
    assert bytes(attached.get_data()) == files()[names.BUNDLE]


@pytest.mark.parametrize("name", PACKAGES)
def test_nothing_runs_out_of_the_page(name: str) -> None:
    issued = Issued(PACKAGES[name](), PAGE, REAL)
    document: Any = pypdfium2.PdfDocument(print_certificate(issued))
    for page in document:
        width, height = page.get_size()
        text = page.get_textpage()
        boxes = [text.get_charbox(place) for place in range(text.count_chars())]
        assert boxes
        assert min(left for left, *_ in boxes) >= MARGIN - 6  # a bracket hangs out a little
        assert max(right for _, _, right, _ in boxes) <= width - MARGIN + 1
        assert min(bottom for _, bottom, *_ in boxes) > 0
        assert max(top for *_, top in boxes) < height


def test_every_glyph_is_drawn() -> None:
    """A character that the font lacks would be read back as nothing, or as U+FFFD."""
    text = text_of(print_certificate(Issued(of_long_names(), PAGE, REAL)))
    assert "\ufffd" not in text
    for each in ("堃喆", "争争争", "[U+202E]", "#import <script>", "浙0192民初1号"):
        assert each in text.replace("\ufffe", "").replace("\r\n", "").replace("\n", "")
