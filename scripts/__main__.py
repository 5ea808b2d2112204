"""The command ``xiyou``: a table of names, and the one place where errors become exit codes.

A command's module is imported when the command is called, so that `xiyou verify` starts
without a database driver. Every command returns an `Outcome`; what it prints and with which
code it ends is decided here. Proved by ``tests/scripts/test_command.py``.
"""

import os
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version
from json import dumps
from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup

from scripts.outcome import Exit, Outcome, failure

COMMANDS: Final[dict[str, str]] = {
    "demo": "scripts.demo",
    "log": "scripts.log",
    "proof": "scripts.proof",
    "policy": "scripts.policy",
    "verify": "scripts.verify",
    "audit": "scripts.audit",
    "publish": "scripts.publish",
    "serve": "scripts.serve",
    "migrate": "scripts.schema",
    "bench": "scripts.benchmarks",
}
"""Each command's name and the module whose ``app`` it is."""

EXIT_CODES: Final = (
    "Exit codes: 0 good; 1 untrue, or something was found; 2 malformed input; 3 refused;"
    " 4 database, server or files out of reach; 5 a fault of this program."
)


class _Commands(TyperGroup):
    """The commands of the table, each imported when it is asked for."""

    def list_commands(self, ctx: object) -> list[str]:
        """Return the names in the order of the table."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: object, cmd_name: str) -> Any:  # noqa: ANN401 — typer's own class is private
        """Return the command called *cmd_name*, None if there is none."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        command = typer.main.get_command(import_module(COMMANDS[cmd_name]).app)
        command.name = cmd_name
        return command


app = typer.Typer(cls=_Commands, add_completion=False, no_args_is_help=True, rich_markup_mode=None)


def _print_version(wanted: bool) -> None:  # noqa: FBT001 — typer calls it
    if wanted:
        print(f"xiyou {version('xiyou-ledger')}")  # noqa: T201 — what the command is for
        raise typer.Exit


@app.callback(epilog=EXIT_CODES)
def xiyou(
    *,
    show_version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Record every step of a trade in a Merkle log that anyone can check."""
    del show_version


def run(arguments: Sequence[str]) -> Outcome:
    """Carry out the command that *arguments* name; nothing it raises gets out."""
    try:
        answer = app(list(arguments), prog_name="xiyou", standalone_mode=False)
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 — the last stop of every error
        if os.environ.get("XIYOU_DEBUG") == "1":
            traceback.print_exc()
        return failure(error)
    if isinstance(answer, Outcome):
        return answer
    # Help and version have printed for themselves.
    return Outcome(code=Exit(answer or 0))


def main() -> None:
    """Run the command line and end the process with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that lacks a character must not end a command.
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    arguments = sys.argv[1:]
    outcome = run(arguments)
    as_json = "--json" in arguments
    try:
        if as_json and outcome.facts:
            print(dumps(outcome.facts, ensure_ascii=False))  # noqa: T201 — the answer
        elif outcome.words:
            print(outcome.words, file=sys.stderr if "error" in outcome.facts else sys.stdout)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader has seen enough, as `head` has; the outcome stands.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(outcome.code)


if __name__ == "__main__":
    main()
