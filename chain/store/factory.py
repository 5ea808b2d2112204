"""The factory that an eventsourcing application names to live on the ledger.

``PERSISTENCE_MODULE=chain.store.factory:LedgerFactory`` names the class, not the module:
given a module, the library would also find its own base class in it.
"""

from typing import Any
from uuid import UUID

from eventsourcing.persistence import (
    AggregateRecorder,
    ApplicationRecorder,
    InfrastructureFactory,
    InfrastructureFactoryError,
    ProcessRecorder,
)
from eventsourcing.utils import Environment, EnvType, resolve_topic, strtobool

from chain.store.log import Log
from chain.store.recorder import (
    LedgerAggregateRecorder,
    LedgerApplicationRecorder,
    LedgerProcessRecorder,
)
from chain.store.snapshots import LedgerSnapshotRecorder
from chain.store.tracking import LedgerTrackingRecorder

ID_TYPES: dict[str, type[str] | type[UUID]] = {"text": str, "uuid": UUID}


class LedgerFactory(InfrastructureFactory[LedgerTrackingRecorder]):
    """Makes recorders that share one log, its sequencer and its connections.

    Environment: ``XIYOU_DATABASE_URL`` (needed), ``ORIGINATOR_ID_TYPE`` (``uuid``, the
    library's default, or ``text``), and what the library itself reads for mappers.

    Raises:
        InfrastructureFactoryError: a setting is missing, unknown or refused.
    """

    DATABASE_URL = "XIYOU_DATABASE_URL"
    ORIGINATOR_ID_TYPE = "ORIGINATOR_ID_TYPE"
    DB_FUNCTIONS = "POSTGRES_ENABLE_DB_FUNCTIONS"

    def __init__(self, env: Environment | EnvType | None) -> None:
        super().__init__(env)
        if strtobool(self.env.get(self.DB_FUNCTIONS) or "no"):
            raise InfrastructureFactoryError(
                f"{self.DB_FUNCTIONS} is refused: that mode writes past the recorder, so its"
                " events would stand in no tree, and it has been measured to lose some."
                " Unset it."
            )
        url = self.env.get(self.DATABASE_URL)
        if not url:
            raise InfrastructureFactoryError(
                f"{self.DATABASE_URL} is not set: name the ledger's database,"
                " for instance postgresql://xiyou_app@/xiyou?host=/run/xiyou"
            )
        name = self.env.get(self.ORIGINATOR_ID_TYPE) or "uuid"
        if name not in ID_TYPES:
            raise InfrastructureFactoryError(
                f"{self.ORIGINATOR_ID_TYPE} is {name!r}: must be one of {', '.join(ID_TYPES)}"
            )
        self.log = Log(url)
        self._id_type = ID_TYPES[name]

    def aggregate_recorder(self, purpose: str = "events") -> AggregateRecorder:
        """Return a recorder of events, or for *purpose* ``snapshots`` one of snapshots."""
        if purpose == "snapshots":
            return LedgerSnapshotRecorder(self.log)
        return LedgerAggregateRecorder(self.log, self._id_type)

    def application_recorder(self) -> ApplicationRecorder:
        """Return a recorder for an application."""
        return LedgerApplicationRecorder(self.log, self._id_type)

    def tracking_recorder(
        self, tracking_recorder_class: type[LedgerTrackingRecorder] | None = None
    ) -> LedgerTrackingRecorder:
        """Return a recorder of positions, of the class that is given or that is configured."""
        made: type[Any] = tracking_recorder_class or LedgerTrackingRecorder
        topic = self.env.get(self.TRACKING_RECORDER_TOPIC)
        if tracking_recorder_class is None and topic:
            made = resolve_topic(topic)
        return made(self.log)  # type: ignore[no-any-return]

    def process_recorder(self) -> ProcessRecorder:
        """Return a recorder of events and positions together."""
        return LedgerProcessRecorder(self.log, self._id_type)

    def close(self) -> None:
        """Commit what is waiting and close every connection."""
        self.log.close()
