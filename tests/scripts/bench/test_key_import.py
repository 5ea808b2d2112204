"""Importing killed twice and searched for: the benchmark's quick run, of five thousand keys."""

from tests.scripts.calling import call


def test_the_quick_run_holds_what_the_full_one_promises() -> None:
    called = call("bench", "key_import", "--quick", "--json")
    assert called.code == 0
    facts = called.json
    assert all(facts["checks"].values()), facts["checks"]
    assert len(facts["checks"]) == 6
    assert facts["results"]["known_before"]["median"] >= 2_000
    assert facts["results"]["peak_mb"]["median"] < 400
    assert facts["searched_mb"] > 50
