"""What every benchmark says of the machine, and how it sums up its rounds.

The machines are shared and noisy: a figure stands beside a floor that was measured in the
same run, in turns, and is judged by the ratio of the two medians (``reliability.md`` 6.1).
"""

import os
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from time import perf_counter

from chain.store.database import Database


def machine(database: Database | None = None) -> dict[str, object]:
    """Return what a reader of figures must know of this machine."""
    facts: dict[str, object] = {
        "cores": os.cpu_count(),
        "load_before": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
    }
    if database is not None:
        with database.connection() as connection:
            for name in ("server_version", "fsync", "synchronous_commit", "full_page_writes"):
                row = connection.execute("SELECT current_setting(%s)", [name]).fetchone()
                facts[f"postgres_{name}"] = row and row[0]
    return facts


def timed(work: Callable[[], object]) -> float:
    """Return the seconds that *work* takes."""
    began = perf_counter()
    work()
    return perf_counter() - began


@dataclass
class Rounds:
    """Figures by name, one a round."""

    figures: dict[str, list[float]] = field(default_factory=dict)

    def add(self, name: str, figure: float) -> None:
        """Keep *figure* as one more round of *name*."""
        self.figures.setdefault(name, []).append(figure)

    def median(self, name: str) -> float:
        """Return the median of all rounds of *name*."""
        return median(self.figures[name])

    def summary(self, names: Sequence[str]) -> dict[str, dict[str, float]]:
        """Return median, least and greatest of each of *names*."""
        return {
            name: {
                "median": round(self.median(name), 1),
                "min": round(min(self.figures[name]), 1),
                "max": round(max(self.figures[name]), 1),
            }
            for name in names
        }

    def ratios(self, pairs: Mapping[str, tuple[str, str]]) -> dict[str, float]:
        """Return, for each name in *pairs*, the ratio of two medians."""
        return {
            name: round(self.median(figure) / self.median(floor), 3)
            for name, (figure, floor) in pairs.items()
        }
