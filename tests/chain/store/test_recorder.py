"""The test cases that the library ships for recorders, unchanged, on our recorders."""

from typing import Any, ClassVar
from uuid import UUID, uuid4

import pytest
from eventsourcing.persistence import (
    InfrastructureFactoryError,
    IntegrityError,
    StoredEvent,
    Tracking,
)
from eventsourcing.tests import persistence as shipped
from eventsourcing.utils import Environment

from chain.store.factory import LedgerFactory
from chain.store.log import Log
from chain.store.recorder import (
    LedgerAggregateRecorder,
    LedgerApplicationRecorder,
    LedgerProcessRecorder,
)
from chain.store.snapshots import LedgerSnapshotRecorder
from chain.store.tracking import LedgerTrackingRecorder


class OnLedger:
    """Gives a shipped test case a fresh log for each of its tests."""

    ID_TYPE: ClassVar[type[str] | type[UUID]] = UUID
    log: Log

    @pytest.fixture(autouse=True)
    def _fresh_log(self, log: Log) -> None:
        self.log = log


class WithTextIds(OnLedger):
    ID_TYPE = str

    def new_originator_id(self) -> str:
        return f"order-{uuid4()}"


class AggregateRecorderCase(OnLedger):
    def create_recorder(self) -> LedgerAggregateRecorder:
        return LedgerAggregateRecorder(self.log, self.ID_TYPE)


class TestAggregateRecorder(AggregateRecorderCase, shipped.AggregateRecorderTestCase):
    pass


class TestAggregateRecorderWithTextIds(
    WithTextIds, AggregateRecorderCase, shipped.AggregateRecorderTestCase
):
    pass


class ApplicationRecorderCase(OnLedger):
    EXPECT_CONTIGUOUS_NOTIFICATION_IDS = True

    def create_recorder(self) -> LedgerApplicationRecorder:
        return LedgerApplicationRecorder(self.log, self.ID_TYPE)


class TestApplicationRecorder(
    ApplicationRecorderCase, shipped.ApplicationRecorderTestCase[LedgerApplicationRecorder]
):
    def test_insert_subscribe(self) -> None:
        self.optional_test_insert_subscribe()


class TestApplicationRecorderWithTextIds(
    WithTextIds,
    ApplicationRecorderCase,
    shipped.ApplicationRecorderTestCase[LedgerApplicationRecorder],
):
    def test_insert_subscribe(self) -> None:
        self.optional_test_insert_subscribe()


class TestNonInterleaving(ApplicationRecorderCase, shipped.NonInterleavingNotificationIDsBaseCase):
    pass


class TestNonInterleavingWithTextIds(
    WithTextIds, ApplicationRecorderCase, shipped.NonInterleavingNotificationIDsBaseCase
):
    pass


class TestTrackingRecorder(OnLedger, shipped.TrackingRecorderTestCase):
    def create_recorder(self) -> LedgerTrackingRecorder:
        return LedgerTrackingRecorder(self.log)


class ProcessRecorderCase(OnLedger):
    def create_recorder(self) -> LedgerProcessRecorder:
        return LedgerProcessRecorder(self.log, self.ID_TYPE)


class TestProcessRecorder(ProcessRecorderCase, shipped.ProcessRecorderTestCase):
    pass


class TestProcessRecorderWithTextIds(
    WithTextIds, ProcessRecorderCase, shipped.ProcessRecorderTestCase
):
    pass


class TestProcessRecorderAsTrackingRecorder(ProcessRecorderCase, shipped.TrackingRecorderTestCase):
    pass


class OurTrackingRecorder(LedgerTrackingRecorder):
    pass


class TestFactory(shipped.InfrastructureFactoryTestCase[LedgerFactory]):
    @pytest.fixture(autouse=True)
    def _environment(self, app_url: str) -> None:
        self.env = Environment("Ledger")
        self.env[LedgerFactory.PERSISTENCE_MODULE] = "chain.store.factory:LedgerFactory"
        self.env[LedgerFactory.DATABASE_URL] = app_url

    def expected_factory_class(self) -> type[LedgerFactory]:
        return LedgerFactory

    def expected_aggregate_recorder_class(self) -> type[LedgerAggregateRecorder]:
        return LedgerAggregateRecorder

    def expected_application_recorder_class(self) -> type[LedgerApplicationRecorder]:
        return LedgerApplicationRecorder

    def expected_tracking_recorder_class(self) -> type[LedgerTrackingRecorder]:
        return LedgerTrackingRecorder

    def tracking_recorder_subclass(self) -> type[OurTrackingRecorder]:
        return OurTrackingRecorder

    def expected_process_recorder_class(self) -> type[LedgerProcessRecorder]:
        return LedgerProcessRecorder

    def test_snapshots_have_a_recorder_of_their_own(self) -> None:
        assert type(self.factory.aggregate_recorder("snapshots")) is LedgerSnapshotRecorder


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"POSTGRES_ENABLE_DB_FUNCTIONS": "yes"}, "writes past the recorder"),
        ({"XIYOU_DATABASE_URL": ""}, "XIYOU_DATABASE_URL is not set"),
        ({"ORIGINATOR_ID_TYPE": "integer"}, "must be one of text, uuid"),
    ],
)
def test_a_setting_that_would_break_the_log_is_refused_with_the_reason(
    app_url: str, changes: dict[str, Any], complaint: str
) -> None:
    env = {"PERSISTENCE_MODULE": "chain.store.factory:LedgerFactory", "XIYOU_DATABASE_URL": app_url}
    with pytest.raises(InfrastructureFactoryError, match=complaint):
        LedgerFactory.construct({**env, **changes})


def test_a_position_and_its_events_are_recorded_together_or_not_at_all(log: Log) -> None:
    recorder = LedgerProcessRecorder(log, str)
    event = StoredEvent("ord_1", 1, "order.placed", b"{}")
    recorder.insert_events([event], tracking=Tracking("upstream", 5))
    later = StoredEvent("ord_1", 2, "order.paid", b"{}")
    with pytest.raises(IntegrityError, match="position 5 is not beyond"):
        recorder.insert_events([later], tracking=Tracking("upstream", 5))
    stale = StoredEvent("ord_1", 1, "order.paid", b"{}")
    with pytest.raises(IntegrityError, match="version 1 does not follow"):
        recorder.insert_events([stale], tracking=Tracking("upstream", 6))
    assert recorder.max_notification_id() == 1
    assert recorder.max_tracking_id("upstream") == 5
