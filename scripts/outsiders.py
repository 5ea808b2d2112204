"""The demo's outsiders: two witnesses and a time-stamp authority, in processes of their own.

They stand for a court, an association and a time-stamp authority, which are never the log's
operator: each has its own folder and key, and is reached over HTTP alone. Everything that the
authority makes is marked TEST ONLY. A deployment that has outsiders configured uses those.
``tests/scripts/test_outsiders.py``.
"""

import secrets
import shutil
from contextlib import ExitStack, suppress
from typing import Any, Final, Self

from api.bootstrap import Deployment
from api.settings import Authority, Settings
from chain.quorum import PolicyWitness
from chain.store.signer import read_verifier_keys
from chain.store.witness import create_witness, watch_log
from scripts.authority import AuthorityProcess
from scripts.witness import WitnessProcess

FOLDER: Final = "outsiders"
WITNESSES: Final = ("court.test", "association.test")


class Outsiders:
    """Runs what *ledger* has no setting for. A context manager, which ends them.

    Their keys and memories stay in the home, so that a later run is watched by the same.

    Args:
        ledger: with keys; its settings say which outsiders it has already.

    Raises:
        ChildProcessError: one of them has not started.
    """

    def __init__(self, ledger: Deployment) -> None:
        self._ledger = ledger
        self._open = ExitStack()
        self.witnesses: list[WitnessProcess] = []
        self.authority: AuthorityProcess | None = None

    def __enter__(self) -> Self:
        with ExitStack() as opening:
            settings = self._ledger.settings
            if not settings.witnesses:
                self.witnesses = [opening.enter_context(self._witness(n)) for n in WITNESSES]
            # It is OpenSSL's program that plays the authority.
            if not settings.stamp_authorities and shutil.which("openssl"):
                folder = self._ledger.home / FOLDER / "authority.test"
                folder.parent.mkdir(parents=True, exist_ok=True)
                self.authority = opening.enter_context(AuthorityProcess(folder))
            self._open = opening.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    @property
    def settings(self) -> Settings:
        """The deployment's settings, with the outsiders in them."""
        told: dict[str, Any] = {}
        if self.witnesses:
            told["witnesses"] = tuple(PolicyWitness(w.vkey, w.url) for w in self.witnesses)
            told["quorum"] = len(self.witnesses)
        if self.authority is not None:
            told["stamp_authorities"] = (Authority(self.authority.url, self.authority.root),)
        return self._ledger.settings.model_copy(update=told)

    @property
    def environment(self) -> dict[str, str]:
        """The same for a process of ours; empty if nothing is added."""
        told = {}
        if self.witnesses:
            pairs = [f"{each.vkey.text()} {each.url}" for each in self.witnesses]
            told["XIYOU_WITNESSES"] = " ".join(pairs)
            told["XIYOU_QUORUM"] = str(len(self.witnesses))
        if self.authority is not None:
            told["XIYOU_STAMP_AUTHORITIES"] = f"{self.authority.url} {self.authority.root}"
        return told

    def _witness(self, name: str) -> WitnessProcess:
        home = self._ledger.home / FOLDER / name
        with suppress(FileExistsError):
            create_witness(home, name, secrets.token_bytes)
        with suppress(FileExistsError):
            watch_log(home, tuple(read_verifier_keys(self._ledger.home)))
        return WitnessProcess(home)
