"""``xiyou witness``: watch logs, and cosign what is consistent with all that was seen before.

For a court, a regulator or an association: it needs no database, and nothing of the log's
operator but the log's public keys. Proved by ``tests/scripts/test_witness.py``.
"""

import secrets
import signal
import socket
import sys
import threading
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
import uvicorn

from api.witness import create_witness_app
from chain.errors import MalformedError
from chain.quorum import Policy
from chain.store.witness import (
    CHECKED,
    KINDS,
    LOGS,
    Check,
    Witness,
    create_witness,
    log_folder,
    read_witness_key,
    watch_log,
    watched_logs,
)
from scripts.companion import Companion
from scripts.options import Json
from scripts.outcome import InputError, Outcome
from scripts.stopping import await_end_of_input

if TYPE_CHECKING:
    from scripts.checking import Checking

app = typer.Typer(
    help="Watch logs, and cosign what is consistent with all that was seen before.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

KIND_NAMES = {"ed25519": KINDS[0], "ml-dsa-44": KINDS[1]}

WitnessHome = Annotated[
    Path,
    typer.Option("--home", help="Folder of the witness: its key and its memory.", file_okay=False),
]
DEFAULT_HOME = Path.home() / ".xiyou-witness"


@app.command()
def make(
    name: Annotated[str, typer.Argument(help="Its name, such as witness.court.example/2026.")],
    home: WitnessHome = DEFAULT_HOME,
    *,
    kind: Annotated[str, typer.Option(help="ed25519 or ml-dsa-44.")] = "ed25519",
    check_index: Annotated[
        bool,
        typer.Option(
            "--check-index",
            help=f"One that checks all entries: {CHECKED} goes behind its name.",
        ),
    ] = False,
    as_json: Json = False,
) -> Outcome:
    """Make a witness: its key, and an empty memory. Hand out the vkey that it prints."""
    del as_json
    if check_index and not name.endswith(CHECKED):
        name += CHECKED
    if kind not in KIND_NAMES:
        raise InputError(f"--kind {kind}: write one of {', '.join(KIND_NAMES)}")
    try:
        key = create_witness(home, name, secrets.token_bytes, KIND_NAMES[kind])
    except FileExistsError:
        raise InputError(f"{home}: there is a witness already; name another --home") from None
    return Outcome({"ok": True, "home": str(home), "vkey": key.text()}, key.text())


@app.command()
def watch(
    policy: Annotated[Path, typer.Argument(help="A tlog-policy of the log; see xiyou policy.")],
    home: WitnessHome = DEFAULT_HOME,
    *,
    as_json: Json = False,
) -> Outcome:
    """Watch the logs that a policy names, from the next start on."""
    del as_json
    read_witness_key(home)
    try:
        logs = Policy.parse(policy.read_bytes()).logs
    except OSError as error:
        raise InputError(f"{policy}: cannot be read: {error.strerror}") from None
    except MalformedError as error:
        raise MalformedError(f"{policy}: {error}; xiyou policy writes one") from None
    origins = list(dict.fromkeys(log.key.name for log in logs))
    added = []
    for origin in origins:
        keys = tuple(log.key for log in logs if log.key.name == origin)
        try:
            added.append(watch_log(home, keys))
        except FileExistsError:
            continue
    known = [origin for origin in origins if origin not in added]
    words = [f"{origin}: is watched" for origin in added]
    words += [f"{origin}: was watched already" for origin in known]
    return Outcome({"ok": True, "added": added, "known": known}, "\n".join(words))


@app.command()
def serve(
    home: WitnessHome = DEFAULT_HOME,
    *,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(help="Port to listen on; 0 takes a free one.", min=0, max=65_535)
    ] = 8_010,
    check_index: Annotated[
        str | None,
        typer.Option(
            "--check-index",
            help="Check all entries and the stream index; where they are published: URL or folder.",
            metavar="SOURCE",
        ),
    ] = None,
    with_parent: Annotated[
        bool, typer.Option(hidden=True, help="Stop when standard input ends.")
    ] = False,
    as_json: Json = False,
) -> Outcome:
    """Serve the witness protocol until stopped. Says its port on the first line of its output.

    With --check-index it first catches up with what is published, and then cosigns nothing
    under which a key is sold twice, money is made, a stream goes on after its end, or the
    stream index is another than the entries make.
    """
    del as_json
    check: Check | None = None
    with ExitStack() as stack:
        checking = stack.enter_context(_checking(home, check_index)) if check_index else None
        _check_name(home, checks=checking is not None)
        if checking is not None:
            check = checking.check
        witness = stack.enter_context(Witness(home, lambda: datetime.now(UTC), check=check))
        if checking is not None:
            said = checking.catch_up()
            if not with_parent:
                _say(said)
        config = uvicorn.Config(
            create_witness_app(witness),
            log_level="warning",
            access_log=False,
            limit_concurrency=64,
        )
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: None)
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        # It listens from here on: who reads the port may connect at once.
        with socket.create_server((host, port), family=family) as door:
            bound = door.getsockname()[1]
            print(bound, flush=True)  # noqa: T201 — the answer that a starter waits for
            if not with_parent:
                _say(f"{witness.key.name} watches {len(witness.logs)} logs")
            server = uvicorn.Server(config)
            if with_parent:
                # The pipe's other end closes with our parent, however that ends.
                threading.Thread(target=_stop_with_input, args=(server,), daemon=True).start()
            server.run([door])
    return Outcome({}, "stopped")


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)  # noqa: T201 — progress


