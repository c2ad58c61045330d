"""Whatever went wrong with a fetch, as one line for a person.

Causes are in our own words: what libraries say may quote URLs, headers or addresses of objects.
"""

from __future__ import annotations

import errno
import os
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import aiohttp
import httpx
from aiohttp.client_exceptions import UnixClientConnectorError

from feedbot.fetch.guard import RefusedAddress


class Failure(Exception):
    """Why an answer is of no use; the fetcher makes a FetchError of it. `str()` is the cause."""

    def __init__(
        self,
        cause: str,
        *,
        status: int | None = None,
        retry_after: datetime | None = None,
        unwanted: bool = False,
        forbidden: bool = False,
    ) -> None:
        super().__init__(cause)
        self.status = status
        self.retry_after = retry_after
        self.unwanted = unwanted
        self.forbidden = forbidden


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds: until connected (TLS included), without a byte, and for the whole fetch."""

    connect: float
    silence: float
    total: float

    @classmethod
    def within(cls, total: float) -> Limits:
        """Limits for a fetch that may take `total` seconds.

        One that hangs at one step is given up sooner, so that it does not hold its connection for
        the time of a slow but steady one.
        """
        return cls(connect=total / 3, silence=total * 2 / 3, total=total)


#: OpenSSL's X509_V_ERR_* codes: https://docs.openssl.org/3.0/man3/X509_STORE_CTX_get_error/
_CERTIFICATE = {
    2: "was signed by an authority that is not known here, or its chain is not sent whole",
    9: "is not valid yet",
    10: "has expired",
    18: "is self-signed",
    19: "was signed by an authority that is not known here (self-signed)",
    20: "was signed by an authority that is not known here, or its chain is not sent whole",
    21: "was signed by an authority that is not known here, or its chain is not sent whole",
    23: "has been revoked",
    62: "is for another host name",
    64: "is for another address",
}
_NO_SUCH_HOST = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}
_NOT_TLS = {"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE"}


def _certificate(error: BaseException) -> str:
    error = getattr(error, "certificate_error", error)
    known = _CERTIFICATE.get(getattr(error, "verify_code", 0))
    fault = known or f"is not valid: {getattr(error, 'verify_message', 'no reason given')}"
    return f"TLS error: the server's certificate {fault}"


def _tls(error: BaseException) -> str:
    error = getattr(error, "os_error", error)
    if isinstance(error, ssl.SSLCertVerificationError):
        return _certificate(error)
    reason = str(getattr(error, "reason", None) or "handshake failed")
    if reason in _NOT_TLS:
        return "TLS error: this port does not speak TLS (is it http rather than https?)"
    return f"TLS error: {reason.replace('_', ' ').lower()}"


def _resolving(error: BaseException) -> str:
    error = getattr(error, "os_error", error)
    if not isinstance(error, socket.gaierror) or error.errno in _NO_SUCH_HOST:
        return "host not found (DNS knows no such name)"
    if error.errno == socket.EAI_AGAIN:
        return "host not found: the DNS server did not answer"
    return f"host not found: {error.strerror}"


def _connecting(error: BaseException) -> str:
    error = getattr(error, "os_error", error)
    if isinstance(error, RefusedAddress):
        return str(error)
    if isinstance(error, ssl.SSLError):
        return _tls(error)
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    if isinstance(error, ConnectionError):
        return "connection closed by the server while connecting"
    return f"cannot connect: {_system(error)}"


def _system(error: BaseException) -> str:
    number = getattr(error, "errno", None)
    if number is None or number not in errno.errorcode:
        return "unknown reason"
    return os.strerror(number).lower()


def _connection(error: BaseException) -> str:
    return f"connection lost: {_system(error)}" if getattr(error, "errno", None) else _LOST


def _answer(error: BaseException) -> str:
    message = str(getattr(error, "message", ""))
    too_large = message.startswith(("Got more than", "Too many headers"))  # aiohttp's own limits
    return "the headers of the answer are too large" if too_large else _NOT_HTTP


_LOST = "connection lost"
_SILENT = "timed out: nothing received for {silence:g} s"
_UNCONNECTED = "timed out: no connection within {connect:g} s"
_UNFINISHED = "timed out: not finished within {total:g} s"
_CUT = "body was cut off: the connection ended in the middle of it"
_CLOSED = "the server closed the connection without an answer"
_NOT_HTTP = "the answer is not valid HTTP"
_BAD_URL = "not a valid http or https URL"
# A URL of ours has been parsed before it is sent; what httpx itself may find wrong is a Location.
_BAD_TARGET = "redirected to something that is not a valid URL"
_PROXY = "the proxy failed"
_REDIRECTS = "too many redirects"
_UNSENT = "the request could not be sent"
_OURS = "internal error: the connection was used in a wrong way"

Cause = str | Callable[[BaseException], str]

#: Every class that can reach us, by name: a test holds this table against the libraries' own trees,
#: so that a class they add is given words here before it is released with us.
CAUSES: dict[type[BaseException], Cause] = {
    # Ours and Python's
    RefusedAddress: str,
    Failure: str,
    TimeoutError: _UNFINISHED,
    UnicodeError: "the host name is not valid",
    ssl.SSLError: _tls,
    socket.gaierror: _resolving,
    OSError: _connection,
    # aiohttp: connecting
    aiohttp.ClientConnectorError: _connecting,
    aiohttp.ClientConnectorDNSError: _resolving,
    aiohttp.ClientConnectorCertificateError: _certificate,
    aiohttp.ClientConnectorSSLError: _tls,
    aiohttp.ClientSSLError: _tls,
    aiohttp.ServerFingerprintMismatch: "TLS error: the server's certificate is another one",
    aiohttp.ClientProxyConnectionError: _PROXY,
    aiohttp.ClientHttpProxyError: _PROXY,
    UnixClientConnectorError: _connecting,
    aiohttp.ConnectionTimeoutError: _UNCONNECTED,
    # aiohttp: connected
    aiohttp.SocketTimeoutError: _SILENT,
    aiohttp.ServerTimeoutError: _SILENT,
    aiohttp.ServerDisconnectedError: _CLOSED,
    aiohttp.ServerConnectionError: _LOST,
    aiohttp.ClientConnectionResetError: "connection reset by the server",
    aiohttp.ClientConnectionError: _LOST,
    aiohttp.ClientOSError: _connection,
    aiohttp.ClientPayloadError: _CUT,
    aiohttp.UploadAbortedError: _UNSENT,
    aiohttp.ClientResponseError: _answer,
    aiohttp.ContentTypeError: _NOT_HTTP,
    aiohttp.WSServerHandshakeError: _NOT_HTTP,
    aiohttp.TooManyRedirects: _REDIRECTS,
    aiohttp.ClientError: "the request failed",
    # aiohttp: before anything is sent
    aiohttp.InvalidURL: _BAD_URL,
    aiohttp.InvalidUrlClientError: _BAD_URL,
    aiohttp.InvalidUrlRedirectClientError: _BAD_URL,
    aiohttp.NonHttpUrlClientError: _BAD_URL,
    aiohttp.NonHttpUrlRedirectClientError: _BAD_URL,
    aiohttp.RedirectClientError: _BAD_URL,
    # httpx
    httpx.ConnectTimeout: _UNCONNECTED,
    httpx.ReadTimeout: _SILENT,
    httpx.WriteTimeout: _SILENT,
    httpx.PoolTimeout: _UNCONNECTED,
    httpx.TimeoutException: _SILENT,
    httpx.ConnectError: "cannot connect",
    httpx.ReadError: _CUT,
    httpx.WriteError: _UNSENT,
    httpx.CloseError: _LOST,
    httpx.NetworkError: _LOST,
    httpx.LocalProtocolError: _UNSENT,
    httpx.RemoteProtocolError: _BAD_TARGET,
    httpx.ProtocolError: _NOT_HTTP,
    httpx.ProxyError: _PROXY,
    httpx.UnsupportedProtocol: _BAD_URL,
    httpx.TransportError: "the request failed",
    httpx.DecodingError: "body is not encoded as it claims to be",
    httpx.TooManyRedirects: _REDIRECTS,
    httpx.RequestError: "the request failed",
    httpx.HTTPStatusError: "the server answered with an error",
    httpx.HTTPError: "the request failed",
    httpx.InvalidURL: _BAD_TARGET,
    httpx.CookieConflict: _OURS,
    httpx.StreamError: _OURS,
    httpx.StreamConsumed: _OURS,
    httpx.StreamClosed: _OURS,
    httpx.ResponseNotRead: _OURS,
    httpx.RequestNotRead: _OURS,
}


def explain(error: BaseException, limits: Limits) -> str:
    """The cause of `error` in one line, without secrets.

    The transport calls every failure to connect a time-out; the exception it was made from knows
    better, and is asked first.
    """
    if isinstance(error, httpx.HTTPError) and error.__cause__ is not None:
        error = error.__cause__
    for kind in type(error).__mro__:
        cause = CAUSES.get(kind)
        if isinstance(cause, str):
            return cause.format(connect=limits.connect, silence=limits.silence, total=limits.total)
        if cause is not None:
            return cause(error)
    return f"internal error ({type(error).__name__})"
