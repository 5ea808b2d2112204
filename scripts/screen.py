"""What a long command shows while it works: calm lines, tables, and one line of progress.

Words go to standard output, or to standard error under ``--json``; progress always goes to
standard error, as a bar in a terminal and as a plain line now and then anywhere else.
Nothing needs colours or other characters than ASCII. ``tests/scripts/test_screen.py``.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from textwrap import fill
from time import monotonic

from rich import box
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

WIDTH = 100
LINE_EVERY = 5.0
"""Seconds between two plain lines of progress where there is no terminal."""

Advance = Callable[[float, str], None]
"""Takes how much is done, from 0 to 1, and words such as a count and a rate."""


class Screen:
    """Where one command shows what it does."""

    def __init__(self, *, as_json: bool) -> None:
        self._out = _console(sys.stderr if as_json else sys.stdout)
        self._err = _console(sys.stderr)

    def heading(self, text: str) -> None:
        """Begin a part."""
        self._out.print()
        self._out.print(text, style="bold", highlight=False, markup=False)

    def say(self, text: str) -> None:
        """Say *text*, indented; a line that is too long goes on below."""
        for line in text.splitlines():
            self._out.print(folded(f"  {line}"), highlight=False, markup=False, soft_wrap=True)

    def check(self, *, good: bool, text: str) -> None:
        """Say whether something that was checked is good."""
        mark = "ok" if good else "NOT OK"
        style = "green" if good else "bold red"
        self._out.print(f"  {mark:<6}", style=style, end=" ", highlight=False)
        lines = folded(f"{'':9}{text}", indent=9).removeprefix(" " * 9)
        self._out.print(lines, highlight=False, markup=False, soft_wrap=True)

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Show *rows*; all columns but the first are numbers."""
        table = Table(box=box.ASCII2, show_edge=False, pad_edge=True)
        for number, column in enumerate(columns):
            table.add_column(column, justify="right" if number else "left", no_wrap=True)
        for row in rows:
            table.add_row(*row)
        self._out.print(table, highlight=False, markup=False)

    @contextmanager
    def progress(self, what: str) -> Iterator[Advance]:
        """Show how far *what* is; the block calls what it is given."""
        if self._err.is_terminal:
            with self._bar(what) as advance:
                yield advance
            return
        shown = monotonic()

        def plain(done: float, words: str) -> None:
            nonlocal shown
            if monotonic() - shown >= LINE_EVERY:
                shown = monotonic()
                print(f"  {what}: {done:4.0%}  {words}", file=sys.stderr, flush=True)  # noqa: T201 — progress

        yield plain

    @contextmanager
    def _bar(self, what: str) -> Iterator[Advance]:
        columns = (
            TextColumn("  {task.description}"),
            BarColumn(bar_width=24),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[words]}"),
        )
        with Progress(*columns, console=self._err, transient=True, refresh_per_second=4) as bar:
            task = bar.add_task(what, total=1.0, words="")
            yield lambda done, words: bar.update(task, completed=done, words=words)


def _console(stream: object) -> Console:
    console = Console(file=stream, safe_box=True, emoji=False)  # type: ignore[arg-type]
    if not console.is_terminal:
        console = Console(file=stream, width=WIDTH, safe_box=True, emoji=False)  # type: ignore[arg-type]
    return console


def folded(line: str, *, indent: int = 4) -> str:
    """Return *line* in as many lines as it takes, broken between words only."""
    if len(line) <= WIDTH:
        return line
    return fill(
        line,
        WIDTH,
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
        drop_whitespace=True,
    )


def megabytes(size: int) -> str:
    """Return *size*, in bytes, for people."""
    return f"{size / 1e6:,.1f} MB"
