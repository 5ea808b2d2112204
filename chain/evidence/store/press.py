"""Setting a page: typst, with our font alone, so that the same content gives the same bytes.

What is printed goes in as data, so that no text of a package is ever read as markup; nothing
is fetched, and no font of the machine is used. Proved by
``tests/chain/evidence/store/test_press.py``.
"""

from collections.abc import Mapping
from functools import cache
from importlib.resources import as_file, files
from io import BytesIO
from typing import Any, Final

import orjson
import segno
import typst

from chain.entry import parse_at
from chain.evidence import names
from chain.evidence.paper.certificate import Issued, certificate_of
from chain.evidence.paper.record import record_of
from chain.evidence.paper.text import BEIJING

PAPER: Final = "chain.evidence.paper"


def print_certificate(issued: Issued) -> bytes:
    """Return the certificate of *issued* as a PDF with ``bundle.json`` attached, not sealed yet.

    Raises:
        Fault: the package is not in its format.
        Unchecked: it is of a format that this program does not know.
    """
    content = certificate_of(issued)
    bundle = issued.files[names.BUNDLE]
    inputs = {"bundle": bundle.decode(), "qr": _qr(content["qr"])}
    return _set("certificate.typ", content, inputs)


def print_record(package: Mapping[str, bytes]) -> bytes:
    """Return the extraction record in the files of *package* as a PDF to be signed by hand.

    Raises:
        Fault: the package is not in its format.
        Unchecked: it is of a format that this program does not know.
    """
    return _set("record.typ", record_of(package), {})


def _set(template: str, content: Mapping[str, Any], inputs: Mapping[str, str]) -> bytes:
    at = parse_at(content["at"])
    date = {name: getattr(at.astimezone(BEIJING), name) for name in _DATE}
    pdf = typst.compile(
        files(PAPER).joinpath(template).read_bytes(),
        font_paths=_fonts(),
        sys_inputs={"content": _spelt({**content, "date": date}), **inputs},
        format="pdf",
        pdf_standards=["a-3b"],
        timestamp=int(at.timestamp()),
    )
    assert isinstance(pdf, bytes)  # noqa: S101 — one document, no pages of their own
    return pdf


_DATE: Final = ("year", "month", "day", "hour", "minute", "second")


@cache
def _fonts() -> typst.Fonts:
    with as_file(files(PAPER)) as folder:
        return typst.Fonts(include_system_fonts=False, font_paths=[str(folder)])


def _qr(text: str) -> str:
    drawn = BytesIO()
    segno.make(text, error="m", micro=False).save(drawn, kind="svg", border=4, xmldecl=False)
    return drawn.getvalue().decode()


def _spelt(value: object) -> str:
    return orjson.dumps(value).decode()
