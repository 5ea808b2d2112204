"""Settings: what a deployment is told from outside, by ``XIYOU_`` variables alone.

Every fault is found before anything starts, and all of them are named at once: variable,
fault, remedy; never a value, which may be a secret. A variable that no setting reads is a
fault too, since it is most often a setting misspelt. Proved by ``tests/api/test_settings.py``.

    XIYOU_HOME                folder of keys, published files and, embedded, the database
    XIYOU_DATABASE_URL        a PostgreSQL of your own, as the application's role
    XIYOU_OWNER_DATABASE_URL  the same as the schema's owner, for `xiyou migrate`
    XIYOU_ORIGIN              the log's name, chosen once when its keys are made
    XIYOU_PUBLISH_INTERVAL    seconds between two looks of the publisher
    XIYOU_WITNESSES           pairs of a witness's vkey and URL, separated by spaces
    XIYOU_QUORUM              how many of them make a checkpoint final; default: more than half
    XIYOU_WITNESS_DEADLINE    seconds that a checkpoint waits for them
    XIYOU_STAMP_AUTHORITIES   pairs of a time-stamp authority's URL and a file of its roots
    XIYOU_STAMP_INTERVAL      hours between two time stamps
    XIYOU_RATE_FACTOR         multiplies how often one principal may ask; default 1
    XIYOU_METRICS_PORT        port on 127.0.0.1 that shows the metrics; default: none does
    XIYOU_TRACES_URL          where traces go, as OTLP over HTTP; default: nowhere
    XIYOU_PUBLIC_URL          where the world reaches the server; unset, it is a sandbox
    XIYOU_SANDBOX             1: a sandbox, which takes tokens of made-up persons; 0: none
    XIYOU_OIDC_ISSUER         an identity provider whose tokens are believed beside our own
    XIYOU_OIDC_AUDIENCE       what its tokens name for us; default: the public URL
    XIYOU_OIDC_CLAIM          the claim that says of which kind somebody is; default: groups
    XIYOU_OIDC_KINDS          pairs of that claim's value and our kind, the strongest first
    XIYOU_OIDC_SUBJECT        the claim that names whom it is; default: sub
    XIYOU_VERIFY_PAGE         where verify.html is published; stands in certificates' QR codes
    XIYOU_WEBHOOK_SANDBOX     1: webhooks may go to this machine, for trying out
    XIYOU_DEBUG               1: show where an error arose, for whoever develops this program
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, NamedTuple
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from api.principal import Kind
from chain.errors import ChainError, MalformedError
from chain.quorum import Policy, PolicyGroup, PolicyLog, PolicyWitness
from chain.store.http import check_url
from chain.vkey import VerifierKey, check_key_name

PREFIX = "XIYOU_"
GROUP = "witnesses"
"""Name of the one group in the policy of a deployment."""

LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
"""Hosts that are asked without https."""

TEST_PREFIX = "XIYOU_TEST_"
"""Variables of the test suite; this program reads none of them."""

REMEDIES = {
    "HOME": "name a folder, such as ~/.xiyou",
    "DATABASE_URL": "write postgresql://user@host/database, or unset it for the embedded one",
    "OWNER_DATABASE_URL": "write postgresql://owner@host/database, of the schema's owner",
    "ORIGIN": "choose a name such as ledger.example/2026: no spaces, no plus",
    "PUBLISH_INTERVAL": "give seconds from 0.05 to 60",
    "WITNESSES": "write VKEY URL VKEY URL ...: vkeys as xiyou witness make prints them",
    "QUORUM": "give a number from 1 to that of the witnesses",
    "WITNESS_DEADLINE": "give seconds from 0.1 to 60",
    "STAMP_AUTHORITIES": "write URL FILE URL FILE ...: the file holds root certificates in PEM",
    "STAMP_INTERVAL": "give hours from 0.001 to 24",
    "RATE_FACTOR": "give a number from 0.01 to 1000000",
    "METRICS_PORT": "give a port from 1 to 65535, or unset it",
    "TRACES_URL": "write http://host:4318/v1/traces, or unset it",
    "PUBLIC_URL": "write https://host, without a path",
    "SANDBOX": "set it to 1 or 0, or unset it",
    "OIDC_ISSUER": "write the provider's https://host/path",
    "OIDC_AUDIENCE": "write what the provider puts into aud",
    "OIDC_CLAIM": "name a claim, such as groups",
    "OIDC_KINDS": "write VALUE KIND VALUE KIND ...: kinds as the authorization matrix has them",
    "OIDC_SUBJECT": "name a claim, such as sub",
    "VERIFY_PAGE": "write the page's address, https://..., of at most 120 letters and without #",
    "WEBHOOK_SANDBOX": "set it to 1, or unset it",
    "DEBUG": "set it to 1, or unset it",
}


class SettingsError(MalformedError):
    """Settings are wrong; `faults` has one line a fault."""

    def __init__(self, faults: list[str]) -> None:
        """Say all *faults* at once."""
        super().__init__("; ".join(faults))
        self.faults = faults


def _check_url(value: SecretStr) -> SecretStr:
    if not value.get_secret_value().startswith(("postgresql://", "postgres://")):
        raise ValueError("is not a URL of a PostgreSQL")
    return value


def _check_traces(value: str) -> str:
    try:
        check_url(value)
    except ChainError as error:
        raise ValueError(f"is not a URL ({error})") from None
    return value


def _check_origin(value: str) -> str:
    try:
        check_key_name(value)
    except ChainError:
        raise ValueError("is not the name of a log") from None
    return value


class Authority(NamedTuple):
    """A time-stamp authority: where it is, and the file of the roots that it is trusted by."""

    url: str
    roots: Path


def _pairs(value: str) -> list[tuple[str, str]]:
    words = value.split()
    if len(words) % 2:
        raise ValueError("must be pairs of two words")
    return list(zip(words[::2], words[1::2], strict=True))


def _read_witnesses(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        found = tuple(PolicyWitness(VerifierKey.parse(key), url) for key, url in _pairs(value))
        for witness in found:
            check_url(witness.url or "")
        _policy_of(found, len(found))
    except ChainError as error:
        raise ValueError(f"is not a list of witnesses ({error})") from None
    return found


def _read_authorities(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        found = tuple(Authority(url, Path(roots)) for url, roots in _pairs(value))
        for authority in found:
            check_url(authority.url)
    except ChainError as error:
        raise ValueError(f"is not a list of authorities ({error})") from None
    return found


def _policy_of(witnesses: tuple[PolicyWitness, ...], quorum: int) -> Policy:
    """Return the policy by which *quorum* of *witnesses* are enough; it names no log."""
    if not witnesses:
        return Policy()
    named = [(each.key.name, each) for each in witnesses]
    if len(dict(named)) != len(named):
        raise MalformedError("two witnesses have one name")
    names = tuple(name for name, _ in named)
    return Policy((), dict(named), {GROUP: PolicyGroup(quorum, names)}, GROUP)


def _check_public(value: str) -> str:
    try:
        check_url(value)
    except ChainError:
        raise ValueError("is not a URL") from None
    if urlsplit(value).path or urlsplit(value).query:
        raise ValueError("has a path")
    return value


def _check_provider(value: str) -> str:
    try:
        check_url(value)
    except ChainError:
        raise ValueError("is not a URL") from None
    if urlsplit(value).scheme != "https" and urlsplit(value).hostname not in LOOPBACK:
        raise ValueError("is not asked over https")
    return value


def _read_kinds(value: object) -> object:
    if not isinstance(value, str):
        return value
    kinds = {kind.value: kind for kind in Kind if kind is not Kind.ANONYMOUS}
    pairs = _pairs(value)
    if any(kind not in kinds for _, kind in pairs):
        raise ValueError(f"names a kind that is none of {', '.join(kinds)}")
    return {claimed: kinds[kind] for claimed, kind in pairs}


DatabaseUrl = Annotated[SecretStr, AfterValidator(_check_url)]


class Settings(BaseSettings):
    """What a deployment is told; immutable. Database URLs may hold passwords: kept secret."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, frozen=True, hide_input_in_errors=True
    )

    home: Path = Field(default_factory=lambda: Path.home() / ".xiyou")
    database_url: DatabaseUrl | None = None
    owner_database_url: DatabaseUrl | None = None
    origin: Annotated[str, AfterValidator(_check_origin)] | None = None
    publish_interval: float = Field(default=0.5, ge=0.05, le=60)
    witnesses: Annotated[tuple[PolicyWitness, ...], NoDecode, BeforeValidator(_read_witnesses)] = ()
    quorum: int | None = Field(default=None, ge=1)
    witness_deadline: float = Field(default=2.0, ge=0.1, le=60)
    stamp_authorities: Annotated[
        tuple[Authority, ...], NoDecode, BeforeValidator(_read_authorities)
    ] = ()
    stamp_interval: float = Field(default=12.0, ge=0.001, le=24)
    rate_factor: float = Field(default=1.0, ge=0.01, le=1_000_000, allow_inf_nan=False)
    metrics_port: int | None = Field(default=None, ge=1, le=65_535)
    traces_url: Annotated[str, AfterValidator(_check_traces)] | None = None
    public_url: Annotated[str, AfterValidator(_check_public)] | None = None
    sandbox: bool | None = None
    oidc_issuer: Annotated[str, AfterValidator(_check_provider)] | None = None
    oidc_audience: str | None = None
    oidc_claim: str = "groups"
    oidc_kinds: Annotated[dict[str, Kind], NoDecode, BeforeValidator(_read_kinds)] = Field(
        default_factory=dict
    )
    oidc_subject: str = "sub"
    verify_page: Annotated[str, Field(pattern=r"^https?://[!-\"$-~]{1,112}$")] | None = None
    webhook_sandbox: bool = False
    debug: bool = False

    @property
    def is_sandbox(self) -> bool:
        """Whether tokens of made-up persons are accepted: unless told so, not from the world."""
        return self.public_url is None if self.sandbox is None else self.sandbox

    def policy(self, keys: Iterable[VerifierKey] = ()) -> Policy:
        """Return the policy of the log with *keys*: its witnesses, and how many are enough.

        Raises:
            MalformedError: the quorum asks for more witnesses than there are.
        """
        enough = self.quorum or len(self.witnesses) // 2 + 1
        asked = _policy_of(self.witnesses, enough)
        logs = tuple(PolicyLog(key) for key in keys)
        return Policy(logs, asked.witnesses, asked.groups, asked.quorum)

    @property
    def is_embedded(self) -> bool:
        """Whether the database is our own, started and stopped by us."""
        return self.database_url is None


