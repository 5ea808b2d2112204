"""``xiyou bench NAME``: run a benchmark against floors measured in the same run.

Each is a module of `scripts.bench` with ``run(*, quick) -> dict`` of ``bench``, ``machine``,
``floors``, ``results`` and ``ratios``. Proved by ``tests/scripts/test_command.py``.
"""

from importlib import import_module
from pkgutil import iter_modules
from typing import Annotated, Any

import typer

from scripts import bench as benchmarks
from scripts.options import Json
from scripts.outcome import InputError, Outcome

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def bench(
    name: Annotated[str, typer.Argument(help="Which benchmark, such as append.")],
    *,
    quick: Annotated[bool, typer.Option(help="A small run, to see that it works.")] = False,
    as_json: Json = False,
) -> Outcome:
    """Run a benchmark: ratios against floors of the same run, medians with min and max."""
    del as_json
    names = benchmark_names()
    if name not in names:
        known = ", ".join(names) or "none is installed"
        raise InputError(f"NAME {name!r}: there is no such benchmark: choose from {known}")
    facts: dict[str, Any] = import_module(f"scripts.bench.{name}").run(quick=quick)
    lines = [f"{name}, {'quick' if quick else 'full'}"]
    lines += [f"  {ratio:<32} {value:8.2f}" for ratio, value in facts["ratios"].items()]
    return Outcome(facts, "\n".join(lines))


def benchmark_names() -> list[str]:
    """Return the names of the benchmarks that there are."""
    found = (each.name for each in iter_modules(benchmarks.__path__))
    return sorted(
        name
        for name in found
        if not name.startswith("_") and hasattr(import_module(f"scripts.bench.{name}"), "run")
    )
