"""Draws the growth of the stream index, from what ``xiyou bench index --json`` has printed.

    xiyou bench index --json > index.json
    python -m scripts.bench.curve index.json docs/stream-index.svg

One panel a figure over entries in powers of ten, each with its target as a dashed line.
``tests/scripts/bench/test_curve.py``.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from math import log10
from pathlib import Path
from typing import Any, Final, NamedTuple
from xml.sax.saxutils import escape


class Panel(NamedTuple):
    """What one panel shows."""

    name: str
    title: str
    target: float
    at_least: bool


PANELS: Final = (
    Panel("index_events_per_s", "entries indexed per second", 50_000, at_least=True),
    Panel("memory_mb", "memory of the process, MB at its peak", 300, at_least=False),
    Panel("proof_bytes", "bytes of a completeness proof, the largest", 24 * 1024, at_least=False),
    Panel("prove_ms", "milliseconds to make one, median", 20, at_least=False),
    Panel("check_ms", "milliseconds to verify one, median", 10, at_least=False),
    Panel("ranges", "ranges of the cover", 512, at_least=False),
)
WIDTH, HEIGHT, COLUMNS = 340, 190, 2
LEFT, RIGHT, TOP, BOTTOM = 62, 14, 34, 28
SVG: Final = "http://www.w3.org/2000/svg"
STYLE: Final = (
    "text{font:11px sans-serif;fill:#333}.t{font-weight:bold}.l{fill:none;stroke:#1f5fa8;"
    "stroke-width:2}.p{fill:#1f5fa8}.g{stroke:#ddd}.x{stroke:#b23;stroke-dasharray:5 4}"
)


def picture(facts: Mapping[str, Any]) -> str:
    """Return the picture of a bench's ``curve``, as SVG.

    Args:
        facts: what the bench has printed.
    """
    curve: Sequence[Mapping[str, float]] = facts["curve"]
    rows = -(-len(PANELS) // COLUMNS)
    width, height = WIDTH * COLUMNS, HEIGHT * rows + 24
    parts = [
        f'<svg xmlns="{SVG}" viewBox="0 0 {width} {height}" width="{width}" role="img">',
        f"<title>{escape(_title(curve))}</title><style>{STYLE}</style>",
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
    ]
    for number, panel in enumerate(PANELS):
        x, y = number % COLUMNS * WIDTH, number // COLUMNS * HEIGHT
        parts += [f'<g transform="translate({x} {y})">', *_panel(panel, curve), "</g>"]
    floor = facts["floors"]["sha256_rows_per_s"]["median"]
    words = f"{_title(curve)}; dashed: the target; floor of the run: {floor:,.0f} SHA-256/s"
    parts += [f'<text x="{LEFT}" y="{height - 8}">{escape(words)}</text>', "</svg>", ""]
    return "\n".join(parts)


def _title(curve: Sequence[Mapping[str, float]]) -> str:
    return f"stream index from {curve[0]['entries']:,} to {curve[-1]['entries']:,} entries"


def _panel(panel: Panel, curve: Sequence[Mapping[str, float]]) -> list[str]:
    values = [each[panel.name] for each in curve]
    top = max(*values, panel.target) * 1.12
    xs = [log10(each["entries"]) for each in curve]
    first, last = xs[0], max(xs[-1], xs[0] + 1)

    def place(x: float, value: float) -> tuple[float, float]:
        across = LEFT + (x - first) / (last - first) * (WIDTH - LEFT - RIGHT)
        return round(across, 1), round(HEIGHT - BOTTOM - value / top * (HEIGHT - TOP - BOTTOM), 1)

    parts = [f'<text class="t" x="{LEFT}" y="20">{escape(panel.title)}</text>']
    for value in (0.0, panel.target):
        across, down = place(first, value)
        style = "x" if value else "g"
        parts.append(f'<path class="{style}" d="M{across} {down}H{WIDTH - RIGHT}"/>')
        parts.append(
            f'<text x="{across - 6}" y="{down + 4}" text-anchor="end">{_short(value)}</text>'
        )
    points = [place(x, value) for x, value in zip(xs, values, strict=True)]
    line = " ".join(f"{across},{down}" for across, down in points)
    parts.append(f'<polyline class="l" points="{line}"/>')
    for (across, down), x, value in zip(points, xs, values, strict=True):
        parts.append(f'<circle class="p" cx="{across}" cy="{down}" r="3"/>')
        end = "end" if x == xs[-1] else "start" if x == xs[0] else "middle"
        parts.append(
            f'<text x="{across}" y="{down - 7}" text-anchor="{end}">{_short(value)}</text>'
        )
        exponent = f'10<tspan dy="-4" font-size="8">{x:.0f}</tspan>'
        low = HEIGHT - BOTTOM + 16
        parts.append(f'<text x="{across}" y="{low}" text-anchor="{end}">{exponent}</text>')
    return parts


def _short(value: float) -> str:
    if value >= 10_000:  # noqa: PLR2004 — from there on the last digits say nothing
        return f"{value / 1000:,.0f}k"
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.2g}"  # noqa: PLR2004 — likewise


def main(arguments: Sequence[str]) -> None:
    """Read the bench's output, and write the picture."""
    source, target = map(Path, arguments)
    target.write_text(picture(json.loads(source.read_text(encoding="utf-8"))), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
