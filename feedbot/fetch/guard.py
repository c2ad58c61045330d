"""Which addresses may be connected to, decided on the very address the socket is made for.

A name can resolve to anything, and to something else a moment later; so neither the URL nor a
look-up of our own is asked, but the address the connector is about to use. What a URL itself says
(`check`) is refused before: behind an operator's proxy, which resolves by itself, it is all we see.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult

#: `getaddrinfo`'s tuple: family, type, protocol, canonical name, socket address.
AddressInfo = tuple[Any, Any, int, str, tuple[Any, ...]]
SocketFactory = Callable[[AddressInfo], socket.socket]

#: The one block that holds global unicast addresses (RFC 4291 2.4, IANA). What lies outside of it
#: and still reaches hosts does so through an IPv4 address inside: mapped, NAT64 (64:ff9b::/96).
_GLOBAL_V6 = ip_network("2000::/3")

#: Not public, whatever `is_global` of this Python's tables says: they differ by release, and what
#: the registries call globally reachable but special (AS112, AMT) serves no pages.
_NEVER = tuple(
    map(
        ip_network,
        (
            "192.0.0.0/24",  # protocol assignments, RFC 6890
            "192.31.196.0/24",  # AS112, RFC 7535
            "192.52.193.0/24",  # AMT, RFC 7450
            "192.88.99.0/24",  # 6to4 relays, RFC 7526
            "192.175.48.0/24",  # AS112, RFC 7534
            "224.0.0.0/4",  # multicast
            "2001::/23",  # protocol assignments, Teredo among them: embeds IPv4
            "2002::/16",  # 6to4: embeds IPv4
            "2620:4f:8000::/48",  # AS112, RFC 7534
            "3fff::/20",  # documentation, RFC 9637
        ),
    )
)

#: Below 1024 live mail, shells and printers, which a page could otherwise have us talk to.
WEB_PORTS = frozenset({80, 443})
_FIRST_FREE_PORT = 1024

#: How people and old libraries write an IPv4 address: one to four parts, decimal, octal or hex.
_NUMBERS = re.compile(r"(?:0[xX][0-9a-fA-F]+|[0-9]+)(?:\.(?:0[xX][0-9a-fA-F]+|[0-9]+)){0,3}")


class RefusedAddress(OSError):
    """What may not be connected to; `str()` names it and the cure."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """What beyond the public web may be connected to, by the operator's word.

    everything: any address (http.allow_private_networks)
    networks:   addresses in these
    hosts:      whatever address these names have; in lower case
    """

    everything: bool = False
    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    hosts: frozenset[str] = frozenset()

    @classmethod
    def of(cls, names: Iterable[str], *, everything: bool = False) -> Allowed:
        """From http.allow: addresses, networks and host names."""
        networks, hosts = [], set[str]()
        for name in names:
            try:
                networks.append(ip_network(name, strict=False))
            except ValueError:
                hosts.add(_bare(name))
        return cls(everything, tuple(networks), frozenset(hosts))

    def host(self, name: str) -> bool:
        """Whether a host may have any address."""
        return self.everything or _bare(name) in self.hosts

    def address(self, address: str) -> bool:
        """Whether an IP address may be connected to."""
        if self.everything or is_public(address):
            return True
        try:
            ip = ip_address(address)
        except ValueError:
            return False
        return any(ip in network for network in self.networks)


#: The public web and nothing else.
PUBLIC = Allowed()


def is_public(address: str) -> bool:
    """Whether an IP address is globally routable unicast and carries no other address in it."""
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    if not isinstance(ip, IPv4Address) and ip not in _GLOBAL_V6:
        return False
    return ip.is_global and not any(ip in network for network in _NEVER)


def check(host: str, port: int, allowed: Allowed) -> None:
    """Refuse what can be told from a URL alone: ports, literal addresses, names of this machine.

    Raises RefusedAddress.
    """
    _check_port(port)
    if allowed.host(host):
        return
    literal = _literal(host)
    if literal is not None:
        _check_address(str(literal), allowed)
    elif _bare(host).rpartition(".")[2] == "localhost":  # RFC 6761: loopback, whoever resolves it
        _check_address("127.0.0.1", allowed)


def _check_port(port: int) -> None:
    if port not in WEB_PORTS and port < _FIRST_FREE_PORT:
        raise RefusedAddress(f"port {port} is not the web's: only 80, 443 and above 1023 are used")


def _check_address(address: str, allowed: Allowed) -> None:
    if not allowed.address(address):
        raise RefusedAddress(
            f"address {address} is not public; name it, its network or its host in http.allow"
            " to allow it"
        )


def _bare(name: str) -> str:
    """A host name as it is compared: in lower case, without the root's dot and without brackets."""
    return name.lower().rstrip(".").strip("[]")


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    """The address that `host` spells, in whatever spelling; None: it is a name."""
    bare = _bare(host)
    try:
        return ip_address(bare)
    except ValueError:
        pass
    if not _NUMBERS.fullmatch(bare):
        return None
    try:
        return IPv4Address(socket.inet_aton(bare))
    except OSError:
        return None


def plain_socket(info: AddressInfo) -> socket.socket:
    """An unconnected socket for this address."""
    family, kind, protocol, _, _ = info
    return socket.socket(family, kind, protocol)


def guarded(make: SocketFactory, allowed: Allowed = PUBLIC, host: str = "") -> SocketFactory:
    """A socket factory that raises RefusedAddress for what may not be connected to.

    host: the name that was resolved, where it is known; one the operator allows may be anywhere
    """

    def factory(info: AddressInfo) -> socket.socket:
        address, port = str(info[4][0]), int(info[4][1])
        _check_port(port)
        if not allowed.host(host):
            _check_address(address, allowed)
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
