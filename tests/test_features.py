"""``docs/features.md`` tells the truth: every test that it names is there, and none is left out."""

import re

import pytest

from tests.test_tidy import ROOT

PAGE = (ROOT / "docs" / "features.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| ([A-L][0-9]|T[0-9]{2}) \|(.*)\|$", re.MULTILINE)
FILE = re.compile(r"tests/[\w/]+\.py")
ROWS = {match[1]: match[2] for match in ROW.finditer(PAGE)}
BUILT = [
    *(f"A{number}" for number in range(1, 8)),
    *(f"B{number}" for number in range(1, 8)),
    *(f"C{number}" for number in range(1, 6)),
    *(f"E{number}" for number in range(1, 10)),
    *(f"F{number}" for number in range(1, 9)),
]
REGRESSIONS = [f"T{number:02}" for number in range(1, 33)]
OF_ANOTHER_GROUP = {"T11", "T22", "T30", "T31", "T32"}


@pytest.mark.parametrize("row", [*BUILT, *REGRESSIONS])
def test_every_row_names_a_test_that_is_there_or_says_what_it_needs(row: str) -> None:
    files = FILE.findall(ROWS[row])
    assert [each for each in files if not (ROOT / each).exists()] == []
    if row in OF_ANOTHER_GROUP:
        assert "needs" in ROWS[row]
    else:
        assert files


@pytest.mark.parametrize("row", BUILT)
def test_a_row_s_test_has_its_id(row: str) -> None:
    files = FILE.findall(ROWS[row])
    if row == "F6":
        return  # the evidence package is tested where it is made
    assert all(f"/test_{row.lower()}_" in each for each in files), files


@pytest.mark.parametrize("row", sorted({*REGRESSIONS} - OF_ANOTHER_GROUP))
def test_a_regression_test_says_its_number(row: str) -> None:
    for each in FILE.findall(ROWS[row]):
        text = (ROOT / each).read_text(encoding="utf-8")
        assert re.search(row, text, re.IGNORECASE), each
    told = "".join((ROOT / each).read_text(encoding="utf-8") for each in FILE.findall(ROWS[row]))
    assert re.search(r"[\w.-]+/[\w.-]+#[0-9]+", told), "name the thread that it comes from"


def test_no_test_of_a_row_is_left_out() -> None:
    found = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "tests").rglob("test_*.py")
        if re.match(r"test_[abce][0-9]_", path.name)
    }
    named = {each for row in BUILT for each in FILE.findall(ROWS[row])}
    assert found - named == set()
