"""Whether this process lives, and whether it can serve."""

from fastapi import APIRouter

from api.bootstrap import Deployment


def health_routes(ledger: Deployment) -> APIRouter:
    """Return the routes ``/livez`` and ``/readyz``."""
    router = APIRouter(tags=["health"])

    @router.get("/livez", operation_id="health_live")
    def livez() -> dict[str, str]:
        """Say that the process answers; asks nothing else."""
        return {"status": "ok"}

    @router.get("/readyz", operation_id="health_ready")
    def readyz() -> dict[str, str | int]:
        """Say how far the log has come; 503 while the database is out of reach."""
        return {"status": "ok", "origin": ledger.origin, "size": ledger.reader.size()}

    return router
