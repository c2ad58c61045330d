"""Addresses: URLs, the web server's, the store's, a chat's."""

from __future__ import annotations

import re
from ipaddress import ip_network
from typing import Annotated, Any, NamedTuple
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, WithJsonSchema

from feedbot.config.wording import WrongValueError, quoted

_HOST = re.compile(r"(?=.{1,253}\Z)[\w-]{1,63}(?:\.[\w-]{1,63})*\.?")
_USERNAME = re.compile(r"@[A-Za-z][A-Za-z0-9_]{3,31}")


def _split(text: str, schemes: tuple[str, ...], example: str) -> SplitResult:
    """`text` taken apart; raises WrongValueError, without the text, where it is no such URL."""
    cure = f"write e.g. {quoted(example)}"
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018 - reading it is what checks it
    except ValueError:
        raise WrongValueError("is not a URL", cure) from None
    if parts.scheme not in schemes:
        raise WrongValueError(
            f"does not begin with {' or '.join(f'{s}://' for s in schemes)}", cure
        )
    if not parts.hostname or re.search(r"[\s\x00-\x1f\x7f\\]", text):
        raise WrongValueError("is not a URL: no host, or a space in it", cure)
    return parts


def _http_url(text: str) -> str:
    parts = _split(text, ("http", "https"), "https://press.example.org/")
    if parts.username is not None or parts.password is not None:
        raise WrongValueError(
            "holds credentials, and a URL is shown to readers",
            "take them out; a source's go into its `auth`",
        )
    return text


def _root_url(text: str) -> str:
    parts = urlsplit(_http_url(text))
    if parts.query or parts.fragment:
        raise WrongValueError("has a `?` or `#` part", "write the root alone")
    return text.rstrip("/")


def _api_url(text: str) -> str:
    root = _root_url(text)
    if "/bot" in urlsplit(root).path:
        raise WrongValueError(
            "ends with the bot's part", 'write the root alone, e.g. "https://api.telegram.org"'
        )
    return root


def _proxy(secret: SecretStr) -> SecretStr:
    _split(
        secret.get_secret_value(),
        ("http", "https", "socks5", "socks5h"),
        "socks5://127.0.0.1:1080",
    )
    return secret


def _http_proxy(secret: SecretStr) -> SecretStr:
    _split(secret.get_secret_value(), ("http", "https"), "http://127.0.0.1:8118")
    return secret


def _contact(text: str) -> str:
    if not re.fullmatch(r"(?:mailto:)?[^@\s]+@[^@\s]+", text):
        try:
            _http_url(text)
        except WrongValueError:
            raise WrongValueError(
                "is neither a URL nor an address", 'write e.g. "https://example.org/about"'
            ) from None
    if not re.fullmatch(r"[!-~]+", text):
        raise WrongValueError("has signs that HTTP cannot carry", "use ASCII letters")
    return text


class Address(NamedTuple):
    """Where the web server listens."""

    host: str
    port: int


def parse_listen(text: str) -> Address:
    """`HOST:PORT` taken apart; an IPv6 host stands in brackets. Raises WrongValueError."""
    match = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+)):(\d{1,5})", text)
    if not match or int(match[3]) > 65535:
        raise WrongValueError(
            f"{quoted(text)} is not host:port", 'write e.g. "127.0.0.1:8080" or "[::1]:8080"'
        )
    return Address(match[1] or match[2], int(match[3]))


def _listen(text: str) -> str:
    parse_listen(text)
    return text


def _network(text: str) -> str:
    try:
        ip_network(text, strict=False)
    except ValueError:
        raise WrongValueError(
            f"{quoted(text)} is neither an address nor a network",
            'write e.g. "127.0.0.1" or "192.0.2.0/24"',
        ) from None
    return text


def _reachable(text: str) -> str:
    try:
        ip_network(text, strict=False)
    except ValueError:
        last = text.rstrip(".").rpartition(".")[2]
        if not _HOST.fullmatch(text) or last.isdigit():
            raise WrongValueError(
                f"{quoted(text)} is neither an address, nor a network, nor a host name",
                'write e.g. "192.168.1.0/24" or "nas.home.arpa"',
            ) from None
    return text


def _storage_url(text: str) -> str:
    scheme = text.partition(":")[0].partition("+")[0]
    cure = 'write e.g. "sqlite:///feedbot.db"'
    if scheme != "sqlite":
        raise WrongValueError("is not a SQLite URL, the one kind of store there is for now", cure)
    if not re.fullmatch(r"sqlite:///[^?#\x00-\x1f\x7f]*[^?#\x00-\x1f\x7f/]", text):
        raise WrongValueError("does not name a file", cure)
    return text


def _chat_id(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        if value == 0 or abs(value) >= 2**52:  # Bot API: at most 52 significant bits
            raise WrongValueError(
                f"{quoted(value)} is not a chat's number",
                'write it as Telegram shows it, or "@name"',
            )
        return value
    if not isinstance(value, str):
        raise WrongValueError("is not a chat", 'write a number or "@name"')
    if re.fullmatch(r"-?[0-9]{1,20}", value):
        return _chat_id(int(value))
    if not _USERNAME.fullmatch(value):
        bare = re.sub(r"^(?:https?://)?(?:t\.me/|telegram\.me/)?@?", "", value)
        meant = quoted(f"@{bare}") if _USERNAME.fullmatch(f"@{bare}") else 'a number or "@name"'
        raise WrongValueError(f"{quoted(value)} is not a chat", f"write {meant}")
    return value


def _secret_url(value: SecretStr) -> SecretStr:
    """Who knows such a URL may use it, so it is shown nowhere."""
    _http_url(value.get_secret_value())
    return value


HttpUrl = Annotated[str, AfterValidator(_http_url), Field(json_schema_extra={"format": "uri"})]
RootUrl = Annotated[str, AfterValidator(_root_url), Field(json_schema_extra={"format": "uri"})]
ApiUrl = Annotated[str, AfterValidator(_api_url), Field(json_schema_extra={"format": "uri"})]
SecretUrl = Annotated[SecretStr, AfterValidator(_secret_url)]
ProxyUrl = Annotated[SecretStr, AfterValidator(_proxy)]
HttpProxyUrl = Annotated[SecretStr, AfterValidator(_http_proxy)]
Contact = Annotated[str, AfterValidator(_contact)]
Network = Annotated[str, AfterValidator(_network)]
Reachable = Annotated[str, AfterValidator(_reachable)]
Listen = Annotated[str, AfterValidator(_listen)]
StorageUrl = Annotated[str, AfterValidator(_storage_url)]
ChatId = Annotated[
    int | str,
    BeforeValidator(_chat_id),
    WithJsonSchema({"anyOf": [{"type": "integer"}, {"type": "string", "pattern": "^(@|-?[0-9])"}]}),
]
