"""What `run` serves: feeds and pages from memory, health. ASGI, by Starlette.

/feeds/NAME.atom   the feed: strong ETag, Last-Modified, 304, gzip (RFC 9110); 301 where the source
                   has another name now
/healthz           200 while all is well, 503 with the reason; ?full=1: JSON, with the alarms
all else           the public pages, see site/server.py
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from feedbot.errors import StoreError
from feedbot.web.feeds import BASE, FeedServer, Library, Page, Receive, Scope, Send
from feedbot.web.forwarded import outside

Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]

_HERE = Path(__file__).parent
_OWN = ("/healthz", "/style.css")
_PLAIN_TYPES = {"X-Content-Type-Options": "nosniff"}


@dataclass(frozen=True, slots=True)
class Outdoors:
    """Where we stand, as the configuration says.

    base_url: where readers reach us
    fixed:    whether it is configured; else a trusted proxy may know better
    trusted:  addresses and networks of proxies that are believed
    """

    base_url: str = ""
    fixed: bool = False
    trusted: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """The path that our own paths stand below, without a slash at its end."""
        return urlsplit(self.base_url).path.rstrip("/")


class App:
    """The ASGI app: finds out where it was reached, and who answers."""

    def __init__(
        self, feeds: FeedServer, own: Starlette, site: Asgi, outdoors: Callable[[], Outdoors]
    ):
        self._feeds = feeds
        self._own = own
        self._site = site
        self._outdoors = outdoors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._own(scope, receive, send)
            return
        here = self._outdoors()
        if here.trusted:
            said = outside(scope, here.trusted)
            _strip(scope, said.prefix)
            if not here.fixed and said.base_url:
                scope[BASE] = said.base_url
        _strip(scope, here.path)
        if scope["path"].startswith("/feeds/"):
            await self._feeds(scope, receive, send)
        elif scope["path"] in _OWN:
            await self._own(scope, receive, send)
        else:
            await self._site(scope, receive, send)


def _strip(scope: Scope, prefix: str) -> None:
    """Take a path away that a proxy has left where it was."""
    if prefix and scope["path"].startswith(f"{prefix}/"):
        scope["path"] = scope["path"][len(prefix) :]


def create_app(
    library: Library,
    page: Page,
    site: Asgi,
    trouble: Callable[[], Awaitable[str | None]],
    outdoors: Callable[[], Outdoors] = Outdoors,
    wrong: Callable[[], Awaitable[list[dict[str, object]]]] | None = None,
) -> App:
    """The ASGI app.

    library:  all feeds
    page:     what a browser is shown of one
    site:     the public pages
    trouble:  why feedbot is not well, or None
    outdoors: where we stand, also after a reload
    wrong:    the alarms that stand; may raise StoreError
    """
    style = (_HERE / "static" / "site.css").read_bytes()

    async def healthz(request: Request) -> Response:
        reason = await trouble()
        headers = {"Cache-Control": "no-store"}
        if request.query_params.get("full") == "1" and wrong:
            try:
                said = {"ok": reason is None, "reason": reason, "alarms": await wrong()}
            except StoreError as error:
                said = {"ok": False, "reason": str(error), "alarms": []}
            return JSONResponse(said, 200 if said["ok"] else 503, headers=headers)
        return PlainTextResponse(f"{reason or 'ok'}\n", 503 if reason else 200, headers=headers)

    async def stylesheet(_: Request) -> Response:
        return Response(style, media_type="text/css", headers=_PLAIN_TYPES)

    own = Starlette(routes=[Route("/healthz", healthz), Route("/style.css", stylesheet)])
    return App(FeedServer(library, page), own, site, outdoors)
