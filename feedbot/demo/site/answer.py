"""HTTP's side of the press site: validators, conditional GET and compression, still pure."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime, parsedate_to_datetime

from feedbot.demo.site.press import PressSite
from feedbot.demo.site.render import render_page


@dataclass(frozen=True, slots=True)
class Answer:
    """A response without Content-Length, which the server knows to add."""

    status: int
    headers: dict[str, str]
    body: bytes


def answer(site: PressSite, target: str, asked: Mapping[str, str], base: str) -> Answer:
    """The response to a GET of `target` (path and query) by a request with headers `asked`.

    asked: request headers by lower-case name
    base:  scheme and host as the reader spelt them
    """
    page = render_page(site, target, base)
    body, headers = page.body, {"content-type": page.media_type}
    if site.gzip:
        headers["vary"] = "Accept-Encoding"
        if "gzip" in asked.get("accept-encoding", ""):
            headers["content-encoding"] = "gzip"
            body = gzip.compress(body, mtime=0)
    if page.status != 200:
        return Answer(page.status, headers, body)
    if site.etag:
        # Of the bytes sent: a strong validator must tell the compressed form from the plain one.
        headers["etag"] = f'"{hashlib.sha256(body).hexdigest()[:20]}"'
    if site.last_modified:
        headers["last-modified"] = format_datetime(site.modified, usegmt=True)
    if _unchanged(asked, headers, site.modified):
        kept = {name: value for name, value in headers.items() if not name.startswith("content-")}
        return Answer(304, kept, b"")
    return Answer(200, headers, body)


def _unchanged(asked: Mapping[str, str], headers: Mapping[str, str], modified: datetime) -> bool:
    """Whether the reader's copy is current; an entity tag outranks a date (RFC 9110, 13.2.2)."""
    if "if-none-match" in asked:
        known = [tag.strip().removeprefix("W/") for tag in asked["if-none-match"].split(",")]
        return headers.get("etag") in known or ("*" in known and "etag" in headers)
    since = asked.get("if-modified-since")
    if since is None or "last-modified" not in headers:
        return False
    try:
        return modified.replace(microsecond=0) <= parsedate_to_datetime(since)
    except (TypeError, ValueError):  # not a date, or one without a zone: as if not asked
        return False
