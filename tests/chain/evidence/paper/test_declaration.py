"""``evidence.md``, 10.2: the template's limits are those of every other view."""

from pathlib import Path

from chain.evidence.claims import DATA

TEMPLATE = (Path(__file__).parents[4] / "docs/declaration.md").read_text("utf-8")


def test_the_limits_are_those_of_the_one_source() -> None:
    listed = [line[2:] for line in TEMPLATE.splitlines() if line.startswith("- N")]
    assert listed == [f"{e['id']} {e['zh']} / {e['en']}" for e in DATA["does_not_prove"]]


def test_it_warns_of_notice_and_that_authenticity_alone_is_settled() -> None:
    for each in ("given notice", "authenticity alone", "事先通知对方", "只涉及真实性"):
        assert each in TEMPLATE
