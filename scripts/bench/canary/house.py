"""A house in which every secret class goes everywhere: traded, typed, shown, refused, exported.

The deployment's own database server, a market that trades in it, people of the sandbox, the
commands as processes of their own, and ``xiyou serve`` with traces, metrics and webhooks, all
of which run under a database password that is a canary. ``tests/scripts/bench/test_canaries.py``.
"""

import json
import os
import secrets
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import create_server
from time import monotonic, sleep, time
from typing import Any, Final

from api.access.gate import Gate
from api.access.matrix import default_scopes
from api.access.token import Grant, write_token
from api.bootstrap import Deployment
from api.commands import new_id, this_moment
from api.principal import Kind
from domain.command import Command
from domain.errors import Refusal
from domain.event import Meta, Role
from domain.identifiers import derive
from domain.identity.person import IndexKey
from domain.identity.sandbox import citizen
from domain.identity.store.http_parties import HttpParties
from domain.money import Money
from scripts.bench.canary.classes import Typed
from scripts.bench.canary.door import Door
from scripts.sandbox import SandboxProcess
from scripts.trading import run_market

MERCHANT: Final = "M-CANARY"
PRICE: Final = Money(2_500, "CNY")
KINDS: Final = {
    "merchant": MERCHANT,
    "auditor": "staff-1",
    "operator": "staff-4",
    "arbitrator": "staff-2",
}
"""Kinds whose tokens `xiyou token` makes, and the subject of each; the consumer comes besides."""
STARTS: Final = 60
"""Seconds that a process is given to serve."""


class Taker(ThreadingHTTPServer):
    """Takes what is sent to it: spans, and messages of webhooks."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Taking)
        self.taken: dict[str, bytearray] = {}

    @property
    def base(self) -> str:
        """Its URL."""
        return f"http://127.0.0.1:{self.server_port}"


class _Taking(BaseHTTPRequestHandler):
    server: Taker

    def do_POST(self) -> None:
        """Keep headers and body, by the path."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        kept = self.server.taken.setdefault(self.path, bytearray())
        kept += self.headers.as_bytes() + body
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 — the library's name
        """Say nothing."""


