"""Kinds of events that neither the market nor an import records, each once, for the bodies."""

from collections.abc import Sequence

from domain.clients.events import (
    ClientCallRefused,
    ClientKeyIssued,
    ClientKeyRevoked,
    ClientRegistered,
    ClientUsageRecorded,
)
from domain.event import Event, Meta
from domain.evidence.anchor import EvidenceAnchored
from domain.evidence.package import EvidenceExported
from domain.feeds.reading import ClientFeedRead
from domain.identity.account import PrivacyErased
from domain.keys.events import VoucherLocked
from domain.keys.guesser import KeyActivationRefused
from domain.keys.keyring import KeyKeyringRotated, KeyRewrapped
from domain.orders.events import OrderBlocked, OrderCleared, OrderHeld
from domain.payments.events import PaymentChargedBack, PaymentUnmatched
from domain.webhooks.events import WebhookDeadLettered, WebhookFailed, WebhookRegistered
from domain.witnessing.index import CommittedRange, IndexCommitted
from tests.domain.given import BUYER, LATER, identifier, meta_of

TAG = f"tag1:{'ab' * 32}"
OLD, NEW = f"master_{'0' * 16}", f"master_{'1' * 16}"

RANGE = CommittedRange(12, 0, "ab" * 32, 1_203, "cd" * 32, 41)


def rare_events() -> Sequence[Event]:
    """Return the events."""
    payment, refund, order = (identifier(each) for each in ("pay", "rfd", "ord"))
    key, client = identifier("key"), identifier("cli")

    def follows(stream: str) -> tuple[str, int, Meta]:
        return stream, 1, meta_of("cmd/rare")

    return [
        EvidenceExported(
            *follows("evidence/EV-20261124-000001"),
            number="EV-20261124-000001",
            bundle_sha256="ab" * 32,
            bundle_sm3="cd" * 32,
            checkpoint_size=40_023,
            opened=1,
            approver="staff-12",
            basis="court order",
        ),
        ClientRegistered(
            *follows(client), "shop window", "regulator", "staff-3", ("topic:order",), "staff-9"
        ),
        ClientKeyIssued(*follows(client), "k" * 43, "private_key_jwt", "{}"),
        ClientKeyRevoked(*follows(client), "k" * 43, "lost"),
        ClientCallRefused(*follows(client), "replayed_proof", "orders_place"),
        ClientUsageRecorded(
            *follows(identifier("use")),
            kind="regulator",
            operation="orders_read",
            object=order,
            subjects=(BUYER, "M-LAN"),
            client=client,
            purpose="inspection",
            value="ab" * 32,
            until=LATER,
        ),
        ClientFeedRead(
            *follows(identifier("fdr")),
            "transactions",
            40_023,
            "ab" * 32,
            "reg-1",
            "regulator",
            "cd" * 32,
        ),
        WebhookRegistered(*follows(identifier("whk")), "M-0001", "hooks.example", ("order.paid",)),
        WebhookFailed(*follows(identifier("whk")), 410),
        WebhookDeadLettered(*follows(identifier("whk")), 12, 40_023, 10),
        EvidenceAnchored(
            *follows("stamp/000000040023"),
            checkpoint_size=40_023,
            checkpoint_sha256="ab" * 32,
            token_sha256="cd" * 32,
            authority="CN=stamps,O=TEST ONLY",
            stamped_at=LATER,
            sandbox=True,
        ),
        PrivacyErased(*follows("erasure/2026-11-22"), digests=("ab" * 32, "cd" * 32)),
        OrderHeld(*follows(order), "many orders from one address"),
        OrderCleared(*follows(order), key, "known buyer"),
        OrderBlocked(*follows(order), "a stolen card"),
        KeyActivationRefused(
            *follows(f"redemption/{BUYER}"), BUYER, "foreign_buyer", TAG, key, order, TAG, TAG
        ),
        VoucherLocked(*follows(key), LATER, 1),
        KeyKeyringRotated(*follows("keyring/vault"), OLD, NEW),
        KeyRewrapped(*follows("keyring/vault"), NEW, 12, 3),
        IndexCommitted(*follows("index"), (RANGE,), 4_096),
        PaymentUnmatched(
            *follows(payment),
            amount=9_800,
            currency="CNY",
            cause="late",
            channel="alpha",
            connection="alpha-1",
            transaction="sandbox-tx-1",
            order=order,
            refund=refund,
            sandbox=True,
        ),
        PaymentChargedBack(*follows(payment), 9_800, "CNY", "sandbox-tx-1", sandbox=True),
    ]
