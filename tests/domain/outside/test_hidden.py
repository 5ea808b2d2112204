"""A hidden text is shown to nobody who does not ask for it by name."""

import copy
import json
import pickle

import pytest

from domain.outside.hidden import Hidden

SECRET = "张三丰 110101"


@pytest.mark.parametrize("show", [repr, str, "{}".format, "%s".__mod__, lambda it: repr([it])])
def test_no_way_of_showing_it_shows_it(show: object) -> None:
    assert SECRET not in show(Hidden(SECRET))  # type: ignore[operator]


@pytest.mark.parametrize("carry", [pickle.dumps, copy.copy, copy.deepcopy, json.dumps])
def test_nothing_carries_it_away(carry: object) -> None:
    with pytest.raises(TypeError):
        carry(Hidden(SECRET))  # type: ignore[operator]


def test_equal_texts_are_equal_and_the_text_is_there_for_whoever_asks() -> None:
    assert Hidden(SECRET) == Hidden(SECRET)
    assert hash(Hidden(SECRET)) == hash(Hidden(SECRET))
    assert Hidden(SECRET) != Hidden("another")
    assert Hidden(SECRET) != SECRET
    assert Hidden(SECRET).reveal() == SECRET
