"""Where the parts are joined: one `Deployment` is one log with all that works on it.

A deployment is a folder (its *home*) and a database. The home holds

    keys/       the log's signing keys, the issuer's, the vault's master key, secrets of imports
    signer/     what was signed, and the locks of those who sign and publish
    log/        tiles, bundles and the checkpoint: what the world may read
    index/      where each stream ends: lists that can be made again from the log
    documents/  merchants' documents, encrypted
    stolen/     lists of stolen keys, as keyed fingerprints
    postgres/   the embedded database, unless a URL names another one

Parts are made when they are first asked for, and closed with the deployment. Nothing is
migrated and no key is made unless the caller asks for it. ``tests/api/test_bootstrap.py``.
"""

import secrets
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from functools import cached_property
from typing import TYPE_CHECKING, Final, Self

from pydantic import SecretStr

from api.feeding import Feeding
from api.home_secrets import make_secret, read_secret, secret_path
from api.not_ready import NotReadyError
from api.settings import Settings
from api.telling import feeding_of, outbox_of
from chain.quorum import Policy
from chain.store.database import Database
from chain.store.embedded import EmbeddedPostgres
from chain.store.files import Folder
from chain.store.master_key import MASTER_KEY_FILE, FileKeyring, FileMasterKey, create_master_key
from chain.store.prover import Prover
from chain.store.publisher import LOG_FOLDER, Publisher, Quorum
from chain.store.reader import LogReader
from chain.store.signer import Signer, create_keys, has_keys, read_verifier_keys
from chain.store.stream_index.committed import CommittedIndex
from chain.store.stream_index.indexer import Indexer, ranges_folder
from chain.store.stream_index.stored_log import StoredLog
from chain.store.vault import Vault
from chain.stream_index.commitment import Commitment
from domain.application import Trade
from domain.command import Command
from domain.event import Meta
from domain.keys.fingerprint import IndexRing, index_key_of
from domain.payments.channel import Channel, Connections, Route
from domain.payments.store.connections import read_channels, read_connections
from domain.policies.follower import Follower
from domain.policies.following import Following
from domain.policies.judging import Bench
from domain.policies.rulebook import rulebook
from domain.policies.timers import Timers
from domain.qualification.issuer import IssuerKey
from domain.qualification.store.documents import DocumentFolder
from domain.qualification.store.issuer_key import (
    KEY_FILE,
    create_issuer_key,
    read_issuer_key,
)
from domain.qualification.store.stolen_lists import StolenLists
from domain.webhooks.store.outbox import Outbox
from domain.witnessing.indexing import index_command

if TYPE_CHECKING:
    from chain.store.stamps import Stamper

OWNER: Final = "xiyou_owner"
APPLICATION: Final = "xiyou_app"
DATABASE: Final = "xiyou"
DOCUMENTS_FOLDER: Final = "documents"
STOLEN_FOLDER: Final = "stolen"
INDEX_KEY: Final = "fingerprint"
FORMER_INDEX_KEY: Final = "fingerprint-former"
"""During a rotation of the index key: the one before it, still asked."""
SECRETS: Final = ("import", INDEX_KEY)
"""Secrets of ours besides keys: what decides an import's salts, and the fingerprints' key."""
DOOR: Final = "door"
"""The secret of the HTTP door; a home of before it is given one."""

Migrate = Callable[[str], None]
"""Brings the schema at the owner's URL up to date; `scripts.migrate.migrate` is the one."""