def load_settings(environment: Mapping[str, str], home: Path | None = None) -> Settings:
    """Return the settings in the process's *environment*; *home* goes before its own.

    Raises:
        SettingsError: anything is wrong; it names everything that is.
    """
    known = {f"{PREFIX}{name}".upper() for name in Settings.model_fields}
    faults = [
        f"{name}: no setting has this name: unset it, or write one of {', '.join(sorted(known))}"
        for name in sorted(environment)
        if name.startswith(PREFIX) and name not in known and not name.startswith(TEST_PREFIX)
    ]
    given: dict[str, Any] = {} if home is None else {"home": home}
    settings = None
    try:
        settings = Settings(**given)
    except ValidationError as error:
        faults += [_fault(each["loc"], each["msg"]) for each in error.errors(include_input=False)]
    if settings is not None and (settings.quorum or 0) > len(settings.witnesses):
        fault = f"asks for {settings.quorum} of {len(settings.witnesses)} witnesses"
        faults.append(f"{PREFIX}QUORUM: {fault}: {REMEDIES['QUORUM']}")
    if faults or settings is None:
        raise SettingsError(faults)
    return settings.model_copy(update={"home": settings.home.expanduser().absolute()})


def _fault(place: tuple[int | str, ...], message: str) -> str:
    name = str(place[0]).upper() if place else "?"
    said = message.removeprefix("Value error, ")
    return f"{PREFIX}{name}: {said[:1].lower()}{said[1:]}: {REMEDIES.get(name, 'mend it')}"
