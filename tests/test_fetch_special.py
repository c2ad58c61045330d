"""Every special range of the registries is refused, whatever this Python's tables say of it."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, ip_network

import pytest

from feedbot.fetch.guard import PUBLIC, Allowed, RefusedAddress, check, guarded, is_public
from tests.test_fetch_guard import Sockets

#: https://www.iana.org/assignments/iana-ipv4-special-registry
IPV4 = """
0.0.0.0/8           "This network"
0.0.0.0/32          "This host on this network"
10.0.0.0/8          Private-Use
100.64.0.0/10       Shared Address Space
127.0.0.0/8         Loopback
169.254.0.0/16      Link Local
172.16.0.0/12       Private-Use
192.0.0.0/24        IETF Protocol Assignments
192.0.0.0/29        IPv4 Service Continuity Prefix
192.0.0.8/32        IPv4 dummy address
192.0.0.9/32        Port Control Protocol Anycast
192.0.0.10/32       Traversal Using Relays around NAT Anycast
192.0.0.170/32      NAT64/DNS64 Discovery
192.0.0.171/32      NAT64/DNS64 Discovery
192.0.2.0/24        Documentation (TEST-NET-1)
192.31.196.0/24     AS112-v4
192.52.193.0/24     AMT
192.88.99.0/24      Deprecated (6to4 Relay Anycast)
192.88.99.2/32      6a44-relay anycast address
192.168.0.0/16      Private-Use
192.175.48.0/24     Direct Delegation AS112 Service
198.18.0.0/15       Benchmarking
198.51.100.0/24     Documentation (TEST-NET-2)
203.0.113.0/24      Documentation (TEST-NET-3)
240.0.0.0/4         Reserved
255.255.255.255/32  Limited Broadcast
"""
#: https://www.iana.org/assignments/iana-ipv6-special-registry
IPV6 = """
::1/128             Loopback Address
::/128              Unspecified Address
::ffff:0:0/96       IPv4-mapped Address
64:ff9b::/96        IPv4-IPv6 Translation
64:ff9b:1::/48      IPv4-IPv6 Translation
100::/64            Discard-Only Address Block
100:0:0:1::/64      Dummy IPv6 Prefix
2001::/23           IETF Protocol Assignments
2001::/32           TEREDO
2001:1::1/128       Port Control Protocol Anycast
2001:1::2/128       Traversal Using Relays around NAT Anycast
2001:1::3/128       DNS-SD Service Registration Protocol Anycast
2001:2::/48         Benchmarking
2001:3::/32         AMT
2001:4:112::/48     AS112-v6
2001:10::/28        Deprecated (previously ORCHID)
2001:20::/28        ORCHIDv2
2001:30::/28        Drone Remote ID Protocol Entity Tags (DETs) Prefix
2001:db8::/32       Documentation
2002::/16           6to4
2620:4f:8000::/48   Direct Delegation AS112 Service
3fff::/20           Documentation
5f00::/16           Segment Routing (SRv6) SIDs
fc00::/7            Unique-Local
fe80::/10           Link-Local Unicast
"""
#: Special by the registries of their kind.
OTHERS = """
224.0.0.0/4         multicast, RFC 5771
ff00::/8            multicast, RFC 4291
fec0::/10           site-local, deprecated by RFC 3879
::/96               IPv4-compatible, deprecated by RFC 4291
"""
RANGES = [line.split()[0] for line in (IPV4 + IPV6 + OTHERS).splitlines() if line]
#: Neighbours of the ranges, and some of those who serve pages.
THE_WEB = [
    *("1.0.0.0", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255"),
    *("128.0.0.0", "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.0"),
    *("192.0.3.0", "192.88.98.255", "192.88.100.0", "192.167.255.255", "192.169.0.0", "8.8.8.8"),
    *("198.17.255.255", "198.20.0.0", "198.51.99.255", "198.51.101.0", "203.0.114.0"),
    *("223.255.255.255", "185.15.59.224", "2000::1", "2001:200::", "2001:4860:4860::8888"),
    *("2003::1", "2001:db7:ffff::", "2001:db9::", "2620:4f:8001::", "2a00:1450:4001::1"),
    *("3ffe:ffff::1", "3fff:1000::"),
]
INSIDE = IPv4Address("127.0.0.1")
PUBLIC_V4 = IPv4Address("8.8.8.8")


@pytest.mark.parametrize("network", RANGES)
def test_a_special_range_is_not_public(network: str) -> None:
    span = ip_network(network)
    last = span.num_addresses - 1
    for offset in (0, last // 3, last // 2, last):
        address = str(span[offset])
        assert not is_public(address), address
        with pytest.raises(RefusedAddress, match="is not public"):
            guarded(Sockets())((None, None, 0, "", (address, 443)))


@pytest.mark.parametrize("address", THE_WEB)
def test_the_web_is_public(address: str) -> None:
    assert is_public(address)
    check(f"[{address}]" if ":" in address else address, 443, PUBLIC)


@pytest.mark.parametrize("inner", [INSIDE, PUBLIC_V4], ids=str)
@pytest.mark.parametrize("prefix", ["::ffff:0:0", "64:ff9b::", "64:ff9b:1::", "::"])
def test_an_address_that_carries_another_is_not_public(prefix: str, inner: IPv4Address) -> None:
    assert not is_public(str(IPv6Address(int(IPv6Address(prefix)) + int(inner))))


@pytest.mark.parametrize("inner", [INSIDE, PUBLIC_V4], ids=str)
def test_6to4_and_teredo_are_not_public(inner: IPv4Address) -> None:
    assert not is_public(str(IPv6Address((0x2002 << 112) + (int(inner) << 80))))
    hidden = int(inner) ^ 0xFFFFFFFF  # RFC 4380: the client's address, each bit turned
    assert not is_public(str(IPv6Address((0x20010000 << 96) + hidden)))


@pytest.mark.parametrize("address", ["fe80::1%eth0", "::1%lo", "not an address", "", "8.8.8"])
def test_what_is_no_plain_address_is_not_public(address: str) -> None:
    assert not is_public(address)
    assert not HOME.address(address)


@pytest.mark.parametrize("port", [0, 1, 21, 22, 23, 25, 79, 81, 110, 442, 444, 465, 587, 1023])
def test_ports_that_are_not_the_webs_are_refused(port: int) -> None:
    for allowed in (PUBLIC, Allowed(everything=True), Allowed.of(["8.8.8.8", "news.example"])):
        with pytest.raises(RefusedAddress, match=f"port {port} is not the web's"):
            check("news.example", port, allowed)
        with pytest.raises(RefusedAddress, match=f"port {port} is not the web's"):
            guarded(Sockets(), allowed, "news.example")((None, None, 0, "", ("8.8.8.8", port)))


@pytest.mark.parametrize("port", [80, 443, 1024, 8080, 65_535])
def test_ports_of_the_web_are_used(port: int) -> None:
    check("8.8.8.8", port, PUBLIC)
    sockets = Sockets()
    with pytest.raises(OSError, match="not in a test"):
        guarded(sockets)((None, None, 0, "", ("8.8.8.8", port)))
    assert sockets.asked == ["8.8.8.8"]


HOME = Allowed.of(["192.168.1.0/24", "10.0.0.5", "fd00:1::/64", "NAS.home.arpa."])


@pytest.mark.parametrize("address", ["192.168.1.1", "192.168.1.255", "10.0.0.5", "fd00:1::2"])
def test_a_network_that_is_allowed(address: str) -> None:
    assert HOME.address(address)
    check(address, 80, HOME)
    assert not PUBLIC.address(address)


@pytest.mark.parametrize(
    "address",
    ["192.168.2.1", "10.0.0.6", "127.0.0.1", "::ffff:192.168.1.1", "fd00:2::2", "169.254.169.254"],
)
def test_its_neighbours_are_not(address: str) -> None:
    assert not HOME.address(address)
    with pytest.raises(RefusedAddress, match=r"address \S+ is not public; name it"):
        check(address, 80, HOME)


def test_a_host_that_is_allowed_may_be_anywhere_and_no_other_host_there() -> None:
    for name, reached in [("nas.home.arpa", True), ("Nas.Home.Arpa.", True), ("nas", False)]:
        sockets = Sockets()
        with pytest.raises(OSError, match=r"not in a test|is not public") as caught:
            guarded(sockets, HOME, name)((None, None, 0, "", ("10.9.9.9", 80)))
        assert isinstance(caught.value, RefusedAddress) is not reached
        assert sockets.asked == (["10.9.9.9"] if reached else [])


#: 127.0.0.1 as old libraries, and so proxies, read it.
SPELLINGS = [
    *("127.0.0.1", "2130706433", "017700000001", "0x7f000001", "0x7f.0x0.0x0.0x1", "0177.0.0.1"),
    *("0X7F.1", "127.1", "127.0.1", "127.0.0.1.", "0", "[::1]", "::1", "::ffff:127.0.0.1"),
    *("[::ffff:7f00:1]", "[0:0:0:0:0:0:0:1]", "localhost", "LOCALHOST.", "a.localhost"),
]


@pytest.mark.parametrize("host", SPELLINGS)
def test_this_machine_is_refused_by_its_name_alone_in_any_spelling(host: str) -> None:
    """All that can be judged of a URL that goes through an operator's proxy."""
    with pytest.raises(RefusedAddress, match="is not public"):
        check(host, 80, PUBLIC)
    check(host, 80, Allowed(everything=True))


@pytest.mark.parametrize(
    "host", ["0x7f.example", "127.0.0.1.example", "1e100.net", "0xg", "mylocalhost"]
)
def test_names_that_look_like_numbers_are_names(host: str) -> None:
    check(host, 80, PUBLIC)


def test_the_table_holds_the_registries() -> None:
    """A row may not get lost: the ranges of both, counted by family."""
    families = [isinstance(ip_network(network), IPv4Network) for network in RANGES]
    assert (families.count(True), families.count(False)) == (27, 28)
