"""Every event type and aggregate that this program knows: importing it declares them all.

``tests/golden/domain/events.json`` freezes the list: a type may be added, and a payload
may get a new version; nothing is renamed or taken away.
"""

from domain.aggregate import AGGREGATES
from domain.catalogue import batch, product
from domain.clients import client, opening, reading
from domain.credit import deposit, file, sanction
from domain.disputes import dispute
from domain.event import EVENTS
from domain.evidence import anchor, package
from domain.feeds import reading as feed
from domain.identity import account, erasure, verification
from domain.keys import guesser, key, keyring, upstream
from domain.ledger import journal, recon, withdrawal
from domain.orders import order
from domain.payments import payment
from domain.qualification import certificate, qualification
from domain.refunds import refund
from domain.webhooks import events as webhook
from domain.witnessing import index

AREAS = (
    *(account, anchor, batch, certificate, client, deposit, dispute, erasure, feed, file),
    *(
        guesser,
        index,
        journal,
        key,
        keyring,
        opening,
        order,
        package,
        payment,
        product,
        qualification,
    ),
    *(reading, recon, refund, sanction, upstream, verification, webhook, withdrawal),
)

__all__ = ["AGGREGATES", "AREAS", "EVENTS"]
