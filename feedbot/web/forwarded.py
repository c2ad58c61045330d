"""Where a request was sent before a proxy took it: `X-Forwarded-*`, from trusted proxies alone.

Anybody can write these headers, and whoever is believed decides where links lead. So they count
only if the connection comes from a proxy that the configuration names, and of several values only
the last, which that proxy wrote itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

Network = IPv4Network | IPv6Network

_HOST = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252})|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?")
_PREFIX = re.compile(r"(?:/[A-Za-z0-9._~-]{1,100}){0,10}")
_HEADERS = {
    b"x-forwarded-proto": "scheme",
    b"x-forwarded-host": "host",
    b"x-forwarded-prefix": "prefix",
}


@dataclass(frozen=True, slots=True)
class Outside:
    """How a request looked to whoever made it, as far as the proxy says; "" where it does not.

    prefix: what the proxy took away from the path, without a slash at its end
    """

    scheme: str = ""
    host: str = ""
    prefix: str = ""

    @property
    def base_url(self) -> str | None:
        """What our paths stand below, seen from outside; None where the proxy names no host."""
        return f"{self.scheme or 'http'}://{self.host}{self.prefix}" if self.host else None


@lru_cache(maxsize=64)
def networks(trusted: Sequence[str]) -> tuple[Network, ...]:
    """Addresses and networks as the configuration writes them. Raises ValueError."""
    return tuple(ip_network(one, strict=False) for one in trusted)


def outside(scope: Any, trusted: tuple[str, ...]) -> Outside:
    """What the proxy says of a request, if it is one of the trusted."""
    if not trusted or not is_trusted(scope.get("client"), trusted):
        return Outside()
    return _read(scope["headers"])


def is_trusted(client: Sequence[Any] | None, trusted: tuple[str, ...]) -> bool:
    """Whether a connection, (host, port), comes from a proxy we believe."""
    if client is None:
        return False
    try:
        address = ip_address(client[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None) or address
    return any(mapped in network for network in networks(trusted))


def _read(headers: Iterable[tuple[bytes, bytes]]) -> Outside:
    said = {
        _HEADERS[name]: value.decode("latin-1").rpartition(",")[2].strip()
        for name, value in headers
        if name in _HEADERS
    }
    scheme, host = said.get("scheme", "").lower(), said.get("host", "")
    prefix = said.get("prefix", "").rstrip("/")
    return Outside(
        scheme if scheme in ("http", "https") else "",
        host if _HOST.fullmatch(host) else "",
        prefix if _PREFIX.fullmatch(prefix) and "/.." not in prefix else "",
    )
