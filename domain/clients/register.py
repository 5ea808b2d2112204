"""The keys of clients, as the authorization server looks them up: a register beside the log.

What stands in it can be made again from the log, but for the digests of sandbox secrets: a
lost secret is not restored, its client gets another one. ``tests/api/access/``.
"""

from typing import Final

from chain.register import Register

CLIENT_KEYS: Final = Register(
    "client_keys",
    {
        "client": "text",
        "key": "text",
        "kind": "text",
        "subject": "text",
        "scopes": "text",
        "method": "text",
        "public_key": "text",
        "secret": "bytea",
        "revoked": "boolean",
    },
    key=("client", "key"),
)
