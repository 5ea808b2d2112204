"""The command ``xiyou``: a table of names, and the one place where errors become exit codes.

A command's module is imported when the command is called, so that `xiyou verify` starts
without a database driver. Every command returns an `Outcome`; what it prints and with which
code it ends is decided here. Proved by ``tests/scripts/test_command.py``.
"""

import os
import sys
import traceback
from collections.abc import Sequence
from difflib import get_close_matches
from importlib import import_module
from json import dumps
from typing import Final, NamedTuple

from scripts.outcome import Exit, InputError, Outcome, failure


class Listed(NamedTuple):
    """A command of the table."""

    module: str
    """Its ``app`` takes the arguments that follow the name."""

    what: str


COMMANDS: Final[dict[str, Listed]] = {
    "demo": Listed("scripts.demo", "Trade, record, publish, and check the result: all in one run."),
    "log": Listed("scripts.log", "Look at the log: its head, an entry, a stream's history."),
    "proof": Listed("scripts.proof", "Write the tlog-proof of an entry."),
    "policy": Listed("scripts.policy", "Write the tlog-policy that a verifier of this log needs."),
    "verify": Listed("scripts.verify", "Check a proof or an evidence package offline."),
    "evidence": Listed("scripts.evidence", "Export an evidence package that a court can check."),
    "certificate": Listed("scripts.certificate", "Check, show and list the badges of merchants."),
    "reviews": Listed("scripts.reviews", "Show which merchants wait for a reviewer, and how long."),
    "replay-ruling": Listed(
        "scripts.replay_ruling", "Make a dispute's rulings again from the log: same or different?"
    ),
    "disputes": Listed("scripts.disputes", "Figures of disputes: how long they take."),
    "audit": Listed("scripts.audit", "Recompute the whole log; name the first thing wrong."),
    "receipts": Listed(
        "scripts.receipts", "Write what a party may keep: its entries and their proofs."
    ),
    "stamp": Listed("scripts.stamp", "Have the published checkpoint stamped with the time."),
    "misbehaviour": Listed(
        "scripts.misbehaviour", "Prove that a log has signed two contradicting checkpoints."
    ),
    "feed": Listed("scripts.feed", "Follow a feed and prove it complete; make its daily files."),
    "webhooks": Listed("scripts.webhooks", "Register endpoints, and call them, until stopped."),
    "keys": Listed("scripts.keys", "Rotate the vault's master key; rewrap the data keys."),
    "erase": Listed("scripts.erase", "Destroy a person's data once no duty to keep them runs."),
    "publish": Listed("scripts.publish", "Sign and publish what is new, until stopped."),
    "index": Listed(
        "scripts.index", "Commit to where each stream ends, and prove it: nothing left out."
    ),
    "follow": Listed("scripts.follow", "Do what policies and timers ask for, until stopped."),
    "views": Listed("scripts.views", "Follow the log with the views; list them; build one anew."),
    "work": Listed("scripts.work", "Views, index, webhooks, policies and timers, in one process."),
    "serve": Listed("scripts.serve", "Serve the log, goods and orders over HTTP."),
    "clients": Listed("scripts.clients", "Make, list and revoke the API's clients."),
    "token": Listed("scripts.token", "Sandbox: a token of a made-up person, to try the API with."),
    "import": Listed("scripts.import_keys", "Bring a file of raw keys into stock, and check it."),
    "sandbox": Listed("scripts.sandbox", "Play the outside parties, for trying out."),
    "pay": Listed("scripts.counter", "Sandbox: pay a payment as its buyer would."),
    "witness": Listed("scripts.witness", "Watch logs, and cosign what is consistent."),
    "authority": Listed(
        "scripts.authority", "Play a time-stamp authority, for trying out: TEST ONLY."
    ),
    "config": Listed("scripts.config", "Check the settings without starting anything."),
    "doctor": Listed("scripts.doctor", "Check the deployment: what is wrong, why, and the remedy."),
    "errors": Listed("scripts.errors", "Write the page of error codes."),
    "schemas": Listed("scripts.schemas", "Publish the JSON Schema of every event type."),
    "migrate": Listed("scripts.schema", "Bring the database's schema up to date."),
    "bench": Listed("scripts.benchmarks", "Measure against floors of the same run."),
}

EXIT_CODES: Final = """\
Every command has --json (one object on stdout) and --help. Exit codes:
  0  good
  1  untrue: a verification failed, or an audit found something
  2  malformed: an argument, a file or a setting
  3  refused: a rule, a conflict, or somebody else is doing it
  4  environment: database, server, disk or files out of reach
  5  a fault of this program; 130  stopped by hand"""


def overview() -> str:
    """Return the help of the whole command."""
    lines = [f"  {name:<14}{listed.what}" for name, listed in COMMANDS.items()]
    return "\n".join(
        [
            "Usage: xiyou COMMAND [ARGUMENTS]",
            "",
            "Record every step of a trade in a Merkle log that anyone can check.",
            "",
            "Commands:",
            *lines,
            "",
            EXIT_CODES,
        ]
    )


def run(arguments: Sequence[str]) -> Outcome:
    """Carry out the command that *arguments* name; nothing it raises gets out."""
    try:
        return _dispatch(list(arguments))
    except SystemExit as ended:
        return Outcome(code=Exit(int(ended.code or 0)))
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 — the last stop of every error
        if os.environ.get("XIYOU_DEBUG") == "1":
            traceback.print_exc()
        return failure(error)


def _dispatch(arguments: list[str]) -> Outcome:
    name, rest = (arguments[0], arguments[1:]) if arguments else ("--help", [])
    if name in ("--help", "-h", "help"):
        return Outcome({"ok": True, "commands": list(COMMANDS)}, overview())
    if name == "--version":
        from importlib.metadata import version  # noqa: PLC0415 — slow, and seldom asked for

        number = version("xiyou-ledger")
        return Outcome({"ok": True, "version": number}, f"xiyou {number}")
    if name not in COMMANDS:
        near = get_close_matches(name, COMMANDS, n=1)
        remedy = f"did you mean {near[0]}?" if near else "xiyou --help lists them"
        raise InputError(f"{name}: there is no such command: {remedy}")
    app = import_module(COMMANDS[name].module).app
    answer = app(rest, prog_name=f"xiyou {name}", standalone_mode=False)
    if answer == Exit.STOPPED:
        raise KeyboardInterrupt
    # Help has printed for itself.
    return answer if isinstance(answer, Outcome) else Outcome(code=Exit(answer or 0))


def main() -> None:
    """Run the command line and end the process with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that lacks a character must not end a command.
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    arguments = sys.argv[1:]
    outcome = run(arguments)
    try:
        if "--json" in arguments and outcome.facts:
            print(dumps(outcome.facts, ensure_ascii=False))  # noqa: T201 — the answer
        elif outcome.words:
            failed = "error" in outcome.facts or outcome.words.startswith("error: ")
            print(outcome.words, file=sys.stderr if failed else sys.stdout)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader has seen enough, as `head` has; the outcome stands.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(outcome.code)


if __name__ == "__main__":
    main()