@dataclass
class House:
    """What there is, and what it has been told."""

    ledger: Deployment
    url: str
    """The database, as the application's role logs in with its password."""
    folder: Path
    """For what commands write, beside the home."""
    typed: Typed = field(default_factory=Typed.made)
    tokens: dict[str, str] = field(default_factory=dict)
    shown: dict[str, str | bytes] = field(default_factory=dict)
    """Secrets that commands print once, by class."""
    orders: list[str] = field(default_factory=list)
    commands: dict[str, int] = field(default_factory=dict)
    """What commands were called, and how they ended."""

    @property
    def environment(self) -> dict[str, str]:
        """Return the environment of our processes: where a password belongs."""
        kept = {name: text for name, text in os.environ.items() if not name.startswith("XIYOU_")}
        return kept | {
            "PYTHONPATH": os.pathsep.join(sys.path),
            "XIYOU_DATABASE_URL": self.url,
            "XIYOU_OWNER_DATABASE_URL": self.ledger.owner_url(),
            "XIYOU_WEBHOOK_SANDBOX": "1",
        }

    def run(self, *arguments: object, shows: bool = False, **variables: str) -> dict[str, Any]:
        """Run a command to its end; what it said is kept, unless it *shows* a secret."""
        line = [sys.executable, "-m", "scripts", *map(str, arguments)]
        if "--home" not in line:
            line += ["--home", str(self.ledger.home)]
        done = subprocess.run(  # noqa: S603 — ourselves
            [*line, "--json"],
            capture_output=True,
            check=False,
            cwd=self.folder,
            env=self.environment | variables,
        )
        name = " ".join(map(str, arguments[:2]))
        self.commands[name] = done.returncode
        with (self.folder / "commands.log").open("ab") as kept:
            kept.write(done.stderr + (b"" if shows else done.stdout))
        facts: dict[str, Any] = {}
        with suppress(ValueError):
            facts = json.loads(done.stdout)
        return facts

    def command(self, actor: str, role: Role = "staff") -> Command:
        """Return a new command."""
        name = f"cmd/{secrets.token_hex(8)}"
        meta = Meta(actor, role, "bench", "bench", name, name)
        return self.ledger.command(meta)

    def trade(self, orders: int) -> None:
        """Let a market trade, and people show who they are, truly and falsely."""
        run_market(self.ledger, orders, lambda *_: None)
        with SandboxProcess() as sandbox:
            parties = HttpParties.at(sandbox.endpoint)
            for stated in (True, False):
                self._identify(parties, truly=stated)

    def _identify(self, parties: HttpParties, *, truly: bool) -> None:
        trade, who, party = self.ledger.trade, self.typed.who, new_id("usr")
        other, key = citizen(1), IndexKey("canary", secrets.token_bytes(32))
        person, found = who.person(), new_id("idv")
        shown = who if truly else other
        card = (who if truly else other).bank_card()
        picture = who.card_picture(number=None if truly else f"{who.number[:-2]}00")
        trade.request_identity(self.command(party), found, party, person, key)
        trade.check_source(self.command(party), found, person, key, parties)
        trade.read_document(self.command(party), found, picture, key, parties, this_moment())
        # What was refused for good is asked no more; the log has why.
        with suppress(Refusal):
            trade.compare_face(self.command(party), found, person, shown.selfie(), key, parties)
            trade.check_bankcard(self.command(party), found, person, card, key, parties)
            trade.decide_identity(self.command(party), found, this_moment())

    def sell(self, door: Door) -> None:
        """Offer, bring keys, order, pay, deliver, redeem: over HTTP as far as there are routes."""
        buyer, good = new_id("usr"), self.typed.raw_keys
        self.tokens["consumer"] = self._token("consumer", buyer)

        def post(kind: str, path: str, body: object, *, shows: bool = False) -> dict[str, Any]:
            said: dict[str, Any] = {"kind": kind, "shows": shows}
            said["Idempotency_Key"] = secrets.token_hex(12)
            status, content = door.ask("post", path, body, **said)
            again, _ = door.ask("post", path, body, **said)
            if status != again:
                raise AssertionError(f"{path}: {status}, and then {again}")
            answer: dict[str, Any] = json.loads(content)
            return answer

        offered = {"merchant": MERCHANT, "code": "SKU", "release_policy": "reveal_at_activation"}
        product = post("merchant", "/v1/products", offered | _price())["product"]
        lines = [*good[:3], good[0], f"{good[3]}\x07"]
        batch = post("merchant", "/v1/batches", _batch(product, lines))
        if len(batch["keys"]) != 3 or len(batch["rejected_lines"]) != 2:  # noqa: PLR2004 — of lines
            raise AssertionError(f"a batch of canaries came to {batch}")
        for number in range(2):
            placed = post("consumer", "/v1/orders", {"buyer": buyer, "product": product})
            code = self._deliver(placed, buyer)
            self.shown[f"alias_code_{number}"] = code
            typed = {"buyer": buyer, "device": self.typed.phone}
            post("consumer", "/v1/redemptions", typed | {"code": self.typed.wrong_code})
            if not number:
                # Its answer shows the raw key, to its buyer: as it should.
                post("consumer", "/v1/redemptions", typed | {"code": code}, shows=True)
            post("consumer", "/v1/redemptions", typed | {"code": good[4]})
            self.orders.append(placed["order"])
            door.own |= {"order": placed["order"], "product": product, "key": placed["key"]}
        file = self.folder / "canaries.keys"
        file.write_text("\n".join([good[4], good[4], good[5], f"{good[5]}\x07"]))
        self.run("import", "keys", file, "--merchant", MERCHANT, "--product", product)
        file.unlink()

    def _deliver(self, placed: Mapping[str, Any], buyer: str) -> str:
        """Have an order paid and delivered; return its alias code."""
        trade, order, payment = self.ledger.trade, placed["order"], new_id("pay")
        due = Money(placed["amount"], placed["currency"])
        command, payer = self.command(buyer, "consumer"), {"card": self.typed.who.card}
        trade.initiate_payment(command, payment, placed["checkout"], due)
        trade.capture_payment(self.command("channel"), payment, due, [order], payer)
        trade.deliver_order(self.command("timer"), order, this_moment(3_600))
        return trade.show_code(self.command(buyer, "consumer"), order, buyer).reveal()

    def _token(self, kind: str, subject: str) -> str:
        """Return a token as ``xiyou token`` makes it; one is made by the command itself."""
        if kind == "merchant":
            made = self.run("token", "--as", kind, "--subject", subject, shows=True)
            token = str(made["access_token"])
        else:
            gate, who, now = Gate(self.ledger), Kind(kind), int(time())
            grant = Grant(who, subject, derive("cli", 0, "sandbox"), default_scopes(who))
            token = write_token(grant, gate.name, gate.keys[0], now, secrets.token_urlsafe(16))
        self.shown[f"token_{kind}"] = token
        return token

    def admit(self, taker: Taker) -> None:
        """Make tokens, a client's secret and a webhook's."""
        for kind, subject in KINDS.items():
            self.tokens[kind] = self._token(kind, subject)
        made = self.run(
            "clients", "make", "merchant", "--subject", MERCHANT, "--secret", shows=True
        )
        self.shown["client_secret"] = str(made["secret"])
        added = self.run("webhooks", "add", MERCHANT, f"{taker.base}/hook", shows=True)
        hidden = [each for each in added["keys"] if each.startswith("whsec_")]
        self.shown |= {f"webhook_secret_{n}": each[6:] for n, each in enumerate(hidden)}

    def export(self, *, quick: bool) -> None:
        """Call what reads, exports and fails; *quick*: not all of it."""
        order = self.orders[0]
        self.run("evidence", "export", "--order", order, "--by", "staff-4")
        self.run("views", "run", "--once")
        self.run("webhooks", "run", "--once")
        dead = f"postgresql://xiyou_app:{self.typed.password}@127.0.0.1:1/xiyou"
        self.run("doctor", XIYOU_DATABASE_URL=dead)
        if quick:
            return
        today = f"{datetime.now(UTC):%Y-%m-%d}"
        self.run("feed", "files", "--day", today, "--topic", "all")
        self.run("log", "head", XIYOU_DATABASE_URL=f"mysql://u:{self.typed.password}@h/x")
        self.run("config", "check")
        self.run("doctor")
        self.run("receipts", "--party", MERCHANT, "--out", self.folder / "receipts")
        for words in ("keys rotate", "keys rewrap", "follow --once", "views rebuild all", "audit"):
            self.run(*words.split())
        for words in ("index", "disputes median", "reviews", "clients list", "webhooks list"):
            self.run(*words.split())
        self.run("log", "history", order)
        self.run("verify", next(self.folder.glob("*.zip")))
        self.run("import", "check")


