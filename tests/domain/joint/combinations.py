"""The table of ``features.md``, 3.6, copied by hand: 23 rows, as the walk must find them."""

COMBINATIONS = frozenset(
    {
        ("placed", "unbound", "none", False),
        ("placed", "reserved", "none", False),
        ("blocked", "unbound", "none", False),
        ("closed_unpaid", "unbound", "none", False),
        ("paid", "sold", "held", False),
        ("paid", "sold", "frozen", True),
        ("delivered", "vouchered", "held", False),
        ("delivered", "vouchered", "frozen", True),
        ("delivered", "activated", "held", False),
        ("delivered", "activated", "frozen", True),
        ("confirmed", "vouchered", "held", False),
        ("confirmed", "vouchered", "frozen", True),
        ("confirmed", "confirmed", "held", False),
        ("confirmed", "confirmed", "frozen", True),
        ("confirmed", "vouchered", "released", False),
        ("confirmed", "released", "released", False),
        ("confirmed", "released", "held", False),
        ("confirmed", "released", "frozen", True),
        ("closed_completed", "vouchered", "released", False),
        ("closed_completed", "released", "released", False),
        ("refunded", "returned", "refunded", False),
        ("refunded", "quarantined", "refunded", False),
        ("refunded", "voided", "refunded", False),
    }
)
