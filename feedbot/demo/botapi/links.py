"""Which links Telegram makes of an `href`: the checks its own clients do before they send.

A link it dislikes raises nothing; the text simply stays without a link.
"""

from __future__ import annotations

import ipaddress
import re

_SCHEMES = re.compile(r"(tg|ton|tonsite):(?://)?", re.IGNORECASE)
_HOST_PART = re.compile(r"(?:[A-Za-z0-9._!$,~*'();&+=-]|%[0-9A-Fa-f]{2}|[^\x00-\x7f])*")
_USER_PART = re.compile(r"(?:[A-Za-z0-9._!$,~*'();&+=:-]|%[0-9A-Fa-f]{2}|[^\x00-\x7f])*")
_APP_HOST = re.compile(r"[A-Za-z0-9_-]*")
_SITE_HOST = re.compile(r"[A-Za-z0-9_.-]*")
_SPACES = " \t\r\n\0\v"
_UPPER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


def lower(text: str) -> str:
    """ASCII letters made small, all others left alone (as Telegram does)."""
    return text.translate(_UPPER)


def checked_link(link: str) -> str | None:
    """The link as Telegram stores it, or None where it makes none of it."""
    scheme = _SCHEMES.match(link)
    if scheme:
        return _app_link(lower(scheme[1]), link[scheme.end() :])
    parts = _split(link)
    if parts is None:
        return None
    protocol, userinfo, host, port, rest = parts
    if "." not in host and not host.startswith("["):
        return None
    return (
        f"{protocol}://{userinfo + '@' if userinfo else ''}{host}{f':{port}' if port else ''}{rest}"
    )


def mentioned_user(link: str) -> int | None:
    """The user id of a `tg://user?id=…` link, or None."""
    match = re.match(r"tg:(?://)?user/?\?([^#]*)", lower(link), re.DOTALL)
    if not match:
        return None
    for parameter in match[1].split("&"):
        key, _, value = parameter.partition("=")
        if key == "id":
            number = integer(value)
            return number if number is not None and 0 < number < 1 << 52 else None
    return None


def integer(text: str, bits: int = 64) -> int | None:
    """A whole number written the one canonical way, or None."""
    if not re.fullmatch(r"0|-?[1-9][0-9]{0,18}", text):
        return None
    number = int(text)
    return number if -(1 << bits - 1) <= number < 1 << bits - 1 else None


def _app_link(scheme: str, rest: str) -> str | None:
    """A `tg:`, `ton:` or `tonsite:` link: a host of plain letters, no user, no port."""
    parts = _split(rest)
    if parts is None or lower(rest).startswith("http://"):
        return None
    protocol, userinfo, host, port, query = parts
    allowed = _SITE_HOST if scheme == "tonsite" else _APP_HOST
    if protocol == "https" or userinfo or port or not allowed.fullmatch(host):
        return None
    return f"{scheme}://{host}{query[1:] if query.startswith('/?') else query}"


def _split(url: str) -> tuple[str, str, str, int, str] | None:
    """Protocol, user, host (small letters), port (0: none given), path and query; None if wrong."""
    protocol = "http"
    head = re.match(r"([^:/?#@\[\]]*)://", url)
    if head:
        protocol, url = lower(head[1]), url[head.end() :]
        if protocol not in ("http", "https"):
            return None
    place = re.match(r"[^/?#]*", url)
    authority, rest = (place[0], url[place.end() :]) if place else ("", url)
    port = 0
    colon = max((authority.rfind(mark, 1) for mark in ":]@"), default=-1)
    if colon > 0 and authority[colon] == ":":
        number = integer(authority[colon + 1 :].lstrip("0"), 32)
        if number is None or not 0 < number <= 65535:
            return None
        authority, port = authority[:colon], number
    userinfo, _, host = authority.rpartition("@")
    if not _sound_host(host) or (host[0] != "[" and not _USER_PART.fullmatch(userinfo)):
        return None
    return protocol, userinfo, lower(host), port, _path(rest)


def _sound_host(host: str) -> bool:
    """True for a name Telegram takes, or an IPv6 address in brackets."""
    if host.startswith("[") and host.endswith("]"):
        try:
            ipaddress.IPv6Address(host[1:-1])
        except ValueError:
            return False
        return "%" not in host
    return bool(host) and host != "." and bool(_HOST_PART.fullmatch(host))


def _path(rest: str) -> str:
    """Path and query: never empty, always from a slash, blanks percent-encoded."""
    rest = rest.rstrip(_SPACES)
    if not rest.startswith("/"):
        rest = "/" + rest
    return re.sub(r"[\x00-\x20]", lambda blank: f"%{ord(blank[0]):02X}", rest)
