"""Every table that can be read, as a resource, with an example of each."""

from typing import Final

from api.views.resource import Resource

ORDER: Final = "ord_01m6b1yq00e2aafp47cgx674mz"
BUYER: Final = "usr_01m6b1yq00e2aafp47cgx674mz"
PRODUCT: Final = "prd_01m6b1yq00e2aafp47cgx674mz"
KEY: Final = "key_01m6b1yq00e2aafp47cgx674mz"
DISPUTE: Final = "dsp_01m6b1yq00e2aafp47cgx674mz"
BATCH: Final = "bat_01m6b1yq00e2aafp47cgx674mz"
AT: Final = "2026-06-01T08:00:00Z"
_SEEN: Final = {"first_index": 4_102, "index": 4_120}
_PARTIES: Final = {"buyer": BUYER, "merchant": "M-LAN"}
_COUNTS: Final = {
    "imported": 10,
    "available": 7,
    "reserved": 1,
    "delivered": 2,
    "voided": 0,
    "quarantined": 0,
    "returned": 0,
    "listed": 7,
}

ORDERS: Final = Resource(
    *("orders", "order", "order", "id"),
    {
        "order": ORDER,
        "buyer": BUYER,
        "merchant": "M-LAN",
        "product": PRODUCT,
        "key": KEY,
        "amount": 1_990,
        "currency": "CNY",
        "state": "delivered",
        "funds": "held",
        "escrow": 1_990,
        "units": 1,
        "placed_at": AT,
        **_SEEN,
    },
)
STEPS: Final = Resource(
    *("timeline", "step", "", "order_id"),
    {
        "order": ORDER,
        "topic": "order.placed",
        "step": "placed",
        "stream": ORDER,
        "seq": 1,
        "role": "consumer",
        "moment": AT,
        "index": 4_102,
    },
)
REFUNDS: Final = Resource(
    *("refunds", "refund", "refund", "order_id"),
    {
        "refund": "rfd_01m6b1yq00e2aafp47cgx674mz",
        "order": ORDER,
        "amount": 1_990,
        "currency": "CNY",
        "units": 1,
        "state": "settled",
        "asked_at": AT,
        **_PARTIES,
        **_SEEN,
    },
)
KEYS: Final = Resource(
    *("keys", "key", "key", "order_id"),
    {
        "key": KEY,
        "product": PRODUCT,
        "order": ORDER,
        "units": 1,
        "state": "vouchered",
        "voucher": "live",
        "voucher_until": AT,
        "views": 0,
        **_PARTIES,
        **_SEEN,
    },
)
STOCK: Final = Resource(
    *("stock", "stock", "product", ""),
    {
        "product": PRODUCT,
        "merchant": "M-LAN",
        "code": "SKU-1",
        "price": 1_990,
        "currency": "CNY",
        "state": "offered",
        "adjusted": 0,
        **_COUNTS,
        **_SEEN,
    },
)
BATCHES: Final = Resource(
    *("batches", "batch", "batch", ""),
    {
        "batch": BATCH,
        "merchant": "M-LAN",
        "product": PRODUCT,
        "state": "finished",
        "accepted": 10,
        "rejected": 0,
        "duplicates": 0,
        "started_at": AT,
        **_COUNTS,
        **_SEEN,
    },
)
MERCHANTS: Final = Resource(
    *("merchants", "merchant", "merchant", "merchant"),
    {
        "merchant": "M-LAN",
        "account": "unlocked",
        "state": "approved",
        "valid_until": "2027-06-01",
        "votes": 0,
        **_SEEN,
    },
)
CERTIFICATES: Final = Resource(
    *("certificates", "certificate", "certificate", "merchant"),
    {
        "certificate": "cer_01m6b1yq00e2aafp47cgx674mz",
        "merchant": "M-LAN",
        "kind": "merchant",
        "state": "good",
        "issued_at": AT,
        "presented": 3,
        **_SEEN,
    },
)
CREDIT: Final = Resource(
    *("credit", "credit", "merchant", "merchant"),
    {
        "merchant": "M-LAN",
        "score": 8_120,
        "scale": 10_000,
        "grade": "A",
        "rules": 1,
        "log_size": 4_000,
        "deposit": 500_000,
        "deposit_currency": "CNY",
        **_SEEN,
    },
)
SANCTIONS: Final = Resource(
    *("sanctions", "sanction", "sanction", "merchant"),
    {
        "sanction": "san_01m6b1yq00e2aafp47cgx674mz",
        "merchant": "M-LAN",
        "ground": "late_delivery",
        "level": "warning",
        "state": "applied",
        "starts_at": AT,
        **_SEEN,
    },
)
DISPUTES: Final = Resource(
    *("disputes", "dispute", "dispute", "arbitrator"),
    {
        "dispute": DISPUTE,
        "order": ORDER,
        "opener": "consumer",
        "fault": "never_worked",
        "state": "assigned",
        "open": True,
        "arbitrator": "staff-2",
        "opened_at": AT,
        **_PARTIES,
        **_SEEN,
    },
)
WORK: Final = Resource(
    *("work", "work", "", "assignee"),
    {
        "kind": "dispute",
        "stream": DISPUTE,
        "state": "open",
        "assignee": "staff-2",
        "reason": "first",
        "since": AT,
        **_PARTIES,
        **_SEEN,
    },
)
BALANCES: Final = Resource(
    *("balances", "balance", "", ""),
    {
        "account": "merchant:M-LAN",
        "kind": "merchant",
        "merchant": "M-LAN",
        "currency": "CNY",
        "amount": 123_450,
        "postings": 62,
        **_SEEN,
    },
)
DAYS: Final = Resource(
    *("daily", "day", "", ""),
    {
        "day": "2026-06-01",
        "merchant": "M-LAN",
        "currency": "CNY",
        "placed": 31,
        "placed_amount": 61_690,
        "paid": 29,
        "paid_amount": 57_710,
        "delivered": 29,
        **_SEEN,
    },
)
