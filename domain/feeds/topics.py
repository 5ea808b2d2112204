"""Which event types a topic holds: the four classes of the regulator's data interface.

``evidence.md``, 10.3, after the classes of SAMR: *identity* (who trades, and by what right),
*leads* (what points to a violation), *assistance* (cases, and what their authorities are
handed) and *transactions* (the trade and its money). Every type is in one of them or in
`INTERNAL`. `ALL` is the auditors': every entry.

A full page of a feed never changes, so neither may this table for a type that was ever
recorded: a new type may join a topic, none may move or leave. ``tests/golden/feeds/topics.json``
freezes it; ``tests/domain/feeds/test_topics.py``.
"""

from typing import Final

from domain.errors import NotFoundError

ALL: Final = "all"

OWN: Final = "own"
"""What concerns whoever asks: a merchant's or a platform client's."""

IDENTITY: Final = frozenset(
    {
        *("certificate.issued", "certificate.presented", "certificate.reinstated"),
        *("certificate.revoked", "certificate.suspended"),
        *("identity.account_restricted", "identity.account_unlocked"),
        *("identity.bankcard_checked", "identity.document_read", "identity.expired"),
        *("identity.face_compared", "identity.refused", "identity.requested"),
        *("identity.revoked", "identity.source_checked", "identity.verified"),
        *("privacy.erased", "qualification.approved", "qualification.expired"),
        *("qualification.reinstated", "qualification.rejected", "qualification.reviewed"),
        *("qualification.revoked", "qualification.scope_ended", "qualification.scope_granted"),
        *("qualification.submitted", "qualification.suspended"),
    }
)
LEADS: Final = frozenset(
    {
        *("credit.grade_changed", "credit.ranking_weighted", "credit.recomputed"),
        *("key.activation_refused", "key.duplicate_detected", "key.quarantine_lifted"),
        *("key.quarantined", "key.upstream_checked", "order.blocked", "order.cleared"),
        *("order.held", "payment.callback_refused", "payment.charged_back"),
        *("product.import_line_rejected", "recon.break_opened", "sanction.appealed"),
        *("sanction.applied", "sanction.expired", "sanction.lifted", "voucher.locked"),
    }
)
ASSISTANCE: Final = frozenset(
    {
        *("client.feed_read", "dispute.appealed", "dispute.assigned", "dispute.conceded"),
        *("dispute.opened", "dispute.withdrawn", "evidence.exported", "evidence.gathered"),
        *("message.added", "ruling.accepted", "ruling.executed", "ruling.issued"),
    }
)
TRANSACTIONS: Final = frozenset(
    {
        *("bundle.issued", "bundle.unit_used", "bundle.units_refunded", "deposit.drawn"),
        *("deposit.forfeited", "deposit.required", "deposit.returned", "deposit.topped_up"),
        *("funds.frozen", "funds.held", "funds.recalled", "funds.released", "funds.unfrozen"),
        *("key.activated", "key.confirmed", "key.imported", "key.listed", "key.released"),
        *("key.reservation_released", "key.reserved", "key.returned", "key.revealed"),
        *("key.sealed", "key.sold", "key.unlisted", "key.voided", "ledger.posted"),
        *("ledger.withdrawal_paid", "ledger.withdrawal_requested", "order.closed"),
        *("order.confirmed", "order.delivered", "order.paid", "order.placed"),
        *("order.refunded", "payment.captured", "payment.initiated", "payment.unmatched"),
        *("product.created", "product.import_finished", "product.import_started"),
        *("product.stock_adjusted", "product.updated", "product.withdrawn"),
        *("refund.approved", "refund.declined", "refund.executed", "refund.failed"),
        *("refund.requested", "refund.settled", "voucher.expired", "voucher.issued"),
        "voucher.revoked",
    }
)
INTERNAL: Final = frozenset(
    {
        *("client.call_refused", "client.key_issued", "client.key_revoked"),
        *("client.registered", "client.usage_recorded"),
        *("evidence.anchored", "index.committed"),
        *("key.keyring_rotated", "key.rewrapped"),
        *("webhook.dead_lettered", "webhook.failed", "webhook.registered"),
    }
)
"""Types in no topic but `ALL`: what the log says of itself, custody of keys, whom we call."""

TOPICS: Final = {
    "identity": IDENTITY,
    "leads": LEADS,
    "assistance": ASSISTANCE,
    "transactions": TRANSACTIONS,
}


def is_in_topic(topic: str, kind: str) -> bool:
    """Say whether an event of type *kind* belongs to *topic*.

    Raises:
        NotFoundError: there is no such topic.
    """
    if topic == ALL:
        return True
    if topic not in TOPICS:
        raise NotFoundError(f"{topic}: there is no such topic: {', '.join([*TOPICS, ALL])}")
    return kind in TOPICS[topic]
