"""Settings: what a deployment is told from outside, by ``XIYOU_`` variables alone.

Every fault is found before anything starts, and all of them are named at once: variable,
fault, remedy; never a value, which may be a secret. A variable that no setting reads is a
fault too, since it is most often a setting misspelt. Proved by ``tests/api/test_settings.py``.

    XIYOU_HOME                folder of keys, published files and, embedded, the database
    XIYOU_DATABASE_URL        a PostgreSQL of your own, as the application's role
    XIYOU_OWNER_DATABASE_URL  the same as the schema's owner, for `xiyou migrate`
    XIYOU_ORIGIN              the log's name, chosen once when its keys are made
    XIYOU_PUBLISH_INTERVAL    seconds between two looks of the publisher
    XIYOU_DEBUG               1: show where an error arose, for whoever develops this program
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from chain.errors import ChainError, MalformedError
from chain.vkey import check_key_name

PREFIX = "XIYOU_"
TEST_PREFIX = "XIYOU_TEST_"
"""Variables of the test suite; this program reads none of them."""

REMEDIES = {
    "HOME": "name a folder, such as ~/.xiyou",
    "DATABASE_URL": "write postgresql://user@host/database, or unset it for the embedded one",
    "OWNER_DATABASE_URL": "write postgresql://owner@host/database, of the schema's owner",
    "ORIGIN": "choose a name such as ledger.example/2026: no spaces, no plus",
    "PUBLISH_INTERVAL": "give seconds from 0.05 to 60",
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


def _check_origin(value: str) -> str:
    try:
        check_key_name(value)
    except ChainError:
        raise ValueError("is not the name of a log") from None
    return value


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
    debug: bool = False

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
    if faults or settings is None:
        raise SettingsError(faults)
    return settings.model_copy(update={"home": settings.home.expanduser().absolute()})


def _fault(place: tuple[int | str, ...], message: str) -> str:
    name = str(place[0]).upper() if place else "?"
    said = message.removeprefix("Value error, ")
    return f"{PREFIX}{name}: {said[:1].lower()}{said[1:]}: {REMEDIES.get(name, 'mend it')}"
