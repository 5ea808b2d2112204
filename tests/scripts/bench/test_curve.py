"""The picture of the index's growth: every figure of the bench is in it."""

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from scripts.bench.curve import PANELS, main, picture

CURVE = [
    {
        "entries": 10**n,
        "index_events_per_s": 90_000 - n,
        "memory_mb": 60 + n,
        "proof_bytes": 9_000 + n,
        "prove_ms": 1.5 * n,
        "check_ms": 0.4,
        "ranges": 3 * n,
    }
    for n in range(4, 8)
]
FACTS = {"curve": CURVE, "floors": {"sha256_rows_per_s": {"median": 1_000_000.0}}}


def test_every_figure_is_a_point_of_its_panel() -> None:
    root = ET.fromstring(picture(FACTS))
    points = root.findall(".//{*}circle")
    assert len(points) == len(CURVE) * len(PANELS)
    words = " ".join("".join(each.itertext()) for each in root.findall(".//{*}text"))
    assert all(panel.title in words for panel in PANELS)
    assert "from 10,000 to 10,000,000 entries" in words


def test_more_is_drawn_higher_and_the_target_where_it_belongs() -> None:
    root = ET.fromstring(picture(FACTS))
    memory = root.findall("{*}g")[1]
    heights = [float(each.attrib["cy"]) for each in memory.findall("{*}circle")]
    assert heights == sorted(heights, reverse=True)
    dashed = next(e for e in memory.findall("{*}path") if e.attrib["class"] == "x")
    assert float(dashed.attrib["d"].split()[1].partition("H")[0]) < min(heights)


@pytest.mark.parametrize("count", [1, 2])
def test_a_quick_run_is_drawn_too(tmp_path: Path, count: int) -> None:
    source, target = tmp_path / "index.json", tmp_path / "index.svg"
    source.write_text(json.dumps(FACTS | {"curve": CURVE[:count]}))
    main([str(source), str(target)])
    assert ET.parse(target).getroot().tag.endswith("svg")
