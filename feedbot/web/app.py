"""What `run` serves: feeds from memory, a plain page, health. ASGI, by Starlette.

/feeds/NAME.atom   the feed: strong ETag, Last-Modified, 304, gzip (RFC 9110); 301 where the source
                   has another name now
/                  sources and counters
/healthz           200 while all is well, 503 with the reason
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path
from typing import Any, Protocol

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from feedbot.errors import StoreError

log = logging.getLogger(__name__)

_HERE = Path(__file__).parent
_PLAIN_TYPES = {"X-Content-Type-Options": "nosniff"}


class Feed(Protocol):
    """A feed as it is served; see publish.Published."""

    @property
    def body(self) -> bytes: ...  # noqa: D102
    @property
    def gzipped(self) -> bytes: ...  # noqa: D102
    @property
    def etag(self) -> str: ...  # noqa: D102
    @property
    def modified(self) -> datetime: ...  # noqa: D102


def create_app(
    feed: Callable[[str], Feed | None],
    moved: Callable[[str], str | None],
    overview: Callable[[], Awaitable[dict[str, Any]]],
    trouble: Callable[[], Awaitable[str | None]],
) -> Starlette:
    """The ASGI app.

    feed:     a source's feed by name
    moved:    the present name of a source that had this one
    overview: what home.html shows; may raise StoreError
    trouble:  why feedbot is not well, or None
    """
    templates = Environment(
        loader=FileSystemLoader(_HERE / "templates"), autoescape=True, undefined=StrictUndefined
    )
    home_page = templates.get_template("home.html")
    style = (_HERE / "static" / "style.css").read_bytes()

    async def serve_feed(request: Request) -> Response:
        name = request.path_params["name"]
        if found := feed(name):
            return _conditional(request, found)
        if now := moved(name):  # relative: what stands before /feeds/ is the proxy's to know
            headers = {"Location": f"{now}.atom", "Cache-Control": "public, max-age=3600"}
            return Response(status_code=301, headers=headers)
        return PlainTextResponse("There is no such feed.\n", 404)

    async def home(_: Request) -> Response:
        headers = _PLAIN_TYPES | {"Cache-Control": "no-cache"}
        try:
            shown = await overview()
        except StoreError as error:
            log.error("the page at / cannot be shown: %s", error)
            return PlainTextResponse("This page cannot be shown now.\n", 503, headers=headers)
        return HTMLResponse(home_page.render(shown), headers=headers)

    async def healthz(_: Request) -> Response:
        reason = await trouble()
        headers = {"Cache-Control": "no-store"}
        return PlainTextResponse(f"{reason or 'ok'}\n", 503 if reason else 200, headers=headers)

    async def stylesheet(_: Request) -> Response:
        return Response(style, media_type="text/css", headers=_PLAIN_TYPES)

    return Starlette(
        routes=[
            Route("/", home),
            Route("/feeds/{name}.atom", serve_feed),
            Route("/healthz", healthz),
            Route("/style.css", stylesheet),
        ]
    )


def _conditional(request: Request, feed: Feed) -> Response:
    """200 or 304 (RFC 9110 section 13); each coding has an ETag of its own, as strong ones must."""
    gzipped = accepts_gzip(request.headers.get("accept-encoding", ""))
    etag = f'{feed.etag[:-1]}-gzip"' if gzipped else feed.etag
    headers = _PLAIN_TYPES | {
        "ETag": etag,
        "Last-Modified": format_datetime(feed.modified, usegmt=True),
        "Vary": "Accept-Encoding",
        "Cache-Control": "public, max-age=60",
        "Access-Control-Allow-Origin": "*",
    }
    if _not_modified(request, etag, feed.modified):
        return Response(status_code=304, headers=headers)
    headers["Content-Type"] = "application/atom+xml; charset=utf-8"
    if gzipped:
        return Response(feed.gzipped, headers=headers | {"Content-Encoding": "gzip"})
    return Response(feed.body, headers=headers)


def _not_modified(request: Request, etag: str, modified: datetime) -> bool:
    wanted = request.headers.get("if-none-match")
    if wanted is not None:  # it alone counts then (RFC 9110 section 13.1.3)
        tags = {tag.strip().removeprefix("W/") for tag in wanted.split(",")}
        return "*" in tags or etag in tags
    since = request.headers.get("if-modified-since")
    if since is None:
        return False
    try:
        moment = parsedate_to_datetime(since)
    except ValueError:
        return False
    return modified <= (moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def accepts_gzip(header: str) -> bool:
    """Whether an Accept-Encoding header allows gzip (RFC 9110 section 12.5.3)."""
    weights: dict[str, float] = {}
    for part in header.lower().split(","):
        coding, _, parameters = part.partition(";")
        name, _, value = parameters.strip().partition("=")
        try:
            weights[coding.strip()] = float(value) if name.strip() == "q" else 1.0
        except ValueError:
            weights[coding.strip()] = 0.0
    return weights.get("gzip", weights.get("*", 0.0)) > 0
