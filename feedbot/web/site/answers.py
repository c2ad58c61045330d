"""A page as it is sent: its bytes, packed and not, and what goes before them."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime

from feedbot.web.conditional import accepts_gzip, not_modified
from feedbot.web.feeds import Headers, Scope, Send, respond

HTML = "text/html; charset=utf-8"
PLAIN = "text/plain; charset=utf-8"
XML = "application/xml; charset=utf-8"
FOREVER = "public, max-age=31536000, immutable"
#: Of every answer: pages are made of what others wrote. No script but ours, nothing from elsewhere,
#: nothing framed, nobody told who reads it.
SAFE: Headers = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    (
        b"content-security-policy",
        b"default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:;"
        b" base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    ),
]
_HSTS = (b"strict-transport-security", b"max-age=31536000")
_WANTED = frozenset({b"accept-encoding", b"if-none-match", b"if-modified-since"})


@dataclass(frozen=True, slots=True)
class Made:
    """A page, or a file, before anybody asks for it.

    modified: when it last changed; None: nobody can tell
    cache:    Cache-Control; a page is asked for again each time, and mostly is the same
    """

    body: bytes
    type: str = HTML
    status: int = 200
    modified: datetime | None = None
    cache: str = "no-cache"
    location: str | None = None


@dataclass(frozen=True, slots=True)
class _Coded:
    """All that is said before one coding of a body."""

    body: bytes
    etag: str
    headers: Headers
    headers_304: Headers


class Answer:
    """What is sent to whoever asks for a page: it is packed once."""

    def __init__(self, made: Made, *, secure: bool) -> None:
        self._made = made
        digest = hashlib.sha256(made.body).hexdigest()[:32]
        self._plain = _coded(made, made.body, f'"{digest}"', secure)
        packed = gzip.compress(made.body, 6, mtime=0)
        worth = len(packed) < len(made.body)
        headers = [(b"content-encoding", b"gzip")]
        self._packed = (
            _coded(made, packed, f'"{digest}-gzip"', secure, headers) if worth else self._plain
        )

    @property
    def size(self) -> int:
        """How many bytes it holds."""
        return len(self._plain.body) + len(self._packed.body)

    async def send(self, scope: Scope, send: Send) -> None:
        """Answer a GET or HEAD."""
        asked = {name: value for name, value in scope["headers"] if name in _WANTED}
        packs = accepts_gzip(asked.get(b"accept-encoding", b"").decode("latin-1"))
        coded = self._packed if packs else self._plain
        if self._made.status == 200 and self._known(asked, coded.etag):
            await respond(send, 304, coded.headers_304)
            return
        body = b"" if scope["method"] == "HEAD" else coded.body
        await respond(send, self._made.status, coded.headers, body)

    def _known(self, asked: dict[bytes, bytes], etag: str) -> bool:
        tags, since = _text(asked.get(b"if-none-match")), _text(asked.get(b"if-modified-since"))
        modified = self._made.modified
        if modified is None:
            return tags is not None and not_modified(tags, None, etag, _ANY)
        return not_modified(tags, since, etag, modified.replace(microsecond=0))


_ANY = datetime.fromtimestamp(0, UTC)


def _text(header: bytes | None) -> str | None:
    return None if header is None else header.decode("latin-1")


def _coded(
    made: Made, body: bytes, etag: str, secure: bool, coding: Headers | None = None
) -> _Coded:
    common: Headers = [
        *SAFE,
        (b"vary", b"Accept-Encoding"),
        (b"cache-control", made.cache.encode()),
        *([_HSTS] if secure else []),
    ]
    if made.status == 200:
        common.append((b"etag", etag.encode()))
    if made.modified and made.status == 200:
        said = format_datetime(made.modified.replace(microsecond=0), usegmt=True)
        common.append((b"last-modified", said.encode()))
    whole = [
        *common,
        (b"content-type", made.type.encode()),
        (b"content-length", str(len(body)).encode()),
        *(coding or []),
        *([(b"location", made.location.encode())] if made.location else []),
    ]
    return _Coded(body, etag, whole, common)