def _price() -> dict[str, object]:
    return {"price": PRICE.amount, "currency": PRICE.currency}


def _batch(product: str, lines: list[str]) -> dict[str, object]:
    return {"merchant": MERCHANT, "product": product, "lines": lines}


@contextmanager
def taking() -> Iterator[Taker]:
    """Give a server that takes what is sent to it."""
    with Taker() as taker:
        thread = threading.Thread(target=taker.serve_forever, daemon=True)
        thread.start()
        try:
            yield taker
        finally:
            taker.shutdown()
            thread.join()


@contextmanager
def served(house: House, taker: Taker) -> Iterator[tuple[Door, str]]:
    """Serve *house* in a process of its own; give its door, and where its metrics are."""
    port, metrics = _free_port(), _free_port()
    line = [sys.executable, "-m", "scripts", "serve", "--port", str(port)]
    told = {
        "XIYOU_TRACES_URL": f"{taker.base}/v1/traces",
        "XIYOU_METRICS_PORT": str(metrics),
        "XIYOU_RATE_FACTOR": "100000",
    }
    with ExitStack() as open_until_its_end:
        log = open_until_its_end.enter_context((house.folder / "served.log").open("ab"))
        process = subprocess.Popen(  # noqa: S603 — ourselves
            [*line, "--home", str(house.ledger.home)],
            stdout=log,
            stderr=log,
            env=house.environment | told,
        )
        try:
            door = Door(f"http://127.0.0.1:{port}", house.tokens)
            _await(door, process)
            yield door, f"http://127.0.0.1:{metrics}"
            # It hands on its last spans, and has all of it published.
            process.terminate()
            process.wait(STARTS)
        finally:
            process.kill()
            process.wait()


def _await(door: Door, process: "subprocess.Popen[bytes]") -> None:
    end = monotonic() + STARTS
    while monotonic() < end and process.poll() is None:
        with suppress(OSError):
            if door.ask("get", "/livez")[0] == 200:  # noqa: PLR2004 — of HTTP
                return
        sleep(0.05)
    raise AssertionError("xiyou serve has not come up: see served.log")


def _free_port() -> int:
    with create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port
