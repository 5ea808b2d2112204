"""Which URLs and addresses a webhook may be sent to: none that leads inward (T11).

A URL is checked when it is registered, and the address that its name resolves to is checked
each time, before it is connected to; the name is resolved once, so no second answer can differ.
``tests/domain/webhooks/test_t11_inward_urls.py``.
"""

import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from chain.errors import MalformedError
from domain.errors import Refusal

HTTPS: Final = 443
HTTP: Final = 80
LOWEST_OWN_PORT: Final = 1024
MAX_URL_SIZE: Final = 2_000

_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_INWARD_NAMES: Final = ("localhost", "local", "internal", "intranet", "lan", "home", "corp")
_GLOBAL_V6: Final = IPv6Network("2000::/3")
_TRANSLATED: Final = tuple(
    IPv6Network(each) for each in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
)
"""Parts of it that lead to an IPv4 address, or to nobody."""
_SPECIAL_V4: Final = (IPv4Network("192.0.0.0/24"), IPv4Network("192.88.99.0/24"))
"""Protocol assignments, one cloud's metadata among them, and relays: not all known to Python."""


class InwardAddressError(Refusal):
    """A webhook would be sent into our own network, or to no public place."""


class Target(NamedTuple):
    """Where a URL leads, before its name is resolved."""

    scheme: str
    host: str
    port: int
    path: str


def parse_target(url: str, *, sandbox: bool = False) -> Target:
    """Return where *url* leads.

    Args:
        url: of an endpoint.
        sandbox: plain http and this machine are allowed.

    Raises:
        MalformedError: it is no https URL in its plain spelling.
        InwardAddressError: its host is named so that it leads inward.
    """
    if len(url) > MAX_URL_SIZE or not url.isascii() or any(c <= " " or c in "\\\x7f" for c in url):
        raise MalformedError("url: write https://host/path in ASCII, at most 2,000 characters")
    try:
        parts = urlsplit(url)
        port = parts.port
        host = (parts.hostname or "").lower()
    except ValueError:
        raise MalformedError("url: write https://host/path") from None
    schemes = ("https", "http") if sandbox else ("https",)
    if parts.scheme not in schemes or not host or "@" in parts.netloc or parts.fragment:
        raise MalformedError("url: write https://host/path, without a password or a fragment")
    port = port if port is not None else (HTTPS if parts.scheme == "https" else HTTP)
    if port != HTTPS and port < LOWEST_OWN_PORT and not (sandbox and port == HTTP):
        raise InwardAddressError(f"url: port {port} is another service's: use 443 or 1024 and up")
    _check_host(host, sandbox=sandbox)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, host, port, path)


def check_address(text: str, *, sandbox: bool = False) -> None:
    """Check that *text*, an address that a name was resolved to, is a public one.

    Raises:
        InwardAddressError: it is not.
    """
    try:
        address = ip_address(text)
    except ValueError:
        raise InwardAddressError("url: its host has no plain address") from None
    if sandbox and address.is_loopback:
        return
    if not _is_public(address):
        raise InwardAddressError("url: its host is not at a public address")


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv6Address):
        if address.scope_id or address not in _GLOBAL_V6:
            return False
        if any(address in each for each in _TRANSLATED):
            return False
    elif any(address in each for each in _SPECIAL_V4):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _check_host(host: str, *, sandbox: bool) -> None:
    if ":" in host:
        check_address(host, sandbox=sandbox)
        return
    labels = host.removesuffix(".").split(".")
    if not all(_LABEL.fullmatch(each) for each in labels):
        raise MalformedError("url: its host is no name and no address")
    if _NUMBER.fullmatch(labels[-1]):
        # What ends in a number is an address; one that is spelt oddly wants to hide.
        check_address(host, sandbox=sandbox)
        return
    if sandbox and host == "localhost":
        return
    if len(labels) == 1 or labels[-1] in _INWARD_NAMES:
        raise InwardAddressError("url: its host is named as one inside a network is")
