"""How much of the processors each part of a benchmark takes, as the system counts it (Linux)."""

import os
from pathlib import Path

PROC = Path("/proc")
TICKS = os.sysconf("SC_CLK_TCK")


class Processors:
    """Knows the parts: the load (this process), the server, what it has started, PostgreSQL.

    Args:
        postgres: folder of the embedded database.
        server: process id of what is measured.
    """

    def __init__(self, postgres: Path, server: int) -> None:
        found = next(postgres.rglob("postmaster.pid"))
        self._postmaster = int(found.read_text(encoding="ascii").split("\n", 1)[0])
        self._server = server

    def seconds(self) -> dict[str, float]:
        """Return the processor seconds that each part has taken so far."""
        parents, spent = _processes()
        tree = {each: _descendants(parents, each) for each in (self._postmaster, self._server)}
        return {
            "load": spent[os.getpid()],
            "server": spent[self._server],
            "publisher": sum(spent[each] for each in tree[self._server]),
            "postgres": sum(spent[each] for each in (self._postmaster, *tree[self._postmaster])),
        }

    def shares(self, before: dict[str, float], seconds: float) -> dict[str, float]:
        """Return how many processors each part had since *before*, that many *seconds* long."""
        now = self.seconds()
        return {name: round((now[name] - before[name]) / seconds, 2) for name in now}


def _processes() -> tuple[dict[int, int], dict[int, float]]:
    """Return parent, and processor seconds, of every process that can be seen."""
    parents, spent = {}, {}
    for each in PROC.iterdir():
        if each.name.isdigit():
            try:
                fields = (each / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it has just ended
            parents[int(each.name)] = int(fields[1])
            spent[int(each.name)] = (int(fields[11]) + int(fields[12])) / TICKS
    return parents, spent


def _descendants(parents: dict[int, int], ancestor: int) -> list[int]:
    found = [ancestor]
    for each in found:
        found += [child for child, parent in parents.items() if parent == each]
    return found[1:]
