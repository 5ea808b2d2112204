"""The duty to keep a person's data, as the log has it now. ``tests/api/test_persons.py``."""

from api.bootstrap import Deployment
from domain.identity.retention import Duty, duty_of
from domain.policies.policy import Entries


def duty_now(ledger: Deployment, party: str, now: str) -> Duty | None:
    """Return the duty to keep the data of *party* at *now*, RFC 3339 in UTC; None for none."""
    log = ledger.trade.recorder
    if not isinstance(log, Entries):
        raise TypeError("the recorder hands out no entries")
    return duty_of(log, party, ledger.reader.size(), now)
