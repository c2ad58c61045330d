"""A press page that a script fills in, rendered on a machine whose only network is loopback.

    unshare -rn … python -m tests.rendering     → one JSON object, for tests/test_fetch_browser.py

The page asks for what it must not get; the connector records who was asked, and opens a socket to
the page's own server alone.
"""

from __future__ import annotations

import asyncio
import json
import socket
from typing import Any

from feedbot.errors import FetchError
from feedbot.fetch import Fetcher, Request, guard
from tests.test_fetch_guard import Sockets
from tests.web import Web, reply

INSIDE = ("10.0.0.1", "192.168.0.7", "172.16.0.9", "169.254.169.254")
PAGE = """<!DOCTYPE html><html><head><title>News</title></head><body><div id="root"></div>
<p id="asked"></p><script>
const root = document.getElementById("root"), asked = document.getElementById("asked");
fetch("/api").then(answer => answer.json()).then(rows => {
  root.innerHTML = rows.map(row => `<li><a href="/news/${row}">Visit ${row}</a></li>`).join("");
});
const tell = name => what => { asked.append(` ${name}:${what.status ?? what.name}`); };
fetch("http://10.0.0.1/x").then(tell("fetch"), tell("fetch"));
fetch("http://127.0.0.1:OTHER/secret").then(tell("other"), tell("other"));
new WebSocket("ws://192.168.0.7/").onerror = () => tell("socket")({status: "refused"});
navigator.sendBeacon("http://172.16.0.9/beacon");
const peer = new RTCPeerConnection({iceServers: [{urls: "stun:169.254.169.254:3478"}]});
peer.createDataChannel("x");
peer.createOffer().then(offer => peer.setLocalDescription(offer));
</script></body></html>"""


class Recorder:
    """Sockets to one place; what else is asked for is recorded, and no socket made."""

    def __init__(self, port: int) -> None:
        self.elsewhere: list[tuple[str, int]] = []
        self._port = port

    def __call__(self, info: guard.AddressInfo) -> socket.socket:
        address, port = info[4][:2]
        if (address, port) == ("127.0.0.1", self._port):
            return guard.plain_socket(info)
        self.elsewhere.append((address, port))
        raise guard.RefusedAddress(address)


async def rendered() -> dict[str, Any]:
    """What came of the page, of one behind the guard, and of one that is not there."""
    async with Web({"/secret": reply(b"secret")}) as other, Web() as web:
        page = PAGE.replace("OTHER", str(other.port)).encode()
        web.routes = {
            "/": reply(status="302 Found", Location="/news"),
            "/news": reply(page, Content_Type="text/html"),
            "/api": reply(b"[1, 2, 3]", Content_Type="application/json"),
        }
        recorder = Recorder(web.port)
        async with Fetcher(
            timeout=90, allow_private_networks=True, socket_factory=recorder
        ) as fetcher:
            request = Request(web.url("/"), cookies={"session": "own"}, render=True)
            fetched = await fetcher.fetch(request)
            missing = await cause(fetcher, web.url("/nothing"))
        sockets = Sockets()
        async with Fetcher(timeout=90, socket_factory=sockets) as guarded:
            refused = await cause(guarded, web.url("/news"))
        return {
            "url": fetched.url.removeprefix(web.url("")),
            "html": fetched.body.decode(),
            "elsewhere": sorted({address for address, _ in recorder.elsewhere}),
            "asked": [asked.target for asked in web.asked],
            "agents": sorted({asked.headers.get("user-agent", "") for asked in web.asked}),
            "cookies": sorted({asked.headers.get("cookie", "") for asked in web.asked}),
            "other": [asked.target for asked in other.asked],
            "missing": missing,
            "refused": refused,
            "sockets": sockets.asked,
        }


async def cause(fetcher: Fetcher, url: str) -> str:
    try:
        await fetcher.fetch(Request(url, render=True))
    except FetchError as error:
        return error.cause
    return "nothing was wrong"


if __name__ == "__main__":
    print(json.dumps(asyncio.run(rendered())))
