"""``xiyou authority``: a time-stamp authority for tests and the demo. It proves nothing.

``evidence.md``, section 7: ``openssl ts`` behind HTTP, on this machine alone. Everything it
makes is labelled TEST ONLY / 测试 in its certificates and by a policy that verifiers know, and
is refused by them unless they are told to take it. Proved by ``tests/chain/test_timestamp.py``.
"""

import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from json import dumps
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Final, Self

import typer
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from chain.store.issuing import YEAR, TestSigner
from chain.store.openssl import run_openssl
from chain.timestamp import QUERY_TYPE, REPLY_TYPE, TEST_POLICY
from scripts.companion import Companion, serve_while_told
from scripts.options import Json
from scripts.outcome import InputError, Outcome

app = typer.Typer(rich_markup_mode=None, add_completion=False)

MAX_QUERY_SIZE: Final = 4_096
ROOT_FILE: Final = "root.pem"
_CONFIGURATION = """\
[ authority ]
serial = {folder}/serial
signer_cert = {folder}/signer.pem
signer_key = {folder}/signer.key
signer_digest = sha256
default_policy = {policy}
digests = sha256,sm3
accuracy = secs:1
ordering = yes
ess_cert_id_alg = sha256
{certificates}
"""


@dataclass(frozen=True)
class TestAuthority:
    """An authority in a folder: a root, a signer, and what ``openssl ts`` needs."""

    __test__ = False  # for pytest: it is no test

    folder: Path

    @property
    def root(self) -> bytes:
        """The root certificate, PEM: what verifiers trust if they are told to."""
        return (self.folder / ROOT_FILE).read_bytes()

    @classmethod
    def create(
        cls,
        folder: Path,
        now: datetime,
        *,
        valid: timedelta = 5 * YEAR,
        with_root: bool = False,
        names_keys: bool = True,
    ) -> Self:
        """Make an authority in *folder*.

        Args:
            folder: made if it is not there.
            now: the certificates begin a year before.
            valid: how long after *now* the signer's is valid; negative for an expired one.
            with_root: let its tokens carry the root too, in OpenSSL's order: the pitfall.
            names_keys: whether its certificate says which root's key signed it.
        """
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = TestSigner.create(
            *("time stamps", now, valid),
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]),
            names_keys=names_keys,
        )
        (folder / "signer.key").touch(0o600)
        (folder / "signer.key").write_bytes(made.key)
        (folder / ROOT_FILE).write_bytes(made.root)
        (folder / "signer.pem").write_bytes(made.certificate)
        (folder / "serial").write_text("01\n")
        certificates = f"certs = {folder}/{ROOT_FILE}" if with_root else ""
        text = _CONFIGURATION.format(folder=folder, policy=TEST_POLICY, certificates=certificates)
        (folder / "authority.cnf").write_text(text)
        return cls(folder)

    def reply(self, query: bytes) -> bytes:
        """Return the response to a time-stamp *query*, both DER.

        Raises:
            FileNotFoundError: this machine has no ``openssl``.
            MalformedError: *query* gets no answer at all.
        """
        with TemporaryDirectory(prefix="xiyou-authority-") as temporary:
            asked, answered = Path(temporary) / "q.tsq", Path(temporary) / "r.tsr"
            asked.write_bytes(query)
            configuration = self.folder / "authority.cnf"
            # fmt: off
            run_openssl(
                "ts", "-reply", "-config", configuration, "-section", "authority",
                "-queryfile", asked, "-out", answered,
            )
            # fmt: on
            return answered.read_bytes()


class AuthorityServer(ThreadingHTTPServer):
    """Answers queries over HTTP, on this machine alone."""

    daemon_threads = True

    def __init__(self, authority: TestAuthority, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.authority = authority
        # One file holds the serial number.
        self.one_at_a_time = threading.Lock()


class _Handler(BaseHTTPRequestHandler):
    server: AuthorityServer
    timeout = 10

    def do_POST(self) -> None:
        """Answer a query."""
        length = int(self.headers.get("Content-Length") or 0)
        if self.headers.get("Content-Type") != QUERY_TYPE or not 0 < length <= MAX_QUERY_SIZE:
            self.send_error(HTTPStatus.BAD_REQUEST, f"send a {QUERY_TYPE}")
            return
        query = self.rfile.read(length)
        with self.server.one_at_a_time:
            reply = self.server.authority.reply(query)
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", REPLY_TYPE)
        self.send_header("Content-Length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 — the library's name
        """Say nothing."""


@app.command()
def authority(
    folder: Annotated[Path, typer.Argument(help="Where its keys are; made if not there.")],
    *,
    port: Annotated[
        int, typer.Option(help="Port to listen on; 0 takes a free one.", min=0, max=65_535)
    ] = 0,
    as_json: Json = False,
) -> Outcome:
    """Play a time-stamp authority until standard input ends: TEST ONLY, it proves nothing.

    Says its port on the first line of its output. Its root certificate is FOLDER/root.pem.
    """
    if not (folder / ROOT_FILE).exists():
        TestAuthority.create(folder.absolute(), datetime.now(UTC))
    try:
        server = AuthorityServer(TestAuthority(folder.absolute()), port)
    except OSError as error:
        raise InputError(f"--port {port}: {error.strerror}") from None
    port = server.server_port
    serve_while_told(server, dumps({"ok": True, "port": port}) if as_json else port)
    return Outcome()


class AuthorityProcess(Companion):
    """An authority in a process of its own, which ends when we do. A context manager."""

    def __init__(self, folder: Path) -> None:
        super().__init__("authority", folder)
        self.url = f"http://127.0.0.1:{self.port}/"
        self.root = folder / ROOT_FILE
