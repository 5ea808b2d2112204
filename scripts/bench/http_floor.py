"""The floor of ``xiyou bench http``: one plain insert and commit a request, and no more.

The same stack, FastAPI on uvicorn, a thread a request and the ledger's own pool: what HTTP
and a durable commit cost whoever keeps no ledger.
"""

import os
import sys
from typing import Any

import uvicorn
from fastapi import FastAPI

from chain.store.database import Database

URL = "BENCH_DATABASE_URL"
TABLE = """
CREATE SCHEMA bench;
CREATE TABLE bench.plain (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body text NOT NULL);
GRANT USAGE ON SCHEMA bench TO xiyou_app;
GRANT INSERT ON bench.plain TO xiyou_app;
"""


def plain_app(database: Database) -> FastAPI:
    """Return the application."""
    app = FastAPI(docs_url=None, redoc_url=None)

    @app.post("/insert", status_code=201)
    def insert(body: dict[str, Any]) -> dict[str, bool]:
        with database.connection() as connection:
            connection.execute("INSERT INTO bench.plain (body) VALUES (%s)", [str(body)])
        return {"ok": True}

    return app


def main() -> None:
    """Serve on the port that the first argument names, until killed."""
    database = Database(os.environ[URL])
    uvicorn.run(
        plain_app(database),
        port=int(sys.argv[1]),
        log_config=None,
        access_log=False,
        server_header=False,
    )


if __name__ == "__main__":
    main()
