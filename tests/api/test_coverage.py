"""Every use case can be had over HTTP, or it stands there why not."""

import re
from collections.abc import Iterator

from api.access.matrix import OPERATIONS
from api.routes.coverage import COVERAGE, Route, Without
from domain import application
from domain.application import Trade


def listed() -> Iterator[str]:
    """Return the use cases that the application's own list names, in its order."""
    for line in (application.__doc__ or "").split("\n\n")[1].splitlines():
        names = line[4:].lstrip() if line.startswith(" " * 17) else line.split(maxsplit=1)[1]
        yield from re.findall(r"[a-z_]+", names)


def test_the_applications_own_list_names_every_use_case() -> None:
    use_cases = {name for name in dir(Trade) if hasattr(getattr(Trade, name), "__wrapped__")}
    use_cases = {name for name in use_cases if not name.startswith("__")}
    assert use_cases <= set(listed())
    assert [name for name in listed() if not callable(getattr(Trade, name, None))] == []


def test_every_use_case_has_an_operation_or_a_reason() -> None:
    assert list(COVERAGE) == list(listed())
    reasons = [each.reason for each in COVERAGE.values() if isinstance(each, Without)]
    assert all(len(each) > 20 for each in reasons)


def test_every_operation_that_is_named_exists() -> None:
    routes = [each for each in COVERAGE.values() if isinstance(each, Route)]
    named = {name for each in routes for name in (each.operation, *each.more)}
    assert named - OPERATIONS.keys() == set()
