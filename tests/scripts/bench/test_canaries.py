"""A value of each secret class goes everywhere, and is found nowhere (``reliability.md``, 4.3)."""

from collections.abc import Mapping
from typing import Any

import pytest

from scripts.bench.canaries import CLASSES, KINDS, run
from scripts.bench.canary.classes import Typed
from scripts.bench.canary.door import Door


@pytest.fixture(scope="module")
def flown() -> Mapping[str, Any]:
    return run(quick=True)


def test_no_canary_is_found_and_each_planted_control_is(flown: Mapping[str, Any]) -> None:
    assert flown["hits"] == {}
    assert set(flown["planted_in"]) >= KINDS
    assert set(flown["canaries"]) >= CLASSES
    assert {name for name, held in flown["checks"].items() if not held} == set()


def test_routes_and_commands_were_called_with_success_and_with_failure(
    flown: Mapping[str, Any],
) -> None:
    assert flown["statuses"].keys() >= {200, 201, 400, 401, 403, 409, 422}
    assert not [status for status in flown["statuses"] if status >= 500]
    codes = flown["commands"]
    assert (codes["import keys"], codes["evidence export"], codes["doctor"]) == (0, 0, 4)


def test_every_class_of_the_design_is_typed_or_read() -> None:
    typed = Typed.made().by_class()
    assert len(set(typed.values())) == len(typed)
    assert Typed.made().raw_keys != Typed.made().raw_keys


def test_an_answer_that_may_show_a_secret_is_kept_apart() -> None:
    door = Door("http://127.0.0.1:9", {})
    with pytest.raises(OSError, match="refused"):
        door.ask("get", "/livez", shows=True)
    assert door.said == b""
