"""Which addresses may be connected to, decided on the very address the socket is made for.

A name can resolve to anything, and to something else a moment later; so neither the URL nor a
look-up of our own is asked, but the address the connector is about to use.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable
from ipaddress import IPv4Address, ip_address, ip_network
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult

#: `getaddrinfo`'s tuple: family, type, protocol, canonical name, socket address.
AddressInfo = tuple[Any, Any, int, str, tuple[Any, ...]]
SocketFactory = Callable[[AddressInfo], socket.socket]

#: The one block that holds global unicast addresses (RFC 4291 2.4, IANA). What lies outside of it
#: and still reaches hosts does so through an IPv4 address inside: mapped, NAT64 (64:ff9b::/96).
_GLOBAL_V6 = ip_network("2000::/3")

#: Not public, whatever `is_global` of this Python's tables says: they differ by release.
_NEVER = tuple(
    map(
        ip_network,
        (
            "192.0.0.0/24",  # protocol assignments, RFC 6890
            "192.88.99.0/24",  # 6to4 relays, RFC 7526
            "224.0.0.0/4",  # multicast
            "2001::/23",  # protocol assignments, Teredo among them: embeds IPv4
            "2002::/16",  # 6to4: embeds IPv4
            "3fff::/20",  # documentation, RFC 9637
        ),
    )
)


class RefusedAddress(OSError):
    """An address that is not public; `str()` names it and the cure."""

    def __init__(self, address: str) -> None:
        super().__init__(
            f"address {address} is not public; set http.allow_private_networks = true to allow it"
        )


def is_public(address: str) -> bool:
    """Whether an IP address is globally routable unicast and carries no other address in it."""
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    if not isinstance(ip, IPv4Address) and ip not in _GLOBAL_V6:
        return False
    return ip.is_global and not any(ip in network for network in _NEVER)


def plain_socket(info: AddressInfo) -> socket.socket:
    """An unconnected socket for this address."""
    family, kind, protocol, _, _ = info
    return socket.socket(family, kind, protocol)


def guarded(make: SocketFactory) -> SocketFactory:
    """A socket factory that raises RefusedAddress for what is not public."""

    def factory(info: AddressInfo) -> socket.socket:
        address = str(info[4][0])
        if not is_public(address):
            raise RefusedAddress(address)
        return make(info)

    return factory


class SystemResolver(AbstractResolver):
    """`getaddrinfo`, each look-up in a daemon thread of its own.

    The event loop's pool has a few threads: names whose DNS server is silent would keep all others
    waiting, and the process from ending.
    """

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses of `host`. Raises `socket.gaierror`, or UnicodeError for no name at all."""
        infos = await _in_daemon_thread(
            lambda: socket.getaddrinfo(
                host, port, family, socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG
            )
        )
        return [
            ResolveResult(
                hostname=host,
                host=str(address[0]),
                port=port,
                family=found,
                proto=protocol,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for found, _, protocol, _, address in infos
        ]

    async def close(self) -> None:
        """Nothing is held."""


async def _in_daemon_thread(work: Callable[[], Any]) -> Any:
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Any] = loop.create_future()

    def settle(result: Any, error: Exception | None) -> None:
        if future.cancelled():
            return
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)

    def run() -> None:
        result, error = None, None
        try:
            result = work()
        except Exception as raised:
            error = raised
        with contextlib.suppress(RuntimeError):  # the loop has gone: nobody waits any more
            loop.call_soon_threadsafe(settle, result, error)

    threading.Thread(target=run, name="resolve", daemon=True).start()
    return await future