def _checking(home: Path, source: str) -> "Checking":
    """Return what checks the one log that the witness in *home* watches.

    Raises:
        InputError: it watches none, or several.
    """
    from scripts.checking import Checking  # noqa: PLC0415 — a plain witness knows no business

    logs = watched_logs(home)
    if len(logs) != 1:
        raise InputError(
            f"--check-index: {home} watches {len(logs)} logs: a checking witness watches one;"
            " xiyou witness watch names it"
        )
    ((origin, keys),) = logs.items()
    return Checking(home / LOGS / log_folder(origin) / "checked", keys, source)


def _check_name(home: Path, *, checks: bool) -> None:
    """Check that the key's name says what its cosignatures mean.

    Raises:
        InputError: it does not.
    """
    name = read_witness_key(home).name
    if checks and not name.endswith(CHECKED):
        raise InputError(
            f"--check-index: {name} is a witness that checks no entries: make one with"
            " xiyou witness make --check-index"
        )
    if not checks and name.endswith(CHECKED):
        raise InputError(f"{name}: its key is for checked entries: serve it with --check-index")


def _stop_with_input(server: uvicorn.Server) -> None:
    await_end_of_input()
    server.should_exit = True


class WitnessProcess(Companion):
    """A witness that serves in a process of its own and ends with us. A context manager.

    Args:
        home: of a witness that `create_witness` has made.
        port: where it listened before it was stopped, to take its place; 0 for any.
        check_index: of a checking witness: where the log's entries are published.

    Raises:
        ChildProcessError: it has not started.
    """

    def __init__(self, home: Path, port: int = 0, check_index: object = None) -> None:
        self.home = home
        self.vkey = read_witness_key(home).verifier_key
        checks = () if check_index is None else ("--check-index", check_index)
        super().__init__(
            "witness", "serve", "--with-parent", "--home", home, "--port", port, *checks
        )
        self.url = f"http://127.0.0.1:{self.port}"

    def freeze(self) -> None:
        """Let it stand still: it takes connections and answers none."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._process.send_signal(signal.SIGCONT)


@app.command()
def head(home: WitnessHome = DEFAULT_HOME, *, as_json: Json = False) -> Outcome:
    """Show the witness's key, and what it has cosigned last of every log; while it is stopped."""
    del as_json
    logs: list[dict[str, Any]] = []
    with Witness(home, lambda: datetime.now(UTC)) as witness:
        for origin in watched_logs(home):
            latest = witness.latest(origin)
            logs.append({"origin": origin, "size": None if latest is None else latest.size})
            checked = home / LOGS / log_folder(origin) / "checked"
            if checked.is_dir():
                from scripts.checking import checked_facts  # noqa: PLC0415 — as in `_checking`

                logs[-1] |= checked_facts(checked)
        vkey = witness.key.verifier_key.text()
    words = [vkey, *(f"  {each['origin']}: {each['size'] or 'nothing yet'}" for each in logs)]
    words += [f"  refused for ever: {each['broken']}" for each in logs if each.get("broken")]
    return Outcome({"ok": True, "vkey": vkey, "logs": logs}, "\n".join(words))