class Deployment:
    """One log's parts, joined. A context manager: entering it starts what must run.

    Args:
        settings: where everything is.
        migrate: given, the home is made, the schema brought up to date, and the keys made
            where there are none; otherwise what is missing is an error.
    """

    def __init__(self, settings: Settings, migrate: Migrate | None = None) -> None:
        self.settings = settings
        self.home = settings.home
        self._migrate = migrate
        self._open = ExitStack()
        self._server: EmbeddedPostgres | None = None

    def __enter__(self) -> Self:
        """Start the database if it is ours, and prepare or check the deployment.

        Raises:
            NotReadyError: something is missing, and *migrate* was not given.
            ServerError: the embedded database cannot be had.
            psycopg.OperationalError: the database is out of reach.
        """
        try:
            self._start()
        except BaseException:
            self._open.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Close every part; the embedded database stops with its last user."""
        self._open.close()

    def _start(self) -> None:
        if self._migrate is not None:
            self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        elif not has_keys(self.home):
            raise NotReadyError(
                f"{self.home}: there is no log here: run xiyou demo or xiyou migrate with this"
                " --home, or name another"
            )
        if self.settings.is_embedded:
            self._server = self._open.enter_context(EmbeddedPostgres(self.home / "postgres"))
        if self._migrate is not None:
            self._migrate(self.owner_url())
            self._make_keys()
        self._check_origin()
        self._check_schema()

    @property
    def url(self) -> str:
        """The database, as the application's role."""
        return _plain(self.settings.database_url) or self._embedded_url(APPLICATION)

    @cached_property
    def database(self) -> Database:
        """Connections to the database, as the application's role."""
        database = Database(self.url)
        self._open.callback(database.close)
        return database

    @cached_property
    def origin(self) -> str:
        """The log's name."""
        return read_verifier_keys(self.home)[0].name

    @cached_property
    def reader(self) -> LogReader:
        """Reads the log from the database."""
        return LogReader(self.database)

    @cached_property
    def files(self) -> Folder:
        """The published files."""
        return Folder(self.home / LOG_FOLDER)

    @cached_property
    def vault(self) -> Vault:
        """Seals and opens personal and secret values."""
        return Vault(self.database, self.keyring)

    @cached_property
    def keyring(self) -> FileKeyring:
        """The vault's master keys, old and new."""
        return FileKeyring(self.home, secrets.token_bytes)

    @cached_property
    def trade(self) -> Trade:
        """The application: one method a use case."""
        trade = Trade(env=self._environment())
        trade.stolen = StolenLists(self.home / STOLEN_FOLDER, self.secret("fingerprint"))
        # Closing it commits what is still queued, so it goes before the database does.
        self._open.callback(trade.close)
        return trade

    def follower(self, bench: Bench) -> Follower:
        """Return what follows the log and does what policies and timers ask for."""
        following = Following(env=self._environment())
        following.stolen = StolenLists(self.home / STOLEN_FOLDER, self.secret("fingerprint"))
        self._open.callback(following.close)
        policies, timers = rulebook(bench=bench), Timers(bench=bench)
        return Follower(following, self.vault, secrets.token_bytes, policies, timers)

    @cached_property
    def index_ring(self) -> IndexRing:
        """The keys of raw keys' fingerprints: the one in use, and, during a rotation, the old.

        Raises:
            NotReadyError: there is none; nothing is imported without one.
        """
        path = secret_path(self.home, INDEX_KEY)
        if not path.exists():
            raise NotReadyError(f"{path}: the index key is missing: restore it from backup")
        former = None
        if secret_path(self.home, FORMER_INDEX_KEY).exists():
            former = index_key_of(self.secret(FORMER_INDEX_KEY))
        return IndexRing(index_key_of(self.secret(INDEX_KEY)), former)

    @cached_property
    def documents(self) -> DocumentFolder:
        """Merchants' documents, by digest."""
        master_key = FileMasterKey(self.home, secrets.token_bytes)
        return DocumentFolder(self.home / DOCUMENTS_FOLDER, master_key, secrets.token_bytes)

    @cached_property
    def issuer(self) -> IssuerKey:
        """Signs badges and status lists; its key is made when it is first needed."""
        if not (self.home / "keys" / KEY_FILE).exists():
            # Two processes may both be first: the one that was faster has made the key.
            with suppress(FileExistsError):
                create_issuer_key(self.home, f"{self.origin}/issuer", secrets.token_bytes)
        return read_issuer_key(self.home)

    @cached_property
    def connections(self) -> Connections:
        """Our connections to payment channels, with the keys that their callbacks have."""
        return read_connections(self.home)

    @cached_property
    def channels(self) -> Mapping[Route, Channel]:
        """The payment channels that we can ask."""
        return read_channels(self.home)

    @cached_property
    def signer(self) -> Signer:
        """Signs checkpoints."""
        return Signer(self.home)

    @cached_property
    def prover(self) -> Prover:
        """Proves what is published."""
        keys = read_verifier_keys(self.home)
        return Prover(self.files, keys, self.reader.checkpoint)

    @cached_property
    def feeding(self) -> Feeding:
        """Answers the cursors of those who follow the log."""
        return feeding_of(self.database, self.files, self.origin)

    @cached_property
    def outbox(self) -> Outbox:
        """What endpoints are still to be told."""
        return outbox_of(self)

    @cached_property
    def publisher(self) -> Publisher:
        """Writes tiles, bundles and checkpoints; one at a time works on a home."""
        quorum = Quorum(self.settings.policy(), self.settings.witness_deadline)
        return self._open.enter_context(
            Publisher(self.database, self.home, self.signer, quorum=quorum)
        )

    @cached_property
    def indexer(self) -> Indexer:
        """Keeps the stream index and commits to it; one at a time works on a home."""
        return self._open.enter_context(
            Indexer(self.home, StoredLog(self.reader), self._commit_index)
        )

    def committed_index(self, size: int) -> CommittedIndex:
        """Return what proves where streams end by the newest commitment below *size*.

        Raises:
            NoCommitmentError: there is none.
        """
        log = StoredLog(self.reader)
        return self._open.enter_context(CommittedIndex(ranges_folder(self.home), log, size))

    def _commit_index(self, commitment: Commitment) -> None:
        command = index_command(commitment, self.vault, secrets.token_bytes)
        self.trade.commit_index(command, commitment)

    @cached_property
    def stamper(self) -> "Stamper":
        """Gets time stamps over what is published; one at a time works on a home.

        Raises:
            NotReadyError: a file of an authority's roots cannot be read.
        """
        # What reads time stamps is slow to import, and few ask for it.
        from api.stamping import stamper_of  # noqa: PLC0415 — see above

        return stamper_of(self.files, self.settings.stamp_authorities)

    @cached_property
    def door_key(self) -> bytes:
        """Authenticates lists' links and compares requests; made when it is first needed.

        Losing it forgets nothing but that: links of before lead nowhere, and a request of
        before that is sent again is taken for another one.
        """
        return self.made_secret(DOOR)

    def prepare(self) -> None:
        """Make every part that requests need, so that threads find them made."""
        for part in (self.trade, self.vault, self.reader, self.prover, self.door_key):
            assert part is not None  # noqa: S101 — asking for it makes it
        assert self.connections is not None  # noqa: S101 — a fault in their file is found now

    def policy(self) -> Policy:
        """Return what a verifier of this log trusts: both of its keys, and the quorum."""
        return self.settings.policy(read_verifier_keys(self.home))

    def secret(self, name: str) -> bytes:
        """Return one of `SECRETS`, or what else has its form, 32 bytes.

        Raises:
            MissingFileError: it was not made, or is lost.
            VerificationError: others may read it.
            MalformedError: the file does not hold one.
        """
        return read_secret(self.home, name)

    def command(self, meta: Meta) -> Command:
        """Return a new command of *meta*, which seals with this deployment's vault."""
        return Command(meta, self.vault, secrets.token_bytes)

    def made_secret(self, name: str) -> bytes:
        """Return the secret *name*, 32 bytes; made now where there is none yet.

        Raises:
            VerificationError: others may read it.
            MalformedError: the file does not hold one.
        """
        make_secret(self.home, name)
        return self.secret(name)

    def _environment(self) -> dict[str, str]:
        """Return what an application over this log is configured with."""
        return {
            "PERSISTENCE_MODULE": "chain.store.factory:LedgerFactory",
            "ORIGINATOR_ID_TYPE": "text",
            "XIYOU_DATABASE_URL": self.url,
        }

    def _embedded_url(self, role: str) -> str:
        if self._server is None:
            raise NotReadyError("the deployment is not open: enter it first")
        return self._server.url(user=role, database=DATABASE)

    def owner_url(self) -> str:
        """Return the database, as the schema's owner.

        Raises:
            NotReadyError: nobody said how to log in as that role.
        """
        if self.settings.is_embedded:
            return self._embedded_url(OWNER)
        url = _plain(self.settings.owner_database_url)
        if url is None:
            raise NotReadyError(
                "XIYOU_OWNER_DATABASE_URL is not set: the schema is changed by its owner alone;"
                " write postgresql://owner@host/database"
            )
        return url

    def _make_keys(self) -> None:
        """Make the keys of a new home; the public file of the log's own comes last."""
        if has_keys(self.home):
            return
        # A crash anywhere here leaves keys that nothing was signed or sealed with; the next
        # start keeps the secrets and makes the log's keys anew.
        for name in SECRETS:
            make_secret(self.home, name)
        if not (self.home / "keys" / MASTER_KEY_FILE).exists():
            create_master_key(self.home, secrets.token_bytes)
        origin = self.settings.origin or f"xiyou.local/{secrets.token_hex(4)}"
        create_keys(self.home, origin, secrets.token_bytes)

    def _check_origin(self) -> None:
        wanted = self.settings.origin
        if wanted is not None and wanted != self.origin:
            raise NotReadyError(
                f"XIYOU_ORIGIN is {wanted} and the keys in {self.home} are of {self.origin}: a"
                " log keeps its name; unset the variable, or name another folder"
            )

    def _check_schema(self) -> None:
        with self.database.connect() as connection:
            row = connection.execute("SELECT to_regclass('ledger.head')").fetchone()
        if row is None or row[0] is None:
            raise NotReadyError("the database has no ledger: run xiyou migrate")


def _plain(url: SecretStr | None) -> str | None:
    return None if url is None else url.get_secret_value()
