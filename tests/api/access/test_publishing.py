"""The page of the matrix is what the data says."""

from api.access.publishing import authorization_page
from tests.test_tidy import ROOT


def test_the_page_is_true() -> None:
    page = (ROOT / "docs" / "authorization.md").read_text(encoding="utf-8")
    assert page == authorization_page(), "python -m api.access.publishing > docs/authorization.md"
