"""The routes of the merchant's and the staff's side, joined: one router a resource.

Use cases of this side that have no route, and why, stand in `api.routes.coverage`.
"""

from fastapi import APIRouter

from api.bootstrap import Deployment
from api.outside import Outside
from api.routes.credit import credit_routes
from api.routes.decisions import decision_routes
from api.routes.deposits import deposit_routes
from api.routes.documents import document_routes
from api.routes.identity import identity_routes
from api.routes.persons import person_routes
from api.routes.presentations import presentation_routes
from api.routes.products import product_routes
from api.routes.qualifications import qualification_routes
from api.routes.sanctions import sanction_routes
from api.routes.screening import screening_routes
from api.routes.shelf import shelf_routes
from api.routes.wallet import wallet_routes
from api.routes.webhooks import webhook_routes


def shopkeeping_routes(ledger: Deployment) -> list[APIRouter]:
    """Return the routers; those that ask an outside party share the connections to it."""
    outside = Outside(ledger)
    return [
        product_routes(ledger),
        shelf_routes(ledger),
        screening_routes(ledger, outside),
        identity_routes(ledger, outside),
        person_routes(ledger),
        document_routes(ledger),
        qualification_routes(ledger),
        decision_routes(ledger),
        presentation_routes(ledger),
        deposit_routes(ledger),
        wallet_routes(ledger),
        sanction_routes(ledger),
        credit_routes(ledger),
        webhook_routes(ledger),
    ]
