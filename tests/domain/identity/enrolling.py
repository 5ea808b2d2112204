"""A world with parties of identity, and one call for each step of a verification."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any, Final, cast

from domain.command import Command
from domain.identity.account import Account, account_of
from domain.identity.parties import Parties
from domain.identity.person import IndexKey
from domain.identity.sandbox import NEVER, Citizen, Sandbox, citizen
from domain.identity.store.http_parties import HttpParties
from domain.identity.verification import Verification
from domain.outside.store.client import Patience, SignedClient
from scripts.sandbox import SandboxProcess
from tests.domain.given import BUYER, NOW, SECRET, World, identifier

KEY: Final = IndexKey("test", SECRET)
ALICE: Final = citizen(1)
BOB: Final = citizen(2)
COMMANDS: Final = count(1)
QUICK: Final = Patience(timeout=0.4, attempts=2, pause=0.01)


class Enrolling(World):
    """One verification of one party, with steps that may be told to go wrong."""

    def __init__(self, parties: Parties | None = None, party: str = BUYER) -> None:
        super().__init__()
        self.parties = parties or Sandbox()
        self.party = party
        self.begin("a")

    def command(self, command_id: str | None = None) -> Command:
        """Return a new command; no two worlds ask the sandbox under one name."""
        return super().command(command_id or f"cmd/{next(COMMANDS)}")

    def begin(self, name: str) -> None:
        """Let the steps that follow be of another verification."""
        self.verification = identifier("idv", f"{self.party}/{name}")

    def request(self, who: Citizen = ALICE) -> list[str]:
        return self.do("request_identity", self.verification, self.party, who.person(), KEY)

    def source(self, who: Citizen = ALICE) -> list[str]:
        return self.do("check_source", self.verification, who.person(), KEY, self.parties)

    def face(self, shown: bytes | None = None, who: Citizen = ALICE) -> list[str]:
        shown = who.selfie() if shown is None else shown
        return self.do("compare_face", self.verification, who.person(), shown, KEY, self.parties)

    def document(self, shown: bytes | None = None, who: Citizen = ALICE) -> list[str]:
        shown = who.card_picture(NEVER) if shown is None else shown
        return self.do("read_document", self.verification, shown, KEY, self.parties, NOW)

    def bankcard(self, who: Citizen = ALICE, card: Citizen | None = None) -> list[str]:
        number = (card or who).bank_card()
        return self.do("check_bankcard", self.verification, who.person(), number, KEY, self.parties)

    def decide(self, now: str = NOW) -> list[str]:
        return self.do("decide_identity", self.verification, now)

    def checked(self, *, until: str = NEVER) -> None:
        """Let all four checks pass."""
        self.request()
        self.source()
        self.document(ALICE.card_picture(until))
        self.face()
        self.bankcard()

    def verified(self, *, until: str = NEVER) -> None:
        """Go all the way."""
        self.checked(until=until)
        assert self.decide() == ["identity.verified", "identity.account_unlocked"]

    @property
    def found(self) -> Verification:
        """The verification as the log has it."""
        return self.trade.load(Verification, self.verification)

    @property
    def account(self) -> Account:
        """The account as the log has it."""
        return self.trade.load(Account, account_of(self.party))

    def last(self, topic: str) -> dict[str, Any]:
        """Return the payload of the last event of *topic*."""
        return [each.data() for each in self.events() if topic == each.TOPIC][-1]


class Loopback:
    """The sandbox's process, parties that ask it, and the switch of its failures."""

    def __init__(self, process: SandboxProcess) -> None:
        self.endpoint = process.endpoint
        self._control = SignedClient(process.endpoint)
        self._orders = 0

    def parties(self, patience: Patience = QUICK) -> HttpParties:
        """Return new parties, with circuits that are closed."""
        return HttpParties.at(self.endpoint, patience)

    def switch(self, path: str, mode: str = "good", times: int = 0) -> int:
        """Let the next answers of *path* go wrong; return how often it has answered."""
        self._orders += 1
        order = {"path": path, "mode": mode, "times": times}
        return cast("int", self._control.ask("/control", order, f"control/{self._orders}")["runs"])

    @contextmanager
    def failing(self, path: str, mode: str, times: int = 99) -> Iterator[None]:
        """Let *path* go wrong inside the block."""
        self.switch(path, mode, times)
        try:
            yield
        finally:
            self.switch(path)
