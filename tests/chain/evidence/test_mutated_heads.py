"""Head indexes changed at random: two verifiers, one report, and never a green untruth.

The long run is `tests.chain.evidence.campaign`.
"""

import json
from functools import cache
from random import Random
from typing import Any

import pytest

from chain.errors import MalformedError
from chain.evidence import names
from tests.chain.evidence import standalone
from tests.chain.evidence.hostile_heads import COVER, indexed, making
from tests.chain.evidence.indexing import Indexing, busy
from tests.chain.evidence.making import TRUST, repaired, report, spelt, verdicts, zipped

ROUNDS = 40
HEAD = names.head_name(3)


@cache
def members() -> dict[str, bytes]:
    return making(indexed()).members()


def changed(value: Any, source: Random) -> Any:  # noqa: ANN401 — JSON
    """Return *value* with one change somewhere inside."""
    if isinstance(value, dict):
        name = source.choice(sorted(value))
        return {**value, name: changed(value[name], source)}
    if isinstance(value, list) and value:
        return _changed_list(value, source)
    if isinstance(value, str) and value:
        place = source.randrange(len(value))
        return value[:place] + source.choice("a0z~ \n") + value[place + source.randrange(2) :]
    if isinstance(value, int):
        return source.choice([value + 1, value - 1, 2 * value, 2**53 - 1, True, None])
    return source.choice([0, 1, "x", []])


def _changed_list(value: list[Any], source: Random) -> list[Any]:
    place = source.randrange(len(value))
    kind = source.randrange(5)
    if kind == 0:
        return value[:place] + value[place + 1 :]
    if kind == 1:
        return [*value, value[place]]
    return [*value[:place], changed(value[place], source), *value[place + 1 :]]


@pytest.mark.parametrize("seed", range(3))
def test_a_changed_head_proof_is_refused_alike(seed: int) -> None:
    source = Random(seed)
    for _ in range(ROUNDS):
        good = json.loads(members()[HEAD])
        bad = changed(good, source)
        found = report(package := zipped(repaired(members() | {HEAD: spelt(bad)})))
        assert standalone.report(package, TRUST) == found
        verdict = verdicts(found)["history_complete"][0]
        assert verdict == ("verified" if bad == good and spelt(bad) == spelt(good) else "failed")


@pytest.mark.parametrize("seed", range(3))
def test_a_log_that_commits_to_something_else_is_refused_alike(seed: int) -> None:
    """Only the lists of types, which say nothing of heads, may differ."""
    source = Random(seed)
    for _ in range(ROUNDS // 2):
        index = Indexing(busy(), cover=COVER)
        good = json.loads(spelt(index.members))
        index.members = changed(index.members, source)
        try:
            package = zipped(making(index.commit()).members())
        except MalformedError:
            continue
        found = report(package)
        assert standalone.report(package, TRUST) == found
        if verdicts(found)["history_complete"][0] == "verified":
            for one, other in zip(index.members["ranges"], good["ranges"], strict=True):
                types = {"types": 0, "type_root": ""}
                assert one | types == other | types
