"""The outside parties that requests ask, and the private file that says where they are.

``keys/parties.json`` of a home: canonical JSON and a line's end, readable by its owner alone:

    {"parties":[{"endpoint":{"client":"…","secret":"<64 hex>","url":"https://…"},
      "role":"source"}]}

``role`` is ``source``, ``face``, ``document`` or ``bankcard`` for the parties of identity
(`domain.identity.parties`), or ``operator`` for a game operator's system; that one may have
``operator``, whose keys alone it is asked about, and without it is asked about all others. A
party that the file does not name is 503 `not_ready` to whoever needs it. Each has a client and
a circuit of its own, for as long as the process lives. ``tests/api/test_outside.py``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Annotated, Any, Final, Literal

from api.bootstrap import Deployment
from api.not_ready import NotReadyError
from chain.canonical import parse, to_bytes
from chain.errors import MalformedError
from chain.store.files import MissingFileError, read_private, write_private
from domain.identity.person import IndexKey
from domain.identity.store.http_parties import HttpParties
from domain.keys.fingerprint import index_key_of
from domain.outside.store.client import Endpoint, Patience, SignedClient
from domain.payload import Digest, Pattern, payload_fields, read_object
from domain.qualification.store.http_operator import HttpOperator

FILE: Final = "keys/parties.json"
PERSON: Final = "person"
"""The secret that persons' and bank cards' fingerprints are keyed with."""
Role = Literal["source", "face", "document", "bankcard", "operator"]
Name = tuple[Role, str | None]


@dataclass(frozen=True, slots=True)
class _Endpoint:
    url: Annotated[str, Pattern("https?://[!-~]{1,200}")]
    client: Annotated[str, Pattern("[!-~]{1,64}")]
    secret: Digest


@dataclass(frozen=True, slots=True)
class _Row:
    role: Role
    endpoint: _Endpoint
    operator: Annotated[str, Pattern("[!-~]{1,64}")] | None = None


@dataclass(frozen=True, slots=True)
class _File:
    parties: tuple[_Row, ...]


_FIELDS: Final = payload_fields(_File)


class Outside:
    """Who can be asked; safe to share between threads.

    Args:
        ledger: whose home holds the file; it is read when somebody is first asked.
        patience: with each of them.
    """

    def __init__(self, ledger: Deployment, patience: Patience | None = None) -> None:
        self._ledger = ledger
        self._patience = patience or Patience()
        self._lock = Lock()
        self._clients: Mapping[Name, SignedClient] = {}

    def identity(self, role: Literal["source", "face", "document", "bankcard"]) -> HttpParties:
        """Return the party of *role*, to be asked for that alone.

        Raises:
            NotReadyError: none is connected.
        """
        client = self._find((role, None))
        return HttpParties(client, client, client, client)

    def operator(self, name: str) -> HttpOperator:
        """Return the system that knows the keys of the operator *name*.

        Raises:
            NotReadyError: none is connected.
        """
        return HttpOperator(self._find(("operator", name), ("operator", None)))

    def person_key(self) -> IndexKey:
        """Return the key of persons' fingerprints, made when it is first needed.

        Losing it, nobody finds out any more that two accounts are one person's.
        """
        return index_key_of(self._ledger.made_secret(PERSON))

    def _find(self, *names: Name) -> SignedClient:
        with self._lock:
            self._clients = self._clients or self._read()
            found = [self._clients[each] for each in names if each in self._clients]
        if not found:
            role, name = names[0]
            which = f"{role} {name}" if name else role
            raise NotReadyError(f"no {which} is connected: name it in {FILE} and start anew")
        return found[0]

    def _read(self) -> Mapping[Name, SignedClient]:
        return {
            name: SignedClient(each, self._patience)
            for name, each in read_parties(self._ledger.home).items()
        }


def read_parties(home: Path) -> dict[Name, Endpoint]:
    """Return where the parties of a deployment are; none where it has no such file.

    Raises:
        VerificationError: others may read the file.
        MalformedError: it is not what the module's text says; no secret is shown.
    """
    try:
        content = read_private(home / FILE)
    except MissingFileError:
        return {}
    try:
        return _endpoints(_File(**read_object(_FIELDS, parse(content.removesuffix(b"\n")))))
    except MalformedError:
        # The fault's own words could quote a secret.
        raise MalformedError(
            f"{home / FILE}: not a file of parties: write it anew as its format says"
        ) from None


def write_parties(home: Path, parties: Mapping[Name, Endpoint]) -> None:
    """Write the file of *parties*; what it held is gone."""
    rows: list[dict[str, Any]] = []
    for (role, operator), each in parties.items():
        endpoint = {"url": each.url, "client": each.client, "secret": each.secret.hex()}
        row = {"role": role, "endpoint": endpoint}
        rows.append(row | ({"operator": operator} if operator else {}))
    path = home / FILE
    path.unlink(missing_ok=True)
    write_private(path, to_bytes({"parties": rows}) + b"\n")


def _endpoints(file: _File) -> dict[Name, Endpoint]:
    found: dict[Name, Endpoint] = {}
    for each in file.parties:
        name = (each.role, each.operator)
        if name in found or (each.operator is not None and each.role != "operator"):
            raise MalformedError(f"{each.role}: is named twice, or has an operator and is none")
        told = each.endpoint
        found[name] = Endpoint(told.url, told.client, bytes.fromhex(told.secret))
    return found
